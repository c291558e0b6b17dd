//! The search on several processes, level by level: [`explore`].
//!
//! The content of a state decides which process keeps it. A process expands the states that it keeps, and sends each
//! state that it reaches to the process that keeps it, which alone knows whether the state is new. Each process numbers
//! parts for itself: see [`Dictionary`].
//!
//! At the end of a level the processes tell each other the steps by which new states were reached first. In the order
//! of these steps a search on one thread would have numbered the states. So all processes give them the same numbers,
//! and every count, verdict and path is that of one thread.

mod dictionary;
mod end_of_level;
mod expansion;
mod next;
mod saved;
mod summary;

use super::identity::chance_of_one_hash;
use super::visited::{Placed, Visited};
use super::watch::Watch;
use super::{Checkpoints, Cut, Found, Key, Limits, Report, judged};
use crate::check::reached::Reached;
use crate::model::{Codec, Model, Property};
use crate::world::cluster::{ClusterModel, InShard, State};
use dictionary::Dictionary;
use next::{Next, StepKey};
use saved::{Head, Replay, Saved};
use std::mem;
use std::time::Duration;
use summary::Summary;

/// The exchange of messages with the other processes of a search, in epochs.
pub trait Post {
    /// The number of processes.
    fn processes(&self) -> usize;

    /// The index of this process.
    fn own(&self) -> usize;

    /// Sends a message to another process. Messages to one process arrive in order.
    fn send(&mut self, to: usize, message: Vec<u8>);

    /// The messages of the present epoch that have arrived since the last call, each with its sender.
    fn arrived(&mut self) -> Vec<(usize, Vec<u8>)>;

    /// Ends the epoch: waits until all processes have ended it, and calls `take` with each message of the epoch that
    /// [`arrived`](Self::arrived) has not returned.
    fn end_epoch(&mut self, take: &mut dyn FnMut(usize, Vec<u8>));
}

/// Why processes that should be equal are not. This is a bug in the program, or someone else has sent a message.
#[derive(Clone, Copy, Debug)]
struct Broken(&'static str);

impl From<Broken> for String {
    fn from(Broken(what): Broken) -> String {
        format!("the processes of this search contradict each other: {what}")
    }
}

/// The number of states whose sending is remembered, so that they are not sent again.
const REMEMBERED: usize = 1 << 16;

/// Explores the cluster together with the other processes, which must do the same with an equal cluster and equal
/// limits. All get the same report, except for its time. Only [safety](Limits::safety) is judged. The first process
/// writes and reads the `checkpoints`.
///
/// # Errors
/// If the processes are not equal, or a checkpoint cannot be written or continued.
pub(crate) fn explore(
    cluster: &ClusterModel,
    limits: Limits,
    checkpoints: Option<&Checkpoints>,
    post: &mut dyn Post,
) -> Result<Report, String> {
    let mut watch = Watch::new(limits);
    let properties = cluster.properties();
    let found = Process::start(cluster, &properties, limits, checkpoints, post)?.run(post, &mut watch)?;
    let report = judged(cluster, &properties, found, limits, &mut watch, false);
    // Each process draws a key of its own, and may take two states for one.
    let mistaken = chance_of_one_hash(report.states, false) * post.processes() as f64;
    Ok(Report { mistaken, ..report })
}

/// The part of the search that one process does.
struct Process<'m> {
    cluster: &'m ClusterModel,
    properties: &'m [Property<ClusterModel>],
    limits: Limits,
    key: Key,
    own: usize,
    dictionary: Dictionary<'m>,
    /// The states that this process keeps.
    visited: Visited,
    /// Its states of the present level, which are not expanded.
    level: Placed<State>,
    /// Its states of the next one.
    next: Next,
    /// By process, the message that is being written.
    out: Vec<Vec<u8>>,
    /// The hashes of states that have been sent.
    sent: Vec<u64>,
    initial: Vec<State>,
    reached: Reached,
    /// The number of states that all processes have found up to the present level.
    states: usize,
    /// The number of the first state of the present level.
    begun: usize,
    generated: u64,
    depth: usize,
    /// By property, the number of the first state that decides it.
    decided: Vec<Option<usize>>,
    /// The expanded states of the level by number, and how many states each generated.
    expanded: Vec<(u32, u32)>,
    here: Summary,
    /// Whether a process has asked to end the level early.
    halted: bool,
    broken: Option<Broken>,
    actions: Vec<InShard>,
    /// The checkpoints; `None` in all processes but the first.
    saved: Option<Saved>,
    /// The steps to be taken again, as long as there are any.
    replay: Option<Replay>,
}

/// The process that keeps a state.
#[inline]
fn keeper(placement: u64, processes: usize) -> usize {
    ((u128::from(placement) * processes as u128) >> u64::BITS) as usize
}

