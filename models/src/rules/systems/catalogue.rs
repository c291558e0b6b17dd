//! The rules of real systems that a scenario file can name: [`System`].

use super as s;
use crate::node::any_rule::AnyRule;
use multimaster::{Kind, MasterId, Resolver};
use std::cmp::Ordering;
use std::fmt;

/// A real system's rule.
pub struct System {
    /// The rule's name in scenario files.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
    /// The source of the description.
    pub source: &'static str,
    rule: RuleOf,
}

enum RuleOf {
    AllNodes(fn() -> AnyRule),
    EachNode(fn(MasterId) -> AnyRule),
}

impl System {
    /// The rule of the master `at`.
    pub fn rule(&self, at: MasterId) -> AnyRule {
        match self.rule {
            RuleOf::AllNodes(rule) => rule(),
            RuleOf::EachNode(rule) => rule(at),
        }
    }

    /// Whether the rule differs by node.
    pub fn differs_by_node(&self) -> bool {
        matches!(self.rule, RuleOf::EachNode(_))
    }

    /// The kind of data that the rule keeps.
    pub fn kind(&self) -> Kind {
        self.rule(MasterId(0)).kind()
    }

    /// Whether the rule uses wall-clock times.
    pub fn uses_wall_clock(&self) -> bool {
        self.rule(MasterId(0)).uses_wall_clock()
    }

    /// The system of this name.
    pub fn named(name: &str) -> Option<&'static System> {
        ALL.iter().find(|system| system.name == name)
    }
}

