use super::*;
use multimaster::Request;

/// Parses writes: `A set k = 1` by client A, acknowledged; `a set k = 1` by the same client, not acknowledged.
fn judge(judge: fn(&Reading, &[Write<'_>]) -> Judged, writes: &[&str], reading: Reading) -> Judged {
    let parsed: Vec<(char, Request)> = writes
        .iter()
        .map(|write| {
            let (client, request) = write.split_at(1);
            (client.chars().next().unwrap(), request.trim().parse().unwrap())
        })
        .collect();
    let writes: Vec<Write<'_>> = (0..)
        .zip(&parsed)
        .map(|(number, (client, request))| Write {
            op: &request.op,
            done: client.is_uppercase(),
            client: client.to_ascii_uppercase() as usize,
            number,
        })
        .collect();
    judge(&reading, &writes)
}

fn value(text: &str) -> Reading {
    Reading::Value(text.into())
}

fn elements(elements: &[&str]) -> Reading {
    Reading::Elements(elements.iter().map(|element| Text::from(*element)).collect())
}

#[test]
fn a_register_reads_what_was_not_overwritten() {
    let writes = ["A set k = 1", "A set k = 2", "B set k = 3", "c set k = 4"];
    let shows = |reading| judge(shows_all, &writes, reading);
    for reading in [value("2"), value("3"), value("4"), Reading::Values(vec!["2".into(), "3".into()])] {
        assert_eq!(shows(reading.clone()), Judged::Right, "{reading}");
    }
    for reading in [value("1"), Reading::Nothing, Reading::Values(vec!["2".into(), "1".into()])] {
        assert_eq!(shows(reading.clone()), Judged::Wrong, "{reading}");
    }
    assert_eq!(shows(Reading::Total(2)), Judged::Unknown);
    assert_eq!(judge(shows_all, &["A set k = 1", "A delete k"], Reading::Nothing), Judged::Right);
    assert_eq!(judge(shows_all, &["A set k = 1", "A delete k"], value("1")), Judged::Wrong);
    assert_eq!(judge(shows_all, &["a set k = 1"], Reading::Nothing), Judged::Right);
}

#[test]
fn a_counter_reads_the_sum() {
    let writes = ["A add 1 to k", "B subtract 2 from k", "c add 10 to k"];
    for (total, shows, explained) in [
        (-1, Judged::Right, Judged::Right),
        (9, Judged::Right, Judged::Right),
        (1, Judged::Wrong, Judged::Right),
        (2, Judged::Wrong, Judged::Wrong),
    ] {
        assert_eq!(judge(shows_all, &writes, Reading::Total(total)), shows, "{total}");
        assert_eq!(judge(is_explained, &writes, Reading::Total(total)), explained, "{total}");
    }
    assert_eq!(judge(shows_all, &["A add 1 to k", "B delete k"], Reading::Total(1)), Judged::Unknown);
}

#[test]
fn a_set_reads_what_no_remove_may_follow() {
    let writes =
        ["A insert x into k", "B insert y into k", "A remove y from k", "B remove x from k", "B insert x into k"];
    let shows = |reading| judge(shows_all, &writes, reading);
    // A's insert of x and B's remove of it are concurrent, but B inserts it afterwards; y is open.
    assert_eq!(shows(elements(&["x"])), Judged::Right);
    assert_eq!(shows(elements(&["x", "y"])), Judged::Right);
    assert_eq!(shows(Reading::Nothing), Judged::Wrong);
    assert_eq!(judge(shows_all, &["A insert x into k", "A remove x from k"], elements(&["x"])), Judged::Wrong);
    assert_eq!(judge(is_explained, &writes, elements(&["z"])), Judged::Wrong);
    assert_eq!(judge(shows_all, &["A enable k", "b disable k"], Reading::Flag(false)), Judged::Right);
    assert_eq!(judge(shows_all, &["A enable k"], Reading::Flag(false)), Judged::Wrong);
    assert_eq!(judge(is_explained, &["A disable k"], Reading::Flag(true)), Judged::Wrong);
}

#[test]
fn extremes_and_maps_are_judged_alike() {
    let raised = ["A raise k to 5", "B raise k to 3", "c raise k to 9"];
    for (reading, right) in [("5", Judged::Right), ("9", Judged::Right), ("3", Judged::Wrong)] {
        assert_eq!(judge(shows_all, &raised, value(reading)), right, "{reading}");
    }
    assert_eq!(judge(is_explained, &raised, value("4")), Judged::Wrong);
    assert_eq!(judge(shows_all, &["A lower k to 2"], Reading::Total(3)), Judged::Wrong);
    let writes = ["A in k, add 1 to a", "B in k, set b = x"];
    let fields = |fields: &[(&str, Reading)]| {
        Reading::Fields(fields.iter().map(|(field, reading)| (Text::from(*field), reading.clone())).collect())
    };
    let right = fields(&[("a", Reading::Total(1)), ("b", value("x"))]);
    assert_eq!(judge(shows_all, &writes, right), Judged::Right);
    assert_eq!(judge(shows_all, &writes, fields(&[("a", Reading::Total(1))])), Judged::Wrong);
    assert_eq!(judge(is_explained, &writes, fields(&[("c", value("x"))])), Judged::Wrong);
    assert_eq!(judge(shows_all, &["A in k, add 1 to a", "B remove a from k"], Reading::Nothing), Judged::Unknown);
}
