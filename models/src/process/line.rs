//! The lines that a node is given and writes: [`Asked`] and [`Said`].

use crate::fault::quoted;
use multimaster::{MasterId, Topology};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The client that makes the scenario's requests: the request of number 0 has `msg_id` 1.
const CLIENT: &str = "c1";

/// The client that starts, reads and ticks a node.
const PROBER: &str = "c0";

/// The body of a message between nodes: JSON, its keys in order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Body(Arc<str>);

impl From<&Value> for Body {
    fn from(body: &Value) -> Body {
        Body(body.to_string().into())
    }
}

impl Body {
    /// As JSON.
    pub(super) fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An input of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// It starts.
    Start,
    /// A client's request, with its number and its body.
    Request(u32, Body),
    /// A message from another node.
    Message(MasterId, Body),
    /// A tick.
    Tick,
}

impl Asked {
    /// A request.
    pub(super) fn request(number: u32, mut body: Value) -> Asked {
        body["msg_id"] = json!(u64::from(number) + 1);
        Asked::Request(number, Body(body.to_string().into()))
    }

    /// The line of this input to `me`, for all but [`Asked::Start`]. A tick takes the number `id`.
    pub(super) fn line(&self, me: MasterId, id: u64) -> String {
        match self {
            Asked::Request(_, body) => to(CLIENT, me, body),
            Asked::Message(from, body) => to(from, me, body),
            Asked::Start | Asked::Tick => probe(me, id, json!({ "type": "tick" })),
        }
    }
}

fn to(from: impl fmt::Display, me: MasterId, body: impl fmt::Debug) -> String {
    format!("{{\"src\":\"{from}\",\"dest\":\"{me}\",\"body\":{body:?}}}\n")
}

/// The line of a question of our own, whose reply has `in_reply_to` `id`.
pub(super) fn probe(me: MasterId, id: u64, mut body: Value) -> String {
    body["msg_id"] = json!(id);
    to(PROBER, me, Body(body.to_string().into()))
}

/// The body that tells each node's neighbours.
pub(super) fn topology(topology: &Topology) -> Value {
    let mut neighbours: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in topology.ids() {
        neighbours.insert(id.to_string(), topology.sends_to(id).map(|to| to.to_string()).collect());
    }
    json!({ "type": "topology", "topology": neighbours })
}

/// A line that a node wrote.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// A message to another node.
    Send(MasterId, Body),
    /// The answer to the request of this number.
    Answer(u32, Value),
    /// The reply to a question of our own, by its `msg_id`.
    Reply(u64, Value),
}

impl Said {
    /// Parses a line that `me` wrote, one of `nodes` nodes.
    ///
    /// # Errors
    /// What is wrong with the line, continuing "it ".
    pub(super) fn parse(line: &str, me: MasterId, nodes: usize) -> Result<Said, String> {
        let line_is = |what: &str| format!("wrote a line that is {what}: `{}`", quoted(line));
        let message: Value = serde_json::from_str(line).map_err(|error| {
            let what = if line.trim().is_empty() { "empty".into() } else { format!("not JSON ({error})") };
            line_is(&what)
        })?;
        if !message.is_object() {
            return Err(line_is("not an object with `src`, `dest` and `body`"));
        }
        if message["src"] != me.to_string() {
            return Err(line_is(&format!("not from itself: its `src` should be \"{me}\"")));
        }
        let body = &message["body"];
        if !body["type"].is_string() {
            return Err(line_is("without a `body` that has a `type`"));
        }
        let Some(dest) = message["dest"].as_str() else {
            return Err(line_is("without a `dest` that is text"));
        };
        if let Some(node) = dest.parse::<MasterId>().ok().filter(|node| usize::from(node.0) < nodes) {
            return Ok(Said::Send(node, Body(body.to_string().into())));
        }
        let reply = body["in_reply_to"].as_u64();
        match (dest, reply) {
            (PROBER, Some(id)) => Ok(Said::Reply(id, body.clone())),
            (CLIENT, Some(id)) => {
                let number = id.checked_sub(1).and_then(|number| u32::try_from(number).ok());
                number.map(|number| Said::Answer(number, body.clone())).ok_or_else(|| line_is("a reply to no request"))
            }
            (PROBER | CLIENT, None) => Err(line_is("a message to a client without `in_reply_to`")),
            ("seq-kv" | "lin-kv" | "lww-kv" | "lin-tso", _) => {
                Err(line_is("a message to a service of Maelstrom, and there are none here"))
            }
            _ => Err(line_is("a message to nobody: no node and no client has this `dest`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MasterId = MasterId(0);

    #[test]
    fn lines_are_maelstroms() {
        let asked = Asked::request(2, json!({ "type": "add", "delta": 1 }));
        let line = "{\"src\":\"c1\",\"dest\":\"A\",\"body\":{\"delta\":1,\"msg_id\":3,\"type\":\"add\"}}\n";
        assert_eq!(asked.line(A, 9), line);
        let tick = "{\"src\":\"c0\",\"dest\":\"A\",\"body\":{\"msg_id\":9,\"type\":\"tick\"}}\n";
        assert_eq!(Asked::Tick.line(A, 9), tick);
        let Ok(Said::Send(MasterId(1), body)) =
            Said::parse(r#"{"src":"A","dest":"B","body":{"type":"g","a":[1]}}"#, A, 2)
        else {
            panic!("a message to B");
        };
        let line = "{\"src\":\"B\",\"dest\":\"A\",\"body\":{\"a\":[1],\"type\":\"g\"}}\n";
        assert_eq!(Asked::Message(MasterId(1), body).line(A, 0), line);
    }

    #[test]
    fn answers_are_told_from_replies() {
        let said = |line| Said::parse(line, A, 2);
        let body = json!({ "type": "add_ok", "in_reply_to": 3 });
        let answer = r#"{"src":"A","dest":"c1","body":{"type":"add_ok","in_reply_to":3}}"#;
        assert_eq!(said(answer), Ok(Said::Answer(2, body.clone())));
        let reply = r#"{"src":"A","dest":"c0","body":{"type":"add_ok","in_reply_to":3}}"#;
        assert_eq!(said(reply), Ok(Said::Reply(3, body)));
    }

    #[test]
    fn other_lines_are_refused() {
        for (line, why) in [
            ("hello", "not JSON"),
            ("", "empty"),
            ("[]", "not an object"),
            (r#"{"src":"B","dest":"B","body":{"type":"x"}}"#, "not from itself"),
            (r#"{"src":"A","dest":"B"}"#, "without a `body`"),
            (r#"{"src":"A","dest":"B","body":{"type":3}}"#, "without a `body`"),
            (r#"{"src":"A","dest":7,"body":{"type":"x"}}"#, "without a `dest`"),
            (r#"{"src":"A","dest":"C","body":{"type":"x"}}"#, "to nobody"),
            (r#"{"src":"A","dest":"seq-kv","body":{"type":"x"}}"#, "a service"),
            (r#"{"src":"A","dest":"c1","body":{"type":"x"}}"#, "without `in_reply_to`"),
            (r#"{"src":"A","dest":"c1","body":{"type":"x","in_reply_to":0}}"#, "a reply to no request"),
        ] {
            let said = Said::parse(line, A, 2).expect_err(line);
            assert!(said.contains(why), "{said}");
        }
    }
}
