//! The four session guarantees, and resurrection, for registers whose values are unique.
//!
//! Each read is compared with what its process, and the processes whose writes it has read, had read and written before.
//! A value is older than another if a session wrote or read it before it wrote the other.

mod nothing;

use super::{WriteId, Written};
use crate::judge::finding::{self as f, Finding, Tally};
use crate::judge::log::{Log, OpId, Outcome, Process};
use crate::judge::value::{NIL, Name};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};

type Map<K, V> = HashMap<K, V, RandomState>;

/// A place in the order of a session: greater is later. Places of different sessions are not compared.
type Moment = u32;

/// Something that a session did.
#[derive(Clone, Copy, Debug)]
struct Did {
    at: Moment,
    op: OpId,
}

/// What a process did with a key.
#[derive(Default)]
struct View {
    last_read: Option<OpId>,
    last_value: Option<WriteId>,
    /// The first read of a value, and the first read after it of another one: nil, or a value.
    first_read: Option<Did>,
    /// Its acknowledged writes.
    writes: Vec<Did>,
    /// For each other session whose values it read: the latest of its writes, each time it became later.
    of_others: BTreeMap<Process, Vec<(Did, Moment)>>,
}

/// The session of a value's only write.
#[derive(Clone, Copy)]
struct Origin {
    process: Process,
    did: Did,
}

/// The latest write of another session that a process has read.
#[derive(Clone, Copy)]
struct Known {
    write: Did,
    read: OpId,
}

pub(super) struct Sessions {
    now: Moment,
    views: Map<(Process, Name), View>,
    origins: Map<WriteId, Origin>,
    /// The first read of a value by a process.
    met: Map<(WriteId, Process), Did>,
    known: Map<Process, BTreeMap<Process, Known>>,
    resurrection: Tally,
    own_writes: Tally,
    monotonic: Tally,
    writes: Tally,
    follow: Tally,
}

const NOT_UNIQUE: &str = "reads of a value that was written more than once";
const UNKNOWN: &str = "reads of a value whose write was not acknowledged";
const DELETED: &str = "reads of nothing, of a key that was deleted";

impl Sessions {
    pub(super) fn new() -> Sessions {
        Sessions {
            now: 0,
            views: Map::default(),
            origins: Map::default(),
            met: Map::default(),
            known: Map::default(),
            resurrection: Tally::of(f::NO_RESURRECTION),
            own_writes: Tally::of(f::READ_YOUR_WRITES),
            monotonic: Tally::of(f::MONOTONIC_READS),
            writes: Tally::of(f::MONOTONIC_WRITES),
            follow: Tally::of(f::WRITES_FOLLOW_READS),
        }
    }

    fn next(&mut self, op: OpId) -> Did {
        self.now += 1;
        Did { at: self.now, op }
    }

    pub(super) fn began(&mut self, log: &Log, op: OpId, id: WriteId) {
        let did = self.next(op);
        self.origins.entry(id).or_insert(Origin { process: log.at(op).process, did });
    }

    pub(super) fn acknowledged(&mut self, log: &Log, op: OpId, id: WriteId) {
        let did = self.next(op);
        let write = log.at(op);
        if let Some(origin) = self.origins.get_mut(&id).filter(|origin| origin.did.op == op) {
            origin.did = did;
        }
        self.views.entry((write.process, write.key)).or_default().writes.push(did);
    }

    /// The last read of each process and key.
    pub(super) fn last_reads(&self) -> impl Iterator<Item = OpId> {
        self.views.values().filter_map(|view| view.last_read)
    }

    /// Judges a read of a key, of which `deleted` says whether it has been deleted. Time is linear in the number of sessions that the process has read from, but for a logarithm.
    pub(super) fn read(&mut self, log: &Log, op: OpId, id: WriteId, written: &Written, deleted: bool) {
        let (process, key, value) = (log.at(op).process, log.at(op).key, log.at(op).value);
        let did = self.next(op);
        let mut view = self.views.remove(&(process, key)).unwrap_or_default();
        let why_not = match () {
            () if value == NIL && written.live > 0 => Some(DELETED),
            () if value != NIL && (written.live > 1 || written.failed.is_some()) => Some(NOT_UNIQUE),
            () if written.unknown > 0 => Some(UNKNOWN),
            () => None,
        };
        let origin = self.origins.get(&id).copied().filter(|_| written.live > 0 && value != NIL);
        match why_not {
            Some(why) => {
                let all = [&mut self.own_writes, &mut self.monotonic, &mut self.writes, &mut self.follow];
                all.into_iter().for_each(|tally| tally.leave(why));
            }
            None if value == NIL => self.judge_nothing(log, op, &view),
            None if origin.is_some() => self.judge_value(log, op, id, &view, origin, deleted),
            None => {}
        }
        let is_unique = why_not.is_none();
        if let Some(origin) = origin.filter(|_| is_unique) {
            self.met.entry((id, process)).or_insert(did);
            view.first_read.get_or_insert(did);
            if origin.process != process {
                let of = view.of_others.entry(origin.process).or_default();
                if of.last().is_none_or(|(_, latest)| *latest < origin.did.at) {
                    of.push((did, origin.did.at));
                }
                let known = self.known.entry(process).or_default().entry(origin.process);
                let found = Known { write: origin.did, read: op };
                let held = known.or_insert(found);
                if held.write.at < found.write.at {
                    *held = found;
                }
            }
        }
        view.last_read = Some(op);
        view.last_value = Some(id);
        self.views.insert((process, key), view);
    }