impl PartialEq for System {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for System {}

impl PartialOrd for System {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for System {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const CELLS: &str = "apache/cassandra: src/java/org/apache/cassandra/db/rows/Cells.java";
const RIAK_OBJECT: &str = "basho/riak_kv: src/riak_object.erl";
const RIAK_VNODE: &str = "basho/riak_kv: src/riak_kv_vnode.erl";
const REDIS: &str = "redis/docs: content/operate/rs/databases/active-active/develop/data-types";
const GOLDEN_GATE: &str = "Oracle GoldenGate 19.1: Configuring Conflict Detection and Resolution, example 1";
const PGD: &str = "EnterpriseDB/docs: product_docs/docs/pgd/5.6/conflict-management/conflicts";
const SPOCK: &str = "pgEdge/spock v5.0.11: src/spock_conflict.c, src/spock_apply_heap.c";

/// All systems, in name order.
pub static ALL: [System; 27] = [
    System {
        name: "active-directory",
        about: "an attribute: the larger version wins, then the later time, then the higher server",
        source: "MS-DRSR 5.11, AttributeStamp",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::ActiveDirectory)),
    },
    System {
        name: "antidote",
        about: "the larger (time, value) wins; a write's time is later than that of the write it replaces",
        source: "AntidoteDB/antidote: apps/antidote_crdt/src/antidote_crdt_register_lww.erl",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::AntidoteRegister)),
    },
    System {
        name: "cassandra",
        about: "a cell: the larger timestamp wins, then a tombstone, then the larger value",
        source: CELLS,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::CassandraCell { purged: false })),
    },
    System {
        name: "cassandra-counter",
        about: "the latest shard of each node counts; a tombstone wins over all shards, for ever",
        source: CELLS,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::CassandraCounter)),
    },
    System {
        name: "cassandra-purged",
        about: "a cell with gc_grace_seconds = 0: a delete leaves no tombstone",
        source: CELLS,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::CassandraCell { purged: true })),
    },
    System {
        name: "cosmos",
        about: "between concurrent writes a delete wins, otherwise the larger time",
        source: "MicrosoftDocs/azure-docs: articles/cosmos-db/conflict-resolution-policies.md",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::CosmosDb)),
    },
    System {
        name: "couchbase",
        about: "the larger CAS wins, then the larger revision; at a tie the local document stays",
        source: "couchbase/kv_engine: engines/ep/src/conflict_resolution.cc",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::Couchbase)),
    },
    System {
        name: "couchdb",
        about: "a tree of revisions; the live leaf of the highest generation is shown, then its conflicts",
        source: "apache/couchdb: src/couch/src/couch_doc.erl",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::CouchDb)),
    },
    System {
        name: "cr-sqlite",
        about: "the larger causal length wins, then the larger column version, then the larger value",
        source: "vlcn-io/cr-sqlite: core/rs/core/src/changes_vtab_write.rs",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::CrSqlite)),
    },
    System {
        name: "dynamo-cart",
        about: "concurrent carts are merged by union: an item that was taken out can come back",
        source: "DeCandia et al., Dynamo, SOSP 2007, 4.4",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::DynamoCart)),
    },
    System {
        name: "dynamodb",
        about: "global tables: the latest internal timestamp wins",
        source: "awsdocs/amazon-dynamodb-developer-guide: doc_source/globaltables_HowItWorks.md",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::DynamoDbGlobal)),
    },
    System {
        name: "goldengate-ignore",
        about: "IGNORE: a change is ignored if the row differs from the one that its writer read",
        source: GOLDEN_GATE,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::GoldenGate { method: s::Method::Ignore })),
    },
    System {
        name: "goldengate-overwrite",
        about: "OVERWRITE: every change is applied",
        source: GOLDEN_GATE,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::GoldenGate { method: s::Method::Overwrite })),
    },
    System {
        name: "goldengate-usedelta",
        about: "USEDELTA: the difference that a change made is added to the number",
        source: "Oracle GoldenGate 19.1: Configuring Delta Conflict Detection and Resolution",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::GoldenGateDelta)),
    },
    System {
        name: "goldengate-usemax",
        about: "USEMAX: in a conflict, the incoming row is applied if it is later",
        source: GOLDEN_GATE,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::GoldenGate { method: s::Method::UseMax })),
    },
    System {
        name: "goldengate-usemaxeq",
        about: "USEMAXEQ: in a conflict, the incoming row is applied unless it is earlier",
        source: GOLDEN_GATE,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::GoldenGate { method: s::Method::UseMaxEq })),
    },
    System {
        name: "mysql",
        about: "a ring of MySQL servers: row events are applied as they arrive",
        source: "MySQL 8.0 Reference Manual, replica_exec_mode; MySQL worklog 10963",
        rule: RuleOf::AllNodes(|| AnyRule::new(s::MysqlRing)),
    },
    System {
        name: "pgd",
        about: "EDB Postgres Distributed, update_if_newer: the later commit wins, then the higher node",
        source: PGD,
        rule: RuleOf::EachNode(|node| AnyRule::new(s::Pgd { node, vacuumed: false })),
    },
    System {
        name: "pgd-vacuumed",
        about: "as `pgd`, but dead rows are vacuumed: an update of such a row inserts it",
        source: PGD,
        rule: RuleOf::EachNode(|node| AnyRule::new(s::Pgd { node, vacuumed: true })),
    },
    System {
        name: "redis-counter",
        about: "Active-Active: the sum of the counts of all instances",
        source: REDIS,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::RedisCounter)),
    },
    System {
        name: "redis-set",
        about: "Active-Active: an observed-remove set, adds win",
        source: REDIS,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::RedisSet)),
    },
    System {
        name: "redis-string",
        about: "Active-Active: between concurrent writes, the later wall-clock time wins",
        source: REDIS,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::RedisString)),
    },
    System {
        name: "riak",
        about: "allow_mult = true: all siblings are returned",
        source: RIAK_OBJECT,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::RiakSiblings)),
    },
    System {
        name: "riak-last-write-wins",
        about: "last_write_wins = true: a write is stored without reading the stored object",
        source: RIAK_VNODE,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::RiakLastWriteWins)),
    },
    System {
        name: "riak-newest",
        about: "allow_mult = false: the last modified sibling is stored, under the joined vector",
        source: RIAK_VNODE,
        rule: RuleOf::AllNodes(|| AnyRule::new(s::RiakNewest)),
    },
    System {
        name: "spock",
        about: "pgEdge 5.0.11, last_update_wins: the later commit wins, then the lower tiebreaker; a delete always wins",
        source: SPOCK,
        rule: RuleOf::EachNode(|node| AnyRule::new(s::Spock { node, equal_tiebreakers: false })),
    },
    System {
        name: "spock-equal-tiebreakers",
        about: "as `spock`, but with one tiebreaker for all nodes: between equal times, the remote row wins",
        source: SPOCK,
        rule: RuleOf::EachNode(|node| AnyRule::new(s::Spock { node, equal_tiebreakers: true })),
    },
];
