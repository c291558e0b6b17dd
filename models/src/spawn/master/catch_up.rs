//! How one who lacks something gets it: digests and their answers, pushes that fit, snapshots in parts.

use super::{MasterActor, MasterState, Packets};
use crate::spawn::cut::{self, Added, Assembly};
use crate::spawn::packet::{Digest, MAX_DATAGRAM, NotTaken, Packet, Part, shown};
use multimaster::{MasterId, Message, MessageOf, PeerFault, Push, Resolver, Snapshot};

/// How much is sent in answer to one digest, so that a socket's buffer holds it.
const BURST: usize = MAX_DATAGRAM * cut::WINDOW as usize;

impl<R: Resolver> MasterActor<R> {
    pub(super) fn send_push(&self, to: MasterId, push: Push<R::Effect>, out: &mut Packets<R>) -> usize {
        self.journal.mention(|| format!("{} -> {to}  {}", self.id, MessageOf::<R>::Push(push.clone())));
        let packets = cut::pushes(push);
        let size = packets.iter().map(|packet| packet.to_bytes().map_or(0, |bytes| bytes.len())).sum();
        packets.into_iter().for_each(|packet| self.send(to, packet, out));
        size
    }

    pub(super) fn send_parts(&self, to: MasterId, snapshot: &Snapshot<R::State>, first: u32, out: &mut Packets<R>) {
        let text = serde_json::to_string(snapshot).ok();
        let Some(parts) = text.and_then(|text| cut::parts(&snapshot.seen, &text)) else {
            let count = self.journal.count("too large a snapshot");
            let most = format!("{} parts of {MAX_DATAGRAM} bytes", cut::MAX_PARTS);
            self.journal.say(|| {
                format!("{} -> {to}  not sent: the snapshot of {} is over {most} ({count})", self.id, snapshot.seen)
            });
            return;
        };
        let window = cut::window(first);
        for part in parts.into_iter().filter(|part| window.contains(&part.number)) {
            self.journal.mention(|| {
                format!("{} -> {to}  part {} of {} of the snapshot of {}", self.id, part.number + 1, part.of, part.seen)
            });
            self.send(to, Packet::Part(part), out);
        }
    }

    /// A part of a snapshot has come: with the last one, the snapshot.
    pub(super) fn add(
        &self,
        state: &mut MasterState<R>,
        from: MasterId,
        part: Part,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        if !self.scope.topology.hears_from(self.id).any(|feeder| feeder == from) {
            return Err(PeerFault::NotANeighbour(from).into());
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
                let snapshot: Snapshot<R::State> = serde_json::from_str(&text).map_err(|error| {
                    NotTaken::Part(format!("the parts are no snapshot: {}", shown(&error.to_string())))
                })?;
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

    pub(super) fn ask_for_more(&self, state: &MasterState<R>, feeder: MasterId, out: &mut Packets<R>) {
        let holds = state.incoming.get(&feeder).map(|assembly| (assembly.seen.clone(), assembly.holds()));
        let seen = state.replica.digest().clone();
        self.journal.mention(|| format!("{} -> {feeder}  digest: has seen {seen}", self.id));
        self.send(feeder, Packet::Digest(Digest { seen, holds }), out);
    }

    /// Answers a digest, with one message after the other until the asker has all or enough for now.
    pub(super) fn answer(
        &self,
        state: &MasterState<R>,
        asker: MasterId,
        digest: Digest,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        if !self.scope.topology.sends_to(self.id).any(|peer| peer == asker) {
            return Err(NotTaken::NotSentTo(asker));
        }
        let Digest { mut seen, holds } = digest;
        state.replica.vet_vector(&seen)?;
        self.journal.count("digest");
        self.journal.mention(|| format!("{} <- {asker}  digest: has seen {seen}", self.id));
        let mut sent = 0;
        while sent < BURST {
            match state.replica.answer(&seen, self.scope.batch) {
                None => break,
                Some(Message::Push(push)) => {
                    push.changes.iter().for_each(|change| seen.insert(change.dot));
                    sent += self.send_push(asker, push, out);
                }
                Some(Message::Snapshot(snapshot)) => {
                    let first = holds.filter(|(of, _)| *of == snapshot.seen).map_or(0, |(_, first)| first);
                    self.send_parts(asker, &snapshot, first, out);
                    break;
                }
            }
        }
        Ok(())
    }
}
