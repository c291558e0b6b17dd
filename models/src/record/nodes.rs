//! Whether a recorded run of nodes of your own is one of the model: [`check`].
//!
//! A record has the inputs and the outputs of every node, as one observer saw them. Each input is given to the same
//! [`Node`] in the model; what the model's node then sends, answers and reads must be in the record, and nothing else. A
//! message can arrive if it was sent; it may arrive again, or never. So the run is a path of the model over datagrams.

mod events;
#[cfg(test)]
mod tests;
mod words;

pub use events::{Event, Record};

use super::conform::Failure;
use crate::check::running;
use crate::fault::Fault;
use crate::subject::reading_as_json;
use crate::system::node::{Answer, Input, Node, NodeError, Stepped};
use multimaster::MasterId;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use words::said;

/// Checks the record against the nodes. `decode` makes a message of its JSON. Returns the number of events checked, which is
/// smaller than that of the record only after an interruption.
///
/// Memory grows with the distinct messages; the time for an arrival, too.
///
/// # Errors
/// At the first event that differs from the model, at a message that is none, or if a node is at fault.
pub fn check<N: Node>(
    record: &Record,
    node: &N,
    decode: impl Fn(&Value) -> Result<N::Message, String>,
) -> Result<usize, Failure> {
    let mut run = Run { record, node, places: Vec::new(), sent: Vec::new(), asked: Vec::new() };
    for id in record.topology().ids() {
        let started = run.node.start(id, record.topology()).map_err(|error| run.at_fault(1, id, &error))?;
        let place = run.took(started, (1, format!("{id} starts")));
        run.places.push(place);
    }
    for (count, (line, event)) in record.events().iter().enumerate() {
        if running::is_interrupted() {
            return Ok(count);
        }
        running::count(1);
        run.take(*line, event, &decode)?;
    }
    match record.topology().ids().find_map(|id| run.owes(id)) {
        Some(what) => Err(run.differs(record.lines(), &format!("the record ends, but {what}"))),
        None => Ok(record.events().len()),
    }
}

/// A node in the model, and the outputs of its last step that the record has not shown yet.
struct Place<N: Node> {
    state: N::State,
    sends: VecDeque<(MasterId, N::Message)>,
    answers: BTreeMap<u32, Answer>,
    /// The line of the last input, and the input in words.
    since: (usize, String),
}

struct Run<'a, N: Node> {
    record: &'a Record,
    node: &'a N,
    places: Vec<Place<N>>,
    /// The distinct messages sent so far.
    sent: Vec<(MasterId, MasterId, N::Message)>,
    /// The master and the name of each request, by number.
    asked: Vec<(MasterId, String)>,
}

