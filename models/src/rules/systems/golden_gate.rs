use super::row::{RowRule, Statement, row_rules};
use super::*;

/// Oracle GoldenGate's conflict detection and resolution, with a column that holds the time of the last change. There
/// is a conflict if the target row differs from the change's before image; then the [`Method`] decides.
///
/// A `set` is an INSERT if there is no row, or else an UPDATE; it also sets the time, so an equal value is a change. A
/// DELETE that finds no row is answered "0 rows" and is no write: Extract reads the changes of rows from the redo log
/// (Oracle GoldenGate 19.1, "About Extract"), and there is none.
///
/// With `USEMAX` and `USEMAXEQ` as in Oracle's first example: a delete is applied over any row, an update of a missing
/// row is turned into an insert, a delete of a missing row is discarded. Source: Oracle GoldenGate 19.1, "Configuring
/// Conflict Detection and Resolution", description of the MAP statement, example 1; also of equal values: "the incoming
/// row is ignored" by `USEMAX`, and not by `USEMAXEQ`.
#[derive(Clone, Copy, Debug)]
pub struct GoldenGate {
    /// The resolution of conflicts.
    pub method: Method,
}

/// A conflict resolution method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The incoming row, if it is later.
    UseMax,
    /// The incoming row, unless it is earlier.
    UseMaxEq,
    /// The incoming row.
    Overwrite,
    /// The target row, or its absence.
    Ignore,
}

impl RowRule for GoldenGate {
    const CLOCKS: bool = true;
    const MERGES: bool = false;

    fn forgets_deletes(&self) -> bool {
        true
    }

    fn changes_nothing(&self, held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
        row::no_row(held, value)
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        let image = |row: &Row| (row.time, row.value.clone());
        if held.map(image) == change.before.as_ref().map(image) {
            return true;
        }
        match (self.method, held, change.statement()) {
            (Method::Overwrite, ..) => true,
            (Method::Ignore, ..) => false,
            (_, None, _) | (_, _, Statement::Delete) => true,
            (Method::UseMax, Some(held), _) => change.after.time > held.time,
            (Method::UseMaxEq, Some(held), _) => change.after.time >= held.time,
        }
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        match self.method {
            Method::Ignore => "has not the row that the writer had found",
            _ if held.time > change.after.time => "had a later row",
            _ => "keeps its own row at equal times",
        }
    }
}

row_rules!(GoldenGate);

/// Oracle GoldenGate's `USEDELTA` for a column of numbers: the change's after image less its before image is added to
/// the target. A change that was applied before is not recognized.
///
/// Source: Oracle GoldenGate 19.1, "Configuring Delta Conflict Detection and Resolution". Delta columns of pgEdge Spock
/// and of others add likewise.
#[derive(Clone, Copy, Debug, Default)]
pub struct GoldenGateDelta;

impl Resolver for GoldenGateDelta {
    type State = i64;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, total: &i64, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
        let Op::Add(amount) = op else {
            return Err(Refusal::WrongKind(op));
        };
        let fits = total.checked_add(amount).is_some();
        if fits { Ok(amount) } else { Err(Refusal::Because("the number is too large".into())) }
    }

    fn apply(&self, total: &mut i64, change: &Change<i64>) -> bool {
        *total = total.saturating_add(change.effect);
        change.effect != 0
    }

    fn read(&self, total: &i64) -> Reading {
        Reading::Total(*total)
    }

    fn why_kept(&self, _: &i64, _: &Change<i64>) -> &'static str {
        "had nothing to add"
    }

    /// A sum does not tell its summands.
    fn merge(&self, _: Side<'_, i64>, _: Side<'_, i64>) -> Option<i64> {
        None
    }

    fn shows(&self, _: &i64, _: Dot) -> bool {
        true
    }
}
