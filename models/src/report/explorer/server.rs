//! The server: the requests that it answers, and their limits. Each connection has a thread, one request and a time
//! limit, so no client blocks another, and no input ends the process.

use super::http::{self, Answer, Request, TEXT};
use super::search::Search;
use super::walk::Walk;
use super::{Shown, find, pages, situation, states};
use crate::model::Model;
use crate::printed::shown;
use crate::properties::QUIESCENCE;
use crate::report::picture::Diagram;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The most connections at a time. A browser opens six.
const MOST_CONNECTIONS: usize = 64;

fn json(value: Value) -> Answer {
    Answer::of("application/json", value.to_string())
}

/// The number of successive failed connections that end the server: about twenty seconds.
const MOST_FAILURES: usize = 1_000;

pub(super) struct Server {
    search: Arc<Search>,
    /// The host that the user named, as a URL spells it.
    host: String,
    connections: AtomicUsize,
}

impl Server {
    pub(super) fn new(shown: Shown, host: String) -> Server {
        Server { search: Arc::new(Search::of(shown)), host, connections: AtomicUsize::new(0) }
    }

    /// # Errors
    /// If no connection can be accepted for long.
    pub(super) fn run(self, listener: &TcpListener) -> Result<Infallible, String> {
        let server = Arc::new(self);
        let mut failures = 0;
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if failures == MOST_FAILURES => return Err(format!("no connection is accepted: {error}")),
                // Too many files are open, or the client has gone.
                Err(_) => {
                    failures += 1;
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
            };
            failures = 0;
            let Some(place) = Place::taken(&server) else {
                let full = Answer::refused(503, "too many connections: try again");
                // The answer fits into the socket's buffer or is lost. The server does not wait for it.
                if stream.set_nonblocking(true).is_ok() {
                    http::answer(&mut { stream }, &full);
                }
                continue;
            };
            // If no thread can be started, the connection is closed.
            let _ = std::thread::Builder::new().spawn(move || place.0.serve(stream));
        }
    }

    fn serve(&self, mut stream: TcpStream) {
        let here = stream.local_addr().map(|address| address.ip()).ok();
        let answer = match http::read(&mut stream) {
            None => return,
            Some(Err(refused)) => refused,
            Some(Ok(request)) => self.refusal(&request, here).unwrap_or_else(|| self.answer(&request)),
        };
        http::answer(&mut stream, &answer);
    }

    /// The reason for refusing a request from a page of another site, which comes under its own name, or under a name
    /// that its owner points to this machine (DNS rebinding). `None` if the request is allowed.
    fn refusal(&self, request: &Request, here: Option<IpAddr>) -> Option<Answer> {
        let Some(host) = &request.host else {
            return Some(Answer::refused(400, "the request has no `Host` header"));
        };
        let named = without_port(host).to_ascii_lowercase();
        let own = ["localhost", "127.0.0.1", "[::1]"].contains(&named.as_str());
        if !own && named != self.host.to_ascii_lowercase() && here.is_none_or(|here| named != in_a_url(here)) {
            return Some(Answer::refused(421, "`Host` is not a name of this server"));
        }
        if request.origin.as_ref().is_some_and(|origin| *origin != format!("http://{host}")) {
            return Some(Answer::refused(403, "refused: the page of another site makes this request (`Origin`)"));
        }
        // Another site may link to the page itself only.
        let foreign = request.site.as_deref().is_some_and(|site| !["same-origin", "none"].contains(&site));
        (foreign && request.path.starts_with("/."))
            .then(|| Answer::refused(403, "refused: the page of another site makes this request (`Sec-Fetch-Site`)"))
    }

    /// The facts about the model that our page shows with every state.
    fn about(&self) -> Value {
        let Shown { name, about, model, replay: (before, after), .. } = &self.search.shown;
        json!({
            "name": shown(name),
            "about": shown(about),
            "replay": format!("{before}copied.trace{after}"),
            "quiescence": model.properties().iter().any(|property| property.name == QUIESCENCE),
        })
    }

    /// The answer about a path.
    ///
    /// # Errors
    /// If there is no such path.
    fn asked(&self, path: &str) -> Result<Answer, String> {
        let Shown { model, name, carried, .. } = &self.search.shown;
        let whole = self.search.shown.of_whole_schedules();
        if let Some(steps) = after(path, "/.states") {
            return states::after(model, steps).map(|all| json(all.into()));
        }
        if let Some(steps) = after(path, "/.situation") {
            return Walk::of(model, steps).map(|walk| json(situation::situation(model, &walk, &whole)));
        }
        if let Some(steps) = after(path, "/.picture") {
            let walk = Walk::of(model, steps)?;
            let lasting = walk.violated_for_ever(model, &whole);
            let repeated = lasting.first().map(|_| walk.seen_before(&walk.state).unwrap_or(walk.taken.len()));
            let picture = Diagram::of(model, &walk.drawn()).repeating(repeated);
            return Ok(Answer::of("image/svg+xml", picture.svg()));
        }
        if let Some(steps) = after(path, "/.trace") {
            let walk = Walk::of(model, steps)?;
            return Ok(Answer::of(TEXT, situation::trace(model, &walk, &whole, name, carried)));
        }
        if let Some((goal, steps)) = path.strip_prefix("/.nearest/").and_then(|rest| rest.split_once('/')) {
            let walk = Walk::of(model, steps)?;
            return find::nearest(model, &walk, goal).map(json);
        }
        Err("there is nothing here: the pages are / and /stateright/".into())
    }

    fn answer(&self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/.status") => json(self.search.status()),
            ("POST", "/.runtocompletion") => match self.search.begin() {
                Ok(()) => Answer::of("text/plain; charset=utf-8", ""),
                Err(error) => Answer::refused(503, &format!("cannot begin: {error}")),
            },
            (_, "/.runtocompletion") => Answer::refused(405, "POST this"),
            ("GET", "/.about") => json(self.about()),
            ("GET", "/.scope") => json(self.search.scope()),
            ("GET", path) => pages::part(path, &self.search.shown)
                .unwrap_or_else(|| self.asked(path).unwrap_or_else(|why| Answer::refused(404, &why))),
            _ => Answer::refused(405, "GET this"),
        }
    }
}

