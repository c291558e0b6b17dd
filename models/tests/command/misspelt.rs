//! What is misspelt or of no sense is refused, and what would be right is named.

use crate::{Folder, scenario};

#[test]
fn a_misspelt_name_in_a_scenario_is_told_what_was_meant() {
    let good = scenario("arrival", "convergence = \"violated\"");
    for (from, to, meant) in [
        ("convergence", "convergance", "convergence"),
        ("convergence", "no-casual-loss", "no-causal-loss"),
        ("convergence", "No_policy_loss", "no-policy-loss"),
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
    let folder = Folder::with("my.trace", "scenario hello\nviolates convergance\n");
    let (status, _, err) = folder.run(&["replay", "my.trace"]);
    assert!(status == 2 && err.ends_with("; did you mean `convergence`?\n"), "{err}");
    let (status, _, err) = folder.run(&["check", "--filter", "booking/arival"]);
    assert!(status == 2 && err.ends_with("; did you mean `booking/arrival`?\n"), "{err}");
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
