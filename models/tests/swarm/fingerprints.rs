//! Equal states have equal fingerprints in every copy of a model, and different states have different ones.

use multimaster_models::check::erased::{Erased, ErasedState};
use multimaster_models::model::Model;
use multimaster_models::scenario::catalogue;
use multimaster_models::subject::Subject;
use std::collections::{BTreeSet, HashSet};

/// The fingerprints of all states, found breadth first or depth first: their parts are numbered in different orders.
fn fingerprints(model: &Erased, depth_first: bool) -> (usize, BTreeSet<u64>) {
    let mut open = model.init_states();
    let mut known: HashSet<ErasedState> = open.iter().cloned().collect();
    let mut fingerprints = BTreeSet::new();
    let mut next = 0;
    while next < open.len() {
        let state = if depth_first { open.pop().expect("an open state") } else { open[next].clone() };
        next += usize::from(!depth_first);
        fingerprints.insert(model.fingerprint(&state));
        model.each_step(&state, &mut Vec::new(), &mut |_, reached, _| {
            if known.insert(reached.clone()) {
                open.push(reached.clone());
            }
            std::ops::ControlFlow::Continue(())
        });
    }
    (known.len(), fingerprints)
}

#[test]
fn fingerprints_depend_on_the_content_alone() {
    for name in [
        "soup/ring-counter",
        "running/pair-set",
        "two-shards",
        "article/relay-star",
        "failures/session-with-a-token",
        "failures/counter-of-a-crashed-master",
        "failures/held-by-two",
        "failures/tombstones-of-cassandra",
    ] {
        let scenario = catalogue::find(name).unwrap_or_else(|fault| panic!("{fault}"));
        let (states, breadth_first) = fingerprints(&scenario.model(), false);
        let (others, depth_first) = fingerprints(&scenario.model(), true);
        assert_eq!((states, breadth_first.len()), (others, states), "{name}");
        assert_eq!(breadth_first, depth_first, "{name}");
    }
}
