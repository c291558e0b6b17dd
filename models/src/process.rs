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
use crate::system::node::{Answer, Input, Node, NodeError, Stepped};
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

/// The steps that are computed twice: by a live process and by a new one, or after two ways to the same state.
const VERIFIED: usize = 64;

/// The most inputs that an error shows.
const SHOWN: usize = 40;

/// How a node's program is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program and its arguments, as a shell reads them.
    pub command: String,
    /// The requests that it answers.
    pub workload: Workload,
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
    /// The nodes of this topology, each a process of the program, whose clients write and read these keys.
    ///
    /// # Errors
    /// If the system starts no process.
    pub fn new(options: Options, topology: Topology, keys: BTreeSet<Key>) -> Result<ProcessNode, NodeError> {
        let Options { command, workload, patience, memory } = options;
        let launch = Launch::new(&command, memory).map_err(|error| cannot_start(&error))?;
        Ok(ProcessNode {
            launch,
            setting: Arc::new(Setting { workload, keys, topology, patience }),
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
        // Without states to compare, every tick would lead to a new state.
        let skills = Skills { state, tick: state && knows("tick")? };
        Ok(*self.skills.get_or_init(|| skills))
    }

    /// The number of steps computed so far.
    pub fn steps(&self) -> usize {
        self.book().steps()
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

    /// A new process at this state. The results of its inputs must be those of before.
    fn replayed(&self, place: Place) -> Result<Talk, NodeError> {
        let (me, path) = self.book().path(place);
        let mut talk = self.fresh(me)?;
        path.iter().skip(1).for_each(|(asked, _)| talk.give(asked.clone()));
        for (index, (_, before)) in path.iter().enumerate() {
            let given = &talk.given[..=index];
            let given: Arc<[Asked]> = given.into();
            let turn = talk.hear().map_err(|what| again(&what, me, &given))?;
            if *before.turn != turn {
                return Err(unequal(me, before.run(), (given, turn.into())));
            }
        }
        Ok(talk)
    }

    /// The result of an input at this state, by a live process or a new one; of a start without a state.
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
                let live = self.pool().take(place);
                let mut talk = live.map_or_else(|| self.replayed(place), Ok)?;
                talk.give(asked.clone());
                talk
            }
        };
        let turn = Arc::new(talk.hear().map_err(NodeError)?);
        let recorded = self.book().record(from, &turn, &talk);
        let done = recorded.map_err(|runs| unequal(me, runs.other, runs.one))?;
        self.verify(me, from, &done)?;
        let surplus = self.pool().keep(done.next, talk);
        drop(surplus);
        Ok(done)
    }

    /// Computes a step once more in new processes, if it is one of the first, or one of the first from a state to which
    /// several ways lead.
    fn verify(&self, me: MasterId, from: Option<(Place, &Asked)>, done: &Done) -> Result<(), NodeError> {
        let ways = self.book().ways(from.map(|(place, _)| place), VERIFIED);
        for mut way in ways {
            way.push(from.map_or(Asked::Start, |(_, asked)| asked.clone()));
            let way: Arc<[Asked]> = way.into();
            let mut talk = self.fresh(me)?;
            way.iter().skip(1).for_each(|asked| talk.give(asked.clone()));
            let mut last = Turn::default();
            for _ in 0..way.len() {
                last = talk.hear().map_err(|what| again(&what, me, &way))?;
            }
            if last != *done.turn {
                return Err(unequal(me, done.run(), (way, last.into())));
            }
        }
        Ok(())
    }

    fn stepped(&self, me: MasterId, from: Option<(Place, &Asked)>) -> Result<Stepped<Place, Body>, NodeError> {
        let Done { next, turn, .. } = self.turn(me, from)?;
        let answer = |(number, refused): (u32, Option<String>)| (number, refused.map_or(Answer::Done, Answer::Refused));
        Ok(Stepped {
            state: next,
            sends: turn.sends.clone(),
            answers: turn.answers.iter().cloned().map(answer).collect(),
        })
    }
}

impl Node for ProcessNode {
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
