//! Files that are no record, each with its message: the line, and the fix.

use super::driver::{Links, run};
use multimaster::{Dot, LastWriteWins};
use multimaster_models::record::conform::{Failure, check_file, check_text, replay};
use std::process::Command;

const SETTING: &str = r#"{"rule":"last-write","topology":{"masters":2,"edges":[[0,1],[1,0]]},"layout":1}"#;
const WRITE: &str = r#"{"number":0,"shard":0,"event":{"write":{"at":0,"key":"k","op":{"Set":"1"},"answer":{"Ok":{"origin":0,"seq":1}}}}}"#;
const PUSH: &str = r#"{"number":1,"shard":0,"event":{"push":{"from":0,"to":1,"max":4}}}"#;
const LOSE: &str = r#"{"number":2,"shard":0,"event":{"lose":{"from":0,"to":1,"message":{"Push":{"extends":[],"changes":[{"dot":{"origin":0,"seq":1},"timestamp":{"time":1,"master":0},"key":"k","effect":"1"}]}}}}}"#;

fn good() -> String {
    format!("{SETTING}\n{WRITE}\n{PUSH}\n{LOSE}\n")
}

#[track_caller]
fn assert_said(text: &str, line: usize, said: &[&str]) {
    let failure = check_text("bad.jsonl", text).expect_err(text).to_string();
    assert!(failure.starts_with(&format!("bad.jsonl:{line}: ")), "{failure}");
    assert!(!failure.contains(" at line "), "one position is enough: {failure}");
    for what in said {
        assert!(failure.contains(what), "{what}: {failure}");
    }
    assert!(failure.len() < 1_500, "{} bytes are said", failure.len());
}

#[track_caller]
fn assert_edit_said(from: &str, to: &str, line: usize, said: &[&str]) {
    assert!(good().contains(from));
    assert_said(&good().replacen(from, to, 1), line, said);
}

#[test]
fn the_base_is_right() {
    let summary = check_text("good.jsonl", &good()).unwrap();
    assert_eq!(
        summary.to_string(),
        "\
| shard | steps | writes | reads | arrived | lost | repeated | snapshots | in flight | at the end          | lost by policy | lost causally |
| ----- | ----- | ------ | ----- | ------- | ---- | -------- | --------- | --------- | ------------------- | -------------- | ------------- |
| 0     | 3     | 1      | 0     | 0       | 1    | 0        | 0         | 0         | not all seen by all | 0              | 0             |

1 shard, 3 steps, each of them a step of the model.
Not put to the test: no message arrived, nothing was read."
    );
}

/// A record without steps proves nothing.
#[test]
fn a_record_without_steps_is_no_success() {
    let nothing = check_text("none.jsonl", SETTING).unwrap_err();
    assert!(matches!(nothing, Failure::Run(_)), "{nothing}");
    assert_eq!(nothing.to_string(), "none.jsonl: the record: there is no step: nothing was checked against the model");
    let good = run(LastWriteWins, "last-write", Links::Sound, 60, 3);
    let nothing = replay(LastWriteWins, &good.setting, &[]).unwrap_err();
    assert_eq!(nothing.to_string(), "the record: there is no step: nothing was checked against the model");
    assert_eq!(replay(LastWriteWins, &good.setting, &good.events).unwrap().not_tested(), [] as [&str; 0]);
}

/// `conform` names the situations that a record does not test.
#[test]
fn what_a_record_does_not_put_to_the_test_is_said() {
    let read = r#"{"number":0,"shard":0,"event":{"read":{"at":0,"key":"k","reading":"Nothing"}}}"#;
    let refused = r#"{"number":1,"shard":0,"event":{"write":{"at":0,"key":"k","op":"Enable","answer":{"Err":{"WrongKind":"Enable"}}}}}"#;
    let said = |lines: &[&str]| {
        let summary = check_text("few.jsonl", &lines.join("\n")).unwrap();
        summary.to_string().split_once("\nNot put to the test: ").map(|(_, said)| said.to_owned())
    };
    assert_eq!(said(&[SETTING, read]).as_deref(), Some("no write was asked for, no message arrived."));
    assert_eq!(said(&[SETTING, read, refused]).as_deref(), Some("every write was refused, no message arrived."));
    assert_eq!(said(&[SETTING, WRITE]).as_deref(), Some("no message arrived, nothing was read."));
    let text = run(LastWriteWins, "last-write", Links::Sound, 60, 3).text();
    assert!(!check_text("enough.jsonl", &text).unwrap().to_string().contains("Not put to the test"));
}

#[test]
fn the_setting() {
    assert!(check_text("bad.jsonl", "").unwrap_err().to_string().starts_with("bad.jsonl: this is empty"));
    assert_said("\n", 1, &["this is not the setting as JSON"]);
    assert_said("hello", 1, &["column 1", "this is not the setting as JSON: expected value"]);
    assert_said(WRITE, 1, &["this is not the setting as JSON: unknown field `number`"]);
    assert_edit_said("last-write", "last", 1, &["no rule is named `last` here", "last-write, last-write-wall, custom"]);
    assert_edit_said("last-write", &"x".repeat(100_000), 1, &["no rule is named `xxx"]);
    assert_edit_said("[[0,1],[1,0]]", "[[0,1]]", 1, &["no path leads from B to A"]);
    assert_edit_said("[[0,1],[1,0]]", "[[0,1],[1,2]]", 1, &["there is no master C"]);
    assert_edit_said("[[0,1],[1,0]]", "[[0,1],[1,1]]", 1, &["B cannot be its own neighbour"]);
    assert_edit_said("\"masters\":2", "\"masters\":0", 1, &["at least two masters"]);
    assert_edit_said("\"masters\":2", "\"masters\":65535", 1, &["no path leads from A to C"]);
    assert_edit_said("\"masters\":2", "\"masters\":65536", 1, &["expected u16"]);
    assert_edit_said("\"layout\":1", "\"layout\":0", 1, &["1 to 1024"]);
}

