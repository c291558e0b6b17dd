//! The actors alone: the test carries their packets.

use multimaster::{Change, Dot, LastWriteWins, MasterId, ObservedRemoveSet, Reading, Timestamp, Topology};
use multimaster_models::SerdeRule;
use multimaster_models::rules::systems::CassandraCell;
use multimaster_models::scope::{LinkKind, Scope};
use multimaster_models::spawn::{
    Digest, Epochs, Journal, MAX_DATAGRAM, MAX_PARTS, MasterActor, MasterState, NotTaken, Packet, Part, Pushed, Timer,
    WINDOW,
};
use stateright::actor::{Actor, Command, Id, Out};
use std::borrow::Cow;
use std::collections::VecDeque;

pub(super) fn pair(batch: usize, log: Option<usize>) -> Scope {
    let topology = Topology::all_to_all(2).unwrap();
    let link = LinkKind::Datagram { losses: 0, duplicates: 0 };
    Scope { batch, log, ..Scope::new(topology, link) }
}

pub(super) const CLIENT: usize = 9;

/// The epochs of two masters that were started together.
pub(super) fn together() -> Epochs {
    vec![5, 7].into()
}

/// Two masters, the packets in flight between them, and the last answer to their client.
pub(super) struct Pair<R: SerdeRule> {
    pub(super) actors: Vec<MasterActor<R>>,
    pub(super) states: Vec<MasterState<R>>,
    pub(super) flying: VecDeque<(usize, usize, Packet<R::Effect>)>,
    told: Option<Packet<R::Effect>>,
}

/// A master at its start, and the packets that it sends then.
fn start<R: SerdeRule>(
    at: usize,
    rule: &R,
    batch: usize,
    log: Option<usize>,
    epochs: Epochs,
) -> (MasterActor<R>, MasterState<R>, Out<MasterActor<R>>) {
    let (id, ids) = (MasterId(at as u16), Id::vec_from([0usize, 1]));
    let actor = MasterActor::new(id, rule.clone(), pair(batch, log), ids, epochs, None, Journal::silent());
    let mut out = Out::new();
    let state = actor.on_start(Id::from(at), &None, &mut out);
    (actor, state, out)
}

impl<R: SerdeRule> Pair<R> {
    /// Two masters that were started together.
    pub(super) fn new(rule: R, batch: usize, log: Option<usize>) -> Pair<R> {
        let started = |_| together();
        Pair::started(rule, batch, log, started)
    }

    /// Two masters, each with its known epochs at the start.
    pub(super) fn started(rule: R, batch: usize, log: Option<usize>, epochs: impl Fn(usize) -> Epochs) -> Pair<R> {
        let mut pair = Pair { actors: Vec::new(), states: Vec::new(), flying: VecDeque::new(), told: None };
        for at in 0..2 {
            let (actor, state, out) = start(at, &rule, batch, log, epochs(at));
            pair.actors.push(actor);
            pair.states.push(state);
            pair.sent(at, out);
        }
        pair
    }

    /// Ends one master and starts it again, with this epoch.
    pub(super) fn start_again(&mut self, at: usize, rule: R, epoch: u64) {
        let (actor, state, out) = start(at, &rule, 1, None, Epochs::of(2, [(MasterId(at as u16), epoch)]));
        (self.actors[at], self.states[at]) = (actor, state);
        self.flying.retain(|(_, to, _)| *to != at);
        self.sent(at, out);
    }

    pub(super) fn deliver(&mut self, from: usize, to: usize, packet: Packet<R::Effect>) {
        let mut out = Out::new();
        let mut state = Cow::Borrowed(&self.states[to]);
        self.actors[to].on_msg(Id::from(to), &mut state, Id::from(from), packet, &mut out);
        self.states[to] = state.into_owned();
        self.sent(to, out);
    }

    fn sent(&mut self, by: usize, out: Out<MasterActor<R>>) {
        for command in out {
            if let Command::Send(to, packet) = command {
                let bytes = packet.to_bytes().unwrap();
                assert!(bytes.len() <= MAX_DATAGRAM, "a datagram of {} bytes", bytes.len());
                assert_eq!(Packet::<R::Effect>::of_bytes(&bytes).to_bytes().unwrap(), bytes, "{packet:?}");
                match usize::from(to) {
                    CLIENT => self.told = Some(packet),
                    to => self.flying.push_back((by, to, packet)),
                }
            }
        }
    }

    pub(super) fn tick(&mut self, at: usize) {
        self.timeout(at, &Timer::Tick);
    }

