//! Real systems' rules in the cases in which their sources differ: ties, deletes, clocks.

use multimaster::{Kind, LastWriteWins, MasterId, Message, Op, Outcome, Reading, Refusal, Replica, Resolver, Topology};
use multimaster_models::node::any_rule::AnyRule;
use multimaster_models::rules::systems::{ALL, System};

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);

fn set(value: &str) -> Op {
    Op::Set(value.into())
}

fn insert(item: &str) -> Op {
    Op::Insert(item.into())
}

fn remove(item: &str) -> Op {
    Op::Remove(item.into())
}

fn master(id: MasterId, rule: &str, topology: &Topology) -> Replica<AnyRule> {
    Replica::new(id, System::named(rule).unwrap().rule(id), topology)
}

/// A pair of masters.
struct Pair([Replica<AnyRule>; 2]);

impl Pair {
    fn of(rule: &str) -> Pair {
        let pair = Topology::all_to_all(2).unwrap();
        Pair([A, B].map(|id| master(id, rule, &pair)))
    }

    fn write(mut self, at: MasterId, op: Op) -> Self {
        self.0[at.index()].write("k", op).unwrap();
        self
    }

    fn at(self, at: MasterId, time: u64, op: Op) -> Self {
        self.write(at, op.at(time))
    }

    /// Delivers all writes of each master to the other.
    fn sync(mut self) -> Self {
        for (from, to) in [(A, B), (B, A)] {
            while let Some(push) = self.0[from.index()].next_push(to, 9) {
                assert!(matches!(self.0[to.index()].receive(from, push), Outcome::Applied | Outcome::Stale));
            }
        }
        self
    }

    #[track_caller]
    fn reads(self, at_a: &str, at_b: &str) {
        let read = |id: MasterId| self.0[id.index()].read("k").to_string();
        assert_eq!((read(A).as_str(), read(B).as_str()), (at_a, at_b));
    }
}

#[test]
fn a_time_is_taken_only_by_rules_that_go_by_clocks() {
    Pair::of("cassandra").at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1", "1");
    let pair = Topology::all_to_all(2).unwrap();
    let own = Pair([A, B].map(|id| Replica::new(id, AnyRule::new(LastWriteWins), &pair)));
    own.write(A, set("1")).write(B, set("2")).sync().reads("2", "2");
    let mut own = Replica::new(A, AnyRule::new(LastWriteWins), &pair);
    assert_eq!(own.write("k", set("1").at(9)), Err(Refusal::NoWallClock));
    assert_eq!(own.read("k"), Reading::Nothing);
    let without = Pair::of("cassandra").write(A, set("1")).at(B, 2, set("0")).sync();
    without.reads("0", "0");
}

#[test]
fn cassandra_breaks_ties_by_tombstone_then_by_value() {
    let cell = "cassandra";
    Pair::of(cell).at(A, 5, set("2")).at(B, 5, set("1")).sync().reads("2", "2");
    Pair::of(cell).at(A, 5, Op::Delete).at(B, 5, set("1")).sync().reads("-", "-");
    // Acknowledged, and not read even at its own master.
    Pair::of(cell).at(A, 9, set("1")).sync().at(B, 5, set("2")).reads("1", "1");
}

#[test]
fn a_deleted_cassandra_counter_stays_so() {
    let counter = Pair::of("cassandra-counter").write(A, Op::Add(2)).write(B, Op::Add(-5)).sync();
    counter.write(A, Op::Add(1)).sync().reads("-2", "-2");
    let deleted = Pair::of("cassandra-counter").write(A, Op::Add(2)).sync().write(B, Op::Delete).sync();
    deleted.write(A, Op::Add(7)).sync().reads("0", "0");
}

#[test]
fn couchbase_keeps_its_own_at_a_tie_and_never_timestamps_before_what_it_replaces() {
    Pair::of("couchbase").at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("1", "2");
    Pair::of("couchbase").at(A, 9, set("1")).sync().at(B, 3, set("2")).sync().reads("2", "2");
    // More revisions win at equal times: 6, written after 5.
    let revised = Pair::of("couchbase").at(A, 5, set("0")).at(A, 5, set("1")).at(B, 6, set("2"));
    revised.sync().reads("1", "1");
}

