//! Runs a scenario's masters as [actors](MasterActor) over UDP on loopback addresses, with JSON messages: [`run`]. A
//! user can watch them with tcpdump and talk to them with netcat.
//!
//! A [`MasterActor`] contains the [`Replica`](multimaster::Replica) that scenarios explore, and the tests explore the
//! actor as a stateright `ActorModel`. The next tick's digest repairs a lost datagram. Packets of strangers are
//! refused, but **the address alone identifies a sender**: a forged source address is not detected, and neither is a
//! neighbour that lies about other masters. Use this on one machine, not on an open network.
//!
//! A master stores nothing on disk. A master that is restarted while others run learns this from its neighbours, and
//! writes under a fresh origin: [`meeting`] states the protocol and its guarantees. The content of a datagram is
//! [checked](crate::node::any_rule) to be of the rule's types before the rule sees it. An unreadable datagram is a
//! [`Packet`] too, counted and answered.

mod cut;
mod journal;
mod master;
pub mod meeting;
mod packet;
mod runtime;

pub use cut::{MAX_PARTS, WINDOW};
pub use journal::Journal;
pub use master::{MasterActor, MasterState, Timer};
pub use meeting::Epochs;
pub use packet::{Digest, MAX_DATAGRAM, NotTaken, Packet, Part, Pushed};

use crate::node::any_rule::AnyRule;
use crate::node::delivery::Delivery;
use crate::scenario::{Explored, RuleName, Scenario};
use crate::scope::{Clocks, Collected, LinkKind, Scope};
use journal::News;
use multimaster::{Kind, MasterId};
use stateright::actor::Id;
use std::convert::Infallible;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

/// Settings of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The first master's port; the others have the next ones.
    pub port: u16,
    /// The interval at which each master sends its digest.
    pub tick: Duration,
    /// The names of the masters to run; if empty, all. The others run in another process, or a person acts for them
    /// with netcat.
    pub only: Vec<String>,
    /// Whether to print also sent messages and digests.
    pub verbose: bool,
    /// The epoch of this run of the masters, which no other run may have. See [`meeting`].
    pub epoch: u64,
}

/// An epoch that no earlier run has: the milliseconds since 1970.
pub fn epoch_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// The reason for which the masters do not run.
#[derive(Debug)]
pub enum Stopped {
    /// The scenario or an option is invalid: the reason and the fix.
    Given(String),
    /// The output could not be written.
    Output(std::io::Error),
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Stopped {
        Stopped::Output(error)
    }
}

/// Runs the scenario's masters for ever, and prints their log to `out`.
///
/// # Errors
/// If the scenario has no such masters or a port is taken (then no master was started), if a master stops, or if `out`
/// cannot be written.
pub fn run(scenario: &Scenario, options: &Options, out: &mut dyn Write) -> Result<Infallible, Stopped> {
    let (rule, scope) = cluster(scenario)?;
    let addresses = addresses(options.port, scope.topology.masters())?;
    let chosen = chosen(&options.only, scope)?;
    let sockets = chosen.iter().map(|master| {
        let address = addresses[master.index()];
        UdpSocket::bind(address).map_err(|error| {
            let what = format!("cannot run master {master} at {address}: {error}; give another `--port`");
            Stopped::Given(what)
        })
    });
    // All sockets are bound before any master starts: masters that start together receive each other's first packets.
    let sockets = sockets.collect::<Result<Vec<_>, _>>()?;
    write!(out, "{}", greeting(scenario, scope, rule, &chosen, &addresses, options.epoch))?;
    out.flush()?;
    // The queue is bounded: a reader that stops reading the output stops the masters.
    let (sender, news) = sync_channel(1024);
    let epochs = Epochs::of(scope.topology.masters(), chosen.iter().map(|id| (*id, options.epoch)));
    let start = Start { scenario, scope, addresses: &addresses, epochs, options, sender };
    for (id, socket) in chosen.into_iter().zip(sockets) {
        start.master(id, rule.rule(id), socket);
    }
    drop(start);
    for news in news {
        match news {
            News::Line(line) => {
                writeln!(out, "{line}")?;
                out.flush()?;
            }
            News::Stopped(id, why) => return Err(Stopped::Given(format!("master {id} has stopped: {why}"))),
        }
    }
    Err(Stopped::Given("all masters have stopped".into()))
}

/// The rule and the scope, if they can run over UDP.
fn cluster(scenario: &Scenario) -> Result<(RuleName, &Scope), Stopped> {
    let what = match &scenario.subject {
        Explored::Cluster(rule, scope) => return Ok((*rule, scope)),
        Explored::Sharded(_, _, layout) => format!(
            "{} has {} shards, and `spawn` runs masters of one: remove `shards` from a copy of the file, or run a \
             `multimaster::Cluster`",
            scenario.name,
            layout.shards()
        ),
        Explored::Nodes(_) => format!("{}: `spawn` runs the protocol's masters, not a program", scenario.name),
        Explored::Article(_) => format!(
            "{} models the article's program, which `spawn` cannot run: give a scenario with a `rule`",
            scenario.name
        ),
    };
    Err(Stopped::Given(what))
}

/// The masters' addresses, in order.
fn addresses(port: u16, masters: u16) -> Result<Vec<SocketAddrV4>, Stopped> {
    let last = port.checked_add(masters - 1).filter(|_| port > 0);
    let Some(last) = last else {
        let most = u16::MAX - masters + 1;
        return Err(Stopped::Given(format!(
            "`--port {port}`: {masters} masters need ports in a row: give 1 to {most}"
        )));
    };
    Ok((port..=last).map(|port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).collect())
}

