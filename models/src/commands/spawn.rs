//! `multimaster spawn`: runs a scenario's masters over UDP.

use super::{Failure, whole};
use clap::Args;
use multimaster_models::scenario::catalogue;
use multimaster_models::spawn::{self, Options, Stopped};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Asked {
    /// A scenario file, or the name of a shipped scenario. Its clients and link faults are ignored: you make the
    /// requests
    file: String,
    /// The port of the first master; the other masters use the next ports
    #[arg(long, default_value_t = 4000)]
    #[arg(value_parser = |text: &str| whole(text, 1, u16::MAX), allow_hyphen_values = true)]
    port: u16,
    /// The interval in milliseconds at which each master asks its neighbours for missing changes
    #[arg(long, value_name = "MS", default_value_t = 500)]
    #[arg(value_parser = |text: &str| whole(text, 1_u64, 3_600_000), allow_hyphen_values = true)]
    tick: u64,
    /// Run only these masters, such as `A,C`; run the others elsewhere, or send their packets yourself
    #[arg(long, value_name = "MASTERS", value_delimiter = ',')]
    only: Vec<String>,
    /// Also print digests and sent messages
    #[arg(long)]
    verbose: bool,
}

pub(crate) const MANUAL: &str = "\
A datagram contains one packet, a JSON value of at most 8192 bytes:
  {\"Ask\":\"set hello = world\"}  a write; answered by {\"Wrote\":\"A1\"}, its dot
  {\"Read\":\"hello\"}             a read; answered by {\"Shows\":{\"Value\":\"world\"}}
  \"Counts\"                     asks for the numbers of packets by outcome
  anything else               answered by {\"Refused\":\"...\"}, logged and counted
Each run of a master has a number, its epoch, and an origin, which its writes
carry. A packet between masters contains the epochs that the sender knows, by
origin: \"epochs\":[7,0] means that the run with origin A has epoch 7, and that
the run with origin B is not known.
  {\"Push\":...}    changes; a long push is split into several packets
  {\"Digest\":...}  the sender's version vector; asks for missing changes
  {\"Part\":...}    a part of a snapshot
  {\"Progress\":...}  the changes that each master is known to have seen, if the
                  scenario says `collected = \"when all have seen\"`: its sender's
                  neighbours then drop tombstones
  {\"Greet\":...}   asks for the epochs that the receiver knows
  {\"Known\":...}   contains these epochs, and the reason if a packet was refused; it
                  is never answered
To act as a master, choose an epoch and use it in every packet, for example as B
{\"Digest\":{\"epochs\":[0,7],\"seen\":[]}}.

A master identifies its neighbours by address, and does not detect a forged
source address. It keeps nothing on disk. A restarted master asks its neighbours
which of its earlier runs they know, and takes the next origin: of two masters,
the second run of B writes as D. The neighbours send its earlier writes back to
it. If all neighbours are unreachable for half a second after its start, a
master takes its first origin and acknowledges writes; a neighbour that knows an
earlier run refuses those writes later, and both log the refusal.";

pub(crate) fn run(asked: Asked) -> Result<bool, Failure> {
    let Asked { file, port, tick, only, verbose } = asked;
    let scenario = catalogue::find(&file)?;
    let options = Options { port, tick: Duration::from_millis(tick), only, verbose, epoch: spawn::epoch_now() };
    match spawn::run(&scenario, &options, &mut std::io::stdout()) {
        Ok(never) => match never {},
        Err(Stopped::Given(what)) => Err(Failure::Given(what)),
        Err(Stopped::Output(error)) => Err(Failure::Output(error)),
    }
}
