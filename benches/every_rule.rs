/// Calls the macro `$then` with `name: rule;` for every public rule, the names being those of scenario files with `_` for `-`.
#[macro_export]
macro_rules! every_rule {
    ($then:ident) => {
        $then! {
            arrival: multimaster::ArrivalWins;
            last_write: multimaster::LastWriteWins;
            last_write_wall: multimaster::LastWriteWall;
            custom: multimaster::Custom(multimaster::lower_seat);
            custom_merged: multimaster::CustomMerged(multimaster::lower_seat);
            multi_value: multimaster::MultiValue;
            counter: multimaster::Counter;
            set: multimaster::ObservedRemoveSet;
            remove_wins_set: multimaster::RemoveWinsSet;
            grow_only_set: multimaster::GrowOnlySet;
            grow_only_counter: multimaster::GrowOnlyCounter;
            bounded_counter: multimaster::BoundedCounter;
            enable_wins_flag: multimaster::EnableWinsFlag;
            disable_wins_flag: multimaster::DisableWinsFlag;
            max_register: multimaster::MaxRegister;
            min_register: multimaster::MinRegister;
            last_write_map: multimaster::LastWriteMap;
            last_write_map_wall: multimaster::LastWriteMapWall;
            observed_remove_map: multimaster::ObservedRemoveMap;
            active_directory: multimaster::systems::ActiveDirectory;
            antidote: multimaster::systems::AntidoteRegister;
            cassandra: multimaster::systems::CassandraCell { purged: false };
            cassandra_counter: multimaster::systems::CassandraCounter;
            cosmos: multimaster::systems::CosmosDb;
            couchbase: multimaster::systems::Couchbase;
            couchdb: multimaster::systems::CouchDb;
            cr_sqlite: multimaster::systems::CrSqlite;
            dynamo_cart: multimaster::systems::DynamoCart;
            dynamodb: multimaster::systems::DynamoDbGlobal;
            goldengate_usemax: multimaster::systems::GoldenGate { method: multimaster::systems::Method::UseMax };
            goldengate_usedelta: multimaster::systems::GoldenGateDelta;
            mysql: multimaster::systems::MysqlRing;
            pgd: multimaster::systems::Pgd { node: multimaster::MasterId(0), vacuumed: false };
            redis_counter: multimaster::systems::RedisCounter;
            redis_set: multimaster::systems::RedisSet;
            redis_string: multimaster::systems::RedisString;
            riak: multimaster::systems::RiakSiblings;
            riak_last_write_wins: multimaster::systems::RiakLastWriteWins;
            riak_newest: multimaster::systems::RiakNewest;
            spock: multimaster::systems::Spock { node: multimaster::MasterId(0), equal_tiebreakers: false };
        }
    };
}
