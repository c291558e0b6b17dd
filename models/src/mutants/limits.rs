//! Hybrid clocks that follow any time, and refusals that are for ever.

use super::scopes::{DATAGRAM, pair};
use super::worlds::Worlds;
use super::{Bug::Documented, Mutant};
use crate::check::erased::Erased;
use crate::node::tamper::Tamper;
use crate::properties::own_property::Property;
use crate::properties::{AGREEMENT, AVAILABILITY};
use crate::scope::{Clocks, Scope};
use crate::world::cluster::ClusterModel;
use multimaster::LastWriteWins;
use std::sync::Arc;

const LIMITED: Clocks = Clocks::HybridUpTo { limit: 10, then: None };

/// A's clock is far ahead: it gives this time. B's is right.
fn ahead(clocks: Clocks, time: u64) -> Scope {
    let far = format!("at {time}, set k = 1");
    Scope { clocks, ..pair(DATAGRAM, &[&[&far], &["at 5, set k = 2"]]) }
}

/// No write of B, whose clock is right, has a time that is far from the right one.
fn near(clocks: Clocks) -> Erased {
    let script = r#"
for write in writes {
    if write.master == "B" && write.time > 20 { return false; }
}
true
"#;
    let cluster = ClusterModel::new(ahead(clocks, 100), LastWriteWins);
    let own = cluster.own_properties(&[Property::always("times-stay-near", script)]).expect("its masters are there");
    Erased::new(cluster.asking(&Arc::new(own)))
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(28),
        about: "a hybrid clock follows any time that it receives",
        story: "A's clock is far ahead, and B's clock follows it. B's next write then has a time far from B's\n\
                right wall clock. In the sound protocol, B refuses times after 10.",
        property: "times-stay-near",
        schedule: &["A: at 100, set k = 1", "A -> B: A1 after nothing", "B: at 5, set k = 2"],
        complaint: "it is false where",
        worlds: || Worlds { mutant: near(Clocks::Hybrid), sound: near(LIMITED) },
    },
    Mutant {
        bug: Documented(28),
        about: "a hybrid clock follows a time at the end of all times",
        story: "A gives the latest time that a change may have, and B's clock follows it. No later time is left\n\
                for B's next write. In the sound protocol, B refuses times after 10.",
        property: AVAILABILITY,
        schedule: &["A: at 140737488355328, set k = 1", "A -> B: A1 after nothing", "B: at 5, set k = 2"],
        complaint: "a write was refused: the clocks of A and B are at the end of all times",
        worlds: || {
            let end = multimaster::clock::LATEST;
            Worlds::scopes(&ahead(Clocks::Hybrid, end), &ahead(LIMITED, end), LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(28),
        about: "a change that was refused for its time never comes again",
        story: "B refuses A's change, whose time is far ahead. When the time has come, nobody asks for it again.\n\
                In the sound protocol, B sends its digest at ticks.",
        property: AGREEMENT,
        schedule: &["A: at 100, set k = 1", "A -> B: A1 after nothing", "B accepts times up to 200"],
        complaint: "all is quiescent, and B never saw A1",
        worlds: || {
            let clocks = Clocks::HybridUpTo { limit: 10, then: Some(200) };
            let scope = Scope { clocks, ..pair(DATAGRAM, &[&["at 100, set k = 1"]]) };
            Worlds::tampered(&scope, LastWriteWins, Tamper { ticks: false, ..Tamper::default() })
        },
    },
];
