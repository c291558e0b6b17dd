//! The common part of rules that keep one row a key and decide for each incoming change whether to apply it.

use super::*;

/// A row, or the tombstone of a deleted one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Row {
    /// The wall-clock time of its write.
    pub time: WallTime,
    /// The number of writes that its writer knew of: a revision or version number, if the system has one.
    pub count: u64,
    /// The number of inserts and deletes (the causal length), if the system counts them.
    pub life: u64,
    /// The dot of its write.
    pub dot: Dot,
    /// The value; `None` if the row is deleted.
    pub value: Option<Text>,
}

impl Row {
    /// Whether the row is not deleted.
    pub fn is_live(&self) -> bool {
        self.value.is_some()
    }
}

/// The effect of a write: the row's before image and after image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowChange {
    /// The row before the write, if it was live.
    pub before: Option<Row>,
    /// The row after the write.
    pub after: Row,
}

/// The kind of a SQL statement.
pub(super) enum Statement {
    Insert,
    Update,
    Delete,
}

impl RowChange {
    pub(super) fn statement(&self) -> Statement {
        match (&self.before, &self.after.value) {
            (_, None) => Statement::Delete,
            (None, Some(_)) => Statement::Insert,
            (Some(_), Some(_)) => Statement::Update,
        }
    }
}

/// A rule over one row a key.
pub(super) trait RowRule {
    /// Whether the rule uses wall-clock times.
    const CLOCKS: bool;
    /// Whether another master's row can be merged like a change, although its before image is unknown.
    const MERGES: bool;

    /// The master of this rule, if local writes are applied unconditionally, as SQL statements are.
    fn node(&self) -> Option<MasterId> {
        None
    }

    /// Whether a deleted row leaves no tombstone.
    fn forgets_deletes(&self) -> bool {
        false
    }

    /// Whether a background step removes tombstones.
    fn collects(&self) -> bool {
        false
    }

    /// The reason for which a statement changes no row and is no write; `None`, the default, if it is a write.
    fn changes_nothing(&self, _held: Option<&Row>, _value: Option<&Text>) -> Option<&'static str> {
        None
    }

    /// Sets the numbers of a local write; the default sets none beside its time.
    fn number(&self, _held: Option<&Row>, _after: &mut Row) {}

    /// Whether the change replaces the row held.
    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool;

    /// The reason for which a change does not [replace](Self::takes) the row held, in words that follow a master's
    /// name.
    fn why_not(&self, _held: &Row, _change: &RowChange) -> &'static str {
        "kept what it had"
    }
}

/// The answer to a DELETE without a row, if that is no write.
pub(super) fn no_row(held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
    deletes_nothing(held, value).then_some("there is no row to delete (0 rows)")
}

/// The answer to an UPDATE to an equal value, if that is no write.
pub(super) fn same_value(held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
    let same = value.is_some() && held.is_some_and(|held| held.value.as_ref() == value);
    same.then_some("the row has that value already (0 rows changed)")
}

/// Whether this is a delete without a live row.
pub(super) fn deletes_nothing(held: Option<&Row>, value: Option<&Text>) -> bool {
    value.is_none() && !held.is_some_and(Row::is_live)
}

pub(super) fn prepare(
    rule: &impl RowRule,
    held: Option<&Row>,
    op: Op,
    dot: Dot,
    timestamp: Timestamp,
) -> Result<RowChange, Refusal> {
    let time = said_time(&op, timestamp);
    let value = op.into_untimed().into_value()?;
    if let Some(why) = rule.changes_nothing(held, value.as_ref()) {
        return Err(Refusal::Because(why.into()));
    }
    let mut after = Row { time, count: 0, life: 0, dot, value };
    rule.number(held, &mut after);
    Ok(RowChange { before: held.filter(|held| held.is_live()).cloned(), after })
}

pub(super) fn apply(rule: &impl RowRule, state: &mut Option<Row>, change: &RowChange) -> bool {
    let made_here = rule.node() == Some(change.after.dot.origin());
    if !made_here && !rule.takes(state.as_ref(), change) {
        return false;
    }
    let after = (change.after.is_live() || !rule.forgets_deletes()).then_some(&change.after);
    // A row is named by the dot of its write.
    let altered = state.as_ref().map(|row| row.dot) != after.map(|row| row.dot);
    if altered {
        *state = after.cloned();
    }
    altered
}

/// The reason for which [`apply`] of the change alters nothing.
pub(super) fn why_kept(rule: &impl RowRule, state: Option<&Row>, change: &RowChange) -> &'static str {
    match state {
        None if change.after.is_live() => "has no row to update",
        None => "has no row to delete",
        Some(_) if rule.takes(state, change) => "had it already",
        Some(held) => rule.why_not(held, change),
    }
}

/// [`Resolver`] for rules over rows.
macro_rules! row_rules {
    ($($rule:ty),*) => {$(
        impl Resolver for $rule {
            type State = Option<Row>;
            type Effect = RowChange;

            fn uses_wall_clock(&self) -> bool {
                <Self as row::RowRule>::CLOCKS
            }

            fn prepare(
                &self,
                held: &Self::State,
                op: Op,
                dot: Dot,
                timestamp: Timestamp,
            ) -> Result<RowChange, Refusal> {
                row::prepare(self, held.as_ref(), op, dot, timestamp)
            }

            fn apply(&self, state: &mut Self::State, change: &Change<RowChange>) -> bool {
                row::apply(self, state, &change.effect)
            }

            fn why_kept(&self, state: &Self::State, change: &Change<RowChange>) -> &'static str {
                row::why_kept(self, state.as_ref(), &change.effect)
            }

            fn read(&self, state: &Self::State) -> Reading {
                state.as_ref().and_then(|held| held.value.clone()).map_or(Reading::Nothing, Reading::Value)
            }

            fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
                let mut merged = <Self as row::RowRule>::MERGES.then(|| ours.state.clone())?;
                if let Some(after) = theirs.state.clone() {
                    row::apply(self, &mut merged, &RowChange { before: None, after });
                }
                Some(merged)
            }

            fn collect(&self, state: &Self::State, stable: &VersionVector) -> Option<Self::State> {
                let row = state.as_ref().filter(|row| !row.is_live() && row::RowRule::collects(self))?;
                stable.contains(row.dot).then_some(None)
            }

            fn shows(&self, state: &Self::State, dot: Dot) -> bool {
                state.as_ref().is_some_and(|held| held.dot == dot)
            }
        }
    )*};
}
pub(super) use row_rules;
