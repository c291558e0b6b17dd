//! `multimaster rules`: what becomes of each rule.

use super::Failure;
use clap::Args;
use multimaster_models::verify::rules;
use std::io::{IsTerminal, Write};

#[derive(Args)]
pub(crate) struct Asked {
    /// Show one rule in full: its source, and the shortest schedule for each `yes`. A rule's name, or a scenario file
    /// with a rule
    name: Option<String>,
}

pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    let Some(name) = &asked.name else {
        let watched = std::io::stderr().is_terminal();
        let surveyed = rules::survey_all(&rules::SIZES, &mut |done, all| {
            if watched {
                let _ = write!(std::io::stderr(), "\r\x1b[K[{done}/{all}] rules");
            }
        });
        if watched {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        write!(out, "{}\n{}", rules::in_a_table(&surveyed), rules::extent_of(&surveyed))?;
        return Ok(true);
    };
    let ruled = rules::ruled(name)?;
    let surveyed = rules::try_survey(ruled.rule, &rules::SIZES).map_err(Failure::Given)?;
    if let Some(fault) = ruled.fault() {
        return Err(fault.into());
    }
    write!(out, "{surveyed}")?;
    Ok(true)
}
