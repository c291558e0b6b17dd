//! `multimaster simulate`: topologies measured.

mod given;

use super::progress::Line;
use super::{Ending, Failure, whole};
use clap::{Args, ValueEnum};
use given::{Kept, List, Percent, Seeds, plot, seeds, tick};
use multimaster_models::fault::Fault;
use multimaster_models::scenario::RuleName;
use multimaster_models::simulate::{
    self, Case, Crash, Cut, EdgeList, Measure, Regions, Row, Setting, Shape, parse_crash, parse_cut, parse_duration,
};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Asked {
    /// The topologies: ring, two-way-ring, star, all-to-all, tree:N (N children a master), random:N (N neighbours a
    /// master, drawn from the seed; N is even), edges:FILE
    #[arg(long, value_name = "LIST", default_value = "ring,star,all-to-all")]
    topology: String,
    /// The numbers of masters. With edges:FILE, the file gives the number
    #[arg(long, value_name = "LIST", default_value = "5")]
    masters: List<u16>,
    /// The writes a second, at all masters together
    #[arg(long, value_name = "LIST", default_value = "100")]
    rate: List<f64>,
    /// The probability that a message is lost, such as 1%
    #[arg(long, value_name = "LIST", default_value = "0%")]
    loss: List<Percent>,
    /// The numbers of masters, drawn from the seed, that are down from the start
    #[arg(long, value_name = "LIST", default_value = "0")]
    dead: List<u16>,
    /// Cut links for some time, or for good: A@1s..3s (all links of A), A-B@1s..3s, A->B@1s, halves@1s..3s
    #[arg(long, value_name = "CUT", value_parser = parse_cut)]
    cut: Vec<Cut>,
    /// Crash a master, and restart it: B@1s..3s; or for good: B@1s
    #[arg(long, value_name = "CRASH", value_parser = parse_crash)]
    crash: Vec<Crash>,
    /// The state that a master has after a crash
    #[arg(long, value_enum, default_value_t = Kept::All)]
    keeps: Kept,
    /// The time between two flushes of a master to its disk; with --keeps flushed
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = tick)]
    flush: Duration,
    /// The number of writes that clients ask for
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = |text: &str| whole(text, 1_u64, 10_000_000), allow_hyphen_values = true)]
    writes: u64,
    /// The number of reads that clients ask for; by default that of the writes
    #[arg(long, value_name = "N")]
    #[arg(value_parser = |text: &str| whole(text, 0_u64, 10_000_000), allow_hyphen_values = true)]
    reads: Option<u64>,
    /// The number of keys that clients write and read
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = |text: &str| whole(text, 1_usize, 1_000_000), allow_hyphen_values = true)]
    keys: usize,
    /// The conflict rule: its name in `multimaster list`
    #[arg(long, value_name = "RULE", default_value = "last-write")]
    rule: String,
    /// Only these regions, in this order; by default all sixteen
    #[arg(long, value_name = "LIST")]
    regions: Option<String>,
    /// A table of round-trip times in place of the shipped one
    #[arg(long, value_name = "FILE")]
    round_trips: Option<String>,
    /// One round-trip time between all masters, in place of a table
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with_all = ["regions", "round_trips"])]
    round_trip: Option<Duration>,
    /// A message takes half the round trip, and up to this share longer, at random
    #[arg(long, value_name = "SHARE", default_value = "10%")]
    jitter: Percent,
    /// The time for which each message occupies the master that sends or receives it
    #[arg(long, value_name = "TIME", default_value = "20us", value_parser = parse_duration)]
    cost: Duration,
    /// After this time without a message, a master sends its neighbour a digest; only where messages can be lost
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = tick)]
    tick: Duration,
    /// The maximum number of changes in a message
    #[arg(long, value_name = "N", default_value_t = 256)]
    #[arg(value_parser = |text: &str| whole(text, 1_usize, 1_000_000), allow_hyphen_values = true)]
    batch: usize,
    /// The number of changes that a log keeps for neighbours to which they have not been sent
    #[arg(long, value_name = "N", default_value_t = 1024)]
    #[arg(value_parser = |text: &str| whole(text, 1_usize, 1_000_000_000), allow_hyphen_values = true)]
    log: usize,
    /// The seeds: `1..21` for those from 1 to 20, `7` for one
    #[arg(long, value_name = "SEEDS", default_value = "1..6", value_parser = seeds)]
    seeds: Seeds,
    /// The number of runs at a time; by default one for each core
    #[arg(long, value_name = "N")]
    #[arg(value_parser = |text: &str| whole(text, 1_usize, 1024), allow_hyphen_values = true)]
    threads: Option<usize>,
    /// The form of the figures
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Draw a figure as an SVG: NAME=FILE; may be given several times
    #[arg(long, value_name = "NAME=FILE", value_parser = plot)]
    plot: Vec<(&'static Measure, String)>,
    /// Write the run as a record that `conform` checks; for one case and one seed
    #[arg(long, value_name = "FILE")]
    record: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table of means
    Table,
    /// A line for each run
    Csv,
    /// The setting, the means, and the figures of each run
    Json,
}

