//! Two or more things measured in turns, in one process: a slow moment of the machine hits all of them alike.
//!
//! On a shared machine the same code, measured twice by wall time, was seen to differ threefold. So each thing is run for
//! a short while, then the next, round after round; what counts is CPU time of this thread, and the median of its rounds.
//! Read the ratios.

use cpu_time::ThreadTime;
use std::time::Duration;

/// How often a case is run when its turn comes, after once unmeasured: the others have emptied the caches.
const TURNS: u64 = 16;

/// Something to be measured.
pub struct Case<'a> {
    name: String,
    prepare: Box<dyn FnMut(u64) + 'a>,
    run: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Case<'a> {
    /// `run` does so many operations.
    pub fn new(name: impl Into<String>, run: impl FnMut(u64) + 'a) -> Case<'a> {
        Case { name: name.into(), prepare: Box::new(|_| {}), run: Box::new(run) }
    }

    /// What is done before each run, unmeasured: told how many operations will follow.
    pub fn prepared(mut self, prepare: impl FnMut(u64) + 'a) -> Case<'a> {
        self.prepare = Box::new(prepare);
        self
    }
}

/// What a case costs.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The case.
    pub name: String,
    /// Nanoseconds of CPU time for one operation: the median of the rounds.
    pub median: f64,
    /// The same of the fastest tenth.
    pub best: f64,
}

/// Runs all cases in turns, `rounds` times so many operations each.
pub fn measure(mut cases: Vec<Case<'_>>, rounds: usize, operations: u64) -> Vec<Cost> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(rounds); cases.len()];
    // The first rounds fill caches and tables.
    for round in 0..rounds + rounds / 10 + 1 {
        for (case, times) in cases.iter_mut().zip(&mut times) {
            let mut time = Duration::ZERO;
            for turn in 0..=TURNS {
                (case.prepare)(operations);
                let start = ThreadTime::now();
                (case.run)(operations);
                if turn > 0 {
                    time += start.elapsed();
                }
            }
            if round > rounds / 10 {
                times.push(time);
            }
        }
    }
    let cost = |(case, mut times): (Case<'_>, Vec<Duration>)| {
        times.sort();
        let each = |place: usize| times[place].as_nanos() as f64 / (operations * TURNS) as f64;
        Cost { name: case.name, median: each(times.len() / 2), best: each(times.len() / 10) }
    };
    cases.into_iter().zip(times).map(cost).collect()
}

/// A table of costs, each also as a multiple of the one named `baseline`.
pub fn table(costs: &[Cost], baseline: &str) -> String {
    let base = costs.iter().find(|cost| cost.name == baseline).map_or(f64::NAN, |cost| cost.median);
    let width = costs.iter().map(|cost| cost.name.len()).max().unwrap_or(0);
    let mut text = format!("| {:width$} | median ns | best tenth | / {baseline} |\n", "");
    text += &format!("| {:-<width$} | --------: | ---------: | --: |\n", "");
    for Cost { name, median, best } in costs {
        text += &format!("| {name:width$} | {median:9.1} | {best:10.1} | {:.2} |\n", median / base);
    }
    text
}
