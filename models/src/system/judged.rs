//! What one reading shows of the writes on its key, by kind of data. Only what can be told from outside is judged: which
//! requests were made and acknowledged, and which client made them in which order.

use multimaster::{Op, Reading, Text};
use std::collections::{BTreeMap, BTreeSet};

/// A write that may have taken effect.
#[derive(Clone, Copy)]
pub(super) struct Write<'a> {
    pub(super) op: &'a Op,
    /// Whether it was acknowledged. Otherwise it may still be on its way, or have had no effect.
    pub(super) done: bool,
    pub(super) client: usize,
    /// The number of its request. A client makes its requests in order, each after the answer to the one before.
    pub(super) number: u32,
}

/// A judgement of one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Right,
    Wrong,
    /// The kind of data, or the form of the reading, says nothing.
    Unknown,
}

impl Judged {
    fn of(right: bool) -> Judged {
        if right { Judged::Right } else { Judged::Wrong }
    }

    /// Of several readings: wrong if one is, and unknown if none is and one is unknown.
    fn all(of: impl IntoIterator<Item = Judged>) -> Judged {
        of.into_iter().fold(Judged::Right, |all, one| match (all, one) {
            (Judged::Wrong, _) | (_, Judged::Wrong) => Judged::Wrong,
            (Judged::Unknown, _) | (_, Judged::Unknown) => Judged::Unknown,
            _ => Judged::Right,
        })
    }
}

