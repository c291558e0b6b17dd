//! Monotonic writes and writes follow reads, for sets: an element is seen only with those that its session had added or
//! read before.
//!
//! Both are judged once for each process, session and element: what a read had is required of the later reads of the
//! process by monotonic reads. So each process goes once through the additions of each session, and through what these
//! depend on, one element for each other session.

use super::{Element, ElementId};
use crate::judge::finding::{self as f, Finding, Tally};
use crate::judge::log::{Log, OpId, Process};
use crate::judge::value::Name;
use foldhash::fast::RandomState;
use std::collections::HashMap;

type Map<K, V> = HashMap<K, V, RandomState>;

/// The additions of a session to a key, and what it had read before each.
#[derive(Default)]
struct Session {
    added: Vec<ElementId>,
    /// The place in `added` of the element that depends, and the element that it depends on, with the read that had it.
    depends: Vec<(u32, ElementId, OpId)>,
    /// For each other session, the place of its latest addition that this session has read.
    has_read: Map<Process, u32>,
    /// What it read since its last addition, the latest of each session.
    pending: Map<Process, (ElementId, OpId)>,
}

pub(super) struct Order {
    sessions: Map<(Process, Name), Session>,
    /// The only addition of an element: its session and its place there.
    origin: Map<ElementId, (Process, u32, OpId)>,
    /// For each process, key and session: the number of its additions that were judged, and of what they depend on.
    judged: Map<(Process, Name, Process), (u32, u32)>,
    writes: Tally,
    follow: Tally,
}

impl Order {
    pub(super) fn new() -> Order {
        Order {
            sessions: Map::default(),
            origin: Map::default(),
            judged: Map::default(),
            writes: Tally::of(f::MONOTONIC_WRITES),
            follow: Tally::of(f::WRITES_FOLLOW_READS),
        }
    }

    /// A session adds an element.
    pub(super) fn added(&mut self, process: Process, key: Name, element: ElementId, is_only: bool, op: OpId) {
        let session = self.sessions.entry((process, key)).or_default();
        let place = u32::try_from(session.added.len()).unwrap_or(u32::MAX);
        session.added.push(element);
        let mut pending: Vec<_> = session.pending.drain().map(|(_, found)| found).collect();
        pending.sort();
        session.depends.extend(pending.into_iter().map(|(element, read)| (place, element, read)));
        if is_only {
            self.origin.insert(element, (process, place, op));
        } else {
            self.origin.remove(&element);
        }
    }

    /// A process reads these elements, for which `is_read` is true.
    pub(super) fn read(
        &mut self,
        log: &Log,
        op: OpId,
        now: &[ElementId],
        elements: &[Element],
        is_read: impl Fn(ElementId) -> bool,
    ) {
        let (reader, key) = (log.at(op).process, log.at(op).key);
        // The latest element of each session.
        let mut latest: Map<Process, (u32, ElementId, OpId)> = Map::default();
        for element in now {
            let Some((process, place, added)) = self.origin.get(element).filter(|(process, ..)| *process != reader)
            else {
                continue;
            };
            let found = latest.entry(*process).or_insert((*place, *element, *added));
            if found.0 <= *place {
                *found = (*place, *element, *added);
            }
        }
        let mut latest: Vec<(Process, (u32, ElementId, OpId))> = latest.into_iter().collect();
        latest.sort();
        let (mut judged_writes, mut judged_follow) = (false, false);
        for (process, (place, _, seen)) in &latest {
            let Some(session) = self.sessions.get(&(*process, key)) else { continue };
            let judged = self.judged.entry((reader, key, *process)).or_default();
            judged_writes |= *place > 0;
            let begin = (judged.0 as usize).min(session.added.len());
            let end = (*place as usize).max(begin);
            for missing in session.added[begin..end].iter().filter(|element| !is_read(**element)) {
                let found = &elements[missing.0 as usize];
                let Some(added) = found.acknowledged.filter(|added| log.at(*added).process == *process) else {
                    continue;
                };
                if found.stays() {
                    self.writes.violated(&[added, *seen, op], || violation(log, added, *seen, op, "had added"));
                }
            }
            judged.0 = judged.0.max(*place + 1);
            let depends = session.depends[judged.1 as usize..].iter().take_while(|(after, ..)| after <= place);
            let mut count = 0;
            for (_, missing, read) in depends {
                count += 1;
                let found = &elements[missing.0 as usize];
                if found.stays() && !is_read(*missing) {
                    self.follow.violated(&[*read, *seen, op], || {
                        violation(log, found.added.unwrap_or(*seen), *seen, op, "had read")
                    });
                }
            }
            judged.1 += count;
            judged_follow |= judged.1 > 0;
        }
        if judged_writes {
            self.writes.judge();
        }
        if judged_follow {
            self.follow.judge();
        }
        let session = self.sessions.entry((reader, key)).or_default();
        for (process, (place, element, _)) in latest {
            let has_read = session.has_read.get(&process);
            if has_read.is_none_or(|before| *before < place) {
                session.has_read.insert(process, place);
                session.pending.insert(process, (element, op));
            }
        }
    }

    /// The verdicts on writes follow reads and on monotonic writes.
    pub(super) fn findings(self, log: &Log) -> [Finding; 2] {
        [
            self.follow.finding(log, "no read shows an element that a session added after it read another session's"),
            self.writes.finding(log, "no read shows an element that a session added after another of its own"),
        ]
    }
}

fn violation(log: &Log, missing: OpId, seen: OpId, read: OpId, how: &str) -> String {
    let value = |op: OpId| log.names.shown(log.at(op).value);
    format!(
        "{} read {} without {}, which {} {how} before",
        log.process(log.at(read).process),
        value(seen),
        value(missing),
        log.process(log.at(seen).process)
    )
}
