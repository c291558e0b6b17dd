//! The guide is true: its commands print the output that it shows, and its paths and links exist.
#![cfg(unix)]

#[path = "documented/commands.rs"]
mod commands;
#[path = "documented/compared.rs"]
mod compared;
#[path = "documented/fields.rs"]
mod fields;
#[path = "documented/names.rs"]
mod names;
#[path = "documented/page.rs"]
mod page;
#[path = "documented/served.rs"]
mod served;
#[path = "documented/values.rs"]
mod values;
#[path = "documented/verified.rs"]
mod verified;
