//! Maelstrom's workloads: how a request and a read are spelled in JSON, and what a reply means: [`Workload`].

use crate::system::node::Service;
use multimaster::{Key, Op, Reading, Request, Text};
use serde_json::{Value, json};

/// A workload of Maelstrom: the requests that a node answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workload {
    /// A set that grows: `broadcast` with a `message`; `read` returns `messages`.
    Broadcast,
    /// A set that grows: `add` with an `element`; `read` returns a list as `value`.
    GSet,
    /// A counter that grows: `add` with a `delta`; `read` returns a number as `value`.
    GCounter,
    /// A counter: `add` with a `delta`, which may be negative.
    PnCounter,
    /// Registers: `write` with `key` and `value`; `read` with `key`.
    LwwKv,
    /// Registers: `txn` with a list of reads and writes.
    TxnRwRegister,
    /// Ids: `generate`, answered with an `id` that no other request gets.
    UniqueIds,
    /// `echo`, answered with the same `echo`.
    Echo,
}

/// Maelstrom's error code for a key that was never written.
const NO_SUCH_KEY: i64 = 20;

impl Workload {
    /// All workloads.
    pub const ALL: [Workload; 8] = [
        Workload::Broadcast,
        Workload::GSet,
        Workload::GCounter,
        Workload::PnCounter,
        Workload::LwwKv,
        Workload::TxnRwRegister,
        Workload::UniqueIds,
        Workload::Echo,
    ];

    /// The workload of these requests, if there is only one that has them all and needs no name: a set may be that of
    /// `broadcast` or of `g-set`.
    pub fn of(requests: &[&Request]) -> Option<Workload> {
        let has_all = |workload: &Workload| requests.iter().all(|request| workload.body(request).is_some());
        [Workload::PnCounter, Workload::LwwKv].into_iter().find(|workload| !requests.is_empty() && has_all(workload))
    }