fn chosen(only: &[String], scope: &Scope) -> Result<Vec<MasterId>, Stopped> {
    let all: Vec<MasterId> = scope.topology.ids().collect();
    for name in only {
        if !all.iter().any(|id| id.to_string() == *name) {
            let names: Vec<String> = all.iter().map(MasterId::to_string).collect();
            return Err(Stopped::Given(format!(
                "`--only {name}`: there is no such master; there are {}",
                names.join(", ")
            )));
        }
    }
    Ok(all.into_iter().filter(|id| only.is_empty() || only.contains(&id.to_string())).collect())
}

fn greeting(
    scenario: &Scenario,
    scope: &Scope,
    rule: RuleName,
    chosen: &[MasterId],
    addresses: &[SocketAddrV4],
    epoch: u64,
) -> String {
    let (write, read) = match rule.kind() {
        Kind::Register => ("set hello = world", "hello"),
        Kind::Counter | Kind::GrowOnlyCounter | Kind::BoundedCounter | Kind::DeletableCounter => {
            ("add 1 to likes", "likes")
        }
        Kind::Set | Kind::GrowOnlySet => ("insert red into tags", "tags"),
        Kind::Flag => ("enable dark", "dark"),
        Kind::Maximum => ("raise high to 7", "high"),
        Kind::Minimum => ("lower best to 7", "best"),
        Kind::Map => ("in cart, add 2 to apples", "cart"),
        _ => ("REQUEST", "KEY"),
    };
    let batch = if scope.batch == 1 { "1 change".to_owned() } else { format!("{} changes", scope.batch) };
    let mut text = format!("{}: {}\n", scenario.name, scenario.about);
    let log = scope.log.map_or_else(String::new, |log| format!(", a log of {log}"));
    text += &format!("{}, rule {}, at most {batch} in a push{log}; epoch {epoch}\n", scenario.shape, rule.name());
    for note in left_out(scenario, scope) {
        text += &format!("not used from the file: {note}\n");
    }
    text += "\n";
    text += &format!("  {:6}  {:15}  {}\n", "master", "address", "sends to");
    for id in scope.topology.ids() {
        let to: Vec<String> = scope.topology.sends_to(id).map(|id| id.to_string()).collect();
        let elsewhere = if chosen.contains(&id) { "" } else { "  (not run here)" };
        text +=
            &format!("  {:6}  {:15}  {}{elsewhere}\n", id.to_string(), addresses[id.index()].to_string(), to.join(" "));
    }
    let port = |id: Option<&MasterId>| id.map_or(0, |id| addresses[id.index()].port());
    let (one, other) = (port(chosen.first()), port(chosen.last()));
    let (first, last) = (port(Some(&MasterId(0))), addresses.last().map_or(0, SocketAddrV4::port));
    text += &format!(
        "\n  write   echo '{{\"Ask\":\"{write}\"}}' | nc -u -w1 127.0.0.1 {one}\n  \
           read    echo '{{\"Read\":\"{read}\"}}' | nc -u -w1 127.0.0.1 {other}\n  \
           counts  echo '\"Counts\"' | nc -u -w1 127.0.0.1 {one}\n  \
           watch   tcpdump -i lo -A udp portrange {first}-{last}\n\n",
    );
    text
}

/// The settings of the file that apply only when it is explored, each with the reason.
fn left_out(scenario: &Scenario, scope: &Scope) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if scenario.delivery != Delivery::Causal || scenario.asked.exhibit.is_some() {
        notes.push("`delivery` (running masters apply each change once, after all that its writer had seen)");
    }
    match scope.link {
        LinkKind::Datagram { losses: 0, duplicates: 0 } | LinkKind::Running { losses: 0, duplicates: 0 } => {}
        LinkKind::Stream { .. } => notes.push("`link = \"stream\"` (the links are UDP)"),
        LinkKind::Soup => notes.push("`link = \"soup\"` (the links are UDP, which keeps no old messages)"),
        _ => notes.push("`losses` and `duplicates` (only the network of this machine loses messages)"),
    }
    if scope.clocks != Clocks::default() {
        notes.push("`clocks` (the time of a request, as in `at TIME, set k = v`, is taken as given)");
    }
    if scope.collected == Collected::AfterATime {
        notes.push("`collected = \"after a time\"` (masters can disagree for ever: tombstones are kept)");
    }
    if scope.requests() > 0 {
        notes.push("the clients (you make the requests)");
    }
    notes
}

/// The parameters of every master's start.
struct Start<'a> {
    scenario: &'a Scenario,
    scope: &'a Scope,
    addresses: &'a [SocketAddrV4],
    epochs: Epochs,
    options: &'a Options,
    sender: SyncSender<News>,
}

impl Start<'_> {
    fn master(&self, id: MasterId, rule: AnyRule, socket: UdpSocket) {
        let journal = Journal::to(self.sender.clone(), self.options.verbose);
        let addresses = Id::vec_from(self.addresses.iter().copied());
        let (address, tick) = (self.addresses[id.index()], Some(self.options.tick));
        let actor = MasterActor::new(id, rule, self.scope.clone(), addresses, self.epochs.clone(), tick, journal);
        let (sender, scenario) = (self.sender.clone(), self.scenario.clone());
        std::thread::spawn(move || {
            let failed = || {
                scenario
                    .rule_failed()
                    .map(|wrong| format!("its rule has failed, in line {} of it: {}", wrong.line, wrong.what))
            };
            let run = || runtime::run(&actor, &socket, address, &failed);
            let why = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| "its thread has panicked".into());
            let _ = sender.send(News::Stopped(id, why));
        });
    }
}
