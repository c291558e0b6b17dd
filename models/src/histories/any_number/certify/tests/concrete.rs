//! Long random histories of certified rules, on masters.

use super::refused::Ordered;
use super::*;
use fastrand::Rng;
use multimaster::Version;
use std::collections::BTreeSet;

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
    let certificate = of(rule.clone(), Limits::new(2, lag)).unwrap();
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
        let found = run.violated(&one, Claims::Refuted);
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

/// A history of each of many windows is made on masters: their readings and their violations are those of the window.
fn each_window_is_reached<R: SerdeRule>(rule: R, masters: u16, windows: usize) -> BTreeSet<&'static str> {
    let rule = AnyRule::new(rule);
    let requests = crate::histories::operations(&rule);
    let key = requests[0].key.clone();
    let alphabet: Vec<Op> = requests.iter().map(|request| request.op.clone()).collect();
    let keyed = alphabet.iter().map(|op| (0, op.clone())).collect();
    let mut numbers = AnyRule::numbered(&vec![rule.clone(); usize::from(masters)], vec![key.clone()]);
    let mut judge = Judge::new(vec![key.clone()], keyed, Claims::Refuted);
    let limits = Limits { windows, ..limits(masters, 2) };
    let mut search = Search::new(Rule::new(&mut *numbers, &alphabet, rule.uses_wall_clock()), &mut judge, &limits);
    let _ = search.run();
    let mut all = BTreeSet::new();
    for window in (0..search.windows() as u32).step_by(search.windows() / 150 + 1) {
        let history = search.history(window, None);
        let (reading, violated) = search.reading(window);
        let mut run = Run::new(&rule, masters, requests.clone()).unwrap();
        history.iter().for_each(|made| run.make(made.clone()).unwrap());
        let (reader, causal) = run.reader(&(0..history.len()).collect::<Vec<_>>());
        assert!(causal);
        assert_eq!(reader.read(&key), reading, "{}", run.in_words().join("; "));
        assert_eq!(
            run.violated(&reader, Claims::Refuted),
            violated.iter().copied().collect(),
            "{}",
            run.in_words().join("; ")
        );
        all.extend(violated);
    }
    all
}

#[test]
fn each_window_is_reached_and_judged_as_masters_are() {
    let by_policy = BTreeSet::from([p::NO_POLICY_LOSS]);
    assert_eq!(each_window_is_reached(LastWriteWins, 3, 2_000), by_policy);
    assert_eq!(each_window_is_reached(ObservedRemoveSet, 2, 2_000), BTreeSet::new());
    assert_eq!(each_window_is_reached(RemoveWinsSet, 2, 2_000), by_policy);
    // The first write wins.
    let all = each_window_is_reached(Ordered(|came, held| came.timestamp < held.timestamp), 2, 1_000);
    assert!(all.contains(p::NO_CAUSAL_LOSS), "{all:?}");
    // A delete loses to all writes, also to those that it has seen.
    fn weak(version: &Version) -> (bool, multimaster::Timestamp) {
        (version.value.is_some(), version.timestamp)
    }
    let all = each_window_is_reached(Ordered(|came, held| weak(came) > weak(held)), 2, 1_000);
    assert!(all.contains(p::NO_RESURRECTION), "{all:?}");
}
