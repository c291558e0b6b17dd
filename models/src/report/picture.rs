//! A path as a picture: [`Diagram`].

mod canvas;
mod columns;
mod mermaid;
mod svg;
pub mod text;

pub use svg::STYLE;

use crate::model::Expectation;
use crate::printed::shown;
use crate::properties::{AGREEMENT, CONVERGENCE};
use crate::subject::{Arrow, Subject};

/// A path as it will be drawn: as [SVG](Self::svg) or as [Mermaid](Self::mermaid).
///
/// Time runs downward, and each step is a row. A master's readings are written on its lifeline whenever they change,
/// and below it at the end; in red if masters violate convergence or agreement. The violated properties are listed
/// underneath. Equal paths give equal text.
#[derive(Clone, Debug)]
pub struct Diagram {
    /// The scenario and the claim about the last state, which stand above the picture. Empty: no heading.
    heading: Vec<String>,
    masters: Vec<String>,
    rows: Vec<Row>,
    /// The number of rows before those that repeat for ever; that of all rows, if nothing more happens.
    repeat: Option<usize>,
    /// The readings of each master in the last state.
    last: Vec<String>,
    /// Whether the last readings violate convergence or agreement.
    disagree: bool,
    /// The violated properties, each with the reason.
    complaints: Vec<String>,
}

/// A step as it will be drawn.
#[derive(Clone, Debug)]
struct Row {
    /// The step in words.
    step: String,
    arrow: Arrow,
    remark: Option<String>,
    /// The masters whose readings the step changed, and their new readings.
    reads: Vec<(usize, String)>,
}

impl Diagram {
    /// The diagram of `path`, without a heading. It complains of each `always` property that is false in the last
    /// state.
    pub fn of<M: Subject>(model: &M, path: &[(M::State, Option<M::Action>)]) -> Diagram {
        let masters = model.masters();
        let mut rows = Vec::new();
        for pair in path.windows(2) {
            let [(state, Some(action)), (next, _)] = pair else { continue };
            let (before, after) = (model.readings(state), model.readings(next));
            let changed = after.into_iter().enumerate().filter(|(master, reads)| before[*master] != *reads);
            let reads = changed.map(|(master, reads)| (master, shown(&reads))).collect();
            let remark = model.remark(state, action).map(|remark| shown(&remark));
            let step = shown(&model.describe(state, action));
            rows.push(Row { step, arrow: shown_arrow(model.arrow(state, action)), remark, reads });
        }
        let (mut last, mut complaints, mut disagree) = (vec![String::new(); masters.len()], Vec::new(), false);
        if let Some((state, _)) = path.last() {
            last = model.readings(state).into_iter().map(|reads| format!("reads {}", shown(&reads))).collect();
            for property in model.properties() {
                if property.expectation == Expectation::Always && !(property.condition)(model, state) {
                    let why = model.complaint(property.name, state).unwrap_or_else(|| "violated".into());
                    complaints.push(format!("{}: {}", property.name, shown(&why)));
                    disagree |= [CONVERGENCE, AGREEMENT].contains(&property.name);
                }
            }
        }
        disagree &= last.iter().any(|reads| *reads != last[0]);
        Diagram { heading: Vec::new(), masters, rows, repeat: None, last, disagree, complaints }
    }

    /// The same diagram under the scenario's name, and below it the claim about the last state.
    pub fn under(mut self, scenario: &str, claim: &str) -> Diagram {
        self.heading = [scenario, claim].into_iter().filter(|line| !line.is_empty()).map(shown).collect();
        self
    }

    /// The same diagram, with the number of steps before those that repeat for ever.
    pub fn repeating(mut self, repeat: Option<usize>) -> Diagram {
        self.repeat = repeat;
        self
    }

    /// The text of the mark of a cycle below this many rows.
    fn mark(&self, place: usize) -> Option<String> {
        let begins = self.repeat?;
        match (place == begins, place == self.rows.len()) {
            (true, true) => Some("nothing more happens".into()),
            (true, false) => Some("from here on, for ever:".into()),
            (false, true) => Some(format!("and again from step {}", begins + 1)),
            (false, false) => None,
        }
    }

    /// The same diagram with one more violated property and its reason, which the last state alone does not show.
    pub fn complaining(mut self, property: &str, why: &str) -> Diagram {
        self.complaints.push(format!("{property}: {}", shown(why)));
        self
    }

    /// The picture in words, for people who do not see it.
    fn described(&self) -> String {
        let masters = self.masters.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
        let mut text = format!("Masters: {masters}.");
        for (place, row) in self.rows.iter().enumerate() {
            text += &format!(" Step {}: {}", place + 1, row.step);
            if let Some(remark) = &row.remark {
                text += &format!(" ({remark})");
            }
            for (master, reads) in &row.reads {
                text += &format!("; {} reads {reads}", shown(&self.masters[*master]));
            }
            text.push('.');
        }
        match self.repeat {
            Some(begins) if begins < self.rows.len() => text += &format!(" And again from step {}.", begins + 1),
            Some(_) => text += " Nothing more happens.",
            None => {}
        }
        for complaint in &self.complaints {
            text += &format!(" Violated: {complaint}.");
        }
        text
    }
}

/// [`Diagram::svg`] of a path, without a heading.
pub fn sequence_diagram<M: Subject>(model: &M, path: Vec<(M::State, Option<M::Action>)>) -> String {
    Diagram::of(model, &path).svg()
}

/// The arrow with its label shortened and escaped.
fn shown_arrow(mut arrow: Arrow) -> Arrow {
    if let Some(label) = arrow.label_mut() {
        *label = shown(label);
    }
    arrow
}
