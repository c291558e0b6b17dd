//! Repair: digests and their answers, pushes split into datagrams, snapshots sent in parts.

use super::{MasterActor, MasterState, Packets};
use crate::node::any_rule::{self, SerdeRule};
use crate::spawn::cut::{self, Added, Assembly, Outgoing};
use crate::spawn::packet::{Digest, MAX_DATAGRAM, NotTaken, Packet, Part, shown};
use multimaster::{MasterId, Message, MessageOf, PeerError, Push, Snapshot, VersionVector};
use std::sync::Arc;

/// The most bytes sent in answer to one digest: a socket's buffer holds this many.
const BURST: usize = MAX_DATAGRAM * cut::WINDOW as usize;

/// The most changes gathered to answer one digest: more do not fit a burst, however short they are.
const MOST: usize = BURST / 80;

impl<R: SerdeRule> MasterActor<R> {
    /// Sends the push, or as much of it as fits a burst, in packets of at most `batch` changes.
    pub(super) fn send_push(&self, state: &MasterState<R>, to: MasterId, push: Push<R::Effect>, out: &mut Packets<R>) {
        self.journal.mention(|| format!("{} -> {to}  {}", self.id, MessageOf::<R>::Push(push.clone())));
        let mut sent = 0;
        for packet in cut::pushes(push, self.scope.batch, state.meeting.known()) {
            if sent >= BURST {
                break;
            }
            sent += packet.to_bytes().map_or(0, |bytes| bytes.len());
            self.send(to, packet, out);
        }
    }

    /// Makes the snapshot ready to be sent, unless it is ready already.
    pub(super) fn make_ready(&self, state: &mut MasterState<R>, snapshot: &Snapshot<R::State>) {
        if state.outgoing.as_ref().is_some_and(|outgoing| outgoing.seen == snapshot.seen) {
            return;
        }
        self.journal.count("snapshot made");
        let text = serde_json::to_string(snapshot).unwrap_or_default();
        let outgoing = Outgoing::of(&snapshot.seen, &text, self.scope.topology.masters());
        if outgoing.is_none() {
            let count = self.journal.count("too large a snapshot");
            let most = format!("{} parts of {MAX_DATAGRAM} bytes", cut::MAX_PARTS);
            self.journal
                .say(|| format!("{}  the snapshot of {} is over {most}: not sent ({count})", self.id, snapshot.seen));
        }
        state.outgoing = Some(outgoing.unwrap_or_else(|| Outgoing::empty(&snapshot.seen)));
    }

    /// Sends a window of the snapshot that is ready.
    pub(super) fn send_parts(&self, state: &mut MasterState<R>, to: MasterId, first: u32, out: &mut Packets<R>) {
        let MasterState { outgoing, meeting, .. } = state;
        for part in outgoing.iter_mut().flat_map(|outgoing| outgoing.window(first, meeting.known())) {
            self.journal.mention(|| {
                format!("{} -> {to}  part {} of {} of the snapshot of {}", self.id, part.number + 1, part.of, part.seen)
            });
            self.send(to, Packet::Part(part), out);
        }
    }

