//! What an event says: its words, its masters and its key.

use multimaster::record::{Event, Kept};
use multimaster::{Key, MasterId, Request};

/// The event as a step.
pub(super) fn in_words<S, E>(event: &Event<S, E>) -> String {
    match event {
        Event::Write { at, key, op, .. } => format!("{at}: {}", Request { key: key.clone(), op: op.clone() }),
        Event::Read { at, key, .. } => format!("{at} reads {key}"),
        Event::Push { from, to, .. } => format!("{from} sends {to} the next changes"),
        Event::Ask { receiver, sender } => format!("{receiver} sends {sender} its digest"),
        Event::Answer { sender, receiver, digest, .. } => {
            format!("{sender} answers {receiver}, which has seen {digest}")
        }
        Event::Deliver { from, to, message, .. } => format!("{from} -> {to}: {message}"),
        Event::Lose { from, to, message } => format!("lost {from} -> {to}: {message}"),
        Event::Duplicate { from, to, message } => format!("twice {from} -> {to}: {message}"),
        Event::Flush { at, whole: true } => format!("{at} flushes its state"),
        Event::Flush { at, whole: false } => format!("{at} flushes what its store lacks"),
        Event::Reopen { at, seen } => format!("{at} comes back with what its store holds, {seen}"),
        Event::Tell { from, to } => format!("{from} sends {to} its progress"),
        Event::Learn { from, to } => format!("{to} learns the progress that {from} has sent"),
        Event::Collect { at, keys } => {
            let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
            format!("{at} drops the tombstones of {}", keys.join(", "))
        }
        Event::Truncate { at, keep } => format!("{at} truncates its log to {keep}"),
        Event::Advance { at, now } => format!("the clock of {at} steps to {now}"),
        Event::Cut { from, to } => format!("the link {from} -> {to} is cut"),
        Event::Heal { from, to } => format!("the link {from} -> {to} is healed"),
        Event::Save { at } => format!("{at} saves its state"),
        Event::Crash { at, kept, fresh } => {
            let kept = match kept {
                Kept::All => "everything",
                Kept::Saved => "its saved state",
                Kept::Nothing => "nothing",
                Kept::Stored => "what its store holds",
            };
            let fresh = fresh.map_or_else(String::new, |fresh| format!(", and will write as {fresh}"));
            format!("{at} crashes: it has kept {kept}{fresh}")
        }
        Event::Restart { at } => format!("{at} restarts"),
        Event::Bypass { at, dead } => {
            let dead: Vec<String> = dead.iter().map(MasterId::to_string).collect();
            format!("{at} bypasses {}", if dead.is_empty() { "nobody".into() } else { dead.join(", ") })
        }
        Event::Admit { at, id, .. } => format!("{at} is told that {id} joins"),
    }
}

/// The masters of the event.
pub(super) fn masters_of<S, E>(event: &Event<S, E>) -> [MasterId; 2] {
    match event {
        Event::Write { at, .. } | Event::Read { at, .. } | Event::Truncate { at, .. } => [*at, *at],
        Event::Advance { at, .. } | Event::Save { at } | Event::Crash { at, .. } => [*at, *at],
        Event::Collect { at, .. } | Event::Flush { at, .. } | Event::Reopen { at, .. } => [*at, *at],
        Event::Tell { from, to } | Event::Learn { from, to } => [*from, *to],
        Event::Restart { at } | Event::Bypass { at, .. } => [*at, *at],
        // The new master need not be there yet.
        Event::Admit { at, id, .. } => [*at, *at].map(|at| if at == *id { MasterId(0) } else { at }),
        Event::Ask { receiver: one, sender: other } | Event::Answer { receiver: one, sender: other, .. } => {
            [*one, *other]
        }
        Event::Push { from, to, .. } | Event::Deliver { from, to, .. } => [*from, *to],
        Event::Cut { from, to } | Event::Heal { from, to } => [*from, *to],
        Event::Lose { from, to, .. } | Event::Duplicate { from, to, .. } => [*from, *to],
    }
}

/// The key that the client named.
pub(super) fn key_of<S, E>(event: &Event<S, E>) -> Option<&Key> {
    match event {
        Event::Write { key, .. } | Event::Read { key, .. } => Some(key),
        _ => None,
    }
}
