//! Any rule behind one type: [`AnyRule`].
//!
//! A cluster, its search and its words are generic over the rule, and compiled once for each: seconds a rule. The rules of
//! [`systems`](crate::systems) are many and their worlds small, so they share one compilation: what a rule keeps and sends
//! is carried as its JSON text, and read and written around each call. That is some microseconds a call; what is called is
//! the rule itself.

use multimaster::resolver::Side;
use multimaster::{Change, Dot, Kind, Op, Reading, Refusal, Resolver, Stamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A rule whose types are forgotten.
#[derive(Clone)]
pub struct AnyRule(Arc<dyn Packed>);

/// What a rule keeps, or sends, as JSON; empty for the default state.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pack(String);

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "nothing" } else { &self.0 })
    }
}

impl Pack {
    /// How many bytes of JSON; 0 for the default state.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is the default state.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// [`Resolver`] on texts.
trait Packed: Send + Sync {
    fn kind(&self) -> Kind;
    fn goes_by_clocks(&self) -> bool;
    fn prepare(&self, state: &Pack, op: Op, dot: Dot, stamp: Stamp) -> Result<Pack, Refusal>;
    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool;
    fn read(&self, state: &Pack) -> Reading;
    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack>;
    fn shows(&self, state: &Pack, dot: Dot) -> bool;
}

fn pack<T: Serialize>(value: &T) -> Pack {
    Pack(serde_json::to_string(value).expect("a rule's states and effects can be written as JSON"))
}

fn pack_state<T: Serialize + Default + PartialEq>(state: &T) -> Pack {
    if *state == T::default() { Pack::default() } else { pack(state) }
}

fn unpack<T: DeserializeOwned>(text: &Pack) -> T {
    serde_json::from_str(&text.0).expect("what was written as JSON can be read")
}

fn unpack_state<T: DeserializeOwned + Default>(text: &Pack) -> T {
    if text.0.is_empty() { T::default() } else { unpack(text) }
}

impl<R: Resolver> Packed for R {
    fn kind(&self) -> Kind {
        Resolver::kind(self)
    }

    fn goes_by_clocks(&self) -> bool {
        Resolver::goes_by_clocks(self)
    }

    fn prepare(&self, state: &Pack, op: Op, dot: Dot, stamp: Stamp) -> Result<Pack, Refusal> {
        Resolver::prepare(self, &unpack_state(state), op, dot, stamp).map(|effect| pack(&effect))
    }

    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool {
        let Change { dot, stamp, key, effect } = change;
        let change = Change { dot: *dot, stamp: *stamp, key: key.clone(), effect: unpack(effect) };
        let mut held = unpack_state(state);
        let altered = Resolver::apply(self, &mut held, &change);
        *state = pack_state(&held);
        altered
    }

    fn read(&self, state: &Pack) -> Reading {
        Resolver::read(self, &unpack_state(state))
    }

    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack> {
        let (our_state, their_state) = (unpack_state(ours.state), unpack_state(theirs.state));
        let ours = Side { state: &our_state, seen: ours.seen };
        let theirs = Side { state: &their_state, seen: theirs.seen };
        Resolver::merge(self, ours, theirs).map(|merged| pack_state(&merged))
    }

    fn shows(&self, state: &Pack, dot: Dot) -> bool {
        Resolver::shows(self, &unpack_state(state), dot)
    }
}

impl AnyRule {
    /// Forgets the types of `rule`, unless that has been done.
    pub fn new<R: Resolver>(rule: R) -> AnyRule {
        let forgotten = (&rule as &dyn Any).downcast_ref::<AnyRule>().cloned();
        forgotten.unwrap_or_else(|| AnyRule(Arc::new(rule)))
    }
}

impl Resolver for AnyRule {
    type State = Pack;
    type Effect = Pack;

    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn goes_by_clocks(&self) -> bool {
        self.0.goes_by_clocks()
    }

    fn prepare(&self, state: &Pack, op: Op, dot: Dot, stamp: Stamp) -> Result<Pack, Refusal> {
        self.0.prepare(state, op, dot, stamp)
    }

    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool {
        self.0.apply(state, change)
    }

    fn read(&self, state: &Pack) -> Reading {
        self.0.read(state)
    }

    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack> {
        self.0.merge(ours, theirs)
    }

    fn shows(&self, state: &Pack, dot: Dot) -> bool {
        self.0.shows(state, dot)
    }
}
