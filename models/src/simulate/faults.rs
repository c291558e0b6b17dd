//! Cuts and crashes of a simulation: [`Cut`], [`Crash`].

use multimaster::MasterId;
use std::time::Duration;

/// The links of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// All links to and from a master.
    Of(MasterId),
    /// The link from the first master to the second.
    OneWay(MasterId, MasterId),
    /// The links between two masters, in both directions.
    Between(MasterId, MasterId),
    /// The links between the first half of the masters and the others.
    Halves,
}

/// Links that carry nothing for some time. Times count from the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The links.
    pub paths: Paths,
    /// The time of the cut.
    pub from: Duration,
    /// The time at which the cut is healed; `None` if it never is.
    pub to: Option<Duration>,
}

/// A master that crashes. Times count from the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The master.
    pub at: MasterId,
    /// The time of the crash.
    pub from: Duration,
    /// The time of the restart; `None` if the master stays down.
    pub to: Option<Duration>,
}

/// The state that a master has after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Its whole state.
    All,
    /// Its state at the last flush before the crash: masters flush at this interval.
    Flushed(Duration),
    /// No state.
    Nothing,
}

impl Keeps {
    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Keeps::All => "all",
            Keeps::Flushed(_) => "flushed",
            Keeps::Nothing => "nothing",
        }
    }
}

impl Crash {
    /// The time of the last flush before the crash.
    pub(super) fn flushed(&self, every: Duration) -> Duration {
        let flushes = (self.from.as_nanos().saturating_sub(1) / every.as_nanos().max(1)) as u64;
        Duration::from_nanos(flushes * every.as_nanos() as u64)
    }
}

impl Paths {
    /// Whether the link is one of them.
    pub(super) fn contain(self, from: MasterId, to: MasterId, masters: u16) -> bool {
        match self {
            Paths::Of(master) => master == from || master == to,
            Paths::OneWay(one, other) => (one, other) == (from, to),
            Paths::Between(one, other) => (one, other) == (from, to) || (one, other) == (to, from),
            Paths::Halves => (from.0 < masters / 2) != (to.0 < masters / 2),
        }
    }

    /// The masters that they name.
    pub(super) fn masters(self) -> Vec<MasterId> {
        match self {
            Paths::Of(master) => vec![master],
            Paths::OneWay(one, other) | Paths::Between(one, other) => vec![one, other],
            Paths::Halves => vec![],
        }
    }
}

/// Parses `PATHS@FROM..TO` or `PATHS@FROM`: `A@1s..3s`, `A->B@1s`, `A-B@500ms..2s`, `halves@1s..3s`.
///
/// # Errors
/// The correct form.
pub fn parse_cut(text: &str) -> Result<Cut, String> {
    let read = || {
        let (paths, from, to) = spanned(text)?;
        let master = |text: &str| text.trim().parse().ok();
        let paths = match (paths.split_once("->"), paths.split_once('-')) {
            (Some((one, other)), _) => Paths::OneWay(master(one)?, master(other)?),
            (None, Some((one, other))) => Paths::Between(master(one)?, master(other)?),
            (None, None) if paths.trim() == "halves" => Paths::Halves,
            (None, None) => Paths::Of(master(paths)?),
        };
        Some(Cut { paths, from, to })
    };
    read().ok_or_else(|| "write A@1s..3s, A-B@1s..3s, A->B@1s..3s or halves@1s..3s".into())
}

/// Parses `MASTER@FROM..TO`, or `MASTER@FROM` for a master that stays down.
///
/// # Errors
/// The correct form.
pub fn parse_crash(text: &str) -> Result<Crash, String> {
    let read = || {
        let (master, from, to) = spanned(text)?;
        Some(Crash { at: master.trim().parse().ok()?, from, to })
    };
    read().ok_or_else(|| "write B@1s..3s, or B@1s if B stays down".into())
}

fn spanned(text: &str) -> Option<(&str, Duration, Option<Duration>)> {
    let (what, span) = text.split_once('@')?;
    let (from, to) = match span.split_once("..") {
        Some((from, to)) => (parse_duration(from).ok()?, Some(parse_duration(to).ok()?)),
        None => (parse_duration(span).ok()?, None),
    };
    to.is_none_or(|to| to > from).then_some((what, from, to))
}

/// Parses a time such as `20us`, `1.5ms`, `3s` or `2m`.
///
/// # Errors
/// The correct form.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => f64::NAN,
    };
    let long = number.parse::<f64>().ok().map(|number| number * seconds).filter(|long| (0.0..=1e6).contains(long));
    long.map(Duration::from_secs_f64).ok_or_else(|| "write a time such as 20us, 1.5ms, 3s or 2m".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read() {
        let (a, b) = (MasterId(0), MasterId(1));
        let (one, three) = (Duration::from_secs(1), Duration::from_secs(3));
        let cut = |paths, to| Ok(Cut { paths, from: one, to });
        assert_eq!(parse_cut("A@1s..3s"), cut(Paths::Of(a), Some(three)));
        assert_eq!(parse_cut("A-B@1s"), cut(Paths::Between(a, b), None));
        assert_eq!(parse_cut("A->B@1000ms..3s"), cut(Paths::OneWay(a, b), Some(three)));
        assert_eq!(parse_cut("halves@1s..3s"), cut(Paths::Halves, Some(three)));
        assert_eq!(parse_crash("B@1s..3s"), Ok(Crash { at: b, from: one, to: Some(three) }));
        for wrong in ["", "A", "A@", "A@3s..1s", "A@1", "a@1s", "A-@1s", "A@1h", "A@-1s", "A@1e9s"] {
            assert!(parse_cut(wrong).is_err() && parse_crash(wrong).is_err(), "{wrong}");
        }
        assert!(parse_crash("A-B@1s").is_err());
        assert_eq!(parse_duration("1.5ms"), Ok(Duration::from_micros(1500)));
    }

    #[test]
    fn the_last_flush_is_before_the_crash() {
        let last = |from| {
            let crash = Crash { at: MasterId(0), from: Duration::from_millis(from), to: None };
            crash.flushed(Duration::from_millis(100)).as_millis()
        };
        assert_eq!([0, 50, 100, 101, 1000].map(last), [0, 0, 0, 100, 900]);
    }

    #[test]
    fn the_halves_are_cut_between_them() {
        let between: Vec<_> = (0..4).flat_map(|from| (0..4).map(move |to| (MasterId(from), MasterId(to)))).collect();
        let cut = between.into_iter().filter(|(from, to)| Paths::Halves.contain(*from, *to, 4)).count();
        assert_eq!(cut, 8);
    }
}
