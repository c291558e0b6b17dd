//! Events become operations, and those become steps of a [`Judge`].
//!
//! A process is a session: it has one operation at a time. An operation that never ended, or ended with `info`, may have
//! its effect at any later time.

mod kind;

use super::data::{Data, Judge, ReadValue};
use super::event::{Event, Kind};
use super::log::{Log, OpId, Operation, Outcome, Place, Process, What};
use super::parts::{self, Part};
use super::value::{NIL, Name, Value};
use crate::fault::quoted;
use compact_str::CompactString;
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// Reads the events of a history, one after the other.
pub(crate) struct Reader {
    pub(crate) log: Log,
    /// The judge, once the kind of data is known.
    judge: Option<(Data, Box<dyn Judge>)>,
    settings: Settings,
    /// Steps that came before that.
    waiting: Vec<Step>,
    /// What each process is doing.
    running: HashMap<Process, Running, RandomState>,
    /// The end of each process's last operation.
    idle_since: HashMap<Process, Place, RandomState>,
    place: Place,
    elements: Vec<Name>,
    /// Reads before the kind of data was known, which are not judged.
    pub(crate) before_known: u64,
    /// Client operations: a transaction is one.
    pub(crate) asked: u64,
    /// Of those, the ones that failed, and the ones whose effect is unknown.
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
}

/// What the user says of a history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) data: Option<Data>,
    pub(crate) initial: Option<Value>,
    pub(crate) at_least: Option<i64>,
    pub(crate) settle: i64,
}

enum Step {
    Began(OpId),
    Ended(OpId),
}

struct Running {
    f: CompactString,
    line: usize,
    began: Place,
    time: Option<i64>,
    effects: Vec<OpId>,
}

impl Reader {
    pub(crate) fn new(settings: Settings) -> Reader {
        let judge = settings.data.map(|data| (data, data.judge(&settings)));
        Reader {
            log: Log::new(),
            judge,
            settings,
            waiting: Vec::new(),
            running: HashMap::default(),
            idle_since: HashMap::default(),
            place: 0,
            elements: Vec::new(),
            before_known: 0,
            asked: 0,
            failed: 0,
            unknown: 0,
        }
    }

    /// Takes the next event. Amortized time linear in the event, and what the judge takes.
    ///
    /// # Errors
    /// If it cannot come now, or is of another kind of data.
    pub(crate) fn take(&mut self, event: &Event) -> Result<(), String> {
        if self.place >= u32::MAX - 2 || self.log.operations.len() >= (u32::MAX - 2) as usize {
            return Err("this history is too long: at most four billion events".into());
        }
        self.place += 1;
        let process = Process(self.log.processes.of(&event.process).0);
        match (event.kind, self.running.remove(&process)) {
            (Kind::Invoke, Some(running)) => Err(format!(
                "{} begins an operation before its last one, of line {}, ended; end that one with `ok`, `fail` or `info`",
                self.log.process(process),
                running.line
            )),
            (Kind::Invoke, None) => {
                let running = self.begin(process, event, self.place)?;
                self.running.insert(process, running);
                Ok(())
            }
            (_, Some(running)) if running.f != event.f => Err(format!(
                "`{}` ends here, but {} is at the `{}` of line {}",
                quoted(&event.f),
                self.log.process(process),
                quoted(&running.f),
                running.line
            )),
            (_, Some(running)) => self.end(process, event, running),
            (_, None) => {
                let since = self.idle_since.get(&process).copied().unwrap_or(0);
                let running = self.begin(process, event, since)?;
                self.end(process, event, running)
            }
        }
    }

    /// The operation begins; it has those of its parts that may have an effect.
    fn begin(&mut self, process: Process, event: &Event, began: Place) -> Result<Running, String> {
        self.asked += 1;
        let parts = parts::of(event, false)?;
        self.learn(parts.iter().find_map(|part| part.data))?;
        let mut effects = Vec::new();
        for part in parts.iter().filter(|part| part.what != parts::Does::Read) {
            self.admit(part)?;
            let what = match part.what {
                parts::Does::Write | parts::Does::Read => What::Write,
                parts::Does::Add => What::Add,
                parts::Does::Remove => What::Remove,
            };
            let op = self.operation(process, event, part, what, began);
            effects.push(op);
            self.step(Step::Began(op));
        }
        Ok(Running { f: event.f.clone(), line: event.line, began, time: event.time, effects })
    }

