//! The Explorer as a person gets it: over its socket.
#![allow(missing_docs)]

use multimaster_models::{catalogue, explorer};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

fn get(host: &str, path: &str) -> String {
    // The address is announced just before it is listened on.
    let mut stream = (0..200).find_map(|_| {
        let connected = TcpStream::connect(host);
        if connected.is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        connected.ok()
    });
    let stream = stream.as_mut().expect("it is served within four seconds");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn each_step_is_a_sentence_and_says_what_holds_in_its_own_state() {
    let (announced, served) = mpsc::channel();
    let scenario = catalogue::find("booking/arrival").unwrap();
    std::thread::spawn(move || {
        explorer::serve(scenario.model(), "localhost:0", |url| announced.send(url.to_owned()).unwrap())
    });
    let url = served.recv().unwrap();
    let host = url.trim_start_matches("http://").trim_end_matches('/');

    // The first steps: 0 is the initial state.
    let first = get(host, "/.states/0");
    assert!(first.contains("A: set seat = 14 Ann"), "{first}");

    // One step before the masters have swapped: the choices hold the violating state and its picture.
    let path = [0, 0, 0];
    let fragment = explorer::address(&path);
    assert_eq!(fragment, "#/steps/0/0/0/0");
    let last = get(host, &fragment.replace("#/steps", "/.states"));
    assert!(last.contains("VIOLATED: A and B have both seen A1 B1"), "{last}");
    assert!(last.contains("This step changed") && last.contains("<svg"), "{last}");

    // The page itself is there.
    assert!(get(host, "/").contains("Stateright Explorer"));
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
        let scenario = catalogue::find("hello").unwrap();
        let error = explorer::serve(scenario.model(), address, |url| panic!("served at {url}")).unwrap_err();
        assert!(error.contains(part) && error.contains(explorer::DEFAULT_ADDRESS), "{error}");
    }
}
