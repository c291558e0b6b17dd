//! What links ask of a master: how long its log is kept, and calls for shards that do not exist.

use crate::{
    Dot, LastWriteWins, Layout, Master, MasterId, Message, Options, Outcome, PeerError, Topology, VersionVector,
    Written,
};
use std::time::Duration;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const C: MasterId = MasterId(2);

#[test]
fn a_log_keeps_what_is_unsent_and_little_else() {
    let options = Options::default().log(4096).layout(Layout::of(1).unwrap());
    let master = Master::new(A, LastWriteWins, &Topology::all_to_all(3).unwrap(), &options);
    let longest = |writes: usize, sent_to: &[MasterId]| {
        let lengths = (0..writes).map(|n| {
            master.set(&n.to_string(), "v").unwrap();
            for peer in sent_to {
                assert!(
                    matches!(master.next_push(0, *peer, 1), Some(Message::Push(_))),
                    "there is no need of a snapshot"
                );
            }
            master.inspect(0, |replica| replica.log_len()).unwrap()
        });
        lengths.max().unwrap()
    };
    // All are sent everything: 512 are kept, and cut when there are twice as many.
    assert_eq!(longest(10_000, &[B, C]), 1023);
    // One is not sent anything: what it lacks is kept, as long as that is no more than asked for.
    assert!((4096..4608).contains(&longest(4096, &[B])));
    assert!(matches!(master.next_push(0, C, 1), Some(Message::Push(_))));
    // Then it is given up, and the log is as long as before.
    assert_eq!(longest(10_000, &[B]), 4607);
    assert!(matches!(master.next_push(0, C, 1), Some(Message::Snapshot(_))));
    assert_eq!(longest(10_000, &[B, C]), 1023);
}

/// A message or a call that names a shard that does not exist is refused, and nothing panics.
#[test]
fn a_shard_that_does_not_exist_is_refused_without_a_panic() {
    let pair = Topology::all_to_all(2).unwrap();
    let [a, b] = [A, B].map(|id| Master::new(id, LastWriteWins, &pair, &Options::default()));
    b.set("k", "v").unwrap();
    let push = (0..b.layout().shards()).find_map(|shard| b.next_push(shard, A, 1)).unwrap();
    for shard in [a.layout().shards(), usize::MAX] {
        let refused = Outcome::Refused(PeerError::NoSuchShard(shard));
        assert_eq!(a.receive(shard, B, push.clone()), refused);
        assert_eq!(a.next_push(shard, B, 1), None);
        assert_eq!(a.digest_for(shard, B), None);
        assert_eq!(a.answer(shard, B, &VersionVector::default(), 1), None);
        assert_eq!(a.inspect(shard, |replica| replica.log_len()), None);
        let nowhere = Written { shard, dot: Dot::new(A, 1) };
        assert!(!a.wait_for(&nowhere, Duration::from_secs(30)), "at once: nothing can come");
    }
    assert_eq!(a.inspect(0, |replica| replica.log_len()), Some(0));
}
