//! `multimaster rules`: the verdicts on each rule.

use super::progress::Line;
use super::{Ending, Failure};
use clap::Args;
use multimaster_models::check::running;
use multimaster_models::verify::rules;
use std::io::Write;

#[derive(Args)]
pub(crate) struct Asked {
    /// A rule's name, or a scenario file with a rule: show this rule in full, with its source and the shortest schedule
    /// for each `violated`
    name: Option<String>,
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let mut out = std::io::stdout().lock();
    let line = Line::begin("states and histories");
    let Some(name) = &asked.name else {
        let surveyed = rules::survey_all(&rules::SIZES, &mut |done, all| line.say(format!("[{done}/{all} rules]")));
        drop(line);
        write!(out, "{}\n{}", rules::in_a_table(&surveyed), rules::extent_of(&surveyed))?;
        if running::is_interrupted() {
            let all = rules::all().len();
            writeln!(
                out,
                "interrupted: {} of {all} rules were begun, and not all of these were finished",
                surveyed.len()
            )?;
            return Ok(Ending::Interrupted);
        }
        return Ok(Ending::Fine);
    };
    let ruled = rules::ruled(name)?;
    let surveyed = rules::try_survey(ruled.rule, &rules::SIZES).map_err(Failure::Given)?;
    drop(line);
    if let Some(fault) = ruled.fault() {
        return Err(fault.into());
    }
    write!(out, "{surveyed}")?;
    if running::is_interrupted() {
        writeln!(out, "\ninterrupted: not everything was judged")?;
        return Ok(Ending::Interrupted);
    }
    Ok(Ending::Fine)
}
