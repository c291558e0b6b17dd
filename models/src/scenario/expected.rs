//! What a scenario file expects to come out, held against what its model is asked.

use super::file::{ExpectFile, Expected};
use super::reader::Reader;
use super::{Expect, Scenario};
use crate::erased::Erased;
use crate::fault::Fault;
use crate::properties as p;
use stateright::{Expectation, Model};
use toml::Spanned;

impl Reader<'_> {
    pub(super) fn expect(&self, file: &ExpectFile, scenario: &Scenario) -> Result<Expect, Fault> {
        let (properties, witnesses) = asked_of(&scenario.model());
        let stated = [
            (p::CONVERGENCE, &file.convergence),
            (p::AGREEMENT, &file.agreement),
            (p::REPAIRABLE, &file.repairable),
            (p::CAUSAL_ORDER, &file.causal_order),
            (p::NO_RESURRECTION, &file.no_resurrection),
            (p::NO_CAUSAL_LOSS, &file.no_causal_loss),
            (p::NO_POLICY_LOSS, &file.no_policy_loss),
            (p::SPECIFICATION, &file.specification),
            (p::NO_OVERSELLING, &file.no_overselling),
            (p::FALLS_SILENT, &file.falls_silent),
            (crate::article::NO_DEADLOCK, &file.no_deadlock),
            (crate::article::ORDER_KEPT, &file.order_kept),
        ];
        let mut violated = Vec::new();
        for (property, expected) in stated {
            let Some(expected) = expected else {
                continue;
            };
            if !properties.contains(&property) {
                let known = properties.join(", ");
                let what = format!("`{property}` is not asked of this program; what is asked is {known}");
                return Err(self.fault(expected, what));
            }
            if *expected.get_ref() == Expected::Violated {
                if property == p::NO_POLICY_LOSS && scenario.adds_up() {
                    let what = format!("{} cannot lose by policy: its writes do not compete", scenario.rule());
                    return Err(self.fault(expected, format!("{what}. Expect `holds`")));
                }
                violated.push(property);
            }
        }
        for witness in &file.unreached {
            if !witnesses.contains(&witness.get_ref().as_str()) {
                let known = witnesses.join("`, `");
                let what = format!("`{}` is no witness of this scenario; they are `{known}`", witness.get_ref());
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
            violated,
            unreached: file.unreached.iter().map(|witness| witness.get_ref().clone()).collect(),
            states: at_least_one(&file.states, "states")?,
            depth: file.depth.as_ref().map(|depth| *depth.get_ref()),
            messages: file.messages.as_ref().map(|messages| *messages.get_ref()),
        })
    }
}

/// The properties and the witnesses of a model.
fn asked_of(model: &Erased) -> (Vec<&'static str>, Vec<&'static str>) {
    let (witnesses, always): (Vec<_>, Vec<_>) =
        model.properties().into_iter().partition(|property| property.expectation == Expectation::Sometimes);
    let always = always.iter().map(|property| property.name).chain([p::FALLS_SILENT]).collect();
    (always, witnesses.iter().map(|property| property.name).collect())
}
