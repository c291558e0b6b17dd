//! Real systems' rules, each where its source says something that another rule does not: ties, deletes, clocks.

mod common;

use common::{A, B, set};
use multimaster::systems::*;
use multimaster::{MasterId, Op, Outcome, Reading, Replica, Resolver, Topology};

/// A pair of masters.
struct Pair<R: Resolver>([Replica<R>; 2]);

impl<R: Resolver> Pair<R> {
    fn with(rule: impl Fn(MasterId) -> R) -> Pair<R> {
        let pair = Topology::all_to_all(2).unwrap();
        Pair([A, B].map(|id| Replica::new(id, rule(id), &pair)))
    }

    fn of(rule: R) -> Pair<R> {
        Pair::with(|_| rule.clone())
    }

    fn write(mut self, at: MasterId, op: Op) -> Self {
        self.0[at.index()].write("k", &op).unwrap();
        self
    }

    fn at(self, at: MasterId, time: u64, op: Op) -> Self {
        self.write(at, Op::At(time, Box::new(op)))
    }

    /// All that either has written reaches the other.
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
fn a_time_is_heeded_only_by_rules_that_go_by_clocks() {
    Pair::of(CassandraCell::default()).at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1", "1");
    // Equal logical times: the higher master.
    Pair::of(multimaster::LastWriteWins).at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("2", "2");
    let without = Pair::of(CassandraCell::default()).write(A, set("1")).at(B, 2, set("0")).sync();
    without.reads("0", "0");
}

#[test]
fn cassandra_breaks_ties_by_tombstone_then_by_value() {
    let cell = CassandraCell::default();
    Pair::of(cell).at(A, 5, set("2")).at(B, 5, set("1")).sync().reads("2", "2");
    Pair::of(cell).at(A, 5, Op::Delete).at(B, 5, set("1")).sync().reads("-", "-");
    // Acknowledged, and not to be read even where it was written.
    Pair::of(cell).at(A, 9, set("1")).sync().at(B, 5, set("2")).reads("1", "1");
}

#[test]
fn a_deleted_cassandra_counter_stays_so() {
    let counter = Pair::of(CassandraCounter).write(A, Op::Add(2)).write(B, Op::Add(-5)).sync();
    counter.write(A, Op::Add(1)).sync().reads("-2", "-2");
    let deleted = Pair::of(CassandraCounter).write(A, Op::Add(2)).sync().write(B, Op::Delete).sync();
    deleted.write(A, Op::Add(7)).sync().reads("0", "0");
}

#[test]
fn couchbase_keeps_its_own_at_a_tie_and_never_stamps_before_what_it_replaces() {
    Pair::of(Couchbase).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("1", "2");
    Pair::of(Couchbase).at(A, 9, set("1")).sync().at(B, 3, set("2")).sync().reads("2", "2");
    // More revisions win at equal times: 6, by way of 5.
    let revised = Pair::of(Couchbase).at(A, 5, set("0")).at(A, 5, set("1")).at(B, 6, set("2"));
    revised.sync().reads("1", "1");
}

#[test]
fn antidote_takes_the_larger_value_at_a_tie() {
    Pair::of(AntidoteRegister).at(A, 5, set("2")).at(B, 5, set("1")).sync().reads("2", "2");
    Pair::of(AntidoteRegister).at(A, 9, set("2")).sync().at(B, 3, set("1")).sync().reads("1", "1");
}

#[test]
fn in_active_directory_two_edits_beat_a_later_one() {
    let edited = Pair::of(ActiveDirectory).at(A, 1, set("1")).at(A, 2, set("2")).at(B, 9, set("3"));
    edited.sync().reads("2", "2");
    Pair::of(ActiveDirectory).at(A, 5, set("2")).at(B, 5, set("1")).sync().reads("1", "1");
}

#[test]
fn in_cr_sqlite_a_delete_beats_updates_and_an_insert_after_it_beats_the_delete() {
    let row = || Pair::of(CrSqlite).write(A, set("1")).sync();
    row().write(A, set("2")).write(A, set("3")).write(B, Op::Delete).sync().reads("-", "-");
    row().write(A, set("2")).write(B, Op::Delete).write(B, set("0")).sync().reads("0", "0");
    // Versions are equal: the larger value. Fewer versions: not.
    row().write(A, set("2")).write(B, set("3")).sync().reads("3", "3");
    row().write(A, set("2")).write(A, set("2")).write(B, set("3")).sync().reads("2", "2");
    Pair::of(CrSqlite).write(A, Op::Delete).write(B, set("1")).sync().reads("1", "1");
}

#[test]
fn in_couchdb_a_deleted_winner_uncovers_the_loser() {
    let conflict = || Pair::of(CouchDb).write(A, set("1")).write(B, set("2")).write(B, set("3")).sync();
    // The longer branch is shown, then its conflict.
    conflict().reads("3 | 1", "3 | 1");
    conflict().write(A, Op::Delete).sync().reads("1", "1");
    // Of a delete and an edit the edit is shown, though its branch is shorter.
    let edited = Pair::of(CouchDb).write(A, set("1")).sync().write(A, set("2")).write(A, Op::Delete);
    edited.write(B, set("3")).sync().reads("3", "3");
    // Edits alike are one revision.
    Pair::of(CouchDb).write(A, set("1")).write(B, set("1")).sync().reads("1", "1");
}

#[test]
fn riak_keeps_siblings_or_the_newest_or_whatever_came() {
    Pair::of(RiakSiblings).at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1 | 2", "1 | 2");
    Pair::of(RiakSiblings).write(A, Op::Delete).write(B, set("2")).sync().reads("2", "2");
    Pair::of(RiakNewest).at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1", "1");
    Pair::of(RiakNewest).at(A, 5, Op::Delete).at(B, 5, set("2")).sync().reads("2", "2");
    Pair::of(RiakNewest).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("1", "1");
    Pair::of(RiakLastWriteWins).at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("2", "1");
}

/// x at 10; y at 5, which had seen x; z at 7, of which neither knows. Where x meets z first, z is gone before y comes.
#[test]
fn riaks_newest_of_three_depends_on_their_order() {
    let mesh = Topology::all_to_all(3).unwrap();
    let mut masters = [0, 1, 2].map(|id| Replica::new(MasterId(id), RiakNewest, &mesh));
    let push = |masters: &mut [Replica<RiakNewest>; 3], from: usize, to: usize| {
        let push = masters[from].next_push(MasterId(to as u16), 1).unwrap();
        masters[to].receive(MasterId(from as u16), push);
    };
    let at = |time, value: &str| Op::At(time, Box::new(set(value)));
    masters[0].write("k", &at(10, "x")).unwrap();
    masters[2].write("k", &at(7, "z")).unwrap();
    push(&mut masters, 0, 1);
    masters[1].write("k", &at(5, "y")).unwrap();
    push(&mut masters, 2, 0);
    push(&mut masters, 2, 1);
    push(&mut masters, 1, 0);
    push(&mut masters, 1, 0);
    assert_eq!(masters[0].digest(), masters[1].digest());
    assert_eq!((masters[0].read("k"), masters[1].read("k")), (Reading::Value("y".into()), Reading::Value("z".into())));
}

#[test]
fn cosmos_and_redis_ask_the_clock_only_where_neither_had_seen_the_other() {
    Pair::of(RedisString).at(A, 9, set("1")).at(B, 3, set("2")).sync().reads("1", "1");
    Pair::of(RedisString).at(A, 9, set("1")).sync().at(B, 3, set("2")).sync().reads("2", "2");
    Pair::of(CosmosDb).at(A, 9, set("1")).at(B, 3, Op::Delete).sync().reads("-", "-");
    Pair::of(CosmosDb).at(A, 9, Op::Delete).sync().at(B, 3, set("2")).sync().reads("2", "2");
}

#[test]
fn golden_gate_asks_its_method_only_where_the_row_is_not_as_it_was() {
    let method = |method| Pair::of(GoldenGate { method });
    for (chosen, at_a, at_b) in [
        (Method::UseMax, "1", "2"),
        (Method::UseMaxEq, "2", "1"),
        (Method::Overwrite, "2", "1"),
        (Method::Ignore, "1", "2"),
    ] {
        method(chosen).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads(at_a, at_b);
        method(chosen).at(A, 9, set("1")).sync().at(B, 3, set("2")).sync().reads("2", "2");
    }
    // Applied over any row; an update of what is gone is an insert.
    let row = || method(Method::UseMax).at(A, 1, set("1")).sync();
    row().at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "2");
    Pair::of(GoldenGateDelta).write(A, Op::Add(2)).write(B, Op::Add(-5)).sync().reads("-3", "-3");
}

