//! The conflict rules of real systems: each as a [`Resolver`], modelled as the system applies it, with its source.
//!
//! | rule | system |
//! |---|---|
//! | [`CassandraCell`], [`CassandraCounter`] | Apache Cassandra |
//! | [`DynamoDbGlobal`] | Amazon DynamoDB, global tables |
//! | [`DynamoCart`] | Dynamo's shopping cart |
//! | [`CouchDb`] | Apache CouchDB |
//! | [`RiakSiblings`], [`RiakNewest`], [`RiakLastWriteWins`] | Riak KV |
//! | [`Couchbase`] | Couchbase Server, XDCR by timestamp |
//! | [`CosmosDb`] | Azure Cosmos DB, last writer wins |
//! | [`RedisString`], [`RedisCounter`], [`RedisSet`] | Redis, Active-Active |
//! | [`GoldenGate`], [`GoldenGateDelta`] | Oracle GoldenGate |
//! | [`MysqlRing`] | MySQL, circular replication |
//! | [`Pgd`] | EDB Postgres Distributed |
//! | [`Spock`] | pgEdge Spock |
//! | [`ActiveDirectory`] | Microsoft Active Directory |
//! | [`CrSqlite`] | cr-sqlite |
//! | [`AntidoteRegister`] | AntidoteDB |
//!
//! These are models of rules, not of systems: one key is one row with one column or one document, and the machinery
//! around a rule (quorums, read repair, expiry, schemas) is left out. Where a rule uses a wall clock, a write's time is
//! the [given](multimaster::Op::At) one, or else its Lamport time. Where a source does not say how ties are broken, the
//! rule's page states the assumption.
//!
//! Many of them are no joins: they choose at each master between its row and the incoming change, and some depend on
//! the master. Such a rule holds the id of its master.

mod active_directory;
mod antidote;
mod cassandra;
mod catalogue;
mod cosmos;
mod couchbase;
mod couchdb;
mod cr_sqlite;
mod dynamo_cart;
mod dynamodb;
mod golden_gate;
mod mysql;
mod pgd;
mod redis;
mod riak;
mod row;
mod spock;
mod versions;

pub use active_directory::ActiveDirectory;
pub use antidote::AntidoteRegister;
pub use cassandra::{CassandraCell, CassandraCounter, CounterCell, Increment, Shard};
pub use catalogue::{ALL, System};
pub use cosmos::CosmosDb;
pub use couchbase::Couchbase;
pub use couchdb::{CouchDb, Edit, Leaf, RevisionId, RevisionTree};
pub use cr_sqlite::CrSqlite;
pub use dynamo_cart::DynamoCart;
pub use dynamodb::DynamoDbGlobal;
pub use golden_gate::{GoldenGate, GoldenGateDelta, Method};
pub use mysql::MysqlRing;
pub use pgd::Pgd;
pub use redis::{RedisCounter, RedisSet, RedisString};
pub use riak::{RiakLastWriteWins, RiakNewest, RiakSiblings};
pub use row::{Row, RowChange};
pub use spock::Spock;
pub use versions::{Update, Versions};

use multimaster::resolver::Data;
use multimaster::{
    Change, Dot, Kind, MasterId, Op, Reading, Refusal, Resolver, Side, Text, Timestamp, VersionVector, WallTime,
};
use serde::{Deserialize, Serialize};

/// The wall-clock time of a write, or else its Lamport time.
fn said_time(op: &Op, timestamp: Timestamp) -> WallTime {
    op.wall_time().unwrap_or(timestamp.into())
}

/// Implements a rule that equals a rule of [`resolver`](multimaster::resolver) under another name.
macro_rules! the_same_as {
    ($($rule:ident is $other:expr, $other_type:ty;)*) => {$(
        impl Resolver for $rule {
            type State = <$other_type as Resolver>::State;
            type Effect = <$other_type as Resolver>::Effect;

            fn kind(&self) -> Kind {
                $other.kind()
            }

            fn prepare(
                &self,
                state: &Self::State,
                op: Op,
                dot: Dot,
                timestamp: Timestamp,
            ) -> Result<Self::Effect, Refusal> {
                $other.prepare(state, op, dot, timestamp)
            }

            fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
                $other.apply(state, change)
            }

            fn why_kept(&self, state: &Self::State, change: &Change<Self::Effect>) -> &'static str {
                $other.why_kept(state, change)
            }

            fn read(&self, state: &Self::State) -> Reading {
                $other.read(state)
            }

            fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
                $other.merge(ours, theirs)
            }

            fn shows(&self, state: &Self::State, dot: Dot) -> bool {
                $other.shows(state, dot)
            }
        }
    )*};
}
use the_same_as;
