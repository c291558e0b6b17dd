//! The verdicts on the article's program, with the shortest schedule of each violation.

use multimaster::{MasterId, Topology};
use multimaster_models::check::engine::{self, Limits, Report, Verdict};
use multimaster_models::model::Model;
use multimaster_models::properties::{AGREEMENT, CONFLICT, FALLS_SILENT, FULL, NO_DEADLOCK, ORDER_KEPT, QUIESCENCE};
use multimaster_models::scope::Client;
use multimaster_models::subject::{Arrow, Subject};
use multimaster_models::world::article::Article;
use multimaster_models::world::cluster::{ClusterModel, State};
use std::collections::HashSet;

const PLAIN: bool = false;
const RELAY: bool = true;

/// Clients: each has a master, and a number of different values to which it sets `k`.
fn setting_k(counts: &[(u16, usize)]) -> Vec<Client> {
    let mut values = 1..;
    let client = |(at, count): &(u16, usize)| Client {
        at: MasterId(*at),
        requests: values.by_ref().take(*count).map(|value| format!("set k = {value}").parse().unwrap()).collect(),
    };
    counts.iter().map(client).collect()
}

fn pair() -> Topology {
    Topology::all_to_all(2).unwrap()
}

fn ring() -> Topology {
    Topology::ring(3).unwrap()
}

/// Explored to the end.
fn explored(topology: Topology, capacity: usize, relay: bool, clients: Vec<Client>) -> (ClusterModel, Report) {
    let article = Article::new(topology, capacity, relay, clients).unwrap().cluster();
    let report = engine::explore(&article, Limits::default(), |_, _| {});
    assert_eq!(report.cut, None);
    (article, report)
}

/// The steps of a path in words, and its states. Checks that in each state the words of all possible steps differ.
fn followed(article: &ClusterModel, path: &[usize]) -> (Vec<String>, Vec<State>) {
    let (mut lines, mut states) = (Vec::new(), article.init_states());
    for place in path {
        let state = states.last().unwrap();
        let mut actions = Vec::new();
        article.actions(state, &mut actions);
        let all: HashSet<String> = actions.iter().map(|action| article.describe(state, action)).collect();
        assert_eq!(all.len(), actions.len(), "{all:?}");
        lines.push(article.describe(state, &actions[*place]));
        let (next, _) = article.step(state, &actions[*place]).unwrap();
        states.push(next);
    }
    (lines, states)
}

/// The schedule that violates `property`, with the reason.
fn violation((article, report): &(ClusterModel, Report), property: &str) -> (Vec<String>, Option<String>) {
    let Some(Verdict::Violated(Some(path))) = report.verdict(property) else {
        panic!("{property}: {:?}", report.verdict(property));
    };
    let (lines, states) = followed(article, path);
    (lines, article.complaint(property, states.last().unwrap()))
}

#[track_caller]
fn assert_holds((_, report): &(ClusterModel, Report), properties: &[&str]) {
    for property in properties {
        assert!(matches!(report.verdict(property), Some(Verdict::Holds(_))), "{property}");
    }
}

#[track_caller]
fn assert_unreached((_, report): &(ClusterModel, Report), witness: &str) {
    assert_eq!(report.verdict(witness), Some(&Verdict::Violated(None)));
}

#[test]
fn two_masters_swap_their_values_and_stay_different() {
    let run = explored(pair(), 100, PLAIN, setting_k(&[(0, 1), (1, 1)]));
    assert_eq!(run.1.states, 22);
    let (lines, why) = violation(&run, AGREEMENT);
    let schedule =
        ["A: set k = 1", "A sends A1 to B", "B: set k = 2", "B sends B1 to A", "A receives B1", "B receives A1"];
    assert_eq!(lines, schedule);
    assert_eq!(why.as_deref(), Some("all is quiescent, but A reads k=2 and B reads k=1"));
    assert_holds(&run, &[ORDER_KEPT, NO_DEADLOCK, FALLS_SILENT, QUIESCENCE, CONFLICT]);
}

