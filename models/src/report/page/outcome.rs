//! The verdicts on a scenario as one: [`Outcome`].

use crate::properties::NO_POLICY_LOSS;
use crate::report::check::Checked;

/// The outcome of a scenario, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every property holds.
    Holds,
    /// Every judged property holds.
    Partly,
    /// Only `no policy loss` is violated.
    Policy,
    /// The exploration ended at a limit, without another violation.
    Open,
    /// Another property is violated.
    Violated,
    /// The rule or a property failed.
    Failed,
}

impl Outcome {
    /// All outcomes, in this order.
    pub const ALL: [Outcome; 6] =
        [Outcome::Holds, Outcome::Partly, Outcome::Policy, Outcome::Open, Outcome::Violated, Outcome::Failed];

    /// The outcome of this scenario.
    pub fn of(checked: &Checked) -> Outcome {
        let asked = checked.report.findings.iter().filter(|finding| !finding.witness);
        let verdicts: Vec<(&str, &str)> = asked.map(|finding| (finding.property, checked.verdict(finding))).collect();
        let any = |word: &str| verdicts.iter().any(|(_, verdict)| *verdict == word);
        match () {
            () if any("failed") => Outcome::Failed,
            () if verdicts.iter().any(|(property, verdict)| *verdict == "violated" && *property != NO_POLICY_LOSS) => {
                Outcome::Violated
            }
            () if checked.is_cut() || any("not exhausted") => Outcome::Open,
            () if any("violated") => Outcome::Policy,
            () if any("not judged") || any("vacuous") => Outcome::Partly,
            () => Outcome::Holds,
        }
    }

    /// A word, by which style sheets and scripts know it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::Partly => "partly",
            Outcome::Policy => "policy",
            Outcome::Open => "open",
            Outcome::Violated => "violated",
            Outcome::Failed => "failed",
        }
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::Partly => "holds, as far as it is judged",
            Outcome::Policy => "loses by policy",
            Outcome::Open => "not exhausted",
            Outcome::Violated => "violated",
            Outcome::Failed => "failed",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Outcome::Holds => "Every property holds in every state.",
            Outcome::Partly => {
                "Every property that was judged holds in every state. Others were not judged, or not tested."
            }
            Outcome::Policy => {
                "Only “no policy loss” is violated: of concurrent writes, the rule keeps some. That is its choice."
            }
            Outcome::Open => "No violation was found, but not every state was explored.",
            Outcome::Violated => "A property is violated, and a schedule shows it.",
            Outcome::Failed => "The rule or a property failed, so nothing is known.",
        }
    }

    /// A sign, as a colour alone would not do.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Outcome::Holds => "✓",
            Outcome::Partly => "◐",
            Outcome::Policy => "−",
            Outcome::Open => "…",
            Outcome::Violated => "✗",
            Outcome::Failed => "!",
        }
    }

    /// The sign in its colour.
    pub(super) fn mark(self) -> String {
        let (word, in_words, sign) = (self.word(), self.in_words(), self.sign());
        format!("<span class=\"mark {word}\" role=\"img\" aria-label=\"{in_words}\">{sign}</span>")
    }
}
