//! Long random histories of certified rules, on masters.

use super::*;
use crate::history::{Judged, Observed};
use fastrand::Rng;

/// A random history whose unsettled writes are at most `lag`; none is refused.
fn random(random: &mut Rng, run: &mut Run, requests: usize, masters: usize, lag: usize, writes: usize) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    let mut unsettled: Vec<usize> = Vec::new();
    while made.len() < writes {
        while unsettled.len() >= lag || (!unsettled.is_empty() && random.u8(..4) == 0) {
            let ready = |write: &&usize| !made[**write].seen.iter().any(|seen| unsettled.contains(seen));
            let ready: Vec<usize> = unsettled.iter().filter(ready).copied().collect();
            let settled = *random.choice(&ready).unwrap();
            unsettled.retain(|write| *write != settled);
        }
        let at = random.usize(..masters);
        let mut seen: Vec<usize> = (0..made.len()).filter(|write| !unsettled.contains(write)).collect();
        for write in &unsettled {
            if made[*write].at == at || random.bool() {
                seen.extend(made[*write].seen.iter().chain([write]));
            }
        }
        seen.sort_unstable();
        seen.dedup();
        // Equal times only where the newest write is concurrent and its master's id is lower.
        let of_its_time = made.iter().rposition(|write| !write.ties).unwrap_or(0)..made.len();
        let hidden =
            made.last().is_some_and(|newest| newest.at < at) && !of_its_time.clone().any(|w| seen.contains(&w));
        let next = Made { at, op: random.usize(..requests), seen, ties: hidden && random.bool() };
        run.make(next.clone()).unwrap();
        unsettled.push(made.len());
        made.push(next);
    }
    made
}

/// A random order of the writes of a cut in which each comes after its causal past.
fn extension(random: &mut Rng, made: &[Made], cut: &[usize]) -> Vec<usize> {
    let mut missing: Vec<usize> = made.iter().map(|write| write.seen.len()).collect();
    let (mut order, mut left): (Vec<usize>, Vec<usize>) = (Vec::new(), cut.to_vec());
    while !left.is_empty() {
        let ready: Vec<usize> = (0..left.len()).filter(|place| missing[left[*place]] == 0).collect();
        let next = left.swap_remove(*random.choice(&ready).unwrap());
        let after = (0..made.len()).filter(|write| made[*write].seen.binary_search(&next).is_ok());
        after.for_each(|write| missing[write] -= 1);
        order.push(next);
    }
    order
}

fn masters_agree<R: SerdeRule>(rule: R, seed: u64, writes: usize) {
    let (rule, masters, lag) = (AnyRule::new(rule), 3, 2);
    let certificate = certified_within(rule.clone(), Limits { windows: 1_000_000, ..limits(2, lag) });
    let broken = violated(&certificate);
    let requests = crate::histories::operations(&rule);
    let key = requests[0].key.clone();
    let mut generator = Rng::with_seed(seed);
    let mut run = Run::new(&rule, masters, requests.clone()).unwrap();
    let made = random(&mut generator, &mut run, requests.len(), masters.into(), lag, writes);
    let all: Vec<usize> = (0..made.len()).collect();
    for _ in 0..6 {
        // Masters that have seen the same cut of the history, in two orders.
        let order = extension(&mut generator, &made, &all);
        let cut = &order[..generator.usize(..=order.len())];
        let other = extension(&mut generator, &made, cut);
        let [(one, first), (other, second)] = [cut, &other].map(|order| run.reader(order));
        assert!(first && second, "each write after its causal past");
        assert_eq!(one.read(&key), other.read(&key), "{}", run.in_words().join("; "));
        let found = run.violated(&one);
        assert!(found.iter().all(|property| broken.contains(property)), "{found:?}: {}", run.in_words().join("; "));
    }
}

#[test]
fn no_long_history_on_masters_contradicts_a_certificate() {
    masters_agree(EnableWinsFlag, 1, 200);
    masters_agree(DisableWinsFlag, 2, 200);
    masters_agree(LastWriteWins, 3, 200);
    masters_agree(ObservedRemoveSet, 4, 200);
    masters_agree(systems::CassandraCell::default(), 5, 200);
}

/// The same judgement by windows and by masters, with the fewest writes.
#[test]
fn a_violation_is_replayed_on_masters() {
    let certificate = certified(LastWriteWins, 2, 2);
    let history = certificate.judged[p::NO_POLICY_LOSS].clone().unwrap();
    assert_eq!(history.len(), 2, "{history:?}");
    assert!(history.iter().all(|write| write.ends_with(" after nothing")), "{history:?}");
}

/// A history of each of many windows is made on masters, and leads to the state of the window.
#[test]
fn each_window_is_reached_by_a_history() {
    let rule = AnyRule::new(LastWriteWins);
    let requests = crate::histories::operations(&rule);
    let explored = explored(&rule, &requests, &limits(3, 2));
    let step = explored.len() / 200;
    for (history, reading) in explored.into_iter().step_by(step.max(1)) {
        let mut run = Run::new(&rule, 3, requests.clone()).unwrap();
        history.iter().for_each(|made| run.make(made.clone()).unwrap());
        let all: Vec<usize> = (0..history.len()).collect();
        let (reader, causal) = run.reader(&all);
        assert!(causal);
        let master = Observed { replica: &reader, claims: Claims::Refuted };
        assert_eq!(master.read(&requests[0].key), reading, "{}", run.in_words().join("; "));
    }
}

/// The windows that the search finds, each by a history that reaches it and the reading of who has seen it.
fn explored(rule: &AnyRule, requests: &[Request], limits: &Limits) -> Vec<(Vec<Made>, multimaster::Reading)> {
    let key = requests[0].key.clone();
    let alphabet: Vec<Op> = requests.iter().map(|request| request.op.clone()).collect();
    let keyed = alphabet.iter().map(|op| (0, op.clone())).collect();
    let mut numbers = AnyRule::numbered(&[rule.clone(), rule.clone(), rule.clone()], vec![key.clone()]);
    let mut judge = Judge::new(vec![key], keyed, Claims::Refuted);
    let mut search = Search::new(Rule::new(&mut *numbers, &alphabet, rule.uses_wall_clock()), &mut judge, limits);
    let _ = search.run();
    (0..search.windows() as u32).map(|window| (search.history(window, None), search.reading(window))).collect()
}
