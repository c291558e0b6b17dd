//! Nodes that are programs: a [`ProcessNode`] runs a program in any language that reads and writes the JSON messages of
//! [Maelstrom](https://github.com/jepsen-io/maelstrom), one in a line.
//!
//! A node's step is a function of the inputs that it was given before. A process cannot be copied, so a step is had from
//! a live process that is at the right place, or from a new one that is given the same inputs again. Each step is
//! computed once and remembered. A step that is repeated must give the same result; otherwise the node is at fault.

mod book;
mod guard;
mod launch;
mod line;
mod live;
mod pool;
mod talk;
mod turn;
mod workload;

pub use line::Body;
pub use workload::Workload;

use crate::fault::quoted;
use crate::system::node::{Input, Node, NodeError, Service, Stepped};
use book::{Book, Done, Place};
use launch::Launch;
use line::Asked;
use multimaster::{Key, MasterId, Reading, Topology};
use pool::Pool;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use talk::{Setting, Talk};
use turn::Turn;

/// The most steps of a walk.
const LONGEST_WALK: usize = 40;

/// The most inputs that an error shows.
const SHOWN: usize = 40;

/// How a node's program is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program and its arguments, as a shell reads them.
    pub command: String,
    /// The requests that it answers; `None` if those of the clients tell.
    pub workload: Option<Workload>,
    /// The longest time for one input.
    pub patience: Duration,
    /// The most bytes of data of one process.
    pub memory: u64,
}

/// A [`Node`] that is a program.
pub struct ProcessNode {
    launch: Launch,
    setting: Arc<Setting>,
    book: Mutex<Book>,
    pool: Mutex<Pool>,
    skills: OnceLock<Skills>,
}

/// The optional messages that a node knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skills {
    /// It tells its state, so that equal states are merged.
    pub state: bool,
    /// It takes ticks.
    pub tick: bool,
}

impl ProcessNode {
    /// The nodes of this topology, each a process of the program, whose clients write and read these keys as the workload
    /// spells it.
    ///
    /// # Errors
    /// If no process can be started on this system.
    pub fn new(
        options: &Options,
        workload: Workload,
        topology: Topology,
        keys: BTreeSet<Key>,
    ) -> Result<ProcessNode, NodeError> {
        Ok(ProcessNode {
            launch: Launch::new(&options.command, options.memory).map_err(|error| cannot_start(&error))?,
            setting: Arc::new(Setting { workload, keys, topology, patience: options.patience }),
            book: Mutex::default(),
            pool: Mutex::default(),
            skills: OnceLock::new(),
        })
    }

    /// The optional messages that the node knows. The first call tries them out.
    ///
    /// # Errors
    /// If the system starts no process.
    pub fn skills(&self) -> Result<Skills, NodeError> {
        if let Some(skills) = self.skills.get() {
            return Ok(*skills);
        }
        let knows = |kind| self.begun(MasterId(0), false).map(|talk| talk.knows(kind));
        let state = knows("state")?;
        if !state && self.setting.workload == Workload::UniqueIds {
            return Err(NodeError("it does not answer `state`, which shows that it is done with a line".into()));
        }
        // Without states to compare, every tick would lead to a new state.
        let skills = Skills { state, tick: state && knows("tick")? };
        Ok(*self.skills.get_or_init(|| skills))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process that was given its first input.
    fn begun(&self, me: MasterId, tells: bool) -> Result<Talk, NodeError> {
        Talk::start(&self.launch, me, &self.setting, tells).map_err(|error| cannot_start(&error))
    }

    /// A process that was given nothing but its first input, and was not heard.
    fn fresh(&self, me: MasterId) -> Result<Talk, NodeError> {
        let tells = self.skills()?.state;
        let spare = self.pool().spare(me);
        // It starts while others work.
        let next = self.begun(me, tells)?;
        self.pool().keep_spare(next);
        spare.map_or_else(|| self.begun(me, tells), Ok)
    }

    /// A process at this state: one that is there or on the way there, or a new one. On its way, it must do what was done
    /// before.
    fn at(&self, place: Place) -> Result<Talk, NodeError> {
        let (me, path) = self.book().path(place);
        let live = self.pool().take_last(path.iter().map(|(_, done)| done.next));
        let (known, mut talk) = match live {
            Some((index, talk)) => (index + 1, talk),
            None => (0, self.fresh(me)?),
        };
        path.iter().skip(known.max(1)).for_each(|(asked, _)| talk.give(asked.clone()));
        for (_, before) in path.iter().skip(known) {
            repeats(&mut talk, before)?;
        }
        Ok(talk)
    }

    /// Takes a new process through known steps, on ways that were not taken before: a state must not depend on the way to
    /// it.
    fn walk(&self, me: MasterId) -> Result<(), NodeError> {
        let Some(mut done) = self.book().start(me) else { return Ok(()) };
        let mut talk = self.fresh(me)?;
        repeats(&mut talk, &done)?;
        for _ in 0..LONGEST_WALK {
            let Some((asked, next)) = self.book().onward(done.next, &talk.given) else { break };
            talk.give(asked);
            repeats(&mut talk, &next)?;
            done = next;
        }
        self.keep(done.next, talk);
        Ok(())
    }

    fn keep(&self, place: Place, talk: Talk) {
        let surplus = self.pool().keep(place, talk);
        // Ended only once the pool is unlocked.
        drop(surplus);
    }

    /// The result of an input at this state, or of a start without a state.
    fn turn(&self, me: MasterId, from: Option<(Place, &Asked)>) -> Result<Done, NodeError> {
        let known = match from {
            Some((place, asked)) => self.book().done(place, asked),
            None => self.book().start(me),
        };
        if let Some(done) = known {
            return Ok(done);
        }
        let mut talk = match from {
            None => self.fresh(me)?,
            Some((place, asked)) => {
                let mut talk = self.at(place)?;
                talk.give(asked.clone());
                talk
            }
        };
        let turn = Arc::new(talk.hear().map_err(|what| NodeError(format!("it {what}")))?);
        let recorded = self.book().record(from, &turn, &talk);
        let done = recorded.map_err(|runs| unequal(me, runs.other, runs.one))?;
        self.keep(done.next, talk);
        let is_due = self.book().is_walk_due();
        if is_due {
            self.walk(me)?;
        }
        Ok(done)
    }

    fn stepped(&self, me: MasterId, from: Option<(Place, &Asked)>) -> Result<Stepped<Place, Body>, NodeError> {
        let Done { next, turn, .. } = self.turn(me, from)?;
        Ok(Stepped { state: next, sends: turn.sends.clone(), answers: turn.answers.clone() })
    }
}

impl Node for Arc<ProcessNode> {
    type State = Place;
    type Message = Body;

