//! The user's own properties in a scenario file: compiled, and tried on a few schedules before the exploration.

use super::file::{Name, PropertyFile, SpecificationFile};
use super::reader::Reader;
use super::{Explored, Scenario};
use crate::check::erased::Erased;
use crate::fault::{Fault, line_of};
use crate::model::Model;
use crate::properties::own_property::{Claim, OwnProperties, Property, Rejected, Test, Text};
use crate::properties::specification::Script;
use crate::subject::Subject;
use multimaster::MasterId;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// The number of schedules on which properties are tried before the exploration, and the most steps of each.
const SCHEDULES: usize = 8;
const STEPS: usize = 64;

impl Reader<'_> {
    /// The properties, ready to be evaluated.
    pub(super) fn own_properties(
        &self,
        files: &BTreeMap<Name, PropertyFile>,
        scenario: &Scenario,
    ) -> Result<Arc<OwnProperties>, Fault> {
        let Some((first, _)) = files.iter().next() else { return Ok(Arc::default()) };
        let scope = match &scenario.subject {
            Explored::Cluster(_, scope) => scope,
            Explored::Sharded(..) => {
                let why = "`[properties]` are not for masters of several `shards`: each shard is explored by itself";
                return Err(self.fault(first, why));
            }
            Explored::Article(_) => return Err(self.fault(first, "the article's program has no `[properties]`")),
            Explored::Nodes(_) => return Ok(Arc::default()),
        };
        let (mut properties, mut places) = (Vec::new(), Vec::new());
        for (name, file) in files {
            let claims = [
                (Claim::Always, &file.always),
                (Claim::Never, &file.never),
                (Claim::AtQuiescence, &file.at_quiescence),
                (Claim::Sometimes, &file.sometimes),
            ];
            let mut given = claims.iter().filter_map(|(claim, script)| Some((*claim, script.as_ref()?)));
            let (Some((claim, script)), None) = (given.next(), given.next()) else {
                let fields = "`always`, `never`, `at-quiescence` and `sometimes`";
                return Err(self.fault(name, format!("`{}`: give exactly one of {fields}", name.get_ref())));
            };
            let property = Property::new(name.get_ref(), claim, self.script(script));
            properties.push(match &file.when {
                Some(when) => Property { when: Some(self.script(when)), ..property },
                None => property,
            });
            places.push((name, script, file.when.as_ref()));
        }
        let model = scenario.model();
        let taken: Vec<&str> = model.properties().iter().map(|property| property.name).collect();
        OwnProperties::new(&properties, scope, &taken).map(Arc::new).map_err(|rejected| {
            let Rejected { place, in_when, wrong } = rejected;
            let ((name, script, when), claim) = (places[place], properties[place].claim);
            match wrong {
                Err(what) => self.fault(name, what),
                Ok(wrong) => {
                    let (part, script) = when.filter(|_| in_when).map_or((claim.name(), script), |when| ("when", when));
                    let line = self.script_line(script) + wrong.line - 1;
                    let last = MasterId(scope.topology.masters().saturating_sub(1));
                    let known = format!("the constants are A to {last}, `masters` and `writes`");
                    let hint =
                        if wrong.what.starts_with("Undefined variable") { format!("; {known}") } else { String::new() };
                    Fault::at(self.file, line, format!("`{}`: `{part}`: {}{hint}", name.get_ref(), wrong.what))
                }
            }
        })
    }

    /// The specification of readings, if the file has one. Scenarios and their scripts live as long as the program.
    pub(super) fn specification(
        &self,
        file: Option<&SpecificationFile>,
        scenario: &Scenario,
    ) -> Result<Option<&'static Script>, Fault> {
        let Some(SpecificationFile { read }) = file else { return Ok(None) };
        let fields = match &scenario.subject {
            Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => scope.fields(),
            Explored::Article(_) => return Err(self.fault(read, "the article's program has no `[specification]`")),
            Explored::Nodes(_) => return Ok(None),
        };
        let first = self.script_line(read);
        let script = Script::new(read.get_ref(), (self.file, first), &fields).map_err(|wrong| {
            Fault::at(self.file, first + wrong.line - 1, format!("`specification`: `read`: {}", wrong.what))
        })?;
        Ok(Some(Box::leak(Box::new(script))))
    }

    fn script(&self, script: &Spanned<String>) -> Test {
        let place = Some((self.file.to_owned(), self.script_line(script)));
        Test::Script(Arc::new(Text { script: script.get_ref().clone(), place }))
    }

    /// The line of the file in which a script's text begins.
    fn script_line(&self, text: &Spanned<String>) -> usize {
        let quoted = self.text.get(text.span()).unwrap_or("");
        // A line break directly after three quotes is not part of the text.
        let below = ["'''\n", "\"\"\"\n", "'''\r\n", "\"\"\"\r\n"].iter().any(|quotes| quoted.starts_with(quotes));
        line_of(self.text, text.span().start) + usize::from(below)
    }

    /// Evaluates the properties along a few schedules, so that most errors are reported before the exploration.
    pub(super) fn tried_own(&self, scenario: &Scenario) -> Result<(), Fault> {
        if scenario.asked.own.all().is_empty() && scenario.asked.specification.is_none() {
            return Ok(());
        }
        let model = scenario.model();
        for schedule in 0..SCHEDULES {
            let steps = ask_along(&model, scenario, schedule);
            if let Some(failed) = scenario.failed_properties().next() {
                let after = if steps.is_empty() { "nothing".into() } else { steps.join(", ") };
                let what = format!("`{}`: {} (after {after})", failed.property, failed.what);
                let line = failed.place.as_ref().map_or(0, |(_, line)| *line);
                return Err(Fault::at(self.file, line, what));
            }
        }
        Ok(())
    }
}

/// Follows one schedule until evaluating a property fails, and returns the steps taken.
fn ask_along(model: &Erased, scenario: &Scenario, schedule: usize) -> Vec<String> {
    let own = model
        .properties()
        .into_iter()
        .filter(|property| scenario.asked.own.all().iter().any(|own| own.name == property.name));
    let own: Vec<_> = own.collect();
    let mut steps = Vec::new();
    let Some(mut state) = model.init_states().into_iter().next() else { return steps };
    // The first schedule always takes the first possible step, the others a step far from it.
    for step in 0..STEPS {
        // Only whether the evaluation succeeds matters here.
        let _answers: Vec<bool> = own.iter().map(|property| (property.condition)(model, &state)).collect();
        if scenario.failed_properties().next().is_some() {
            break;
        }
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let start = schedule.wrapping_mul(7).wrapping_add(schedule.wrapping_mul(step).wrapping_mul(5));
        let possible = (0..actions.len()).map(|place| &actions[(start + place) % actions.len()]);
        let next = possible
            .into_iter()
            .find_map(|action| Some((model.describe(&state, action), model.step(&state, action)?.0)));
        let Some((said, next)) = next else { break };
        steps.push(said);
        state = next;
    }
    steps
}