#[test]
fn antidote_takes_the_larger_value_at_a_tie() {
    Pair::of("antidote").at(A, 5, set("2")).at(B, 5, set("1")).sync().reads("2", "2");
    Pair::of("antidote").at(A, 9, set("2")).sync().at(B, 3, set("1")).sync().reads("1", "1");
    // A first write has at least time 1, so this is a tie.
    Pair::of("antidote").at(A, 1, set("a")).at(B, 0, set("i")).sync().reads("i", "i");
}

#[test]
fn in_active_directory_two_edits_beat_a_later_one() {
    let edited = Pair::of("active-directory").at(A, 1, set("1")).at(A, 2, set("2")).at(B, 9, set("3"));
    edited.sync().reads("2", "2");
    Pair::of("active-directory").at(A, 5, set("2")).at(B, 5, set("1")).sync().reads("1", "1");
}

#[test]
fn in_cr_sqlite_a_delete_beats_updates_and_an_insert_after_it_beats_the_delete() {
    let row = || Pair::of("cr-sqlite").write(A, set("1")).sync();
    row().write(A, set("2")).write(A, set("3")).write(B, Op::Delete).sync().reads("-", "-");
    row().write(A, set("2")).write(B, Op::Delete).write(B, set("0")).sync().reads("0", "0");
    // With equal versions the larger value wins; with fewer versions it does not.
    row().write(A, set("2")).write(B, set("3")).sync().reads("3", "3");
    row().write(A, set("2")).write(A, set("1")).write(B, set("3")).sync().reads("1", "1");
}

/// Values are SQLite's, not texts.
#[test]
fn cr_sqlite_compares_values_by_type_and_content() {
    let tie = |at_a: &str, at_b: &str, won: &str| {
        Pair::of("cr-sqlite").write(A, set(at_a)).write(B, set(at_b)).sync().reads(won, won);
    };
    tie("10", "9", "10");
    tie("-10", "-9", "-9");
    tie("b", "a", "b");
    tie("10", "b", "10");
    tie("09", "b", "b");
}

#[test]
fn in_couchdb_a_deleted_winner_uncovers_the_loser() {
    let conflict = || Pair::of("couchdb").write(A, set("1")).write(B, set("2")).write(B, set("3")).sync();
    // The longer branch is shown, then its conflict.
    conflict().reads("3 | 1", "3 | 1");
    conflict().write(A, Op::Delete).sync().reads("1", "1");
    // Of a delete and an edit the edit is shown, although its branch is shorter.
    let edited = Pair::of("couchdb").write(A, set("1")).sync().write(A, set("2")).write(A, Op::Delete);
    edited.write(B, set("3")).sync().reads("3", "3");
    // Equal edits are one revision.
    Pair::of("couchdb").write(A, set("1")).write(B, set("1")).sync().reads("1", "1");
}

#[test]
fn riak_keeps_siblings_or_the_newest_or_whatever_came() {
    Pair::of("riak").write(A, set("1")).write(B, set("2")).sync().reads("1 | 2", "1 | 2");
    Pair::of("riak").write(A, set("1")).write(A, Op::Delete).write(B, set("2")).sync().reads("2", "2");
    Pair::of("riak-newest").at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1", "1");
    Pair::of("riak-newest").at(A, 1, set("1")).at(A, 5, Op::Delete).at(B, 5, set("2")).sync().reads("2", "2");
    Pair::of("riak-newest").at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("1", "1");
    Pair::of("riak-last-write-wins").write(A, set("1")).write(B, set("2")).sync().reads("2", "1");
}

/// x at 10; y at 5, which had seen x; z at 7, concurrent to both. At a master that receives x and z first, z is gone
/// before y arrives.
#[test]
fn riaks_newest_of_three_depends_on_their_order() {
    let mesh = Topology::all_to_all(3).unwrap();
    let mut masters = [0, 1, 2].map(|id| master(MasterId(id), "riak-newest", &mesh));
    let push = |masters: &mut [Replica<AnyRule>; 3], from: usize, to: usize| {
        let push = masters[from].next_push(MasterId(to as u16), 1).unwrap();
        assert_ne!(masters[to].receive(MasterId(from as u16), push), Outcome::Gap);
    };
    let at = |time, value: &str| set(value).at(time);
    masters[0].write("k", at(10, "x")).unwrap();
    masters[2].write("k", at(7, "z")).unwrap();
    push(&mut masters, 0, 1);
    masters[1].write("k", at(5, "y")).unwrap();
    push(&mut masters, 2, 0);
    push(&mut masters, 2, 1);
    push(&mut masters, 1, 0);
    push(&mut masters, 1, 0);
    assert_eq!(masters[0].digest(), masters[1].digest());
    assert_eq!((masters[0].read("k"), masters[1].read("k")), (Reading::Value("y".into()), Reading::Value("z".into())));
}

