//! What the scenarios must be able to catch: the article's `Set`, and a link that misses a wake-up.

use super::super::master::Master;
use super::super::sync::{Mutex, thread};
use crate::{ArrivalWins, Layout, MasterId, Options, Topology};
use std::sync::Arc;
use std::time::Duration;

/// The article's master: a map behind a lock, and a channel to its neighbour.
struct ArticleMaster {
    data: Mutex<Option<&'static str>>,
    out: Mutex<Vec<&'static str>>,
}

impl ArticleMaster {
    /// Locks, writes, unlocks, and only then sends: in between, another `Set` may do both.
    fn set(&self, value: &'static str) {
        *self.data.lock().expect("nothing panics here") = Some(value);
        self.out.lock().expect("nothing panics here").push(value);
    }
}

/// Two sets of one key on one of the article's masters. True if its neighbour, which applies what it is sent in order,
/// ends with another value than it.
pub fn the_articles_set() -> bool {
    let master = Arc::new(ArticleMaster { data: Mutex::new(None), out: Mutex::new(Vec::new()) });
    let other = master.clone();
    let other = thread::spawn(move || other.set("1"));
    master.set("2");
    other.join().expect("no thread panics");
    let kept = *master.data.lock().expect("nothing panics here");
    let sent_last = master.out.lock().expect("nothing panics here").last().copied();
    kept != sent_last
}

/// A link that looks for work before it reads the epoch: it misses a notification between the two.
pub fn a_link_that_reads_the_epoch_too_late() {
    let (a, b) = (MasterId(0), MasterId(1));
    let pair = Topology::all_to_all(2).expect("two masters");
    let options = Options::default().layout(Layout::of(1).expect("one shard"));
    let master = Arc::new(Master::new(a, ArrivalWins, &pair, &options));
    let sender = master.clone();
    let link = thread::spawn(move || {
        while sender.shard_where(0, |replica| replica.has_push(b)).is_none() {
            let epoch = sender.epoch();
            sender.wait(epoch, Duration::MAX);
        }
    });
    master.set("k", "1").expect("the master is open");
    link.join().expect("no thread panics");
}
