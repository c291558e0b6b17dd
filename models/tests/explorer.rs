//! The Explorer over its socket, with requests of a browser, of attackers and of broken clients.

use multimaster_models::report::explorer::{self, Served};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Serves a scenario for the rest of the test: the host and port.
fn served(scenario: &str) -> String {
    let (announced, served) = mpsc::channel();
    let scenario = catalogue::find(scenario).unwrap();
    std::thread::spawn(move || {
        explorer::serve((&scenario).into(), "127.0.0.1:0", |at: &Served| announced.send(at.clone()).unwrap())
    });
    let at: Served = served.recv().unwrap();
    assert!(!at.open);
    at.url.trim_start_matches("http://").trim_end_matches('/').to_owned()
}

fn connected(host: &str) -> TcpStream {
    let stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The answer to these bytes: its status, head and body.
fn answer(host: &str, request: &str) -> (u16, String, String) {
    let mut stream = connected(host);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.into(), body.into())
}

fn get(host: &str, path: &str) -> String {
    let (status, head, body) = answer(host, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert_eq!(status, 200, "{path}: {head}\n{body}");
    body
}

fn json(host: &str, path: &str) -> Value {
    serde_json::from_str(&get(host, path)).unwrap()
}

#[test]
fn each_step_is_a_sentence_and_says_what_holds_in_its_own_state() {
    let host = served("booking/arrival");
    // The first steps: 0 is the initial state.
    let initial = json(&host, "/.states");
    assert_eq!((&initial[0]["actionIndex"], &initial[0]["action"]), (&0.into(), &Value::Null));
    let first = json(&host, "/.states/0");
    assert_eq!(first[0]["action"], "A: set seat = 14 Ann", "{first}");

    // One step before the masters have swapped: the choices contain the violating state and its picture.
    let fragment = explorer::address(&vec![0, 0, 0].into());
    assert_eq!(fragment, "#/steps/0/0/0/0");
    let last = json(&host, &fragment.replace("#/steps", "/.states"));
    let outcome = last[0]["outcome"].as_str().unwrap();
    assert!(outcome.contains("VIOLATED: A and B have both seen A1 B1") && outcome.contains("This step changed"));
    assert!(last[0]["svg"].as_str().unwrap().starts_with("<svg"));
    // The page marks the properties that are violated in this state.
    let properties = last[0]["properties"].as_array().unwrap();
    let convergence = properties.iter().find(|property| property[1] == "convergence").unwrap();
    assert_eq!(convergence[2], "0/0/0/0/0");
    let agreed = properties.iter().find(|property| property[1] == "causal order").unwrap();
    assert_eq!(agreed[2], Value::Null);

    // The pages exist, and every file that they load.
    let page = get(&host, "/stateright/");
    assert!(page.contains("<title>booking/arrival: Stateright Explorer</title>"), "{page}");
    for part in ["app.css", "app.js", "knockout-3.5.0.js"] {
        assert!(page.contains(part), "{part}");
        assert!(!get(&host, &format!("/stateright/{part}")).is_empty(), "{part}");
    }
    let page = get(&host, "/");
    for part in ["/explorer.css", "/explorer.js", "/icon.svg"] {
        assert!(page.contains(part), "{part}");
        assert!(!get(&host, part).is_empty(), "{part}");
    }
}

#[test]
fn our_page_gets_a_state_its_picture_its_trace_and_jumps() {
    let host = served("booking/arrival");
    let about = json(&host, "/.about");
    assert_eq!((&about["name"], &about["quiescence"]), (&"booking/arrival".into(), &true.into()), "{about}");
    let found = json(&host, "/.nearest/violation/0/0");
    let path = found["path"].as_str().unwrap();
    let there = json(&host, &format!("/.situation/{path}"));
    let violated = there["properties"].as_array().unwrap().iter().find(|property| property["word"] == "violated");
    assert_eq!(violated.unwrap()["name"], found["property"]);
    assert!(get(&host, &format!("/.picture/{path}")).starts_with("<svg"));
    let trace = get(&host, &format!("/.trace/{path}"));
    assert!(trace.contains("scenario booking/arrival\nviolates no policy loss\n"), "{trace}");
    assert_eq!(json(&host, "/.scope")["begun"], false, "browsing begins no search");
}

#[test]
fn all_states_are_searched_on_request_with_the_shortest_paths() {
    let host = served("booking/arrival");
    let before = json(&host, "/.status");
    assert_eq!((&before["done"], &before["model"]), (&false.into(), &"booking/arrival".into()), "{before}");
    let post = format!("POST /.runtocompletion HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
    // Two requests start one search.
    assert_eq!([answer(&host, &post).0, answer(&host, &post).0], [200, 200]);
    let until = Instant::now() + Duration::from_secs(20);
    let status = loop {
        let status = json(&host, "/.status");
        if status["done"] == true {
            break status;
        }
        assert!(Instant::now() < until, "{status}");
        std::thread::sleep(Duration::from_millis(20));
    };
    let expected = catalogue::find("booking/arrival").unwrap().expect;
    assert_eq!(status["unique_state_count"], expected.states.unwrap());
    assert_eq!(status["max_depth"], expected.depth.unwrap());
    let properties = status["properties"].as_array().unwrap();
    let convergence = properties.iter().find(|property| property[1] == "convergence").unwrap();
    assert_eq!((&convergence[0], &convergence[2]), (&"Always".into(), &"0/0/0/0/0".into()));
    assert!(properties.iter().any(|property| property[1] == "falls silent" && property[2] == Value::Null));
}

#[test]
fn a_search_that_was_cut_never_calls_a_property_safe() {
    let mut scenario = catalogue::find("booking/arrival").unwrap();
    scenario.limits.states = 5;
    let (announced, served) = mpsc::channel();
    std::thread::spawn(move || {
        explorer::serve((&scenario).into(), "127.0.0.1:0", |at: &Served| announced.send(at.url.clone()).unwrap())
    });
    let url: String = served.recv().unwrap();
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    answer(host, &format!("POST /.runtocompletion HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let status = json(host, "/.status");
        assert_eq!(status["done"], false, "the page would show what is undecided as safe");
        if status["recent_path"].as_str().unwrap().starts_with("not exhausted") {
            break;
        }
        assert!(Instant::now() < until, "{status}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let scope = json(host, "/.scope");
    assert_eq!((&scope["done"], &scope["exhausted"]), (&true.into(), &false.into()), "{scope}");
    assert!(scope["said"].as_str().unwrap().starts_with("Not exhausted: stopped after 5 states"), "{scope}");
    assert!(scope["verdicts"].as_array().unwrap().iter().all(|verdict| verdict["word"] != "holds"), "{scope}");
}

#[test]
fn what_is_no_request_of_the_page_is_refused_and_ends_nothing() {
    let host = served("hello");
    let head = |line: &str, more: &str| format!("{line} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n");
    let long = "x".repeat(40_000);
    for (request, status) in [
        (head("POST /.runtocompletion", "Content-Length: 18446744073709551615\r\n"), 413),
        (head("POST /.runtocompletion", "Content-Length: 99999999999999999999999999\r\n"), 413),
        (head("POST /.runtocompletion", "Content-Length: -1\r\n"), 413),
        (head("POST /.runtocompletion", "Transfer-Encoding: chunked\r\n"), 413),
        (head("GET /.runtocompletion", ""), 405),
        (head("DELETE /", ""), 405),
        (head("GET /ui/index.htm", ""), 404),
        (head("GET /../../etc/passwd", ""), 404),
        (head("GET /.states/0/999999999999999999999999", ""), 404),
        (head("GET /.states/0/99", ""), 404),
        (head("GET /.states/7", ""), 404),
        (head("GET /.states/0/-1", ""), 404),
        (head("GET /.states/one", ""), 404),
        (head("GET /.situation", ""), 404),
        (head("GET /.situation/0/99", ""), 404),
        (head("GET /.picture/one", ""), 404),
        (head("GET /.trace/7", ""), 404),
        (head("GET /.nearest/violation", ""), 404),
        (head("GET /.nearest/elsewhere/0", ""), 404),
        (head("GET /.nearest/99/0", ""), 404),
        (head("GET /.situation/0", "Sec-Fetch-Site: cross-site\r\n"), 403),
        (head(&format!("GET /.states{}", "/0".repeat(2_000)), ""), 404),
        (head(&format!("GET /{long}"), ""), 431),
        (head("GET /", &format!("X: {long}\r\n")), 431),
        (head("GET /", &"X: y\r\n".repeat(200)), 431),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".into(), 421),
        (head("GET /.status", "Origin: http://evil.example\r\n"), 403),
        (head("POST /.runtocompletion", "Origin: null\r\n"), 403),
        (head("GET /.status", "Sec-Fetch-Site: cross-site\r\n"), 403),
        (head("GET /.status", &format!("Origin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n")), 200),
    ] {
        let (found, said, body) = answer(&host, &request);
        let shown: String = request.chars().take(100).collect();
        assert_eq!(found, status, "{shown}\n{said}\n{body}");
    }
    assert!(get(&host, "/").contains("explorer"), "it still runs");
}

#[test]
fn nobody_waits_for_those_who_do_not_read_or_do_not_ask() {
    let host = served("booking/arrival");
    // Thousands of requests on one connection, whose answers are not read.
    let mut flood = connected(&host);
    flood.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let one = format!("GET /stateright/knockout-3.5.0.js HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let _ = flood.write_all(one.repeat(5_000).as_bytes());
    // Connections without a request, or with half of one.
    let mut idle: Vec<TcpStream> = (0..20).map(|_| connected(&host)).collect();
    for half in idle.iter_mut().skip(10) {
        half.write_all(b"GET /.status HT").unwrap();
    }
    let asked = Instant::now();
    assert!(get(&host, "/.states/0").contains("A: set seat = 14 Ann"));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    // The server does not wait for them for ever.
    let mut said = String::new();
    idle[15].read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[test]
fn more_connections_than_are_served_are_told_so_and_the_next_are_served_again() {
    let host = served("hello");
    let mut many: Vec<TcpStream> = (0..100).map(|_| connected(&host)).collect();
    let mut said = String::new();
    many.last_mut().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    drop(many);
    let until = Instant::now() + Duration::from_secs(10);
    while answer(&host, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).0 != 200 {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_cannot_be_served_on_is_said_and_what_would_be_right() {
    let taken = TcpListener::bind("localhost:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (address, part) in [
        ("nowhere", "no address"),
        ("localhost:99999", "no address"),
        (":3000", "no address"),
        (&format!("localhost:{port}"), "cannot serve on"),
        ("192.0.2.1:3000", "cannot serve on"),
    ] {
        let scenario: Scenario = catalogue::find("hello").unwrap();
        let error = explorer::serve((&scenario).into(), address, |at| panic!("served at {at:?}")).unwrap_err();
        assert!(error.contains(part) && error.contains(explorer::DEFAULT_ADDRESS), "{error}");
    }
}
