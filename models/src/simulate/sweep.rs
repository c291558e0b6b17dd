//! Many runs: cases times seeds, side by side on all cores: [`sweep`].

use super::measure::Figures;
use super::run::run;
use super::{Case, Setting};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The runs of one case.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// The figures of each seed, in the order of the seeds; without the runs that were interrupted.
    pub runs: Vec<(u64, Figures)>,
}

/// A figure over all seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval of the mean, by Student's t; 0 for one run.
    pub error: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// The number of runs that measured the figure.
    pub runs: usize,
}

/// A figure of a run: its name and meaning.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// The name by which a plot is asked for, and the name in CSV and JSON.
    pub name: &'static str,
    /// The name and the unit, for the axis of a plot.
    pub axis: &'static str,
    /// The factor from the unit of [`Figures`] to that of the axis and of tables.
    pub scale: f64,
    of: fn(&Figures) -> Option<f64>,
}

/// All figures, in the order of the columns.
pub const MEASURES: [Measure; 19] = {
    const fn measure(name: &'static str, axis: &'static str, scale: f64, of: fn(&Figures) -> Option<f64>) -> Measure {
        Measure { name, axis, scale, of }
    }
    [
        measure("median", "until all masters have a write: median, ms", 1.0, |of| of.median),
        measure("p99", "until all masters have a write: 99th percentile, ms", 1.0, |of| of.p99),
        measure("max", "until all masters have a write: longest, ms", 1.0, |of| of.max),
        measure("mean", "until another master has a write: mean, ms", 1.0, |of| of.mean),
        measure("everywhere", "writes that reached all masters, %", 100.0, |of| of.everywhere),
        measure("reached", "masters that a write reached, %", 100.0, |of| of.reached),
        measure("messages", "messages a write", 1.0, |of| of.messages),
        measure("digests", "digests a write", 1.0, |of| of.digests),
        measure("bytes", "bytes a write", 1.0, |of| of.bytes),
        measure("busiest", "messages a write at the busiest master", 1.0, |of| of.busiest),
        measure("share", "share of the busiest master in all messages, %", 100.0, |of| of.share),
        measure("occupied", "time for which the busiest master is occupied, %", 100.0, |of| of.occupied),
        measure("stale", "stale reads, %", 100.0, |of| of.stale),
        measure("behind", "stale reads are behind by, ms", 1.0, |of| of.behind),
        measure("refused", "writes refused, %", 100.0, |of| Some(of.refused as f64 / of.writes.max(1) as f64)),
        measure("gone", "acknowledged writes lost", 1.0, |of| Some(of.gone as f64)),
        measure("healed", "until all masters agree after healing, ms", 1.0, |of| of.healed),
        measure("agree", "runs in which all masters agree at the end, %", 100.0, |of| Some(of.agree)),
        measure("lost", "messages lost", 1.0, |of| Some(of.outcomes.lost as f64)),
    ]
};

impl Measure {
    /// The figure with this name.
    pub fn named(name: &str) -> Option<&'static Measure> {
        MEASURES.iter().find(|measure| measure.name == name)
    }

    /// The figure in a run.
    pub fn of(&self, figures: &Figures) -> Option<f64> {
        (self.of)(figures).map(|figure| figure * self.scale)
    }
}

impl Row {
    /// The figure over all runs; `None` if no run measured it.
    pub fn spread(&self, measure: &Measure) -> Option<Spread> {
        let all: Vec<f64> = self.runs.iter().filter_map(|(_, figures)| measure.of(figures)).collect();
        let runs = all.len();
        let mean = all.iter().sum::<f64>() / runs as f64;
        let squares: f64 = all.iter().map(|one| (one - mean).powi(2)).sum();
        let error = match runs {
            0 => return None,
            1 => 0.0,
            _ => t(runs - 1) * (squares / (runs - 1) as f64 / runs as f64).sqrt(),
        };
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Spread { mean, error, low, high, runs })
    }
}

/// The 97.5 % quantile of Student's t distribution with so many degrees of freedom.
fn t(freedom: usize) -> f64 {
    const FEW: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    FEW.get(freedom - 1).copied().unwrap_or(1.96)
}

/// Runs every case with every seed, on so many threads. Returns a row for each case, and whether all runs ended: an
/// [interruption](crate::check::running::interruption) ends a sweep early, with the runs that have ended. The result
/// does not depend on the number of threads.
///
/// # Panics
/// If the setting does not allow one of the cases: [`Setting::vet`].
pub fn sweep(setting: &Setting, cases: &[Case], seeds: &[u64], threads: usize) -> (Vec<Row>, bool) {
    let jobs: Vec<(usize, u64)> =
        (0..cases.len()).flat_map(|case| seeds.iter().map(move |seed| (case, *seed))).collect();
    let next = AtomicUsize::new(0);
    let ended: Mutex<Vec<Option<Figures>>> = Mutex::new(vec![None; jobs.len()]);
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            let Some((case, seed)) = jobs.get(job) else { break };
            let Some(figures) = run(setting, &cases[*case], *seed) else { break };
            ended.lock().unwrap_or_else(PoisonError::into_inner)[job] = Some(figures);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    let whole = ended.iter().all(Option::is_some);
    let mut rows: Vec<Row> = cases.iter().map(|case| Row { case: case.clone(), runs: Vec::new() }).collect();
    for ((case, seed), figures) in jobs.into_iter().zip(ended) {
        rows[case].runs.extend(figures.map(|figures| (seed, figures)));
    }
    (rows, whole)
}
