//! `multimaster spawn`: runs a scenario's masters over UDP.

use super::Failure;
use clap::Args;
use multimaster_models::scenario::catalogue;
use multimaster_models::spawn::{self, Options, Stopped};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Asked {
    /// A scenario file, or the name of a shipped scenario; what its clients ask and its links do is left to you
    file: String,
    /// The first master's port; the others have the next ones
    #[arg(long, default_value_t = 4000)]
    port: u16,
    /// Every so many milliseconds each master asks its neighbours for what it lacks
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    tick: u64,
    /// Run only these masters, such as `A,C`; the others are run elsewhere, or played by you
    #[arg(long, value_name = "MASTERS", value_delimiter = ',')]
    only: Vec<String>,
    /// Print also digests, and what is sent
    #[arg(long)]
    verbose: bool,
}

pub(crate) const MANUAL: &str = "\
A datagram is one packet, as JSON, of at most 8192 bytes:
  {\"Ask\":\"set hello = world\"}  a write; answered by {\"Wrote\":\"A1\"}, its dot
  {\"Read\":\"hello\"}             a read; answered by {\"Shows\":{\"Value\":\"world\"}}
  \"Counts\"                     what has become of all packets so far
  anything else               answered by {\"Refused\":\"...\"}, logged and counted
Between masters, each with the epochs that the sender knows: \"epochs\":[7,0]
says that A has epoch 7, and that B's is not known.
  {\"Push\":...}    changes; a longer push is cut into several
  {\"Digest\":...}  what the sender has seen; asks for what it lacks
  {\"Part\":...}    a piece of a snapshot
  {\"Greet\":...}   asks for the epochs that the receiver knows
  {\"Known\":...}   tells them, and why a packet was refused; never answered
If you play a master, name an epoch of your own, the same in every packet: as B,
{\"Digest\":{\"epochs\":[0,7],\"seen\":[]}}.

Masters know each other by address alone: a forged source address is not
detected. A master keeps nothing on disk. If it is ended and started again, the
neighbours that know the epoch of its earlier run tell it so: it acknowledges no
write from then on, and they take no changes from it. End all masters, and start
them together. If all neighbours are out of reach for half a second after its
start, a master acknowledges writes; a neighbour that knows an earlier run of it
refuses those writes later, and both log it.";

pub(crate) fn run(asked: Asked) -> Result<bool, Failure> {
    let Asked { file, port, tick, only, verbose } = asked;
    let scenario = catalogue::find(&file)?;
    let options = Options { port, tick: Duration::from_millis(tick), only, verbose, epoch: spawn::epoch_now() };
    match spawn::run(&scenario, &options, &mut std::io::stdout()) {
        Ok(never) => match never {},
        Err(Stopped::Given(what)) => Err(Failure::Given(what)),
        Err(Stopped::Output(_)) => Err(Failure::Output),
    }
}
