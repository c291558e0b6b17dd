//! The steps computed so far, and the states that they lead to: [`Book`].

use super::line::Asked;
use super::talk::Talk;
use super::turn::Turn;
use multimaster::{Key, MasterId, Reading};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// After this many steps, walks become rarer.
const OFTEN: usize = 10;

/// A state of a node, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u32);

/// The result of a step.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) next: Place,
    pub(super) turn: Arc<Turn>,
    /// The inputs of the process that computed it.
    by: Arc<[Asked]>,
}

/// What identifies a state: the node, the state that it tells, and the requests that await an answer.
type Told = (MasterId, Arc<str>, BTreeSet<u32>);

#[derive(Debug)]
struct Known {
    me: MasterId,
    /// The step that first led here; `None` at the start.
    came: Option<(Place, Asked)>,
    readings: Arc<Turn>,
    /// The steps from here that are known, and how often a walk took each.
    steps: Vec<(Asked, u32)>,
}

/// All states and steps that are known.
#[derive(Debug, Default)]
pub(super) struct Book {
    known: Vec<Known>,
    told: HashMap<Told, Place>,
    starts: BTreeMap<MasterId, Done>,
    done: HashMap<(Place, Asked), Done>,
    /// The number of steps at which the last walk was due.
    walked: usize,
}

/// Two runs that should be equal and are not.
pub(super) struct Unequal {
    pub(super) one: (Arc<[Asked]>, Arc<Turn>),
    pub(super) other: (Arc<[Asked]>, Arc<Turn>),
}

impl Book {
    fn at(&self, place: Place) -> &Known {
        &self.known[place.0 as usize]
    }

    /// The result of a step, if it is known.
    pub(super) fn done(&self, place: Place, asked: &Asked) -> Option<Done> {
        self.done.get(&(place, asked.clone())).cloned()
    }

    /// The first result of a node, if it is known.
    pub(super) fn start(&self, me: MasterId) -> Option<Done> {
        self.starts.get(&me).cloned()
    }

    /// What is read in this state.
    pub(super) fn reading(&self, place: Place, key: &Key) -> Option<Reading> {
        self.at(place).readings.readings.get(key).cloned()
    }

    /// The node, and its steps from the start to this state, by the way on which it was first reached.
    pub(super) fn path(&self, place: Place) -> (MasterId, Vec<(Asked, Done)>) {
        let me = self.at(place).me;
        let (mut path, mut at) = (Vec::new(), place);
        while let Some((before, asked)) = &self.at(at).came {
            path.extend(self.done(*before, asked).map(|done| (asked.clone(), done)));
            at = *before;
        }
        path.extend(self.start(me).map(|done| (Asked::Start, done)));
        path.reverse();
        (me, path)
    }

    /// Notes the result of a step from `from`, or of a start, that this process computed.
    ///
    /// # Errors
    /// If the step has had another result, or the state is equal to one in which other values are read.
    pub(super) fn record(
        &mut self,
        from: Option<(Place, &Asked)>,
        turn: &Arc<Turn>,
        talk: &Talk,
    ) -> Result<Done, Box<Unequal>> {
        let by: Arc<[Asked]> = talk.given.as_slice().into();
        let unequal = |other: &Done| {
            let other = (Arc::clone(&other.by), Arc::clone(&other.turn));
            Box::new(Unequal { one: (Arc::clone(&by), Arc::clone(turn)), other })
        };
        let known = match from {
            Some((place, asked)) => self.done(place, asked),
            None => self.start(talk.me),
        };
        if let Some(known) = known {
            return if known.turn == *turn { Ok(known) } else { Err(unequal(&known)) };
        }
        let told = turn.state.clone().map(|state| (talk.me, state, talk.waiting().clone()));
        let next = match told.as_ref().and_then(|told| self.told.get(told)) {
            Some(next) => *next,
            None => self.add(talk.me, from, turn, told),
        };
        let done = Done { next, turn: Arc::clone(turn), by: Arc::clone(&by) };
        match from {
            Some((place, asked)) => {
                self.known[place.0 as usize].steps.push((asked.clone(), 0));
                self.done.insert((place, asked.clone()), done.clone())
            }
            None => self.starts.insert(talk.me, done.clone()),
        };
        let first = self.path(next).1.pop().map(|(_, done)| done);
        if let Some(first) = first.filter(|first| first.turn.readings != turn.readings) {
            return Err(unequal(&first));
        }
        Ok(done)
    }

    /// Whether it is time to walk through the known steps: at first after each step, later after a tenth more.
    pub(super) fn is_walk_due(&mut self) -> bool {
        let steps = self.starts.len() + self.done.len();
        let due = steps >= self.walked + 1 + (self.walked.saturating_sub(OFTEN) / 10);
        if due {
            self.walked = steps;
        }
        due
    }

    /// The step from this state that walks took least often. A request that was made is not made again.
    pub(super) fn onward(&mut self, place: Place, given: &[Asked]) -> Option<(Asked, Done)> {
        let was_made = |asked: &Asked| matches!(asked, Asked::Request(..)) && given.contains(asked);
        let steps = self.known[place.0 as usize].steps.iter_mut();
        let (asked, taken) = steps.filter(|(asked, _)| !was_made(asked)).min_by_key(|(_, taken)| *taken)?;
        *taken += 1;
        let asked = asked.clone();
        self.done(place, &asked).map(|done| (asked, done))
    }

    fn add(&mut self, me: MasterId, from: Option<(Place, &Asked)>, turn: &Arc<Turn>, told: Option<Told>) -> Place {
        let next = Place(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
        let came = from.map(|(place, asked)| (place, asked.clone()));
        self.known.push(Known { me, came, readings: Arc::clone(turn), steps: Vec::new() });
        self.told.extend(told.map(|told| (told, next)));
        next
    }
}

impl Done {
    /// The inputs of the process that computed it, and the result.
    pub(super) fn run(&self) -> (Arc<[Asked]>, Arc<Turn>) {
        (Arc::clone(&self.by), Arc::clone(&self.turn))
    }
}
