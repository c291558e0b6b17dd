//! The two ways to find a fair cycle.

use crate::check::liveness::Searched;
use crate::check::liveness::cycles::{Cycles, Seek};
use crate::check::liveness::walk::Walk;
use crate::check::reached::Reached;
use crate::check::silence::{Graph, Numbers};
use crate::model::Sent;
use multimaster::{Dot, MasterId};

/// By state, its steps: the target, the class, and whether the step sends.
const STEPS: [&[(u32, u32, bool)]; 5] = [
    &[(1, 1, false), (2, 3, false), (3, 7, false)],
    &[(2, 1, true)],
    &[(4, 2, false), (0, 4, false), (3, 7, false)],
    &[],
    &[(0, 2, false)],
];

#[test]
fn a_short_cycle_is_fair_and_a_shortest_one_is_no_longer() {
    let mut graph = Graph::new(Numbers::default(), 1);
    for (state, steps) in STEPS.iter().enumerate() {
        graph.begin(state).unwrap();
        for (place, (to, _, sends)) in (0..).zip(*steps) {
            let sent: Sent = sends.then_some(Dot::new(MasterId(0), 1)).into_iter().collect();
            graph.edge(*to, place, &sent).unwrap();
        }
    }
    let mut cycles = Cycles::of(&graph, STEPS.len());
    for (state, steps) in STEPS.iter().enumerate().filter(|(state, _)| *state != 3) {
        assert!(cycles.has(state));
        cycles.note(state, &steps.iter().map(|(_, class, _)| *class).collect::<Vec<u32>>(), Vec::new());
    }
    assert!(!cycles.has(3));
    let reached = Reached::new(vec![0]);
    let searched = Searched { graph: &graph, reached: &reached, states: STEPS.len(), is_whole: true };
    let part = cycles.parts().next().unwrap();
    let walk = Walk { searched, cycles: &cycles, part };
    let is_two = |state| state == 2;
    for (seek, least) in [(Seek::State(&is_two), 3), (Seek::Sent, 3)] {
        let (short, shortest) = (walk.short(0, seek), walk.shortest(0, seek).unwrap());
        for cycle in [&short, &shortest] {
            // Class 7 is enabled in 0 and 2, so the cycle passes 1 or 4.
            assert_eq!(walk.starved(0, cycle), None);
            assert_eq!(cycle.last().map(|taken| taken.edge.to), Some(0));
            assert!(cycle.iter().any(|taken| taken.edge.to == 2));
        }
        assert!(short.len() >= shortest.len());
        assert_eq!(shortest.len(), least);
    }
}
