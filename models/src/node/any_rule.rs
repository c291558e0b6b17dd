//! Any rule behind one type: [`AnyRule`].
//!
//! The world, the search and the reports would take many seconds to compile for each rule. So all rules share one
//! compilation: a rule is called through a table of functions, and its states and effects are values of erased type,
//! compared, ordered and hashed by content. An exploration calls the rule once for each new step of a master, so the
//! dynamic call costs nothing that can be measured.

use crate::history::parts;
use crate::node::numbered::{Numbered, Numbers};
use crate::printed::without_position;
use foldhash::quality::FixedState;
use multimaster::resolver::{Data, Side};
use multimaster::{
    Change, Dot, Key, Kind, Message, MessageOf, Op, Push, Reading, Refusal, Replica, Resolver, Snapshot, Timestamp,
    VersionVector,
};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::any::Any;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// A rule that the harness can check: a [`Resolver`] whose states and effects can be serialized. Derive `Serialize` and
/// `Deserialize` for your own types; those of `multimaster` have both. Then every rule of these types is a `SerdeRule`.
///
/// The harness keeps states and effects of all rules behind one type, and shows, records and replays them as JSON.
pub trait SerdeRule: Resolver<State: Serialize + DeserializeOwned, Effect: Serialize + DeserializeOwned> {}

impl<R> SerdeRule for R where R: Resolver<State: Serialize + DeserializeOwned, Effect: Serialize + DeserializeOwned> {}

/// A master under any rule.
pub type AnyReplica = Replica<AnyRule>;

/// A message between such masters.
pub type AnyMessage = MessageOf<AnyRule>;

/// A rule whose state and effect types are erased.
#[derive(Clone)]
pub struct AnyRule(Arc<dyn Packed>);

/// A rule's state or effect, its type erased; empty for the default state. It serializes to the JSON of the erased
/// type, the default state to `null`. A deserialized value must be admitted (`admit_state`) before its rule uses it.
#[derive(Clone, Default)]
pub struct Pack(Option<Arc<dyn Kept>>);

/// A value of erased type.
trait Kept: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn hash(&self) -> u64;
    fn order(&self, other: &dyn Kept) -> Ordering;
    fn text(&self) -> serde_json::Result<String>;
}

/// A value, and the hash of its content.
struct Held<T> {
    value: T,
    hash: u64,
}

impl<T: Data + Serialize> Kept for Held<T> {
    fn as_any(&self) -> &dyn Any {
        &self.value
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    /// Values of two types occur together only before they are admitted.
    fn order(&self, other: &dyn Kept) -> Ordering {
        match other.as_any().downcast_ref::<T>() {
            Some(other) => self.value.cmp(other),
            None => by_text(self, other),
        }
    }

    fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.value)
    }
}

fn by_text(one: &dyn Kept, other: &dyn Kept) -> Ordering {
    one.text().ok().cmp(&other.text().ok())
}

/// Deserialized JSON that has not been admitted: as text, which is ordered and hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Unread(String);

impl Serialize for Unread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unread, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Unread(raw.get().to_owned()))
    }
}

impl PartialEq for Pack {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => {
                Arc::ptr_eq(one, other) || (one.hash() == other.hash() && one.order(&**other).is_eq())
            }
            (one, other) => one.is_none() && other.is_none(),
        }
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
        match (&self.0, &other.0) {
            (Some(one), Some(other)) if !Arc::ptr_eq(one, other) => one.order(&**other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}

impl Hash for Pack {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.0.as_ref().map_or(0, |kept| kept.hash()));
    }
}

impl Serialize for Pack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_ref().map_or_else(|| Ok(NONE.to_owned()), |kept| kept.text());
        text.and_then(RawValue::from_string).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pack, D::Error> {
        Unread::deserialize(deserializer).map(Pack::of)
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("nothing") } else { f.write_str(&self.text()) }
    }
}

impl Pack {
    /// Packs an effect, or a state that is not the default.
    pub fn of<T: Data + Serialize>(value: T) -> Pack {
        if let Some(packed) = (&value as &dyn Any).downcast_ref::<Pack>() {
            return packed.clone();
        }
        let hash = FixedState::with_seed(0).hash_one(&value);
        Pack(Some(Arc::new(Held { value, hash })))
    }

    /// Packs a state.
    pub fn of_state<T: Data + Default + Serialize>(state: T) -> Pack {
        if state == T::default() { Pack::default() } else { Pack::of(state) }
    }

