//! Misspelt or senseless arguments are refused, with the fix.

use crate::command::{Folder, scenario};

#[test]
fn a_misspelt_name_in_a_scenario_is_told_what_was_meant() {
    let good = scenario("arrival", "convergence = \"violated\"");
    for (from, to, meant) in [
        ("convergence", "convergance", "convergence"),
        ("convergence", "no-casual-loss", "no-causal-loss"),
        ("convergence", "No_policy_loss", "no-policy-loss"),
        ("convergence = \"violated\"", "stats = 3", "states"),
        ("convergence = \"violated\"", "convergance = 3", "convergence"),
        ("\"violated\"", "\"violatd\"", "violated"),
        ("convergence = \"violated\"", "unreached = [\"a confict\"]", "a conflict"),
        ("[expect]", "[expct]", "expect"),
        ("topology", "topolgy", "topology"),
        ("\"all-to-all\"", "\"al-to-all\"", "all-to-all"),
        ("\"stream\"", "\"steam\"", "stream"),
        ("\"arrival\"", "\"arival\"", "arrival"),
    ] {
        let folder = Folder::with("my.toml", good.replace(from, to));
        let (status, out, err) = folder.run(&["check", "my.toml"]);
        assert_eq!((status, out.as_str()), (2, ""), "{to}: {err}");
        assert!(err.ends_with(&format!("; did you mean `{meant}`?\n")), "{to}: {err}");
        assert_eq!(err.matches("did you mean").count(), 1, "{to}: {err}");
    }
    let folder = Folder::with("my.toml", good.replace("\"violated\"", "true"));
    let (status, _, err) = folder.run(&["check", "my.toml"]);
    let said = "`convergence`: true is no verdict; write one of `holds`, `violated`, `not-judged`, in quotes";
    assert!(status == 2 && err == format!("multimaster: my.toml:12: {said}\n"), "{err}");
    let folder = Folder::with("my.trace", "scenario hello\nviolates convergance\n");
    let (status, _, err) = folder.run(&["replay", "my.trace"]);
    assert!(status == 2 && err.ends_with("; did you mean `convergence`?\n"), "{err}");
    for (arguments, meant) in [
        (&["check", "--filter", "booking/arival"][..], "booking/arrival"),
        (&["check", "bookng/*"], "booking/*"),
        (&["check", "systms/riak/s*w"], "systems/riak/s*w"),
    ] {
        let (status, _, err) = folder.run(arguments);
        assert!(status == 2 && err.ends_with(&format!("; did you mean `{meant}`?\n")), "{err}");
    }
    // No scenario of a folder of nearly this name would match.
    let (status, _, err) = folder.run(&["check", "bookng/zzz*"]);
    assert!(status == 2 && err.ends_with("(`multimaster list` names the shipped ones)\n"), "{err}");
}

#[test]
fn numbers_of_no_sense_are_told_what_would_be_right() {
    let folder = Folder::new();
    for (arguments, right) in [
        (&["check", "hello", "--max-states"][..], "write a whole number above 0: `1000000`"),
        (&["check", "hello", "--timeout"], "write a whole number above 0 and `ms`, `s`, `m` or `h`: `90s`"),
        (&["check", "hello", "--max-memory"], "write a whole number above 0 and `K`, `M`, `G` or `T`: `500M`"),
        (&["histories", "arrival", "--writes"], "write a whole number from 1 to 10"),
        (&["histories", "arrival", "--masters"], "write a whole number from 2 to 6"),
        (&["histories", "arrival", "--keys"], "write a whole number from 1 to 2"),
        (&["histories", "arrival", "--seconds"], "write a whole number from 0 to 31536000"),
        (&["spawn", "hello", "--port"], "write a whole number from 1 to 65535"),
        (&["spawn", "hello", "--tick"], "write a whole number from 1 to 3600000"),
    ] {
        for nonsense in ["-1", "1.5", "", "abc", "99999999999999999999"] {
            let (status, out, err) = folder.run(&[arguments, &[nonsense]].concat());
            assert_eq!((status, out.as_str()), (2, ""), "{arguments:?} {nonsense}: {err}");
            assert!(err.contains(right), "{arguments:?} {nonsense}: {err}");
        }
    }
}

#[test]
fn the_smallest_limits_are_spelled_out() {
    let folder = Folder::new();
    let (status, out, _) = folder.run(&["check", "hello", "--max-states", "1"]);
    assert!(status == 1 && out.contains("stopped after 1 state, at depth 0; 1 state was not expanded"), "{out}");
    let (status, out, _) = folder.run(&["check", "hello", "--max-memory", "500"]);
    assert!(status == 1 && out.contains("stopped at 500 bytes of memory"), "{out}");
}

#[test]
#[cfg(target_os = "linux")]
fn no_file_of_a_folder_is_passed_over_in_silence() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::with("all/my.toml", scenario("multi-value", ""));
    std::fs::write(folder.0.join("all").join(OsStr::from_bytes(b"x\xffy.toml")), "about = 1").unwrap();
    let (status, out, err) = folder.run(&["check", "all"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(err, "multimaster: all/x\u{fffd}y.toml: rename it: a scenario's name is UTF-8\n");
}
