//! `rules` with the rule of a scenario file.

use crate::command::{Folder, scenario};

#[test]
fn the_rule_of_a_scenario_file_is_surveyed() {
    let written = scenario("arrival", "").replace(
        "rule = \"arrival\"\n",
        "rule = { over = \"merged\", keep = 'if second.value > first.value { second } else { first }' }\n",
    );
    let folder = Folder::with("largest.toml", written);
    let (status, out, err) = folder.run(&["rules", "largest.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("largest.toml: two clients\nsource: the scenario file\n"), "{out}");
    assert!(out.contains("\n| largest.toml | violated ("), "{out}");
    assert!(out.contains("largest.toml: no causal loss is violated: "), "{out}");

    folder.put("article.toml", "about = \"a\"\nmasters = 2\ntopology = \"all-to-all\"\nprogram = \"article\"\n[clients]\nA = [\"set k = 1\"]\n");
    let (status, _, err) = folder.run(&["rules", "article.toml"]);
    assert!(status == 2 && err.contains("article.toml: the article's program has no rule"), "{err}");
    let (status, _, err) = folder.run(&["rules", "nonsense"]);
    assert!(status == 2 && err.contains("no such rule") && err.contains("no such file"), "{err}");
}
