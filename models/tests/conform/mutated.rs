//! Valid records with one alteration. They contain no loss, repetition or truncation, so every message is in flight
//! once, and the step that must be refused is known.

use super::driver::{EventOf, Links, RecordedOf, Run, run};
use multimaster::record::Event;
use multimaster::{Dot, LastWriteWins, MasterId, Message, Op, Outcome, Reading};
use multimaster_models::record::conform::{Refused, replay};

type Events = Vec<RecordedOf<LastWriteWins>>;

fn good(seed: u64) -> Run<LastWriteWins> {
    run(LastWriteWins, "last-write", Links::Sound, 250, seed)
}

fn refused(run: &Run<LastWriteWins>, events: &Events) -> Result<(), Refused> {
    replay(LastWriteWins, &run.setting, events).map(drop)
}

/// Alters each suitable event, one at a time: every such record is refused at the altered event, with the message
/// `said`.
#[track_caller]
fn each_is_refused(said: &[&str], alter: impl Fn(&mut EventOf<LastWriteWins>) -> bool) {
    let mut altered = 0;
    for seed in 0..14 {
        let run = good(seed);
        assert_eq!(refused(&run, &run.events), Ok(()), "the record is good to begin with");
        for place in 0..run.events.len() {
            let mut events = run.events.clone();
            if !alter(&mut events[place].event) {
                continue;
            }
            altered += 1;
            let refused = refused(&run, &events).expect_err("an altered event");
            assert_eq!(refused.place, place, "{refused}");
            assert!(said.iter().any(|said| refused.what.contains(said)), "{refused}");
        }
    }
    assert!(altered >= 20, "{altered} altered");
}

#[test]
fn another_reading() {
    each_is_refused(&["it was shown never; the model's "], |event| match event {
        Event::Read { reading, .. } => {
            *reading = Reading::Value("never".into());
            true
        }
        _ => false,
    });
}

#[test]
fn another_dot() {
    each_is_refused(&["it was acknowledged as "], |event| match event {
        Event::Write { answer: Ok(dot), .. } => {
            *dot = Dot::new(dot.origin(), dot.seq() + 1);
            true
        }
        _ => false,
    });
}

#[test]
fn an_acknowledgement_for_a_refusal() {
    each_is_refused(&["it is refused: this rule does not take "], |event| match event {
        Event::Write { answer: answer @ Err(_), .. } => {
            *answer = Ok(Dot::new(MasterId(0), 1));
            true
        }
        _ => false,
    });
}

#[test]
fn another_outcome() {
    each_is_refused(&["it was a duplicate; at the model's ", "it was a gap; at the model's "], |event| match event {
        Event::Deliver { outcome: outcome @ Outcome::Duplicate, .. } => {
            *outcome = Outcome::Gap;
            true
        }
        Event::Deliver { outcome, .. } => {
            *outcome = Outcome::Duplicate;
            true
        }
        _ => false,
    });
}

#[test]
fn another_value_arrives() {
    each_is_refused(&["but with \"", "but with null at `/Push/changes/"], |event| match event {
        Event::Deliver { message: Message::Push(push), .. } => {
            push.changes[0].effect = Some("never".into());
            true
        }
        _ => false,
    });
}

#[test]
fn two_changes_arrive_the_other_way_round() {
    each_is_refused(&["the model has no such message in flight"], |event| match event {
        Event::Deliver { message: Message::Push(push), .. } if push.changes.len() > 1 => {
            push.changes.swap(0, 1);
            true
        }
        _ => false,
    });
}

#[test]
fn a_message_is_said_to_build_on_more_or_on_less() {
    each_is_refused(&["the model has no such message in flight"], |event| match event {
        Event::Deliver { message: Message::Push(push), .. } => {
            let dot = Dot::new(MasterId(1), push.extends.get(MasterId(1)) + 99);
            push.extends.insert(dot);
            true
        }
        _ => false,
    });
    // An answer that extends less may be in flight too. Then that answer counts as delivered here, and one of the two
    // deliveries is missing later.
    let mut at_once = 0;
    for seed in 0..14 {
        let run = good(seed);
        for place in 0..run.events.len() {
            let mut events = run.events.clone();
            let Event::Deliver { message: Message::Push(push), .. } = &mut events[place].event else { continue };
            if std::mem::take(&mut push.extends).is_empty() {
                continue;
            }
            let refused = refused(&run, &events).expect_err("a message that builds on less");
            assert!(refused.place >= place, "{refused}");
            at_once += usize::from(refused.place == place && refused.what.starts_with("the model has no such message"));
        }
    }
    assert!(at_once > 200, "{at_once}");
}

