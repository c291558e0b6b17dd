//! The start of a master: before it acknowledges a write, it learns the number of its run.
//! [`meeting`](crate::spawn::meeting) has the reasons.

use super::{MasterActor, MasterState, Packets, Timer};
use crate::node::any_rule::SerdeRule;
use crate::spawn::meeting::{Epochs, GREETING_PAUSE, Meeting};
use crate::spawn::packet::{NotTaken, Packet, shown};
use multimaster::{MasterId, PeerError};
use std::collections::BTreeSet;

impl<R: SerdeRule> MasterActor<R> {
    /// All masters to which this one sends changes, or from which it receives them, each once.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = MasterId> {
        let topology = &self.scope.topology;
        let all: BTreeSet<MasterId> = topology.sends_to(self.id).chain(topology.hears_from(self.id)).collect();
        all.into_iter()
    }

    /// Greets the neighbours that have not yet named this run's epoch.
    pub(super) fn greet(&self, state: &MasterState<R>, out: &mut Packets<R>) {
        let meeting = &state.meeting;
        for peer in meeting.unmet() {
            self.journal.mention(|| format!("{} -> {peer}  greeting", self.id));
            self.send(*peer, Packet::Greet { epochs: meeting.known().clone(), run: meeting.epoch() }, out);
        }
        if self.tick.is_some() && !meeting.is_over() {
            out.set_timer(Timer::Greet, GREETING_PAUSE..GREETING_PAUSE);
        }
    }

    /// Called when neighbours have not answered a greeting in time: greets them once more, or goes on without them.
    pub(super) fn greet_again(&self, state: &mut MasterState<R>, out: &mut Packets<R>) {
        if state.meeting.is_over() {
            return;
        }
        let before = state.meeting.clone();
        state.meeting.wait_on();
        self.go_on(state, &before, out);
        // A master that has just got its number has greeted already.
        if !state.meeting.is_over() && state.meeting.taken().is_none() && state.meeting.origin() == before.origin() {
            self.greet(state, out);
        }
    }

    /// Acts on the changes since `before`: the master has got its number, has learned that no number is left for it, or
    /// accepts writes now.
    fn go_on(&self, state: &mut MasterState<R>, before: &Meeting, out: &mut Packets<R>) {
        let MasterState { replica, meeting, .. } = state;
        replica.expect_origins(meeting.known().width());
        if let (Some(origin), None) = (meeting.origin(), before.origin()) {
            if origin != self.id {
                replica.restart(Some(origin)).expect("a replica that has seen nothing takes any fresh origin");
                self.journal.say(|| {
                    format!(
                        "{}  was started again without its state: its writes are those of {origin} from now on",
                        self.id
                    )
                });
            }
            if !before.unmet().is_empty() {
                self.greet(state, out);
            }
        }
        if state.meeting.is_over() && !before.is_over() {
            self.say_takes_writes(state);
        }
        if let (Some((by, _)), None) = (state.meeting.taken(), before.taken()) {
            self.say_takes_no_part(state, by);
        }
    }

    fn say_takes_writes(&self, state: &MasterState<R>) {
        let unmet = in_words(state.meeting.unmet());
        self.journal.say(|| match unmet.as_str() {
            "" => format!("{}  takes writes: every neighbour has answered", self.id),
            _ => format!(
                "{}  takes writes: {unmet} did not answer; if that master knows an earlier run of {}, it will refuse them",
                self.id, self.id
            ),
        });
    }

    fn say_takes_no_part(&self, state: &MasterState<R>, by: MasterId) {
        self.journal.say(|| {
            format!(
                "{}  WAS STARTED AGAIN, and {by} knows a run of it that has its origin. It takes no further part: every write \
                 is refused. End all masters, and start them together",
                self.id
            )
        });
        let origin = state.replica.origin();
        let written = state.replica.digest().get(origin);
        if written > 0 {
            self.journal.say(|| {
                format!(
                    "{}  HAS ACKNOWLEDGED {} of this run ({written} in all) before it learned this: {by}, and every master \
                     that knows the other run, refuses them. Read them here, and write them at another master",
                    self.id,
                    if written == 1 { format!("{origin}1") } else { format!("{origin}1 to {origin}{written}") }
                )
            });
        }
    }

    /// Learns the epochs that a neighbour's packet names, and answers a greeting.
    ///
    /// # Errors
    /// The reason for which the packet is refused.
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
        let heard = self.hear_epochs(state, from, packet, epochs, out);
        let heard = heard.and_then(|()| match (packet, state.meeting.taken()) {
            (Packet::Known { refuses: Some(why), .. }, _) => Err(NotTaken::RefusedBy(shown(why))),
            (Packet::Push(_) | Packet::Part(_) | Packet::Digest(_) | Packet::Progress(_), Some((by, _))) => {
                Err(NotTaken::NumberTaken(by))
            }
            _ => Ok(()),
        });
        let asks = matches!(packet, Packet::Greet { .. }) || heard.is_err();
        // An answer to an answer could start an endless exchange.
        if asks && !matches!(packet, Packet::Known { .. }) {
            let refuses = heard.as_ref().err().map(|why| format!("{}: {why}", self.id));
            let run = if let Packet::Greet { run, .. } = packet { Some(*run) } else { None };
            self.send(from, Packet::Known { epochs: state.meeting.known().clone(), run, refuses }, out);
        }
        if let (Err(_), Packet::Push(pushed)) = (&heard, packet) {
            let dots = pushed.changes.iter().map(|change| change.dot);
            let dots = dots.map(|dot| format!(" {dot}")).collect::<String>();
            self.journal.say(|| format!("{} <- {from}  not taken:{dots}", self.id));
        }
        heard
    }

    fn hear_epochs(
        &self,
        state: &mut MasterState<R>,
        from: MasterId,
        packet: &Packet<R::Effect>,
        epochs: &Epochs,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        let before = state.meeting.clone();
        let may_lack_one = matches!(packet, Packet::Greet { .. } | Packet::Known { .. });
        let answers = if let Packet::Known { run, refuses: None, .. } = packet { *run } else { None };
        let heard = state.meeting.hear(from, epochs, may_lack_one, answers);
        for origin in (before.known().width()..state.meeting.known().width()).map(MasterId) {
            let master = state.meeting.master_of(origin);
            if state.meeting.known().get(origin) != 0 && master != self.id {
                self.journal.say(|| {
                    format!(
                        "{}  knows from {from} that {master} was started again: its writes are those of {origin}",
                        self.id
                    )
                });
            }
        }
        self.go_on(state, &before, out);
        heard.map_err(NotTaken::OtherRun)
    }

    /// Checks that a write may be acknowledged.
    ///
    /// # Errors
    /// The reason, for the client.
    pub(super) fn may_write(&self, state: &MasterState<R>) -> Result<(), NotTaken> {
        let not = |why: String| Err(NotTaken::Client(why));
        match state.meeting.taken() {
            Some((by, epoch)) => not(format!(
                "{} was started again: {by} knows its run of epoch {epoch}, which has its origin, and this is {}. Write at \
                 another master; to use {} again, end all masters and start them together",
                self.id,
                state.meeting.epoch(),
                self.id
            )),
            None if !state.meeting.is_over() => not(format!(
                "{} has just started and waits for an answer of {}, which may know an earlier run of it: ask again in a moment",
                self.id,
                in_words(state.meeting.awaited())
            )),
            None => Ok(()),
        }
    }
}

fn in_words(masters: &BTreeSet<MasterId>) -> String {
    masters.iter().map(MasterId::to_string).collect::<Vec<_>>().join(" and ")
}
