//! Reads of nothing, of a key that was never deleted: no write of the key can have been seen.

use super::{Sessions, View};
use crate::judge::log::{Log, OpId};

impl Sessions {
    /// Judges a read of nothing, of a key that was never deleted.
    pub(super) fn judge_nothing(&mut self, log: &Log, op: OpId, view: &View) {
        let (process, key) = (log.at(op).process, log.at(op).key);
        let (who, of) = (log.process(process), log.of_key(key));
        if view.last_read.is_some() {
            self.monotonic.judge();
        }
        if let Some(own) = view.writes.last() {
            self.own_writes.judge();
            return self.own_writes.violated(&[own.op, op], || format!("{who} wrote{of}, and then reads nothing"));
        }
        if let Some(before) = view.first_read {
            return self.monotonic.violated(&[before.op, op], || format!("{who} read a value{of}, and then nothing"));
        }
        for (other, known) in self.known.get(&process).into_iter().flatten() {
            let Some(theirs) = self.views.get(&(*other, key)) else { continue };
            let other = log.process(*other);
            if let Some(first) = theirs.writes.first().filter(|first| first.at < known.write.at) {
                self.writes.judge();
                return self.writes.violated(&[first.op, known.write.op, known.read, op], || {
                    format!("{other} wrote{of} before the write that {who} has read; {who} reads nothing{of}")
                });
            }
            if let Some(first) = theirs.first_read.filter(|first| first.at < known.write.at) {
                self.follow.judge();
                return self.follow.violated(&[first.op, known.write.op, known.read, op], || {
                    format!("{other} read a value{of} before the write that {who} has read; {who} reads nothing{of}")
                });
            }
        }
    }
}