#[test]
fn cosmos_and_redis_ask_the_clock_only_where_neither_had_seen_the_other() {
    Pair::of("redis-string").at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1", "1");
    Pair::of("redis-string").at(A, 9, set("1")).sync().at(B, 3, set("2")).sync().reads("2", "2");
    let row = |rule| Pair::of(rule).at(A, 1, set("0")).sync();
    row("cosmos").at(A, 9, set("1")).at(B, 3, Op::Delete).sync().reads("-", "-");
    row("cosmos").at(A, 9, Op::Delete).sync().at(B, 3, set("2")).sync().reads("2", "2");
}

#[test]
fn golden_gate_asks_its_method_only_where_the_row_is_not_as_it_was() {
    for (method, at_a, at_b) in [
        ("goldengate-usemax", "1", "2"),
        ("goldengate-usemaxeq", "2", "1"),
        ("goldengate-overwrite", "2", "1"),
        ("goldengate-ignore", "1", "2"),
    ] {
        Pair::of(method).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads(at_a, at_b);
        Pair::of(method).at(A, 9, set("1")).sync().at(B, 3, set("2")).sync().reads("2", "2");
    }
    // Applied over any row; an update of an absent row is an insert.
    let row = || Pair::of("goldengate-usemax").at(A, 1, set("1")).sync();
    row().at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "2");
    Pair::of("goldengate-usedelta").write(A, Op::Add(2)).write(B, Op::Add(-5)).sync().reads("-3", "-3");
}

#[test]
fn a_ring_of_mysql_servers_applies_what_comes_to_the_rows_that_it_finds() {
    Pair::of("mysql").write(A, set("1")).write(B, set("2")).sync().reads("2", "1");
    let row = || Pair::of("mysql").write(A, set("1")).sync();
    row().write(A, set("2")).write(B, Op::Delete).sync().reads("-", "-");
}

#[test]
fn pgd_takes_the_newer_row_then_the_higher_node() {
    Pair::of("pgd").at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("2", "2");
    let row = |rule| Pair::of(rule).at(A, 1, set("1")).sync();
    row("pgd").at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "-");
    row("pgd-vacuumed").at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "2");
    // A local statement is applied at any time; at the other node the row is newer, and stays.
    let behind = Pair::of("pgd").at(A, 9, set("1")).sync().at(B, 3, set("2"));
    behind.sync().reads("1", "2");
}

#[test]
fn spock_takes_the_later_row_then_the_lower_node_and_any_delete() {
    Pair::of("spock").at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("1", "1");
    Pair::of("spock-equal-tiebreakers").at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("2", "1");
    let row = || Pair::of("spock").at(A, 1, set("1")).sync();
    // A delete is applied at any time; the update then finds no row and fails.
    row().at(A, 3, set("2")).at(B, 4, Op::Delete).sync().reads("-", "-");
    row().at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "-");
    // Two changes of one node are also compared by time, if its clock was set back; at equal times the second is
    // applied.
    row().at(A, 5, set("2")).sync().at(A, 3, set("3")).sync().reads("3", "2");
    row().at(A, 5, set("2")).sync().at(A, 5, set("3")).sync().reads("3", "3");
    row().at(B, 5, set("2")).sync().at(B, 5, set("3")).sync().reads("3", "3");
}

#[test]
fn an_item_taken_out_of_dynamos_cart_comes_back_with_another() {
    let cart = || Pair::of("dynamo-cart").write(A, insert("x")).sync();
    cart().write(A, remove("x")).sync().reads("{}", "{}");
    cart().write(A, remove("x")).write(B, insert("y")).sync().reads("{x, y}", "{x, y}");
    let set = || Pair::of("redis-set").write(A, insert("x")).sync();
    set().write(A, remove("x")).write(B, insert("y")).sync().reads("{y}", "{y}");
}

