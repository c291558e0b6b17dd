//! The tests of the harness, in one program: it is linked once, and its tests run side by side.
//!
//! `cargo test -p multimaster-models --test all catalogue::` runs those of one file.
#![allow(missing_docs)]

mod article;
mod catalogue;
mod clocks;
mod command;
mod conform;
mod documented;
mod explorer;
mod expression;
mod failures;
mod fuzz;
mod histories;
mod identity;
mod inputs;
mod judge;
mod known_counts;
mod laws;
mod layers;
mod lies;
mod liveness;
mod mutants;
mod neither;
mod nodes;
mod own_property;
mod parts_of_a_model;
mod picture;
mod process;
mod rules;
mod spawn;
mod specification;
mod spread;
mod stateright_agrees;
mod stored;
mod swarm;
mod system;
mod systems;
mod threads;
mod ticks;
mod traces;
mod verify;

/// A file that is in no program would never be compiled.
#[test]
fn every_file_of_tests_is_in_a_program() {
    let (own, folder) = (include_str!("all.rs"), concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = files.filter_map(|file| Some(file.strip_suffix(".rs")?.to_owned()));
    let mut others: Vec<String> = names.filter(|name| !own.contains(&format!("\nmod {name};"))).collect();
    others.sort();
    assert_eq!(others, ["all", "running"]);
}