impl<'m> Process<'m> {
    /// Finds the initial states.
    fn start(
        cluster: &'m ClusterModel,
        properties: &'m [Property<ClusterModel>],
        limits: Limits,
        checkpoints: Option<&Checkpoints>,
        post: &mut dyn Post,
    ) -> Result<Self, String> {
        let (own, processes, initial) = (post.own(), post.processes(), cluster.init_states());
        let none = Broken("there is no initial state");
        let mut dictionary = Dictionary::new(cluster, processes, &initial).ok_or(none)?;
        let checkpoints = checkpoints.filter(|_| own == 0).map(Saved::begin).transpose()?;
        let (saved, mut continued) = checkpoints.map_or((None, None), |(saved, content)| (Some(saved), content));
        let mut message = Vec::new();
        initial.iter().for_each(|state| cluster.write(state, &mut message));
        message.extend(continued.iter().flatten());
        (0..processes).filter(|to| *to != own).for_each(|to| post.send(to, message.clone()));
        let mut heard = Ok(());
        post.end_epoch(&mut |from, bytes| {
            let mut bytes = &bytes[..];
            for state in &initial {
                heard = heard.and(dictionary.hear_initial(from, &mut bytes, state));
            }
            if !bytes.is_empty() {
                continued = Some(bytes.to_vec());
            }
        });
        heard?;
        let replay = match continued {
            Some(content) => Some(Replay::of(&content).ok_or(Broken("a checkpoint is damaged"))?),
            None => None,
        };
        let (mut level, mut visited, key) = (Placed::default(), Visited::default(), Key::random());
        let (mut starts, mut next) = (Vec::new(), Next::after(0));
        for (place, state) in initial.iter().enumerate().filter(|(place, state)| !initial[..*place].contains(state)) {
            let number = starts.len() as u32;
            starts.push(place);
            if keeper(state.placement(&state.tables()), processes) == own {
                next.offer(&mut visited, &key, StepKey::new(0, number), state);
                level.push(state.clone());
                level.number([number]);
            }
        }
        Ok(Process {
            cluster,
            properties,
            limits,
            key,
            own,
            dictionary,
            visited,
            level,
            next: Next::after(next.end()),
            out: vec![Vec::new(); processes],
            sent: vec![0; REMEMBERED],
            initial,
            states: starts.len(),
            generated: starts.len() as u64,
            reached: Reached::new(starts),
            begun: 0,
            depth: 0,
            decided: vec![None; properties.len()],
            expanded: Vec::new(),
            here: Summary::default(),
            halted: false,
            broken: None,
            actions: Vec::new(),
            saved,
            replay,
        })
    }

    fn run(mut self, post: &mut dyn Post, watch: &mut Watch) -> Result<Found, String> {
        watch.continue_after(self.replay.as_ref().map_or(Duration::ZERO, |replay| replay.head.time));
        let cut = loop {
            self.end_replay()?;
            self.expand(post, watch);
            let kept = self.next.end();
            let (firsts, states) = mem::replace(&mut self.next, Next::after(kept)).sorted();
            let all = self.exchange(firsts, post)?;
            let found = self.states + all.iter().map(|one| one.firsts.len()).sum::<usize>();
            if all.iter().any(|one| one.cut.is_some()) || found > self.limits.states {
                self.save(watch)?;
            }
            let (numbers, end) = self.rank(&all);
            if let Some(end) = end {
                break Some(self.end_at(end, post)?);
            }
            self.begun += all.iter().map(|one| one.expanded as usize).sum::<usize>();
            self.generated += all.iter().map(|one| one.generated).sum::<u64>();
            let cut = all.iter().find_map(|one| one.cut);
            if cut.is_some() || self.begun == self.states {
                break cut;
            }
            self.depth += 1;
            states.for_each(|state| self.level.push(state));
            self.level.number(numbers);
            if self.saved.as_ref().is_some_and(Saved::is_due) {
                self.save(watch)?;
            }
        };
        self.check()?;
        // The verdicts of a search that was cut may be wanted with other limits.
        if let (None | Some(Cut::Found), Some(saved)) = (cut, self.saved.take()) {
            saved.remove()?;
        }
        let Process { states, generated, depth, begun, decided, reached, .. } = self;
        let (generated, frontier) = (generated as usize, states - begun);
        Ok(Found { states, generated, depth, frontier, decided, reached, graph: None, cut, on_disk: 0 })
    }

    /// Writes a checkpoint of the begin of the level, unless the process still takes the steps of one.
    fn save(&mut self, watch: &Watch) -> Result<(), String> {
        let Process { begun, states, generated, depth, decided, cluster, reached, replay: None, .. } = self else {
            return Ok(());
        };
        let (unsure, time, decided) = (cluster.is_unsure(), watch.elapsed(), decided.clone());
        let (begun, states, generated, depth) = (*begun, *states, *generated, *depth);
        let head = Head { begun, states, generated, depth, decided, unsure, time, ..Head::default() };
        self.saved.as_mut().map_or(Ok(()), |saved| saved.save(head, reached))
    }

    /// Continues by itself once all steps of the checkpoint have been taken again.
    fn end_replay(&mut self) -> Result<(), Broken> {
        let Some(Replay { head, .. }) = self.replay.take_if(|replay| replay.head.begun <= self.begun) else {
            return Ok(());
        };
        let found = (self.begun, self.states, self.depth, self.properties.len());
        if found != (head.begun, head.states, head.depth, head.decided.len()) {
            return Err(Broken("the steps of the checkpoint lead to other states"));
        }
        (self.generated, self.decided) = (head.generated, head.decided);
        if head.unsure {
            self.cluster.set_unsure();
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests;
