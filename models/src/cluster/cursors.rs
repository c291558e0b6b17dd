//! What streams are to the model: how far each master has got in sending its log to each neighbour.

use super::outcomes::{Move, Moved};
use super::tables::Tables;
use super::{Cluster, State};
use crate::any_rule::{AnyMessage, AnyReplica};
use crate::scope::Link;
use multimaster::{MasterId, Replica, VersionVector};
use std::sync::Arc;

impl Cluster {
    /// Whether states count what waits on each stream, and masters are told with nothing yet to send: that leaves few of them,
    /// so that few steps are new. So it is where logs are whole and nobody tampers: what waits is then the end of a log.
    /// Elsewhere replicas keep count themselves, by their cursors.
    pub(super) fn counts_waiting(&self) -> bool {
        let streams = matches!(self.scope.link, Link::Stream { .. });
        let fits = self.scope.requests() <= usize::from(u8::MAX);
        streams && self.scope.log.is_none() && self.tamper.is_none() && fits
    }

    /// How many changes wait on the stream of this edge.
    pub(super) fn waiting(&self, tables: &Tables, state: &State, edge: usize) -> usize {
        let (from, to) = self.edges[edge];
        let counted = state.waiting().get(edge).map(|waiting| usize::from(*waiting));
        counted.unwrap_or_else(|| tables.locals[state.local(from)].replica.pending(to))
    }

    /// The next changes on the stream of this edge, at most so many, leave it: the letter that they are.
    pub(super) fn next_on_stream(&self, tables: &mut Tables, next: &mut State, edge: usize, max: usize) -> Option<u32> {
        let (from, to) = self.edges[edge];
        let (masters, waiting, _) = next.parts();
        let Some(waiting) = waiting.get_mut(edge) else {
            return self.moved(tables, next, edge, Move::Push(max));
        };
        let sender = masters[from.index()].local;
        let first = tables.in_flight(sender, to, *waiting).first()?.letter;
        *waiting = waiting.saturating_sub(max.min(u8::MAX.into()) as u8);
        Some(if max == 1 { first } else { self.joined(tables, sender, first, max) })
    }

    /// The letter that is this one and those which follow it on its stream, at most so many.
    fn joined(&self, tables: &mut Tables, sender: u32, first: u32, max: usize) -> u32 {
        let key = (first, max, sender);
        tables.joined.get(&key).copied().unwrap_or_else(|| {
            let mut replica = Replica::clone(&tables.locals[sender].replica);
            tables.wind_back(&mut replica, first);
            let to = tables.letters[first].to;
            let letter = replica.next_push(to, max).and_then(|message| self.sealed(&replica, to, message));
            let letter = letter.map_or(first, |letter| tables.letter(Arc::new(letter)));
            tables.joined.insert(key, letter);
            letter
        })
    }

    /// All that is in flight on the stream of this edge is lost.
    pub(super) fn drain(&self, tables: &mut Tables, next: &mut State, edge: usize) {
        match next.parts().1.get_mut(edge) {
            Some(waiting) => *waiting = 0,
            None => drop(self.moved(tables, next, edge, Move::Drain)),
        }
    }

    /// The stream of this edge goes on from what its receiver says it has.
    pub(super) fn resume(&self, tables: &mut Tables, next: &mut State, edge: usize) {
        let (from, to) = self.edges[edge];
        let (masters, waiting, _) = next.parts();
        if let Some(waiting) = waiting.get_mut(edge) {
            // Which is acknowledged as all else is.
            *waiting = tables.in_all(masters[from.index()].local, to).len() as u8;
        } else {
            let digest = tables.locals[next.local(to)].digest;
            self.moved(tables, next, edge, Move::Resume(digest));
        }
    }

    /// What `altered` has taken in since `state` waits on its streams, and streams skip what their receivers have got from
    /// others meanwhile. Delivering it would do nothing but move the cursor on, now or later, so it is as good as delivered at
    /// once: the twin of [`is_spent`](Self::is_spent). Only `altered` is other than it was when its streams were last looked at.
    pub(super) fn acknowledge(&self, tables: &mut Tables, state: &State, next: &mut State, altered: MasterId) {
        let broken = next.broken;
        let streams = self.edges.iter().enumerate().filter(|(_, (from, to))| *from == altered || *to == altered);
        let streams = streams.map(|(edge, &(from, to))| (edge, from, to, broken & (1 << edge) == 0));
        if next.waiting().is_empty() {
            for (edge, _, to, _) in streams.filter(|(.., stands)| *stands) {
                if self.waiting(tables, next, edge) > 0 {
                    let digest = tables.locals[next.local(to)].digest;
                    self.moved(tables, next, edge, Move::Acknowledge(digest));
                }
            }
            return;
        }
        let before = state.local(altered);
        let (masters, waiting, _) = next.parts();
        for (edge, from, to, stands) in streams {
            let (waiting, sender) = (&mut waiting[edge], masters[from.index()].local);
            if from == altered {
                *waiting += (tables.in_all(sender, to).len() - tables.in_all(before, to).len()) as u8;
            }
            if stands && *waiting > 0 {
                *waiting -= tables.known_in_flight(sender, to, *waiting, tables.digest(masters[to.index()].local));
            }
        }
    }

    /// The sender, which keeps count itself, moves its cursor: what it has seen and reads is as before, and so is the
    /// judgement of it. What it sends, if it does.
    fn moved(&self, tables: &mut Tables, next: &mut State, edge: usize, how: Move) -> Option<u32> {
        let (from, to) = self.edges[edge];
        let (sender, digest) = (next.local(from), tables.locals[next.local(to)].digest);
        let key = (sender, to, how);
        let Moved { after, letter } = tables.moves.get(&key).copied().unwrap_or_else(|| {
            let mut replica = Replica::clone(&tables.locals[sender].replica);
            let message = turned(&mut replica, to, how, &tables.digests[digest]);
            let letter = message.and_then(|message| self.sealed(&replica, to, message));
            let letter = letter.map(|letter| tables.letter(Arc::new(letter)));
            let moved = Moved { after: tables.local(replica), letter };
            tables.moves.insert(key, moved);
            moved
        });
        next.masters[from.index()].local = after;
        letter
    }
}

/// The sender's cursor for `to` moves: what it sends.
fn turned(sender: &mut AnyReplica, to: MasterId, how: Move, digest: &VersionVector) -> Option<AnyMessage> {
    match how {
        Move::Push(max) => return sender.next_push(to, max),
        Move::Drain => while sender.next_push(to, usize::MAX).is_some() {},
        Move::Acknowledge(_) if !sender.would_repeat(to, digest) => {}
        Move::Acknowledge(_) | Move::Resume(_) => sender.resume(to, digest),
    }
    None
}