#[test]
fn a_ring_of_mysql_servers_applies_what_comes_to_the_rows_that_it_finds() {
    Pair::of(MysqlRing).write(A, set("1")).write(B, set("2")).sync().reads("2", "1");
    let row = || Pair::of(MysqlRing).write(A, set("1")).sync();
    row().write(A, set("2")).write(B, Op::Delete).sync().reads("-", "-");
    Pair::of(MysqlRing).write(A, Op::Delete).write(B, set("1")).sync().reads("1", "1");
}

#[test]
fn pgd_takes_the_newer_row_then_the_higher_node() {
    let pgd = |vacuumed| move |node| Pgd { node, vacuumed };
    Pair::with(pgd(false)).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("2", "2");
    let row = |vacuumed| Pair::with(pgd(vacuumed)).at(A, 1, set("1")).sync();
    row(false).at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "-");
    row(true).at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("-", "2");
    // A local statement is applied whatever its time; elsewhere the row of another node is newer, and stays.
    let behind = Pair::with(pgd(false)).at(A, 9, set("1")).sync().at(B, 3, set("2"));
    behind.sync().reads("1", "2");
}

#[test]
fn spock_takes_the_later_row_then_the_lower_node_and_keeps_nothing_of_deletes() {
    let spock = |equal_tiebreakers| move |node| Spock { node, equal_tiebreakers };
    Pair::with(spock(false)).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("1", "1");
    Pair::with(spock(true)).at(A, 5, set("1")).at(B, 5, set("2")).sync().reads("2", "1");
    let row = || Pair::with(spock(false)).at(A, 1, set("1")).sync();
    // The delete is later: applied; the update finds no row and fails. The delete is older: skipped, and they disagree.
    row().at(A, 3, set("2")).at(B, 4, Op::Delete).sync().reads("-", "-");
    row().at(A, 3, set("2")).at(B, 2, Op::Delete).sync().reads("2", "-");
}