    pub(super) fn timeout(&mut self, at: usize, timer: &Timer) {
        let mut out = Out::new();
        let mut state = Cow::Borrowed(&self.states[at]);
        self.actors[at].on_timeout(Id::from(at), &mut state, timer, &mut out);
        self.states[at] = state.into_owned();
        self.sent(at, out);
    }

    /// Delivers all packets except those that `lost` picks by their number in the order of delivery. Returns their
    /// count.
    pub(super) fn run(&mut self, mut lost: impl FnMut(usize) -> bool) -> usize {
        let mut number = 0;
        while let Some((from, to, packet)) = self.flying.pop_front() {
            number += 1;
            if !lost(number) {
                self.deliver(from, to, packet);
            }
        }
        number
    }

    pub(super) fn ask(&mut self, at: usize, text: &str) -> Option<Packet<R::Effect>> {
        self.deliver(CLIENT, at, Packet::Ask(text.into()));
        self.told.take()
    }

    pub(super) fn reads(&self, at: usize, key: &str) -> Reading {
        self.states[at].replica().read(key)
    }

    pub(super) fn counted(&self, at: usize, name: &str) -> u64 {
        self.actors[at].journal().counts().get(name).copied().unwrap_or(0)
    }

    pub(super) fn agree(&self) -> bool {
        self.states[0].replica().readings().eq(self.states[1].replica().readings())
    }
}

/// A has made all these writes, and B has received none of them.
fn unheard<R: SerdeRule>(rule: R, batch: usize, log: Option<usize>, asks: impl Iterator<Item = String>) -> Pair<R> {
    let mut pair = Pair::new(rule, batch, log);
    for ask in asks {
        assert!(matches!(pair.ask(0, &ask), Some(Packet::Wrote(_))), "{ask}");
    }
    pair.flying.clear();
    pair
}

fn long_values(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("set k{n} = {}", "x".repeat(1000)))
}

fn parts_in_flight<E: Clone>(flying: &VecDeque<(usize, usize, Packet<E>)>) -> Vec<Part> {
    let part = |(_, _, packet): &(usize, usize, Packet<E>)| match packet {
        Packet::Part(part) => Some(part.clone()),
        _ => None,
    };
    flying.iter().filter_map(part).collect()
}

#[test]
fn a_time_is_refused_by_a_rule_that_uses_no_wall_clocks_and_taken_by_one_that_does() {
    let mut untimed = Pair::new(LastWriteWins, 1, None);
    let Some(Packet::Refused(why)) = untimed.ask(0, "at 9, set k = 1") else { panic!("it is refused") };
    assert!(why.contains("`at 9`") && why.contains("uses no wall clocks") && why.contains("cassandra"), "{why}");
    assert_eq!(untimed.reads(0, "k"), Reading::Nothing);
    let mut timed = Pair::new(CassandraCell::default(), 1, None);
    assert!(matches!(timed.ask(0, "at 9, set k = 1"), Some(Packet::Wrote(_))));
    assert!(matches!(timed.ask(0, "at 5, set k = 2"), Some(Packet::Wrote(_))));
    assert_eq!(timed.reads(0, "k"), Reading::Value("1".into()));
}

#[test]
fn a_push_longer_than_a_datagram_becomes_several_that_chain() {
    let mut pair = unheard(LastWriteWins, 100, None, long_values(20));
    pair.tick(1);
    let (from, to, digest) = pair.flying.pop_front().unwrap();
    pair.deliver(from, to, digest);
    assert_eq!(pair.flying.len(), 4, "20 of 1,000 bytes and their wrapping: five in each datagram");
    // In the wrong order they are gaps, which one digest repairs, and not three.
    pair.flying.make_contiguous().reverse();
    pair.run(|_| false);
    assert!(pair.agree() && pair.counted(1, "gap") == 3, "{:?}", pair.actors[1].journal().counts());
    assert_eq!(pair.counted(0, "digest"), 2, "the tick's and one for the gap");
}

#[test]
fn lost_pushes_are_repaired_by_ticks() {
    let mut pair = unheard(LastWriteWins, 2, None, long_values(40));
    let mut ticks = 0;
    while !pair.agree() {
        pair.tick(1);
        pair.run(|number| number % 3 == 0);
        ticks += 1;
        assert!(ticks < 40, "{:?}", pair.actors[1].journal().counts());
    }
    assert!(ticks > 1, "something was lost");
}

