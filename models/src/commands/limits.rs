//! Limits as arguments: times, and amounts of memory.

use clap::Args;
use multimaster_models::check::cores;
use multimaster_models::check::engine::Limits;
use std::time::Duration;

/// More threads would only wait for each other.
const MOST_THREADS: usize = 256;

/// The limits of each exploration, in place of those in its scenario.
#[derive(Args)]
#[command(next_help_heading = "Limits, in place of those in scenario files")]
pub(crate) struct Most {
    /// Stop each exploration after this number of states
    #[arg(long, value_name = "N", value_parser = states, allow_hyphen_values = true)]
    max_states: Option<u64>,
    /// Stop each exploration after this time: `90s`, `15m`, `2h`; without a unit, seconds
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    timeout: Option<Duration>,
    /// Stop each exploration when the command uses this much memory: `500M`, `4G`. `check --safety` moves states to the
    /// disk instead
    #[arg(long, value_name = "SIZE", value_parser = size, allow_hyphen_values = true)]
    max_memory: Option<u64>,
    /// Explore on this number of threads, instead of one for each core. Several scenarios are explored at the same
    /// time, and a large one on several threads. The results do not depend on the number of threads
    #[arg(long, value_name = "N", value_parser = threads, allow_hyphen_values = true)]
    threads: Option<usize>,
}

impl Most {
    /// Whether memory is limited.
    pub(crate) fn is_of_memory(&self) -> bool {
        self.max_memory.is_some()
    }

    pub(crate) fn apply(&self, limits: &mut Limits) {
        let states = self.max_states.map(|states| usize::try_from(states).unwrap_or(usize::MAX));
        limits.states = states.unwrap_or(limits.states);
        limits.time = self.timeout.unwrap_or(limits.time);
        limits.memory = self.max_memory.or(limits.memory);
        self.threads.into_iter().for_each(cores::set_threads);
    }
}

fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads));
    threads.ok_or_else(|| format!("write a whole number from 1 to {MOST_THREADS}: `4`"))
}

fn states(text: &str) -> Result<u64, String> {
    product(text, &[], 1).ok_or_else(|| "write a whole number above 0: `1000000`".into())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let milliseconds =
        product(text, &units, 1000).ok_or("write a whole number above 0 and `ms`, `s`, `m` or `h`: `90s`")?;
    Ok(Duration::from_millis(milliseconds))
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    let units = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40)];
    product(text, &units, 1).ok_or_else(|| "write a whole number above 0 and `K`, `M`, `G` or `T`: `500M`".into())
}

/// Parses a positive number and a unit, in upper or lower case, into a multiple of the smallest unit. `plain` is the
/// size of a number without a unit.
fn product(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let named = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, size)| *size);
    let size = if unit.is_empty() { plain } else { named? };
    number.parse::<u64>().ok().filter(|number| *number > 0)?.checked_mul(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("15m"), duration("900"));
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(size("500M"), Ok(500 << 20));
        assert_eq!((size("4g"), size("512"), states("7")), (Ok(4 << 30), Ok(512), Ok(7)));
        for wrong in ["", "0s", "s", "-1s", "1.5h", "3 days", "18446744073709551615h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "M", "500MB", "five"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "-1", "1.5", "1000K", "99999999999999999999"] {
            assert!(states(wrong).is_err() && threads(wrong).is_err(), "{wrong}");
        }
        assert_eq!((threads("8"), threads("257").is_err()), (Ok(8), true));
    }
}
