//! What the processes tell each other at the end of a level: [`Summary`].

use super::Broken;
use super::next::StepKey;
use crate::check::engine::{Counted, Cut, Limits};
use crate::model::bytes::{read_number, write_number};

/// The results of one process in one level.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Summary {
    /// The number of states expanded.
    pub(super) expanded: u64,
    /// The number of states generated.
    pub(super) generated: u64,
    pub(super) unsure: bool,
    /// Why the process stopped.
    pub(super) cut: Option<Cut>,
    /// By property, the number of the first of its states that decides it.
    pub(super) decided: Vec<Option<u32>>,
    /// The first steps that reach its new states, in order.
    pub(super) firsts: Vec<StepKey>,
}

/// The reasons for which a process stops by itself, by number from 1.
fn cuts(limits: &Limits) -> [Cut; 6] {
    [
        Cut::Interrupted,
        Cut::Time(limits.time),
        Cut::Memory(limits.memory.unwrap_or(0)),
        Cut::Numbers(Counted::States),
        Cut::Numbers(Counted::Steps),
        Cut::Numbers(Counted::Parts),
    ]
}

impl Summary {
    pub(super) fn write(&self, limits: &Limits) -> Vec<u8> {
        let mut out = Vec::new();
        let Summary { expanded, generated, unsure, cut, decided, firsts } = self;
        let alike = |one: Cut, other: Cut| match (one, other) {
            (Cut::Memory(_), Cut::Memory(_)) => true,
            _ => one == other,
        };
        let cut = cut.map_or(0, |cut| 1 + cuts(limits).iter().position(|known| alike(*known, cut)).unwrap_or(0));
        [*expanded, *generated, u64::from(*unsure), cut as u64, decided.len() as u64]
            .into_iter()
            .chain(decided.iter().map(|first| first.map_or(0, |first| u64::from(first) + 1)))
            .chain([firsts.len() as u64])
            .for_each(|number| write_number(number, &mut out));
        let mut last = StepKey::new(0, 0);
        for first in firsts {
            let apart = first.parent() - last.parent();
            write_number(apart.into(), &mut out);
            write_number(first.place().into(), &mut out);
            last = *first;
        }
        out
    }

    pub(super) fn read(mut bytes: &[u8], limits: &Limits) -> Result<Summary, Broken> {
        let mut next = || read_number(&mut bytes).ok_or(Broken("the end of a level is incomplete"));
        let (expanded, generated, unsure) = (next()?, next()?, next()? != 0);
        let cut = (next()? as usize).checked_sub(1).and_then(|place| cuts(limits).get(place).copied());
        let properties = next()?;
        let decided = (0..properties).map(|_| Ok(next()?.checked_sub(1).map(|first| first as u32)));
        let decided = decided.collect::<Result<_, Broken>>()?;
        let mut parent = 0;
        let mut firsts = Vec::new();
        for _ in 0..next()? {
            parent += next()? as u32;
            firsts.push(StepKey::new(parent, next()? as u32));
        }
        Ok(Summary { expanded, generated, unsure, cut, decided, firsts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read_as_it_was_written() {
        let firsts = vec![StepKey::new(3, 1), StepKey::new(3, 700), StepKey::new(70_000, 0)];
        let (limits, decided) = (Limits::default(), vec![None, Some(0), Some(70_000)]);
        for cut in cuts(&limits).into_iter().map(Some).chain([None]) {
            let (decided, firsts) = (decided.clone(), firsts.clone());
            let summary = Summary { expanded: 9, generated: 800, unsure: true, cut, decided, firsts };
            let bytes = summary.write(&limits);
            assert_eq!(Summary::read(&bytes, &limits).ok().as_ref(), Some(&summary));
            assert!(Summary::read(&bytes[..bytes.len() - 1], &limits).is_err());
        }
    }
}
