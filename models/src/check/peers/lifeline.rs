//! How a process notices that another has ended or stopped: [`watch`].

use super::Peers;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The time between two signs of life.
const RHYTHM: Duration = Duration::from_millis(500);
/// A process that has given no sign for this time is lost.
pub(super) const SILENCE: Duration = Duration::from_secs(4);

const ALIVE: u8 = 0;
const DONE: u8 = 1;

/// The lifelines to all other processes.
pub(super) struct Lifelines {
    ends: Vec<(Sender<()>, JoinHandle<()>)>,
}

/// Sends and watches signs of life. Calls `lost` once a process has ended early or is silent.
pub(super) fn watch(peers: &Peers, lines: Vec<Option<TcpStream>>, lost: fn(&str) -> !) -> Result<Lifelines, String> {
    let mut ends = Vec::new();
    for (place, line) in lines.into_iter().enumerate() {
        let Some(line) = line else { continue };
        let (mut reader, mut writer) = (line.try_clone().map_err(|error| error.to_string())?, line);
        reader.set_read_timeout(Some(SILENCE)).map_err(|error| error.to_string())?;
        let name = peers.name(place);
        thread::spawn(move || {
            let mut sign = [ALIVE];
            loop {
                match reader.read(&mut sign) {
                    Ok(1) if sign[0] == ALIVE => {}
                    Ok(1) => return,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                        lost(&format!("{name} has stopped: no sign of life for {} s", SILENCE.as_secs()));
                    }
                    Ok(_) | Err(_) => lost(&format!("{name} has ended before the search was complete")),
                }
            }
        });
        let (end, ended) = mpsc::channel::<()>();
        let signs = thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(RHYTHM) {
                // The reader notices that the line is broken.
                let _ = writer.write_all(&[ALIVE]);
            }
            let _ = writer.write_all(&[DONE]);
        });
        ends.push((end, signs));
    }
    Ok(Lifelines { ends })
}

impl Lifelines {
    /// Tells the other processes that this one has done all that they need.
    pub(super) fn release(self) {
        for (end, signs) in self.ends {
            drop(end);
            let _ = signs.join();
        }
    }
}
