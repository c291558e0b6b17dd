//! Records with cuts and crashes: right ones are paths of the model, and each wrong claim is refused.

use multimaster_models::record::conform::check_text;

const SETTING: &str = r#"{"rule":"last-write","topology":{"masters":2,"edges":[[0,1],[1,0]]},"layout":1}"#;

const A1: &str = r#"{"Push":{"extends":[],"changes":[{"dot":{"origin":0,"seq":1},"timestamp":{"time":1,"master":0},"key":"k","effect":"1"}]}}"#;

/// A writes, loses its state, restarts as C, gets its write back from B and writes again, and B is cut off meanwhile.
fn good() -> Vec<String> {
    let arrives = |from, to| format!(r#"{{"deliver":{{"from":{from},"to":{to},"message":{A1},"outcome":"Applied"}}}}"#);
    let mut events: Vec<String> = [
        r#"{"write":{"at":0,"key":"k","op":{"Set":"1"},"answer":{"Ok":{"origin":0,"seq":1}}}}"#,
        r#"{"push":{"from":0,"to":1,"max":4}}"#,
        r#"{"save":{"at":0}}"#,
        r#"{"crash":{"at":0,"kept":"nothing","fresh":2}}"#,
        r#"{"restart":{"at":0}}"#,
        r#"{"read":{"at":0,"key":"k","reading":"Nothing"}}"#,
        r#"{"ask":{"receiver":0,"sender":1}}"#,
        r#"{"answer":{"sender":1,"receiver":0,"digest":[],"max":4}}"#,
        r#"{"cut":{"from":0,"to":1}}"#,
        r#"{"advance":{"at":0,"now":8}}"#,
        r#"{"write":{"at":0,"key":"k","op":{"Set":"2"},"answer":{"Ok":{"origin":2,"seq":1}}}}"#,
        r#"{"push":{"from":0,"to":1,"max":4}}"#,
        r#"{"heal":{"from":0,"to":1}}"#,
        r#"{"deliver":{"from":0,"to":1,"message":{"Push":{"extends":[],"changes":[{"dot":{"origin":0,"seq":1},"timestamp":{"time":1,"master":0},"key":"k","effect":"1"},{"dot":{"origin":2,"seq":1},"timestamp":{"time":9,"master":2},"key":"k","effect":"2"}]}},"outcome":"Applied"}}"#,
        r#"{"crash":{"at":1,"kept":"all","fresh":null}}"#,
        r#"{"bypass":{"at":0,"dead":[1]}}"#,
    ]
    .map(str::to_owned)
    .into();
    events.insert(2, arrives(0, 1));
    events.insert(9, arrives(1, 0));
    events
}

fn record(events: &[String]) -> String {
    let line = |(number, event)| format!(r#"{{"number":{number},"shard":0,"event":{event}}}"#);
    let lines = events.iter().enumerate().map(line);
    std::iter::once(SETTING.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// That the record is refused, at the event with this number, with these words.
#[track_caller]
fn refused(events: &[String], number: usize, said: &str) {
    let why = check_text("run.jsonl", &record(events)).expect_err("it is wrong").to_string();
    assert!(why.starts_with(&format!("run.jsonl:{}: ", number + 2)) && why.contains(said), "{why}");
}

/// The good record in which the events that contain `what` have it replaced.
fn with(what: &str, instead: &str) -> Vec<String> {
    let altered: Vec<String> = good().iter().map(|event| event.replace(what, instead)).collect();
    assert_ne!(altered, good(), "nothing contains {what}");
    altered
}

/// The good record with an event at this place.
fn inserted(place: usize, event: &str) -> Vec<String> {
    let mut events = good();
    events.insert(place, event.to_owned());
    events
}

fn without(place: usize) -> Vec<String> {
    let mut events = good();
    events.remove(place);
    events
}

const CRASH: usize = 4;
const RESTART: usize = 5;

#[test]
fn a_run_with_cuts_and_crashes_is_a_path_of_the_model() {
    let summary = check_text("run.jsonl", &record(&good())).unwrap();
    let shard = &summary.shards[0];
    assert_eq!((shard.tally.crashes, shard.tally.cuts, shard.seen_alike), (2, 1, true));
    assert!(summary.to_string().contains("\nCrashes: 2. Cuts of links: 1."), "{summary}");
}

#[test]
fn what_was_kept_is_what_the_master_comes_back_with() {
    let mut saved = with("\"nothing\"", "\"saved\"");
    refused(&saved, RESTART + 1, "it was shown -; the model's A, which has seen A1, shows 1");
    saved[RESTART + 1] = r#"{"read":{"at":0,"key":"k","reading":{"Value":"1"}}}"#.into();
    saved.truncate(RESTART + 2);
    assert!(check_text("run.jsonl", &record(&saved)).is_ok());
    // If it was never saved, nothing is left.
    saved.remove(CRASH - 1);
    refused(&saved, RESTART, "it was shown 1; the model's A, which has seen nothing, shows -");
}

#[test]
fn a_restart_needs_a_fresh_origin_unless_all_was_kept() {
    for old in ["0", "1", "65535"] {
        refused(&with("\"fresh\":2", &format!("\"fresh\":{old}")), CRASH, " is not a fresh origin");
    }
    refused(&with("\"fresh\":2", "\"fresh\":null"), CRASH, "`fresh` must be a fresh origin, not null");
    refused(&with("\"kept\":\"nothing\"", "\"kept\":\"all\""), CRASH, "`fresh` must be null, not C");
    let again = [r#"{"crash":{"at":0,"kept":"nothing","fresh":2}}"#.to_owned()];
    let twice: Vec<String> = good()[..=RESTART].iter().cloned().chain(again).collect();
    refused(&twice, RESTART + 1, "C is not a fresh origin");
}

#[test]
fn a_write_after_the_restart_has_the_fresh_origin() {
    let write = 12;
    for (dot, name) in [(r#"{"origin":0,"seq":1}"#, "A1"), (r#"{"origin":0,"seq":2}"#, "A2")] {
        let mut events = good();
        events[write] = events[write].replace(r#"{"origin":2,"seq":1}"#, dot);
        refused(&events, write, &format!("it was acknowledged as {name}; at the model's A it is acknowledged as C1"));
    }
}

#[test]
fn a_master_that_is_down_does_nothing() {
    for (event, at) in [
        (r#"{"write":{"at":0,"key":"k","op":{"Set":"2"},"answer":{"Ok":{"origin":2,"seq":1}}}}"#, "A"),
        (r#"{"read":{"at":0,"key":"k","reading":"Nothing"}}"#, "A"),
        (r#"{"ask":{"receiver":0,"sender":1}}"#, "A"),
        (r#"{"push":{"from":0,"to":1,"max":4}}"#, "A"),
        (r#"{"truncate":{"at":0,"keep":1}}"#, "A"),
        (r#"{"advance":{"at":0,"now":8}}"#, "A"),
        (r#"{"save":{"at":0}}"#, "A"),
        (r#"{"crash":{"at":0,"kept":"nothing","fresh":3}}"#, "A"),
    ] {
        refused(&inserted(RESTART, event), RESTART, &format!("{at} is down: it has crashed, and not restarted since"));
    }
    refused(&without(RESTART), RESTART, "A is down: it has crashed");
    refused(&without(CRASH), CRASH, "A is up: it has not crashed since its last restart");
}

#[test]
fn nothing_arrives_over_a_link_that_is_cut() {
    let heal = 14;
    refused(&without(heal), heal, "the link A -> B is cut: nothing arrives over it");
    let asked = inserted(heal, r#"{"ask":{"receiver":1,"sender":0}}"#);
    let answered = r#"{"answer":{"sender":0,"receiver":1,"digest":[1],"max":4}}"#;
    let events: Vec<String> = asked[..=heal].iter().cloned().chain([answered.to_owned()]).collect();
    refused(&events, heal + 1, "the link A -> B is cut: nothing arrives over it");
    refused(&inserted(heal, r#"{"cut":{"from":0,"to":1}}"#), heal, "the link A -> B is cut already");
    refused(&inserted(heal + 1, r#"{"heal":{"from":0,"to":1}}"#), heal + 1, "the link A -> B is not cut");
}

#[test]
fn only_a_master_that_is_down_is_bypassed_and_it_is_gone_for_good() {
    let last = good().len() - 1;
    refused(&without(last - 1), last - 1, "B is not a master that is down");
    refused(&with("\"dead\":[1]", "\"dead\":[9]"), last, "J is not a master that is down");
    refused(&inserted(last + 1, r#"{"restart":{"at":1}}"#), last + 1, "B is gone for good");
}
