//! Any rule behind one type: [`AnyRule`].
//!
//! A cluster, its search and its words are generic over the rule, and each further rule would take seconds to compile. So
//! the rules named in scenario files share one compilation. What a rule keeps and sends is identified by its JSON text; the
//! value itself is kept beside the text, and parsed only if it came from elsewhere. This costs a microsecond a call. The
//! rule itself is called once for each step of a master that is not yet known.

use crate::histories::numbered::{Numbered, Numbers};
use multimaster::resolver::{Data, Side};
use multimaster::{Change, Dot, Key, Kind, Message, MessageOf, Op, Reading, Refusal, Resolver, Stamp};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// A rule whose types are forgotten.
#[derive(Clone)]
pub struct AnyRule(Arc<dyn Packed>);

/// What a rule keeps, or sends, as JSON; empty for the default state. It serializes to that same JSON, as if the rule's
/// type were still known, and the default state to `null`. A deserialized one must be admitted (`admit_state`) before its
/// rule sees it.
#[derive(Clone, Default)]
pub struct Pack {
    text: Arc<str>,
    /// The value that the text spells, once it has been asked for. It does not count in comparisons.
    value: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl PartialEq for Pack {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pack {}

impl PartialOrd for Pack {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pack {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Pack {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.text.hash(hasher);
    }
}

impl Serialize for Pack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let said =
            if self.is_empty() { Value::Null } else { serde_json::from_str(&self.text).map_err(S::Error::custom)? };
        said.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pack, D::Error> {
        let said = Value::deserialize(deserializer)?;
        Ok(Pack { text: said.to_string().into(), value: OnceLock::new() })
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "nothing" } else { &self.text })
    }
}

impl Pack {
    /// How many bytes of JSON; 0 for the default state.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it is the default state.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// [`Resolver`] on texts.
trait Packed: Any + Send + Sync {
    fn effect_of(&self, text: &str) -> Result<Pack, String>;
    fn state_of(&self, text: &str) -> Result<Pack, String>;
    fn kind(&self) -> Kind;
    fn goes_by_clocks(&self) -> bool;
    fn prepare(&self, state: &Pack, op: Op, dot: Dot, stamp: Stamp) -> Result<Pack, Refusal>;
    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool;
    fn why_kept(&self, state: &Pack, change: &Change<Pack>) -> &'static str;
    fn read(&self, state: &Pack) -> Reading;
    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack>;
    fn shows(&self, state: &Pack, dot: Dot) -> bool;
    fn unsure(&self, state: &Pack, dot: Dot) -> bool;
    /// The rules of all masters, of which this is the first, on numbers.
    fn numbered(&self, all: &[AnyRule], keys: Vec<Key>) -> Box<dyn Numbered>;
}

/// The default state, serialized.
const NONE: &str = "null";

/// Checks that an effect which came from elsewhere is one of the rule's, and spells it as the rule does; otherwise says why
/// not. Where the rule's type is known, this was checked when the effect was deserialized.
pub(crate) fn admit_effect<R: Resolver>(rule: &R, effect: &mut R::Effect) -> Result<(), String> {
    if let (Some(AnyRule(rule)), Some(pack)) = opened::<_, Pack>(rule, effect) {
        *pack = rule.effect_of(&pack.text)?;
    }
    Ok(())
}

/// As [`admit_effect`], for a state.
pub(crate) fn admit_state<R: Resolver>(rule: &R, state: &mut R::State) -> Result<(), String> {
    if let (Some(AnyRule(rule)), Some(pack)) = opened::<_, Pack>(rule, state) {
        *pack = rule.state_of(&pack.text)?;
    }
    Ok(())
}

/// As [`admit_effect`], for all that a message holds.
pub(crate) fn admit_message<R: Resolver>(rule: &R, message: &mut MessageOf<R>) -> Result<(), String> {
    match message {
        Message::Push(push) => push.changes.iter_mut().try_for_each(|change| admit_effect(rule, &mut change.effect)),
        Message::Snapshot(snapshot) => {
            Arc::make_mut(&mut snapshot.table).values_mut().try_for_each(|state| admit_state(rule, state))
        }
    }
}

/// The rule and what it keeps, if its types are forgotten.
fn opened<'a, R: Resolver, T: Any>(rule: &'a R, kept: &'a mut dyn Any) -> (Option<&'a AnyRule>, Option<&'a mut T>) {
    ((rule as &dyn Any).downcast_ref(), kept.downcast_mut())
}

