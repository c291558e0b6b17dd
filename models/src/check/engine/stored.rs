//! The pass over states that are [stored](Storage) as bytes: [`Pass`].

use super::identity::random_seed;
use super::{At, Counted, Cut, Found, Key, Limits, Storage, Watch, decides, taken};
use crate::check::disk::{Checkpoint, Fault, Folder, Progress, Store};
use crate::model::{Codec, Property};
use crate::subject::Subject;
use std::env;
use std::ops::ControlFlow;

/// Expands the states in the order of their numbers, which are those that they would have in memory: at the end of each
/// depth, the states of the next one are known to be new.
pub(super) struct Pass<'m, M: Subject> {
    subject: &'m M,
    codec: &'m dyn Codec<M::State>,
    properties: &'m [Property<M>],
    limits: Limits,
    key: Key,
    store: Store<'m, M::State>,
    checkpoint: Option<Checkpoint>,
    at: Progress,
    /// A buffer for the actions of a state.
    actions: Vec<M::Action>,
    /// The reason for which the pass ends before the next state is expanded.
    cut: Option<Cut>,
    /// Whether memory runs out.
    crowded: bool,
    /// The bytes of memory at which states are moved to the disk.
    room_to: u64,
    on_disk: u64,
}

/// The number of states between two readings of the memory taken.
const WEIGHED: usize = 4096;

impl<'m, M: Subject> Pass<'m, M> {
    /// Finds the initial states, or continues from a checkpoint.
    pub(super) fn begin(
        subject: &'m M,
        codec: &'m dyn Codec<M::State>,
        properties: &'m [Property<M>],
        limits: Limits,
        storage: &Storage,
    ) -> Result<Self, Fault> {
        let initial = subject.init_states();
        let most_held = storage.most_held.unwrap_or(usize::MAX);
        let new_key = |seed| if storage.wide { Key::from_seed(seed).wide() } else { Key::from_seed(seed) };
        let (key, store, checkpoint, at);
        match &storage.checkpoints {
            Some(asked) if asked.resume => {
                let mut actions = Vec::new();
                let again = |progress: &Progress, number: usize, state: M::State| {
                    for (property, decided) in properties.iter().zip(&progress.decided) {
                        if decided.is_none_or(|decided| number <= decided) {
                            decides(subject, property, &state);
                        }
                    }
                    subject.each_step(&state, &mut actions, &mut |_, _, _| ControlFlow::Continue(()));
                };
                let (folder, run) = (&asked.folder, asked.run.clone());
                let resumed = Checkpoint::resume(folder, asked.every, run, codec, most_held, again)?;
                (checkpoint, store, at) = (Some(resumed.0), resumed.1, resumed.2);
                key = new_key(at.seed);
            }
            asked => {
                let begin = |asked: &super::Checkpoints| {
                    Checkpoint::begin(&asked.folder, asked.every, asked.run.clone(), codec.parts())
                };
                checkpoint = asked.as_ref().map(begin).transpose()?;
                let folder = checkpoint.as_ref().map_or_else(
                    || Folder::temporary(storage.folder.clone().unwrap_or_else(env::temp_dir)),
                    Checkpoint::folder,
                );
                let seed = random_seed();
                key = new_key(seed);
                let within = initial.into_iter().enumerate().filter(|(_, state)| subject.within_boundary(state));
                let states: Vec<_> = within.collect();
                let outside = states.len() < subject.init_states().len();
                let found = states.into_iter().map(|(place, state)| {
                    let fingerprint = key.fingerprint(&state);
                    (place, state, fingerprint)
                });
                store = Store::new(codec, found, (storage.wide, most_held), folder)?;
                let (generated, decided) = (store.found(), vec![None; properties.len()]);
                at = Progress { seed, generated, decided, outside, ..Progress::default() };
            }
        }
        // Room is made while there still is some: what is freed then is used again.
        let room_to = limits.memory.map_or(u64::MAX, |most| most / 10 * 9);
        let (actions, cut, crowded, on_disk) = (Vec::new(), None, false, 0);
        let mut pass = Pass {
            subject,
            codec,
            properties,
            limits,
            key,
            store,
            checkpoint,
            at,
            actions,
            cut,
            crowded,
            room_to,
            on_disk,
        };
        pass.weigh();
        Ok(pass)
    }

    /// Visits all states within the limits. The checkpoint is one from which the search can continue if it was cut.
    pub(super) fn run(
        mut self,
        watch: &mut Watch,
        mut progress: impl FnMut(usize, usize),
    ) -> (Found, Option<Checkpoint>) {
        watch.continue_after(self.at.time);
        // Leaks one text for each exploration that fails.
        let failed = |fault: Fault| Some(Cut::Disk(fault.leak()));
        let cut = self.visit(watch, &mut progress).unwrap_or_else(failed);
        let frontier = self.store.found() - self.store.expanded() + usize::from(cut == Some(Cut::Found));
        let cut = cut.or(self.at.outside.then_some(Cut::Boundary));
        let Progress { generated, depth, decided, .. } = self.at;
        let (states, on_disk) = (self.store.found(), self.on_disk.max(self.store.on_disk()));
        let reached = self.store.into_reached();
        (Found { states, generated, depth, frontier, decided, reached, graph: None, cut, on_disk }, self.checkpoint)
    }