    fn end(&mut self, process: Process, event: &Event, running: Running) -> Result<(), String> {
        self.idle_since.insert(process, self.place);
        let outcome = match event.kind {
            Kind::Ok => Outcome::Ok,
            Kind::Fail => Outcome::Fail,
            Kind::Invoke | Kind::Info => Outcome::Unknown,
        };
        self.failed += u64::from(outcome == Outcome::Fail);
        self.unknown += u64::from(outcome == Outcome::Unknown);
        let mut effects = running.effects.iter();
        // Only the end of an operation that was acknowledged says what it read.
        let parts = if outcome == Outcome::Ok { parts::of(event, true)? } else { Vec::new() };
        for part in &parts {
            if part.what == parts::Does::Read {
                self.read(process, event, part, &running)?;
            } else if let Some(op) = effects.next() {
                self.close(*op, outcome, event.time);
            }
        }
        for op in effects {
            self.close(*op, outcome, event.time);
        }
        Ok(())
    }

    fn close(&mut self, op: OpId, outcome: Outcome, time: Option<i64>) {
        let operation = &mut self.log.operations[op.0 as usize];
        operation.outcome = outcome;
        operation.time = time;
        if outcome != Outcome::Unknown {
            operation.ended = self.place;
        }
        self.step(Step::Ended(op));
    }

    fn read(&mut self, process: Process, event: &Event, part: &Part, running: &Running) -> Result<(), String> {
        if !self.waiting.is_empty() {
            self.learn(Data::of_read(&part.value))?;
        }
        let Some((data, _)) = &self.judge else {
            self.before_known += 1;
            return Ok(());
        };
        let what = if data.has_elements() { What::ReadAll } else { What::Read };
        let data = *data;
        let value = data.read(&part.value)?;
        let op = self.operation(process, event, part, what, running.began);
        let ended = self.place;
        let operation = &mut self.log.operations[op.0 as usize];
        (operation.ended, operation.outcome, operation.time) = (ended, Outcome::Ok, running.time);
        operation.is_final = event.is_final;
        self.log.has_final |= event.is_final;
        self.elements.clear();
        if let Some(elements) = value.elements().filter(|_| what == What::ReadAll) {
            operation.value = Name(u32::try_from(elements.len()).unwrap_or(u32::MAX));
            self.elements.extend(elements.iter().map(|element| self.log.names.of(element)));
        }
        let Some((_, judge)) = &mut self.judge else { return Ok(()) };
        let name = self.log.at(op).value;
        let read = match &*value {
            _ if what == What::ReadAll => ReadValue::Elements(&self.elements),
            Value::Int(number) => ReadValue::One(name, *number),
            _ => ReadValue::One(name, 0),
        };
        judge.read(&self.log, op, read);
        Ok(())
    }

    /// Adds an operation to the log.
    fn operation(&mut self, process: Process, event: &Event, part: &Part, what: What, began: Place) -> OpId {
        let id = OpId(u32::try_from(self.log.operations.len()).unwrap_or(u32::MAX));
        let is_register = matches!(self.judge, Some((Data::Register, _)));
        let value = match &self.settings.initial {
            _ if what == What::ReadAll => NIL,
            Some(initial) if is_register && *initial == *part.value => NIL,
            _ => self.log.names.of(&part.value),
        };
        let operation = Operation {
            line: u32::try_from(event.line).unwrap_or(u32::MAX),
            index: event.index,
            process,
            node: self.log.node_name(event.node.as_ref()),
            key: part.key.map_or(NIL, |key| self.log.names.of(key)),
            value,
            what,
            part_of: part.part_of,
            is_final: false,
            began,
            ended: Place::MAX,
            outcome: Outcome::Open,
            time: event.time,
        };
        self.log.operations.push(operation);
        id
    }

    fn step(&mut self, step: Step) {
        match &mut self.judge {
            Some((_, judge)) => told(&mut **judge, &self.log, step),
            None => self.waiting.push(step),
        }
    }

    /// The operations that have not ended.
    pub(crate) fn unended(&self) -> u64 {
        self.running.len() as u64
    }

    /// The history is over, or was interrupted. Returns the kind of data and its judge.
    pub(crate) fn finish(mut self) -> (Log, Data, Box<dyn Judge>) {
        let (data, mut judge) = match self.judge {
            Some(known) => known,
            None => (Data::Set, Data::Set.judge(&self.settings)),
        };
        // They wait only if the kind of data was never known.
        for step in self.waiting {
            told(&mut *judge, &self.log, step);
        }
        let mut running: Vec<Running> = self.running.drain().map(|(_, running)| running).collect();
        running.sort_by_key(|running| running.began);
        for op in running.into_iter().flat_map(|running| running.effects) {
            judge.ended(&self.log, op);
        }
        (self.log, data, judge)
    }
}

fn told(judge: &mut dyn Judge, log: &Log, step: Step) {
    match step {
        Step::Began(op) => judge.began(log, op),
        Step::Ended(op) => judge.ended(log, op),
    }
}
