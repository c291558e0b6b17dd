//! What a master does before it acknowledges a write, and when it learns that it was started again. The reasons are in
//! [`meeting`](crate::spawn::meeting).

use super::{MasterActor, MasterState, Packets, Timer};
use crate::node::any_rule::SerdeRule;
use crate::spawn::meeting::{Epochs, GREETING_PAUSE, OtherRun};
use crate::spawn::packet::{NotTaken, Packet, shown};
use multimaster::{MasterId, PeerError};
use std::collections::BTreeSet;

impl<R: SerdeRule> MasterActor<R> {
    /// All masters that this one sends to or hears from, each once.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = MasterId> {
        let topology = &self.scope.topology;
        let all: BTreeSet<MasterId> = topology.sends_to(self.id).chain(topology.hears_from(self.id)).collect();
        all.into_iter()
    }

    /// Greets the neighbours that have not yet named this run's epoch.
    pub(super) fn greet(&self, state: &MasterState<R>, out: &mut Packets<R>) {
        for peer in state.meeting.unmet() {
            self.journal.mention(|| format!("{} -> {peer}  greeting", self.id));
            self.send(*peer, Packet::Greet { epochs: state.meeting.known().clone() }, out);
        }
        if self.tick.is_some() && !state.meeting.is_over() {
            out.set_timer(Timer::Greet, GREETING_PAUSE..GREETING_PAUSE);
        }
    }

    /// Not all neighbours answered a greeting in time: they are greeted once more, or given up.
    pub(super) fn greet_again(&self, state: &mut MasterState<R>, out: &mut Packets<R>) {
        if state.meeting.is_over() {
            return;
        }
        state.meeting.wait_on();
        if state.meeting.is_over() {
            self.say_takes_writes(state);
        } else {
            self.greet(state, out);
        }
    }

    fn say_takes_writes(&self, state: &MasterState<R>) {
        if state.meeting.earlier().is_some() {
            return;
        }
        let unmet = in_words(state.meeting.unmet());
        self.journal.say(|| match unmet.as_str() {
            "" => format!("{}  takes writes: every neighbour has answered", self.id),
            _ => format!(
                "{}  takes writes: {unmet} did not answer; if that master knows an earlier run of {}, it will refuse them",
                self.id, self.id
            ),
        });
    }

    /// Takes in which runs a neighbour knows, which any packet of it says, and answers a greeting.
    pub(super) fn hear(
        &self,
        state: &mut MasterState<R>,
        from: MasterId,
        packet: &Packet<R::Effect>,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        let Some(epochs) = packet.epochs().filter(|_| self.neighbours().any(|peer| peer == from)) else {
            return Err(PeerError::NotANeighbour(from).into());
        };
        let was_over = state.meeting.is_over();
        let heard = self.hear_epochs(state, from, epochs);
        if !was_over && state.meeting.is_over() {
            self.say_takes_writes(state);
        }
        let heard = heard.and_then(|()| match (packet, state.meeting.earlier()) {
            (Packet::Known { refuses: Some(why), .. }, _) => Err(NotTaken::RefusedBy(shown(why))),
            (Packet::Push(_) | Packet::Part(_) | Packet::Digest(_), Some((by, _))) => Err(NotTaken::StartedAgain(by)),
            _ => Ok(()),
        });
        let asks = matches!(packet, Packet::Greet { .. }) || heard.is_err();
        // An answer is never answered: two masters could go on for ever.
        if asks && !matches!(packet, Packet::Known { .. }) {
            let refuses = heard.as_ref().err().map(|why| format!("{}: {why}", self.id));
            self.send(from, Packet::Known { epochs: state.meeting.known().clone(), refuses }, out);
        }
        if let (Err(_), Packet::Push(pushed)) = (&heard, packet) {
            let dots = pushed.changes.iter().map(|change| change.dot);
            let dots = dots.map(|dot| format!(" {dot}")).collect::<String>();
            self.journal.say(|| format!("{} <- {from}  not taken:{dots}", self.id));
        }
        heard
    }

    fn hear_epochs(&self, state: &mut MasterState<R>, from: MasterId, epochs: &Epochs) -> Result<(), NotTaken> {
        let already = state.meeting.earlier().is_some();
        let heard = state.meeting.hear(from, epochs);
        if let (Err(OtherRun::Receiver(..)), false) = (&heard, already) {
            let written = state.replica.digest().get(self.id);
            self.journal.say(|| {
                format!(
                    "{}  WAS STARTED AGAIN, as {from} knows, and has forgotten what it wrote before. It takes no further part: \
                     every write is refused. End all masters, and start them together",
                    self.id
                )
            });
            if written > 0 {
                self.journal.say(|| {
                    format!(
                        "{}  HAS ACKNOWLEDGED {} of this run ({written} in all) before it learned this: {from}, and every master \
                         that knows the earlier run, refuses them. Read them here, and write them at another master",
                        self.id,
                        if written == 1 { format!("{}1", self.id) } else { format!("{}1 to {}{written}", self.id, self.id) }
                    )
                });
            }
        }
        heard.map_err(NotTaken::OtherRun)
    }

    /// Whether a write may be acknowledged; if not, why.
    pub(super) fn may_write(&self, state: &MasterState<R>) -> Result<(), NotTaken> {
        let own = self.epochs.get(self.id);
        let not = |why: String| Err(NotTaken::Client(why));
        match state.meeting.earlier() {
            Some((by, epoch)) => not(format!(
                "{} was started again: {by} knows its run of epoch {epoch}, and this is {own}. What it wrote before is \
                 forgotten here, and {by} would take the next write for one that it has. Write at another master; to use {} \
                 again, end all masters and start them together",
                self.id, self.id
            )),
            None if !state.meeting.is_over() => not(format!(
                "{} has just started and waits for an answer of {}, which may know an earlier run of it: ask again in a moment",
                self.id,
                in_words(state.meeting.unmet())
            )),
            None => Ok(()),
        }
    }
}

fn in_words(masters: &BTreeSet<MasterId>) -> String {
    masters.iter().map(MasterId::to_string).collect::<Vec<_>>().join(" and ")
}
