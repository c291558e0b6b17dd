//! Threads that share no model take the part of processes.

use super::*;
use crate::check::engine::Cut;
use crate::scenario::{Scenario, catalogue};
use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// A letter: its sender, its epoch, and its message; none at the end of an epoch.
type Letter = (usize, u64, Option<Vec<u8>>);

struct Letters {
    own: usize,
    to: Vec<Sender<Letter>>,
    from: Receiver<Letter>,
    epoch: u64,
    /// Letters of the present epoch and the next one.
    kept: VecDeque<Letter>,
}

impl Letters {
    fn of(processes: usize) -> Vec<Letters> {
        let (to, from): (Vec<_>, Vec<_>) = (0..processes).map(|_| mpsc::channel()).unzip();
        let letters = from.into_iter().enumerate();
        letters.map(|(own, from)| Letters { own, to: to.clone(), from, epoch: 0, kept: VecDeque::new() }).collect()
    }
}

impl Post for Letters {
    fn processes(&self) -> usize {
        self.to.len()
    }

    fn own(&self) -> usize {
        self.own
    }

    fn send(&mut self, to: usize, message: Vec<u8>) {
        self.to[to].send((self.own, self.epoch, Some(message))).expect("the other process runs");
    }

    fn arrived(&mut self) -> Vec<(usize, Vec<u8>)> {
        self.kept.extend(self.from.try_iter());
        let epoch = self.epoch;
        let (now, later) = self.kept.drain(..).partition(|(_, of, message)| *of == epoch && message.is_some());
        self.kept = later;
        let now: VecDeque<Letter> = now;
        now.into_iter().filter_map(|(from, _, message)| Some((from, message?))).collect()
    }

    fn end_epoch(&mut self, take: &mut dyn FnMut(usize, Vec<u8>)) {
        for to in &self.to {
            to.send((self.own, self.epoch, None)).expect("the other process runs");
        }
        loop {
            self.arrived().into_iter().for_each(|(from, message)| take(from, message));
            let ended = self.kept.iter().filter(|(_, of, message)| *of == self.epoch && message.is_none()).count();
            if ended == self.to.len() {
                break;
            }
            self.kept.push_back(self.from.recv_timeout(Duration::from_secs(600)).expect("no process hangs"));
        }
        self.kept.retain(|(_, of, _)| *of > self.epoch);
        self.epoch += 1;
    }
}

fn text(report: Report) -> String {
    format!("{:?}", Report { time: Duration::ZERO, mistaken: 0.0, ..report })
}

/// The report of so many processes.
fn spread(scenario: &Scenario, limits: Limits, checkpoints: Option<&Checkpoints>, processes: usize) -> String {
    let reports: Vec<String> = thread::scope(|scope| {
        let one =
            |mut post: Letters| scope.spawn(move || scenario.model().explore_spread(limits, checkpoints, &mut post));
        let all: Vec<_> = Letters::of(processes).into_iter().map(one).collect();
        all.into_iter().map(|process| text(process.join().expect("no panic").expect("no error"))).collect()
    });
    assert!(reports.iter().all(|report| *report == reports[0]), "all processes report the same");
    reports[0].clone()
}

fn assert_alike(scenario: &Scenario, limits: Limits) {
    let limits = Limits { threads: Some(1), safety: true, liveness: None, ..limits };
    let alone = text(scenario.model().explore(limits, &mut |_, _| {}));
    for processes in [1, 2, 3] {
        assert_eq!(spread(scenario, limits, None, processes), alone, "{}, {processes} processes", scenario.name);
    }
}

fn shipped(names: &[&str]) -> Vec<Scenario> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    catalogue::select(&names, None).expect("shipped scenarios")
}

const SPREAD: [&str; 9] = [
    "failures/tombstones-dropped-after-a-time",
    "soup/all-to-all-arrival",
    "article/relay-star",
    "snapshot/soup-arrival",
    "two-shards",
    "free/register",
    "failures/session-with-a-token",
    "properties/sum",
    "expression/tie",
];

#[test]
fn all_kinds_of_scenarios_are_alike_on_any_number_of_processes() {
    for scenario in shipped(&SPREAD) {
        assert_alike(&scenario, scenario.limits);
    }
}

#[test]
fn limits_cut_at_the_same_state() {
    let scenario = &shipped(&SPREAD[..1])[0];
    for states in [1, 100, 500] {
        assert_alike(scenario, Limits { states, ..scenario.limits });
    }
    let until = scenario.expect.violated.first().copied();
    assert!(until.is_some());
    assert_alike(scenario, Limits { until, ..scenario.limits });
    let cut = |limits| scenario.model().explore(limits, &mut |_, _| {}).cut;
    assert_eq!(cut(Limits { states: 1, ..scenario.limits }), Some(Cut::States(1)));
    assert_eq!(cut(Limits { until, ..scenario.limits }), Some(Cut::Found));
}

#[test]
fn any_number_of_processes_continue_from_a_checkpoint() {
    let scenario = &shipped(&SPREAD[..1])[0];
    let limits = Limits { threads: Some(1), safety: true, liveness: None, ..scenario.limits };
    let alone = text(scenario.model().explore(limits, &mut |_, _| {}));
    let folder = std::env::temp_dir().join(format!("multimaster-spread-saved-{}", std::process::id()));
    let run = [("scenario".to_owned(), "one".to_owned())].into();
    let asked = Checkpoints { folder: folder.clone(), every: Duration::ZERO, resume: false, run };
    let cut = Limits { states: 300, ..limits };
    assert_eq!(spread(scenario, cut, Some(&asked), 2), spread(scenario, cut, None, 1));
    let again = Checkpoints { resume: true, ..asked.clone() };
    let more = Limits { states: 700, ..limits };
    let refused = |asked: &Checkpoints| {
        let mut alone = Letters::of(1);
        scenario.model().explore_spread(more, Some(asked), &mut alone[0]).unwrap_err()
    };
    assert!(refused(&asked).contains("has a checkpoint already"));
    let other = Checkpoints { run: [("scenario".to_owned(), "two".to_owned())].into(), ..again.clone() };
    assert!(refused(&other).contains("another scenario: one, not two"));
    let file = folder.join("levels.checkpoint");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert!(refused(&again).contains("is damaged"));
    std::fs::write(&file, whole).unwrap();
    assert_eq!(spread(scenario, more, Some(&again), 3), spread(scenario, more, None, 1));
    assert_eq!(spread(scenario, limits, Some(&again), 2), alone);
    assert!(!folder.exists(), "a search that is exhausted removes its checkpoint");
}

#[test]
#[ignore = "all shipped scenarios with one, two and three processes: minutes"]
fn the_whole_catalogue_is_alike_on_any_number_of_processes() {
    let mut explored = 0;
    for scenario in catalogue::select(&[], None).expect("the catalogue") {
        let small = Limits { states: 20_000, ..scenario.limits };
        assert_alike(&scenario, small);
        explored += 1;
    }
    assert!(explored > 100);
}
