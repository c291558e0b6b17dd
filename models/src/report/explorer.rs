//! The Explorer: pages to browse the states of a scenario by hand, and the server behind them.
//!
//! `/` is our page: one state at a time, with the schedule that leads to it. `/stateright/` is stateright's page. Both
//! name a state by the same address. stateright's own server ends at a malformed request, is blocked by one slow
//! reader, and answers the pages of any site; this server does not. `server` states the requests that it answers.

mod find;
mod http;
mod pages;
mod search;
mod server;
mod situation;
mod states;
#[cfg(all(test, feature = "cli"))]
mod tests;
mod walk;

use crate::check::engine::{Limits, Path};
use crate::check::erased::Erased;
use crate::check::liveness::{self, Fairness};
use crate::fault::Fault;
use crate::model::{Expectation, Model};
use crate::printed::{escaped_lines, padded, shown, terminal_width};
use crate::properties::FALLS_SILENT;
use crate::scenario::Scenario;
use crate::subject::Subject;
use server::{Server, in_a_url};
use std::convert::Infallible;
use std::fmt::Write;
use std::net::{IpAddr, TcpListener};

/// The default address of the Explorer.
pub const DEFAULT_ADDRESS: &str = "localhost:3000";
/// The port of [`DEFAULT_ADDRESS`].
pub const DEFAULT_PORT: u16 = 3000;

/// The address of a served Explorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The page's URL, with a slash at its end.
    pub url: String,
    /// Whether other machines can reach it.
    pub open: bool,
}

/// The model that the Explorer shows.
pub struct Shown {
    /// The name of the scenario.
    pub name: String,
    /// One sentence on the purpose of the scenario; may be empty.
    pub about: String,
    /// The text of the scenario, if traces must contain it in order to be replayed; else empty.
    pub carried: String,
    /// The command that replays a trace, up to the file's name, and the rest after that name.
    pub replay: (String, String),
    /// The model to browse.
    pub model: Erased,
    /// The same model for the search of all states. If it is another instance, browsing never waits for the search.
    pub searched: Erased,
    /// The limits of a search of all states.
    pub limits: Limits,
    /// The failure of the rule, after which no shown verdict counts.
    pub failed: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

impl Shown {
    /// The properties that are judged over whole schedules, and not in a state.
    fn of_whole_schedules(&self) -> Whole {
        let fairness = self.limits.liveness;
        let live = fairness.map(|fairness| liveness::names(&self.model.goals(), fairness)).unwrap_or_default();
        Whole { fairness, live }
    }
}

/// The properties of whole schedules: *falls silent*, and the liveness properties.
#[derive(Default)]
struct Whole {
    fairness: Option<Fairness>,
    live: Vec<&'static str>,
}

impl Whole {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        [FALLS_SILENT].into_iter().chain(self.live.iter().copied())
    }
}

impl From<&Scenario> for Shown {
    fn from(scenario: &Scenario) -> Shown {
        let asked = scenario.clone();
        Shown {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            carried: String::new(),
            replay: ("multimaster replay ".into(), String::new()),
            model: scenario.model(),
            searched: scenario.model(),
            limits: scenario.limits,
            failed: Box::new(move || asked.faults().first().map(Fault::to_string)),
        }
    }
}

/// The address, after `http://HOST:PORT/`, of the state at the end of `path`. Its first number is the index of the
/// initial state, each other number the index of an action.
pub fn address(path: &Path) -> String {
    format!("#/steps/{}", steps(path))
}

fn steps(path: &Path) -> String {
    path.iter().fold(path.start.to_string(), |address, action| format!("{address}/{action}"))
}

/// Serves the Explorer on `address`, `HOST:PORT` or `PORT` alone, for ever. `ready` is called with its place just
/// before.
///
/// # Errors
/// If the address is invalid, or cannot be used.
pub fn serve(shown: Shown, address: &str, ready: impl FnOnce(&Served)) -> Result<Infallible, String> {
    let (listener, host, served) = bound(address)?;
    ready(&served);
    Server::new(shown, host).run(&listener)
}

/// The socket to serve on, the host as a URL spells it, and its place. Port 0 is replaced by a free one.
fn bound(address: &str) -> Result<(TcpListener, String, Served), String> {
    let (host, port) = address.rsplit_once(':').unwrap_or(("localhost", address));
    let form = || format!("`{address}` is no address: give HOST:PORT or PORT, such as {DEFAULT_ADDRESS}");
    let port: u16 = port.parse().map_err(|_| form())?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() || host == ":" {
        return Err(form());
    }
    let listener = TcpListener::bind((host, port));
    let (listener, socket) = listener.and_then(|l| l.local_addr().map(|socket| (l, socket))).map_err(|error| {
        format!(
            "cannot serve on {address}: {error}; give HOST:PORT with a host of this machine and a free port above 1023, \
             such as {DEFAULT_ADDRESS}"
        )
    })?;
    let host = host.parse().map_or_else(|_| host.to_owned(), in_a_url);
    // A browser cannot open the address that stands for all of a machine's addresses.
    let to_open = match socket.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1",
        IpAddr::V6(ip) if ip.is_unspecified() => "[::1]",
        _ => &host,
    };
    let url = format!("http://{to_open}:{}/", socket.port());
    Ok((listener, host, Served { url, open: !socket.ip().is_loopback() }))
}

