//! A scenario's masters for real: stateright's actor runtime, over UDP on loopback addresses, with messages as JSON. One
//! can watch them with tcpdump, and talk to them with netcat. [`run`].
//!
//! What runs is the same [`Replica`](multimaster::Replica) that is explored, in a [`MasterActor`], which is itself
//! explored as a stateright `ActorModel` in the tests. A lost datagram is repaired by the next tick's digest. Whoever is
//! no neighbour is refused, but **told by its address alone**: a sender that forges its source address is believed, and
//! so is a neighbour that lies about other masters. It is for looking at on one machine, not for the open network.
//!
//! What a master does with what stateright's runtime gives it:
//!
//! - The runtime passes over what it cannot deserialize, with a line for a logger that nobody has installed: so here
//!   nothing fails to deserialize, and an unreadable datagram is a [`Packet`] like any other, counted and answered.
//! - It reads at most 65,535 bytes of a datagram and sends whatever it is given: [`MAX_DATAGRAM`] is far below.
//! - It passes over errors of sending. To send to an address where nobody listens is none: the datagram is lost.
//! - It panics if it cannot bind its port, so that is tried first. It also panics if a timer falls due in the very
//!   nanosecond in which it looks, and tells of a panic only when all its actors have: so each master is a runtime of
//!   its own, and [`run`] ends, and says so, when one does.

mod cut;
mod journal;
mod master;
mod packet;

pub use cut::{MAX_PARTS, WINDOW};
pub use journal::Journal;
pub use master::{MasterActor, MasterState};
pub use packet::{Digest, MAX_DATAGRAM, NotTaken, Packet, Part};

use crate::scenario::{Explored, ForRule, RuleName, Scenario};
use crate::scope::Scope;
use crate::specification::Specification;
use journal::News;
use multimaster::{Kind, MasterId, Resolver};
use stateright::actor::Id;
use std::convert::Infallible;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// How to run them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The first master's port; the others have the next ones.
    pub port: u16,
    /// How often each master sends its digest.
    pub tick: Duration,
    /// Only these masters, by name; none: all. The others are someone else's: another process, or a person with netcat.
    pub only: Vec<String>,
    /// Whether to print also what is sent and asked.
    pub verbose: bool,
}

/// Why they do not run, or no longer.
#[derive(Debug)]
pub enum Stopped {
    /// What we were given is not right: what would be.
    Given(String),
    /// Nobody takes what we print.
    Output(std::io::Error),
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Stopped {
        Stopped::Output(error)
    }
}

/// Runs the scenario's masters for ever, and prints to `out` what they do.
///
/// # Errors
/// If the scenario has no such masters, a port is taken (then nothing has been started), a master stops, or `out` does.
pub fn run(scenario: &Scenario, options: &Options, out: &mut dyn Write) -> Result<Infallible, Stopped> {
    let Explored::Cluster(rule, scope) = &scenario.subject else {
        let what =
            format!("{} models the article's program, which does not run here: name one with a `rule`", scenario.name);
        return Err(Stopped::Given(what));
    };
    let addresses = addresses(options.port, scope.topology.masters())?;
    let chosen = chosen(&options.only, scope)?;
    for master in &chosen {
        let address = addresses[master.index()];
        UdpSocket::bind(address).map_err(|error| {
            let what = format!("cannot run master {master} at {address}: {error}; give another `--port`");
            Stopped::Given(what)
        })?;
    }
    write!(out, "{}", greeting(scenario, scope, *rule, &chosen, &addresses))?;
    out.flush()?;
    // Whoever stops reading our output stops the masters: better than a queue without end.
    let (sender, news) = sync_channel(1024);
    let start = Start { scope, addresses: &addresses, options, sender };
    for id in &chosen {
        rule.with(Starting { start: &start, id: *id });
    }
    drop(start);
    for news in news {
        match news {
            News::Line(line) => {
                writeln!(out, "{line}")?;
                out.flush()?;
            }
            News::Stopped(id) => {
                return Err(Stopped::Given(format!("master {id} has stopped: its thread has panicked")));
            }
        }
    }
    Err(Stopped::Given("all masters have stopped".into()))
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
    };
    let batch = if scope.batch == 1 { "1 change".to_owned() } else { format!("{} changes", scope.batch) };
    let mut text = format!("{}: {}\n", scenario.name, scenario.about);
    text += &format!("{}, rule {}, at most {batch} a push\n\n", scenario.shape, rule.name());
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

/// What every master is started with.
struct Start<'a> {
    scope: &'a Scope,
    addresses: &'a [SocketAddrV4],
    options: &'a Options,
    sender: SyncSender<News>,
}

/// One master about to be started, once its rule is known.
struct Starting<'a> {
    start: &'a Start<'a>,
    id: MasterId,
}

impl ForRule for Starting<'_> {
    type Answer = ();

    fn with<R: Resolver>(self, rule: &dyn Fn(MasterId) -> R, _: Option<Specification>) {
        self.start.master(self.id, rule(self.id));
    }
}

impl Start<'_> {
    fn master<R: Resolver>(&self, id: MasterId, rule: R) {
        let journal = Journal::to(self.sender.clone(), self.options.verbose);
        let addresses = Id::vec_from(self.addresses.iter().copied());
        let address = addresses[id.index()];
        let actor = MasterActor::new(id, rule, self.scope.clone(), addresses, Some(self.options.tick), journal);
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            // It returns only by a panic, of which the panic itself has told.
            let _ = stateright::actor::spawn(
                Packet::to_bytes,
                |bytes| Ok(Packet::of_bytes(bytes)),
                |()| Ok(Vec::new()),
                |_| Ok(()),
                vec![(address, actor)],
            );
            let _ = sender.send(News::Stopped(id));
        });
    }
}
