//! Flags: of an enabling and a disabling neither of which had seen the other, one wins.

use crate::history::Write;
use multimaster::{Op, Reading};

/// On if some enabling was seen by no disabling.
pub fn enable_wins_flag(writes: &[&Write]) -> Reading {
    let undone = |enabling: &Write| of(writes, &Op::Disable).any(|disabling| disabling.had_seen(enabling));
    Reading::Flag(of(writes, &Op::Enable).any(|enabling| !undone(enabling)))
}

/// On if it was enabled, and each disabling was seen by some enabling.
pub fn disable_wins_flag(writes: &[&Write]) -> Reading {
    let undone = |disabling: &Write| of(writes, &Op::Enable).any(|enabling| enabling.had_seen(disabling));
    Reading::Flag(of(writes, &Op::Enable).next().is_some() && of(writes, &Op::Disable).all(undone))
}

fn of<'a>(writes: &'a [&'a Write], op: &'a Op) -> impl Iterator<Item = &'a Write> {
    writes.iter().copied().filter(move |write| write.op == *op)
}
