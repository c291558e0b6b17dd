//! The arguments of `simulate` that are lists, shares, states after a crash, seeds and plots.

use clap::ValueEnum;
use multimaster_models::simulate::{Keeps, MEASURES, Measure, parse_duration};
use std::str::FromStr;
use std::time::Duration;

/// Values separated by commas.
#[derive(Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// A value of a list.
pub(super) trait Listed: FromStr {
    /// The expected value in words.
    const IS: &str;
}

impl Listed for u16 {
    const IS: &str = "a whole number from 0 to 65535";
}

impl Listed for f64 {
    const IS: &str = "a number";
}

impl Listed for Percent {
    const IS: &str = "a share from 0% to 100%, such as 1%";
}

impl<T: Listed> FromStr for List<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<List<T>, String> {
        let wrong = |part: &str| format!("`{}` is not {}", part.escape_debug(), T::IS);
        text.split(',').map(|part| part.trim().parse().map_err(|_| wrong(part))).collect::<Result<_, _>>().map(List)
    }
}

/// A share, written as `1%` or `0.01`.
#[derive(Clone, Copy)]
pub(super) struct Percent(pub(super) f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Percent, String> {
        let share = match text.strip_suffix('%') {
            Some(number) => number.parse().map(|number: f64| number / 100.0),
            None => text.parse(),
        };
        share
            .ok()
            .filter(|share| (0.0..=1.0).contains(share))
            .map(Percent)
            .ok_or_else(|| "write a share such as 1%".into())
    }
}

/// The state that a master has after a crash.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kept {
    /// The whole state
    All,
    /// The state at its last flush
    Flushed,
    /// Nothing
    Nothing,
}

impl Kept {
    /// With masters that flush at this interval.
    pub(super) fn flushing(self, every: Duration) -> Keeps {
        match self {
            Kept::All => Keeps::All,
            Kept::Flushed => Keeps::Flushed(every),
            Kept::Nothing => Keeps::Nothing,
        }
    }
}

/// Seeds, ascending.
#[derive(Clone)]
pub(super) struct Seeds(pub(super) Vec<u64>);

pub(super) fn seeds(text: &str) -> Result<Seeds, String> {
    let read = || match text.split_once("..") {
        None => Some(vec![text.parse().ok()?]),
        Some((first, end)) => {
            let (first, end): (u64, u64) = (first.parse().ok()?, end.parse().ok()?);
            (first < end && end - first <= 10_000).then(|| (first..end).collect())
        }
    };
    read().map(Seeds).ok_or_else(|| "write `1..21` (1 to 20) or `7` (one seed); at most 10,000 seeds".into())
}

pub(super) fn tick(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok()
        .filter(|tick| *tick >= Duration::from_millis(1))
        .ok_or_else(|| "write a time of at least 1ms".into())
}

pub(super) fn plot(text: &str) -> Result<(&'static Measure, String), String> {
    let names = || MEASURES.iter().map(|measure| measure.name).collect::<Vec<_>>().join(", ");
    let read = text.split_once('=').filter(|(_, file)| !file.is_empty());
    let measure = read.and_then(|(name, file)| Some((Measure::named(name)?, file.to_owned())));
    measure.ok_or_else(|| format!("write NAME=FILE, with one of {}", names()))
}
