//! Datagrams of all kinds, valid and altered, sent to a master.

use super::adapter::{CLIENT, Pair, together};
use multimaster::{BoundedCounter, Kind, LastWriteWins, ObservedRemoveMap, ObservedRemoveSet};
use multimaster_models::SerdeRule;
use multimaster_models::node::any_rule::AnyRule;
use multimaster_models::rules::systems::{
    CassandraCell, CassandraCounter, CouchDb, DynamoCart, RedisSet, RiakSiblings,
};
use multimaster_models::spawn::Packet;

/// `SEED=N cargo test -p multimaster-models --test all three_thousand` sends other datagrams.
fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("SEED={seed}");
    seed
}

fn asks(kind: Kind) -> [&'static str; 4] {
    match kind {
        Kind::Register => ["set k = 1", "set k = 2", "delete k", "set q = x"],
        Kind::Set => ["insert a into k", "remove a from k", "insert b into k", "insert c into q"],
        Kind::Map => ["in k, set f = 1", "in k, add 2 to n", "in k, insert a into s", "remove f from k"],
        _ => ["add 3 to k", "add 1 to k", "add 2 to q", "add 5 to k"],
    }
}

/// The packets between two correct masters under the rule: pushes, digests, and parts of snapshots.
fn right<R: SerdeRule>(rule: &R) -> Vec<String> {
    let mut datagrams = Vec::new();
    for log in [None, Some(0)] {
        let mut pair = Pair::new(rule.clone(), 2, log);
        for ask in asks(rule.kind()) {
            pair.ask(0, ask);
            pair.ask(1, ask);
        }
        let all = |pair: &Pair<R>| {
            let each = pair.flying.iter().map(|(_, _, packet)| String::from_utf8(packet.to_bytes().unwrap()).unwrap());
            each.collect::<Vec<_>>()
        };
        datagrams.extend(all(&pair));
        pair.flying.clear();
        pair.tick(0);
        pair.tick(1);
        datagrams.extend(all(&pair));
        for _ in 0..2 {
            let (from, to, digest) = pair.flying.pop_front().unwrap();
            pair.deliver(from, to, digest);
        }
        datagrams.extend(all(&pair));
    }
    let clients = [r#"{"Ask":"set k = 1"}"#, r#"{"Ask":"at 3, add 1 to k"}"#, r#"{"Read":"k"}"#, "\"Counts\""];
    let masters = [r#"{"Greet":{"epochs":[5,7]}}"#, r#"{"Known":{"epochs":[5,7],"refuses":"why"}}"#];
    datagrams.extend(clients.into_iter().chain(masters).map(str::to_owned));
    datagrams
}

fn altered(text: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = text.trim_end().as_bytes().to_vec();
    for _ in 0..random.usize(..4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.usize(..bytes.len());
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count().max(1);
        let instead: &[u8] = match random.u8(..12) {
            0 => b"18446744073709551615",
            1 => b"281474976710655",
            2 => b"-1",
            3 => b"null",
            4 => b"\"x\"",
            5 => b"{}",
            6 => b"[]",
            7 => b"1e99",
            8 => b"0",
            9 => {
                bytes.truncate(at);
                continue;
            }
            10 => {
                bytes.extend_from_within(at..);
                continue;
            }
            _ => {
                bytes[at] = random.u8(..);
                continue;
            }
        };
        bytes.splice(at..at + digits, instead.iter().copied());
    }
    bytes
}

/// Another epoch of the sender, or of the receiver, in a valid packet.
fn of_another_run(text: &str, random: &mut fastrand::Rng) -> String {
    let others =
        ["[5,8]", "[4,7]", "[5,0]", "[5]", "[]", "[5,7,1]", "[18446744073709551615,7]", "[5,18446744073709551615]"];
    text.replace("[5,7]", random.choice(others).unwrap())
}

/// A neighbour sends any packets, under its own id: no panic, and clients are served.
fn survives<R: SerdeRule>(rule: R, random: &mut fastrand::Rng, count: usize) {
    let datagrams = right(&rule);
    let mut pair = Pair::new(rule.clone(), 1, Some(1));
    for _ in 0..count {
        let mut bytes = altered(random.choice(&datagrams).unwrap(), random);
        if random.u8(..4) == 0 {
            bytes = of_another_run(&String::from_utf8_lossy(&bytes), random).into_bytes();
        }
        // A master whose number was taken handles nothing more, so another one replaces it.
        if pair.counted(1, "number taken") > 0 {
            pair = Pair::new(rule.clone(), 1, Some(1));
        }
        pair.deliver(*random.choice(&[0, 0, CLIENT]).unwrap(), 1, Packet::of_bytes(&bytes));
        pair.flying.clear();
        pair.ask(1, asks(rule.kind())[random.usize(..4)]);
        pair.flying.clear();
        pair.reads(1, "k");
    }
}

/// Strangers send any packets, and the neighbour's address sends packets of another run, of another type, or cut off.
/// All are refused, and both masters agree in the end as without them.
fn converges<R: SerdeRule>(rule: R, random: &mut fastrand::Rng, count: usize) {
    let datagrams = right(&rule);
    let between = |text: &&String| text.contains("\"epochs\":[5,7]");
    let of_masters: Vec<&String> = datagrams.iter().filter(between).collect();
    let mut pair = Pair::new(rule.clone(), 1, None);
    for number in 0..count {
        let packet = match random.u8(..4) {
            0 => (CLIENT, altered(random.choice(&of_masters).unwrap(), random)),
            1 => {
                let text = random.choice(&of_masters).unwrap();
                // Not another epoch for the receiver: that would make it refuse everything.
                let too_many = format!("[5,7{}]", ",0".repeat(15));
                let other = *random.choice(&["[8,0]", "[8,7]", "[8]", "[]", &too_many]).unwrap();
                (0, text.replace("[5,7]", other).into_bytes())
            }
            2 => {
                let text = random.choice(&of_masters).unwrap().trim_end();
                (0, text.as_bytes()[..random.usize(..text.len())].to_vec())
            }
            _ => {
                let effect = random.choice(&["-1", "[1]", "{\"x\":1}", "\"\\u0000\"", "1e99"]).unwrap();
                let text = format!(
                    r#"{{"Push":{{"epochs":[5,7],"extends":[],"changes":[{{"dot":{{"origin":0,"seq":1}},"timestamp":{{"time":1,"master":0}},"key":"k","effect":{effect}}}]}}}}"#
                );
                let known = pair.states[1].replica().digest().get(multimaster::MasterId(0)) > 0;
                // For a rule with this effect it would be a valid change, so only known changes are sent in this form.
                if known { (0, text.into_bytes()) } else { (CLIENT, text.into_bytes()) }
            }
        };
        let before = pair.states[1].replica().clone();
        pair.deliver(packet.0, 1, Packet::of_bytes(&packet.1));
        assert_eq!(*pair.states[1].replica(), before, "{number}: {}", String::from_utf8_lossy(&packet.1));
        pair.flying.clear();
        if number % 50 == 0 {
            pair.ask(number / 50 % 2, asks(rule.kind())[random.usize(..4)]);
            pair.tick(0);
            pair.tick(1);
            pair.run(|_| false);
        }
    }
    for at in 0..2 {
        pair.ask(at, asks(rule.kind())[0]);
    }
    pair.tick(0);
    pair.tick(1);
    pair.run(|_| false);
    assert!(pair.agree() && pair.states[0].replica().digest() == pair.states[1].replica().digest());
    assert!(pair.states[0].replica().digest().iter().count() == 2, "both have written");
    for name in ["unreadable", "stranger", "other epoch"] {
        assert!(pair.counted(1, name) > 0, "{name}: {:?}", pair.actors[1].journal().counts());
    }
}

#[test]
fn three_thousand_datagrams() {
    let mut random = fastrand::Rng::with_seed(seed());
    macro_rules! each {
        ($($rule:expr),* $(,)?) => { $(
            survives($rule, &mut random, 150);
            converges($rule, &mut random, 150);
        )* };
    }
    assert_eq!(together(), vec![5, 7].into(), "as the datagrams have it");
    each!(
        LastWriteWins,
        ObservedRemoveSet,
        ObservedRemoveMap,
        BoundedCounter,
        AnyRule::new(CassandraCell { purged: false }),
        AnyRule::new(CassandraCounter),
        AnyRule::new(CouchDb),
        AnyRule::new(DynamoCart),
        AnyRule::new(RedisSet),
        AnyRule::new(RiakSiblings),
    );
}