impl<N: Node> Run<'_, N> {
    fn take(
        &mut self,
        line: usize,
        event: &Event,
        decode: &impl Fn(&Value) -> Result<N::Message, String>,
    ) -> Result<(), Failure> {
        let message = |value: &Value| {
            decode(value)
                .map_err(|what| Failure::File(Fault::at(self.record.file(), line, format!("`message`: {what}"))))
        };
        match event {
            Event::Request { at, request } => {
                let number = self.asked.len() as u32;
                let before = self.asked.iter().filter(|(master, _)| master == at).count();
                self.asked.push((*at, format!("{at}{}", before + 1)));
                self.give(line, event, *at, Input::Request { number, request })
            }
            Event::Arrive { from, to, message: value } => {
                let message = message(value)?;
                let is_it = |sent: &&(MasterId, MasterId, N::Message)| (sent.0, sent.1) == (*from, *to);
                if !self.sent.iter().filter(is_it).any(|sent| sent.2 == message) {
                    let sent: Vec<_> = self.sent.iter().filter(is_it).map(|sent| format!("\n  {:?}", sent.2)).collect();
                    let sent = if sent.is_empty() { " nothing".into() } else { sent.concat() };
                    let what = format!("{}, which was not sent; from {from} to {to} was sent{sent}", said(event));
                    return Err(self.differs(line, &what));
                }
                self.give(line, event, *to, Input::Message { from: *from, message: &message })
            }
            Event::Tick { at, tick } => {
                let names = self.node.ticks(*at, &self.places[at.index()].state);
                let place = tick.as_ref().map_or(Some(0), |tick| names.iter().position(|name| name == tick));
                match place.filter(|place| *place < names.len()) {
                    Some(place) => self.give(line, event, *at, Input::Tick(place)),
                    None => {
                        let names = if names.is_empty() { "none".into() } else { names.join(", ") };
                        Err(self.differs(line, &format!("{}; the ticks of the model's {at} now: {names}", said(event))))
                    }
                }
            }
            Event::Restart { at } => {
                if let Some(what) = self.owes(*at) {
                    return Err(self.differs(line, &format!("{}, but {what}", said(event))));
                }
                let started = self.node.start(*at, self.record.topology());
                let started = started.map_err(|error| self.at_fault(line, *at, &error))?;
                self.places[at.index()] = self.took(started, (line, said(event)));
                Ok(())
            }
            Event::Send { from, to, message: value } => {
                let message = message(value)?;
                let place = &mut self.places[from.index()];
                match place.sends.front() {
                    Some((receiver, next)) if receiver == to && *next == message => {
                        place.sends.pop_front();
                        if !self.sent.contains(&(*from, *to, message.clone())) {
                            self.sent.push((*from, *to, message));
                        }
                        Ok(())
                    }
                    _ => Err(self.differs(line, &self.not_among(*from, event))),
                }
            }
            Event::Answer { at, write, refused } => {
                let number = self.asked.iter().position(|(_, name)| name == write).map(|number| number as u32);
                let owed = number.and_then(|number| self.places[at.index()].answers.get(&number));
                match (owed, refused) {
                    (Some(Answer::Done | Answer::Value(_)), false) | (Some(Answer::Refused(_)), true) => {
                        number.and_then(|number| self.places[at.index()].answers.remove(&number));
                        Ok(())
                    }
                    _ => Err(self.differs(line, &self.not_among(*at, event))),
                }
            }
            Event::Read { at, key, value } => {
                let read = self.node.read(*at, &self.places[at.index()].state, key);
                let read = read.map_err(|error| self.at_fault(line, *at, &error))?;
                let model = reading_as_json(&read);
                if plain(&model) == plain(value) {
                    return Ok(());
                }
                Err(self.differs(line, &format!("{}; the model's {at} reads {model}", said(event))))
            }
        }
    }

    /// Gives a node an input, once the record has shown all that it did before.
    fn give(&mut self, line: usize, event: &Event, at: MasterId, input: Input<'_, N::Message>) -> Result<(), Failure> {
        if let Some(what) = self.owes(at) {
            return Err(self.differs(line, &format!("{}, but {what}", said(event))));
        }
        let stepped = self.node.step(at, &self.places[at.index()].state, input);
        let stepped = stepped.map_err(|error| self.at_fault(line, at, &error))?;
        self.places[at.index()] = self.took(stepped, (line, said(event)));
        Ok(())
    }

    fn took(&self, stepped: Stepped<N::State, N::Message>, since: (usize, String)) -> Place<N> {
        Place {
            state: stepped.state,
            sends: stepped.sends.into(),
            answers: stepped.answers.into_iter().collect(),
            since,
        }
    }

    /// The outputs of the node's last step that the record has not shown, each in words.
    fn outputs(&self, at: MasterId) -> Vec<String> {
        let place = &self.places[at.index()];
        let answers = place.answers.iter().map(|(number, answer)| {
            let name = self.asked.get(*number as usize).map_or("?", |(_, name)| name);
            match answer {
                Answer::Done | Answer::Value(_) => format!("answer {name}"),
                Answer::Refused(why) => format!("refuse {name}: {why}"),
            }
        });
        answers.chain(place.sends.iter().map(|(to, message)| format!("send {to} {message:?}"))).collect()
    }

    /// What the model's node has yet to do after its last input, if anything.
    fn owes(&self, at: MasterId) -> Option<String> {
        let outputs = self.outputs(at);
        let (line, input) = &self.places[at.index()].since;
        let first = outputs.first()?;
        Some(format!("after line {line} ({input}) the model's {at} must still {first}"))
    }

    /// That an output is not the next one of the model's node, with all that it could be.
    fn not_among(&self, at: MasterId, event: &Event) -> String {
        let (line, input) = &self.places[at.index()].since;
        let outputs = self.outputs(at);
        if outputs.is_empty() {
            return format!("{}; after line {line} ({input}) the model's {at} does nothing more", said(event));
        }
        let candidates: Vec<String> =
            outputs.iter().map(|output| format!("\n  {output}: {}", words::why_not(event, output))).collect();
        format!("{}; after line {line} ({input}) the model's {at} can{}", said(event), candidates.concat())
    }

    fn differs(&self, line: usize, what: &str) -> Failure {
        let before = self.record.events().iter().filter(|(at, _)| *at < line).count();
        let what = format!("{what}\n  the {before} events before it are those of the model");
        Failure::Run(Fault::at(self.record.file(), line, what))
    }

    fn at_fault(&self, line: usize, at: MasterId, error: &NodeError) -> Failure {
        Failure::File(Fault::at(self.record.file(), line, format!("the node {at} is at fault: {error}")))
    }
}

/// The value with its numbers as texts: values are texts in the model.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(values) => values.iter().map(plain).collect(),
        other => other.clone(),
    }
}