    /// Judges a read of a value with one write.
    fn judge_value(&mut self, log: &Log, op: OpId, id: WriteId, view: &View, origin: Option<Origin>, deleted: bool) {
        let Some(origin) = origin else { return };
        let was_deleted = deleted && view.last_read.is_some_and(|last| log.at(last).value == NIL);
        let (process, key) = (log.at(op).process, log.at(op).key);
        let (who, value, of) = (log.process(process), log.names.shown(log.at(op).value), log.of_key(key));
        let met = self.met.get(&(id, process)).copied();
        if view.last_read.is_some() {
            self.monotonic.judge();
        }
        if let Some(own) = view.writes.last() {
            self.own_writes.judge();
            let is_own = origin.process == process && log.at(origin.did.op).outcome == Outcome::Ok;
            if is_own && origin.did.at < own.at {
                return self.own_writes.violated(&[origin.did.op, own.op, op], || {
                    format!("{who} reads {value}{of}, which it had overwritten")
                });
            }
            if let Some(before) = met.filter(|before| before.at < own.at && !is_own) {
                return self.own_writes.violated(&[before.op, own.op, op], || {
                    format!("{who} reads {value}{of}, which it had read before it overwrote it")
                });
            }
        }
        if let (Some(before), Some(last_read)) = (met, view.last_read)
            && view.last_value != Some(id)
        {
            let shown = [before.op, last_read, op];
            if was_deleted {
                self.resurrection.judge();
                return self.resurrection.violated(&shown, || {
                    format!("{who} read {value}{of}, then that it was deleted, and then reads it again")
                });
            }
            return self
                .monotonic
                .violated(&shown, || format!("{who} read {value}{of}, then another value, and then reads it again"));
        }
        if was_deleted && view.first_read.is_some() {
            self.resurrection.judge();
        }
        self.judge_order(log, op, id, origin);
    }

    /// Judges monotonic writes and writes follow reads: whether a session whose write the process has read had written or
    /// read a later value before.
    fn judge_order(&mut self, log: &Log, op: OpId, id: WriteId, origin: Origin) {
        let (process, key) = (log.at(op).process, log.at(op).key);
        let (who, value, of) = (log.process(process), log.names.shown(log.at(op).value), log.of_key(key));
        let (mut writes, mut follow) = (false, false);
        for (other, known) in self.known.get(&process).into_iter().flatten() {
            let Some(theirs) = self.views.get(&(*other, key)) else { continue };
            let name = log.process(*other);
            let upto = known.write.at;
            writes |= theirs.writes.first().is_some_and(|first| first.at <= upto) && *other == origin.process;
            let after = |moment: Moment| {
                let next = theirs.writes.partition_point(|write| write.at <= moment);
                theirs.writes.get(next).copied().filter(|write| write.at <= upto)
            };
            if *other == origin.process {
                if let Some(later) = after(origin.did.at) {
                    let shown = in_order(&[origin.did.op, later.op, known.write.op, known.read, op]);
                    self.writes.judge();
                    return self.writes.violated(&shown, || {
                        format!(
                            "{name} overwrote {value}{of}; {who} had read the new value, or a later write of {name}"
                        )
                    });
                }
                continue;
            }
            if let Some(met) = self.met.get(&(id, *other)) {
                follow = true;
                if let Some(later) = after(met.at) {
                    let shown = in_order(&[met.op, later.op, known.write.op, known.read, op]);
                    self.follow.judge();
                    return self.follow.violated(&shown, || {
                        format!(
                            "{name} read {value}{of} and overwrote it; {who} had read the new value, or a later write of {name}"
                        )
                    });
                }
            }
            let Some(read) = theirs.of_others.get(&origin.process) else { continue };
            let first_later = read.partition_point(|(_, latest)| *latest <= origin.did.at);
            follow = true;
            if let Some((later, _)) = read.get(first_later).filter(|(later, _)| later.at < upto) {
                self.follow.judge();
                return self.follow.violated(&[later.op, known.write.op, known.read, op], || {
                    format!("{name} had read a later value than {value}{of} before the write that {who} has read")
                });
            }
        }
        if writes {
            self.writes.judge();
        }
        if follow {
            self.follow.judge();
        }
    }

    /// The verdicts on resurrection and on the four guarantees.
    pub(super) fn findings(self, log: &Log, deletes: bool) -> [Finding; 5] {
        let deleted =
            if deletes { "no process reads a value after it read a deleted one" } else { "nothing was deleted" };
        [
            self.resurrection.finding(log, deleted),
            self.own_writes.finding(log, "no process reads a key that it had written"),
            self.monotonic.finding(log, "no process reads a key twice"),
            self.writes.finding(log, "no process reads a key after a later write of its writer"),
            self.follow.finding(log, "no process reads a session's write, then a key that the session had read before"),
        ]
    }
}

/// Each operation once, in the order given.
fn in_order(ops: &[OpId]) -> Vec<OpId> {
    let mut shown: Vec<OpId> = Vec::new();
    for op in ops {
        if !shown.contains(op) {
            shown.push(*op);
        }
    }
    shown
}
