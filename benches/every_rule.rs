/// Calls the macro `$then` with `name: rule;` for every public rule, the names being those of scenario files with `_` for `-`.
#[macro_export]
macro_rules! every_rule {
    ($then:ident) => {
        $then! {
            arrival: multimaster::ArrivalWins;
            last_write: multimaster::LastWriteWins;
            last_write_wall: multimaster::LastWriteWall;
            custom: multimaster::Custom(multimaster_models::rules::lower_seat);
            custom_merged: multimaster::CustomMerged(multimaster_models::rules::lower_seat);
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
            active_directory: multimaster_models::rules::systems::ActiveDirectory;
            antidote: multimaster_models::rules::systems::AntidoteRegister;
            cassandra: multimaster_models::rules::systems::CassandraCell { purged: false };
            cassandra_counter: multimaster_models::rules::systems::CassandraCounter;
            cosmos: multimaster_models::rules::systems::CosmosDb;
            couchbase: multimaster_models::rules::systems::Couchbase;
            couchdb: multimaster_models::rules::systems::CouchDb;
            cr_sqlite: multimaster_models::rules::systems::CrSqlite;
            dynamo_cart: multimaster_models::rules::systems::DynamoCart;
            dynamodb: multimaster_models::rules::systems::DynamoDbGlobal;
            goldengate_usemax: multimaster_models::rules::systems::GoldenGate { method: multimaster_models::rules::systems::Method::UseMax };
            goldengate_usedelta: multimaster_models::rules::systems::GoldenGateDelta;
            mysql: multimaster_models::rules::systems::MysqlRing;
            pgd: multimaster_models::rules::systems::Pgd { node: multimaster::MasterId(0), vacuumed: false };
            redis_counter: multimaster_models::rules::systems::RedisCounter;
            redis_set: multimaster_models::rules::systems::RedisSet;
            redis_string: multimaster_models::rules::systems::RedisString;
            riak: multimaster_models::rules::systems::RiakSiblings;
            riak_last_write_wins: multimaster_models::rules::systems::RiakLastWriteWins;
            riak_newest: multimaster_models::rules::systems::RiakNewest;
            spock: multimaster_models::rules::systems::Spock { node: multimaster::MasterId(0), equal_tiebreakers: false };
        }
    };
}
