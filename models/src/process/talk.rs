//! One process, input by input: [`Talk`].

use super::launch::Launch;
use super::line::{Asked, Said, probe, topology};
use super::live::{Heard, LONGEST, Live};
use super::turn::Turn;
use super::workload::Workload;
use crate::fault::quoted;
use crate::system::node::Answer;
use multimaster::{Key, MasterId, Topology};
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most lines that a node writes after one input.
const MOST_LINES: usize = 1000;

/// Maelstrom's error codes that leave open whether the request had an effect.
const INDEFINITE: [i64; 2] = [0, 13];

/// What all processes of a node have in common.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) workload: Workload,
    pub(super) keys: BTreeSet<Key>,
    pub(super) topology: Topology,
    /// The longest time for one input.
    pub(super) patience: Duration,
}

/// The replies that are still to come after an input.
struct Awaited {
    input: String,
    /// The `msg_id` and the type of the replies to the input itself.
    owed: Vec<(u64, &'static str)>,
    /// The questions after the input.
    questions: VecDeque<(u64, Question)>,
}

enum Question {
    StateBefore,
    Read(Key),
    StateAfter,
}

/// A process, and what it was given.
pub(super) struct Talk {
    pub(super) me: MasterId,
    live: Live,
    setting: Arc<Setting>,
    /// Whether the node is asked for its state.
    tells: bool,
    next_id: u64,
    awaited: VecDeque<Awaited>,
    waiting: BTreeSet<u32>,
    pub(super) given: Vec<Asked>,
}

impl Talk {
    /// Starts a process, and gives it its first input.
    ///
    /// # Errors
    /// If the system starts no more processes.
    pub(super) fn start(launch: &Launch, me: MasterId, setting: &Arc<Setting>, tells: bool) -> io::Result<Talk> {
        let mut talk = Talk {
            me,
            live: Live::start(launch)?,
            setting: Arc::clone(setting),
            tells,
            next_id: 1,
            awaited: VecDeque::new(),
            waiting: BTreeSet::new(),
            given: Vec::new(),
        };
        talk.give(Asked::Start);
        Ok(talk)
    }

    /// The requests that await an answer, by number.
    pub(super) fn waiting(&self) -> &BTreeSet<u32> {
        &self.waiting
    }

