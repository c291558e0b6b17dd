//! The `[expect]` table of a scenario file, checked against the model's properties.

use super::file::{ExpectFile, Expected};
use super::reader::Reader;
use super::{Expect, Scenario};
use crate::check::erased::Erased;
use crate::fault::{Fault, did_you_mean};
use crate::model::{Expectation, Model};
use crate::properties as p;
use crate::properties::own_property::FIGURES;
use toml::Spanned;

impl Reader<'_> {
    pub(super) fn expect(&self, file: &ExpectFile, scenario: &Scenario) -> Result<Expect, Fault> {
        let (properties, witnesses) = asked_of(&scenario.model());
        let (mut violated, mut not_judged) = (Vec::new(), Vec::new());
        for (name, expected) in &file.verdicts {
            let Some(property) = properties.iter().find(|property| in_file(property) == *name.get_ref()) else {
                return Err(self.fault(name, not_asked(name.get_ref(), &properties, &witnesses)));
            };
            let verdict = self.verdict(name.get_ref(), expected)?;
            if verdict == Expected::NotJudged {
                not_judged.push(*property);
            }
            if verdict == Expected::Violated {
                if *property == p::NO_POLICY_LOSS && scenario.adds_up() {
                    let what = format!("{} cannot lose by policy: its writes do not compete", scenario.rule());
                    return Err(self.fault(expected, format!("{what}. Expect `holds`")));
                }
                violated.push(*property);
            }
        }
        for witness in &file.unreached {
            if !witnesses.contains(&witness.get_ref().as_str()) {
                let known = witnesses.join("`, `");
                let near = did_you_mean(witness.get_ref(), witnesses.iter().copied());
                let what = format!(
                    "`{}` is no witness of this scenario; its witnesses are `{known}`{near}",
                    witness.get_ref()
                );
                return Err(self.fault(witness, what));
            }
        }
        let at_least_one = |field: &Option<Spanned<usize>>, name: &str| match field {
            Some(place) if *place.get_ref() == 0 => {
                Err(self.fault(place, format!("`{name} = 0` cannot be: the initial state is one")))
            }
            field => Ok(field.as_ref().map(|count| *count.get_ref())),
        };
        if let (Some(place), true) = (&file.messages, violated.contains(&p::FALLS_SILENT)) {
            return Err(
                self.fault(place, "messages have no bound where `falls-silent = \"violated\"`: drop one of the two")
            );
        }
        Ok(Expect {
            stated: true,
            violated,
            not_judged,
            unreached: file.unreached.iter().map(|witness| witness.get_ref().clone()).collect(),
            states: at_least_one(&file.states, "states")?,
            depth: file.depth.as_ref().map(|depth| *depth.get_ref()),
            messages: file.messages.as_ref().map(|messages| *messages.get_ref()),
        })
    }

    fn verdict(&self, property: &str, given: &Spanned<toml::Value>) -> Result<Expected, Fault> {
        let text = given.get_ref().as_str();
        let named = Expected::ALL.into_iter().find(|(name, _)| text == Some(*name));
        named.map(|(_, verdict)| verdict).ok_or_else(|| {
            let names = Expected::ALL.map(|(name, _)| name);
            let near = did_you_mean(text.unwrap_or_default(), names);
            let names = names.join("`, `");
            let what = format!("{} is no verdict; write one of `{names}`, in quotes{near}", given.get_ref());
            self.fault(given, format!("`{property}`: {what}"))
        })
    }
}

/// The name of a property in `[expect]`.
pub(crate) fn in_file(property: &str) -> String {
    property.replace(' ', "-")
}

/// The error for a name in `[expect]` that the model has no property for.
fn not_asked(name: &str, asked: &[&str], witnesses: &[&str]) -> String {
    if witnesses.contains(&name) {
        return format!(
            "`{name}` is a witness, which is expected to be reached; if it is not, write `unreached = [\"{name}\"]`"
        );
    }
    let mut known = p::ALL.into_iter().chain(p::OF_THE_ARTICLE).chain(p::OF_LIVENESS);
    if let Some(property) = known.find(|property| in_file(property) == name) {
        return format!("`{property}` is no property of this program; its properties are {}", asked.join(", "));
    }
    let fields: Vec<String> =
        asked.iter().map(|property| in_file(property)).chain(FIGURES.map(str::to_owned)).collect();
    let near = did_you_mean(name, fields.iter().map(String::as_str));
    format!("unknown field `{name}`, expected one of `{}`{near}", fields.join("`, `"))
}

/// The properties and the witnesses of a model.
fn asked_of(model: &Erased) -> (Vec<&'static str>, Vec<&'static str>) {
    let (witnesses, always): (Vec<_>, Vec<_>) =
        model.properties().into_iter().partition(|property| property.expectation == Expectation::Sometimes);
    let lasting = model.goals().into_iter().map(|goal| goal.name).chain([p::FALLS_SILENT_IF_FAIR]);
    let always = always.iter().map(|property| property.name).chain([p::FALLS_SILENT]).chain(lasting).collect();
    (always, witnesses.iter().map(|property| property.name).collect())
}
