//! What the `multimaster` command takes, and its manual.

use crate::commands::{histories, init};
use clap::{Parser, Subcommand, ValueEnum};
use multimaster_models::check::stateright_engine::How;
use multimaster_models::report::check::Engine;

/// Checks multi-master replication exhaustively: does every master end up reading the same, and what is lost?
///
/// A scenario says how many masters there are, who sends to whom, by which rule conflicts are resolved, what the links
/// may do to messages, and what clients write. `check` explores every schedule of it and prints one row of verdicts;
/// for each property that does not hold, the shortest schedule that shows it.
#[derive(Parser)]
#[command(version, after_long_help = MANUAL, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const MANUAL: &str = "\
Verdicts:
  converges        masters that have seen the same changes read the same,
                   in every state
  agrees at rest   when nothing can change any more, all have seen every
                   acknowledged write and read the same
  repairable       were all in flight lost, one exchange of digests would
                   bring a neighbour up to date, in every state
  causal order     no master has seen a write without all that it had seen
  loses causally   a write is lost though nothing competed with it, or to one
                   that it had seen: a bug whatever the rule
  loses by policy  a write is lost to one concurrent to it, which is read
                   instead: the rule's choice
  loses to nothing a write is lost though concurrent ones competed with it, and
                   none of those is read either
  invents          a reader sees a value that nobody wrote, and that the rule did
                   not make of written values
  as specified     a read is what the rule's specification makes of the writes
                   that its master has seen, in every state
  never oversells  (bounded counters) no master subtracts more than it has a
                   right to, and none reads less than 0
  falls silent     messages that carry changes end: no cycle of steps sends
                   one; `messages` is the most that carry one change
  no deadlock      (the article's program) never does everyone wait
  order kept       (the article's program) a key with one writer ends
                   everywhere as it does at its writer
  reached          how many of the situations were reached that put the
                   properties to the test: a conflict, rest, a loss, ...

  `holds` is said only of an exhausted scenario; `vacuous` where rest, of which
  the property speaks, is never reached. `violated (4)` has a schedule of four
  steps, and none shorter. `not judged`: the rule makes one value of several, and
  which writes that value shows could not be tested. A property of your own has a
  column named after it.

  A scenario with `[expect]`, even an empty one, is held to it: properties that it
  does not name are expected to hold, and all situations to be reached. One
  without is explored: `check` prints its verdicts, and the `[expect]` that pins
  them, to be pasted into the file.

Exit status:
  0  every verdict is as its scenario expects, or the scenario has no `[expect]`
  1  a verdict is not as expected, a trace does not show what it claims, or
     nothing was tested: no client asks anything, a trace has no steps or no claim
  2  a usage or input error, or a rule or a property of your own that failed
     during exploration (its row or cell says `failed`, and no such verdict
     counts); the message names the place and the fix

Examples:
  multimaster check                    the shipped scenarios
  multimaster check booking.toml       one of your own
  multimaster check booking/arrival    a shipped one
  multimaster replay target/traces/booking-arrival.convergence.trace
  multimaster explore booking/arrival  browse its states
  multimaster spawn hello              run its masters, and talk to them
  multimaster rules                    what becomes of each rule
  multimaster init my-rule             a crate with a rule of your own
  multimaster mutants                  what becomes of each broken protocol
  multimaster conform run.jsonl        is a recorded run a path of the model?";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Explore scenarios and print their verdicts, with the shortest schedule for each `violated`
    Check {
        /// Scenario files, or names of shipped scenarios; none: all shipped ones but those under `large/`
        files: Vec<String>,
        /// How to print the result
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Which checker explores. Those of stateright visit the same states, but their schedules need not be shortest
        #[arg(long, value_enum, default_value_t = EngineName::Own)]
        engine: EngineName,
        /// The folder in which to write each counterexample as a trace file and a picture
        #[arg(long, value_name = "DIR", default_value = "target/traces")]
        traces: std::path::PathBuf,
        /// Let each master take each step anew, instead of remembering what came of it: slower, with the same result
        #[arg(long)]
        no_memo: bool,
    },
    /// Take the steps of a trace file one by one, and say what each master reads after each
    Replay {
        /// A trace: written by `check`, or by hand
        file: String,
    },
    /// Browse the states in the Stateright Explorer
    Explore {
        /// A scenario (a file or a shipped name), or a trace, at whose last step to begin
        file: String,
        /// Where to serve it: a port, or an address and a port
        #[arg(default_value = "localhost:3000")]
        address: String,
    },
    /// Run a scenario's masters over UDP on this machine, to write to and read from by hand
    #[command(after_long_help = SPAWN)]
    Spawn {
        /// A scenario file, or the name of a shipped scenario; what its clients ask and its links do is left to you
        file: String,
        /// The first master's port; the others have the next ones
        #[arg(long, default_value_t = 4000)]
        port: u16,
        /// Every so many milliseconds each master asks its neighbours for what it lacks
        #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
        tick: u64,
        /// Run only these masters, such as `A,C`; the others are run elsewhere, or played by you
        #[arg(long, value_name = "MASTERS", value_delimiter = ',')]
        only: Vec<String>,
        /// Print also digests, and what is sent
        #[arg(long)]
        verbose: bool,
    },
    /// Replay the record of a running cluster against the model: is every step of it one that the model can take?
    #[command(after_long_help = CONFORM)]
    Conform {
        /// A record: what `multimaster::record::write` writes, of a cluster that was set up `recorded`
        record: String,
    },
    /// Judge each rule over causal histories and in a few small networks, and print a table of what becomes of it
    Rules {
        /// Show one rule in full: its source, and the shortest schedule for each `yes`. A rule's name, or a scenario file
        /// with a rule
        name: Option<String>,
    },
    /// Judge a rule over all networks at once: over all causal histories of a few writes
    #[command(after_long_help = histories::HELP)]
    Histories(histories::Asked),
    /// Explore protocols and rules broken on purpose, and tell in a table which property rejects each
    #[command(after_long_help = MUTANTS)]
    Mutants {
        /// One bug, in full: what is broken, and the shortest schedule that shows it; such as `K11`. Or a rule's name: each
        /// broken rule that was this one
        name: Option<String>,
    },
    /// Write a crate with a rule, and a test that verifies it
    #[command(after_long_help = init::MANUAL)]
    Init(init::Asked),
    /// Name the rules, the topologies, the links and the shipped scenarios
    List,
}

const SPAWN: &str = "\
A datagram is one packet, as JSON, of at most 8192 bytes:
  {\"Ask\":\"set hello = world\"}  a write; answered by {\"Wrote\":\"A1\"}, its dot
  {\"Read\":\"hello\"}             a read; answered by {\"Shows\":{\"Value\":\"world\"}}
  \"Counts\"                     what has become of all packets so far
  anything else               answered by {\"Refused\":\"...\"}, logged and counted
Between masters, each with the epochs that the sender knows: \"epochs\":[7,0]
says that A has epoch 7, and that B's is not known.
  {\"Push\":...}    changes; a longer push is cut into several
  {\"Digest\":...}  what the sender has seen; asks for what it lacks
  {\"Part\":...}    a piece of a snapshot
  {\"Greet\":...}   asks for the epochs that the receiver knows
  {\"Known\":...}   tells them, and why a packet was refused; never answered
If you play a master, name an epoch of your own, the same in every packet: as B,
{\"Digest\":{\"epochs\":[0,7],\"seen\":[]}}.

Masters know each other by address alone: a forged source address is not
detected. A master keeps nothing on disk. If it is ended and started again, the
neighbours that know the epoch of its earlier run tell it so: it acknowledges no
write from then on, and they take no changes from it. End all masters, and start
them together. If all neighbours are out of reach for half a second after its
start, a master acknowledges writes; a neighbour that knows an earlier run of it
refuses those writes later, and both log it.";

const CONFORM: &str = "\
A record is a file of JSON objects, a line each: first the setting (the rule's
name, the topology, the number of shards), then the events in the order of
their numbers. It supplies the choices: what clients asked, what was sent, lost
and delivered when. The model makes the same choices, shard by shard. What came
of them (answers, readings, outcomes) must be what comes of them there, and a
message must be in flight there as the model's own master sent it.

At the first step that is otherwise: its line, and what the model has instead;
exit status 1. If all are the model's: what happened, counted, and how it ended.";

const MUTANTS: &str = "\
The bugs K1, K2, ... are documented ones of real systems, made here in a line or
two; the others are our own, so that every property rejects something. Those
that take what no scenario has (crashes, masters that leave, sessions) are named
below the table, each with what it needs.

A mutant is killed by the one property that it names, and only if that property
holds in every reachable state of the same masters without the mutation. `steps`
is the length of the schedule that kills it; none is shorter. Otherwise it says
  SURVIVED       the property holds in every state: it does not see the mutation
  NOT EXHAUSTED  the search was cut before it could be told
  UNSOUND        the property is not known to hold without the mutation
and counts as a survivor.

The last table is of rules broken on purpose that causal histories alone reject:
no network is explored. `rule` is what the rule was, and has the property in all
histories within the same bounds. No history of fewer writes shows the violation,
and with so many no shorter schedule does. Where snapshots are taken, or changes
delivered again, these are not counted as steps.

Exit status: 0 if all are killed, 1 if any is not, 2 for a name that there is not.";

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// A Markdown table, then the schedules
    Table,
    /// One JSON object a scenario, a line each
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum EngineName {
    /// This project's breadth-first pass
    Own,
    /// stateright's breadth-first search
    Stateright,
    /// stateright's depth-first search
    StaterightDfs,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Engine {
        match name {
            EngineName::Own => Engine::Own,
            EngineName::Stateright => Engine::Stateright(How::Bfs),
            EngineName::StaterightDfs => Engine::Stateright(How::Dfs),
        }
    }
}
