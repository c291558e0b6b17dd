//! Whether a recorded run of a real cluster is a path of the model: [`check_file`].
//!
//! A [record](multimaster::record) supplies the choices of a run: the clients' requests, the moments at which links
//! took changes from logs, the losses and the arrivals. The model makes the same choices: a [`ClusterModel`] with
//! [running links](LinkKind::Running), shard by shard. Each recorded result must equal the model's: a write's answer, a
//! reading, the outcome of a message. A message can be delivered, lost or repeated only if the model has it in flight,
//! with the same content; a digest can be answered only if it was sent. The first step that differs is reported.
//!
//! So every property that holds on all paths of the model holds for the run. (The term is *trace validation*: Cirstea,
//! Kuppe, Loillier and Merz, "Validating traces of distributed programs against TLA+ specifications", SEFM 2024.)

mod collections;
mod events;
mod failures;
mod joins;
mod judged;
pub(crate) mod lines;
mod path;
mod report;
mod stores;

pub use judged::Judged;
pub use report::{Failure, Refused, ShardSummary, Summary, Tally};

use crate::check::running;
use crate::fault::Fault;
use crate::node::any_rule::{self, AnyMessage, AnyRule, SerdeRule};
use crate::printed::without_position;
use crate::scenario::RuleName;
use crate::scope::{Clocks, Collected, Free, LinkKind, Scope};
use crate::world::cluster::ClusterModel;
use multimaster::record::{Recorded, Setting};
use multimaster::{Key, Layout, MasterId, Message, Topology};
use path::Path;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::BufRead;

/// Checks the record in this file: one JSON object a line, the [`Setting`] first, then each [`Recorded`]. The file is
/// read line by line; memory grows with the acknowledged writes, not with the length.
///
/// # Errors
/// If it is not a record, its run is not a path of the model, or it has no steps.
pub fn check_file(file: &str) -> Result<Summary, Failure> {
    check_lines(file, &mut lines::of_file(file).map_err(Failure::File)?)
}

/// Checks the record from `source`; messages name it `file`.
///
/// # Errors
/// As [`check_file`].
pub fn check_reader(file: &str, source: impl BufRead) -> Result<Summary, Failure> {
    check_lines(file, &mut lines::of(source))
}

/// Checks the record `text`; messages name it `file`.
///
/// # Errors
/// As [`check_file`].
pub fn check_text(file: &str, text: &str) -> Result<Summary, Failure> {
    check_lines(file, &mut text.lines().map(|line| Ok(line.to_owned())))
}

fn check_lines(file: &str, lines: &mut dyn Iterator<Item = Result<String, String>>) -> Result<Summary, Failure> {
    let fault = |line, what: String| Fault::at(file, line, what);
    let no_record = |line, what: String| Failure::File(fault(line, what));
    let Some(first) = lines.next() else {
        return Err(no_record(0, "this is empty: a record begins with its setting".into()));
    };
    let first = first.map_err(|what| no_record(1, what))?;
    let setting: Setting =
        serde_json::from_str(&first).map_err(|error| no_record(1, report::not_json("the setting", &error)))?;
    let names = || RuleName::ALL.iter().map(|(_, name, _)| *name).collect::<Vec<_>>().join(", ");
    let Some(rule) = RuleName::named(&setting.rule) else {
        let quoted = report::short(&setting.rule);
        return Err(no_record(
            1,
            format!("no rule is named `{quoted}` here; there are {}, and those of real systems", names()),
        ));
    };
    vetted(&setting).map_err(|what| no_record(1, what))?;
    let mut replay = Replay::new(&|at| rule.rule(at), &setting).map_err(|what| no_record(1, what))?;
    let any = rule.rule(MasterId(0));
    let mut interrupted_after = None;
    for (place, text) in lines.enumerate() {
        let line = place + 2;
        if running::is_interrupted() {
            interrupted_after = Some(line - 1);
            break;
        }
        running::count(1);
        let recorded = text.and_then(|text| event(&text)).map_err(|what| no_record(line, what))?;
        let taken = replay.take(place, &recorded, |message| typed(&any, message));
        taken.map_err(|refused| Failure::Run(fault(line, refused.to_string())))?;
    }
    let summary = replay.summary().map_err(|refused| Failure::Run(fault(0, refused.to_string())))?;
    Ok(Summary { interrupted_after, ..summary })
}

fn event(text: &str) -> Result<Recorded<Value, Value>, String> {
    serde_json::from_str(text).map_err(|error| report::not_json("an event", &error))
}