#[test]
fn an_item_taken_out_of_dynamos_cart_comes_back_with_another() {
    let cart = || Pair::of(DynamoCart).write(A, common::insert("x")).sync();
    cart().write(A, common::remove("x")).sync().reads("{}", "{}");
    cart().write(A, common::remove("x")).write(B, common::insert("y")).sync().reads("{x, y}", "{x, y}");
    let set = || Pair::of(RedisSet).write(A, common::insert("x")).sync();
    set().write(A, common::remove("x")).write(B, common::insert("y")).sync().reads("{y}", "{y}");
}

/// A snapshot brings a neighbour what the log no longer holds: rules over versions find out from their contexts what it
/// replaces.
#[test]
fn a_snapshot_is_joined_where_a_rule_can() {
    let through_a_snapshot = |mut pair: Pair<RiakSiblings>| {
        pair.0[0].truncate(0);
        pair.sync()
    };
    let seen = || Pair::of(RiakSiblings).write(A, set("1")).sync();
    through_a_snapshot(seen().write(A, set("2"))).reads("2", "2");
    through_a_snapshot(seen().write(A, set("2")).write(B, set("3"))).reads("2 | 3", "2 | 3");
    let mut couch = Pair::of(CouchDb).write(A, set("1")).sync().write(A, Op::Delete).write(B, set("3"));
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
    let mut counter = Replica::new(A, CassandraCounter, &pair);
    refused(counter.write("k", &set("1")), "set KEY = VALUE");
    counter.write("k", &Op::Add(i64::MAX)).unwrap();
    refused(counter.write("k", &Op::Add(1)), "full");
    refused(Replica::new(A, DynamoCart, &pair).write("k", &Op::Delete), "delete KEY");
    let mut delta = Replica::new(A, GoldenGateDelta, &pair);
    delta.write("k", &Op::Add(i64::MIN + 1)).unwrap();
    refused(delta.write("k", &Op::Add(-2)), "too large");
    refused(Replica::new(A, CrSqlite, &pair).write("k", &Op::Add(1)), "add N to KEY");
}
