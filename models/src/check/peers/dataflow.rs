//! The exchange of messages as a Timely dataflow: [`run`].

use super::lifeline::SILENCE;
use crate::check::engine::Post;
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use timely::WorkerConfig;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::{AllocatorBuilder, ProcessBuilder};
use timely::communication::initialize::Hooks;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::ProbeHandle;
use timely::dataflow::operators::{Exchange as _, Input, Inspect, Probe};
use timely::worker::Worker;

/// A message: receiver, sender, epoch, bytes.
type Parcel = (u64, u64, u64, Vec<u8>);

/// By epoch, messages with their senders.
type Inbox = BTreeMap<u64, Vec<(usize, Vec<u8>)>>;

/// The dataflow.
struct Epochs<'w> {
    worker: &'w mut Worker,
    input: InputHandle<u64, CapacityContainerBuilder<Vec<Parcel>>>,
    probe: ProbeHandle<u64>,
    inbox: Rc<RefCell<Inbox>>,
    epoch: u64,
}

impl<'w> Epochs<'w> {
    fn new(worker: &'w mut Worker) -> Epochs<'w> {
        let (mut input, probe, inbox) = (InputHandle::new(), ProbeHandle::new(), Rc::<RefCell<Inbox>>::default());
        let arrived = Rc::clone(&inbox);
        let keep = move |(_, from, epoch, bytes): &Parcel| {
            arrived.borrow_mut().entry(*epoch).or_default().push((*from as usize, bytes.clone()));
        };
        worker.dataflow::<u64, _, _>(|scope| {
            scope.input_from(&mut input).exchange(|parcel: &Parcel| parcel.0).inspect(keep).probe_with(&probe);
        });
        Epochs { worker, input, probe, inbox, epoch: 0 }
    }

    /// Takes the messages of the present epoch out.
    fn taken(&mut self) -> Vec<(usize, Vec<u8>)> {
        self.inbox.borrow_mut().get_mut(&self.epoch).map(mem::take).unwrap_or_default()
    }
}

impl Post for Epochs<'_> {
    fn processes(&self) -> usize {
        self.worker.peers()
    }

    fn own(&self) -> usize {
        self.worker.index()
    }

    fn send(&mut self, to: usize, message: Vec<u8>) {
        self.input.send((to as u64, self.worker.index() as u64, self.epoch, message));
        self.input.flush();
    }

    fn arrived(&mut self) -> Vec<(usize, Vec<u8>)> {
        self.worker.step();
        self.taken()
    }

    fn end_epoch(&mut self, take: &mut dyn FnMut(usize, Vec<u8>)) {
        self.input.advance_to(self.epoch + 1);
        self.input.flush();
        while self.probe.less_than(&(self.epoch + 1)) {
            self.worker.step_or_park(None);
            self.taken().into_iter().for_each(|(from, message)| take(from, message));
        }
        self.taken().into_iter().for_each(|(from, message)| take(from, message));
        self.inbox.borrow_mut().remove(&self.epoch);
        self.epoch += 1;
    }
}

/// Does the work as a Timely worker that is connected to those of the other processes by these streams.
///
/// # Errors
/// If Timely cannot use the streams.
pub(super) fn run<T: Send + 'static>(
    streams: Vec<Option<TcpStream>>,
    own: usize,
    lost: fn(&str) -> !,
    work: impl Fn(&mut dyn Post) -> T + Send + Sync + 'static,
) -> Result<T, String> {
    let done = mute(lost);
    let hooks = Hooks::default();
    let builders = ProcessBuilder::new_typed_vector(1, hooks.refill.clone(), None);
    let (builders, threads) = initialize_networking_from_sockets(builders, streams, own, 1, hooks)
        .map_err(|error| format!("process {own} cannot exchange messages: {error}"))?;
    let builders = builders.into_iter().map(AllocatorBuilder::Tcp).collect();
    let workers = timely::execute::execute_from(builders, Box::new(threads), WorkerConfig::default(), move |worker| {
        // The other processes notice that this one ends.
        catch_unwind(AssertUnwindSafe(|| work(&mut Epochs::new(worker))))
            .unwrap_or_else(|panic| lost(&format!("process {own} has panicked: {}", text(&*panic))))
    })?;
    let result = workers.join().pop().unwrap_or_else(|| Err(format!("process {own} has no worker")));
    done.store(true, Ordering::Relaxed);
    result
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Timely's own threads panic when a connection breaks. The lifelines tell why it broke, so these panics are not
/// printed; if no lifeline tells in time, `lost` is called. Returns the flag that says that connections may end.
fn mute(lost: fn(&str) -> !) -> &'static AtomicBool {
    static DONE: AtomicBool = AtomicBool::new(false);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !thread::current().name().is_some_and(|name| name.starts_with("timely:")) {
            return usual(info);
        }
        thread::spawn(move || {
            thread::sleep(2 * SILENCE);
            if !DONE.load(Ordering::Relaxed) {
                lost("the connection to another process is broken");
            }
        });
    }));
    &DONE
}