/// A message with the rule's types.
fn typed(rule: &AnyRule, message: &Message<Value, Value>) -> Result<AnyMessage, String> {
    let not = |why: String| format!("this rule has no such message: {}", report::short(&why));
    let value = serde_json::to_value(message);
    let mut message = value.and_then(serde_json::from_value).map_err(|error| not(without_position(&error)))?;
    any_rule::admit_message(rule, &mut message).map_err(not)?;
    Ok(message)
}

/// Checks the record of a run under any rule. The rule's name in `setting` is ignored.
///
/// # Errors
/// At the first step that is not a step of the model, or if there is no step.
pub fn replay<R: SerdeRule>(
    rule: R,
    setting: &Setting,
    events: &[Recorded<R::State, R::Effect>],
) -> Result<Summary, Refused> {
    let rule = AnyRule::new(rule);
    let mut replay = Replay::new(&|_| rule.clone(), setting).map_err(|what| Refused {
        place: 0,
        step: "the setting".into(),
        what,
    })?;
    for (place, recorded) in events.iter().enumerate() {
        replay.take(place, recorded, |message| Ok(any_rule::packed::<R>(message)))?;
    }
    replay.summary()
}

/// The topology of a setting, if it is valid and not too large to build.
fn vetted(setting: &Setting) -> Result<Topology, String> {
    let (masters, edges) = (setting.topology.masters(), setting.topology.edges());
    let count = edges.count();
    if usize::from(masters) * count > joins::LARGEST {
        return Err(format!("{masters} masters and {count} edges: at most {} is their product here", joins::LARGEST));
    }
    Topology::from_edges(masters, setting.topology.edges()).map_err(|error| error.to_string())
}

/// A run of the model with the choices of a record.
struct Replay {
    cluster: ClusterModel,
    layout: Layout,
    collects: bool,
    paths: BTreeMap<usize, Path>,
    last: Option<u64>,
}

impl Replay {
    fn new(rule: &dyn Fn(MasterId) -> AnyRule, setting: &Setting) -> Result<Replay, String> {
        let scope = Scope {
            failures: Default::default(),
            sessions: Vec::new(),
            collected: Collected::Never,
            topology: vetted(setting)?,
            // The record decides on losses, duplicates, batches and truncations, so the scope does not bound them.
            link: LinkKind::Running { losses: 0, duplicates: 0 },
            batch: usize::MAX,
            log: None,
            clients: Vec::new(),
            free: Free::default(),
            clocks: Clocks::default(),
        };
        let cluster = ClusterModel::with_rules(scope, rule);
        Ok(Replay { cluster, layout: setting.layout, collects: setting.collects, paths: BTreeMap::new(), last: None })
    }

    /// Takes the step of the event at this place of the record. `read` converts its message to the rule's types.
    fn take<S, E>(
        &mut self,
        place: usize,
        recorded: &Recorded<S, E>,
        read: impl Fn(&Message<S, E>) -> Result<AnyMessage, String>,
    ) -> Result<(), Refused> {
        let Recorded { number, shard, event } = recorded;
        let vetted = self.vet(*number, *shard, events::key_of(event));
        let taken = vetted.and_then(|()| {
            let path = self.paths.entry(*shard).or_insert_with(|| Path::new(&self.cluster, self.collects));
            path.take(&self.cluster, event, read)
        });
        taken.map_err(|what| {
            let steps = self.paths.get(shard).map_or(0, |path| path.tally.steps);
            let step = format!("shard {shard}, step {}: {}", steps + 1, report::short(&events::in_words(event)));
            Refused { place, step, what }
        })?;
        self.last = Some(*number);
        Ok(())
    }

    fn vet(&self, number: u64, shard: usize, key: Option<&Key>) -> Result<(), String> {
        if let Some(last) = self.last.filter(|last| *last >= number) {
            return Err(format!("number {number} comes after {last}: events are in the order of their numbers"));
        }
        let shards = self.layout.shards();
        if shard >= shards {
            return Err(format!("there is no shard {shard}: the {shards} are counted from 0"));
        }
        match key.map(|key| self.layout.shard_of(key)) {
            Some(right) if right != shard => Err(format!("this key lies in shard {right} of {shards}")),
            _ => Ok(()),
        }
    }

    fn summary(self) -> Result<Summary, Refused> {
        if self.paths.is_empty() {
            let what = "there is no step: nothing was checked against the model".into();
            return Err(Refused { place: 0, step: "the record".into(), what });
        }
        let mut budget = judged::BUDGET;
        let shards = self.paths.into_iter().map(|(shard, path)| path.summary(shard, &mut budget));
        Ok(Summary { shards: shards.collect(), interrupted_after: None })
    }
}
