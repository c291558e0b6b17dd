//! `mutants`: the list, one bug, and an unknown name.

use super::Folder;

#[test]
fn the_list_is_a_straight_table_of_kills() {
    let (status, out, err) = Folder::new().run(&["mutants"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let (kills, rest) = out.split_once("\n\n").unwrap();
    let (summary, rest) = rest.split_once("\n\n").unwrap();
    let (by_histories, broken) = rest.split_once("\n\n").unwrap();
    for table in [kills, broken] {
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "a table is straight: {table}");
    }
    let mutants = kills.lines().count() - 2;
    assert!(summary.starts_with(&format!("{mutants} mutants of 32 documented bugs")), "{summary}");
    assert!(summary.ends_with(&format!("; {mutants} killed, 0 survived")), "{summary}");
    let rules = broken.lines().count() - 2;
    assert_eq!(by_histories, format!("by histories alone: {rules} broken rules; {rules} killed, 0 survived"));
    assert!(
        kills
            .lines()
            .any(|row| row.starts_with("| K4 ") && row.contains("| no causal loss  ") && row.ends_with("| 2     |")),
        "{kills}"
    );
}

#[test]
fn a_bug_is_told_in_full_with_each_of_its_mutants() {
    let (status, out, err) = Folder::new().run(&["mutants", "k16"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(out.matches("\nkilled: ").count(), 2, "{out}");
    for said in
        ["A hub must relay.", "agreement at quiescence is violated: ", "  2. B -> A: B1 after nothing", "holds in all "]
    {
        assert!(out.contains(said), "{said}: {out}");
    }
}

#[test]
fn a_rule_is_told_in_full_with_all_that_was_broken_of_it() {
    let (status, out, err) = Folder::new().run(&["mutants", "grow-only-set"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(out.matches("\nkilled: ").count(), 2, "{out}");
    for said in
        ["grow-only-set: the set keeps at most one element", "  A1 = `insert x into k` after nothing", " 4 steps"]
    {
        assert!(out.contains(said), "{said}: {out}");
    }
}

#[test]
fn a_bug_without_a_mutant_is_refused() {
    let (status, out, err) = Folder::new().run(&["mutants", "K33"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(err, "multimaster: K33: no such mutant (`multimaster mutants` names them)\n");
}