    /// The value if it has this type; `None` for the default state.
    pub fn value<T: Data>(&self) -> Option<&T> {
        self.0.as_ref()?.as_any().downcast_ref()
    }

    /// The length of the JSON in bytes; 0 for the default state.
    pub fn len(&self) -> usize {
        self.text().len()
    }

    /// Whether it is the default state.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The JSON; empty for the default state.
    fn text(&self) -> String {
        let text = self.0.as_ref().map(|kept| kept.text());
        text.map_or_else(String::new, |text| text.expect("a rule's states and effects can be written as JSON"))
    }
}

/// [`Resolver`] on packs.
trait Packed: Any + Send + Sync {
    fn effect_of(&self, text: &str) -> Result<Pack, String>;
    fn state_of(&self, text: &str) -> Result<Pack, String>;
    fn kind(&self) -> Kind;
    fn uses_wall_clock(&self) -> bool;
    fn prepare(&self, state: &Pack, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Pack, Refusal>;
    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool;
    fn why_kept(&self, state: &Pack, change: &Change<Pack>) -> &'static str;
    fn read(&self, state: &Pack) -> Reading;
    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack>;
    fn collect(&self, state: &Pack, stable: &VersionVector) -> Option<Pack>;
    fn shows(&self, state: &Pack, dot: Dot) -> bool;
    fn unsure(&self, state: &Pack, dot: Dot) -> bool;
    /// The rules of all masters on numbers. This rule is the first master's.
    fn numbered(&self, all: &[AnyRule], keys: Vec<Key>) -> Box<dyn Numbered>;
}

/// The default state, serialized.
const NONE: &str = "null";

/// Converts a deserialized effect to the rule's type. The error says why it is not one of the rule's effects. Where the
/// rule's type is known, deserialization has checked this.
pub(crate) fn admit_effect<R: Resolver>(rule: &R, effect: &mut R::Effect) -> Result<(), String> {
    if let (Some(AnyRule(rule)), Some(pack)) = opened::<_, Pack>(rule, effect) {
        *pack = rule.effect_of(&pack.text())?;
    }
    Ok(())
}

/// As [`admit_effect`], for a state.
pub(crate) fn admit_state<R: Resolver>(rule: &R, state: &mut R::State) -> Result<(), String> {
    if let (Some(AnyRule(rule)), Some(pack)) = opened::<_, Pack>(rule, state) {
        *pack = rule.state_of(&pack.text())?;
    }
    Ok(())
}

/// As [`admit_effect`], for all effects and states of a message.
pub(crate) fn admit_message<R: Resolver>(rule: &R, message: &mut MessageOf<R>) -> Result<(), String> {
    match message {
        Message::Push(push) => push.changes.iter_mut().try_for_each(|change| admit_effect(rule, &mut change.effect)),
        Message::Snapshot(snapshot) => {
            Arc::make_mut(&mut snapshot.table).values_mut().try_for_each(|state| admit_state(rule, state))
        }
    }
}

/// A message of a rule whose types are known.
pub(crate) fn packed<R: SerdeRule>(message: &MessageOf<R>) -> AnyMessage {
    match message {
        Message::Push(Push { extends, changes }) => {
            let changes = changes.iter().map(|Change { dot, timestamp, key, effect }| {
                let (key, effect) = (key.clone(), Pack::of(effect.clone()));
                Change { dot: *dot, timestamp: *timestamp, key, effect }
            });
            Message::Push(Push { extends: extends.clone(), changes: changes.collect() })
        }
        Message::Snapshot(Snapshot { seen, clock, table }) => {
            let table = table.iter().map(|(key, state)| (key.clone(), Pack::of_state(state.clone())));
            Message::Snapshot(Snapshot { seen: seen.clone(), clock: *clock, table: Arc::new(table.collect()) })
        }
    }
}

/// The rule and its state, if its types are erased.
fn opened<'a, R: Resolver, T: Any>(rule: &'a R, kept: &'a mut dyn Any) -> (Option<&'a AnyRule>, Option<&'a mut T>) {
    ((rule as &dyn Any).downcast_ref(), kept.downcast_mut())
}

/// The state, which must be of this rule's type.
fn typed_state<R: Resolver>(pack: &Pack) -> Cow<'_, R::State> {
    match &pack.0 {
        None => Cow::Owned(R::State::default()),
        Some(_) => Cow::Borrowed(pack.value().expect("a state is given to the rule that made it")),
    }
}

