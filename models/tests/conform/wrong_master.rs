//! The article's master, recorded. Its `set` locks, writes the map and unlocks, and only then puts the change into the
//! channel, so two sets may enter the channel in reverse order. Such a run is no path of the model, because there a
//! write and its log entry are one step.

use multimaster::record::{Event, Recorded, Setting};
use multimaster::{
    ArrivalWins, Change, Dot, Layout, MasterId, Message, Op, Outcome, Push, Reading, Resolver, Text, Timestamp,
    Topology, VersionVector, record,
};
use multimaster_models::record::conform::{Failure, check_text};
use std::sync::{Mutex, mpsc};
use std::thread;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);

type ArticleEvent = Event<<ArrivalWins as Resolver>::State, <ArrivalWins as Resolver>::Effect>;
type Sent = Change<Option<Text>>;

/// A change to be sent, and its recorded write.
struct Master {
    /// The map's one value, and the number of sets.
    held: Mutex<(Option<Text>, u64)>,
    events: Mutex<Vec<ArticleEvent>>,
}

impl Master {
    /// `Set`: between unlocking and the channel, another set may overtake. Here the one that `waits` is overtaken.
    fn set(&self, value: &str, out: &mpsc::Sender<Sent>, waits: impl FnOnce()) {
        let mut held = self.held.lock().unwrap();
        *held = (Some(value.into()), held.1 + 1);
        let dot = Dot::new(A, held.1);
        let write = Event::Write { at: A, key: "k".into(), op: Op::Set(value.into()), answer: Ok(dot) };
        self.events.lock().unwrap().push(write);
        drop(held);
        waits();
        let timestamp = Timestamp::new(dot.seq(), A);
        out.send(Change { dot, timestamp, key: "k".into(), effect: Some(value.into()) }).unwrap();
    }
}

/// Two clients set at A. B's loop takes one change after the other from the channel and overwrites its value.
fn recorded() -> Vec<ArticleEvent> {
    let master = Master { held: Mutex::default(), events: Mutex::default() };
    let (out, channel) = mpsc::channel();
    let (first_is_held, first_was_held) = mpsc::channel();
    let (second_is_sent, second_was_sent) = mpsc::channel::<()>();
    thread::scope(|threads| {
        let (master, own) = (&master, out.clone());
        threads.spawn(move || {
            master.set("1", &own, || {
                first_is_held.send(()).unwrap();
                second_was_sent.recv().unwrap();
            });
        });
        threads.spawn(move || {
            first_was_held.recv().unwrap();
            master.set("2", &out, || {});
            second_is_sent.send(()).unwrap();
        });
    });
    let mut events = master.events.into_inner().unwrap();
    let mut seen = VersionVector::default();
    let mut at_b = Reading::Nothing;
    for change in channel {
        events.push(Event::Push { from: A, to: B, max: 1 });
        at_b = change.effect.clone().map_or(Reading::Nothing, Reading::Value);
        let (extends, dot) = (seen.clone(), change.dot);
        let message = Message::Push(Push { extends, changes: [change].into() });
        events.push(Event::Deliver { from: A, to: B, message, outcome: Outcome::Applied });
        seen.insert(dot);
    }
    let at_a = Reading::Value(master.held.into_inner().unwrap().0.unwrap());
    events.push(Event::Read { at: A, key: "k".into(), reading: at_a });
    events.push(Event::Read { at: B, key: "k".into(), reading: at_b });
    events
}

fn check(events: Vec<ArticleEvent>) -> Result<(), Failure> {
    let topology = Topology::all_to_all(2).unwrap();
    let setting = Setting { rule: "arrival".into(), topology, layout: Layout::of(1).unwrap(), collects: false };
    let number = |(number, event)| Recorded { number: number as u64, shard: 0, event };
    let events: Vec<_> = events.into_iter().enumerate().map(number).collect();
    let mut text = Vec::new();
    record::write(&mut text, &setting, &events).unwrap();
    check_text("article.jsonl", &String::from_utf8(text).unwrap()).map(drop)
}

#[test]
fn two_sets_that_are_sent_the_other_way_round_are_found_out_as_the_first_arrives() {
    let refused = check(recorded()).unwrap_err();
    assert!(matches!(refused, Failure::Run(_)));
    assert_eq!(
        refused.to_string(),
        "article.jsonl:5: shard 0, step 4: A -> B: A2 after nothing: the model has no such message in flight; from A to B \
         it has A1 after nothing"
    );
}

/// The masters alone show this state, for ever.
#[test]
fn and_the_masters_read_otherwise_for_ever() {
    let shown: Vec<_> =
        recorded().into_iter().filter(|event| !matches!(event, Event::Push { .. } | Event::Deliver { .. })).collect();
    let read = |at| {
        shown.iter().find_map(|event| match event {
            Event::Read { at: place, reading, .. } if *place == at => Some(reading.to_string()),
            _ => None,
        })
    };
    assert_eq!((read(A).as_deref(), read(B).as_deref()), (Some("2"), Some("1")));
    let refused = check(shown).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "article.jsonl:5: shard 0, step 4: B reads k: it was shown 1; the model's B, which has seen nothing, shows -"
    );
}
