//! How processes meet: [`meet`].

use super::Peers;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The digest of all that must be equal in all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Of this program.
    pub program: u64,
    /// Of the scenario.
    pub scenario: u64,
    /// Of the limits and options.
    pub options: u64,
}

/// The connections to the other processes, by index; `None` for this process.
pub(super) struct Connections {
    pub(super) data: Vec<Option<TcpStream>>,
    pub(super) lifelines: Vec<Option<TcpStream>>,
}

/// The first bytes of a greeting.
const MAGIC: [u8; 8] = *b"mmspread";
const LENGTH: usize = 8 + 2 + 3 * 8;
/// The index of lifelines among the kinds of connections.
const LIFELINE: usize = 1;
/// The time between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest time for a greeting.
const GREETING: Duration = Duration::from_secs(2);

/// A process greets with its index, the kind of the connection, and its digest.
fn greeting(own: usize, kind: u8, digest: Digest) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let Digest { program, scenario, options } = digest;
    bytes[..8].copy_from_slice(&MAGIC);
    (bytes[8], bytes[9]) = (own as u8, kind);
    for (place, word) in [program, scenario, options].into_iter().enumerate() {
        bytes[10 + 8 * place..][..8].copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The index, the kind and the digest of a greeting; `None` if it is none.
fn understood(bytes: &[u8; LENGTH]) -> Option<(usize, u8, Digest)> {
    let word = |place: usize| bytes[10 + 8 * place..].first_chunk().map(|word| u64::from_le_bytes(*word));
    let digest = Digest { program: word(0)?, scenario: word(1)?, options: word(2)? };
    (bytes[..8] == MAGIC).then_some((bytes[8].into(), bytes[9], digest))
}

fn difference(own: Digest, other: Digest) -> Option<&'static str> {
    match () {
        () if own.program != other.program => Some("is another build of this program"),
        () if own.scenario != other.scenario => Some("has another scenario"),
        () if own.options != other.options => Some("has other options or another number of processes"),
        () => None,
    }
}

/// Greets over this connection; returns the other's index and the kind.
fn greet(stream: &mut TcpStream, bytes: [u8; LENGTH]) -> io::Result<Option<(usize, u8, Digest)>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(GREETING))?;
    stream.set_write_timeout(Some(GREETING))?;
    stream.write_all(&bytes)?;
    let mut answer = [0; LENGTH];
    stream.read_exact(&mut answer)?;
    stream.set_read_timeout(None)?;
    stream.set_write_timeout(None)?;
    Ok(understood(&answer))
}

/// Connects to all other processes.
pub(super) fn meet(peers: &Peers, digest: Digest) -> Result<Connections, String> {
    let (own, all, until) = (peers.own, peers.addresses.len(), Instant::now() + peers.wait);
    let address = peers.addresses[own];
    let listener =
        TcpListener::bind(address).map_err(|error| format!("process {own} cannot listen on {address}: {error}"))?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let none = || (0..all).map(|_| None).collect::<Vec<Option<TcpStream>>>();
    let mut connections = [none(), none()];
    for (kind, lines) in (0..).zip(&mut connections) {
        for (earlier, line) in lines.iter_mut().enumerate().take(own) {
            *line = Some(connect(peers, earlier, kind, digest, until)?);
        }
    }
    let missing = |connections: &[Vec<Option<TcpStream>>; 2]| {
        (own + 1..all).find(|later| connections.iter().any(|kind| kind[*later].is_none()))
    };
    while let Some(later) = missing(&connections) {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false).map_err(|error| error.to_string())?;
                // Whoever else connects is left alone.
                let Ok(Some((from, kind, other))) = greet(&mut stream, greeting(own, 0, digest)) else { continue };
                if from <= own || from >= all || kind > 1 {
                    continue;
                }
                if let Some(what) = difference(digest, other) {
                    return Err(format!("{} {what}", peers.name(from)));
                }
                connections[usize::from(kind)][from] = Some(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                if let Some(ended) = connections[LIFELINE].iter().position(|line| line.as_ref().is_some_and(has_ended))
                {
                    return Err(format!("{} has ended before all processes had met", peers.name(ended)));
                }
                thread::sleep(PAUSE);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(late(peers, later)),
            Err(error) => return Err(format!("process {own} cannot accept on {address}: {error}")),
        }
    }
    let [data, lifelines] = connections;
    Ok(Connections { data, lifelines })
}

/// Whether the other process has closed this connection.
fn has_ended(line: &TcpStream) -> bool {
    let peeked = line.set_nonblocking(true).and_then(|()| line.peek(&mut [0]));
    let _ = line.set_nonblocking(false);
    match peeked {
        Ok(bytes) => bytes == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

fn late(peers: &Peers, place: usize) -> String {
    format!("{} has not started within {:?}: start it, or wait longer with `--wait`", peers.name(place), peers.wait)
}

/// Connects to a process with a lower index.
fn connect(peers: &Peers, to: usize, kind: u8, digest: Digest, until: Instant) -> Result<TcpStream, String> {
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        if let Ok(mut stream) = TcpStream::connect_timeout(&peers.addresses[to], left) {
            match greet(&mut stream, greeting(peers.own, kind, digest)) {
                Ok(Some((from, _, other))) if from == to => match difference(digest, other) {
                    Some(what) => return Err(format!("{} {what}", peers.name(to))),
                    None => return Ok(stream),
                },
                Ok(_) => return Err(format!("{} is not a process of this search", peers.addresses[to])),
                // It may have been stopped or ended meanwhile.
                Err(_) => {}
            }
        }
        thread::sleep(PAUSE);
    }
    Err(late(peers, to))
}
