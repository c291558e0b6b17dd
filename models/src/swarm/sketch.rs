//! Counts distinct fingerprints in bounded memory: [`Sketch`].

use std::collections::BTreeSet;

/// The least of the distinct fingerprints seen.
///
/// As long as all fit, the count is exact. After that it is estimated from the greatest of the least (Bar-Yossef,
/// Jayram, Kumar, Sivakumar and Trevisan, "Counting distinct elements in a data stream", 2002), with a standard error of
/// one in the square root of [`MOST`](Self::MOST).
pub(super) struct Sketch {
    least: BTreeSet<u64>,
    most: usize,
    is_full: bool,
}

/// A number of distinct values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub number: u64,
    /// Whether it is exact, and not an estimate.
    pub exact: bool,
}

impl Sketch {
    /// The number of fingerprints kept: some 20 MB.
    pub(super) const MOST: usize = 1 << 20;

    pub(super) fn new(most: usize) -> Sketch {
        Sketch { least: BTreeSet::new(), most, is_full: false }
    }

    pub(super) fn add(&mut self, fingerprint: u64) {
        if self.is_full && self.least.last().is_some_and(|last| *last <= fingerprint) {
            return;
        }
        self.least.insert(fingerprint);
        if self.least.len() > self.most {
            self.least.pop_last();
            self.is_full = true;
        }
    }

    pub(super) fn count(&self) -> Count {
        let kept = self.least.len();
        match self.least.last() {
            Some(last) if self.is_full => {
                let share = (*last as f64 + 1.0) / 2f64.powi(64);
                Count { number: ((kept as f64 - 1.0) / share) as u64, exact: false }
            }
            _ => Count { number: kept as u64, exact: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_and_many_are_estimated() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut sketch = Sketch::new(4096);
        let all: Vec<u64> = (0..100_000).map(|_| rng.u64(..)).collect();
        all[..4096].iter().chain(&all[..4096]).for_each(|one| sketch.add(*one));
        assert_eq!(sketch.count(), Count { number: 4096, exact: true });
        all.iter().chain(&all).for_each(|one| sketch.add(*one));
        let Count { number, exact } = sketch.count();
        assert!(!exact && number.abs_diff(100_000) < 5_000, "{number}");
        assert_eq!(sketch.least.len(), 4096);
    }
}
