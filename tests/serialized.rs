//! With the feature `serde`, messages, masters and events are written as JSON; messages and events are read back.
#![cfg(feature = "serde")]

mod common;

use common::*;
use multimaster::record::Event;
use multimaster::{
    ArrivalWins, BoundedCounter, Counter, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter, GrowOnlySet, LastWriteMap,
    LastWriteWall, LastWriteWins, MaxRegister, MessageOf, MultiValue, ObservedRemoveMap, ObservedRemoveSet,
    RemoveWinsSet, Request, Resolver, VersionVector,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes at A; a push of each change and a snapshot are read back unchanged, and have the same effect at B.
fn written<R>(rule: R, requests: &[&str])
where
    R: Resolver<State: Serialize + DeserializeOwned, Effect: Serialize + DeserializeOwned>,
{
    let [mut a, b] = pair(rule);
    for request in requests {
        let Request { key, op } = request.parse().unwrap();
        a.write(&key, op).unwrap();
    }
    let push = next(&mut a.clone(), B);
    a.truncate(0);
    let snapshot = next(&mut a, B);
    assert!(snapshot.to_string().starts_with("snapshot"));
    for message in [push, snapshot] {
        let text = serde_json::to_string(&message).unwrap();
        let back: MessageOf<R> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, message);
        let mut b = b.clone();
        assert_eq!(b.receive(A, back), Outcome::Applied);
        assert_eq!(b.read("k"), a.read("k"));
        assert!(serde_json::to_string(&b).unwrap().contains(r#""table":{"k":"#));
    }
}

#[test]
fn messages_are_read_back_as_they_were_written() {
    written(ArrivalWins, &["set k = a"]);
    written(LastWriteWins, &["set k = a", "delete k", "set k = b"]);
    written(LastWriteWall, &["at 5, set k = a"]);
    written(MultiValue, &["set k = a"]);
    written(Counter, &["add 1 to k"]);
    written(ObservedRemoveSet, &["insert x into k", "remove x from k", "insert y into k"]);
    written(EnableWinsFlag, &["enable k"]);
    written(DisableWinsFlag, &["disable k"]);
    written(RemoveWinsSet, &["insert x into k", "remove y from k"]);
    written(GrowOnlySet, &["insert x into k"]);
    written(GrowOnlyCounter, &["add 1 to k"]);
    written(BoundedCounter, &["add 1 to k", "transfer 1 of k to B"]);
    written(MaxRegister, &["raise k to 1"]);
    written(LastWriteMap, &["in k, set a = 1", "remove b from k"]);
    written(ObservedRemoveMap, &["in k, set a = 1", "in k, add 1 to a", "in k, insert x into a"]);
}

#[test]
fn earlier_names_of_recorded_fields_are_read() {
    type Plain = Event<(), ()>;
    let ask = Plain::Ask { receiver: B, sender: A };
    assert_eq!(serde_json::to_string(&ask).unwrap(), r#"{"ask":{"receiver":1,"sender":0}}"#);
    let read = |text| serde_json::from_str::<Plain>(text).unwrap();
    assert_eq!(read(r#"{"ask":{"asker":1,"feeder":0}}"#), ask);
    let answer = Plain::Answer { sender: A, receiver: B, digest: VersionVector::default(), max: 4 };
    assert_eq!(read(r#"{"answer":{"feeder":0,"asker":1,"digest":[],"max":4}}"#), answer);
}
