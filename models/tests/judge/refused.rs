//! What is no history is refused, with its line and what would be right; and no input makes the judge panic.

use super::written::{edn, events, json};
use multimaster_models::judge::{self, Data, Options};

fn refused(text: &str, data: Option<Data>) -> String {
    let options = Options { data, ..Options::default() };
    judge::reader("h", text.as_bytes(), &options).map_or_else(|fault| fault.to_string(), |report| report.to_string())
}

#[test]
fn each_mistake_is_told_with_its_line_and_the_fix() {
    let write = r#"{"process":0,"type":"invoke","f":"write","value":1}"#;
    let wrong = [
        ("".to_owned(), "h: this history has no operations"),
        ("not a history".to_owned(), "h:1: this is not an operation: not; one is `{:type :ok"),
        ("{\"process\":0}".to_owned(), "h:1: this is not an event: missing field `type`"),
        (format!("{write}\n\n{write}"), "h:3: process 0 begins an operation before its last one, of line 1, ended"),
        (format!("{write}\n{}", write.replace("invoke", "done")), "h:2: no `type` is `done`; there are `invoke`, `ok`"),
        (write.replace("write", "wirte"), "h:1: no operation is named `wirte`; did you mean `write`?; there are read"),
        (format!("{write}\n{}", write.replace("invoke", "ok").replace("write", "read")), "h:2: `read` ends here, but"),
        (write.replace(":0", ":null"), "h:1: a `process` is a number or a text, not nil"),
        (write.replace("write", "cas"), "h:1: the value of a `cas` is the old and the new value, as in `[1, 2]`, not `1`"),
        (write.replace("write", "txn"), "h:1: the value of a `txn` is a list of parts, not `1`"),
        (write.replace("write", "add").replace(":1}", ":null}"), "h:1: this `add` has no value"),
        (format!("{write}\n{}", write.replace(":0", ":1").replace("write", "add")), "h:2: a register has no such operation: add 1"),
        (
            "{\"process\":0,\"type\":\"ok\",\"f\":\"append\",\"value\":1}\n{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"value\":5}".into(),
            "h:2: a read of a list has a list of elements, not 5",
        ),
        (
            "{\"process\":0,\"type\":\"ok\",\"f\":\"add\",\"value\":\"a\"}\n{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"value\":5}".into(),
            "h:2: this is of a counter, but the additions before are not",
        ),
        (
            "{\"process\":0,\"type\":\"ok\",\"f\":\"write\",\"value\":1,\"time\":9}\n{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"time\":8}".into(),
            "h:2: this is earlier than the line before: sort the lines by `time`",
        ),
        ("{:type :ok, :f :read,\n :value [1 2}".to_owned(), "h:2: `}` is here, where a `]` ends the form"),
        ("{:type :ok, :f :read}".to_owned(), "h:1: this operation has no `:process`"),
        (
            "{:type :ok :f :write :value [1 2] :process 0}\n{:type :ok :f :write :value 1 :process 0}".to_owned(),
            "h:2: the values before are pairs `[key value]`, and this is 1",
        ),
    ];
    for (text, right) in wrong {
        let said = refused(&text, None);
        assert!(said.starts_with(right), "{text}\n{said}");
    }
    assert!(refused(write, Some(Data::Counter)).starts_with("h:1: a counter has no such operation: write 1"));
}

#[test]
fn mutated_histories_never_panic() {
    let mut random = fastrand::Rng::with_seed(11);
    let words = [
        "0 write x=1 \n 1 cas x=[1,2] \n 2 read x=1 \n 1 write x=null info \n 2 read x=null \n 2 read x=1",
        "0 add 1 \n 1 add 2 fail \n 2 read [1,2] \n 1 remove 1 \n 2 read [] \n 2 read [1] \n 0 add 3 open",
        "0 txn [[\"append\",1,2],[\"r\",1,[2]]] \n 1 txn [[\"r\",1,[2]],[\"append\",1,3]] \n 2 txn [[\"r\",1,[2,3]]]",
        "0 increment 2 \n 1 decrement 3 info \n 2 read -1 \n 2 read 2 \n 0 add 9223372036854775807 \n 2 read 7",
    ];
    let record = "[#jepsen.history.Op{:index 0, :type :ok, :process 1, :f :write, :value \
                  #jepsen.independent.Tuple{:key \"x\" :value \\a}} #_ [1] {:type :ok :f :read :value \
                  #clojure.lang.MapEntry[\"x\" #{1.5 2N}] :process 1}]";
    let mut bases: Vec<Vec<u8>> = vec![record.into()];
    for words in words {
        let events = events(words);
        bases.extend([json(&events).into_bytes(), edn(&events).into_bytes()]);
    }
    let (mut judged, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut text = bases[random.usize(..bases.len())].clone();
        for _ in 0..random.usize(1..4) {
            mutate(&mut text, &mut random);
        }
        let data = random.bool().then(|| Data::ALL[random.usize(..5)].0);
        match judge::reader("h", &text[..], &Options { data, ..Options::default() }) {
            Ok(report) => {
                judged += 1;
                assert!(!format!("{report}{}{}", report.json(), report.junit()).is_empty());
            }
            Err(fault) => {
                refused += 1;
                assert!(!fault.what.is_empty());
            }
        }
    }
    assert!(judged > 1000 && refused > 1000, "{judged} judged, {refused} refused");
}

/// Removes, repeats, swaps or replaces a few bytes.
fn mutate(text: &mut Vec<u8>, random: &mut fastrand::Rng) {
    if text.is_empty() {
        return;
    }
    let (one, other) = (random.usize(..text.len()), random.usize(..text.len()));
    let (from, to) = (one.min(other), one.max(other).min(one.min(other) + 40));
    match random.u8(..6) {
        0 => drop(text.drain(from..to)),
        1 => {
            let part = text[from..to].to_vec();
            text.splice(from..from, part);
        }
        2 => text.swap(one, other),
        3 => text[one] = b"{}[]()#\"\\:;,\n 019nN-+\0\xff"[random.usize(..23)],
        4 => text.truncate(one),
        _ => {
            let (lines, line) = (text.split(|byte| *byte == b'\n').count(), random.usize(..8));
            let kept = text.split(|byte| *byte == b'\n').enumerate().filter(|(place, _)| *place != line % lines);
            *text = kept.map(|(_, line)| line).collect::<Vec<_>>().join(&b'\n');
        }
    }
}
