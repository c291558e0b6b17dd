//! The writes that a computed value shows: tested with other values in their place, not assumed.

use multimaster::{Dot, MasterId, Outcome, Reading, Replica, Request, Resolver, Topology};
use multimaster_models::node::any_rule::AnyRule;
use multimaster_models::rules::expression::{Expression, Over};

/// Masters, each with its writes, which then all arrive at the first master in order.
struct World(Vec<Replica<AnyRule>>);

impl World {
    fn new(over: Over, keep: &str, writes: &[&[&str]]) -> World {
        let expression: &'static Expression = Box::leak(Box::new(Expression::new(keep, over).unwrap()));
        let topology = Topology::all_to_all(writes.len() as u16).unwrap();
        let mut masters: Vec<_> = topology.ids().map(|id| Replica::new(id, expression.rule(id), &topology)).collect();
        for (master, writes) in masters.iter_mut().zip(writes) {
            for write in *writes {
                let Request { key, op } = write.parse().unwrap();
                master.write(&key, op).unwrap();
            }
        }
        let mut world = World(masters);
        for from in 1..writes.len() {
            world.deliver(from, 0);
        }
        world
    }

    fn deliver(&mut self, from: usize, to: usize) {
        let (from, to) = (MasterId(from as u16), MasterId(to as u16));
        while let Some(push) = self.0[from.index()].next_push(to, 1) {
            assert_ne!(self.0[to.index()].receive(from, push), Outcome::Gap);
        }
    }

    /// The reading of the first master, and whether it shows its own write and B's; `?` if unknown.
    fn told(&self) -> (Reading, String) {
        let master = &self.0[0];
        let state = master.state("k").unwrap();
        let told = |origin: usize| {
            let dot = Dot::new(MasterId(origin as u16), 1);
            match (master.rule().shows(state, dot), master.rule().unsure(state, dot)) {
                (true, false) => 'y',
                (false, false) => 'n',
                (false, true) => '?',
                (true, true) => panic!("shown, and not known"),
            }
        };
        (master.read("k"), (0..self.0.len()).map(told).collect())
    }
}

const FORMS: [Over; 3] = [Over::Siblings, Over::Merged, Over::Arrival];

#[test]
fn two_writes_are_shown_by_what_a_reader_can_tell() {
    for (keep, a, b, reads, shown) in [
        ("\"default\"", "2", "3", "default", "nn"),
        ("first.value + \"\"", "2", "3", "2", "yn"),
        ("second.value + \"\"", "2", "3", "3", "ny"),
        ("first", "2", "3", "2", "yn"),
        ("first.value + \"+\" + second.value", "2", "3", "2+3", "yy"),
        ("(first.value.parse_int() + second.value.parse_int()).to_string()", "2", "3", "5", "yy"),
        // The greater of both values: a smaller value in its place changes the reading, one in place of the other does
        // not.
        ("if first.value > second.value { first.value } else { second.value }", "2", "3", "3", "ny"),
        ("if first.value > second.value { first.value } else { second.value }", "3", "3", "3", "yy"),
        // The reading depends on the first value only by whether it is more than 1.
        (
            "if first.value.parse_int() > 1 { \"more \" + second.value } else { \"less \" + second.value }",
            "2",
            "3",
            "more 3",
            "ny",
        ),
        ("first.value.len().to_string()", "abc", "b", "3", "nn"),
        // The expression fails with any other value in the place of the first.
        ("if first.value != \"2\" { throw \"no\" } `it is ${second.value}`", "2", "3", "it is 3", "?y"),
    ] {
        for over in FORMS {
            let world = World::new(over, keep, &[&[&format!("set k = {a}")], &[&format!("set k = {b}")]]);
            assert_eq!(world.told(), (Reading::Value(reads.into()), shown.into()), "{keep} over {over:?}");
        }
    }
}

#[test]
fn parts_that_are_joined_are_all_shown() {
    let keep = "let parts = first.value.split(\"+\");\n\
                for part in second.value.split(\"+\") { if !(part in parts) { parts.push(part); } }\n\
                parts.sort();\nlet all = \"\";\n\
                for part in parts { all += if all == \"\" { part } else { \"+\" + part }; }\nall";
    for over in FORMS {
        let world = World::new(over, keep, &[&["set k = a"], &["set k = b"], &["set k = c"]]);
        assert_eq!(world.told(), (Reading::Value("a+b+c".into()), "yyy".into()), "{over:?}");
    }
}

#[test]
fn a_tie_can_delete_both() {
    let keep = "if first.wall == second.wall { () } else if first.wall < second.wall { second } else { first }";
    for over in FORMS {
        let tie = World::new(over, keep, &[&["at 5, set k = a"], &["at 5, set k = b"]]);
        assert_eq!(tie.told(), (Reading::Nothing, "nn".into()), "{over:?}");
        let later = World::new(over, keep, &[&["at 5, set k = a"], &["at 4, set k = b"]]);
        assert_eq!(later.told(), (Reading::Value("a".into()), "yn".into()), "{over:?}");
    }
}

/// A value may depend on the value that the writer had read, on the master that applies the rule, and on the wall
/// clock. The states keep only those of them that the expression reads.
#[test]
fn before_here_and_wall_are_seen() {
    let keep = "`${first.before}>${first.value} ${second.before}>${second.value} at ${here}`";
    for over in FORMS {
        let world = World::new(over, keep, &[&["set k = a", "set k = b"], &["set k = c"]]);
        let Reading::Value(read) = world.0[0].read("k") else { panic!("{over:?}") };
        assert!(read == "a>b >c at A" || read == ">c a>b at A", "{over:?}: {read}");
    }
    let plain = Expression::new("first", Over::Merged).unwrap();
    let clock = Expression::new("fn w(v) { v.wall }\nif w(first) < 2 { first } else { second }", Over::Merged).unwrap();
    let [plain, clock] = [plain, clock].map(|expression| Box::leak(Box::new(expression)).rule(MasterId(0)));
    assert!(!plain.uses_wall_clock() && clock.uses_wall_clock());
}
