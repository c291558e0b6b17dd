//! Records with collected tombstones: right ones are paths of the model, and one that drops a tombstone too early is refused.

use multimaster_models::record::conform::check_text;

const SETTING: &str =
    r#"{"rule":"last-write","topology":{"masters":2,"edges":[[0,1],[1,0]]},"layout":1,"collects":true}"#;

/// A writes k and deletes it, B sees both and tells A so, and A drops the tombstone. Then A tells B, which drops it too.
fn good() -> Vec<String> {
    const BOTH: &str = r#"{"Push":{"extends":[],"changes":[{"dot":{"origin":0,"seq":1},"timestamp":{"time":1,"master":0},"key":"k","effect":"1"},{"dot":{"origin":0,"seq":2},"timestamp":{"time":2,"master":0},"key":"k","effect":null}]}}"#;
    let arrives = format!(r#"{{"deliver":{{"from":0,"to":1,"message":{BOTH},"outcome":"Applied"}}}}"#);
    [
        r#"{"write":{"at":0,"key":"k","op":{"Set":"1"},"answer":{"Ok":{"origin":0,"seq":1}}}}"#,
        r#"{"write":{"at":0,"key":"k","op":"Delete","answer":{"Ok":{"origin":0,"seq":2}}}}"#,
        r#"{"push":{"from":0,"to":1,"max":4}}"#,
        &arrives,
        r#"{"tell":{"from":1,"to":0}}"#,
        r#"{"learn":{"from":1,"to":0}}"#,
        r#"{"collect":{"at":0,"keys":["k"]}}"#,
        r#"{"tell":{"from":0,"to":1}}"#,
        r#"{"learn":{"from":0,"to":1}}"#,
        r#"{"collect":{"at":1,"keys":["k"]}}"#,
        r#"{"read":{"at":1,"key":"k","reading":"Nothing"}}"#,
    ]
    .map(str::to_owned)
    .into()
}

const TELL: usize = 4;
const LEARN: usize = 5;
const COLLECT: usize = 6;

fn record(setting: &str, events: &[String]) -> String {
    let line = |(number, event)| format!(r#"{{"number":{number},"shard":0,"event":{event}}}"#);
    std::iter::once(setting.to_owned()).chain(events.iter().enumerate().map(line)).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn refused(events: &[String], number: usize, said: &str) {
    let why = check_text("run.jsonl", &record(SETTING, events)).expect_err("it is wrong").to_string();
    assert!(why.starts_with(&format!("run.jsonl:{}: ", number + 2)) && why.contains(said), "{why}");
}

#[test]
fn tombstones_that_all_masters_have_seen_are_dropped_by_the_model_too() {
    let summary = check_text("run.jsonl", &record(SETTING, &good())).unwrap();
    assert!(summary.to_string().contains("\nTombstones that masters dropped: 2."), "{summary}");
}

#[test]
fn a_tombstone_that_is_dropped_too_early_is_refused() {
    let none = "the model's A, which knows that all have seen nothing, has no tombstone of k to drop";
    let mut events = good();
    events.swap(LEARN, COLLECT);
    refused(&events, LEARN, none);
    // B has told A before it had seen the delete.
    let mut events = good();
    let told = events.remove(TELL);
    events.insert(TELL - 1, told);
    refused(&events, COLLECT, none);
    // It is dropped once.
    let mut events = good();
    events.insert(COLLECT, events[COLLECT].clone());
    refused(&events, COLLECT + 1, "the model's A, which knows that all have seen A2, has no tombstone of k to drop");
}

#[test]
fn what_was_not_told_is_not_learned() {
    let mut events = good();
    events.remove(TELL);
    refused(&events, TELL, "the model has no progress in flight from B to A");
    // B has lost its state, and what it told before counts no more.
    let mut events = good();
    events.insert(LEARN, r#"{"crash":{"at":1,"kept":"nothing","fresh":2}}"#.into());
    events.insert(LEARN + 1, r#"{"restart":{"at":1}}"#.into());
    refused(&events, LEARN + 2, "the model has no progress in flight from B to A");
}

#[test]
fn a_record_says_in_its_first_line_whether_tombstones_are_collected() {
    let setting = SETTING.replace(r#","collects":true"#, "");
    let why = check_text("run.jsonl", &record(&setting, &good())).expect_err("it is wrong").to_string();
    assert!(
        why.starts_with("run.jsonl:6: ") && why.ends_with("the first line does not say `\"collects\":true`"),
        "{why}"
    );
}