#[test]
fn a_message_arrives_elsewhere() {
    each_is_refused(&["the model has no such message in flight; from "], |event| match event {
        Event::Deliver { from, to, .. } => {
            std::mem::swap(from, to);
            true
        }
        _ => false,
    });
}

#[test]
fn what_never_was_in_flight_is_lost_or_becomes_two() {
    each_is_refused(&["the model has "], |event| match event.clone() {
        Event::Deliver { from, to, message: Message::Push(mut push), .. } => {
            push.changes[0].key = "never".into();
            let message = Message::Push(push);
            let lost = matches!(event, Event::Deliver { outcome: Outcome::Duplicate, .. });
            *event = if lost { Event::Lose { from, to, message } } else { Event::Duplicate { from, to, message } };
            true
        }
        _ => false,
    });
}

#[test]
fn another_digest_is_answered() {
    each_is_refused(&["the model has no such digest in flight"], |event| match event {
        Event::Answer { digest, .. } => {
            digest.insert(Dot::new(MasterId(0), 999));
            true
        }
        _ => false,
    });
}

#[test]
fn a_key_of_another_shard() {
    let mut seen = 0;
    for seed in [1, 2, 4, 5] {
        let run = good(seed);
        let elsewhere = |shard| {
            ["p", "q", "r", "s", "t", "u", "v"].into_iter().find(|key| run.setting.layout.shard_of(key) != shard)
        };
        for place in 0..run.events.len() {
            let mut events = run.events.clone();
            let other = elsewhere(events[place].shard).expect("a key elsewhere");
            let Event::Write { key, .. } = &mut events[place].event else { continue };
            *key = other.into();
            seen += 1;
            let refused = refused(&run, &events).unwrap_err();
            assert!(refused.place == place && refused.what.starts_with("this key lies in shard "), "{refused}");
        }
    }
    assert!(seen > 20);
}

/// Removes each event for which `is_cause` is true, one at a time: the record is refused at the named `effect` of that
/// event, or earlier.
#[track_caller]
fn each_is_missed(
    is_cause: impl Fn(&EventOf<LastWriteWins>) -> bool,
    effect: impl Fn(&RecordedOf<LastWriteWins>, &[RecordedOf<LastWriteWins>]) -> Option<usize>,
) {
    let mut removed = 0;
    for seed in 0..14 {
        let run = good(seed);
        for place in (0..run.events.len()).filter(|place| is_cause(&run.events[*place].event)) {
            let mut events = run.events.clone();
            let cause = events.remove(place);
            let Some(latest) = effect(&cause, &events[place..]).map(|further| place + further) else { continue };
            removed += 1;
            let refused = refused(&run, &events).expect_err("something is missing");
            assert!((place..=latest).contains(&refused.place), "{latest}: {refused}");
        }
    }
    assert!(removed >= 20, "{removed} removed");
}

#[test]
fn a_digest_that_was_never_sent() {
    let asked = |event: &EventOf<LastWriteWins>| matches!(event, Event::Ask { .. });
    // Answers come in any order; at the last one between the two masters, there is one too many.
    let mut refusals = 0;
    for seed in 0..14 {
        let run = good(seed);
        for place in (0..run.events.len()).filter(|place| asked(&run.events[*place].event)) {
            let mut events = run.events.clone();
            let shard = events[place].shard;
            let Event::Ask { receiver, sender } = events.remove(place).event else { unreachable!() };
            // At the end no digest is in flight, so each sent digest is answered.
            let refused = refused(&run, &events).unwrap_err();
            assert!(refused.what.starts_with("the model has no such digest in flight"), "{refused}");
            let at = &events[refused.place];
            let same = |event: &EventOf<LastWriteWins>| matches!(event, Event::Answer { sender: s, receiver: r, .. } if *s == sender && *r == receiver);
            assert!(at.shard == shard && same(&at.event) && refused.place >= place, "{refused}");
            refusals += 1;
        }
    }
    assert!(refusals > 20);
}