/// A snapshot replaces a truncated log: rules over versions use the versions' contexts to find the replaced ones.
#[test]
fn a_snapshot_is_joined_where_a_rule_can() {
    let through_a_snapshot = |mut pair: Pair| {
        pair.0[0].truncate(0);
        pair.sync()
    };
    let seen = || Pair::of("riak").write(A, set("1")).sync();
    through_a_snapshot(seen().write(A, set("2"))).reads("2", "2");
    through_a_snapshot(seen().write(A, set("2")).write(B, set("3"))).reads("2 | 3", "2 | 3");
    let mut couch = Pair::of("couchdb").write(A, set("1")).sync().write(A, Op::Delete).write(B, set("3"));
    couch.0[0].truncate(0);
    couch.sync().reads("3", "3");
}

#[test]
fn what_a_counter_or_a_cart_does_not_take_is_refused() {
    let refused = |refusal: Result<_, multimaster::Refusal>, said: &str| {
        let said_so = refusal.unwrap_err().to_string();
        assert!(said_so.contains(said), "{said_so}");
    };
    let pair = Topology::all_to_all(2).unwrap();
    let mut counter = master(A, "cassandra-counter", &pair);
    refused(counter.write("k", set("1")), "set KEY = VALUE");
    counter.write("k", Op::Add(i64::MAX)).unwrap();
    refused(counter.write("k", Op::Add(1)), "full");
    refused(master(A, "dynamo-cart", &pair).write("k", Op::Delete), "delete KEY");
    let mut delta = master(A, "goldengate-usedelta", &pair);
    delta.write("k", Op::Add(i64::MIN + 1)).unwrap();
    refused(delta.write("k", Op::Add(-2)), "too large");
    refused(master(A, "cr-sqlite", &pair).write("k", Op::Add(1)), "add N to KEY");
}

/// A delete of an absent or deleted row is an error in some systems, "0 rows" in others, and a write in the rest.
#[test]
fn a_delete_of_what_is_not_there_is_what_the_system_makes_of_it() {
    let pair = Topology::all_to_all(2).unwrap();
    for system in ALL.iter().filter(|system| system.kind() == Kind::Register) {
        let writes = ["active-directory", "antidote", "cassandra", "cassandra-purged", "dynamodb"];
        let mut at_a = master(A, system.name, &pair);
        let delete_nothing = |at_a: &mut Replica<AnyRule>| {
            let before = at_a.digest().clone();
            let answer = at_a.delete("k");
            let is_a_write = writes.contains(&system.name);
            assert_eq!(
                (answer.is_ok(), *at_a.digest() != before),
                (is_a_write, is_a_write),
                "{}: {answer:?}",
                system.name
            );
            assert!(answer.map_or_else(|why| why.to_string().contains("to delete ("), |_| true), "{}", system.name);
        };
        delete_nothing(&mut at_a);
        at_a.set("k", "1").unwrap();
        at_a.delete("k").unwrap();
        delete_nothing(&mut at_a);
    }
    // If it is a write, it competes as one.
    for write in ["cassandra", "dynamodb"] {
        Pair::of(write).at(A, 5, Op::Delete).at(B, 4, set("1")).sync().reads("-", "-");
    }
}

/// An update to the row's present value: no row event in MySQL, no version in cr-sqlite.
#[test]
fn an_equal_value_is_written_again_but_for_mysql_and_cr_sqlite() {
    for system in ALL.iter().filter(|system| system.kind() == Kind::Register) {
        let Pair([mut at_a, mut at_b]) = Pair::of(system.name).write(A, set("1")).sync();
        let is_none = ["mysql", "cr-sqlite"].contains(&system.name);
        for master in [&mut at_a, &mut at_b] {
            let (before, answer) = (master.digest().clone(), master.set("k", "1"));
            assert_eq!(*master.digest() == before, is_none, "{}", system.name);
            let said = answer.err().map(|why| why.to_string());
            assert_eq!(
                said,
                is_none.then(|| "the row has that value already (0 rows changed)".into()),
                "{}",
                system.name
            );
        }
    }
    // A deleted row has no value, so an update inserts it.
    for rule in ["mysql", "cr-sqlite"] {
        Pair::of(rule).write(A, set("1")).write(A, Op::Delete).write(A, set("1")).sync().reads("1", "1");
    }
    let pgd = Pair::of("pgd").at(A, 1, set("1")).sync().at(B, 2, set("2")).at(A, 3, set("1"));
    pgd.sync().reads("1", "1");
}

