//! Short names and small steps that the tests share.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) use multimaster::Outcome;
use multimaster::{
    Change, Dot, Keep, MasterId, Message, MessageOf, Op, Push, Reading, Replica, Resolver, Text, Timestamp, Topology,
    TopologyError, Version, VersionVector,
};
use std::hash::{DefaultHasher, Hash, Hasher};

pub(crate) const A: MasterId = MasterId(0);
pub(crate) const B: MasterId = MasterId(1);
pub(crate) const C: MasterId = MasterId(2);
pub(crate) const D: MasterId = MasterId(3);

/// All masters of a cluster that has written nothing yet.
pub(crate) fn cluster<R: Resolver, const N: usize>(
    rule: R,
    topology: Result<Topology, TopologyError>,
) -> [Replica<R>; N] {
    let topology = topology.expect("a topology");
    let masters: Vec<_> = topology.ids().map(|id| Replica::new(id, rule.clone(), &topology)).collect();
    masters.try_into().unwrap_or_else(|_| panic!("not {N} masters"))
}

/// Two masters that send to each other.
pub(crate) fn pair<R: Resolver>(rule: R) -> [Replica<R>; 2] {
    cluster(rule, Topology::ring(2))
}

pub(crate) fn set(value: &str) -> Op {
    Op::Set(value.into())
}

pub(crate) fn insert(element: &str) -> Op {
    Op::Insert(element.into())
}

pub(crate) fn remove(element: &str) -> Op {
    Op::Remove(element.into())
}

pub(crate) fn value(text: &str) -> Reading {
    Reading::Value(text.into())
}

pub(crate) fn elements<const N: usize>(each: [&str; N]) -> Reading {
    Reading::Elements(each.into_iter().map(Text::from).collect())
}

pub(crate) fn dot(origin: MasterId, seq: u64) -> Dot {
    Dot::new(origin, seq)
}

pub(crate) fn vector(counts: &[u64]) -> VersionVector {
    counts.to_vec().into()
}

/// A register's change as its origin would send it, to the key `x`.
pub(crate) fn change(origin: MasterId, seq: u64, time: u64) -> Change<Option<Text>> {
    let timestamp = Timestamp::new(time, origin);
    Change { dot: dot(origin, seq), timestamp, key: "x".into(), effect: Some("1".into()) }
}

pub(crate) fn push<S, E>(extends: &[u64], changes: impl IntoIterator<Item = Change<E>>) -> Message<S, E> {
    Message::Push(Push { extends: vector(extends), changes: changes.into_iter().collect() })
}

/// The changes that `from` has to send to `to`, in one message.
pub(crate) fn next<R: Resolver>(from: &mut Replica<R>, to: MasterId) -> MessageOf<R> {
    from.next_push(to, 100).expect("something to send")
}

/// The outcome at `to` of all changes that `from` has to send.
pub(crate) fn carry<R: Resolver>(from: &mut Replica<R>, to: &mut Replica<R>) -> Outcome {
    let message = next(from, to.id());
    to.receive(from.id(), message)
}

/// The outcome at `to` of the answer of `from` to the digest of `to`.
pub(crate) fn repair<R: Resolver>(from: &Replica<R>, to: &mut Replica<R>) -> Outcome {
    let message = from.answer(to.digest(), 100).expect("something lacking");
    to.receive(from.id(), message)
}

/// Whether the message contained changes that the master had not seen.
pub(crate) fn is_new(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Applied | Outcome::Stale)
}

/// The hash and the whole state as text, to compare two masters.
pub(crate) fn print<R: Resolver>(master: &Replica<R>) -> (u64, String) {
    let mut hasher = DefaultHasher::new();
    master.hash(&mut hasher);
    (hasher.finish(), format!("{master:?}"))
}

/// Of two bookings of the last seat, the one with the lower-numbered seat; of equal seats the earlier one.
pub(crate) fn lower_seat(first: &Version, second: &Version) -> Keep {
    let seat = |version: &Version| {
        let digits = version.value.as_deref().and_then(|booking| booking.split_whitespace().next());
        digits.and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(u32::MAX)
    };
    if seat(second) < seat(first) { Keep::Second } else { Keep::First }
}
