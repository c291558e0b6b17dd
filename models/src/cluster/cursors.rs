//! What streams are to the model: how far each master has got in sending its log to each neighbour.

use super::tables::{Move, Moved, Tables, stream_key, waiting_for};
use super::{Cluster, State};
use multimaster::{MasterId, MessageOf, Replica, Resolver, VersionVector};
use std::sync::Arc;

impl<R: Resolver> Cluster<R> {
    /// Streams skip what their receivers have got from others meanwhile. Delivering it would do nothing but move the
    /// cursor on, now or later, so it is as good as delivered at once: the twin of [`is_spent`](Self::is_spent). Only
    /// `altered` is other than it was when its streams were last looked at.
    pub(super) fn acknowledge(&self, tables: &mut Tables<R>, next: &mut State<R>, altered: MasterId) {
        for (edge, &(from, to)) in self.edges.iter().enumerate() {
            let sender = next.local(from);
            let concerned = from == altered || to == altered;
            if !concerned || tables.locals[sender].waiting[to.index()] == 0 || next.broken & (1 << edge) != 0 {
                continue;
            }
            let digest = tables.core(next.local(to)).digest;
            if self.derives() {
                next.masters[from.index()].local = self.past_known(tables, sender, to, digest);
            } else {
                self.moved(tables, next, from, to, Move::Acknowledge(digest));
            }
        }
    }

    /// The sender, which derives, when its cursor for `to` has moved past all that is in the digest of this number. It rests
    /// nowhere behind what the receiver lacks, so that this is what an acknowledgement comes to.
    fn past_known(&self, tables: &mut Tables<R>, sender: u32, to: MasterId, digest: u32) -> u32 {
        let key = (stream_key(sender, to, 0), digest);
        if let Some(after) = tables.skips.get(&key) {
            return *after;
        }
        let waiting = tables.locals[sender].waiting[to.index()];
        let mut left = waiting;
        loop {
            let moved = self.turn(tables, (sender, left), to, Move::Push(1), digest);
            match moved.letter {
                Some(letter) if !tables.letters[letter].message.is_news_to(&tables.digests[digest]) => {
                    left = moved.left
                }
                _ => break,
            }
        }
        let after = if left == waiting { sender } else { tables.with_left(sender, to, left, None) };
        debug_assert!({
            let mut replica = Replica::clone(&tables.replica(sender));
            turned(&mut replica, to, Move::Acknowledge(digest), &tables.digests[digest]);
            replica == *tables.replica(after)
        });
        tables.skips.insert(key, after);
        after
    }

    /// The sender moves its cursor for `to`: what it has seen and reads is as before, and so is the judgement of it. What
    /// it sends, if it does.
    pub(super) fn moved(
        &self,
        tables: &mut Tables<R>,
        next: &mut State<R>,
        from: MasterId,
        to: MasterId,
        how: Move,
    ) -> Option<u32> {
        let sender = next.local(from);
        let key = match how {
            Move::Push(max) if self.derives() => Some((stream_key(sender, to, 0), max)),
            _ => None,
        };
        if let Some((after, letter)) = key.and_then(|key| tables.pushes.get(&key)) {
            next.masters[from.index()].local = *after;
            return *letter;
        }
        let digest = tables.core(next.local(to)).digest;
        let waiting = tables.locals[sender].waiting[to.index()];
        let moved = self.turn(tables, (sender, waiting), to, how, digest);
        let after = if moved.before == sender {
            moved.after
        } else {
            let own = (!self.derives()).then(|| {
                let mut replica = tables.sender_to(sender, to, waiting);
                turned(&mut replica, to, how, &tables.digests[digest]);
                Arc::new(replica)
            });
            tables.with_left(sender, to, moved.left, own)
        };
        if let Some(key) = key {
            tables.pushes.insert(key, (after, moved.letter));
        }
        next.masters[from.index()].local = after;
        moved.letter
    }

    /// What a sender with the same [part](Self::part_of) has come to be, and sent, when its cursor for `to`, with so many
    /// changes waiting, has moved. The receiver's digest has this number.
    fn turn(
        &self,
        tables: &mut Tables<R>,
        (sender, waiting): (u32, u8),
        to: MasterId,
        how: Move,
        digest: u32,
    ) -> Moved {
        let key = (stream_key(self.part_of(tables, sender), to, waiting), how);
        tables.moves.get(&key).copied().unwrap_or_else(|| {
            let mut replica = tables.sender_to(sender, to, waiting);
            let message = turned(&mut replica, to, how, &tables.digests[digest]);
            let letter = message.and_then(|message| self.sealed(&replica, to, message));
            let letter = letter.map(|letter| tables.letter(Arc::new(letter)));
            let left = waiting_for(&replica, to);
            let after = tables.with_left(sender, to, left, (!self.derives()).then(|| Arc::new(replica)));
            let moved = Moved { before: sender, after, left, letter };
            tables.moves.insert(key, moved);
            moved
        })
    }
}

/// The sender's cursor for `to` moves: what it sends.
fn turned<R: Resolver>(
    sender: &mut Replica<R>,
    to: MasterId,
    how: Move,
    digest: &VersionVector,
) -> Option<MessageOf<R>> {
    match how {
        Move::Push(max) => return sender.next_push(to, max),
        Move::Drain => while sender.next_push(to, usize::MAX).is_some() {},
        Move::Acknowledge(_) if !sender.would_repeat(to, digest) => {}
        Move::Acknowledge(_) | Move::Resume(_) => sender.resume(to, digest),
    }
    None
}