    fn start(&self, id: MasterId, _: &Topology) -> Result<Stepped<Place, Body>, NodeError> {
        self.stepped(id, None)
    }

    fn step(&self, id: MasterId, state: &Place, input: Input<'_, Body>) -> Result<Stepped<Place, Body>, NodeError> {
        let asked = match input {
            Input::Request { number, request } => {
                let workload = self.setting.workload;
                let body = workload
                    .body(request)
                    .ok_or_else(|| NodeError(format!("the workload {} has no request `{request}`", workload.name())))?;
                Asked::request(number, body)
            }
            Input::Message { from, message } => Asked::Message(from, message.clone()),
            Input::Tick(_) => Asked::Tick,
            Input::Restart => return Err(NodeError("a process keeps nothing when it crashes".into())),
        };
        self.stepped(id, Some((*state, &asked)))
    }

    fn service(&self) -> Service {
        self.setting.workload.service()
    }

    fn read(&self, _: MasterId, state: &Place, key: &Key) -> Result<Reading, NodeError> {
        Ok(self.book().reading(*state, key).unwrap_or_default())
    }

    fn ticks(&self, _: MasterId, _: &Place) -> Vec<String> {
        let ticks = self.skills.get().is_some_and(|skills| skills.tick);
        if ticks { vec!["tick".into()] } else { Vec::new() }
    }
}

fn cannot_start(error: &std::io::Error) -> NodeError {
    NodeError(format!("its process cannot be started: {error}"))
}

/// Hears what the process does, which must be what was done before.
fn repeats(talk: &mut Talk, before: &Done) -> Result<(), NodeError> {
    let turn = talk.hear();
    let given: Arc<[Asked]> = talk.heard().into();
    let turn = turn.map_err(|what| again(&what, talk.me, &given))?;
    if *before.turn == turn { Ok(()) } else { Err(unequal(talk.me, before.run(), (given, turn.into()))) }
}

/// A fault that came when inputs were repeated.
fn again(what: &str, me: MasterId, given: &[Asked]) -> NodeError {
    NodeError(format!("when it was given the same lines again, it {what}{}", lines(me, given)))
}

/// Two runs with different results, of which the second repeats the first, or ends in the same state.
fn unequal(me: MasterId, one: (Arc<[Asked]>, Arc<Turn>), other: (Arc<[Asked]>, Arc<Turn>)) -> NodeError {
    let ((one, first), (other, second)) = (one, other);
    let difference = first.difference(&second);
    NodeError(if one == other {
        format!("it is not deterministic: given the same lines twice, it {difference}{}", lines(me, &one))
    } else {
        let why = "its `state` leaves something out, or it is not deterministic: after two ways to the same state, it";
        format!("{why} {difference}{}{}", lines(me, &one), lines(me, &other))
    })
}

/// The inputs, a line for each.
fn lines(me: MasterId, given: &[Asked]) -> String {
    let shown = given.iter().skip(1).take(SHOWN);
    let mut text = "\n  given:".to_owned();
    shown.for_each(|asked| text += &format!("\n    {}", quoted(asked.line(me, 0).trim_end())));
    if given.len() == 1 {
        text += " only its first lines";
    }
    if given.len() - 1 > SHOWN {
        text += &format!("\n    and {} more", given.len() - 1 - SHOWN);
    }
    text
}