fn pack<T: Data>(value: T) -> Pack {
    let text = serde_json::to_string(&value).expect("a rule's states and effects can be written as JSON");
    Pack { text: text.into(), value: OnceLock::from(Arc::new(value) as Arc<dyn Any + Send + Sync>) }
}

fn pack_state<T: Data + Default>(state: T) -> Pack {
    if state == T::default() { Pack::default() } else { pack(state) }
}

fn unpack<T: Data>(pack: &Pack) -> Arc<T> {
    let parse = || -> Arc<dyn Any + Send + Sync> {
        Arc::new(serde_json::from_str::<T>(&pack.text).expect("what was written as JSON can be read"))
    };
    let value = Arc::clone(pack.value.get_or_init(parse));
    value.downcast().expect("a pack is opened by the rule that made it")
}

fn unpack_state<T: Data + Default>(pack: &Pack) -> Arc<T> {
    if pack.is_empty() { Arc::default() } else { unpack(pack) }
}

fn unpack_change<T: Data>(Change { dot, stamp, key, effect }: &Change<Pack>) -> Change<T> {
    Change { dot: *dot, stamp: *stamp, key: key.clone(), effect: T::clone(&unpack(effect)) }
}

impl<R: Resolver> Packed for R {
    fn effect_of(&self, text: &str) -> Result<Pack, String> {
        serde_json::from_str::<R::Effect>(text).map(pack).map_err(|error| error.to_string())
    }

    fn state_of(&self, text: &str) -> Result<Pack, String> {
        if text == NONE {
            return Ok(Pack::default());
        }
        serde_json::from_str::<R::State>(text).map(pack_state).map_err(|error| error.to_string())
    }

    fn kind(&self) -> Kind {
        Resolver::kind(self)
    }

    fn goes_by_clocks(&self) -> bool {
        Resolver::goes_by_clocks(self)
    }

    fn prepare(&self, state: &Pack, op: Op, dot: Dot, stamp: Stamp) -> Result<Pack, Refusal> {
        Resolver::prepare(self, &unpack_state(state), op, dot, stamp).map(pack)
    }

    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool {
        let change = unpack_change(change);
        let mut held = R::State::clone(&unpack_state(state));
        let altered = Resolver::apply(self, &mut held, &change);
        *state = pack_state(held);
        altered
    }

    fn why_kept(&self, state: &Pack, change: &Change<Pack>) -> &'static str {
        Resolver::why_kept(self, &unpack_state(state), &unpack_change(change))
    }

    fn read(&self, state: &Pack) -> Reading {
        Resolver::read(self, &unpack_state(state))
    }

    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack> {
        let (our_state, their_state) = (unpack_state::<R::State>(ours.state), unpack_state::<R::State>(theirs.state));
        let ours = Side { state: &*our_state, seen: ours.seen };
        let theirs = Side { state: &*their_state, seen: theirs.seen };
        Resolver::merge(self, ours, theirs).map(pack_state)
    }

    fn shows(&self, state: &Pack, dot: Dot) -> bool {
        Resolver::shows(self, &unpack_state(state), dot)
    }

    fn unsure(&self, state: &Pack, dot: Dot) -> bool {
        Resolver::unsure(self, &unpack_state(state), dot)
    }

    fn numbered(&self, all: &[AnyRule], keys: Vec<Key>) -> Box<dyn Numbered> {
        let typed: Option<Vec<R>> = all.iter().map(|rule| (&*rule.0 as &dyn Any).downcast_ref().cloned()).collect();
        match typed {
            Some(rules) => Box::new(Numbers::new(rules, keys)),
            // Rules of several types.
            None => Box::new(Numbers::new(all.to_vec(), keys)),
        }
    }
}

impl AnyRule {
    /// The rules of all masters on [numbers](crate::histories::numbered).
    pub(crate) fn numbered(all: &[AnyRule], keys: Vec<Key>) -> Box<dyn Numbered> {
        all[0].0.numbered(all, keys)
    }

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

    fn why_kept(&self, state: &Pack, change: &Change<Pack>) -> &'static str {
        self.0.why_kept(state, change)
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

    fn unsure(&self, state: &Pack, dot: Dot) -> bool {
        self.0.unsure(state, dot)
    }
}
