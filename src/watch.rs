//! With the feature `watch`: [`during`] records whether a rule reads the numbers inside timestamps, dots and version
//! vectors; [`renamed`] renames these numbers in serialized forms.
//!
//! The numbers inside a [`Dot`](crate::Dot), a [`Timestamp`](crate::Timestamp) and a
//! [`VersionVector`](crate::VersionVector) are private. A rule can copy these values, compare two of them, and ask a
//! vector for a dot; all of this depends only on the order of numbers. Every other function that shows a number, makes
//! a value from a number, or whose result depends on one (a hash, a text, a serialized form) notes its call here. So a
//! call of a rule that noted nothing has a result that depends only on the order of the numbers it was given.
//!
//! The notes belong to one thread: a thread that a rule starts is not watched.

#[cfg(feature = "watch")]
pub use watching::{Numbers, during, numbers, renamed};

#[cfg(feature = "watch")]
use crate::MasterId;

/// Notes that a number is read.
#[inline(always)]
pub(crate) fn look(_at: &'static str) {
    #[cfg(feature = "watch")]
    watching::LOOKED.set(Some(_at));
}

#[cfg(feature = "watch")]
pub(crate) use watching::{seq, time};

/// The time to serialize in place of this one.
#[cfg(all(feature = "serde", not(feature = "watch")))]
pub(crate) fn time(time: u64) -> u64 {
    time
}

/// The sequence number to serialize in place of this one.
#[cfg(all(feature = "serde", not(feature = "watch")))]
pub(crate) fn seq(_: crate::MasterId, seq: u64) -> u64 {
    seq
}

#[cfg(feature = "watch")]
mod watching {
    use super::MasterId;
    use std::cell::{Cell, RefCell};

    thread_local! {
        pub(super) static LOOKED: Cell<Option<&'static str>> = const { Cell::new(None) };
        static MODE: RefCell<Mode> = const { RefCell::new(Mode::Plain) };
    }

    /// The treatment of numbers that are serialized.
    enum Mode {
        Plain,
        Collected(Numbers),
        Renamed { from: Numbers, to: Numbers },
    }

    /// Times and sequence numbers, each ascending and once.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Numbers {
        /// The times of timestamps.
        pub times: Vec<u64>,
        /// The sequence numbers of dots, and the counts of vectors other than 0.
        pub seqs: Vec<(MasterId, u64)>,
    }

    impl Numbers {
        /// Adds all of `other`.
        pub fn join(&mut self, other: &Numbers) {
            other.times.iter().for_each(|time| insert(&mut self.times, *time));
            other.seqs.iter().for_each(|seq| insert(&mut self.seqs, *seq));
        }

        /// As many numbers in the same order, without gaps: times from 1, and each master's sequence numbers from 1.
        pub fn ranks(&self) -> Numbers {
            let mut before = None;
            let seqs = self.seqs.iter().map(|(master, _)| {
                let rank = before.filter(|(last, _)| last == master).map_or(1, |(_, rank)| rank + 1);
                before = Some((*master, rank));
                (*master, rank)
            });
            Numbers { seqs: seqs.collect(), times: (1..).take(self.times.len()).collect() }
        }

        fn place_of_time(&self, time: u64) -> Option<usize> {
            self.times.binary_search(&time).ok()
        }

        fn place_of_seq(&self, master: MasterId, seq: u64) -> Option<usize> {
            self.seqs.binary_search(&(master, seq)).ok()
        }
    }

    fn insert<T: Ord>(numbers: &mut Vec<T>, number: T) {
        if let Err(place) = numbers.binary_search(&number) {
            numbers.insert(place, number);
        }
    }

    /// The result of the call, and a function that read a number during the call, if one did.
    pub fn during<A>(call: impl FnOnce() -> A) -> (A, Option<&'static str>) {
        LOOKED.set(None);
        let result = call();
        (result, LOOKED.get())
    }

    fn under<A>(mode: Mode, serialize: impl FnOnce() -> A) -> (A, Mode) {
        /// Ends the mode, also after a panic.
        struct Plain;
        impl Drop for Plain {
            fn drop(&mut self) {
                MODE.replace(Mode::Plain);
            }
        }
        MODE.replace(mode);
        let end = Plain;
        let result = serialize();
        let mode = MODE.replace(Mode::Plain);
        drop(end);
        (result, mode)
    }

    /// The result of `serialize`, and the numbers that were serialized.
    pub fn numbers<A>(serialize: impl FnOnce() -> A) -> (A, Numbers) {
        match under(Mode::Collected(Numbers::default()), serialize) {
            (result, Mode::Collected(numbers)) => (result, numbers),
            (result, _) => (result, Numbers::default()),
        }
    }

    /// The result of `serialize`, which writes the numbers of `to` in place of those of `from`, in order. Numbers that
    /// are not in `from` stay.
    pub fn renamed<A>(from: &Numbers, to: &Numbers, serialize: impl FnOnce() -> A) -> A {
        under(Mode::Renamed { from: from.clone(), to: to.clone() }, serialize).0
    }

    /// The time to serialize in place of this one.
    pub(crate) fn time(time: u64) -> u64 {
        MODE.with_borrow_mut(|mode| match mode {
            Mode::Plain => time,
            Mode::Collected(numbers) => {
                insert(&mut numbers.times, time);
                time
            }
            Mode::Renamed { from, to } => from.place_of_time(time).map_or(time, |place| to.times[place]),
        })
    }

    /// The sequence number to serialize in place of this one.
    pub(crate) fn seq(master: MasterId, seq: u64) -> u64 {
        MODE.with_borrow_mut(|mode| match mode {
            _ if seq == 0 => seq,
            Mode::Plain => seq,
            Mode::Collected(numbers) => {
                insert(&mut numbers.seqs, (master, seq));
                seq
            }
            Mode::Renamed { from, to } => from.place_of_seq(master, seq).map_or(seq, |place| to.seqs[place].1),
        })
    }
}
