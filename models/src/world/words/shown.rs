//! A state in words.

use super::readings_of;
use crate::world::memo::Tables;
use crate::world::{Faults, Seen, State, World};
use std::fmt;

/// One line for each master: its readings, digest, log and pending changes. Then the messages in flight, the requests
/// made, the masters that are down, the cuts, and the faults left. Each line begins with its subject, so two states can
/// be compared line by line. Different states have different texts, unless they differ only in the rule's hidden state
/// or in what a later crash would restore.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_article() {
            return self.write_article(f);
        }
        if self.shards.others().is_empty() {
            return self.write_world(&self.shards.first, f);
        }
        for world in self.shards.iter() {
            writeln!(f, "shard {}:", world.shard)?;
            self.write_world(world, f)?;
            writeln!(f)?;
        }
        Ok(())
    }
}

impl State {
    fn write_world(&self, world: &World<Tables>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { replicas, wire, digests_sent, edges, cuts: named, .. } = self.seen(world);
        for replica in &replicas {
            let log: Vec<String> = replica.log().map(|change| change.dot.to_string()).collect();
            let log = if log.is_empty() { "empty".into() } else { log.join(" ") };
            write!(f, "{}  reads {}", replica.id(), readings_of(replica))?;
            write!(f, "; has seen {}; log {log}", replica.digest())?;
            if !replica.truncated().is_empty() {
                write!(f, ", truncated after {}", replica.truncated())?;
            }
            for peer in replicas.iter().map(|peer| peer.id()) {
                match replica.pending(peer) {
                    0 => {}
                    waiting => write!(f, "; {waiting} yet to send to {peer}")?,
                }
            }
            writeln!(f)?;
        }
        for envelope in &wire {
            writeln!(f, "in flight  {envelope}")?;
        }
        for digest_sent in &digests_sent {
            writeln!(f, "in flight  {digest_sent}")?;
        }
        if wire.is_empty() && digests_sent.is_empty() {
            writeln!(f, "in flight  nothing")?;
        }
        if world.broken != 0 {
            let broken = edges.iter().enumerate().filter(|(edge, _)| world.broken & (1 << edge) != 0);
            let broken: Vec<String> = broken.map(|(_, (from, to))| format!("{from} -> {to}")).collect();
            writeln!(f, "broken streams  {}", broken.join(", "))?;
        }
        let made: Vec<String> = world.progress().iter().map(|made| made.to_string()).collect();
        if !made.is_empty() {
            writeln!(f, "requests made  {}, client by client", made.join(" "))?;
        }
        if world.chosen != 0 {
            let chosen: Vec<String> = (0..32).filter(|index| world.chosen & (1 << index) != 0).map(number).collect();
            writeln!(f, "free requests made  {}", chosen.join(" "))?;
        }
        let (mut cuts, mut crashes) = (0, 0);
        if let Some(failed) = &world.failed {
            (cuts, crashes) = (failed.cuts, failed.crashes);
            let down = replicas.iter().map(|replica| replica.id()).filter(|id| !world.is_up(*id));
            let down: Vec<String> = down.map(|id| id.to_string()).collect();
            if !down.is_empty() {
                writeln!(f, "down  {}", down.join(" "))?;
            }
            let passed = replicas.iter().map(|replica| replica.id()).filter(|id| world.has_passed(*id));
            let passed: Vec<String> = passed.map(|id| id.to_string()).collect();
            if !passed.is_empty() {
                writeln!(f, "time has passed at  {}", passed.join(" "))?;
            }
            if failed.severed != 0 {
                let cut = named.iter().enumerate().filter(|(cut, _)| failed.severed & (1 << cut) != 0);
                let cut: Vec<&str> = cut.map(|(_, name)| name.as_str()).collect();
                writeln!(f, "cuts not healed  {}", cut.join(", "))?;
            }
            if !failed.sessions.is_empty() {
                let made: Vec<String> = failed.sessions.iter().map(|session| session.made.to_string()).collect();
                writeln!(f, "requests of sessions made  {}, session by session", made.join(" "))?;
            }
        }
        let Faults { losses, duplicates, resets } = world.faults;
        let left = [
            (losses, "to lose"),
            (duplicates, "to repeat"),
            (resets, "to reset"),
            (cuts, "to cut"),
            (crashes, "to crash"),
        ];
        let left: Vec<String> =
            left.iter().filter(|(left, _)| *left > 0).map(|(left, what)| format!("{left} {what}")).collect();
        write!(f, "faults left  {}", if left.is_empty() { "none".into() } else { left.join(", ") })
    }
}

/// The 1-based number of a free request.
fn number(place: u32) -> String {
    format!("#{}", place + 1)
}