#[test]
fn a_snapshot_is_installed_when_its_last_part_has_come_and_never_before() {
    let mut pair = unheard(LastWriteWins, 1, Some(1), long_values(20));
    pair.tick(1);
    let (from, to, digest) = pair.flying.pop_front().unwrap();
    pair.deliver(from, to, digest);
    let parts = parts_in_flight(&pair.flying);
    assert_eq!((parts.len(), parts[0].of), (3, 3));
    let untouched = pair.states[1].replica().clone();
    // The second part is lost; the others arrive in the wrong order, and twice.
    for number in [2, 0, 2, 0] {
        pair.deliver(0, 1, Packet::Part(parts[number].clone()));
        assert!(*pair.states[1].replica() == untouched);
    }
    assert_eq!((pair.counted(1, "part"), pair.counted(1, "duplicate")), (2, 2));
    // A part of a newer snapshot does not complete the older one, and the lost part of the older one does not complete
    // the newer.
    pair.flying.clear();
    assert!(matches!(pair.ask(0, "set k0 = new"), Some(Packet::Wrote(_))));
    pair.tick(0);
    pair.flying.clear();
    pair.deliver(1, 0, Packet::Digest(Digest { epochs: together(), seen: Vec::new().into(), holds: None }));
    let newer = parts_in_flight(&pair.flying);
    for part in [&newer[1], &parts[1], &newer[0], &parts[2]] {
        pair.deliver(0, 1, Packet::Part(part.clone()));
        assert!(*pair.states[1].replica() == untouched);
    }
    pair.deliver(0, 1, Packet::Part(newer[2].clone()));
    assert_eq!(pair.reads(1, "k0"), Reading::Value("new".into()));
    assert!(pair.agree());
    // Late parts have no effect.
    let known = pair.states[1].clone();
    pair.deliver(0, 1, Packet::Part(newer[0].clone()));
    pair.deliver(0, 1, Packet::Part(parts[0].clone()));
    assert_eq!(pair.states[1], known);
}

#[test]
fn a_long_snapshot_comes_window_by_window_and_what_is_lost_is_asked_for() {
    let mut pair = unheard(LastWriteWins, 1, Some(1), long_values(200));
    pair.tick(1);
    let sent = pair.run(|_| false);
    assert!(pair.agree(), "without a loss, one tick is enough");
    let parts = pair.counted(1, "part");
    assert!(parts > 3 * u64::from(WINDOW), "{parts}");
    assert_eq!(sent as u64, parts + parts.div_ceil(u64::from(WINDOW)), "parts, and a digest for each window");

    let mut pair = unheard(LastWriteWins, 1, Some(1), long_values(200));
    let mut ticks = 0;
    while !pair.agree() {
        pair.tick(1);
        pair.run(|number| number % 4 == 0);
        ticks += 1;
        assert!(ticks < 100, "{:?}", pair.actors[1].journal().counts());
    }
    assert_eq!(pair.counted(1, "part"), parts, "no part was needed twice");
}

#[test]
fn a_key_that_no_datagram_could_hold_gets_across() {
    let elements = (0..600).map(|n| format!("insert {n:0>30} into tags"));
    let mut pair = unheard(ObservedRemoveSet, 1, Some(1), elements);
    pair.tick(1);
    pair.run(|_| false);
    let Reading::Elements(elements) = pair.reads(1, "tags") else { panic!("a set") };
    assert_eq!(elements.len(), 600);
    // The reading is longer than a datagram, too: the reader gets an error.
    pair.deliver(CLIENT, 1, Packet::Read("tags".into()));
    let Some(Packet::Refused(why)) = pair.told.take() else { panic!("it cannot have fitted") };
    assert!(why.contains("8192"), "{why}");
}