    fn visit(&mut self, watch: &mut Watch, progress: &mut impl FnMut(usize, usize)) -> Result<Option<Cut>, Fault> {
        loop {
            while self.store.unread() > 0 {
                if let Some(cut) = self.pause(watch)? {
                    return Ok(Some(cut));
                }
                let Some(state) = self.store.read()? else { break };
                let index = self.store.expanded() - 1;
                if self.judge(&state, index) {
                    return Ok(Some(Cut::Found));
                }
                self.expand(&state, index, watch, progress)?;
                if let Some(checkpoint) = &mut self.checkpoint {
                    checkpoint.expanded(self.codec, index, &state)?;
                }
            }
            self.on_disk = self.on_disk.max(self.store.on_disk());
            self.store.end_level()?;
            if self.store.unread() == 0 {
                // A pass with checkpoints leaves no state half expanded, so all states have been expanded.
                let late = self.checkpoint.is_some() && !matches!(self.cut, Some(Cut::Numbers(_)));
                return Ok(self.cut.filter(|_| !late));
            }
            self.at.depth += 1;
            if self.store.found() > self.limits.states {
                self.cut = self.cut.or(Some(Cut::States(self.limits.states)));
            }
        }
    }

    /// Evaluates the properties that are not decided yet. True if the one that ends the search is violated.
    fn judge(&mut self, state: &M::State, index: usize) -> bool {
        for (property, decided) in self.properties.iter().zip(&mut self.at.decided) {
            if decided.is_none() && decides(self.subject, property, state) {
                *decided = Some(index);
                if self.limits.until == Some(property.name) {
                    return true;
                }
            }
        }
        false
    }

    fn expand(
        &mut self,
        state: &M::State,
        index: usize,
        watch: &mut Watch,
        progress: &mut impl FnMut(usize, usize),
    ) -> Result<(), Fault> {
        let Pass { subject, limits, key, store, checkpoint, at, actions, cut, crowded, .. } = self;
        // A checkpoint has no half expanded state.
        let ends = |cut: &Option<Cut>| cut.is_some() && checkpoint.is_none();
        let mut failed = None;
        subject.each_step(state, actions, &mut |place, next, _| {
            if !subject.within_boundary(next) {
                at.outside = true;
                return ControlFlow::Continue(());
            }
            at.generated += 1;
            let Ok(place) = u32::try_from(place) else {
                *cut = Some(Cut::Numbers(Counted::Steps));
                return ControlFlow::Break(());
            };
            match store.reach(key.fingerprint(next), next, (index as u32, place), u32::MAX) {
                None => *cut = Some(Cut::Numbers(Counted::States)),
                Some(Err(fault)) => failed = Some(fault),
                Some(Ok(false)) => {}
                Some(Ok(true)) => {
                    if store.found().is_multiple_of(4096) {
                        progress(store.found(), at.depth);
                    }
                    // On disk, states may be counted twice until the depth ends.
                    if !store.is_on_disk() && store.found() > limits.states {
                        *cut = cut.or(Some(Cut::States(limits.states)));
                    }
                    *crowded |= store.growth().is_some_and(|bytes| watch.memory_for(bytes).is_some());
                }
            }
            match watch.stop(At { states: store.found(), frontier: store.found() - index, depth: at.depth }) {
                Some(Cut::Memory(_)) => *crowded = true,
                stop => *cut = cut.or(stop),
            }
            if failed.is_some() || ends(cut) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if subject.is_full() {
            self.cut = self.cut.or(Some(Cut::Numbers(Counted::Parts)));
        }
        failed.map_or(Ok(()), Err)
    }

    /// Between two states: moves states to the disk, writes a checkpoint, or returns why the search ends.
    fn pause(&mut self, watch: &mut Watch) -> Result<Option<Cut>, Fault> {
        if self.store.expanded().is_multiple_of(WEIGHED) {
            self.weigh();
        }
        let at = At {
            states: self.store.found(),
            frontier: self.store.found() - self.store.expanded(),
            depth: self.at.depth,
        };
        match watch.stop(at) {
            Some(Cut::Memory(most)) if !self.store.can_make_room() => self.cut = self.cut.or(Some(Cut::Memory(most))),
            Some(Cut::Memory(_)) => self.crowded = true,
            stop => self.cut = self.cut.or(stop),
        }
        if self.cut.is_none() && self.crowded {
            self.crowded = false;
            self.store.make_room()?;
            self.room_to = self.room_to.max(taken().unwrap_or(0)).saturating_add(self.limits.memory.unwrap_or(0) / 64);
        }
        if self.cut.is_none() && self.store.is_full() {
            self.store.move_to_disk()?;
        }
        // Where numbers ran out, steps were left out.
        let is_whole = !matches!(self.cut, Some(Cut::Numbers(_)));
        if let Some(checkpoint) = &mut self.checkpoint
            && is_whole
            && (self.cut.is_some() || checkpoint.is_due())
        {
            self.at.time = watch.elapsed();
            checkpoint.save(&mut self.store, self.at.clone())?;
        }
        Ok(self.cut)
    }

    /// Reads the memory taken.
    fn weigh(&mut self) {
        self.crowded |= self.limits.memory.is_some() && taken().is_some_and(|taken| taken > self.room_to);
    }
}