#[test]
fn two_clients_of_one_master_write_in_one_order_and_send_in_the_other() {
    let run = explored(pair(), 100, PLAIN, setting_k(&[(0, 1), (0, 1)]));
    assert_eq!(run.1.states, 29);
    let (lines, why) = violation(&run, ORDER_KEPT);
    let schedule = [
        "A/1: set k = 1",
        "A/2: set k = 2",
        "A/2 sends A2 to B",
        "A/1 sends A1 to B",
        "B receives A2",
        "B receives A1",
    ];
    assert_eq!(lines, schedule);
    assert_eq!(why.as_deref(), Some("only A writes k and reads 2, but B reads 1"));
    assert_unreached(&run, CONFLICT);

    // One client's sets stay in order.
    let run = explored(pair(), 100, PLAIN, setting_k(&[(0, 2)]));
    assert_holds(&run, &[ORDER_KEPT, AGREEMENT, QUIESCENCE]);
}

#[test]
fn a_relay_ring_deadlocks_once_every_loop_waits_for_the_next() {
    let run = explored(ring(), 1, RELAY, setting_k(&[(0, 2), (1, 2), (2, 2)]));
    assert_eq!(run.1.states, 58_535);
    let (lines, why) = violation(&run, NO_DEADLOCK);
    let schedule = [
        "A: set k = 1",
        "A sends A1 to B",
        "A: set k = 2",
        "B: set k = 3",
        "B sends B1 to C",
        "B: set k = 4",
        "C: set k = 5",
        "C sends C1 to A",
        "C: set k = 6",
        "A receives C1",
        "C sends C2 to A",
        "B receives A1",
        "A sends A2 to B",
        "C receives B1",
        "B sends B2 to C",
    ];
    assert_eq!(lines, schedule);
    let waiting = "A waits to relay C1 to B, B waits to relay A1 to C, C waits to relay B1 to A";
    assert_eq!(why, Some(format!("no goroutine can take a step: {waiting}")));

    // Each loop can hold one change, and each channel one: with fewer changes there is always room.
    let run = explored(ring(), 1, RELAY, setting_k(&[(0, 2), (1, 2), (2, 1)]));
    assert_eq!(run.1.states, 20_517);
    assert_holds(&run, &[NO_DEADLOCK]);
    let run = explored(ring(), 1, RELAY, setting_k(&[(0, 6)]));
    assert_eq!((run.1.states, violation(&run, NO_DEADLOCK).0.len()), (4_349, 27));
}

#[test]
fn a_relay_ring_never_falls_silent() {
    for (topology, states, lines) in [
        (
            ring(),
            11,
            &[
                "A: set k = 1",
                "A sends A1 to B",
                "B receives A1",
                "B relays A1 to C",
                "C receives A1",
                "C relays A1 to A",
                "A receives A1",
                "A relays A1 to B",
                "B receives A1",
            ][..],
        ),
        (
            pair(),
            7,
            &[
                "A: set k = 1",
                "A sends A1 to B",
                "B receives A1",
                "B relays A1 to A",
                "A receives A1",
                "A relays A1 to B",
                "B receives A1",
            ],
        ),
    ] {
        let run = explored(topology, 100, RELAY, setting_k(&[(0, 1)]));
        assert_eq!(run.1.states, states);
        let Some(Verdict::Violated(Some(path))) = run.1.verdict(FALLS_SILENT) else { panic!("it falls silent") };
        let (described, passed) = followed(&run.0, path);
        assert_eq!(described[..lines.len()], *lines);
        // The last state occurred before, and the change was sent on in between.
        let (last, before) = passed.split_last().unwrap();
        let start = before.iter().position(|state| state == last).expect("a loop");
        assert!(described[start..].iter().any(|line| line.contains("relays A1")));
        assert_holds(&run, &[NO_DEADLOCK]);
        assert_unreached(&run, QUIESCENCE);
    }
}