#[test]
fn the_events() {
    assert_edit_said(PUSH, "", 3, &["this is not an event as JSON: EOF"]);
    assert_edit_said(PUSH, "{\"number\":1", 3, &["this is not an event as JSON: EOF"]);
    assert_edit_said(PUSH, &"[".repeat(10_000), 3, &["this is not an event as JSON"]);
    assert_edit_said(PUSH, "{}", 3, &["missing field `number`"]);
    assert_edit_said("\"push\"", "\"pull\"", 3, &["unknown variant `pull`", "`push`"]);
    assert_edit_said("\"max\":4", "\"max\":99999999999999999999", 3, &["this is not an event as JSON"]);
    assert_edit_said("\"max\":4", "\"max\":-1", 3, &["this is not an event as JSON", "expected usize"]);
    assert_edit_said("\"max\":4", "\"max\":0", 3, &["step 2: A sends B the next changes", "nothing to send"]);
    assert_edit_said("\"number\":1", "\"number\":0", 3, &["number 0 comes after 0"]);
    assert_edit_said("\"shard\":0", "\"shard\":1", 2, &["there is no shard 1: the 1 are counted from 0"]);
    assert_edit_said("\"at\":0", "\"at\":2", 2, &["there is no master C: the 2 masters are A to B"]);
    assert_edit_said("\"effect\":\"1\"", "\"effect\":{}", 4, &["this rule has no such message: invalid type: map"]);
    assert_edit_said("\"effect\":\"1\"", "\"effect\":\"\\u001b[31m\"", 4, &["`/Push/changes/0/effect`", "\\u001b"]);
    let long = format!("\"effect\":\"{}\"", "y".repeat(1_000_000));
    assert_edit_said("\"effect\":\"1\"", &long, 4, &["with \"1\" at `/Push/changes/0/effect`, not \"yyy"]);
    let wide = format!("\"extends\":[{}1]", "0,".repeat(100_000));
    assert_edit_said("\"extends\":[]", &wide, 4, &["from A to B it has A1 after nothing"]);
    let last = format!("\"seq\":{}", Dot::LAST);
    assert_edit_said("\"seq\":1", &last, 2, &["acknowledged as A281474976710655", "it is acknowledged as A1"]);
    let none = format!("\"seq\":{}", Dot::LAST + 1);
    assert_edit_said("\"seq\":1", &none, 2, &["sequence number 281474976710656 is greater than 281474976710655"]);
}

/// Sums beyond the range of a counter stop at its limits.
#[test]
fn numbers_at_the_end() {
    let write = |number, amount: i64| {
        let answer =
            if number < 2 { r#"{"Ok":{"origin":0,"seq":1}}"# } else { r#"{"Err":{"Because":"the counter is full"}}"# };
        let answer = answer.replace("\"seq\":1", &format!("\"seq\":{}", number % 2 + 1));
        let at = number / 2 % 2;
        format!(
            r#"{{"number":{number},"shard":0,"event":{{"write":{{"at":{at},"key":"k","op":{{"Add":{amount}}},"answer":{answer}}}}}}}"#
        )
    };
    let setting = SETTING.replace("last-write", "counter");
    let text = format!("{setting}\n{}\n{}\n", write(0, i64::MAX), write(1, i64::MIN));
    let failure = check_text("bad.jsonl", &text).unwrap_err().to_string();
    assert!(failure.ends_with("it is refused: the counter is full"), "{failure}");
}

/// A valid file that is cut off or altered at any byte is read or refused, without a panic.
#[test]
fn whatever_stands_in_it() {
    let text = run(LastWriteWins, "last-write", Links::Faulty, 60, 3).text();
    let mut refused = 0;
    for place in (0..text.len()).step_by(7).filter(|place| text.is_char_boundary(*place)) {
        refused += usize::from(check_text("cut.jsonl", &text[..place]).is_err());
        for byte in ["9", "\"", "{", "\n"] {
            let altered = format!("{}{byte}{}", &text[..place], &text[place + 1..]);
            refused += usize::from(check_text("altered.jsonl", &altered).is_err());
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn the_command() {
    let folder = std::env::temp_dir().join(format!("multimaster-conform-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let run = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
        let output = command.args(["conform", name]).current_dir(&folder).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (status, out, err) = run("good.jsonl", &good());
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert!(out.contains("1 shard, 3 steps, each of them a step of the model.\n"), "{out}");
    let (status, out, err) = run("nothing.jsonl", SETTING);
    let said = "nothing.jsonl: the record: there is no step: nothing was checked against the model\n";
    assert_eq!((status, out.as_str(), err.as_str()), (Some(1), said, ""));
    let (status, out, err) = run("wrong.jsonl", &good().replace("\"to\":1,\"max\"", "\"to\":0,\"max\""));
    let said = "wrong.jsonl:3: shard 0, step 2: A sends A the next changes: the model's A has nothing to send to A\n";
    assert_eq!((status, out.as_str(), err.as_str()), (Some(1), said, ""));
    let (status, out, err) = run("none.jsonl", "hello");
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert!(err.starts_with("multimaster: none.jsonl:1: column 1: this is not the setting as JSON"), "{err}");
    let missing = check_file(&folder.join("missing.jsonl").display().to_string());
    assert!(matches!(missing, Err(Failure::File(_))));
    std::fs::remove_dir_all(&folder).unwrap();
}
