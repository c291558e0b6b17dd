//! What the rules share that keep one row a key and decide, change by change, whether the incoming one is taken.

use super::*;

/// A row as it stands, or what is left of a deleted one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Row {
    /// The time that its writer's clock gave it.
    pub time: u64,
    /// How often it has been written, as far as the writer knew: a revision or version number, where the system has
    /// one.
    pub count: u64,
    /// How often it has come to life or died, where the system counts that.
    pub life: u64,
    /// Which write it is.
    pub dot: Dot,
    /// `None` if it is deleted.
    pub value: Option<Text>,
}

impl Row {
    /// Whether there is a row to be read.
    pub fn is_live(&self) -> bool {
        self.value.is_some()
    }
}

/// A write on its way: the row as its writer found it, and as it left it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowChange {
    /// The row before the write, if there was a live one.
    pub before: Option<Row>,
    /// The row after it.
    pub after: Row,
}

/// What a statement does to the row that it finds.
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
    /// Whether what the writer's clock says matters.
    const CLOCKS: bool;
    /// Whether a whole row from elsewhere can be resolved as a change is, though nobody knows what it was written over.
    const MERGES: bool;

    /// Where this rule runs, if a write that is made here is taken without a question, as SQL does it.
    fn node(&self) -> Option<MasterId> {
        None
    }

    /// Whether nothing is left of a deleted row.
    fn forgets_deletes(&self) -> bool {
        false
    }

    /// Why a statement changes no row, so that it is no write; `None`, the default, if it is one.
    fn changes_nothing(&self, _held: Option<&Row>, _value: Option<&Text>) -> Option<&'static str> {
        None
    }

    /// Completes a local write: by default it has its writer's time, and no other number.
    fn number(&self, _held: Option<&Row>, _after: &mut Row) {}

    /// Whether the change is taken in place of what is held.
    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool;

    /// Why a change is not [taken](Self::takes) in place of a row that is held, in words that follow a master's name.
    fn why_not(&self, _held: &Row, _change: &RowChange) -> &'static str {
        "kept what it had"
    }
}

/// The answer to a DELETE that finds no row, where that is no write.
pub(super) fn no_row(held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
    deletes_nothing(held, value).then_some("there is no row to delete (0 rows)")
}

/// The answer to an UPDATE to the value that the row has, where that is no write.
pub(super) fn same_value(held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
    let same = value.is_some() && held.is_some_and(|held| held.value.as_ref() == value);
    same.then_some("the row has that value already (0 rows changed)")
}

/// Whether it is a delete, and there is nothing to delete.
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
    let after = (change.after.is_live() || !rule.forgets_deletes()).then(|| change.after.clone());
    let altered = *state != after;
    *state = after;
    altered
}

/// Why [`apply`] of the change makes no difference.
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

            fn shows(&self, state: &Self::State, dot: Dot) -> bool {
                state.as_ref().is_some_and(|held| held.dot == dot)
            }
        }
    )*};
}
pub(super) use row_rules;
