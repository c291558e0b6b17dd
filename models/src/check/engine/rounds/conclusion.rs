//! The end of a round: the edges, and the limits.

use super::{Round, Steps, UNNUMBERED};
use crate::check::engine::search::Search;
use crate::check::engine::watch::{At, Watch};
use crate::check::engine::{Counted, Cut};
use crate::subject::Subject;

/// The place of a cut: before the expansion of a state, or after so many of its possible steps.
type Place = (usize, Option<u64>);

/// The part of a round that counts.
struct Counts {
    /// The end of this part.
    end: Place,
    cut: Option<Cut>,
    /// The last state in which properties count, and the number of those that count there.
    judged: (usize, usize),
    /// The number of steps that count without an edge.
    uncounted: usize,
}

/// The work of the threads in one round.
pub(in crate::check::engine) struct Sum<'r> {
    /// By thread and property, the first of its states that decides it.
    pub(in crate::check::engine) deciding: Vec<Vec<Option<usize>>>,
    /// By partition, the steps that reached its new states first, in order.
    pub(in crate::check::engine) firsts: Vec<&'r [u64]>,
    /// The steps, by thread.
    pub(in crate::check::engine) steps: Vec<&'r Steps>,
    /// The reason for which the round was given up; `None` if it was completed.
    pub(in crate::check::engine) stopped: Option<Cut>,
}

/// Adds the round to the search, and returns the next one. There is none if the search is cut, or if the next level has
/// fewer states than `large`.
pub(in crate::check::engine) fn conclude<M: Subject>(
    search: &mut Search<'_, M>,
    round: Round,
    sum: &Sum<'_>,
    large: usize,
    watch: &mut Watch,
    progress: &mut dyn FnMut(usize, usize),
) -> Option<Round> {
    let mut decided = search.decided.clone();
    for deciding in &sum.deciding {
        for (decided, deciding) in decided.iter_mut().zip(deciding) {
            *decided = [*decided, *deciding].into_iter().flatten().min();
        }
    }
    if sum.stopped.is_some() {
        (search.decided, search.cut) = (decided, sum.stopped);
        return None;
    }
    let mut counts = Counts::of(search, round, &decided, &sum.firsts);
    counts.add_steps(search, &sum.steps, round);
    let (last, properties) = counts.judged;
    for (place, (known, decided)) in search.decided.iter_mut().zip(decided).enumerate() {
        *known = decided.filter(|state| *state < last || (*state == last && place < properties));
    }
    search.cut = counts.cut;
    watch.report(At { states: search.states, frontier: search.states - search.begun, depth: search.depth });
    progress(search.states, search.depth);
    if search.cut.is_some() {
        return None;
    }
    if round.to < round.level_end {
        return Some(Round::new(round.to, round.level_end, (search.states, search.depth)));
    }
    let size = search.states - round.to;
    search.depth += usize::from(size > 0);
    (size >= large.max(1)).then(|| Round::new(round.to, search.states, (search.states, search.depth)))
}

impl Counts {
    /// Finds the first limit that the round reaches.
    fn of<M: Subject>(search: &Search<'_, M>, round: Round, decided: &[Option<usize>], firsts: &[&[u64]]) -> Counts {
        let all = decided.len();
        let mut counts = Counts { end: (round.to, None), cut: None, judged: (round.to, all), uncounted: 0 };
        let mut limit = |end: Place, cut, judged, uncounted| {
            if end < counts.end {
                counts = Counts { end, cut: Some(cut), judged, uncounted };
            }
        };
        let until = search.properties.iter().position(|property| search.limits.until == Some(property.name));
        if let Some((until, state)) = until.and_then(|until| Some((until, decided[until]?))) {
            limit((state, None), Cut::Found, (state, until + 1), 0);
        }
        let found: usize = firsts.iter().map(|firsts| firsts.len()).sum();
        let step = |number: usize| {
            let step = nth(firsts, number - round.states);
            ((step >> 32) as usize, step & u64::from(u32::MAX))
        };
        let (most, numbered) = (search.limits.states, search.numbers.states as usize);
        if round.states + found > most {
            let (state, place) = step(most.max(round.states));
            limit((state, Some(place + 1)), Cut::States(most), (state, all), 0);
        }
        if round.states + found > numbered {
            let (state, place) = step(numbered.max(round.states));
            limit((state, Some(place)), Cut::Numbers(Counted::States), (state, all), 1);
        }
        counts
    }

    /// Adds the steps of the round, up to its end, to the search.
    fn add_steps<M: Subject>(&mut self, search: &mut Search<'_, M>, steps: &[&Steps], round: Round) {
        let mut thread_of = vec![0; round.to - round.from];
        for (thread, steps) in steps.iter().enumerate() {
            steps.states.iter().for_each(|(state, _)| thread_of[*state as usize - round.from] = thread);
        }
        // By thread, the index of its next state and that of its next step.
        let mut at = vec![(0, 0); steps.len()];
        search.generated += self.uncounted;
        for (state, thread) in (round.from..).zip(thread_of) {
            if self.end <= (state, None) {
                break;
            }
            let begun = search.graph.as_mut().map_or(Ok(()), |graph| graph.begin(state));
            if let Err(counted) = begun {
                self.end_at((state, None), counted, (state, search.properties.len()));
                break;
            }
            search.begun = state + 1;
            let (Steps { states, steps, labels }, (next, from)) = (steps[thread], &mut at[thread]);
            for step in &steps[*from..states[*next].1] {
                if self.end <= (state, Some(step.place.into())) {
                    break;
                }
                search.generated += 1;
                if step.owner == UNNUMBERED {
                    let end = (state, Some(step.place.into()));
                    self.end_at(end, Counted::Steps, (state, search.properties.len()));
                    break;
                }
                let target = step.target;
                // States are numbered in the order of these steps.
                if target as usize == search.states {
                    search.states += 1;
                    search.reached.push(state as u32, step.place);
                }
                let label = &labels[step.label as usize];
                let added = search.graph.as_mut().map_or(Ok(()), |graph| graph.edge(target, step.place, label));
                if let Err(counted) = added {
                    let end = (state, Some(u64::from(step.place) + 1));
                    self.end_at(end, counted, (state, search.properties.len()));
                    break;
                }
            }
            (*next, *from) = (*next + 1, states[*next].1);
        }
    }

    fn end_at(&mut self, end: Place, counted: Counted, judged: (usize, usize)) {
        *self = Counts { end, cut: Some(Cut::Numbers(counted)), judged, uncounted: 0 };
    }
}

/// The step with this index among those of all partitions, each in order.
fn nth(firsts: &[&[u64]], index: usize) -> u64 {
    let mut all: Vec<u64> = firsts.iter().flat_map(|firsts| firsts.iter().copied()).collect();
    *all.select_nth_unstable(index).1
}
