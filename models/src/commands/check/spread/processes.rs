//! The processes of one search: [`Several`].

use super::super::storage::{program, text_of};
use super::super::{Checked, Ending, Failure};
use super::Spread;
use multimaster_models::check::engine::{Checkpoints, Limits, Storage};
use multimaster_models::check::peers::{Digest, Peers};
use multimaster_models::fault;
use multimaster_models::report::check::check_spread;
use multimaster_models::scenario::Scenario;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, IsTerminal, Write};
use std::net::TcpListener;
use std::process::{self, Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{env, thread};

/// The processes of one search, of which this is one.
pub(in super::super) struct Several {
    peers: Peers,
    digest: Digest,
    checkpoints: Option<Checkpoints>,
    /// The other processes, if this one has started them.
    children: Children,
}

/// Processes that this one has started. They are killed when this is dropped.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Children {
    /// Waits until all have ended by themselves, for a while.
    fn end(mut self) {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && self.0.iter_mut().any(|child| matches!(child.try_wait(), Ok(None))) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Spread {
    /// The processes, if several were asked for. Those of one machine share its memory.
    ///
    /// # Errors
    /// If the file of addresses cannot be read, or the processes cannot be started.
    pub(in super::super) fn several(
        &self,
        scenarios: &mut [Scenario],
        storage: Option<&Storage>,
        no_memo: bool,
    ) -> Result<Option<Several>, Failure> {
        let own = self.process.unwrap_or(0);
        let (hosts, start) = match (&self.among, self.workers, &self.hosts) {
            (Some(among), ..) => (among.replace(',', "\n"), 0),
            (None, Some(workers), _) if workers > 1 => (free_addresses(workers).map_err(unstarted)?, workers),
            (None, None, Some(file)) => (fault::read(file)?, 0),
            (None, None, None) if self.process.is_some() => {
                return Err(Failure::Given("`--process` needs `--hosts`".into()));
            }
            _ => return Ok(None),
        };
        let file = self.hosts.as_deref().unwrap_or("--workers");
        let peers = Peers::read(&hosts, own, self.wait).map_err(|error| Failure::Given(format!("{file}: {error}")))?;
        let here = self.workers.unwrap_or(1) as u64;
        for scenario in scenarios.iter_mut() {
            scenario.limits.memory = scenario.limits.memory.map(|most| most / here);
        }
        let digest = digest(scenarios, &peers, no_memo)?;
        let list = hosts.trim().replace('\n', ",");
        let children = (1..start).map(|process| started(&list, process)).collect::<io::Result<_>>();
        let checkpoints = storage.and_then(|storage| storage.checkpoints.clone());
        Ok(Some(Several { peers, digest, checkpoints, children: Children(children.map_err(unstarted)?) }))
    }
}

fn unstarted(error: io::Error) -> Failure {
    Failure::Given(format!("`--workers`: processes cannot be started: {error}"))
}

/// Addresses of this machine that are free.
fn free_addresses(count: usize) -> io::Result<String> {
    let listeners = (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<io::Result<Vec<_>>>()?;
    listeners.iter().map(|listener| Ok(format!("{}\n", listener.local_addr()?))).collect()
}

/// Starts this command once more, as the process with this index.
fn started(list: &str, process: usize) -> io::Result<Child> {
    let mut arguments = env::args_os().skip(1);
    let mut command = Command::new(env::current_exe()?);
    command.args(arguments.next()).args(["--among", list, "--process", &process.to_string()]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()
}

fn digest(scenarios: &[Scenario], peers: &Peers, no_memo: bool) -> Result<Digest, Failure> {
    let sum = |values: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        values(&mut hasher);
        hasher.finish()
    };
    let program = program()?;
    let texts = scenarios.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
    let names = scenarios.iter().map(|scenario| scenario.name.rsplit('/').next().unwrap_or_default());
    let names: Vec<&str> = names.collect();
    // Machines may have different amounts of memory.
    let limits = scenarios.iter().map(|scenario| Limits { memory: None, ..scenario.limits });
    let limits: Vec<String> = limits.map(|limits| format!("{limits:?}")).collect();
    Ok(Digest {
        program: sum(&|hasher| program.hash(hasher)),
        scenario: sum(&|hasher| (&names, &texts).hash(hasher)),
        options: sum(&|hasher| (&limits, peers.addresses.len(), no_memo).hash(hasher)),
    })
}

/// Ends this process because another is lost, or because it has panicked.
fn lost(why: &str) -> ! {
    let mut out = io::stderr();
    let clear = if out.is_terminal() { "\r\x1b[K" } else { "" };
    let _ = writeln!(out, "{clear}multimaster: {why}");
    process::exit(2)
}

impl Several {
    /// Whether this process prints the verdicts.
    pub(in super::super) fn reports(&self) -> bool {
        self.peers.own == 0
    }

    /// Takes part in the search, and prints nothing.
    pub(in super::super) fn follow(&self, scenarios: &[Scenario]) -> Result<Ending, Failure> {
        let mut fine = true;
        self.run(scenarios, &mut |_, checked| fine &= checked.is_as_expected())?;
        Ok(fine.into())
    }

    /// Explores the scenarios and reports each with its index as soon as it is done.
    pub(in super::super) fn check(
        self,
        scenarios: &[Scenario],
        tell: &mut dyn FnMut(usize, Checked),
    ) -> Result<(), Failure> {
        self.run(scenarios, tell)?;
        self.children.end();
        Ok(())
    }

    fn run(&self, scenarios: &[Scenario], tell: &mut dyn FnMut(usize, Checked)) -> Result<(), Failure> {
        let (sender, receiver) = mpsc::channel();
        let (peers, digest, scenarios) = (self.peers.clone(), self.digest, scenarios.to_vec());
        let checkpoints = self.checkpoints.clone();
        let sender = Mutex::new(Some(sender));
        let search = thread::spawn(move || {
            peers.run(digest, lost, move |post| {
                let sender = sender.lock().ok().and_then(|mut sender| sender.take());
                check_spread(&scenarios, checkpoints.as_ref(), post, |place, checked| {
                    // The receiver lives until the search ends.
                    if let Some(sender) = &sender {
                        let _ = sender.send((place, checked));
                    }
                })
            })
        });
        receiver.into_iter().for_each(|(place, checked)| tell(place, checked));
        let done = search.join().unwrap_or_else(|_| lost("the search has panicked"));
        done.and_then(|done| done).map_err(Failure::Given)
    }
}