    /// Adds an arrived part of a snapshot. With the last part, the replica receives the snapshot.
    ///
    /// # Errors
    /// The reason for which the part or the whole snapshot is refused.
    pub(super) fn add(
        &self,
        state: &mut MasterState<R>,
        from: MasterId,
        part: Part,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        if !self.scope.topology.hears_from(self.id).any(|sender| sender == from) {
            return Err(PeerError::NotANeighbour(from).into());
        }
        state.replica.vet_vector(&part.seen)?;
        let (seen, number, of) = (part.seen.clone(), part.number, part.of);
        let line = |became: &str| {
            format!("{} <- {from}  part {} of {of} of the snapshot of {seen}: {became}", self.id, u64::from(number) + 1)
        };
        let added = if state.replica.digest().covers(&seen) {
            Added::Known
        } else {
            state.incoming.entry(from).or_insert_with(|| Assembly::of(&part)).add(part)?
        };
        if added == Added::Known {
            self.journal.count("duplicate");
            self.journal.say(|| line("duplicate"));
            return Ok(());
        }
        self.journal.count("part");
        self.journal.mention(|| line("kept"));
        match added {
            Added::Whole(text) => {
                state.incoming.remove(&from);
                let mut snapshot: Snapshot<R::State> = serde_json::from_str(&text).map_err(|error| {
                    NotTaken::Part(format!("the parts are no snapshot: {}", shown(&error.to_string())))
                })?;
                for state in Arc::make_mut(&mut snapshot.table).values_mut() {
                    any_rule::admit_state(&self.rule, state).map_err(|why| NotTaken::WrongType(shown(&why)))?;
                }
                if snapshot.seen != seen {
                    return Err(NotTaken::Part(format!("a snapshot of {} in parts of one of {seen}", snapshot.seen)));
                }
                self.deliver(state, from, Message::Snapshot(snapshot), out)
            }
            Added::AskOn => {
                self.ask_for_more(state, from, out);
                Ok(())
            }
            Added::Kept | Added::Known => Ok(()),
        }
    }

    pub(super) fn ask_for_more(&self, state: &MasterState<R>, sender: MasterId, out: &mut Packets<R>) {
        let holds = state.incoming.get(&sender).map(|assembly| (assembly.seen.clone(), assembly.holds()));
        let seen = state.replica.digest().clone();
        self.journal.mention(|| format!("{} -> {sender}  digest: has seen {seen}", self.id));
        let epochs = state.meeting.known().clone();
        self.send(sender, Packet::Digest(Digest { epochs, seen, holds }), out);
    }

    /// Answers a digest with the changes that the receiver lacks, as many as one burst carries; or with a snapshot, if
    /// the log no longer holds them.
    ///
    /// # Errors
    /// The reason for which the digest is refused.
    pub(super) fn answer(
        &self,
        state: &mut MasterState<R>,
        receiver: MasterId,
        digest: Digest,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        if !self.scope.topology.sends_to(self.id).any(|peer| peer == receiver) {
            return Err(NotTaken::NotSentTo(receiver));
        }
        let Digest { epochs: _, seen, holds } = digest;
        state.replica.vet_vector(&seen)?;
        self.journal.count("digest");
        self.journal.mention(|| format!("{} <- {receiver}  digest: has seen {seen}", self.id));
        if !seen.covers(state.replica.truncated()) {
            self.answer_by_snapshot(state, receiver, &seen, holds, out);
        } else if let Some(Message::Push(push)) = state.replica.answer(&seen, MOST) {
            self.send_push(state, receiver, push, out);
        }
        Ok(())
    }

    /// Sends a window of a snapshot. Reuses the present snapshot if the receiver holds parts of it, if no change has been
    /// seen since, or if it was made since the last tick; otherwise makes a new one, at most one a tick.
    fn answer_by_snapshot(
        &self,
        state: &mut MasterState<R>,
        receiver: MasterId,
        seen: &VersionVector,
        holds: Option<(VersionVector, u32)>,
        out: &mut Packets<R>,
    ) {
        let held = |outgoing: &Outgoing| holds.as_ref().filter(|(of, _)| *of == outgoing.seen).map(|(_, first)| *first);
        let brings = state.outgoing.as_ref().filter(|outgoing| !seen.covers(&outgoing.seen));
        let newest = |outgoing: &Outgoing| outgoing.seen == *state.replica.digest();
        let will_do = |outgoing: &Outgoing| outgoing.fresh || newest(outgoing) || held(outgoing).is_some();
        if !brings.is_some_and(will_do) {
            if state.outgoing.as_ref().is_some_and(|outgoing| outgoing.fresh) {
                self.journal.count("snapshot put off");
                self.journal.mention(|| format!("{} -> {receiver}  no snapshot before the next tick", self.id));
                return;
            }
            if let Some(Message::Snapshot(snapshot)) = state.replica.answer(seen, 1) {
                self.make_ready(state, &snapshot);
            }
        }
        let first = state.outgoing.as_ref().and_then(held).unwrap_or(0);
        self.send_parts(state, receiver, first, out);
    }
}
