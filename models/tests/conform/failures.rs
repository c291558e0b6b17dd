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

const LEAVES: usize = 16;

/// The good record, up to the crash of B, and then D joins: C is the origin of A's later writes.
fn joined() -> Vec<String> {
    let told = |at| format!(r#"{{"admit":{{"at":{at},"id":3,"hears-from":[0,1],"sends-to":[0,1],"replaces":[]}}}}"#);
    let mut events: Vec<String> = good()[..LEAVES].into();
    events.extend([0, 1, 3].map(told));
    events.extend(
        [
            r#"{"ask":{"receiver":3,"sender":1}}"#,
            r#"{"answer":{"sender":1,"receiver":3,"digest":[],"max":1}}"#,
            r#"{"write":{"at":3,"key":"l","op":{"Set":"3"},"answer":{"Ok":{"origin":3,"seq":1}}}}"#,
        ]
        .map(str::to_owned),
    );
    events.push(format!(r#"{{"deliver":{{"from":1,"to":3,"message":{A1},"outcome":"Applied"}}}}"#));
    events.push(r#"{"read":{"at":3,"key":"k","reading":{"Value":"1"}}}"#.into());
    events
}

#[test]
fn a_master_that_joins_is_a_master_of_the_model() {
    let text = record(&joined());
    let summary = check_text("run.jsonl", &text).unwrap();
    assert!(summary.to_string().contains("\nMasters that joined: 1."), "{summary}");
    let others = joined().iter().map(|event| event.replace("\"id\":3", "\"id\":2")).collect::<Vec<_>>();
    refused(&others, LEAVES, "C is not a fresh id");
    let master = joined().iter().map(|event| event.replace("\"id\":3", "\"id\":1")).collect::<Vec<_>>();
    refused(&master, LEAVES, "B is not a fresh id");
}

#[test]
fn a_new_master_is_told_last_and_like_all_others() {
    let (first, second, new) = (LEAVES, LEAVES + 1, LEAVES + 2);
    let mut events = joined();
    events.swap(second, new);
    refused(&events, second, "B was not told yet that D joins: the new master is told last");
    let mut events = joined();
    events[second] = events[second].replace("[0,1]", "[0]");
    refused(&events, second, "another master was told other edges of D");
    let mut events = joined();
    events.insert(new + 1, events[new].clone());
    refused(&events, new + 1, "D has joined already");
    let mut events = joined();
    events.remove(new);
    refused(&events, new, "D is down");
    let mut events = joined();
    events[first] = events[first].replace("\"hears-from\":[0,1]", "\"hears-from\":[7]");
    refused(&events, first, "D cannot join: there is no master H");
}

#[test]
fn a_master_that_was_down_is_told_who_has_joined_before_it_does_anything() {
    let mut events = joined();
    events.insert(LEAVES, r#"{"crash":{"at":0,"kept":"all","fresh":null}}"#.into());
    events.remove(LEAVES + 1);
    events.push(r#"{"restart":{"at":0}}"#.into());
    events.push(r#"{"read":{"at":0,"key":"l","reading":"Nothing"}}"#.into());
    let last = events.len() - 1;
    refused(&events, last, "A has restarted, and was not told yet which masters have joined");
    // C is the origin of A's later writes, so it is no master.
    events.insert(last, r#"{"bypass":{"at":0,"dead":[2]}}"#.into());
    assert!(check_text("run.jsonl", &record(&events)).is_ok());
}