/// Whether the reading, which differs from that before all writes, is made of these writes alone.
pub(super) fn is_explained(reading: &Reading, writes: &[Write<'_>]) -> Judged {
    if writes.is_empty() {
        return Judged::of(*reading == Reading::Nothing);
    }
    let written = |value: &Text| writes.iter().any(|write| matches!(write.op, Op::Set(set) if set == value));
    let numbers = || writes.iter().filter_map(|write| bound(write.op));
    match (kind(writes), reading) {
        (Some(_), Reading::Nothing) => Judged::Right,
        (Some(Data::Register), Reading::Value(value)) => Judged::of(written(value)),
        (Some(Data::Register), Reading::Values(values)) => Judged::of(values.iter().all(written)),
        (Some(Data::Counter), Reading::Total(total)) => Judged::of(sums(0, writes).contains(total)),
        (Some(Data::Set), Reading::Elements(elements)) => {
            let inserted =
                |element| writes.iter().any(|write| matches!(write.op, Op::Insert(other) if other == element));
            Judged::of(elements.iter().all(inserted))
        }
        (Some(Data::Flag), Reading::Flag(on)) => Judged::of(!on || writes.iter().any(|write| *write.op == Op::Enable)),
        (Some(Data::Maximum | Data::Minimum), reading) => {
            number(reading).map_or(Judged::Unknown, |number| Judged::of(numbers().any(|written| written == number)))
        }
        (Some(Data::Map), Reading::Fields(fields)) => by_field(fields, writes, is_explained),
        _ => Judged::Unknown,
    }
}

/// Whether the reading, at quiescence, shows every acknowledged write, unless another write stands in its place.
///
/// A register may show any value that its own client has not overwritten since. A set shows each element inserted, unless
/// a remove may have come later; a counter shows the sum. A write that was not acknowledged may count or not.
pub(super) fn shows_all(reading: &Reading, writes: &[Write<'_>]) -> Judged {
    if writes.is_empty() {
        return Judged::Right;
    }
    match (kind(writes), reading) {
        (Some(Data::Register), Reading::Nothing) => Judged::of(may_read(writes, None)),
        (Some(Data::Register), Reading::Value(value)) => Judged::of(may_read(writes, Some(value))),
        (Some(Data::Register), Reading::Values(values)) => {
            let one = if values.is_empty() { Judged::of(may_read(writes, None)) } else { Judged::Right };
            Judged::all(values.iter().map(|value| Judged::of(may_read(writes, Some(value)))).chain([one]))
        }
        (Some(Data::Counter), Reading::Total(total)) => Judged::of(right_sums(writes).contains(total)),
        (Some(Data::Counter), Reading::Nothing) => Judged::of(right_sums(writes).contains(&0)),
        (Some(Data::Set), Reading::Elements(elements)) => elements_right(elements, writes),
        (Some(Data::Set), Reading::Nothing) => elements_right(&BTreeSet::new(), writes),
        (Some(Data::Flag), Reading::Flag(on)) => Judged::of(may_stand(*on, writes, flag)),
        (Some(Data::Flag), Reading::Nothing) => Judged::of(may_stand(false, writes, flag)),
        (Some(data @ (Data::Maximum | Data::Minimum)), reading) => extreme_right(data, reading, writes),
        (Some(Data::Map), Reading::Fields(fields)) => by_field(fields, writes, shows_all),
        (Some(Data::Map), Reading::Nothing) => by_field(&BTreeSet::new(), writes, shows_all),
        _ => Judged::Unknown,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Register,
    Counter,
    Set,
    Flag,
    Maximum,
    Minimum,
    Map,
}

/// The kind of data that takes all these writes, of which there is at least one; `None` if none that can be judged does.
fn kind(writes: &[Write<'_>]) -> Option<Data> {
    let of = |op: &Op| match op {
        Op::Set(_) | Op::Delete => Some(Data::Register),
        Op::Add(_) | Op::Transfer { .. } => Some(Data::Counter),
        Op::Insert(_) | Op::Remove(_) => Some(Data::Set),
        Op::Enable | Op::Disable => Some(Data::Flag),
        Op::Raise(_) => Some(Data::Maximum),
        Op::Lower(_) => Some(Data::Minimum),
        Op::In { .. } => Some(Data::Map),
        _ => None,
    };
    let first = of(writes.first()?.op)?;
    writes.iter().all(|write| of(write.op) == Some(first)).then_some(first)
}

/// Whether the client of `earlier` made `later` afterwards, both acknowledged: every system should let it win.
fn is_after(later: &Write<'_>, earlier: &Write<'_>) -> bool {
    later.client == earlier.client && later.number > earlier.number && later.done && earlier.done
}

/// The writes that no write of the same client among them follows.
fn last<'w, 'a>(writes: &'w [Write<'a>]) -> impl Iterator<Item = &'w Write<'a>> {
    writes.iter().filter(|write| !writes.iter().any(|later| is_after(later, write)))
}

/// Whether a register may read this value in the end.
fn may_read(writes: &[Write<'_>], value: Option<&Text>) -> bool {
    let leaves = |write: &Write<'_>| match write.op {
        Op::Set(set) => Some(set) == value,
        _ => value.is_none(),
    };
    last(writes).any(leaves) || value.is_none() && !writes.iter().any(|write| write.done)
}

/// The sums of `base` and any of the writes that are added.
fn sums(base: i64, writes: &[Write<'_>]) -> BTreeSet<i64> {
    writes.iter().fold(BTreeSet::from([base]), |sums, write| {
        let more = sums.iter().map(|sum| sum.saturating_add(added(write))).collect::<Vec<_>>();
        sums.into_iter().chain(more).collect()
    })
}

/// The sums of all acknowledged writes and any of the others.
fn right_sums(writes: &[Write<'_>]) -> BTreeSet<i64> {
    let (done, open): (Vec<Write<'_>>, Vec<Write<'_>>) = writes.iter().partition(|write| write.done);
    sums(done.iter().map(added).sum(), &open)
}

fn added(write: &Write<'_>) -> i64 {
    if let Op::Add(amount) = write.op { *amount } else { 0 }
}

/// Whether something may be there or not in the end, where `puts` says whether a write puts it there or takes it away.
fn may_stand(there: bool, writes: &[Write<'_>], puts: impl Fn(&Op) -> Option<bool>) -> bool {
    let on_it: Vec<Write<'_>> = writes.iter().filter(|write| puts(write.op).is_some()).copied().collect();
    let is_first = !there && !on_it.iter().any(|write| write.done);
    is_first || last(&on_it).any(|write| puts(write.op) == Some(there))
}

fn elements_right(elements: &BTreeSet<Text>, writes: &[Write<'_>]) -> Judged {
    let of = |write: &Write<'_>| match write.op {
        Op::Insert(element) | Op::Remove(element) => Some(element.clone()),
        _ => None,
    };
    let named: BTreeSet<Text> = writes.iter().filter_map(of).collect();
    let may = |element: &Text| {
        may_stand(elements.contains(element), writes, |op| match op {
            Op::Insert(other) if other == element => Some(true),
            Op::Remove(other) if other == element => Some(false),
            _ => None,
        })
    };
    Judged::of(named.iter().all(may))
}

fn flag(op: &Op) -> Option<bool> {
    match op {
        Op::Enable => Some(true),
        Op::Disable => Some(false),
        _ => None,
    }
}

fn bound(op: &Op) -> Option<i64> {
    if let Op::Raise(number) | Op::Lower(number) = op { Some(*number) } else { None }
}

fn number(reading: &Reading) -> Option<i64> {
    match reading {
        Reading::Total(total) => Some(*total),
        Reading::Value(value) => value.parse().ok(),
        _ => None,
    }
}

fn extreme_right(data: Data, reading: &Reading, writes: &[Write<'_>]) -> Judged {
    let done = writes.iter().filter(|write| write.done).filter_map(|write| bound(write.op));
    let most = if data == Data::Maximum { done.max() } else { done.min() };
    match (number(reading), most) {
        (_, None) => Judged::Right,
        (Some(number), Some(most)) => Judged::of(if data == Data::Maximum { number >= most } else { number <= most }),
        (None, Some(_)) if *reading == Reading::Nothing => Judged::Wrong,
        _ => Judged::Unknown,
    }
}

/// Judges each field of a map by the writes on it.
fn by_field(
    fields: &BTreeSet<(Text, Reading)>,
    writes: &[Write<'_>],
    judge: fn(&Reading, &[Write<'_>]) -> Judged,
) -> Judged {
    let mut written: BTreeMap<&Text, Vec<Write<'_>>> = fields.iter().map(|(field, _)| (field, Vec::new())).collect();
    for write in writes {
        if let Op::In { field, op } = write.op {
            written.entry(field).or_default().push(Write { op, ..*write });
        }
    }
    let read = |field: &Text| {
        let mut there = fields.iter().filter(|(name, _)| name == field).map(|(_, reading)| reading);
        match (there.next(), there.next()) {
            (None, _) => Some(Reading::Nothing),
            (one, None) => one.cloned(),
            _ => None,
        }
    };
    Judged::all(written.into_iter().map(|(field, writes)| match read(field) {
        Some(reading) => judge(&reading, &writes),
        None => Judged::Unknown,
    }))
}

#[cfg(test)]
mod tests;