pub(crate) const MANUAL: &str = "\
Each master is the shipping state machine, driven as a program would drive it: it
relays each new change to its neighbours at once, and repairs losses by digests.
The network and the clients are simulated from a seed: the same arguments give the
same output.

The round trips are those between sixteen regions of the Azure cloud (95th
percentile of July 2026). Up to sixteen masters are in a region each, in the order
of the table; more are spread over the regions in blocks. Writes come at random
times to random masters and keys. A master handles one message after the
other, and sends the changes that wait meanwhile in one batch. docs/topologies.md
states all assumptions.

Figures, as the mean over the seeds and half its 95 % confidence interval; times
are in milliseconds:
  median, p99, max   from the request of a write until all masters have it
  mean               from the request until another master has it
  messages, digests  sent for each write, lost ones included
  bytes              of both, as the JSON that masters send over UDP
  busiest            messages sent and received by the busiest master, for each write
  share              the busiest master's share of all messages
  occupied           the share of the time for which the busiest master is occupied
  stale              the share of reads that miss a write of their key
  behind             the age of the oldest write that such a read misses
  reached            the share of the masters that a write reached
  everywhere         the share of the writes that reached all masters
  refused            the share of writes that are refused
  gone               acknowledged writes that no master has at the end
  healed             from the last healing or restart until all masters have all
                     earlier writes
  agree              runs in which all masters read the same at the end
Masters that are down at the end are not counted. A write is acknowledged once its
master has applied it.

  multimaster simulate --masters 3,5,10,16 --plot p99=p99.svg
  multimaster simulate --topology star,tree:3 --masters 100 --rate 50,500,2000
  multimaster simulate --dead 0,1,2,3 --masters 12 --plot reached=reached.svg
  multimaster simulate --cut halves@2s..6s --loss 1% --seeds 1..21 --format csv
  multimaster simulate --crash B@3s..5s --keeps nothing
  multimaster simulate --topology ring --seeds 7 --masters 3 --record run.jsonl
  multimaster conform run.jsonl

Exit status: 0 if all runs ended; 2 if an argument is invalid; 130 if it was
interrupted: the runs that have ended are printed.";

fn read(file: &str) -> Result<String, Fault> {
    fs::read_to_string(file).map_err(|error| Fault::of(file, error.to_string()))
}

impl Asked {
    fn shapes(&self) -> Result<Vec<Shape>, Failure> {
        let shape = |text: &str| match text.trim().strip_prefix("edges:") {
            None => text.trim().parse().map_err(|wrong| Failure::Given(format!("--topology: {wrong}"))),
            Some(file) => {
                let list = EdgeList::parse(file, &read(file)?);
                let list = list.map_err(|(line, what)| Fault::at(file, line, what))?;
                Ok(Shape::Edges(list.into()))
            }
        };
        self.topology.split(',').map(shape).collect()
    }

