//! Wrong restarts after a crash, and writes that are acknowledged too early.

use super::scopes::{DATAGRAM, STREAM, all_to_all, pair, ring, star};
use super::worlds::Worlds;
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::check::erased::Erased;
use crate::history::Claims;
use crate::node::tamper::Tamper;
use crate::properties::own_property::Property;
use crate::properties::{
    AVAILABILITY, CONVERGENCE, DURABILITY, FALLS_SILENT, MONOTONIC_READS, MONOTONIC_WRITES, NO_CAUSAL_LOSS,
    READ_YOUR_WRITES, WRITES_FOLLOW_READS,
};
use crate::rules::lower_seat;
use crate::rules::systems::System;
use crate::scope::{Call, Clocks, Failures, Keeps, Level, Scope, Session};
use crate::world::cluster::ClusterModel;
use multimaster::{Custom, LastWriteWins, MasterId};
use std::sync::Arc;

const A: MasterId = MasterId(0);

/// The scope in which A crashes once.
pub(super) fn crash(scope: Scope, keeps: Keeps, restarts: bool, level: Level) -> Scope {
    let failures = Failures { crashes: 1, crashing: vec![A], keeps, restarts, level, ..Failures::default() };
    Scope { failures, ..scope }
}

/// Whether every master that has seen a confirmed booking reads it. Its own master reads the booking and confirms it if
/// this script is true.
fn confirmed(script: &str) -> String {
    format!(
        r#"
for master in masters {{
    for booking in writes {{
        if booking.key != "seat" || booking.master != master.name || booking.value != master["seat"] {{ continue; }}
        let confirmed = false;
        {script}
        if !confirmed {{ continue; }}
        for reader in masters {{
            if reader.name in booking.seen_by && reader["seat"] != booking.value {{ return false; }}
        }}
    }}
}}
true
"#
    )
}

/// A and B each book a seat, and the lower one is kept; then B answers.
fn bookings(confirmed: &str) -> Erased {
    let scope = pair(STREAM, &[&["set seat = 14 Ann"], &["set seat = 12 Bob", "set alive = 1"]]);
    let cluster = ClusterModel::new(scope, Custom(lower_seat)).believed(Claims::Tested);
    let property = Property::always("confirmed-stays", confirmed);
    let own = cluster.own_properties(&[property]).expect("its keys and masters are there");
    Erased::new(cluster.asking(&Arc::new(own)))
}

