//! The numbers of parts in other processes: [`Dictionary`].

use crate::check::engine::spread::Broken;
use crate::model::bytes::{Stored, write_number};
use crate::model::{Codec, Model};
use crate::world::Part;
use crate::world::cluster::{ClusterModel, InShard, State};

/// By kind and number of a part, a number about it.
#[derive(Default)]
struct Table([Vec<u32>; Part::KINDS]);

const NONE: u32 = u32::MAX;
/// The recipe of the parts of initial states, which all processes know.
const INITIAL: u32 = u32::MAX - 1;

impl Table {
    fn get(&self, (part, number): (Part, u32)) -> Option<u32> {
        self.0[part as usize].get(number as usize).copied().filter(|known| *known != NONE)
    }

    fn set(&mut self, (part, number): (Part, u32), value: u32) {
        let (known, place) = (&mut self.0[part as usize], number as usize);
        if known.len() <= place {
            known.resize(place + 1, NONE);
        }
        known[place] = value;
    }
}

/// A state, as bytes, and the index of a step that makes certain parts from it.
struct Recipe {
    state: Box<[u8]>,
    place: u32,
}

/// The dictionary between the numbers of this process and those of the others.
///
/// A state crosses with the numbers of its sender. Before a part's number crosses for the first time, its content does,
/// as a recipe: a state whose parts the receiver knows, and the step that makes the part. The receiver takes the step,
/// which makes the part in its own tables, and notes the two numbers.
pub(super) struct Dictionary<'m> {
    cluster: &'m ClusterModel,
    recipes: Vec<Recipe>,
    /// By part, the index of its recipe.
    recipe_of: Table,
    /// By process, the parts whose recipes it has been told.
    told: Vec<Table>,
    /// By process and its number of a part, the number here.
    heard: Vec<Table>,
    buffer: State,
    actions: Vec<InShard>,
}

/// Calls `visit` with each part of the state. `buffer` is any state.
fn each(state: &State, buffer: &mut State, mut visit: impl FnMut((Part, u32))) {
    buffer.clone_from(state);
    buffer.each_number(&mut |part, number| visit((part, *number)));
}

impl<'m> Dictionary<'m> {
    /// The parts of the initial states need no recipes.
    pub(super) fn new(cluster: &'m ClusterModel, processes: usize, initial: &[State]) -> Option<Dictionary<'m>> {
        let (mut recipe_of, mut buffer) = (Table::default(), initial.first()?.clone());
        let tables = || (0..processes).map(|_| Table::default()).collect::<Vec<_>>();
        let (mut told, heard) = (tables(), tables());
        for state in initial {
            each(state, &mut buffer, |part| {
                recipe_of.set(part, INITIAL);
                told.iter_mut().for_each(|told| told.set(part, INITIAL));
            });
        }
        Some(Dictionary { cluster, recipes: Vec::new(), recipe_of, told, heard, buffer, actions: Vec::new() })
    }

    /// Learns from an initial state as another process wrote it.
    pub(super) fn hear_initial(&mut self, from: usize, bytes: &mut &[u8], own: &State) -> Result<(), Broken> {
        let theirs = self.cluster.read(bytes);
        self.align(from, theirs, own)
    }

    /// Notes that this step leads to `next`, which thereby has a recipe for each of its parts. The state that is left
    /// must have one for each of its own.
    pub(super) fn note(&mut self, (state, place): (&State, u32), next: &State) {
        let Dictionary { cluster, recipes, recipe_of, buffer, .. } = self;
        let mut recipe = None;
        each(next, buffer, |part| {
            if recipe_of.get(part).is_none() {
                let recipe = *recipe.get_or_insert_with(|| {
                    let mut bytes = Vec::new();
                    cluster.write(state, &mut bytes);
                    recipes.push(Recipe { state: bytes.into(), place });
                    recipes.len() as u32 - 1
                });
                recipe_of.set(part, recipe);
            }
        });
    }

    /// Whether the other process knows all parts of the state.
    #[inline]
    pub(super) fn is_known_to(&mut self, to: usize, state: &State) -> bool {
        let (told, mut known) = (&self.told[to], true);
        each(state, &mut self.buffer, |part| known &= told.get(part).is_some());
        known
    }

    /// Writes the recipes of those parts of the state that the other process does not know.
    pub(super) fn tell(&mut self, to: usize, state: &State, out: &mut Vec<u8>, tag: u8) -> Result<(), Broken> {
        let mut untold = Vec::new();
        let told = &self.told[to];
        each(state, &mut self.buffer, |part| {
            if told.get(part).is_none() {
                untold.push(part);
            }
        });
        for part in untold {
            if self.told[to].get(part).is_some() {
                continue;
            }
            let recipe = self.recipe_of.get(part).ok_or(Broken("a part has no recipe"))?;
            let Recipe { state, place } =
                self.recipes.get(recipe as usize).ok_or(Broken("an initial part is unknown"))?;
            let (bytes, place) = (state.clone(), *place);
            let left = self.cluster.read(&mut &bytes[..]);
            self.tell(to, &left, out, tag)?;
            let next = self.after(&left, place)?;
            out.push(tag);
            write_number(place.into(), out);
            out.extend_from_slice(&bytes);
            self.cluster.write(&next, out);
            let told = &mut self.told[to];
            each(&next, &mut self.buffer, |part| told.set(part, recipe));
            self.told[to].get(part).ok_or(Broken("a recipe does not make its part"))?;
        }
        Ok(())
    }

    /// Takes the step of a recipe, and learns the numbers of the parts of the state that it leads to.
    pub(super) fn hear(&mut self, from: usize, bytes: &mut &[u8]) -> Result<(), Broken> {
        let place = u32::read(bytes);
        let left = self.read(from, bytes)?;
        let theirs = self.cluster.read(bytes);
        let next = self.after(&left, place)?;
        self.align(from, theirs, &next)?;
        self.note((&left, place), &next);
        Ok(())
    }

    /// Reads a state that another process wrote.
    pub(super) fn read(&self, from: usize, bytes: &mut &[u8]) -> Result<State, Broken> {
        let (mut state, heard, mut known) = (self.cluster.read(bytes), &self.heard[from], true);
        state.each_number(&mut |part, number| match heard.get((part, *number)) {
            Some(own) => *number = own,
            None => known = false,
        });
        if known { Ok(state) } else { Err(Broken("a number crossed before its part")) }
    }

    /// Notes the numbers of another process in a state that equals `own`.
    fn align(&mut self, from: usize, mut theirs: State, own: &State) -> Result<(), Broken> {
        let mut numbers = Vec::new();
        each(own, &mut self.buffer, |part| numbers.push(part));
        let (mut own_numbers, heard, mut alike) = (numbers.into_iter(), &mut self.heard[from], true);
        theirs.each_number(&mut |part, number| {
            let own = own_numbers.next().filter(|(own, _)| *own == part);
            let known = heard.get((part, *number));
            match own {
                Some((_, own)) if known.is_none_or(|known| known == own) => {
                    heard.set((part, *number), own);
                    *number = own;
                }
                _ => alike = false,
            }
        });
        if alike && theirs == *own { Ok(()) } else { Err(Broken("a step leads to different states")) }
    }

    /// The state after the step with this index.
    pub(super) fn after(&mut self, state: &State, place: u32) -> Result<State, Broken> {
        self.actions.clear();
        self.cluster.actions(state, &mut self.actions);
        let next = self.actions.get(place as usize).and_then(|action| self.cluster.step(state, *action));
        next.map(|(next, _)| next).ok_or(Broken("a step is not possible"))
    }
}
