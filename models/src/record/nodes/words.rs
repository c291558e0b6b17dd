//! The events of a record in words.

use super::Event;
use serde_json::Value;

/// The event as a sentence.
pub(super) fn said(event: &Event) -> String {
    match event {
        Event::Request { at, request } => format!("{at}: {request}"),
        Event::Answer { at, write, refused: false } => format!("{at} answers {write}"),
        Event::Answer { at, write, refused: true } => format!("{at} refuses {write}"),
        Event::Send { from, to, message } => format!("{from} sends {to} {}", body(message)),
        Event::Arrive { from, to, message } => format!("{from} -> {to}: {}", body(message)),
        Event::Tick { at, tick: Some(tick) } => format!("{at} ticks: {tick}"),
        Event::Tick { at, tick: None } => format!("{at} ticks"),
        Event::Read { at, key, value } => format!("{at} reads {key}={value}"),
        Event::Restart { at } => format!("{at} starts anew"),
    }
}

fn body(message: &Value) -> String {
    message.to_string()
}

/// The condition by which an output of the record is not this output of the model.
pub(super) fn why_not(event: &Event, output: &str) -> &'static str {
    match event {
        Event::Send { .. } if !output.starts_with("send ") => "it is an answer",
        Event::Send { to, .. } if !output.starts_with(&format!("send {to} ")) => {
            "the receiver differs, or it is not the next"
        }
        Event::Send { .. } => "the message differs, or it is not the next",
        Event::Answer { .. } if output.starts_with("send ") => "it is a message",
        Event::Answer { write, .. } if output.split([' ', ':']).nth(1) != Some(write) => "it answers another request",
        _ => "one is refused, the other is not",
    }
}
