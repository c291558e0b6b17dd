//! The rule that a user names: by its name, or by a scenario file that contains it.

use super::{Rule, named, of_scenario};
use crate::fault::{self, Fault, did_you_mean};
use crate::histories::{Bounds, Report, Violation, replayed};
use crate::properties::specification::Specified;
use crate::report::check::Counterexample;
use crate::rules::expression::as_row;
use crate::scenario::{Scenario, catalogue};
use multimaster::{ParseRequestError, Request};
use std::path::Path;

/// A rule and its origin.
pub struct Ruled {
    /// The rule.
    pub rule: Rule,
    scenario: Option<Scenario>,
    /// The lines of a scenario file that define the rule.
    lines: String,
}

/// The rule that `given` names: a rule by its name, or the rule of a scenario file.
///
/// # Errors
/// If there is neither, or the scenario file has an error.
pub fn ruled(given: &str) -> Result<Ruled, Fault> {
    if let Some(rule) = named(given) {
        return Ok(Ruled { rule, scenario: None, lines: format!("rule = \"{}\"\n", rule.name) });
    }
    let shipped = catalogue::files().into_iter().find(|(name, ..)| name == given);
    if shipped.is_none() && !given.ends_with(".toml") && !Path::new(given).exists() {
        let (rules, files) = (super::all(), catalogue::files());
        let names = rules.iter().map(|rule| rule.name).chain(files.iter().map(|(name, ..)| name.as_str()));
        let near = did_you_mean(given, names);
        let what = format!("no such rule and no such scenario (`multimaster list` names them), and no such file{near}");
        return Err(Fault::of(given, what));
    }
    let scenario = catalogue::find(given)?;
    let rule = of_scenario(&scenario).ok_or_else(|| Fault::of(given, "the article's program has no rule"))?;
    let text = match shipped {
        Some((_, _, text)) if !Path::new(given).is_file() => text.to_owned(),
        _ => fault::read(given)?,
    };
    let mut file: toml::Table = text.parse().map_err(|error: toml::de::Error| Fault::of(given, error.to_string()))?;
    file.retain(|key, _| matches!(key, "rule" | "specification"));
    Ok(Ruled { rule, scenario: Some(scenario), lines: file.to_string() })
}

/// A few requests that the rule takes.
pub fn examples(ruled: &Ruled) -> String {
    let [requests, _] = ruled.rule.requests();
    requests.iter().map(|request| format!("`{request}`")).collect::<Vec<_>>().join(", ")
}

impl Ruled {
    /// The request that `text` spells, as this rule takes it: with a rule for tables, a key is a row.
    ///
    /// # Errors
    /// If the text is not a request.
    pub fn request(&self, text: &str) -> Result<Request, ParseRequestError> {
        let request = text.parse()?;
        Ok(if self.rule.rule.is_table() { as_row(request) } else { request })
    }

    /// Judges the rule over all histories within bounds, as [`Rule::histories`] does. If the scenario file has a
    /// specification, reads are compared with it.
    ///
    /// # Errors
    /// If the bounds are not valid.
    pub fn histories(
        &self,
        bounds: impl FnOnce(Vec<Request>, Vec<Request>) -> Bounds,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Report, String> {
        let specified = self.scenario.as_ref().and_then(|scenario| scenario.asked.specification).map(Specified::Script);
        self.rule.histories(specified, bounds, progress)
    }

    /// The user's own properties in the file, which are not checked over histories.
    pub fn own_properties(&self) -> Vec<&'static str> {
        self.scenario.iter().flat_map(Scenario::own_properties).collect()
    }

    /// The name of the scenario of its counterexamples over histories.
    pub fn file_name(&self) -> String {
        let name = self.rule.name.strip_suffix(".toml").unwrap_or(self.rule.name);
        format!("histories-{name}.toml")
    }

    /// A failure of the rule or of the file's specification during the enumeration, which voids all findings.
    pub fn fault(&self) -> Option<Fault> {
        self.scenario.as_ref().and_then(|scenario| scenario.faults().into_iter().next())
    }

    /// The schedule of a violation found over histories, replayed on masters; `None` if it has no exact schedule.
    ///
    /// It is an error if the schedule does not replay: then histories and networks disagree, or the rule is not
    /// deterministic.
    pub fn counterexample(&self, violation: &Violation, bounds: &Bounds) -> Option<Result<Counterexample, String>> {
        if violation.schedule.is_empty() {
            return None;
        }
        let name = format!("{} over histories", self.rule.name);
        let model = |text: &str| Scenario::parse(&name, &name, text).map(|scenario| scenario.model());
        Some(replayed::counterexample(violation, bounds, &self.lines, &name, &model))
    }
}
