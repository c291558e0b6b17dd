//! stateright's Explorer over a [`Subject`]: a page on which to go through the states by hand. Here is what it is told
//! to show, and how it is started.

use crate::erased::Erased;
use crate::subject::Subject;
use stateright::{Checker, Expectation, Model};
use std::convert::Infallible;
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};

/// Where the Explorer is served unless told otherwise.
pub const DEFAULT_ADDRESS: &str = "localhost:3000";

/// The page's address within the Explorer of the state at the end of `path`, by the index of each action: what follows
/// `http://HOST:PORT/`. The first 0 is the initial state.
pub fn address(path: &[usize]) -> String {
    path.iter().fold("#/steps/0".to_owned(), |address, action| format!("{address}/{action}"))
}

/// Serves the Explorer on `address`, `HOST:PORT` or `PORT` alone, for ever. `ready` is told the page's URL, with a slash
/// at its end, just before.
///
/// # Errors
/// If the address is none, or cannot be served on.
pub fn serve(model: Erased, address: &str, ready: impl FnOnce(&str)) -> Result<Infallible, String> {
    let (host, socket) = bindable(address)?;
    ready(&format!("http://{host}:{}/", socket.port()));
    let checker = model.checker().serve(socket);
    Err(format!("the Explorer on {socket} has stopped, after {} states", checker.unique_state_count()))
}

/// The host named, and the address to serve on. stateright panics if it cannot, so it is tried here first. Port 0 becomes
/// one that is free.
fn bindable(address: &str) -> Result<(&str, SocketAddr), String> {
    let (host, port) = address.rsplit_once(':').unwrap_or(("localhost", address));
    let form = || format!("`{address}` is no address: give HOST:PORT or PORT, such as {DEFAULT_ADDRESS}");
    let port: u16 = port.parse().map_err(|_| form())?;
    if host.is_empty() {
        return Err(form());
    }
    let trial = TcpListener::bind(format!("{host}:{port}")).and_then(|listener| listener.local_addr());
    match trial {
        Ok(socket) => Ok((host, socket)),
        Err(error) => Err(format!(
            "cannot serve on {host}:{port}: {error}; give HOST:PORT with a host of this machine and a free port above \
             1023, such as {DEFAULT_ADDRESS}"
        )),
    }
}

/// What a person asks of the state after `action`: what the step did, what it changed, the state, and every property
/// as it is in that very state. (The page's own signs beside states are no answer: they compare addresses with that of
/// the one counterexample it knows.) `None` if the step changes nothing.
pub(crate) fn step_in_words<M: Subject>(model: &M, state: &M::State, action: &M::Action) -> Option<String> {
    let (next, _) = model.step(state, action)?;
    let (before, after) = (format!("{state:?}"), format!("{next:?}"));
    let mut out = model.describe(state, action);
    if let Some(remark) = model.remark(state, action) {
        let _ = write!(out, "\n   {remark}");
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
    let wide = properties.iter().map(|property| property.name.len()).max().unwrap_or(0);
    for property in &properties {
        let verdict = match ((property.condition)(model, &next), property.expectation == Expectation::Sometimes) {
            (true, true) => "reached here".to_owned(),
            (false, true) => "not here".to_owned(),
            (true, false) => "holds".to_owned(),
            (false, false) => match model.complaint(property.name, &next) {
                Some(why) => format!("VIOLATED: {why}"),
                None => "VIOLATED".to_owned(),
            },
        };
        let _ = write!(out, "\n   {:wide$}  {verdict}", property.name);
    }
    Some(out)
}

/// The lines only in `before`, with a `-`, and those only in `after`, with a `+`; what is about the same thing, by the
/// first word, together.
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
mod tests {
    use super::*;

    #[test]
    fn a_path_has_an_address() {
        assert_eq!(address(&[]), "#/steps/0");
        assert_eq!(address(&[3, 0, 12]), "#/steps/0/3/0/12");
    }

    #[test]
    fn the_difference_is_told_line_by_line() {
        let lines = difference("A 1\nB 1\nin flight  x\nend", "A 1\nB 2\nin flight  nothing\nend\nmore");
        let shown: Vec<String> = lines.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        assert_eq!(shown, ["-B 1", "+B 2", "-in flight  x", "+in flight  nothing", "+more"]);
    }

    #[test]
    fn what_is_no_address_is_named_with_what_would_be() {
        for address in ["", "localhost", "localhost:", ":3000", "70000", "localhost:web"] {
            let error = bindable(address).expect_err(address);
            assert!(error.contains(&format!("`{address}`")) && error.contains(DEFAULT_ADDRESS), "{error}");
        }
    }
}
