//! The operations of a history, each in a few bytes.

use super::value::{NIL, Name, Names, Value, Words};
use compact_str::CompactString;

/// The number of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OpId(pub(crate) u32);

/// The number of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Process(pub(crate) u32);

/// The place of an event in the history: events are in the order of real time.
pub(crate) type Place = u32;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It reads one value.
    Read,
    /// It reads several elements, whose number is the operation's value.
    ReadAll,
    Write,
    Add,
    Remove,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It has not ended yet.
    Open,
    Ok,
    Fail,
    /// Whether it has an effect is not known.
    Unknown,
}

/// One operation, or one part of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) line: u32,
    pub(crate) index: Option<u32>,
    pub(crate) process: Process,
    pub(crate) node: Name,
    pub(crate) key: Name,
    pub(crate) value: Name,
    pub(crate) what: What,
    /// It is a part of an operation of this name, such as `txn`.
    pub(crate) part_of: Option<&'static str>,
    pub(crate) is_final: bool,
    pub(crate) began: Place,
    /// Its end; of one that has not ended, or whose effect is unknown, the greatest place.
    pub(crate) ended: Place,
    pub(crate) outcome: Outcome,
    pub(crate) time: Option<i64>,
}

impl Operation {
    /// Whether it may have an effect.
    pub(crate) fn is_live(&self) -> bool {
        self.outcome != Outcome::Fail
    }
}

/// All operations so far, and the names of what they mention.
pub(crate) struct Log {
    pub(crate) operations: Vec<Operation>,
    pub(crate) names: Names,
    /// The names of the processes, and separately those of the nodes.
    pub(crate) processes: Names,
    /// Whether the file calls any read final.
    pub(crate) has_final: bool,
}

impl Log {
    pub(crate) fn new() -> Log {
        Log { operations: Vec::new(), names: Names::new(), processes: Names::new(), has_final: false }
    }

    pub(crate) fn at(&self, op: OpId) -> &Operation {
        &self.operations[op.0 as usize]
    }

    /// ` of key k`, or nothing if the history has no keys.
    pub(crate) fn of_key(&self, key: Name) -> Words<'_> {
        self.names.shown_after(" of key ", key)
    }

    /// The process in words, as a message shows it.
    pub(crate) fn process(&self, process: Process) -> Words<'_> {
        self.processes.shown_after("process ", Name(process.0))
    }

    /// The operation in words.
    pub(crate) fn words(&self, op: OpId) -> String {
        let operation = self.at(op);
        let value = self.names.shown(operation.value);
        let key = self.names.shown_after(" ", operation.key);
        let colon = if operation.key == NIL { "" } else { ":" };
        let mut words = match operation.what {
            What::Read => format!("read{key}: {value}"),
            What::ReadAll if operation.value.0 == 1 => format!("read{key}: 1 element"),
            What::ReadAll => format!("read{key}: {} elements", operation.value.0),
            What::Write if operation.value == NIL => format!("delete{key}"),
            What::Write => format!("write{key} = {value}"),
            What::Add => format!("add{key}{colon} {value}"),
            What::Remove => format!("remove{key}{colon} {value}"),
        };
        if let Some(whole) = operation.part_of {
            words += &format!(", in a {whole}");
        }
        words += match operation.outcome {
            Outcome::Ok => "",
            Outcome::Open => ", which did not end",
            Outcome::Fail => ", which failed",
            Outcome::Unknown => ", whose effect is unknown",
        };
        words
    }

    /// The name of the node at which the operation was asked for, if the file has it.
    pub(crate) fn node(&self, op: OpId) -> Option<String> {
        let node = self.at(op).node;
        (node != NIL).then(|| self.names.shown(node).to_string())
    }

    pub(crate) fn node_name(&mut self, node: Option<&CompactString>) -> Name {
        node.map_or(NIL, |node| self.names.of(&Value::Word(node.clone())))
    }
}