/// Ann makes these requests at A or B; without a token in the mutant, with one in the sound protocol.
fn in_a_session(clients: &[&[&str]], requests: &[&str]) -> Worlds {
    let call = |request: &&str| match request.strip_prefix("read ") {
        Some(key) => Call::Read(key.into()),
        None => Call::Write(request.parse().expect("a request")),
    };
    let scope = |token| {
        let calls = requests.iter().map(call).collect();
        let session = Session { name: "ann".into(), at: vec![A, MasterId(1)], calls, token };
        Scope { sessions: vec![session], ..pair(DATAGRAM, clients) }
    };
    Worlds::scopes(&scope(false), &scope(true), LastWriteWins)
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(9),
        about: "a master's counter of dots restarts with its state",
        story: "A master that lost its state goes on under its old origin. It issues a dot anew, and masters\n\
                that have the earlier write of that name take the new one for a duplicate.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "A -> B: A1 after nothing", "A crashes", "A restarts", "A: set k = 2"],
        complaint: "A and B have both seen A1, but A reads k=2 and B reads k=1",
        worlds: || {
            let scope = pair(DATAGRAM, &[&["set k = 1", "set k = 2"]]);
            let tamper = Tamper { keeps_origin: true, ..Tamper::default() };
            Worlds::tampered(&crash(scope, Keeps::Nothing, true, Level::Applied), LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Documented(15),
        about: "only the origin ends a loop, and it has left",
        story: "A change that comes round again is passed on until it reaches its origin, which drops it.\n\
                Here the origin has crashed, and the ring has closed past it.",
        property: FALLS_SILENT,
        schedule: &[
            "A: set k = 1",
            "A -> B: A1 after nothing",
            "A crashes",
            "the dead masters are bypassed",
            "B -> C: A1 after nothing",
            "C -> B: A1 after nothing",
            "B -> C: A1 after nothing",
        ],
        complaint: "this can repeat for ever",
        worlds: || {
            let failures =
                Failures { crashes: 1, crashing: vec![A], restarts: false, repaired: true, ..Failures::default() };
            let scope = Scope { failures, ..ring(DATAGRAM, &[&["set k = 1"]]) };
            let tamper = Tamper { forwards_duplicates: true, ends_at_origin: true, ..Tamper::default() };
            Worlds::tampered(&scope, LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Documented(17),
        about: "a departed master's id is given to another",
        story: "A is lost, and a new master takes its place, with the id C. C is lost too, and the next new master\n\
                gets its id, while others have a write of the first C. Both masters' writes are called C1.",
        property: CONVERGENCE,
        schedule: &[
            "A crashes",
            "A restarts",
            "A: set k = 1",
            "A -> B: C1 after nothing",
            "A crashes",
            "A restarts",
            "A: set k = 2",
        ],
        complaint: "A and B have both seen C1, but A reads k=2 and B reads k=1",
        worlds: || {
            let failures = Failures { crashes: 2, crashing: vec![A], keeps: Keeps::Nothing, ..Failures::default() };
            let scope = Scope { failures, ..pair(DATAGRAM, &[&["set k = 1", "set k = 2"]]) };
            let tamper = Tamper { reuses_origins: true, ..Tamper::default() };
            Worlds::tampered(&scope, LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Documented(18),
        about: "a master is dropped before it has sent all",
        story: "A leaves while nobody else has its last acknowledged write.\n\
                In the sound protocol it leaves once its neighbours have seen all that it has seen.",
        property: DURABILITY,
        schedule: &["A: set k = 1", "A crashes"],
        complaint: "no master that is up has A1, which was acknowledged",
        worlds: || {
            let scope = |drained| {
                let failures =
                    Failures { crashes: 1, crashing: vec![A], restarts: false, drained, ..Failures::default() };
                Scope { failures, ..ring(STREAM, &[&["set k = 1"]]) }
            };
            Worlds::scopes(&scope(false), &scope(true), LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(19),
        about: "a hub acknowledges before it relays, and dies",
        story: "The hub is the only master that has the write.\n\
                The sound protocol acknowledges it once a spoke has it.",
        property: DURABILITY,
        schedule: &["A: set k = 1", "A crashes", "lost A -> B: A1 after nothing", "lost A -> C: A1 after nothing"],
        complaint: "no master that is up has A1, which was acknowledged",
        worlds: || {
            let scope = |level| crash(star(DATAGRAM, &[&["set k = 1"]]), Keeps::Nothing, false, level);
            Worlds::scopes(&scope(Level::Applied), &scope(Level::HeldBy(1)), LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(20),
        about: "a write is acknowledged before it is durable",
        story: "The master acknowledges a write that it has not flushed, and the power fails before it has sent it.",
        property: DURABILITY,
        schedule: &[
            "A: set k = 1",
            "A crashes",
            "lost A -> B: A1 after nothing",
            "lost A -> C: A1 after nothing",
            "A restarts",
        ],
        complaint: "no master that is up has A1, which was acknowledged",
        worlds: || {
            let scope = |level| crash(all_to_all(DATAGRAM, &[&["set k = 1"]]), Keeps::Flushed, true, level);
            Worlds::scopes(&scope(Level::Applied), &scope(Level::Flushed), LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(29),
        about: "a session does not follow its client to a new master",
        story: "A client writes at A and reads at B, which has not seen the write.\n\
                In the sound protocol it carries a token, and B lets it wait.",
        property: READ_YOUR_WRITES,
        schedule: &["ann at A: set k = 1", "ann at B: read k"],
        complaint: "ann has read at a master that had not seen all that ann wrote",
        worlds: || in_a_session(&[], &["set k = 1", "read k"]),
    },
    Mutant {
        bug: Documented(29),
        about: "a session reads less than it has read before",
        story: "A client reads at A, and then at B, which has not seen what it has read.",
        property: MONOTONIC_READS,
        schedule: &["A: set k = 1", "ann at A: read k", "ann at B: read k"],
        complaint: "ann has read at a master that had not seen all that ann had read before",
        worlds: || in_a_session(&[&["set k = 1"]], &["read k", "read k"]),
    },
    Mutant {
        bug: Documented(29),
        about: "a session's writes may be applied in another order",
        story: "A client writes at A, and then at B, which has not seen the first write.",
        property: MONOTONIC_WRITES,
        schedule: &["ann at A: set k = 1", "ann at B: set k = 2"],
        complaint: "ann has written at a master that had not seen its earlier writes",
        worlds: || in_a_session(&[], &["set k = 1", "set k = 2"]),
    },
    Mutant {
        bug: Documented(29),
        about: "a session's write may be applied before a write it read",
        story: "A client reads at A, and then writes at B, which has not seen what it has read.",
        property: WRITES_FOLLOW_READS,
        schedule: &["A: set k = 1", "ann at A: read k", "ann at B: set k = 2"],
        complaint: "ann has written at a master that had not seen all that ann had read",
        worlds: || in_a_session(&[&["set k = 1"]], &["read k", "set k = 2"]),
    },
    Mutant {
        bug: Documented(30),
        about: "a booking is confirmed once a single master has it",
        story: "A master confirms a booking as soon as it has it.\n\
                In the sound protocol it waits until the other has answered, and so can book nothing earlier.",
        property: "confirmed-stays",
        schedule: &["A: set seat = 14 Ann", "B: set seat = 12 Bob", "A -> B: A1 after nothing"],
        complaint: "A reads seat=14 Ann",
        worlds: || {
            let at_once = confirmed("confirmed = true;");
            let answered = confirmed(
                "for answer in writes {
                    let by_other = answer.master != master.name;
                    if by_other && booking.write in answer.saw && master.name in answer.seen_by { confirmed = true; }
                }",
            );
            Worlds { mutant: bookings(&at_once), sound: bookings(&answered) }
        },
    },
    Mutant {
        bug: Own("hybrid-equal"),
        about: "a hybrid clock does not move past an equal time",
        story: "A write gets the time of the latest write that it had seen, not one later.\n\
                Between equal times, Cassandra keeps the greater value.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: at 5, set k = 2", "A -> B: A1 after nothing", "B: at 5, set k = 1"],
        complaint: "A1 (at 5) won, which B1 had seen",
        worlds: || {
            let scope = |clocks| Scope { clocks, ..pair(DATAGRAM, &[&["at 5, set k = 2"], &["at 5, set k = 1"]]) };
            let cassandra = System::named("cassandra").expect("it ships").rule(A);
            Worlds::scopes(&scope(Clocks::SkewedBy(1)), &scope(Clocks::Hybrid), cassandra)
        },
    },
    Mutant {
        bug: Own("waits-for-all"),
        about: "a write waits for every other master, and one is dead",
        story: "B acknowledges a write once both others have it, and A is dead.\n\
                The sound protocol waits for one.",
        property: AVAILABILITY,
        schedule: &["B: set k = 1", "B -> C: B1 after nothing", "A crashes"],
        complaint: "the client that wrote B1 still waits for its answer",
        worlds: || {
            let scope = |level| crash(all_to_all(DATAGRAM, &[&[], &["set k = 1"]]), Keeps::All, false, level);
            Worlds::scopes(&scope(Level::HeldBy(2)), &scope(Level::HeldBy(1)), LastWriteWins)
        },
    },
];
