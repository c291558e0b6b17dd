//! The modules of the harness form layers: each imports only from those below it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The top-level modules, from the lowest.
const LAYERS: [&str; 25] = [
    "printed",
    "model",
    "subject",
    "fault",
    "scope",
    "history",
    "node",
    "rules",
    "properties",
    "world",
    "system",
    "process",
    "check",
    "scenario",
    "report",
    "generate",
    "swarm",
    "histories",
    "verify",
    "record",
    "simulate",
    "judge",
    "spawn",
    "mutants",
    "commands",
];

/// The Rust files under a folder, in order.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level modules that a source names, outside its comments and its unit tests.
fn imported(source: &str) -> Vec<&str> {
    let shipped = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code = shipped.lines().map(|line| line.split("//").next().unwrap_or_default());
    let named = code.flat_map(|line| line.split("crate::").skip(1));
    named.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()).collect()
}

/// Each import of a higher layer: the file, and the module that it names.
fn upward(sources: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let layer = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mut found = Vec::new();
    for (path, source) in sources {
        let top = path.split(['/', '.']).next().unwrap_or_default();
        let Some(own) = layer(top) else { continue };
        let higher = imported(source).into_iter().filter(|named| layer(named).is_some_and(|layer| layer > own));
        found.extend(higher.map(|named| (path.clone(), named.to_owned())));
    }
    found
}

#[test]
fn no_module_imports_from_a_layer_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let relative = |path: &Path| path.strip_prefix(&root).expect("below the root").display().to_string();
    let all: BTreeMap<String, String> = paths
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).expect("a source")))
        .filter(|(path, _)| !path.contains("/tests"))
        .collect();
    let tops = all.keys().map(|path| path.split(['/', '.']).next().unwrap_or_default());
    let unknown: Vec<&str> =
        tops.filter(|top| !LAYERS.contains(top) && !["lib", "main", "cli"].contains(top)).collect();
    assert!(unknown.is_empty(), "modules without a layer: {unknown:?}");
    assert_eq!(upward(&all), []);
}

#[test]
fn an_import_from_above_is_found() {
    let broken = BTreeMap::from([("node/links.rs".to_owned(), "use crate::world::State;".to_owned())]);
    assert_eq!(upward(&broken), [("node/links.rs".to_owned(), "world".to_owned())]);
    let sound =
        BTreeMap::from([("world/links.rs".to_owned(), "use crate::node::Envelope; // crate::report".to_owned())]);
    assert_eq!(upward(&sound), []);
}