fn typed<T: Data>(change: &Change<Pack>) -> Change<T> {
    let Change { dot, timestamp, key, effect } = change;
    let effect = effect.value::<T>().expect("an effect is given to the rule that made it").clone();
    Change { dot: *dot, timestamp: *timestamp, key: key.clone(), effect }
}

impl<R: SerdeRule> Packed for R {
    fn effect_of(&self, text: &str) -> Result<Pack, String> {
        serde_json::from_str::<R::Effect>(text).map(Pack::of).map_err(|error| without_position(&error))
    }

    fn state_of(&self, text: &str) -> Result<Pack, String> {
        if text.is_empty() || text == NONE {
            return Ok(Pack::default());
        }
        serde_json::from_str::<R::State>(text).map(Pack::of_state).map_err(|error| without_position(&error))
    }

    fn kind(&self) -> Kind {
        Resolver::kind(self)
    }

    fn uses_wall_clock(&self) -> bool {
        Resolver::uses_wall_clock(self)
    }

    fn prepare(&self, state: &Pack, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Pack, Refusal> {
        parts::known(&op)?;
        Resolver::prepare(self, &typed_state::<R>(state), op, dot, timestamp).map(Pack::of)
    }

    fn apply(&self, state: &mut Pack, change: &Change<Pack>) -> bool {
        let before = typed_state::<R>(state);
        let mut held = R::State::clone(&before);
        let altered = Resolver::apply(self, &mut held, &typed(change));
        if held != *before {
            *state = Pack::of_state(held);
        }
        altered
    }

    fn why_kept(&self, state: &Pack, change: &Change<Pack>) -> &'static str {
        Resolver::why_kept(self, &typed_state::<R>(state), &typed(change))
    }

    fn read(&self, state: &Pack) -> Reading {
        Resolver::read(self, &typed_state::<R>(state))
    }

    fn merge(&self, ours: Side<'_, Pack>, theirs: Side<'_, Pack>) -> Option<Pack> {
        let (our_state, their_state) = (typed_state::<R>(ours.state), typed_state::<R>(theirs.state));
        let ours = Side { state: &*our_state, seen: ours.seen };
        let theirs = Side { state: &*their_state, seen: theirs.seen };
        Resolver::merge(self, ours, theirs).map(Pack::of_state)
    }

    fn collect(&self, state: &Pack, stable: &VersionVector) -> Option<Pack> {
        Resolver::collect(self, &typed_state::<R>(state), stable).map(Pack::of_state)
    }

    fn shows(&self, state: &Pack, dot: Dot) -> bool {
        Resolver::shows(self, &typed_state::<R>(state), dot)
    }

    fn unsure(&self, state: &Pack, dot: Dot) -> bool {
        Resolver::unsure(self, &typed_state::<R>(state), dot)
    }

    fn numbered(&self, all: &[AnyRule], keys: Vec<Key>) -> Box<dyn Numbered> {
        let typed: Option<Vec<R>> = all.iter().map(|rule| (&*rule.0 as &dyn Any).downcast_ref().cloned()).collect();
        match typed {
            Some(rules) => Box::new(Numbers::new(rules, keys)),
            // The masters follow rules of several types.
            None => Box::new(Numbers::new(all.to_vec(), keys)),
        }
    }
}

impl AnyRule {
    /// The rules of all masters on [numbers](crate::node::numbered).
    pub(crate) fn numbered(all: &[AnyRule], keys: Vec<Key>) -> Box<dyn Numbered> {
        all[0].0.numbered(all, keys)
    }

    /// Erases the types of `rule`, unless they are erased.
    pub fn new<R: SerdeRule>(rule: R) -> AnyRule {
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

    fn uses_wall_clock(&self) -> bool {
        self.0.uses_wall_clock()
    }

    fn prepare(&self, state: &Pack, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Pack, Refusal> {
        self.0.prepare(state, op, dot, timestamp)
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

    fn collect(&self, state: &Pack, stable: &VersionVector) -> Option<Pack> {
        self.0.collect(state, stable)
    }

    fn shows(&self, state: &Pack, dot: Dot) -> bool {
        self.0.shows(state, dot)
    }

    fn unsure(&self, state: &Pack, dot: Dot) -> bool {
        self.0.unsure(state, dot)
    }
}