    fn cases(&self) -> Result<Vec<Case>, Failure> {
        if let Some(rate) = self.rate.0.iter().find(|rate| !(0.001..=1e9).contains(*rate)) {
            return Err(Failure::Given(format!("--rate {rate}: write a number of writes a second, from 0.001 to 1e9")));
        }
        let mut cases = Vec::new();
        for shape in self.shapes()? {
            let masters = match &shape {
                Shape::Edges(list) => vec![list.masters],
                _ => self.masters.0.clone(),
            };
            for masters in masters {
                for rate in &self.rate.0 {
                    for loss in &self.loss.0 {
                        for dead in &self.dead.0 {
                            let (shape, rate, loss, dead) = (shape.clone(), *rate, loss.0, *dead);
                            cases.push(Case { shape, masters, rate, loss, dead });
                        }
                    }
                }
            }
        }
        Ok(cases)
    }

    fn setting(&self) -> Result<Setting, Failure> {
        let named = RuleName::named(&self.rule);
        let rule = named.ok_or_else(|| {
            Failure::Given(format!(
                "--rule: no rule is named `{}`; `multimaster list` has their names",
                self.rule.escape_debug()
            ))
        })?;
        Ok(Setting {
            regions: self.all_regions()?,
            reads: self.reads.unwrap_or(self.writes),
            keys: self.keys,
            jitter: self.jitter.0,
            cost: self.cost,
            tick: self.tick,
            batch: self.batch,
            log: self.log,
            cuts: self.cut.clone(),
            crashes: self.crash.clone(),
            keeps: self.keeps.flushing(self.flush),
            ..Setting::new(rule, self.writes)
        })
    }

    fn all_regions(&self) -> Result<Regions, Failure> {
        if let Some(round_trip) = self.round_trip {
            return Ok(Regions::uniform(round_trip.as_secs_f64() * 1e3));
        }
        let all = match &self.round_trips {
            None => Regions::azure(),
            Some(file) => Regions::parse(&read(file)?).map_err(|(line, what)| Fault::at(file, line, what))?,
        };
        let Some(names) = &self.regions else { return Ok(all) };
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        all.only(&names).map_err(|absent| {
            Failure::Given(format!(
                "--regions: there is no region `{}`; there are {}",
                absent.escape_debug(),
                all.names().join(", ")
            ))
        })
    }
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let (setting, cases, seeds) = (asked.setting()?, asked.cases()?, &asked.seeds.0);
    for case in &cases {
        setting.vet(case).map_err(Failure::Given)?;
    }
    if let (Some(_), false) = (&asked.record, cases.len() == 1 && seeds.len() == 1) {
        return Err(Failure::Given("--record: give one topology, one number of everything, and one seed".into()));
    }
    let line = Line::begin("events");
    line.say(format!("{} runs:", cases.len() * seeds.len()));
    let (rows, is_whole) = match &asked.record {
        None => {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            simulate::sweep(&setting, &cases, seeds, asked.threads.unwrap_or(cores))
        }
        Some(file) => {
            let out = File::create(file).map_err(|error| Fault::of(file, error.to_string()))?;
            let mut out = BufWriter::new(out);
            let figures = simulate::record(&setting, &cases[0], seeds[0], &mut out)?;
            out.flush()?;
            let is_whole = figures.is_some();
            let runs = figures.map(|figures| (seeds[0], figures)).into_iter().collect();
            (vec![Row { case: cases[0].clone(), runs }], is_whole)
        }
    };
    drop(line);
    print(asked, &setting, &rows)?;
    if !is_whole {
        let _ = writeln!(io::stderr(), "multimaster: interrupted; these are the runs that have ended");
        return Ok(Ending::Interrupted);
    }
    for (measure, file) in &asked.plot {
        let svg = simulate::plot(&rows, measure).map_err(|wrong| Failure::Given(format!("--plot: {wrong}")))?;
        fs::write(file, svg).map_err(|error| Fault::of(file, error.to_string()))?;
    }
    Ok(Ending::Fine)
}

fn print(asked: &Asked, setting: &Setting, rows: &[Row]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match asked.format {
        Format::Table => write!(out, "{}", simulate::table(rows)),
        Format::Csv => write!(out, "{}", simulate::csv(rows)),
        Format::Json => writeln!(out, "{:#}", simulate::json(setting, rows)),
    }
}