    /// Maelstrom's name.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Broadcast => "broadcast",
            Workload::GSet => "g-set",
            Workload::GCounter => "g-counter",
            Workload::PnCounter => "pn-counter",
            Workload::LwwKv => "lww-kv",
            Workload::TxnRwRegister => "txn-rw-register",
            Workload::UniqueIds => "unique-ids",
            Workload::Echo => "echo",
        }
    }

    /// The service that the nodes offer for this workload.
    pub fn service(self) -> Service {
        match self {
            Workload::UniqueIds => Service::UniqueIds,
            Workload::Echo => Service::Answers,
            _ => Service::Data,
        }
    }

    /// Whether a node keeps one value, so that a scenario has one key.
    pub fn has_one_value(self) -> bool {
        !matches!(self, Workload::LwwKv | Workload::TxnRwRegister)
    }

    /// The requests that this workload has, in the spelling of scenarios.
    pub fn requests(self) -> &'static str {
        match self {
            Workload::Broadcast | Workload::GSet | Workload::UniqueIds | Workload::Echo => "`insert ELEMENT into KEY`",
            Workload::GCounter => "`add N to KEY`",
            Workload::PnCounter => "`add N to KEY` and `subtract N from KEY`",
            Workload::LwwKv | Workload::TxnRwRegister => "`set KEY = VALUE`",
        }
    }

    /// The body of this request, without its number; `None` if the workload has no such request. A time (`at 10, …`)
    /// becomes the field `time`.
    pub fn body(self, request: &Request) -> Option<Value> {
        let key = request.key.as_str();
        let mut body = match (self, request.op.untimed()) {
            (Workload::Broadcast, Op::Insert(element)) => json!({ "type": "broadcast", "message": value(element) }),
            (Workload::GSet, Op::Insert(element)) => json!({ "type": "add", "element": value(element) }),
            // The element only tells one request from another.
            (Workload::UniqueIds, Op::Insert(_)) => json!({ "type": "generate" }),
            (Workload::Echo, Op::Insert(text)) => json!({ "type": "echo", "echo": value(text) }),
            (Workload::GCounter, Op::Add(delta)) if *delta >= 0 => json!({ "type": "add", "delta": delta }),
            (Workload::PnCounter, Op::Add(delta)) => json!({ "type": "add", "delta": delta }),
            (Workload::LwwKv, Op::Set(text)) => json!({ "type": "write", "key": key, "value": value(text) }),
            (Workload::TxnRwRegister, Op::Set(text)) => json!({ "type": "txn", "txn": [["w", key, value(text)]] }),
            _ => return None,
        };
        if let Some(time) = request.op.time() {
            body["time"] = json!(time);
        }
        Some(body)
    }

    /// The type of the reply that acknowledges a request.
    pub(super) fn acknowledged(self) -> &'static str {
        match self {
            Workload::Broadcast => "broadcast_ok",
            Workload::GSet | Workload::GCounter | Workload::PnCounter => "add_ok",
            Workload::LwwKv => "write_ok",
            Workload::TxnRwRegister => "txn_ok",
            Workload::UniqueIds => "generate_ok",
            Workload::Echo => "echo_ok",
        }
    }

    /// The value in a client's answer of the right type; `None` if this workload's answers have none.
    ///
    /// # Errors
    /// The expected form of the answer.
    pub(super) fn answered(self, request: &Value, answer: &Value) -> Result<Option<Text>, String> {
        match self {
            Workload::UniqueIds => match &answer["id"] {
                Value::Null => Err("a `generate` is answered with an `id`".into()),
                Value::String(id) => Ok(Some(id.into())),
                id => Ok(Some(id.to_string().into())),
            },
            Workload::Echo if answer["echo"] != request["echo"] => {
                Err(format!("this `echo` is answered with the `echo` {}", request["echo"]))
            }
            _ => Ok(None),
        }
    }

    /// The body of the question whose answer shows that a node is done with a line, and for data its reading of this
    /// key; without its number. `None` if only the answer to `state` can show that.
    pub(super) fn read(self, key: &Key) -> Option<Value> {
        Some(match self {
            Workload::UniqueIds => return None,
            Workload::Echo => json!({ "type": "echo", "echo": "" }),
            Workload::LwwKv => json!({ "type": "read", "key": key.as_str() }),
            Workload::TxnRwRegister => json!({ "type": "txn", "txn": [["r", key.as_str(), null]] }),
            _ => json!({ "type": "read" }),
        })
    }

    /// The reading in the reply to [`read`](Self::read).
    ///
    /// # Errors
    /// What the reply should be.
    pub(super) fn reading(self, reply: &Value) -> Result<Reading, &'static str> {
        let read = reply["type"] == "read_ok";
        match self {
            Workload::Echo if reply["type"] == "echo_ok" => Ok(Reading::Nothing),
            Workload::Echo => Err("an `echo` is answered with `echo_ok`"),
            Workload::UniqueIds => Ok(Reading::Nothing),
            Workload::Broadcast => elements(&reply["messages"])
                .filter(|_| read)
                .ok_or("a `read` is answered with `read_ok` and a list `messages` of numbers and texts"),
            Workload::GSet => elements(&reply["value"])
                .filter(|_| read)
                .ok_or("a `read` is answered with `read_ok` and a list `value` of numbers and texts"),
            Workload::GCounter | Workload::PnCounter => reply["value"]
                .as_i64()
                .filter(|_| read)
                .map(Reading::Total)
                .ok_or("a `read` is answered with `read_ok` and a whole number `value`"),
            Workload::LwwKv if reply["type"] == "error" && reply["code"] == NO_SUCH_KEY => Ok(Reading::Nothing),
            Workload::LwwKv => reply
                .get("value")
                .filter(|_| read)
                .and_then(register)
                .ok_or("a `read` is answered with `read_ok` and a `value`, or with `error` and the code 20"),
            Workload::TxnRwRegister => reply
                .pointer("/txn/0/2")
                .filter(|_| reply["type"] == "txn_ok")
                .and_then(register)
                .ok_or("a `txn` is answered with `txn_ok` and the list `txn`, each read with its value"),
        }
    }
}