#[test]
fn parts_that_cannot_be_are_refused_and_keep_nothing_out() {
    let mut pair = unheard(LastWriteWins, 1, Some(1), long_values(20));
    let untouched = pair.states[1].clone();
    let part = |seen: &[u64], number, of, text: &str| {
        Packet::Part(Part { epochs: together(), seen: seen.to_vec().into(), number, of, text: text.into() })
    };
    for (packet, name) in [
        (part(&[1], 0, 0, ""), "impossible part"),
        (part(&[1], 5, 5, ""), "impossible part"),
        (part(&[1], 0, MAX_PARTS + 1, ""), "impossible part"),
        (part(&[1, 0, 1], 0, 1, ""), "unknown origin"),
        (part(&[1, 1], 0, 1, ""), "impossible dot"),
        (part(&[9], 0, 1, "{\"seen\":[9],"), "impossible part"),
        (part(&[9], 0, 1, r#"{"seen":[8],"clock":8,"table":{}}"#), "impossible part"),
        (part(&[9], 0, 1, r#"{"seen":[9],"clock":9223372036854775807,"table":{}}"#), "impossible timestamp"),
    ] {
        let before = pair.counted(1, name);
        pair.deliver(0, 1, packet.clone());
        assert_eq!(pair.counted(1, name), before + 1, "{packet:?}");
        assert_eq!(pair.states[1].replica(), untouched.replica(), "{packet:?}");
    }
    // A part of an impossibly new snapshot is dropped after a few ticks.
    pair.deliver(0, 1, part(&[Dot::LAST], 0, 2, ""));
    for _ in 0..4 {
        assert!(!pair.agree());
        pair.tick(1);
        pair.run(|_| false);
    }
    assert!(pair.agree());
}

#[test]
fn a_write_that_no_datagram_could_carry_is_refused_and_the_longest_other_travels() {
    let mut pair = Pair::new(LastWriteWins, 1, None);
    let (mut fits, mut too_long) = (1, MAX_DATAGRAM);
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        match pair.ask(0, &format!("set k = {}", "\"".repeat(middle))) {
            Some(Packet::Wrote(_)) => fits = middle,
            Some(Packet::Refused(why)) => {
                assert!(why.contains("8192"), "{why}");
                too_long = middle;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((3_600..3_800).contains(&fits), "each quote takes two bytes: {fits}");
    pair.run(|_| false);
    assert!(pair.agree() && pair.reads(1, "k") != Reading::Nothing);
    // Such a change is also refused from a peer, because it could not be passed on.
    let dot = Dot::new(MasterId(0), pair.states[1].replica().digest().get(MasterId(0)) + 1);
    let timestamp = Timestamp::new(99, MasterId(0));
    let change = Change { dot, timestamp, key: "k".into(), effect: Some("x".repeat(MAX_DATAGRAM).into()) };
    let extends = pair.states[1].replica().digest().clone();
    pair.deliver(0, 1, Packet::Push(Pushed { epochs: together(), extends, changes: [change].into() }));
    assert_eq!(pair.counted(1, "too large a change"), 1);
}

#[test]
fn an_absurd_digest_harms_nobody() {
    let mut pair = unheard(LastWriteWins, 1, Some(1), long_values(20));
    let seen = pair.states[0].replica().digest().clone();
    for first in [3, WINDOW, u32::MAX - 1, u32::MAX] {
        let holds = Some((seen.clone(), first));
        pair.deliver(1, 0, Packet::Digest(Digest { epochs: together(), seen: Vec::new().into(), holds }));
        assert!(pair.flying.is_empty(), "it holds all, it says");
    }
    for (seen, name) in [(vec![Dot::LAST], "impossible dot"), (vec![0, 0, 1], "unknown origin")] {
        pair.deliver(1, 0, Packet::Digest(Digest { epochs: together(), seen: seen.into(), holds: None }));
        assert_eq!((pair.counted(0, name), pair.flying.len()), (1, 0));
    }
    pair.deliver(1, 0, Packet::Digest(Digest { epochs: together(), seen: vec![0, Dot::LAST].into(), holds: None }));
    assert!(!pair.flying.is_empty(), "what B says of itself is B's affair");
}

#[test]
fn every_truncated_packet_is_unreadable() {
    let mut pair = unheard(LastWriteWins, 2, Some(1), long_values(2));
    pair.tick(1);
    let (from, to, digest) = pair.flying.pop_front().unwrap();
    pair.deliver(from, to, digest.clone());
    let part = pair.flying.pop_front().unwrap().2;
    pair.ask(0, "set k = v");
    let push = pair.flying.pop_front().unwrap().2;
    assert!(matches!((&part, &push, &digest), (Packet::Part(_), Packet::Push(_), Packet::Digest(_))));
    for packet in [digest, part, push, Packet::Ask("set k = v".into()), Packet::Read("k".into()), Packet::Counts] {
        let bytes = packet.to_bytes().unwrap();
        for length in 0..bytes.len() - 1 {
            let cut = Packet::<Option<multimaster::Text>>::of_bytes(&bytes[..length]);
            assert!(matches!(cut, Packet::Unreadable(NotTaken::Unreadable(_))), "{length}: {cut:?}");
        }
    }
}
