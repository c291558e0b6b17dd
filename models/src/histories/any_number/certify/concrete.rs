//! A history on real masters: [`Run`].

use super::Made;
use crate::history::{Claims, History, LostTo, Observed, Write};
use crate::node::any_rule::{AnyMessage, AnyReplica, AnyRule};
use crate::properties as p;
use multimaster::{MasterId, Op, Replica, Request, Resolver, Topology, VersionVector};
use std::collections::BTreeSet;

/// The key of the writes that only advance a clock.
const ELSEWHERE: &str = "elsewhere";

/// Masters that have made the writes of a history, each after exactly the writes that it has seen in the history.
pub(super) struct Run {
    rule: AnyRule,
    topology: Topology,
    requests: Vec<Request>,
    masters: Vec<AnyReplica>,
    /// By write, the messages that bring it to a master that has seen its causal past: first those of writes elsewhere.
    messages: Vec<Vec<AnyMessage>>,
    /// By write, its master and its causal past, by index.
    made: Vec<Made>,
    history: Vec<Write>,
    /// The time of the newest write.
    time: u64,
}

impl Run {
    /// Masters that have made nothing.
    ///
    /// # Errors
    /// If there cannot be so many masters.
    pub(super) fn new(rule: &AnyRule, masters: u16, requests: Vec<Request>) -> Result<Run, String> {
        let topology = Topology::all_to_all(masters + 1).map_err(|error| error.to_string())?;
        Ok(Run {
            masters: (0..masters).map(|at| Replica::new(MasterId(at), rule.clone(), &topology)).collect(),
            rule: rule.clone(),
            topology,
            requests,
            messages: Vec::new(),
            made: Vec::new(),
            history: Vec::new(),
            time: 0,
        })
    }

    /// Makes one more write. Writes elsewhere advance its master's clock to the right time.
    ///
    /// # Errors
    /// If the rule refuses it.
    pub(super) fn make(&mut self, made: Made) -> Result<(), String> {
        let time = if made.ties { self.time } else { self.time + 1 };
        for write in &made.seen {
            for message in &self.messages[*write] {
                // A duplicate, if it has seen the write before.
                let _ = self.masters[made.at].receive(MasterId(self.made[*write].at as u16), message.clone());
            }
        }
        let request = self.requests[made.op].clone();
        self.messages.push(Vec::new());
        while self.masters[made.at].clock() + 1 < time {
            let op = self.requests[0].op.clone();
            self.write(made.at, Request { key: ELSEWHERE.into(), op })?;
        }
        self.write(made.at, request)?;
        self.time = time;
        self.made.push(made);
        Ok(())
    }

    fn write(&mut self, at: usize, request: Request) -> Result<(), String> {
        let master = &mut self.masters[at];
        let past: VersionVector = master.digest().clone();
        let time = master.clock() + 1;
        let wall = self.rule.uses_wall_clock().then_some(time);
        let Request { key, op } = request;
        let timed: Op = wall.map_or_else(|| op.clone(), |wall| op.clone().at(wall));
        let dot = master.write(&key, timed).map_err(|refused| format!("{op:?} is refused: {refused}"))?;
        let timestamp = multimaster::Timestamp::new(time, dot.origin());
        let message = master.answer(&past, usize::MAX).ok_or("a write leaves no change")?;
        self.messages.last_mut().expect("a write").push(message);
        self.history.push(Write { dot, timestamp, key, op, wall, past });
        Ok(())
    }

    /// A master that has applied these writes in this order. `false` if one of them came before its causal past.
    pub(super) fn reader(&self, order: &[usize]) -> (AnyReplica, bool) {
        let mut reader = Replica::new(MasterId(self.masters.len() as u16), self.rule.clone(), &self.topology);
        let mut causal = true;
        for write in order {
            for message in &self.messages[*write] {
                let outcome = reader.receive(MasterId(self.made[*write].at as u16), message.clone());
                causal &= matches!(outcome, multimaster::Outcome::Applied | multimaster::Outcome::Stale);
            }
        }
        (reader, causal)
    }

    /// The properties that this master violates.
    pub(super) fn violated(&self, reader: &AnyReplica, claims: Claims) -> BTreeSet<&'static str> {
        let history = History::of(self.history.clone());
        let master = Observed { replica: reader, claims };
        let mut violated = BTreeSet::new();
        for loss in history.judge(&master).losses {
            violated.insert(match loss.to {
                LostTo::Past => p::NO_CAUSAL_LOSS,
                LostTo::Concurrent => p::NO_POLICY_LOSS,
                LostTo::Nothing => p::NO_TOTAL_LOSS,
            });
        }
        if history.resurrection(&master).is_some() {
            violated.insert(p::NO_RESURRECTION);
        }
        if let Some(Ok(_)) = history.invented(&master) {
            violated.insert(p::NO_INVENTION);
        }
        violated
    }

    /// The history in words: each write, and the writes that its master had seen.
    pub(super) fn in_words(&self) -> Vec<String> {
        let dots: Vec<String> = (0..self.made.len()).map(|write| self.name(write)).collect();
        let words = self.made.iter().zip(&dots).map(|(made, dot)| {
            let seen: Vec<&str> = made.seen.iter().map(|write| dots[*write].as_str()).collect();
            let seen = if seen.is_empty() { "nothing".to_owned() } else { seen.join(" ") };
            format!("{dot} = `{}` after {seen}", self.requests[made.op])
        });
        words.collect()
    }

    /// The write among its master's writes of this key: `A1`.
    fn name(&self, write: usize) -> String {
        let at = self.made[write].at;
        let place = self.made[..=write].iter().filter(|made| made.at == at).count();
        format!("{}{place}", MasterId(at as u16))
    }
}
