//! A rule under watch: [`Watched`] reports calls that panic, do not return, or give two answers to one question.

use super::ruled::Rules;
use crate::node::any_rule::SerdeRule;
use multimaster::{Change, Dot, Kind, Op, Reading, Refusal, Resolver, Side, Timestamp, VersionVector};
use std::any::Any;
use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Behaviour that no rule may have, whatever its resolution of conflicts. The fault is the rule's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// A call panicked with this message. Standard error shows the place.
    Panics {
        /// The call.
        call: String,
        /// The message.
        message: String,
    },
    /// The same call, made twice in a row, gave two answers.
    NotDeterministic {
        /// The call.
        call: String,
        /// The two answers.
        answers: [String; 2],
    },
    /// The same call, made twice in a row, gave one answer, but a repetition of the whole schedule gave another.
    Remembers,
    /// The rule's `apply` returned false for a change that altered the state.
    FalseReport {
        /// The call.
        call: String,
    },
    /// A state or an effect changes in a round trip through JSON, which records and networks make.
    Unwritable {
        /// The value.
        value: String,
        /// The result of the round trip.
        why: String,
    },
    /// A call has not returned.
    NeverEnds {
        /// The call.
        call: String,
        /// The time since the call.
        after: Duration,
    },
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misbehaviour::Panics { call, message } => write!(f, "the rule panics: {message}\n  in {call}"),
            Misbehaviour::NotDeterministic { call, answers: [first, second] } => {
                write!(
                    f,
                    "the rule is not deterministic: called twice, it returns\n    {first}\n  and {second}\n  in {call}\n"
                )?;
                write!(f, "  a rule is a pure function: no clock, no randomness, no memory outside its state")
            }
            Misbehaviour::Remembers => {
                writeln!(f, "the rule is not deterministic: the same schedule, run twice, ends in different states")?;
                write!(f, "  a rule is a pure function: no clock, no randomness, no memory outside its state")
            }
            Misbehaviour::FalseReport { call } => {
                write!(f, "`apply` returned false, but the change altered the state\n  in {call}")
            }
            Misbehaviour::Unwritable { value, why } => {
                writeln!(f, "a state or an effect of the rule cannot be written as JSON and read again: {value}")?;
                writeln!(f, "  {why}")?;
                write!(
                    f,
                    "  the keys of a map must be text or numbers (a list of pairs can hold any); and no field may \
                           be left out"
                )
            }
            Misbehaviour::NeverEnds { call, after } => {
                write!(f, "the rule does not return: {} s so far\n  in {call}", after.as_secs())
            }
        }
    }
}

/// A call to the rule, for the report of a failure.
pub(super) enum Call<R: Resolver> {
    Kind,
    Prepare(R::State, Op, Dot, Timestamp),
    Apply(R::State, Change<R::Effect>),
    WhyKept(R::State, Change<R::Effect>),
    Read(R::State),
    Merge(R::State, VersionVector, R::State, VersionVector),
    Shows(R::State, Dot),
    Unsure(R::State, Dot),
}

impl<R: Resolver> fmt::Display for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Kind => f.write_str("kind() or uses_wall_clock()"),
            Call::Prepare(state, op, dot, timestamp) => write!(f, "prepare({state:?}, {op:?}, {dot}, {timestamp})"),
            Call::Apply(state, Change { dot, timestamp, effect, .. }) => {
                write!(f, "apply({state:?}, {dot} of {timestamp}: {effect:?})")
            }
            Call::WhyKept(state, Change { dot, timestamp, effect, .. }) => {
                write!(f, "why_kept({state:?}, {dot} of {timestamp}: {effect:?})")
            }
            Call::Read(state) => write!(f, "read({state:?})"),
            Call::Merge(ours, here, theirs, there) => {
                write!(f, "merge({ours:?} after {here}, {theirs:?} after {there})")
            }
            Call::Shows(state, dot) => write!(f, "shows({state:?}, {dot})"),
            Call::Unsure(state, dot) => write!(f, "unsure({state:?}, {dot})"),
        }
    }
}

/// The current call, and the time at which it began.
pub(super) type Current<R> = Arc<Mutex<Option<(Instant, Arc<Call<R>>)>>>;

/// A rule that makes each call twice and compares the answers.
#[derive(Clone)]
pub(super) struct Watched<R: Resolver> {
    rule: R,
    current: Current<R>,
}

impl<R: Resolver> Watched<R> {
    pub(super) fn new(rule: R, current: Current<R>) -> Watched<R> {
        Watched { rule, current }
    }

    fn under_way(&self, call: Option<Arc<Call<R>>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = call.map(|call| (Instant::now(), call));
    }

