use super::*;
use std::collections::BTreeMap;

/// The write with the latest *wall-clock* time wins, as its writer [gave it](Op::At); at equal times, the one with the
/// higher [`Timestamp`]. A write that was given no time has that of its timestamp.
///
/// Most systems that claim last write wins, such as Cassandra, have this rule: the time is that of the writer's clock.
/// Masters converge. But if the clock is behind, the write may have an earlier time than a write that it had seen. Then
/// it is acknowledged, but no read shows it, not even at the writer's master.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastWriteWall;

/// Fields by name. Each field keeps the write with the latest *wall-clock* time: it is a [`LastWriteWall`] register, as
/// a field of a [`LastWriteMap`] is a [`LastWriteWins`] register.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastWriteMapWall;

/// The effect of a write, and the wall-clock time that its writer gave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timed<T> {
    /// The wall-clock time; that of the timestamp if the writer gave none.
    pub wall: WallTime,
    /// The effect.
    pub item: T,
}

impl Timed<Version> {
    fn of(wall: WallTime, value: &Option<Text>, timestamp: Timestamp, dot: Dot) -> Timed<Version> {
        Timed { wall, item: Version { timestamp, dot, value: value.clone() } }
    }

    /// The order of writes: the greatest wins.
    fn order(&self) -> (WallTime, Timestamp) {
        (self.wall, self.item.timestamp)
    }

    fn beats(&self, held: Option<&Timed<Version>>) -> bool {
        held.is_none_or(|held| self.order().cmp(&held.order()).is_gt())
    }
}

fn why_earlier(held: Option<&Timed<Version>>, came: WallTime) -> &'static str {
    match held {
        Some(held) if held.wall > came => "had a later wall-clock time",
        _ => "keeps the later timestamp at a tie",
    }
}

impl Resolver for LastWriteWall {
    type State = Option<Timed<Version>>;
    type Effect = Timed<Option<Text>>;

    fn uses_wall_clock(&self) -> bool {
        true
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal> {
        let wall = op.wall_time().unwrap_or(timestamp.into());
        Ok(Timed { wall, item: op.into_untimed().into_value()? })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let incoming = Timed::of(change.effect.wall, &change.effect.item, change.timestamp, change.dot);
        let newer = incoming.beats(state.as_ref());
        if newer {
            *state = Some(incoming);
        }
        newer
    }

    fn why_kept(&self, state: &Self::State, change: &Change<Self::Effect>) -> &'static str {
        why_earlier(state.as_ref(), change.effect.wall)
    }

    fn read(&self, state: &Self::State) -> Reading {
        reading_of(state.as_ref().and_then(|held| held.item.value.as_ref()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let newer = theirs.state.as_ref().is_some_and(|theirs| theirs.beats(ours.state.as_ref()));
        Some(if newer { theirs } else { ours }.state.clone())
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|held| held.item.dot == dot)
    }
}

impl Resolver for LastWriteMapWall {
    type State = BTreeMap<Text, Timed<Version>>;
    type Effect = Timed<SetField>;

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn uses_wall_clock(&self) -> bool {
        true
    }

    fn prepare(&self, _: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal> {
        let wall = op.wall_time().unwrap_or(timestamp.into());
        let item = LastWriteMap.prepare(&BTreeMap::new(), op.into_untimed(), dot, timestamp)?;
        Ok(Timed { wall, item })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let SetField { field, value } = &change.effect.item;
        let incoming = Timed::of(change.effect.wall, value, change.timestamp, change.dot);
        let newer = incoming.beats(state.get(field));
        if newer {
            state.insert(field.clone(), incoming);
        }
        newer
    }

    fn why_kept(&self, state: &Self::State, change: &Change<Self::Effect>) -> &'static str {
        why_earlier(state.get(&change.effect.item.field), change.effect.wall)
    }

    fn read(&self, state: &Self::State) -> Reading {
        let set = state.iter().filter_map(|(field, held)| Some((field.clone(), held.item.value.clone()?)));
        Reading::Fields(set.map(|(field, value)| (field, Reading::Value(value))).collect())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let mut merged = ours.state.clone();
        for (field, theirs) in theirs.state {
            if theirs.beats(merged.get(field)) {
                merged.insert(field.clone(), theirs.clone());
            }
        }
        Some(merged)
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.values().any(|held| held.item.dot == dot)
    }
}