/// A whole number in its usual spelling as a number, any other text as text.
fn value(text: &Text) -> Value {
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text.as_str());
    number.map_or_else(|| json!(text.as_str()), |number| json!(number))
}

fn text(value: &Value) -> Option<Text> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

fn elements(list: &Value) -> Option<Reading> {
    list.as_array()?.iter().map(text).collect::<Option<_>>().map(Reading::Elements)
}

fn register(value: &Value) -> Option<Reading> {
    if value.is_null() { Some(Reading::Nothing) } else { text(value).map(Reading::Value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(workload: Workload, request: &str) -> Option<String> {
        workload.body(&request.parse().expect("a request")).map(|body| body.to_string())
    }

    #[test]
    fn requests_are_spelled_as_maelstrom_spells_them() {
        let shown = |workload, request| body(workload, request).unwrap_or_default();
        assert_eq!(shown(Workload::Broadcast, "insert 7 into k"), r#"{"message":7,"type":"broadcast"}"#);
        assert_eq!(shown(Workload::GSet, "insert 07 into k"), r#"{"element":"07","type":"add"}"#);
        assert_eq!(shown(Workload::PnCounter, "subtract 2 from k"), r#"{"delta":-2,"type":"add"}"#);
        assert_eq!(shown(Workload::LwwKv, "at 9, set k = x"), r#"{"key":"k","time":9,"type":"write","value":"x"}"#);
        assert_eq!(shown(Workload::TxnRwRegister, "set k = 1"), r#"{"txn":[["w","k",1]],"type":"txn"}"#);
        assert_eq!(shown(Workload::UniqueIds, "insert 1 into k"), r#"{"type":"generate"}"#);
        assert_eq!(shown(Workload::Echo, "insert hi into k"), r#"{"echo":"hi","type":"echo"}"#);
        assert_eq!(body(Workload::GCounter, "subtract 2 from k"), None);
        assert_eq!(body(Workload::LwwKv, "delete k"), None);
    }

    #[test]
    fn answers_have_values() {
        let answered = |workload: Workload, reply: Value| {
            workload
                .answered(&json!({ "type": "echo", "echo": "hi" }), &reply)
                .ok()
                .map(|value| value.map(String::from))
        };
        assert_eq!(answered(Workload::UniqueIds, json!({ "id": "a-1" })), Some(Some("a-1".to_owned())));
        assert_eq!(answered(Workload::UniqueIds, json!({ "id": 7 })), Some(Some("7".to_owned())));
        assert_eq!(answered(Workload::UniqueIds, json!({})), None);
        assert_eq!(answered(Workload::Echo, json!({ "echo": "hi" })), Some(None));
        assert_eq!(answered(Workload::Echo, json!({ "echo": "ho" })), None);
        assert_eq!(answered(Workload::GSet, json!({})), Some(None));
    }

    #[test]
    fn replies_are_readings_or_complaints() {
        let reading =
            |workload: Workload, reply: Value| workload.reading(&reply).ok().map(|reading| reading.to_string());
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(
            reading(Workload::Broadcast, json!({ "type": "read_ok", "messages": [2, "x", 2] })),
            shown("{2, x}")
        );
        assert_eq!(reading(Workload::PnCounter, json!({ "type": "read_ok", "value": -3 })), shown("-3"));
        assert_eq!(reading(Workload::LwwKv, json!({ "type": "error", "code": 20 })), shown("-"));
        assert_eq!(reading(Workload::TxnRwRegister, json!({ "type": "txn_ok", "txn": [["r", "k", 4]] })), shown("4"));
        for wrong in [
            json!({ "type": "read_ok", "value": 1.5 }),
            json!({ "type": "read_ok" }),
            json!({ "type": "add_ok", "value": 1 }),
        ] {
            assert_eq!(reading(Workload::GCounter, wrong.clone()), None);
            assert_eq!(reading(Workload::GSet, wrong), None);
        }
        assert_eq!(reading(Workload::LwwKv, json!({ "type": "error", "code": 11 })), None);
    }
}
