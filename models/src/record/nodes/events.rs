//! A record of nodes as text: [`Record`].

use crate::fault::Fault;
use crate::printed::without_position;
use multimaster::{Key, MasterId, Request, Topology};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::BufRead;
use std::str::FromStr;

/// The first line of a record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    masters: u16,
    /// All edges, if there are none.
    edges: Option<Vec<(String, String)>>,
}

/// An input or an output of a node. Nodes and writes are named as in scenarios: `A`, `A1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A client makes a request.
    Request {
        /// The node.
        #[serde(deserialize_with = "parsed")]
        at: MasterId,
        /// The request, as in scenarios.
        #[serde(deserialize_with = "parsed")]
        request: Request,
    },
    /// A node answers a request.
    Answer {
        /// The node.
        #[serde(deserialize_with = "parsed")]
        at: MasterId,
        /// The request: `A2` is the second one at A.
        write: String,
        /// Whether the request is refused.
        #[serde(default)]
        refused: bool,
    },
    /// A node sends a message.
    Send {
        /// The sender.
        #[serde(deserialize_with = "parsed")]
        from: MasterId,
        /// The receiver.
        #[serde(deserialize_with = "parsed")]
        to: MasterId,
        /// The message.
        message: Value,
    },
    /// A message arrives.
    Arrive {
        /// The sender.
        #[serde(deserialize_with = "parsed")]
        from: MasterId,
        /// The receiver.
        #[serde(deserialize_with = "parsed")]
        to: MasterId,
        /// The message.
        message: Value,
    },
    /// A timer of a node fires.
    Tick {
        /// The node.
        #[serde(deserialize_with = "parsed")]
        at: MasterId,
        /// The timer's name, if the node has several.
        tick: Option<String>,
    },
    /// A client reads.
    Read {
        /// The node.
        #[serde(deserialize_with = "parsed")]
        at: MasterId,
        /// The key.
        #[serde(deserialize_with = "parsed")]
        key: Key,
        /// The value.
        value: Value,
    },
    /// A node starts anew after a crash in which it kept nothing.
    Restart {
        /// The node.
        #[serde(deserialize_with = "parsed")]
        at: MasterId,
    },
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Event {
    /// The nodes that it names.
    fn nodes(&self) -> Vec<MasterId> {
        match self {
            Event::Send { from, to, .. } | Event::Arrive { from, to, .. } => vec![*from, *to],
            Event::Request { at, .. }
            | Event::Answer { at, .. }
            | Event::Tick { at, .. }
            | Event::Read { at, .. }
            | Event::Restart { at } => vec![*at],
        }
    }
}

/// A record of the inputs and outputs of nodes.
#[derive(Clone, Debug)]
pub struct Record {
    file: String,
    topology: Topology,
    events: Vec<(usize, Event)>,
}

impl Record {
    /// Reads a record: one JSON object a line. Messages name it `file`.
    ///
    /// # Errors
    /// At the first line that is not what it should be, or if there is no event.
    pub fn read(file: &str, source: impl BufRead) -> Result<Record, Fault> {
        let mut lines = source.lines().enumerate();
        let mut text = || {
            let (place, line) = lines.next()?;
            Some((place + 1, line.map_err(|error| Fault::at(file, place + 1, error.to_string()))))
        };
        let (_, first) =
            text().ok_or_else(|| Fault::of(file, "this is empty: a record begins with `{\"masters\": N}`"))?;
        let head: Head = serde_json::from_str(&first?).map_err(|error| {
            let what =
                format!("the first line is `masters`, and `edges` if not all are there: {}", without_position(&error));
            Fault::at(file, 1, what)
        })?;
        let topology = topology(&head).map_err(|what| Fault::at(file, 1, what))?;
        let mut events = Vec::new();
        while let Some((line, text)) = text() {
            let event: Event = serde_json::from_str(&text?).map_err(|error| {
                Fault::at(file, line, format!("this is not an event: {}", without_position(&error)))
            })?;
            if let Some(node) = event.nodes().into_iter().find(|node| node.0 >= head.masters) {
                return Err(Fault::at(
                    file,
                    line,
                    format!("there is no node {node}: the first line says {}", head.masters),
                ));
            }
            events.push((line, event));
        }
        if events.is_empty() {
            return Err(Fault::of(file, "this record has no events: nothing was checked"));
        }
        Ok(Record { file: file.into(), topology, events })
    }

    /// The name of its file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The topology of the nodes.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The events, each with its line.
    pub fn events(&self) -> &[(usize, Event)] {
        &self.events
    }

    /// The number of the line after the last one.
    pub(super) fn lines(&self) -> usize {
        self.events.last().map_or(1, |(line, _)| line + 1)
    }

    /// The requests, in order.
    pub fn requests(&self) -> Vec<&Request> {
        let events = self.events.iter().map(|(_, event)| event);
        events
            .filter_map(|event| if let Event::Request { request, .. } = event { Some(request) } else { None })
            .collect()
    }

    /// The keys that are written or read.
    pub fn keys(&self) -> BTreeSet<Key> {
        let read =
            |(_, event): &(usize, Event)| if let Event::Read { key, .. } = event { Some(key.clone()) } else { None };
        let written = self.requests().into_iter().map(|request| request.key.clone());
        self.events.iter().filter_map(read).chain(written).collect()
    }
}

fn topology(head: &Head) -> Result<Topology, String> {
    let Some(edges) = &head.edges else {
        return Topology::all_to_all(head.masters).map_err(|error| error.to_string());
    };
    let id = |name: &String| name.parse::<MasterId>().map_err(|error| format!("`{name}`: {error}"));
    let edges = edges.iter().map(|(from, to)| Ok((id(from)?, id(to)?))).collect::<Result<Vec<_>, String>>()?;
    Topology::from_edges(head.masters, edges).map_err(|error| error.to_string())
}