/// The description of the state after `action`: the step's outcome, its changes, the state, and every property in this
/// state. (The page's own marks beside states do not show this: they only compare addresses with that of one
/// counterexample.) `None` if the step changes nothing.
pub(crate) fn step_in_words<M: Subject>(model: &M, state: &M::State, action: &M::Action) -> Option<String> {
    let (next, _) = model.step(state, action)?;
    let (before, after) = (escaped_lines(&format!("{state:?}")), escaped_lines(&format!("{next:?}")));
    let mut out = shown(&model.describe(state, action));
    if let Some(remark) = model.remark(state, action) {
        let _ = write!(out, "\n   {}", shown(&remark));
    }
    let _ = write!(out, "\n\nThis step changed:");
    for (sign, line) in difference(&before, &after) {
        let _ = write!(out, "\n {sign} {line}");
    }
    let _ = write!(out, "\n\nThe state now:");
    for line in after.lines() {
        let _ = write!(out, "\n   {line}");
    }
    let _ = write!(out, "\n\nIn this state:");
    let properties = model.properties();
    let wide = properties.iter().map(|property| terminal_width(property.name)).max().unwrap_or(0);
    for property in &properties {
        let verdict = match ((property.condition)(model, &next), &property.expectation) {
            (true, Expectation::Sometimes) => "reached here".to_owned(),
            (false, Expectation::Sometimes) => "not here".to_owned(),
            (_, Expectation::Eventually) => "not judged".to_owned(),
            (true, Expectation::Always) => "holds".to_owned(),
            (false, Expectation::Always) => match model.complaint(property.name, &next) {
                Some(why) => format!("VIOLATED: {}", shown(&why)),
                None => "VIOLATED".to_owned(),
            },
        };
        let _ = write!(out, "\n   {}  {verdict}", padded(property.name, wide));
    }
    Some(out)
}

/// The lines only in `before`, with a `-`, and those only in `after`, with a `+`. Lines with the same first word stand
/// together.
fn difference<'a>(before: &'a str, after: &'a str) -> Vec<(char, &'a str)> {
    let mut new: Vec<&str> = after.lines().collect();
    let mut lines = Vec::new();
    for line in before.lines() {
        match new.iter().position(|other| *other == line) {
            Some(place) => drop(new.remove(place)),
            None => lines.push(('-', line)),
        }
    }
    lines.extend(new.into_iter().map(|line| ('+', line)));
    let about = |line: &'a str| line.split_whitespace().next();
    let order: Vec<_> = before.lines().chain(after.lines()).map(about).collect();
    lines.sort_by_key(|(_, line)| order.iter().position(|other| *other == about(line)));
    lines
}

#[cfg(test)]
mod addresses {
    use super::*;

    #[test]
    fn a_path_has_an_address() {
        assert_eq!(address(&Path::default()), "#/steps/0");
        assert_eq!(address(&vec![3, 0, 12].into()), "#/steps/0/3/0/12");
        assert_eq!(address(&Path { start: 2, steps: vec![3] }), "#/steps/2/3");
    }

    #[test]
    fn the_difference_is_told_line_by_line() {
        let lines = difference("A 1\nB 1\nin flight  x\nend", "A 1\nB 2\nin flight  nothing\nend\nmore");
        let shown: Vec<String> = lines.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        assert_eq!(shown, ["-B 1", "+B 2", "-in flight  x", "+in flight  nothing", "+more"]);
    }

    #[test]
    fn what_is_no_address_is_named_with_what_would_be() {
        for address in ["", "localhost", "localhost:", ":3000", "70000", "localhost:web", "[]:3000", "::1"] {
            let error = bound(address).map(|_| ()).expect_err(address);
            assert!(error.contains(&format!("`{address}`")) && error.contains(DEFAULT_ADDRESS), "{error}");
        }
    }

    #[test]
    fn what_is_announced_can_be_opened() {
        for (address, host, open) in [
            ("localhost:0", "localhost", false),
            ("0", "localhost", false),
            ("127.0.0.1:0", "127.0.0.1", false),
            ("0.0.0.0:0", "127.0.0.1", true),
        ] {
            let (_, _, served) = bound(address).expect(address);
            assert!(served.url.starts_with(&format!("http://{host}:")) && !served.url.contains(":0/"), "{served:?}");
            assert_eq!(served.open, open, "{address}");
        }
        // Not every machine has IPv6.
        for address in ["::1:0", "[::1]:0"] {
            if let Ok((_, host, served)) = bound(address) {
                assert!(served.url.starts_with("http://[::1]:") && host == "[::1]" && !served.open, "{served:?}");
            }
        }
    }
}
