//! Flags: of a concurrent enable and disable, one wins.

use crate::history::Write;
use multimaster::{Op, Reading};

/// On if some enable is in no disable's causal past.
pub fn enable_wins_flag(writes: &[&Write]) -> Reading {
    let undone = |enabling: &Write| of(writes, &Op::Disable).any(|disabling| disabling.had_seen(enabling));
    Reading::Flag(of(writes, &Op::Enable).any(|enabling| !undone(enabling)))
}

/// On if it was enabled, and each disable is in some enable's causal past.
pub fn disable_wins_flag(writes: &[&Write]) -> Reading {
    let undone = |disabling: &Write| of(writes, &Op::Enable).any(|enabling| enabling.had_seen(disabling));
    Reading::Flag(of(writes, &Op::Enable).next().is_some() && of(writes, &Op::Disable).all(undone))
}

fn of<'a>(writes: &'a [&'a Write], op: &'a Op) -> impl Iterator<Item = &'a Write> {
    writes.iter().copied().filter(move |write| write.op == *op)
}
