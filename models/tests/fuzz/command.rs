//! The same inputs through the built command: its exit status.

use super::{generated, mutated};
use super::{rounds, seed, walked};
use multimaster_models::scenario::catalogue;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_command_ends_with_a_documented_status() {
    let folder = std::env::temp_dir().join(format!("multimaster-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut random = fastrand::Rng::with_seed(seed());
    let files: Vec<_> = catalogue::files().into_iter().filter(|(name, ..)| !catalogue::is_large(name)).collect();
    let mut met = [0; 4];
    for round in 0..rounds(100) {
        let file = &files[random.usize(..files.len())];
        let (name, command, text) = match random.u8(..5) {
            0 => ("fuzzed.toml", "check", mutated::nonsense(&mut random)),
            1 => ("fuzzed.toml", "check", mutated::mutated(file.2, file.2, &mut random)),
            2 | 3 => ("fuzzed.toml", "check", generated::scenario(&mut random)),
            _ => {
                let scenario = catalogue::find(&file.0).unwrap();
                let walk = walked(&scenario, &mut random, 8);
                (
                    "fuzzed.trace",
                    "replay",
                    if random.bool() { walk } else { mutated::mutated(&walk, &walk, &mut random) },
                )
            }
        };
        // The limits are small, unless the file has its own.
        let text = if command == "check" && !text.contains("[limits]") {
            format!("{text}\n[limits]\nstates = 300\n")
        } else {
            text
        };
        std::fs::write(folder.join(name), &text).unwrap();
        let mut run = Command::new(env!("CARGO_BIN_EXE_multimaster"));
        let started = Instant::now();
        let output = run.args([command, name]).current_dir(&folder).stdin(Stdio::null()).output().unwrap();
        let told = format!("round {round}, seed {}: {command}\n{text}", seed());
        assert!(started.elapsed() < Duration::from_secs(30), "{told}");
        let err = String::from_utf8(output.stderr).unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let status = output.status.code().unwrap_or_else(|| panic!("a signal: {told}"));
        assert!((0..=3).contains(&status), "{status}: {err}\n{told}");
        assert_eq!(status == 2, err.starts_with("multimaster: "), "{err}\n{told}");
        assert_eq!(status != 2, err.is_empty(), "{err}\n{told}");
        assert!(super::is_plain(&err) && super::is_plain(&out), "{told}");
        met[status as usize] += 1;
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(met.iter().all(|times| *times > 0), "{met:?}");
}
