//! Runs an actor over a UDP socket: [`run`].
//!
//! This is the part of stateright's `spawn` that a master needs: the actor gets the same inputs, and asks for the same
//! outputs, as the [`Actor`] that an `ActorModel` explores. The differences:
//!
//! - stateright's loop panics if it reads a timer in the nanosecond in which the timer falls due. With a short tick,
//!   this happens to a busy master within seconds.
//! - Between two timers this loop receives one datagram if there is one, however late the timers are. So if the work of
//!   a tick takes longer than the tick, timers and datagrams still alternate.
//! - All sockets are bound before any master starts, so that masters that start together receive each other's first
//!   packet.
//! - The output of a step in which the rule failed is not sent.

use super::packet::{MAX_DATAGRAM, Packet};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stateright::actor::{Actor, Command, Id, Out};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

/// The most bytes of a UDP datagram. A datagram longer than [`MAX_DATAGRAM`] is read whole, to report its length.
const LARGEST: usize = 65_535;
const _: () = assert!(MAX_DATAGRAM < LARGEST);

/// The number of successive socket errors that end the actor.
const ERRORS: u32 = 100;

/// A running actor.
struct Runtime<'a, A: Actor> {
    actor: &'a A,
    id: Id,
    socket: &'a UdpSocket,
    timers: BTreeMap<A::Timer, Instant>,
    failed: &'a dyn Fn() -> Option<String>,
}

/// Runs the actor until its socket or its rule fails, and returns the reason. `failed` gives the rule's failure, if
/// any.
pub(super) fn run<A, E>(
    actor: &A,
    socket: &UdpSocket,
    address: SocketAddrV4,
    failed: &dyn Fn() -> Option<String>,
) -> String
where
    A: Actor<Msg = Packet<E>, Timer: Ord, State: Clone>,
    E: Serialize + DeserializeOwned,
{
    let mut runtime = Runtime { actor, id: Id::from(address), socket, timers: BTreeMap::new(), failed };
    match runtime.run() {
        Err(why) => why,
        Ok(never) => match never {},
    }
}

impl<A, E> Runtime<'_, A>
where
    A: Actor<Msg = Packet<E>, Timer: Ord, State: Clone>,
    E: Serialize + DeserializeOwned,
{
    fn run(&mut self) -> Result<std::convert::Infallible, String> {
        let mut out = Out::new();
        let mut state = Cow::Owned(self.actor.on_start(self.id, &None, &mut out));
        self.obey(out)?;
        let mut buffer = vec![0; LARGEST];
        let mut errors = 0;
        loop {
            let now = Instant::now();
            let due: Vec<A::Timer> =
                self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, _)| timer.clone()).collect();
            for timer in due {
                self.timers.remove(&timer);
                let mut out = Out::new();
                self.actor.on_timeout(self.id, &mut state, &timer, &mut out);
                self.obey(out)?;
            }
            match self.receive(&mut buffer) {
                Ok(Some((count, from))) => {
                    errors = 0;
                    let mut out = Out::new();
                    let packet = Packet::of_bytes(&buffer[..count]);
                    self.actor.on_msg(self.id, &mut state, Id::from(from), packet, &mut out);
                    self.obey(out)?;
                }
                Ok(None) => errors = 0,
                Err(error) => {
                    errors += 1;
                    if errors >= ERRORS {
                        return Err(format!("its socket fails: {error}"));
                    }
                }
            }
        }
    }

    /// The next datagram; `None` if none arrives before the next timer is due.
    fn receive(&self, buffer: &mut [u8]) -> std::io::Result<Option<(usize, SocketAddrV4)>> {
        let next = self.timers.values().min().map(|at| at.saturating_duration_since(Instant::now()));
        // A timeout of zero is an error.
        self.socket.set_read_timeout(next.map(|wait| wait.max(Duration::from_micros(1))))?;
        match self.socket.recv_from(buffer) {
            Ok((count, SocketAddr::V4(from))) => Ok(Some((count, from))),
            Ok(_) => Ok(None),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Carries out the actor's commands.
    fn obey(&mut self, out: Out<A>) -> Result<(), String> {
        if let Some(why) = (self.failed)() {
            return Err(why);
        }
        for command in out {
            match command {
                Command::Send(to, packet) => {
                    if let Ok(bytes) = packet.to_bytes() {
                        // An error counts as a lost packet, such as an address at which no socket listens.
                        let _ = self.socket.send_to(&bytes, SocketAddrV4::from(to));
                    }
                }
                Command::SetTimer(timer, range) => {
                    self.timers.insert(timer, Instant::now() + range.start);
                }
                Command::CancelTimer(timer) => {
                    self.timers.remove(&timer);
                }
                // A master makes no random choice, and stores nothing on disk.
                Command::ChooseRandom(..) | Command::Save(_) => {}
            }
        }
        Ok(())
    }
}