    /// The inputs that it has reacted to, or is reacting to.
    pub(super) fn heard(&self) -> &[Asked] {
        &self.given[..self.given.len() - self.awaited.len()]
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Writes an input and the questions after it. Does not wait.
    pub(super) fn give(&mut self, asked: Asked) {
        let mut owed = Vec::new();
        let input = match &asked {
            Asked::Start => {
                let names: Vec<String> = self.setting.topology.ids().map(|id| id.to_string()).collect();
                owed.push((self.id(), "init_ok"));
                let init = json!({ "type": "init", "node_id": self.me.to_string(), "node_ids": names });
                let mut lines = probe(self.me, owed[0].0, init);
                if self.setting.workload == Workload::Broadcast {
                    owed.push((self.id(), "topology_ok"));
                    lines += &probe(self.me, owed[1].0, topology(&self.setting.topology));
                }
                lines
            }
            Asked::Tick => {
                owed.push((self.id(), "tick_ok"));
                asked.line(self.me, owed[0].0)
            }
            Asked::Request(..) | Asked::Message(..) => asked.line(self.me, 0),
        };
        let mut lines = input.clone();
        let mut questions = VecDeque::new();
        let keys = Arc::clone(&self.setting);
        let state = || json!({ "type": "state" });
        if self.tells {
            self.ask(&mut lines, &mut questions, Question::StateBefore, state());
        }
        for key in &keys.keys {
            if let Some(read) = keys.workload.read(key) {
                self.ask(&mut lines, &mut questions, Question::Read(key.clone()), read);
            }
        }
        if self.tells {
            self.ask(&mut lines, &mut questions, Question::StateAfter, state());
        }
        self.awaited.push_back(Awaited { input, owed, questions });
        self.given.push(asked);
        self.live.write(lines);
    }

    fn ask(&mut self, lines: &mut String, asked: &mut VecDeque<(u64, Question)>, question: Question, body: Value) {
        let id = self.id();
        lines.push_str(&probe(self.me, id, body));
        asked.push_back((id, question));
    }

    /// Waits until the node has reacted to the first input that it was given and not [heard](Self::hear) about.
    ///
    /// # Errors
    /// What is wrong with the node, continuing "it ".
    pub(super) fn hear(&mut self) -> Result<Turn, String> {
        let Some(mut awaited) = self.awaited.pop_front() else { return Ok(Turn::default()) };
        if let Some(Asked::Request(number, _)) = self.heard().last() {
            self.waiting.insert(*number);
        }
        let until = Instant::now() + self.setting.patience;
        let mut turn = Turn::default();
        let mut lines = 0;
        let mut began = false;
        while !awaited.questions.is_empty() {
            let line = self.line(until, &awaited)?;
            lines += 1;
            if lines > MOST_LINES {
                return Err(format!("wrote more than {MOST_LINES} lines after one input"));
            }
            match Said::parse(&line, self.me, self.setting.topology.ids().count())? {
                Said::Reply(id, body) => began |= self.reply(id, body, &mut awaited, &mut turn)?,
                Said::Send(..) | Said::Answer(..) if began => {
                    let rule = "a node must be done with a line before it answers the next";
                    return Err(format!("had answered later lines when it wrote `{}`: {rule}", quoted(&line)));
                }
                Said::Send(to, body) => turn.sends.push((to, body)),
                Said::Answer(number, body) => self.answer(number, &body, &mut turn)?,
            }
        }
        Ok(turn)
    }

    fn line(&mut self, until: Instant, awaited: &Awaited) -> Result<String, String> {
        match self.live.next(until) {
            Heard::Line(line) => Ok(line),
            Heard::TooLong => Err(format!("wrote a line of more than {LONGEST} bytes")),
            Heard::NotText(bytes) => {
                Err(format!("wrote a line that is not UTF-8: `{}`", quoted(&String::from_utf8_lossy(&bytes))))
            }
            Heard::End => Err(self.live.ending()),
            Heard::Silence => {
                let within = format!("within {} ms", self.setting.patience.as_millis());
                Err(match awaited.owed.first() {
                    Some((_, reply)) => format!("did not write `{reply}` {within}"),
                    None => format!("did not come to the `read` or `state` after the line {within}"),
                })
            }
        }
    }

    /// Takes the reply to a question of our own. Returns whether it was one after the input.
    fn reply(&self, id: u64, body: Value, awaited: &mut Awaited, turn: &mut Turn) -> Result<bool, String> {
        let shown = || quoted(&body.to_string());
        if let Some(place) = awaited.owed.iter().position(|(owed, _)| *owed == id) {
            let (_, wanted) = awaited.owed.remove(place);
            let right = body["type"] == wanted;
            return if right { Ok(false) } else { Err(format!("should have answered `{wanted}`, not `{}`", shown())) };
        }
        if awaited.questions.front().is_none_or(|(next, _)| *next != id) {
            return Err(format!("replied out of order, twice, or to nothing: `{}`", shown()));
        }
        if let Some((_, owed)) = awaited.owed.first() {
            let line = quoted(awaited.input.trim_end());
            return Err(format!("answered later lines, but did not write `{owed}` after `{line}`"));
        }
        match awaited.questions.pop_front() {
            Some((_, Question::Read(key))) => {
                let reading = self.setting.workload.reading(&body);
                let reading = reading.map_err(|rule| format!("answered a read of `{key}` by `{}`: {rule}", shown()))?;
                turn.readings.insert(key, reading);
            }
            Some((_, Question::StateBefore)) => turn.state = Some(state(body)?),
            Some((_, Question::StateAfter)) => {
                let after = state(body)?;
                if let Some(before) = turn.state.as_ref().filter(|before| **before != after) {
                    let (before, after) = (quoted(before), quoted(&after));
                    return Err(format!("alters its state when it is read: from `{before}` to `{after}`"));
                }
            }
            None => {}
        }
        Ok(true)
    }

    /// Takes the answer to a client's request.
    fn answer(&mut self, number: u32, body: &Value, turn: &mut Turn) -> Result<(), String> {
        let shown = || quoted(&body.to_string());
        if !self.waiting.contains(&number) {
            return Err(format!("answered a request that it was not given, or a second time: `{}`", shown()));
        }
        if body["type"] == self.setting.workload.acknowledged() {
            let value = self.setting.workload.answered(&self.asked(number), body);
            let value = value.map_err(|rule| format!("answered a request by `{}`: {rule}", shown()))?;
            turn.answers.push((number, value.map_or(Answer::Done, Answer::Value)));
        } else if body["type"] == "error" && body["code"].is_i64() {
            if INDEFINITE.iter().any(|code| body["code"] == *code) {
                return Ok(());
            }
            let text = body["text"].as_str().map_or_else(|| format!("error {}", body["code"]), quoted);
            turn.answers.push((number, Answer::Refused(text)));
        } else {
            let wanted = self.setting.workload.acknowledged();
            return Err(format!(
                "answered a request with neither `{wanted}` nor an `error` with a `code`: `{}`",
                shown()
            ));
        }
        self.waiting.remove(&number);
        Ok(())
    }

    /// The body of this request, which was given.
    fn asked(&self, number: u32) -> Value {
        let body = self.given.iter().find_map(|asked| match asked {
            Asked::Request(given, body) if *given == number => Some(body.value()),
            _ => None,
        });
        body.unwrap_or_default()
    }

    /// Whether the node answers a line of this type with `TYPE_ok`, after its start.
    pub(super) fn knows(mut self, kind: &str) -> bool {
        if self.hear().is_err() {
            return false;
        }
        let (id, barrier) = (self.id(), self.id());
        let workload = self.setting.workload;
        let read = self.setting.keys.first().map_or_else(|| Some(json!({ "type": "read" })), |key| workload.read(key));
        let read = read.unwrap_or_else(|| json!({ "type": "state" }));
        self.live.write(probe(self.me, id, json!({ "type": kind })) + probe(self.me, barrier, read).as_str());
        let until = Instant::now() + self.setting.patience;
        for _ in 0..MOST_LINES {
            let Heard::Line(line) = self.live.next(until) else { return false };
            match Said::parse(&line, self.me, self.setting.topology.ids().count()) {
                Ok(Said::Reply(reply, body)) if reply == id => return body["type"] == format!("{kind}_ok"),
                Ok(Said::Reply(reply, _)) if reply == barrier => return false,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        false
    }
}

/// The state in the reply to `state`: all but the fields of every reply.
fn state(mut body: Value) -> Result<Arc<str>, String> {
    if body["type"] != "state_ok" {
        return Err(format!("should have answered `state_ok`, not `{}`", quoted(&body.to_string())));
    }
    if let Some(fields) = body.as_object_mut() {
        for field in ["type", "in_reply_to", "msg_id"] {
            fields.remove(field);
        }
    }
    Ok(body.to_string().into())
}
