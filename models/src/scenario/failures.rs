//! The `[failures]` table of a scenario file, checked.

use super::file::{FailuresFile, File, LinkName};
use super::reader::Reader;
use crate::fault::Fault;
use crate::scope::{Collected, Failures, Keeps, Level, Severed};
use multimaster::{MasterId, Topology};
use std::str::FromStr;
use toml::Spanned;

impl Reader<'_> {
    /// The failures that the file asks for.
    pub(super) fn failures(&self, file: &File, topology: &Topology) -> Result<Failures, Fault> {
        let Some(table) = &file.failures else { return Ok(Failures::default()) };
        let place = table;
        let table = table.get_ref();
        let number = |field: &Option<Spanned<u8>>| field.as_ref().map_or(0, |number| *number.get_ref());
        let (cuts, crashes) = (number(&table.cuts), number(&table.crashes));
        self.crash_fields_need_crashes(table, crashes)?;
        let severed = match (&table.severed, cuts) {
            (Some(severed), 0) => {
                return Err(self.fault(severed, "without `cuts`, nothing is severed: give `cuts = 1`"));
            }
            (Some(severed), _) => {
                severed.get_ref().iter().map(|name| self.severed(name, topology)).collect::<Result<_, _>>()?
            }
            (None, 0) => Vec::new(),
            (None, _) => every_pair(topology),
        };
        if severed.len() > 32 {
            let what = format!("{} things to sever: at most 32; list some in `severed`", severed.len());
            return Err(self.fault(place, what));
        }
        let crashing = match &table.crashing {
            Some(names) => {
                let each = names.get_ref().iter().map(|name| self.master(name, topology.masters()));
                each.collect::<Result<_, _>>()?
            }
            None => topology.ids().collect(),
        };
        let keeps = self.parsed(&table.keeps)?.unwrap_or(Keeps::All);
        if let (Some(place), true) = (&table.keeps, keeps != Keeps::All && topology.is_one_way()) {
            let what =
                "with `one-way = true`, a master that forgot its writes cannot get them back: give `keeps = \"all\"`";
            return Err(self.fault(place, what));
        }
        let level = self.level(table, keeps, crashes, topology.masters())?;
        let restarts = table.restarts.as_ref().is_none_or(|restarts| *restarts.get_ref());
        let drained = table.drained.as_ref().is_some_and(|drained| *drained.get_ref());
        if let (Some(place), true) = (&table.drained, drained && restarts) {
            return Err(self.fault(place, "a master that is drained leaves for good: give `restarts = false`"));
        }
        let repaired = table.repaired.as_ref().is_some_and(|repaired| *repaired.get_ref());
        if let (Some(place), true) = (&table.repaired, repaired && (restarts || topology.is_one_way())) {
            let what = "the topology is repaired where a master is gone for good, and paths lead back: give \
                        `restarts = false`, and no `one-way`";
            return Err(self.fault(place, what));
        }
        Ok(Failures { cuts, severed, crashes, crashing, keeps, restarts, drained, repaired, level })
    }

    /// When tombstones are collected.
    pub(super) fn collected(&self, file: &File, link: LinkName) -> Result<Collected, Fault> {
        let Some(table) = &file.tombstones else { return Ok(Collected::Never) };
        if !matches!(link, LinkName::Stream | LinkName::Datagram) {
            return Err(self.fault(table, "`[tombstones]` is for `link = \"stream\"` or `\"datagram\"`"));
        }
        if file.shards.is_some() {
            return Err(self.fault(table, "`[tombstones]` is not for masters of several `shards`"));
        }
        let collected = &table.get_ref().collected;
        collected.get_ref().parse().map_err(|what: String| self.fault(collected, what))
    }

    /// A field about crashes has no effect without crashes.
    fn crash_fields_need_crashes(&self, table: &FailuresFile, crashes: u8) -> Result<(), Fault> {
        let given = [
            ("crashing", table.crashing.as_ref().map(Spanned::span)),
            ("keeps", table.keeps.as_ref().map(Spanned::span)),
            ("restarts", table.restarts.as_ref().map(Spanned::span)),
            ("drained", table.drained.as_ref().map(Spanned::span)),
            ("repaired", table.repaired.as_ref().map(Spanned::span)),
        ];
        match given.into_iter().find_map(|(field, span)| Some((field, span?))) {
            Some((field, span)) if crashes == 0 => {
                let what = format!("without `crashes`, `{field}` has no effect: give `crashes = 1`, or drop it");
                Err(self.fault(&Spanned::new(span, ()), what))
            }
            _ => Ok(()),
        }
    }

    fn level(&self, table: &FailuresFile, keeps: Keeps, crashes: u8, masters: u16) -> Result<Level, Fault> {
        let level = self.parsed(&table.acknowledge)?.unwrap_or(Level::Applied);
        let Some(place) = &table.acknowledge else { return Ok(level) };
        match level {
            Level::HeldBy(others) if others == 0 || u16::from(others) >= masters => {
                let what =
                    format!("`acknowledge = \"held by {others}\"`: there are 1 to {} other masters", masters - 1);
                Err(self.fault(place, what))
            }
            Level::Flushed if crashes == 0 || !matches!(keeps, Keeps::Flushed | Keeps::OlderCopy) => {
                let what = "a flush matters only where a crash goes back to it: give `crashes` and `keeps = \"flushed\"` \
                            or `\"older copy\"`";
                Err(self.fault(place, what))
            }
            level => Ok(level),
        }
    }

    fn parsed<T: FromStr<Err = String>>(&self, field: &Option<Spanned<String>>) -> Result<Option<T>, Fault> {
        let parse = |text: &Spanned<String>| text.get_ref().parse().map_err(|what: String| self.fault(text, what));
        field.as_ref().map(parse).transpose()
    }

    /// `A -> B` is the path from A to B, `A - B` both paths between them, `A` all paths of A.
    fn severed(&self, name: &Spanned<String>, topology: &Topology) -> Result<Severed, Fault> {
        let text = name.get_ref().as_str();
        let known = |id: &str| id.trim().parse().ok().filter(|id: &MasterId| id.0 < topology.masters());
        let both = |text: &str, sign: &str| text.split_once(sign).map(|(from, to)| (known(from), known(to)));
        let is_used = |(from, to): &(MasterId, MasterId)| {
            topology.edges().any(|edge| edge == (*from, *to) || edge == (*to, *from))
        };
        let paths = if let Some((from, to)) = both(text, " -> ") {
            from.zip(to).into_iter().filter(is_used).collect()
        } else if let Some((from, to)) = both(text, " - ") {
            from.zip(to).into_iter().filter(is_used).flat_map(|(one, other)| [(one, other), (other, one)]).collect()
        } else {
            let others = |at: MasterId| topology.ids().filter(move |other| *other != at).map(move |other| (at, other));
            let paths = known(text).into_iter().flat_map(others).filter(is_used);
            paths.flat_map(|(at, other)| [(at, other), (other, at)]).collect::<Vec<_>>()
        };
        if paths.is_empty() {
            let what = "is no path between neighbours: give \"A -> B\" (from A to B), \"A - B\" (both ways) or \"A\" \
                        (all paths of A)";
            return Err(self.fault(name, format!("`severed`: {text:?} {what}")));
        }
        Ok(Severed { name: text.into(), paths })
    }
}

/// Each pair of neighbours, severed both ways.
fn every_pair(topology: &Topology) -> Vec<Severed> {
    let edges = || topology.edges();
    let pairs = edges().filter(|(from, to)| from < to || !edges().any(|edge| edge == (*to, *from)));
    pairs.map(|(from, to)| Severed { name: format!("{from} - {to}"), paths: vec![(from, to), (to, from)] }).collect()
}