/// A rule gives the true reason for a change without effect.
#[test]
fn why_a_change_made_no_difference() {
    // B's message about A's last write, after the earlier steps.
    let why = |pair: Pair| {
        let Pair([mut a, mut b]) = pair;
        let mut said = String::new();
        while let Some(push) = a.next_push(B, 1) {
            let before = b.clone();
            let Message::Push(pushed) = &push else { panic!("a snapshot") };
            let change = pushed.changes[0].clone();
            said = match b.receive(A, push) {
                Outcome::Stale => {
                    let untouched = Default::default();
                    before.rule().why_kept(before.state("k").unwrap_or(&untouched), &change).to_owned()
                }
                outcome => format!("{outcome:?}"),
            };
        }
        said
    };
    let at = |rule, time_a, a: &str, time_b, b: &str| why(Pair::of(rule).at(B, time_b, set(b)).at(A, time_a, set(a)));
    assert_eq!(at("cassandra", 3, "1", 9, "2"), "had a later timestamp");
    assert_eq!(at("cassandra", 9, "1", 9, "2"), "keeps the larger value at a tie");
    assert_eq!(at("cassandra", 9, "2", 9, "2"), "had it already");
    assert_eq!(at("cassandra", 9, "2", 3, "1"), "Applied");
    assert_eq!(why(Pair::of("cassandra").at(B, 5, Op::Delete).at(A, 5, set("1"))), "keeps the tombstone at a tie");
    assert_eq!(at("dynamodb", 5, "1", 5, "2"), "keeps the higher region's at a tie");
    assert_eq!(at("couchbase", 5, "1", 5, "2"), "keeps its own at a tie");
    assert_eq!(at("couchbase", 5, "1", 6, "2"), "had a larger CAS");
    let revised = Pair::of("couchbase").at(B, 5, set("0")).at(B, 5, set("1")).at(A, 6, set("2"));
    assert_eq!(why(revised), "had more revisions at a tie");
    assert_eq!(at("antidote", 5, "1", 5, "2"), "keeps the larger value at a tie");
    assert_eq!(at("active-directory", 5, "1", 5, "2"), "keeps the higher server's at a tie");
    assert_eq!(at("active-directory", 5, "1", 6, "2"), "had the same version, written later");
    assert_eq!(at("goldengate-usemax", 5, "1", 5, "2"), "keeps its own row at equal times");
    assert_eq!(at("goldengate-usemax", 5, "1", 6, "2"), "had a later row");
    assert_eq!(at("goldengate-ignore", 9, "1", 5, "2"), "has not the row that the writer had found");
    assert_eq!(at("pgd", 5, "1", 5, "2"), "keeps the higher node's row at a tie");
    assert_eq!(at("pgd", 5, "1", 6, "2"), "had a newer row");
    assert_eq!(why(Pair::of("couchdb").write(B, set("1")).write(A, set("1"))), "Applied", "one revision of two writes");
    assert_eq!(why(Pair::of("cr-sqlite").write(B, set("10")).write(A, set("9"))), "keeps the larger value at a tie");

    let row = |rule| Pair::of(rule).write(A, set("1")).sync();
    assert_eq!(why(row("mysql").write(B, Op::Delete).write(A, set("2"))), "has no row to update");
    assert_eq!(why(row("mysql").write(B, Op::Delete).write(A, Op::Delete)), "has no row to delete");
    assert_eq!(why(row("spock").write(B, Op::Delete).write(A, set("2"))), "has no row to update");
    assert_eq!(why(row("spock").write(B, Op::Delete).write(A, Op::Delete)), "has no row to delete");
    assert_eq!(at("spock", 5, "1", 6, "2"), "had a newer row");
    assert_eq!(at("spock", 5, "1", 5, "2"), "Applied");
    assert_eq!(why(row("pgd").write(B, Op::Delete).write(A, set("2"))), "has a dead row, which is not updated");
    assert_eq!(why(row("goldengate-ignore").write(B, Op::Delete).write(A, set("2"))), "has no row to update");
    assert_eq!(why(row("cr-sqlite").write(B, Op::Delete).write(A, set("2"))), "had a larger causal length");
    let counter = Pair::of("cassandra-counter").write(A, Op::Add(1)).sync().write(B, Op::Delete).write(A, Op::Add(1));
    assert_eq!(why(counter), "had the counter deleted, for ever");
}