/// A hub passes each received change on to every spoke, and gets it back from each, so their number grows. No state
/// occurs twice: channels of any capacity fill until every master waits.
#[test]
fn a_relay_star_drowns_in_a_single_write() {
    for (capacity, states, steps) in [(1, 86, 17), (2, 308, 29), (3, 746, 41), (4, 1_472, 53)] {
        let run = explored(Topology::star(3).unwrap(), capacity, RELAY, setting_k(&[(1, 1)]));
        assert_eq!(run.1.states, states);
        let (lines, why) = violation(&run, NO_DEADLOCK);
        assert_eq!(lines.len(), steps);
        assert_eq!(
            why.as_deref(),
            Some("no goroutine can take a step: A waits to relay B1 to C, C waits to relay B1 to A")
        );
        assert_eq!(run.1.messages, Some(10 * capacity + 5), "messages of one change, until all stand still");
        assert_holds(&run, &[FALLS_SILENT, FULL]);
        assert_unreached(&run, QUIESCENCE);
    }
}

#[test]
fn the_original_pair_never_deadlocks_and_falls_silent() {
    // Four sets each through channels that hold one or two.
    for (capacity, states) in [(1, 740), (2, 1_249)] {
        let run = explored(pair(), capacity, PLAIN, setting_k(&[(0, 4), (1, 4)]));
        assert_eq!(run.1.states, states);
        assert_holds(&run, &[NO_DEADLOCK, FALLS_SILENT, ORDER_KEPT, QUIESCENCE, FULL]);
        assert_eq!(run.1.messages, Some(1));
    }
    // Several clients at each master do not deadlock either.
    let run = explored(pair(), 1, PLAIN, setting_k(&[(0, 1), (0, 1), (1, 1), (1, 1)]));
    assert_eq!(run.1.states, 925);
    assert_holds(&run, &[NO_DEADLOCK, FALLS_SILENT, QUIESCENCE, FULL]);
}

#[test]
fn the_run_in_the_article_agrees() {
    let set = |at, ask: &str| Client { at: MasterId(at), requests: vec![ask.parse().unwrap()] };
    let run = explored(pair(), 100, PLAIN, vec![set(0, "set hello = world"), set(1, "set foo = bar")]);
    assert_eq!(run.1.states, 16);
    assert_holds(&run, &[AGREEMENT, ORDER_KEPT, NO_DEADLOCK, FALLS_SILENT, QUIESCENCE]);
    assert_unreached(&run, CONFLICT);
    let Some(Verdict::Holds(Some(path))) = run.1.verdict(QUIESCENCE) else { panic!("no rest") };
    let (_, states) = followed(&run.0, path);
    let all = "foo=bar, hello=world";
    assert_eq!(run.0.readings(states.last().unwrap()), [all, all]);
}

#[test]
fn a_state_and_a_step_can_be_read() {
    let article = Article::new(pair(), 1, RELAY, setting_k(&[(0, 2), (0, 1)])).unwrap().cluster();
    // A/1 sets, B receives it, and A/1 sets again: the first step is always the same.
    let (lines, states) = followed(&article, &[0, 0, 2, 0, 0]);
    assert_eq!(lines, ["A/1: set k = 1", "A/1 sends A1 to B", "B receives A1", "A/1: set k = 2", "A/1 sends A2 to B"]);
    let shown = "A  reads k=2; its channel holds nothing\n\
                 B  reads k=1; its channel holds A2; must relay A1 to A next\n\
                 client A/1: 2 set\n\
                 client A/2: 0 set";
    assert_eq!(format!("{:?}", states[5]), shown);
    let (state, mut actions) = (&states[1], Vec::new());
    article.actions(state, &mut actions);
    let arrow = Arrow::Arrives { from: 0, to: 1, label: "A1".into(), again: false };
    assert_eq!(article.arrow(state, &actions[0]), arrow);
}

#[test]
fn what_the_program_cannot_do_is_refused() {
    let refused = |capacity, at, ask: &str| {
        let clients = vec![Client { at: MasterId(at), requests: vec![ask.parse().unwrap()] }];
        Article::new(pair(), capacity, PLAIN, clients).err().unwrap()
    };
    assert!(refused(1, 0, "delete k").contains("`delete k`"));
    assert!(refused(1, 2, "set k = 1").contains("master C, which does not exist"));
    assert!(refused(0, 0, "set k = 1").contains("capacity"));
    let many = Article::new(pair(), 1, PLAIN, setting_k(&[(0, 256)]));
    assert!(many.err().unwrap().contains("at most 255"));
}
