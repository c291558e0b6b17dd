//! `multimaster judge`: judges the history of operations at any replicated system.

use super::progress::Line;
use super::{Ending, Failure};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use multimaster_models::judge::{self, Data, Options};
use std::io::{self, Write};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Asked {
    /// A history: a file of JSON lines, or a Jepsen or Maelstrom history in EDN; `-` for standard input
    history: String,
    /// The kind of data, if the operations do not tell it
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Data::ALL.map(|(_, name)| name)))]
    data: Option<String>,
    /// What every register holds before its first write, as JSON. The default is nothing
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    initial: Option<String>,
    /// The least value that a counter may have
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    at_least: Option<i64>,
    /// A read is final only if it begins at least this number of seconds after the last write of its key has ended
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    settle: u64,
    /// How to print the verdicts
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table, and the operations that show each violation
    Table,
    /// One JSON object
    Json,
    /// JUnit XML: a test case for each property
    Junit,
}

pub(crate) const MANUAL: &str = "\
A history is a list of events in the order of their time. Each is the beginning or
the end of an operation of one process; a process has one operation at a time, and
is a session. As JSON lines:

  {\"process\":0,\"type\":\"invoke\",\"f\":\"add\",\"value\":1}
  {\"process\":0,\"type\":\"ok\",\"f\":\"add\",\"value\":1}
  {\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"value\":[1]}

  type   invoke, ok (acknowledged), fail (certainly without effect), or info (the
         effect is unknown). If the `invoke` of an operation is missing, the
         operation may have begun at any time since the last one of its process
  f      read, write, cas, delete, add, insert, remove, append, broadcast,
         increment, decrement, or txn
  key, value, node, time (nanoseconds), index, final (a final read): may be absent

Properties:
  no lost write         the final reads show each acknowledged write that no later
                        write or remove replaced. A final read of a key is the
                        last one of a process, and begins after the last write
                        of the key has ended
  agreement at the end  the final reads of a key are equal
  no invention          every value read was written, by a write that had begun and
                        did not fail
  no resurrection       a value that a process had read, and then read as absent, is not
                        read again
  read your writes, monotonic reads, monotonic writes, writes follow reads
                        the session guarantees
  counter bounds        each read of a counter is a sum that its additions allow

Verdicts:
  holds         wherever it was judged; the table counts the operations
  violated (3)  three times; the operations that show one of them are printed
  not judged    the table has the reason

Exit status:
  0    no property is violated
  1    a property is violated, or none could be judged
  2    a usage or input error; the message names the line and the fix
  130  interrupted; the end of the history is not judged";

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let named = |name: &String| Data::ALL.iter().find(|(_, known)| known == name).map(|(data, _)| *data);
    let options = Options {
        data: asked.data.as_ref().and_then(named),
        initial: asked.initial.clone(),
        at_least: asked.at_least,
        settle: Duration::from_secs(asked.settle),
    };
    let line = Line::begin("events");
    let judged = match asked.history.as_str() {
        "-" => judge::reader("standard input", io::stdin().lock(), &options),
        file => judge::file(file, &options),
    };
    drop(line);
    let report = judged?;
    let mut out = io::stdout().lock();
    match asked.format {
        Format::Table => write!(out, "{report}")?,
        Format::Json => writeln!(out, "{}", report.json())?,
        Format::Junit => write!(out, "{}", report.junit())?,
    }
    match report.interrupted_after {
        Some(_) => Ok(Ending::Interrupted),
        None => Ok(report.is_fine().into()),
    }
}
