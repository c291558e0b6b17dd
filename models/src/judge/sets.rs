//! Sets, lists and broadcasts are judged by their elements: an element that was added, and never removed, is seen or not.

mod ended;
mod order;

pub(super) use ended::INTERRUPTED;

use super::data::{Judge, ReadValue};
use super::ends::Ends;
use super::finding::{self as f, Finding, Tally};
use super::log::{Log, OpId, Outcome, Process, What};
use super::value::Name;
use foldhash::fast::RandomState;
use order::Order;
use std::collections::HashMap;

/// The number of an element: a value under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ElementId(u32);

/// What is known of an element.
#[derive(Clone, Debug, Default)]
struct Element {
    /// The operation that added it first.
    added: Option<OpId>,
    /// The additions and the removals that began and did not fail.
    additions: u32,
    removals: u32,
    /// The first acknowledged addition.
    acknowledged: Option<OpId>,
    /// An addition that failed.
    failed: Option<OpId>,
    /// The first read that had it while no addition was acknowledged.
    read_early: Option<OpId>,
    /// A removal that was acknowledged to a process that had seen the element.
    removed_knowingly: Option<OpId>,
    /// Whether the effect of an addition or a removal is unknown.
    unknown: bool,
}

impl Element {
    /// A process that has seen it must see it: an addition has an effect, and none removes it.
    fn stays(&self) -> bool {
        self.additions > 0 && self.removals == 0
    }
}

/// What a process has seen of a key.
#[derive(Default)]
struct View {
    /// The elements of the last read, in its order.
    seen: Vec<ElementId>,
    last_read: Option<OpId>,
    /// Elements whose addition was acknowledged to the process, and that it has not read yet.
    own: Vec<ElementId>,
    /// Whether it has added anything.
    has_added: bool,
    /// Elements that it knew and knows to be removed: by its own removal, or by a read that lacked them.
    gone: HashMap<ElementId, OpId, RandomState>,
}

pub(crate) struct Sets {
    /// Whether the order of the elements counts at the end.
    is_list: bool,
    elements: Vec<Element>,
    numbers: HashMap<(Name, Name), ElementId, RandomState>,
    views: HashMap<(Process, Name), View, RandomState>,
    order: Order,
    ends: Ends,
    /// The elements of the read at hand, and for each element the last read that had it.
    now: Vec<ElementId>,
    marks: Vec<u32>,
    reads: u32,
    removes: bool,
    invention: Tally,
    resurrection: Tally,
    own_writes: Tally,
    monotonic: Tally,
}

impl Sets {
    pub(crate) fn new(settle: i64, is_list: bool) -> Sets {
        Sets {
            is_list,
            elements: Vec::new(),
            numbers: HashMap::default(),
            views: HashMap::default(),
            order: Order::new(),
            ends: Ends::new(settle),
            now: Vec::new(),
            marks: Vec::new(),
            reads: 0,
            removes: false,
            invention: Tally::of(f::NO_INVENTION),
            resurrection: Tally::of(f::NO_RESURRECTION),
            own_writes: Tally::of(f::READ_YOUR_WRITES),
            monotonic: Tally::of(f::MONOTONIC_READS),
        }
    }

    fn number(&mut self, key: Name, value: Name) -> ElementId {
        let next = ElementId(u32::try_from(self.elements.len()).unwrap_or(u32::MAX));
        let id = *self.numbers.entry((key, value)).or_insert(next);
        if id == next {
            self.elements.push(Element::default());
            self.marks.push(0);
        }
        id
    }

    fn is_marked(&self, element: ElementId) -> bool {
        self.marks[element.0 as usize] == self.reads
    }

    /// Judges whether each element of the read was added.
    fn judge_origin(&mut self, log: &Log, op: OpId, element: ElementId, value: Name) {
        let found = &mut self.elements[element.0 as usize];
        if found.additions > 0 {
            if found.acknowledged.is_none() {
                found.read_early.get_or_insert(op);
            }
            return;
        }
        let (read, value) = (log.process(log.at(op).process), log.names.shown(value));
        match found.failed {
            Some(failed) => self
                .invention
                .violated(&[failed, op], || format!("{read} read {value}, but every addition of it had failed")),
            None => self.invention.violated(&[op], || format!("{read} read {value}, and no addition of it had begun")),
        }
    }

    /// Judges whether the read has all that the process knew.
    fn judge_session(&mut self, log: &Log, op: OpId, view: &mut View) {
        let process = log.at(op).process;
        if view.has_added {
            self.own_writes.judge();
        }
        if view.last_read.is_some() {
            self.monotonic.judge();
        }
        let name = |added: OpId| log.names.shown(log.at(added).value);
        for element in view.own.drain(..) {
            let found = &self.elements[element.0 as usize];
            let Some(added) = found.acknowledged.filter(|_| !self.is_marked(element)) else { continue };
            if found.stays() {
                self.own_writes.violated(&[added, op], || {
                    format!("{} added {}, and its next read lacks it", log.process(process), name(added))
                });
            } else if found.removals > 0 {
                view.gone.insert(element, op);
            }
        }
        for element in &view.seen {
            let found = &self.elements[element.0 as usize];
            let (Some(added), Some(last)) = (found.added, view.last_read) else { continue };
            if self.is_marked(*element) {
                continue;
            }
            if found.stays() {
                self.monotonic.violated(&[last, op], || {
                    format!("{} read {}, and then a state without it", log.process(process), name(added))
                });
            } else if found.removals > 0 {
                view.gone.insert(*element, op);
            }
        }
    }

