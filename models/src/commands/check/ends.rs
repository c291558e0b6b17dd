//! The output below the rows of a check: schedules, `[expect]` tables to paste, a summary, and last the unexpected
//! verdicts.

use super::super::style::Style;
use super::super::{Failure, this_command};
use multimaster_models::printed::{escaped_lines, shown};
use multimaster_models::report::check::{Checked, Counterexample};
use multimaster_models::report::explorer;
use multimaster_models::report::table;
use multimaster_models::report::trace::files::Kept;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

pub(super) struct Ends<'a> {
    pub(super) done: &'a [Checked],
    /// The files of the traces.
    pub(super) kept: &'a Kept<'a>,
    /// The number of scenarios that were not explored because the command was interrupted.
    pub(super) skipped: usize,
    pub(super) style: Style,
    /// Whether the checker finds shortest schedules.
    pub(super) shortest: bool,
    /// The arguments by which `replay` runs the same program; empty if there is none.
    pub(super) program: String,
}

impl Ends<'_> {
    /// Prints the shortest counterexample for each rule and property in full, and the others by name. It leaves out the
    /// most surprising one, which is printed last of all.
    pub(super) fn print_counterexamples(
        &self,
        out: &mut impl Write,
        wanted: impl Fn(&&Checked) -> bool,
    ) -> Result<(), Failure> {
        let last = self.most_surprising().map(|(checked, example)| (checked.scenario.name.as_str(), example.property));
        let mut groups: BTreeMap<(&str, &str), Vec<(&Checked, &Counterexample)>> = BTreeMap::new();
        for checked in self.done.iter().filter(wanted) {
            for example in &checked.counterexamples {
                if last != Some((checked.scenario.name.as_str(), example.property)) {
                    groups.entry((checked.scenario.rule(), example.property)).or_default().push((checked, example));
                }
            }
        }
        for members in groups.values_mut() {
            members.sort_by_key(|(_, example)| example.replayed.steps.len());
            let Some(((checked, example), others)) = members.split_first() else {
                continue;
            };
            self.print_counterexample(out, checked, example)?;
            if !others.is_empty() {
                let names = others.iter().map(|(other, example)| {
                    format!("{} ({})", shown(&other.scenario.name), example.replayed.steps.len())
                });
                let names: Vec<String> = names.collect();
                writeln!(out, "  likewise, each with its own trace: {}", names.join(", "))?;
            }
        }
        Ok(())
    }

    fn print_counterexample(
        &self,
        out: &mut impl Write,
        checked: &Checked,
        example: &Counterexample,
    ) -> Result<(), Failure> {
        writeln!(out, "\n{}", table::counterexample(&checked.scenario.name, example))?;
        if !self.shortest {
            writeln!(out, "  not proven to be the shortest schedule")?;
        }
        match self.kept.get(&(checked.scenario.name.as_str(), example.property)) {
            Some(Ok(file)) => {
                let (command, address) = (this_command(), explorer::address(&example.replayed.path));
                writeln!(out, "  picture: {}", Path::new(file).with_extension("svg").display())?;
                let program = &self.program;
                writeln!(out, "  explore: {command} explore {file}{program}   at http://localhost:3000/{address}")?;
                writeln!(out, "  replay:  {command} replay {file}{program}")?;
            }
            Some(Err(why)) => writeln!(out, "  {}; the trace is\n{}", shown(why), escaped_lines(&example.trace))?,
            None => {}
        }
        Ok(())
    }

    /// Prints a shortest run to quiescence for each scenario.
    pub(super) fn print_examples(&self, out: &mut impl Write) -> Result<(), Failure> {
        for checked in self.done {
            let name = shown(&checked.scenario.name);
            match checked.run_to_quiescence() {
                Some(run) => {
                    let steps = run.steps.len();
                    writeln!(out, "\n{name}: a run to quiescence, in {steps} steps\n\n{}", table::schedule(&run))?;
                }
                None => writeln!(out, "\n{name}: no run to quiescence was found")?,
            }
        }
        Ok(())
    }

    /// Prints an `[expect]` to paste for each scenario that has none, if the output is `in_full`.
    pub(super) fn print_expectations(&self, out: &mut impl Write, in_full: bool) -> Result<(), Failure> {
        let free = |checked: &&Checked| !checked.scenario.expect.stated && checked.is_as_expected();
        for checked in self.done.iter().filter(free) {
            let name = shown(&checked.scenario.name);
            match checked.expectation() {
                Some(text) if in_full => write!(
                    out,
                    "\n{name} has no `[expect]`, so its verdicts were compared with nothing. To expect the verdicts \
                     found, add\n\n{text}"
                )?,
                Some(_) => {}
                None if in_full => writeln!(
                    out,
                    "\n{name} has no `[expect]`, and was not exhausted: there are no verdicts to expect yet"
                )?,
                None => {}
            }
        }
        Ok(())
    }

    /// Prints the number of scenarios explored, and of each outcome.
    pub(super) fn print_summary(&self, out: &mut impl Write) -> Result<(), Failure> {
        let done = self.done;
        let states: usize = done.iter().map(|checked| checked.report.states).sum();
        let count = |is: &dyn Fn(&Checked) -> bool| done.iter().filter(|checked| is(checked)).count();
        let exhausted = count(&|checked| !checked.is_cut());
        let failed = count(&|checked| !checked.scenario.faults().is_empty());
        let stated = |checked: &Checked| checked.scenario.expect.stated;
        let held = count(&|checked| stated(checked) && checked.is_as_expected() && !checked.is_open());
        let explored = count(&|checked| !stated(checked) && checked.is_as_expected());
        let mut ends = Vec::new();
        if explored < done.len() {
            ends.push(format!("{held} as expected"));
        }
        if explored > 0 {
            ends.push(format!("{explored} explored, with nothing expected"));
        }
        if failed > 0 {
            ends.push(format!("{failed} failed"));
        }
        if self.skipped > 0 {
            ends.push(format!("{} not begun", self.skipped));
        }
        let counted =
            |count: usize, what: &str| format!("{} {what}{}", table::grouped(count), if count == 1 { "" } else { "s" });
        let (scenarios, states) = (counted(done.len(), "scenario"), counted(states, "state"));
        writeln!(out, "\n{scenarios}, {exhausted} exhausted, {states}; {}.", ends.join(", "))?;
        let mistaken: f64 = done.iter().map(|checked| checked.report.mistaken).sum();
        if mistaken > 0.0 {
            writeln!(out, "{}", table::chance_of_mistake(mistaken))?;
        }
        if let Some(bytes) = done.iter().map(|checked| checked.report.on_disk).max().filter(|bytes| *bytes > 0) {
            writeln!(out, "At most {} MB of states were on disk.", table::grouped(bytes.div_ceil(1 << 20) as usize))?;
        }
        let examples: usize = done.iter().map(|checked| checked.counterexamples.len()).sum();
        let folder = self.kept.values().find_map(|kept| Path::new(kept.as_ref().ok()?).parent());
        if let (true, Some(folder)) = (examples > 0, folder) {
            let examples = counted(examples, "counterexample");
            writeln!(out, "{examples}: traces and pictures in {}", folder.display())?;
        }
        Ok(())
    }

    /// Prints the unexpected verdicts, and last the shortest schedule of an unexpected violation.
    pub(super) fn print_surprises(&self, out: &mut impl Write) -> Result<(), Failure> {
        let open = self.done.iter().filter(|checked| checked.is_open());
        for checked in open {
            let cut = checked.cut_in_words().unwrap_or_default();
            let said = self.style.open("NOT EXHAUSTED");
            writeln!(out, "{said} {}: {cut}", shown(&checked.scenario.name))?;
        }
        for checked in self.done {
            for surprise in &checked.surprises {
                let said = self.style.bad("UNEXPECTED");
                writeln!(out, "{said} {}: {}", shown(&checked.scenario.name), shown(surprise))?;
            }
        }
        if let Some((checked, example)) = self.most_surprising() {
            self.print_counterexample(out, checked, example)?;
        }
        Ok(())
    }

    /// The shortest schedule of a violation that was not expected.
    fn most_surprising(&self) -> Option<(&Checked, &Counterexample)> {
        let surprising = self
            .done
            .iter()
            .flat_map(|checked| checked.unexpected_counterexamples().map(move |example| (checked, example)));
        surprising.min_by_key(|(_, example)| example.replayed.steps.len())
    }
}