#[test]
fn a_message_that_was_never_sent() {
    // The next push may send the same changes. But in the end, one more message has arrived than was sent.
    let last_arrival = |sent: &RecordedOf<LastWriteWins>, later: &[RecordedOf<LastWriteWins>]| {
        let Event::Push { from, to, .. } = &sent.event else { return None };
        later.iter().rposition(|later| {
            let there = matches!(&later.event, Event::Deliver { from: f, to: t, .. } if (f, t) == (from, to));
            there && later.shard == sent.shard
        })
    };
    each_is_missed(|event| matches!(event, Event::Push { .. }), last_arrival);
}

#[test]
fn a_write_that_was_never_made() {
    // The next write has another dot.
    let next_there = |made: &RecordedOf<LastWriteWins>, later: &[RecordedOf<LastWriteWins>]| {
        let Event::Write { at, .. } = &made.event else { return None };
        later.iter().position(|later| {
            let there = matches!(&later.event, Event::Write { at: a, answer: Ok(_), .. } if a == at);
            there && later.shard == made.shard
        })
    };
    each_is_missed(|event| matches!(event, Event::Write { answer: Ok(_), .. }), next_there);
}

#[test]
fn a_message_that_arrives_again() {
    let mut repeated = 0;
    for seed in 0..14 {
        let run = good(seed);
        for place in 0..run.events.len() {
            let Event::Deliver { from, to, .. } = run.events[place].event else { continue };
            let mut events = run.events.clone();
            let mut again = events[place].clone();
            if let Event::Deliver { outcome, .. } = &mut again.event {
                *outcome = Outcome::Duplicate;
            }
            events.insert(place + 1, again);
            let renumbered = events.iter_mut().enumerate().map(|(number, event)| event.number = number as u64);
            renumbered.for_each(drop);
            // The answer to a digest may equal the push, and be in flight too. Then the answer counts as delivered
            // here.
            let Err(refused) = refused(&run, &events) else { panic!("it has arrived twice") };
            assert!(refused.place > place, "{refused}");
            if refused.place == place + 1 {
                repeated += 1;
                let said = format!("the model has no such message in flight; from {from} to {to} it has ");
                assert!(refused.what.starts_with(&said), "{refused}");
            }
        }
    }
    assert!(repeated > 200, "{repeated}");
}

#[test]
fn places_that_there_are_not() {
    let run = good(2);
    let masters = run.setting.topology.masters();
    let with = |place: usize, alter: &dyn Fn(&mut RecordedOf<LastWriteWins>)| {
        let mut events = run.events.clone();
        alter(&mut events[place]);
        let refused = refused(&run, &events).unwrap_err();
        assert_eq!(refused.place, place, "{refused}");
        refused.what
    };
    let stranger = MasterId(masters);
    let what = with(5, &|event| event.event = Event::Ask { receiver: stranger, sender: MasterId(0) });
    assert!(what.starts_with(&format!("there is no master {stranger}: the {masters} masters are A to ")), "{what}");
    let what = with(5, &|event| event.event = Event::Truncate { at: MasterId(u16::MAX), keep: usize::MAX });
    assert!(what.starts_with("there is no master M65535"), "{what}");
    let what = with(5, &|event| event.shard = usize::MAX);
    assert!(what.contains("the 3 are counted from 0"), "{what}");
    let what = with(5, &|event| event.number = 4);
    assert_eq!(what, "number 4 comes after 4: events are in the order of their numbers");
    let what = with(0, &|event| event.event = Event::Push { from: MasterId(0), to: MasterId(1), max: usize::MAX });
    assert_eq!(what, "the model's A has nothing to send to B");
    let what = with(0, &|event| event.event = Event::Ask { receiver: MasterId(0), sender: MasterId(0) });
    assert_eq!(what, "A does not hear from A");
    // The model's master answers every request of a client, so no number overflows.
    let mut events = run.events.clone();
    let key = match &events[0].event {
        Event::Write { key, .. } | Event::Read { key, .. } => key.clone(),
        other => panic!("{other:?}"),
    };
    let write =
        Event::Write { at: MasterId(0), key, op: Op::Add(i64::MAX), answer: Ok(Dot::new(MasterId(0), Dot::LAST)) };
    events[0].event = write;
    assert!(refused(&run, &events).unwrap_err().what.contains("it is refused: this rule does not take `add N to KEY`"));
}
