//! The properties and laws that a rule must satisfy: [`Demands`].

use super::failure::Failure;
use crate::check::erased::Erased;
use crate::histories::laws::Law;
use crate::model::{Expectation, Model, Property};
use crate::properties as p;
use std::collections::BTreeSet;

/// The demanded properties and laws. By default, all except *no policy loss*.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands {
    /// If not empty, only these are demanded.
    pub(super) only: BTreeSet<String>,
    /// These are not demanded.
    pub(super) allowed: BTreeSet<String>,
    /// Whether *no policy loss* is demanded too.
    pub(super) lossless: bool,
    /// Whether no law is demanded.
    pub(super) lawless: bool,
}

impl Demands {
    /// Whether the property of this name is demanded.
    pub(super) fn include(&self, property: &str) -> bool {
        let by_default = property != p::NO_POLICY_LOSS || self.lossless;
        let chosen = if self.only.is_empty() { by_default } else { self.only.contains(property) };
        chosen && !self.allowed.contains(property)
    }

    /// The demanded properties, in words.
    pub(super) fn in_words(&self) -> String {
        if !self.only.is_empty() {
            let chosen: Vec<&str> = self.only.difference(&self.allowed).map(String::as_str).collect();
            return chosen.join(", ");
        }
        let left_out: Vec<&str> = p::ALL.into_iter().filter(|name| !self.include(name)).collect();
        match left_out.as_slice() {
            [] => "every property".to_owned(),
            [p::NO_POLICY_LOSS] => "every property but no policy loss, which `.lossless()` adds".to_owned(),
            names => format!("every property but {}", names.join(", ")),
        }
    }

    /// Whether the law is demanded. `repeatable` is demanded only by name: here each change is applied once.
    pub(super) fn include_law(&self, law: Law) -> bool {
        let by_default = law != Law::Repeatable && !self.lawless;
        let chosen = if self.only.is_empty() { by_default } else { self.only.contains(law.name()) };
        chosen && !self.allowed.contains(law.name())
    }

    /// Whether any law is demanded.
    pub(super) fn include_laws(&self) -> bool {
        Law::ALL.into_iter().any(|law| self.include_law(law))
    }

    /// The property, if only one is demanded. Once a state violates it, the scope need not be explored further, because
    /// states are found by shortest schedules.
    pub(super) fn decided_by(&self, model: &Erased) -> Option<&'static str> {
        let mut demanded = model.properties().into_iter().filter(is_always).filter(|one| self.include(one.name));
        match (demanded.next(), demanded.next()) {
            (Some(one), None) if !self.include(p::FALLS_SILENT) => Some(one.name),
            _ => None,
        }
    }

    /// Checks that each name is that of a law, or of a property of one of these models; and each of `witnesses` that of a
    /// witness.
    pub(super) fn known(&self, models: &[Erased], witnesses: &BTreeSet<String>) -> Result<(), Failure> {
        if self.only.is_empty() && self.allowed.is_empty() && witnesses.is_empty() {
            return Ok(());
        }
        let (always, sometimes): (Vec<_>, Vec<_>) =
            models.iter().flat_map(|model| model.properties()).partition(is_always);
        let mut known: Vec<&str> = Vec::new();
        let names = always.iter().map(|property| property.name).chain([p::FALLS_SILENT]);
        names.chain(Law::ALL.map(Law::name)).for_each(|name| once(&mut known, name));
        if let Some(name) = self.only.iter().chain(&self.allowed).find(|name| !known.contains(&name.as_str())) {
            return Err(Failure::Unknown { what: "property or law", name: name.clone(), known: owned(&known) });
        }
        let mut known: Vec<&str> = Vec::new();
        sometimes.iter().for_each(|property| once(&mut known, property.name));
        match witnesses.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Failure::Unknown { what: "witness", name: name.clone(), known: owned(&known) }),
            None => Ok(()),
        }
    }
}

fn is_always(property: &Property<Erased>) -> bool {
    property.expectation != Expectation::Sometimes
}

fn once<'a>(names: &mut Vec<&'a str>, name: &'a str) {
    if !names.contains(&name) {
        names.push(name);
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
