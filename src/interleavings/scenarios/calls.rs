//! Threads that call one master: every outcome must be one of some sequential order of the calls.

use super::super::master::Master;
use super::super::sync::thread;
use super::Rule;
use crate::{ArrivalWins, Layout, MasterId, MessageOf, Op, Options, Replica, Topology, WriteError};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);

/// What a thread asks of master A, about one key.
#[derive(Clone)]
pub enum Call {
    /// A client's write.
    Set(&'static str),
    /// A client's read.
    Get,
    /// B's first change arrives, in conflict with whatever A has.
    Receive,
    /// A link takes what is next for B: at most so many changes.
    Take(usize),
    /// Clients are to write no more.
    Close,
}

/// What each thread was told, and what is known in the end.
type Outcome = (Vec<Vec<String>>, String);

/// Threads and what each calls, one after the other.
#[derive(Clone)]
pub struct Calls {
    /// What was called before they start.
    pub before: Vec<Call>,
    /// The threads.
    pub threads: Vec<Vec<Call>>,
    /// How many changes the log keeps.
    pub log: usize,
}

/// What can come out, and what has.
#[derive(Clone)]
pub struct Outcomes {
    calls: Calls,
    sequential: Arc<BTreeSet<Outcome>>,
    reached: Arc<Mutex<BTreeSet<Outcome>>>,
}

fn pair() -> Topology {
    Topology::all_to_all(2).expect("two masters")
}

fn from_b() -> MessageOf<Rule> {
    let mut b = Replica::new(B, ArrivalWins, &pair());
    b.set("k", "from B").expect("a register takes it");
    b.next_push(A, 1).expect("it has just been written")
}

/// A master called by one only: a plain replica, and what `Master` adds to it, once more in the plainest words.
#[derive(Clone)]
struct Plain {
    replica: Replica<Rule>,
    closed: bool,
    log: usize,
}

impl Plain {
    fn call(&mut self, call: &Call) -> String {
        match call {
            Call::Set(_) if self.closed => return "closed".into(),
            Call::Get => return self.replica.read("k").to_string(),
            Call::Take(max) => return format!("{:?}", self.replica.next_push(B, *max)),
            Call::Close => {
                self.closed = true;
                return String::new();
            }
            Call::Set(_) | Call::Receive => {}
        }
        let said = match call {
            Call::Set(value) => format!("{:?}", self.replica.write("k", Op::Set((*value).into())).ok()),
            _ => format!("{:?}", self.replica.receive(B, from_b())),
        };
        if self.replica.log().len() >= 2 * self.log {
            self.replica.truncate(self.log);
        }
        said
    }
}

fn call(master: &Master<Rule>, call: &Call) -> String {
    match call {
        Call::Set(value) => match master.set("k", *value) {
            Err(WriteError::Closed) => "closed".into(),
            answer => format!("{:?}", answer.ok().map(|written| written.dot)),
        },
        Call::Get => master.get("k").to_string(),
        Call::Receive => format!("{:?}", master.receive(0, B, from_b())),
        Call::Take(max) => format!("{:?}", master.next_push(0, B, *max)),
        Call::Close => {
            master.close();
            String::new()
        }
    }
}

impl Calls {
    /// Works out what every sequential order leads to.
    pub fn outcomes(self) -> Outcomes {
        let mut plain = Plain { replica: Replica::new(A, ArrivalWins, &pair()), closed: false, log: self.log };
        for call in &self.before {
            plain.call(call);
        }
        let mut outcomes = BTreeSet::new();
        let told = vec![Vec::new(); self.threads.len()];
        self.orders(plain, &told, &mut outcomes);
        Outcomes { calls: self, sequential: Arc::new(outcomes), reached: Arc::default() }
    }

    fn orders(&self, plain: Plain, told: &[Vec<String>], outcomes: &mut BTreeSet<Outcome>) {
        let mut ended = true;
        for (thread, calls) in self.threads.iter().enumerate() {
            let Some(call) = calls.get(told[thread].len()) else {
                continue;
            };
            ended = false;
            let (mut plain, mut told) = (plain.clone(), told.to_vec());
            told[thread].push(plain.call(call));
            self.orders(plain, &told, outcomes);
        }
        if ended {
            outcomes.insert((told.to_vec(), format!("{:?}", plain.replica)));
        }
    }
}

impl Outcomes {
    /// Lets the threads run once, as the checker decides.
    pub fn run(&self) {
        let layout = Layout::of(1).expect("one shard");
        let options = Options::default().layout(layout).log(self.calls.log);
        let master = Arc::new(Master::new(A, ArrivalWins, &pair(), &options));
        for before in &self.calls.before {
            call(&master, before);
        }
        let run = |calls: Vec<Call>, master: Arc<Master<Rule>>| -> Vec<String> {
            calls.iter().map(|each| call(&master, each)).collect()
        };
        let mut programs = self.calls.threads.iter().cloned();
        let ours = programs.next().expect("at least one thread");
        let others: Vec<_> = programs
            .map(|calls| {
                let master = master.clone();
                thread::spawn(move || run(calls, master))
            })
            .collect();
        let mut told = vec![run(ours, master.clone())];
        told.extend(others.into_iter().map(|thread| thread.join().expect("no thread panics")));
        let outcome = (told, master.inspect(0, |replica| format!("{replica:?}")).unwrap());
        assert!(self.sequential.contains(&outcome), "no sequential order leads to this: {outcome:#?}");
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    }

    /// How many of the sequential outcomes were reached, of how many.
    pub fn reached(&self) -> (usize, usize) {
        (self.reached.lock().unwrap_or_else(PoisonError::into_inner).len(), self.sequential.len())
    }
}
