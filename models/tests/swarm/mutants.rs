//! Swarms kill broken protocols and rules, by schedules that are made nearly as short as the shortest.

use crate::swarm::asked;
use multimaster_models::mutants::{Mutant, Worlds, all, named};
use multimaster_models::swarm::shrink::shrink;
use multimaster_models::swarm::swarm;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// The most states of a search for a shorter schedule.
const SEARCHED: usize = 20_000;

/// How a swarm killed a mutant.
struct Kill {
    seed: u64,
    /// The steps of the walk.
    walked: usize,
    /// The steps of the schedule made of it.
    steps: usize,
    /// The same without the last search, which ends in scopes as small as these.
    unsearched: usize,
    time: Duration,
}

fn killed(mutant: &Mutant) -> Option<Kill> {
    let Worlds { mutant: model, .. } = (mutant.worlds)();
    let started = Instant::now();
    let mut asked = asked(0..u64::MAX, Some(Duration::from_secs(10)));
    asked.only = Some(vec![mutant.property.to_owned()]);
    let mut kill = None;
    swarm(&|| model.clone(), &asked, &mut |found| {
        let small = |states| shrink(&model, &found, states).expect("the walk violates it again").path.len();
        let (steps, time) = (small(SEARCHED), started.elapsed());
        kill = Some(Kill { seed: found.seed, walked: found.steps(), steps, unsearched: small(0), time });
        ControlFlow::Break(())
    });
    kill
}

#[test]
fn a_handful_of_mutants_is_killed_within_two_steps_of_the_shortest() {
    for bug in ["K1", "K6", "K14", "K16"] {
        for mutant in named(bug) {
            let Kill { steps, unsearched, .. } =
                killed(&mutant).unwrap_or_else(|| panic!("{bug}: {} survives", mutant.about));
            let shortest = mutant.schedule.len();
            for steps in [steps, unsearched] {
                assert!((shortest..=shortest + 2).contains(&steps), "{bug}: {}: {steps}, not {shortest}", mutant.about);
            }
        }
    }
}

/// Prints the table of `docs/swarm.md`.
#[test]
#[ignore = "takes half a minute in a debug build"]
fn of_all_mutants_nine_in_ten_are_killed() {
    let (mut near, all) = (0, all());
    println!("| bug | mutant | property | seed | walk | unsearched | made small | shortest | seconds |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for mutant in &all {
        let Mutant { bug, about, property, schedule, .. } = mutant;
        let told = match killed(mutant) {
            Some(Kill { seed, walked, steps, unsearched, time }) => {
                near += usize::from(steps <= schedule.len() + 2);
                let seconds = time.as_secs_f64();
                format!("{seed} | {walked} | {unsearched} | {steps} | {} | {seconds:.2}", schedule.len())
            }
            None => format!("survived | | | | {} |", schedule.len()),
        };
        println!("| {bug} | {about} | {property} | {told} |");
    }
    println!("{near} of {}", all.len());
    assert!(near * 10 >= all.len() * 9, "{near} of {}", all.len());
}
