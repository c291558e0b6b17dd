//! The expansion of a level, while states arrive from other processes.

use super::next::StepKey;
use super::summary::Summary;
use super::{Post, Process, REMEMBERED, keeper};
use crate::check::engine::search::decides;
use crate::check::engine::watch::{At, Watch};
use crate::check::engine::{Counted, Cut};
use crate::model::Codec;
use crate::model::bytes::{Stored, write_number};
use crate::world::cluster::{ClusterModel, State};
use std::mem;
use std::ops::ControlFlow;

/// The first byte of a state that is sent to the process that keeps it.
const STATE: u8 = 0;
/// The first byte of a recipe.
const RECIPE: u8 = 1;
/// The first byte of a request to end the level early.
const HALT: u8 = 2;

/// A message is sent once it has so many bytes.
const MESSAGE: usize = 1 << 15;
/// The number of states that are expanded between two looks at the messages.
const BETWEEN_LOOKS: usize = 32;

impl Process<'_> {
    /// Expands the states of the level, and takes in those that other processes reach.
    pub(super) fn expand(&mut self, post: &mut dyn Post, watch: &mut Watch) {
        self.here = Summary { decided: vec![None; self.properties.len()], ..Summary::default() };
        (self.halted, self.expanded) = (false, Vec::new());
        while !self.halted
            && let Some((number, state)) = self.level.pop_below(usize::MAX)
        {
            if self.replay.is_some() {
                self.take_again(number, &state, watch);
            } else if self.judge(number, &state) {
                break;
            } else {
                self.expand_state(number, &state, watch);
            }
            self.send_messages(MESSAGE, post);
            if self.expanded.len().is_multiple_of(BETWEEN_LOOKS) {
                for (from, message) in post.arrived() {
                    self.take(from, &message);
                }
            }
            if self.here.cut.is_some() {
                self.out.iter_mut().for_each(|out| out.push(HALT));
                break;
            }
        }
        self.send_messages(1, post);
        post.end_epoch(&mut |from, message| self.take(from, &message));
    }

    /// Sends the messages that have this length.
    fn send_messages(&mut self, length: usize, post: &mut dyn Post) {
        for (to, out) in self.out.iter_mut().enumerate() {
            if out.len() >= length && to != self.own {
                post.send(to, mem::replace(out, Vec::with_capacity(MESSAGE)));
            }
        }
        self.out[self.own].clear();
    }

    /// Evaluates the properties that are not decided. True if the one that ends the search is violated.
    fn judge(&mut self, number: u32, state: &State) -> bool {
        let decided = self.decided.iter().zip(&mut self.here.decided);
        for (property, (before, here)) in self.properties.iter().zip(decided) {
            if before.is_none() && here.is_none() && decides(self.cluster, property, state) {
                *here = Some(number);
                if self.limits.until == Some(property.name) {
                    return true;
                }
            }
        }
        false
    }

    fn expand_state(&mut self, number: u32, state: &State, watch: &mut Watch) {
        let Process { cluster, key, own, dictionary, visited, next, out, sent, here, states, begun, depth, .. } = self;
        let (begun, processes) = (*begun as u32, out.len());
        let (mut generated, mut unknown) = (0, Vec::new());
        let mut actions = mem::take(&mut self.actions);
        cluster.each_step_within(state, &mut actions, &mut |tables, place, reached, _| {
            generated += 1;
            let Ok(place) = u32::try_from(place) else {
                here.cut = Some(Cut::Numbers(Counted::Steps));
                return ControlFlow::Break(());
            };
            let to = keeper(reached.placement(tables), processes);
            if to == *own {
                match next.offer(visited, key, StepKey::new(number, place), reached) {
                    None => here.cut = Some(Cut::Numbers(Counted::States)),
                    Some(false) => {}
                    Some(true) => {
                        dictionary.note((state, place), reached);
                        here.cut = here.cut.or_else(|| watch.memory_for(visited.growth()?));
                    }
                }
            } else {
                let hash = key.hash(reached);
                let remembered = &mut sent[hash as usize % REMEMBERED];
                if *remembered != hash {
                    *remembered = hash;
                    if dictionary.is_known_to(to, reached) {
                        write_state(cluster, (number - begun, place), reached, &mut out[to]);
                    } else {
                        unknown.push((to, place, reached.clone()));
                    }
                }
            }
            let found = *states + next.len();
            let stop = watch.stop(At { states: found, frontier: found - number as usize, depth: *depth });
            here.cut = here.cut.or(stop);
            if here.cut.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.actions = actions;
        self.here.expanded += 1;
        self.here.generated += u64::from(generated);
        self.expanded.push((number, generated));
        for (to, place, reached) in unknown {
            self.send_with_parts(to, (number, state, place), &reached);
        }
        self.note_full();
    }

    /// Sends a state, and the recipes for those of its parts that the receiver does not know.
    fn send_with_parts(&mut self, to: usize, (number, state, place): (u32, &State, u32), reached: &State) {
        self.dictionary.note((state, place), reached);
        let told = self.dictionary.tell(to, reached, &mut self.out[to], RECIPE);
        self.broken = self.broken.or(told.err());
        write_state(self.cluster, (number - self.begun as u32, place), reached, &mut self.out[to]);
    }

    /// Takes those steps from a state that the checkpoint names.
    fn take_again(&mut self, number: u32, state: &State, watch: &mut Watch) {
        let places = self.replay.as_mut().map_or_else(Vec::new, |replay| replay.steps_from(number));
        for place in places {
            let reached = match self.dictionary.after(state, place) {
                Ok(reached) => reached,
                Err(broken) => return self.broken = self.broken.or(Some(broken)),
            };
            let to = keeper(reached.placement(&reached.tables()), self.out.len());
            if to == self.own {
                self.next.offer(&mut self.visited, &self.key, StepKey::new(number, place), &reached);
                self.dictionary.note((state, place), &reached);
            } else {
                self.send_with_parts(to, (number, state, place), &reached);
            }
        }
        self.here.expanded += 1;
        self.expanded.push((number, 0));
        let found = self.states + self.next.len();
        let at = At { states: found, frontier: found - number as usize, depth: self.depth };
        self.here.cut = self.here.cut.or_else(|| watch.stop(at));
    }

    fn note_full(&mut self) {
        if self.cluster.is_full() {
            self.here.cut = self.here.cut.or(Some(Cut::Numbers(Counted::Parts)));
        }
    }

    /// Takes in a message of another process.
    fn take(&mut self, from: usize, mut message: &[u8]) {
        while let Some((tag, bytes)) = message.split_first() {
            message = bytes;
            match *tag {
                RECIPE => {
                    let heard = self.dictionary.hear(from, &mut message);
                    self.broken = self.broken.or(heard.err());
                    self.note_full();
                }
                HALT => self.halted = true,
                _ => {
                    let (parent, place) = (self.begun as u32 + u32::read(&mut message), u32::read(&mut message));
                    match self.dictionary.read(from, &mut message) {
                        Err(broken) => self.broken = self.broken.or(Some(broken)),
                        Ok(state) => {
                            let step = StepKey::new(parent, place);
                            if self.next.offer(&mut self.visited, &self.key, step, &state).is_none() {
                                self.here.cut = Some(Cut::Numbers(Counted::States));
                            }
                        }
                    }
                }
            }
        }
    }
}

fn write_state(cluster: &ClusterModel, (parent, place): (u32, u32), state: &State, out: &mut Vec<u8>) {
    out.push(STATE);
    write_number(parent.into(), out);
    write_number(place.into(), out);
    cluster.write(state, out);
}