    /// Makes a call twice. A [`Misbehaviour`] unwinds as a panic, through the caller of the rule, to [`guarded`].
    fn asked<T: PartialEq + Debug>(&self, call: Call<R>, ask: impl Fn(&R) -> T) -> T {
        let call = Arc::new(call);
        self.under_way(Some(Arc::clone(&call)));
        let once = || {
            catch_unwind(AssertUnwindSafe(|| ask(&self.rule))).unwrap_or_else(|panic| {
                let message = message_of(&*panic);
                resume_unwind(Box::new(Misbehaviour::Panics { call: call.to_string(), message }))
            })
        };
        let (first, second) = (once(), once());
        if first != second {
            let answers = [format!("{first:?}"), format!("{second:?}")];
            resume_unwind(Box::new(Misbehaviour::NotDeterministic { call: call.to_string(), answers }));
        }
        self.under_way(None);
        first
    }
}

/// Reports that the rule gave different results in two runs.
pub(super) fn remembers() -> ! {
    resume_unwind(Box::new(Misbehaviour::Remembers))
}

pub(super) fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}

/// Does `work` with the rules, on a separate thread. If a call of a rule does not return within `patience`, reports
/// that and abandons the thread.
///
/// # Panics
/// If `work` panics and the rule is not the cause.
pub(super) fn guarded<R: SerdeRule, T: Send + 'static>(
    rules: &Rules<R>,
    patience: Duration,
    work: impl FnOnce(Rules<R>) -> T + Send + 'static,
) -> Result<T, Misbehaviour> {
    let rules = rules.anew();
    let current = Arc::clone(&rules.current);
    let (sender, receiver) = mpsc::channel();
    let name = std::thread::current().name().unwrap_or("verify").to_owned();
    let at_work = std::thread::Builder::new().name(name).spawn(move || {
        let _ = sender.send(catch_unwind(AssertUnwindSafe(|| work(rules))));
    });
    at_work.expect("a thread can be started");
    loop {
        match receiver.recv_timeout(patience / 20) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(panic)) => match panic.downcast::<Misbehaviour>() {
                Ok(misbehaviour) => return Err(*misbehaviour),
                Err(ours) => resume_unwind(ours),
            },
            Err(RecvTimeoutError::Disconnected) => panic!("the thread sends before it ends"),
            Err(RecvTimeoutError::Timeout) => {
                let current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((since, call)) = &*current
                    && since.elapsed() > patience
                {
                    return Err(Misbehaviour::NeverEnds { call: call.to_string(), after: since.elapsed() });
                }
            }
        }
    }
}

impl<R: Resolver> Resolver for Watched<R> {
    type State = R::State;
    type Effect = R::Effect;

    fn kind(&self) -> Kind {
        self.asked(Call::Kind, R::kind)
    }

    fn uses_wall_clock(&self) -> bool {
        self.asked(Call::Kind, R::uses_wall_clock)
    }

    fn prepare(&self, state: &R::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<R::Effect, Refusal> {
        let call = Call::Prepare(state.clone(), op.clone(), dot, timestamp);
        self.asked(call, |rule| rule.prepare(state, op.clone(), dot, timestamp))
    }

    fn apply(&self, state: &mut R::State, change: &Change<R::Effect>) -> bool {
        let before = state.clone();
        let (altered, after) = self.asked(Call::Apply(before.clone(), change.clone()), |rule| {
            let mut held = before.clone();
            (rule.apply(&mut held, change), held)
        });
        if !altered && after != before {
            let call = Call::<R>::Apply(before, change.clone()).to_string();
            resume_unwind(Box::new(Misbehaviour::FalseReport { call }));
        }
        *state = after;
        altered
    }

    fn why_kept(&self, state: &R::State, change: &Change<R::Effect>) -> &'static str {
        self.asked(Call::WhyKept(state.clone(), change.clone()), |rule| rule.why_kept(state, change))
    }

    fn read(&self, state: &R::State) -> Reading {
        self.asked(Call::Read(state.clone()), |rule| rule.read(state))
    }

    fn merge(&self, ours: Side<'_, R::State>, theirs: Side<'_, R::State>) -> Option<R::State> {
        let call = Call::Merge(ours.state.clone(), ours.seen.clone(), theirs.state.clone(), theirs.seen.clone());
        self.asked(call, |rule| rule.merge(ours, theirs))
    }

    fn shows(&self, state: &R::State, dot: Dot) -> bool {
        self.asked(Call::Shows(state.clone(), dot), |rule| rule.shows(state, dot))
    }

    fn unsure(&self, state: &R::State, dot: Dot) -> bool {
        self.asked(Call::Unsure(state.clone(), dot), |rule| rule.unsure(state, dot))
    }
}