    /// Judges whether anything that the process knew to be removed is back.
    fn judge_return(&mut self, log: &Log, op: OpId, view: &mut View) {
        if view.gone.is_empty() {
            return;
        }
        self.resurrection.judge();
        let read = log.at(op);
        let (who, key) = (log.process(read.process), log.of_key(read.key));
        for element in &self.now {
            let Some(gone) = view.gone.remove(element) else { continue };
            let found = &self.elements[element.0 as usize];
            let Some(added) = found.acknowledged else { continue };
            let value = log.names.shown(log.at(added).value);
            if found.additions > 1 {
                self.resurrection.leave("the element was added more than once");
            } else if log.at(gone).what == What::Remove {
                self.own_writes.violated(&[added, gone, op], || {
                    format!("{who} removed {value}{key}, which it had seen, and reads it still")
                });
            } else if log.at(added).ended <= log.at(gone).began {
                self.resurrection.violated(&[added, gone, op], || {
                    format!("{who} knew {value}{key}, then read that it was removed, and then reads it again")
                });
            }
        }
    }

    fn remember(&mut self, op: OpId, view: &mut View) {
        view.last_read = Some(op);
        view.seen.clear();
        view.seen.extend_from_slice(&self.now);
    }
}

impl Judge for Sets {
    fn began(&mut self, log: &Log, op: OpId) {
        let operation = log.at(op);
        let id = self.number(operation.key, operation.value);
        let element = &mut self.elements[id.0 as usize];
        if operation.what == What::Remove {
            element.removals += 1;
            self.removes = true;
            return;
        }
        element.added.get_or_insert(op);
        element.additions += 1;
        let is_only = element.additions == 1 && element.failed.is_none();
        self.order.added(operation.process, operation.key, id, is_only, op);
    }

    fn ended(&mut self, log: &Log, op: OpId) {
        self.ends.ended(log, op);
        let operation = log.at(op);
        let id = self.number(operation.key, operation.value);
        let element = &mut self.elements[id.0 as usize];
        let is_removal = operation.what == What::Remove;
        match operation.outcome {
            Outcome::Fail if is_removal => element.removals -= 1,
            Outcome::Fail => {
                element.additions -= 1;
                element.failed = Some(op);
                if let Some(read) = element.read_early.filter(|_| element.additions == 0) {
                    let value = log.names.shown(operation.value);
                    self.invention
                        .violated(&[op, read], || format!("{value} was read, but every addition of it failed"));
                }
            }
            Outcome::Ok => {
                let view = self.views.entry((operation.process, operation.key)).or_default();
                if is_removal {
                    let knew = view.own.contains(&id) || view.seen.contains(&id);
                    if knew && element.additions == 1 {
                        element.removed_knowingly.get_or_insert(op);
                        view.gone.insert(id, op);
                    }
                } else {
                    element.acknowledged.get_or_insert(op);
                    view.own.push(id);
                    view.has_added = true;
                }
            }
            Outcome::Open | Outcome::Unknown => element.unknown = true,
        }
    }

    fn read(&mut self, log: &Log, op: OpId, value: ReadValue<'_>) {
        let ReadValue::Elements(names) = value else { return };
        let (process, key) = (log.at(op).process, log.at(op).key);
        self.reads += 1;
        self.now.clear();
        if !names.is_empty() {
            self.invention.judge();
        }
        for name in names {
            let element = self.number(key, *name);
            self.judge_origin(log, op, element, *name);
            if !self.is_marked(element) {
                self.marks[element.0 as usize] = self.reads;
                self.now.push(element);
            }
        }
        let mut view = self.views.remove(&(process, key)).unwrap_or_default();
        self.judge_return(log, op, &mut view);
        self.judge_session(log, op, &mut view);
        let (elements, marks, reads) = (&self.elements, &self.marks, self.reads);
        self.order.read(log, op, &self.now, elements, |element| marks[element.0 as usize] == reads);
        self.remember(op, &mut view);
        self.views.insert((process, key), view);
    }

    fn finish(self: Box<Self>, log: &Log, whole: bool) -> Vec<Finding> {
        let (lost, agreement) = self.judge_end(log, whole);
        let nothing = "nothing was read";
        let no_removal =
            if self.removes { "no process read again what it knew to be removed" } else { "nothing was removed" };
        let [follow, writes] = self.order.findings(log);
        vec![
            lost,
            agreement,
            self.invention.finding(log, nothing),
            self.resurrection.finding(log, no_removal),
            self.own_writes.finding(log, "no process reads after its own additions"),
            self.monotonic.finding(log, "no process reads twice"),
            writes,
            follow,
        ]
    }
}
