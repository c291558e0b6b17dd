//! `multimaster mutants`: the verdict on each broken protocol and rule.

use super::progress::Line;
use super::{Ending, Failure};
use clap::Args;
use multimaster_models::check::running;
use multimaster_models::fault::{Fault, did_you_mean};
use multimaster_models::mutants::by_histories::{self, BrokenRule};
use multimaster_models::mutants::{self, Mutant};
use std::io::Write;

#[derive(Args)]
pub(crate) struct Asked {
    /// A bug, such as `K11`: print its mutants in full, with the shortest schedules. Or a rule: print all mutants of
    /// that rule in full
    name: Option<String>,
}

pub(crate) const MANUAL: &str = "\
The bugs K1, K2, ... are documented bugs of real systems, reproduced here in a line
or two. The other mutants ensure that every property rejects at least one. The
second table lists the documented bugs that no scenario can have yet, each with the
missing feature.

The property in `killed by` must be violated with the mutation, and hold in every
reachable state without it: then the mutant is killed. `steps` is the length of the
shortest schedule that kills it. Otherwise the mutant survives, as
  SURVIVED       the property holds in every state with the mutation
  NOT EXHAUSTED  the search stopped early, without a verdict
  UNSOUND        the property is not known to hold without the mutation

The last table lists deliberately broken rules that are judged by causal histories,
without a network. `rule` is the correct rule; with it the property holds in all
histories within the same bounds. `writes` is the least number of writes that shows
the violation, and `steps` the length of the shortest schedule with that number.
Snapshots and repeated deliveries do not count as steps.

Exit status: 0 if all are killed, 1 if any survives, 2 for an unknown name, 130 if
interrupted: the tables then contain the mutants tried so far.";

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let name = asked.name.as_deref();
    let mut out = std::io::stdout().lock();
    let chosen = name.map_or_else(mutants::all, mutants::named);
    let broken = name.map_or_else(by_histories::all, by_histories::named);
    let line = Line::begin("states and histories");
    let (mut ended, all) = (0, chosen.len() + broken.len());
    let mut count = || {
        line.say(format!("[{ended}/{all}]"));
        ended += 1;
    };
    let tried = each(&chosen, &mut count, Mutant::run);
    let judged = each(&broken, &mut count, BrokenRule::run);
    drop(line);
    match name {
        None => {
            write!(out, "{}\n{}", mutants::in_a_table(&tried), mutants::summary(&tried))?;
            write!(out, "\n{}\n{}", by_histories::summary(&judged), by_histories::in_a_table(&judged))?;
        }
        Some(name) if all == 0 => {
            let (bugs, rules) = (mutants::all(), by_histories::all());
            let names: Vec<String> = bugs.iter().map(|mutant| mutant.bug.to_string()).collect();
            let names = names.iter().map(String::as_str).chain(rules.iter().map(|broken| broken.rule));
            let near = did_you_mean(name, names);
            return Err(Fault::of(name, format!("no such mutant (`multimaster mutants` names them){near}")).into());
        }
        Some(_) => {
            let each = tried.iter().map(mutants::in_full).chain(judged.iter().map(by_histories::in_full));
            write!(out, "{}", each.collect::<Vec<_>>().join("\n"))?;
        }
    }
    if running::is_interrupted() {
        writeln!(out, "\ninterrupted: {} of {all} were tried", tried.len() + judged.len())?;
        return Ok(Ending::Interrupted);
    }
    let killed = tried.iter().all(|tried| tried.outcome.is_killed());
    Ok((killed && judged.iter().all(|judged| judged.fate.is_killed())).into())
}

/// The result of `run` for each, until the command is interrupted. The one that was running then does not count.
fn each<T, A>(all: &[T], begins: &mut impl FnMut(), run: fn(&T) -> A) -> Vec<A> {
    let mut done = Vec::new();
    for one in all {
        begins();
        let outcome = run(one);
        if running::is_interrupted() {
            break;
        }
        done.push(outcome);
    }
    done
}