/// The part of the path after `start`: empty, or a slash and the rest.
fn after<'a>(path: &'a str, start: &str) -> Option<&'a str> {
    path.strip_prefix(start).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One of the permitted connections, released when dropped, however its thread ends.
struct Place(Arc<Server>);

impl Place {
    fn taken(server: &Arc<Server>) -> Option<Place> {
        let place = Place(Arc::clone(server));
        (server.connections.fetch_add(1, Ordering::Relaxed) < MOST_CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The host of `HOST:PORT`, as a URL spells it.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// An address as a URL spells it. (Of an IPv4 address that came in over IPv6, the IPv4 address.)
pub(super) fn in_a_url(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::catalogue;

    fn refused(host: &str, origin: Option<&str>, site: Option<&str>, path: &str) -> Option<u16> {
        let scenario = catalogue::find("hello").expect("it ships");
        let server = Server::new(Shown::from(&scenario), "192.0.2.7".into());
        let text = |text: &str| text.to_owned();
        let request = Request {
            method: "GET".into(),
            path: path.into(),
            host: Some(host.into()),
            origin: origin.map(text),
            site: site.map(text),
        };
        let here = "198.51.100.3".parse().ok();
        server.refusal(&request, here).map(|answer| answer.status)
    }

    #[test]
    fn only_its_own_names_are_answered() {
        for host in
            ["localhost:3000", "LOCALHOST", "127.0.0.1:1", "[::1]:3000", "[::1]", "192.0.2.7:80", "198.51.100.3"]
        {
            assert_eq!(refused(host, None, None, "/.status"), None, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "::1",
            "0.0.0.0",
        ] {
            assert_eq!(refused(host, None, None, "/.status"), Some(421), "{host}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_not_answered() {
        let host = "localhost:3000";
        assert_eq!(refused(host, Some("http://localhost:3000"), Some("same-origin"), "/.runtocompletion"), None);
        for origin in
            ["http://evil.example", "null", "https://localhost:3000", "http://localhost:3001", "http://localhost"]
        {
            assert_eq!(refused(host, Some(origin), None, "/.status"), Some(403), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(refused(host, None, Some(site), "/.states/0"), Some(403), "{site}");
            assert_eq!(refused(host, None, Some(site), "/"), None, "a link to the page");
        }
    }
}
