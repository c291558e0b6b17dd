//! The command `spawn`: masters over real sockets, and the actor that runs a replica over UDP.

mod adapter;
mod explored;
mod flood;
mod fuzz;
mod restarted;
pub(crate) mod running;

use running::{Player, Running, free_ports, until};

fn scenario_file(rule: &str) -> String {
    let path = std::env::temp_dir().join(format!("multimaster-spawn-{}-{rule}.toml", std::process::id()));
    let text = format!(
        "about = \"logs that keep one change\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"{rule}\"\n\
         link = \"datagram\"\nlog = 1\n"
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Runs a command that cannot start. Returns its status and its error message.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_multimaster")).args(arguments).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "nothing was started");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_is_written_at_one_master_is_read_at_the_other() {
    let running = Running::start("booking/last-write", free_ports(), &[]);
    let (a, b) = (running.port, running.port + 1);
    running.line(&format!("A       127.0.0.1:{a}"));
    running.line(&format!(r#"echo '{{"Ask":"set hello = world"}}' | nc -u -w1 127.0.0.1 {a}"#));
    let client = Player::new(0);
    client.shows(b, "hello", "\"Nothing\"");
    assert_eq!(client.once(a, br#"{"Ask":"set hello = world"}"#), r#"{"Wrote":"A1"}"#);
    client.shows(b, "hello", r#"{"Value":"world"}"#);
    assert_eq!(client.once(b, br#"{"Ask":"delete hello"}"#), r#"{"Wrote":"B1"}"#);
    client.shows(a, "hello", "\"Nothing\"");
    assert!(running.line("set hello = world: A1").starts_with("A <- 127.0.0.1:"));
    assert_eq!(running.line("B <- A "), "B <- A  A1 after nothing: applied");
    running.end();
}

#[test]
fn a_client_is_told_what_is_wrong_and_nothing_is_harmed() {
    let running = Running::start("hello", free_ports(), &[]);
    let (a, client) = (running.port, Player::new(0));
    let long = format!(r#"{{"Ask":"set k = {}"}}"#, "x".repeat(8_100));
    let longest = [b'x'; 65_507];
    let push = r#"{"Push":{"epochs":[0,7],"extends":[],"changes":[{"dot":{"origin":1,"seq":1},"timestamp":{"time":1,"master":1},"key":"k","effect":"v"}]}}"#;
    let senseless = format!(r#"{{"Ask":"{}"}}"#, "x".repeat(6_000));
    let cases: [(&[u8], &str, &str); 19] = [
        (b"", "unreadable", "right are"),
        (b"hello", "unreadable", "right are"),
        (b"{\"Ask\":\"set k = v", "unreadable", "EOF while parsing"),
        (b"\xff\xfe\x00", "unreadable", "right are"),
        (b"{\"Tell\":1}", "unreadable", "unknown variant `Tell`"),
        (b"{\"Ask\":1}", "unreadable", "expected a string"),
        (b"{\"Ask\":\"set k = v\"} {\"Read\":\"k\"}", "unreadable", "trailing characters"),
        (&[b'['; 8_000], "unreadable", "right are"),
        (&longest, "too long", "65507 bytes: at most 8192"),
        (b"{\"Ask\":\"sing k\"}", "client refused", "set KEY = VALUE"),
        (b"{\"Ask\":\"add 1 to k\"}", "client refused", "it takes `set KEY = VALUE` and `delete KEY`"),
        (b"{\"Ask\":\"set k = \\u001b[2J\"}", "client refused", "invalid operation"),
        (senseless.as_bytes(), "client refused", "each may begin with `at TIME, `"),
        (long.as_bytes(), "client refused", "8192 bytes"),
        (push.as_bytes(), "stranger", "only masters send that"),
        (b"{\"Digest\":{\"epochs\":[0,7],\"seen\":[]}}", "stranger", "only masters send that"),
        (b"{\"Greet\":{\"epochs\":[0,7]}}", "stranger", "only masters send that"),
        (
            b"{\"Part\":{\"epochs\":[0,7],\"seen\":[1],\"number\":0,\"of\":1,\"text\":\"\"}}",
            "stranger",
            "only masters send that",
        ),
        (b"{\"Push\":{\"epochs\":[],\"extends\":[-1],\"changes\":[]}}", "unreadable", "invalid value"),
    ];
    for (packet, name, why) in cases {
        let before = client.counted(a, name);
        let answer = client.once(a, packet);
        let shown = String::from_utf8_lossy(&packet[..packet.len().min(60)]).into_owned();
        assert!(answer.starts_with("{\"Refused\":") && answer.contains(why), "{shown}: {answer}");
        assert!(!answer.contains('\u{1b}') && answer.len() < 1_000, "{shown}: {answer}");
        assert_eq!(client.counted(a, name), before + 1, "{shown}");
        running.line(&format!("({name}: {})", before + 1));
    }
    // An answer to an answer could start an endless exchange.
    client.send(a, b"{\"Refused\":\"you\"}");
    until("its count", || (client.counted(a, "answer") == 1).then_some(()));
    client.shows(a, "k", "\"Nothing\"");
    assert_eq!(client.once(a, br#"{"Ask":"set k = v"}"#), r#"{"Wrote":"A1"}"#);
    client.shows(running.port + 1, "k", r#"{"Value":"v"}"#);
    running.end();
}

/// A ring in which only A runs. A receives from C and sends to B; the test acts for both.
#[test]
fn what_no_right_neighbour_sends_is_refused() {
    let running = Running::start("stream/ring-last-write", free_ports(), &["--only", "A"]);
    let (a, client) = (running.port, Player::new(0));
    let (b, c) = (Player::new(a + 1), Player::new(a + 2));
    let push = |epochs: &str, extends: &str, origin: u16, seq: u64, time: u64, master: u16| {
        format!(
            r#"{{"Push":{{"epochs":{epochs},"extends":{extends},"changes":[{{"dot":{{"origin":{origin},"seq":{seq}}},"timestamp":{{"time":{time},"master":{master}}},"key":"k","effect":"v{seq}"}}]}}}}"#
        )
    };
    let of_c = |extends: &str, origin: u16, seq: u64, time: u64, master: u16| {
        push("[0,0,7]", extends, origin, seq, time, master)
    };
    let right = of_c("[]", 2, 1, 1, 2);
    let cases = [
        (&b, push("[0,6]", "[]", 2, 1, 1, 2), "not a neighbour"),
        (&b, r#"{"Part":{"epochs":[0,6],"seen":[0,0,1],"number":0,"of":1,"text":""}}"#.into(), "not a neighbour"),
        (&c, r#"{"Digest":{"epochs":[0,0,7],"seen":[]}}"#.into(), "not a neighbour"),
        (&c, r#"{"Push":{"epochs":[0,0,7],"extends":[],"changes":[]}}"#.into(), "empty push"),
        (&c, of_c("[]", 3, 1, 1, 3), "unknown origin"),
        (&c, of_c("[0,0,0,1]", 2, 1, 1, 2), "unknown origin"),
        (&c, of_c("[]", 2, 2, 1, 2), "impossible dot"),
        (&c, of_c("[]", 2, 0, 1, 2), "impossible dot"),
        (&c, of_c("[]", 0, 1, 1, 0), "impossible dot"),
        (&c, of_c("[]", 2, 1, (1 << 48) - 1, 2), "impossible timestamp"),
        (&c, of_c("[]", 2, 1, 1, 1), "impossible timestamp"),
        (&c, r#"{"Ask":"set k = v"}"#.into(), "no client"),
        (&c, of_c("[]", 2, 1, u64::MAX, 2), "unreadable"),
        (&c, r#"{"Digest":{"seen":[]}}"#.into(), "unreadable"),
        (&b, "garbage".into(), "unreadable"),
        (&c, right[..40].into(), "unreadable"),
        (&c, push("[0,0,8]", "[]", 2, 1, 1, 2), "other epoch"),
        (&c, push("[0,9,7]", "[]", 2, 1, 1, 2), "other epoch"),
        (&c, push("[]", "[]", 2, 1, 1, 2), "other epoch"),
        (&c, push(&format!("[0,0,7{}]", ",0".repeat(22)), "[]", 2, 1, 1, 2), "other epoch"),
    ];
    for (player, packet, name) in cases {
        let before = client.counted(a, name);
        player.send(a, packet.as_bytes());
        until(&packet, || (client.counted(a, name) == before + 1).then_some(()));
        // A refusal that repeats with every packet of another run is printed ever more rarely.
        if name != "other epoch" || (before + 1).is_power_of_two() {
            running.line(&format!("({name}: {})", before + 1));
        }
    }
    let known = format!(
        r#"{{"Known":{{"epochs":[{},6,7],"refuses":"A: C is known with epoch 7 and named with 8: "#,
        running.epoch()
    );
    until("why not", || c.receive().filter(|packet| packet.starts_with(&known)));
    client.shows(a, "k", "\"Nothing\"");
    // A valid push is applied; a replayed one has no effect; after a gap, A sends a digest.
    c.send(a, right.as_bytes());
    client.shows(a, "k", r#"{"Value":"v1"}"#);
    c.send(a, right.as_bytes());
    until("the replayed", || (client.counted(a, "duplicate") == 1).then_some(()));
    c.send(a, of_c("[0,0,2]", 2, 3, 3, 2).as_bytes());
    until("its gap", || (client.counted(a, "gap") == 1).then_some(()));
    let epochs = format!("[{},6,7]", running.epoch());
    let digest = format!(r#"{{"Digest":{{"epochs":{epochs},"seen":[0,0,1]}}}}"#);
    until("a digest", || c.receive().filter(|packet| *packet == digest));
    // A has sent B the change, and sends it again in answer to B's digest alone.
    let passed_on = push(&epochs, "[]", 2, 1, 1, 2);
    until("the push", || b.receive().filter(|packet| *packet == passed_on));
    b.send(a, br#"{"Digest":{"epochs":[0,6],"seen":[]}}"#);
    assert_eq!(until("the answer", || b.receive()), passed_on);
    running.end();
}

/// Each rule's effects have their own JSON form: any other JSON is refused on arrival.
#[test]
fn an_effect_of_another_type_is_refused_and_stops_nobody() {
    let running = Running::start("systems/cassandra/skew", free_ports(), &["--only", "A"]);
    let (a, client, b) = (running.port, Player::new(0), Player::new(running.port + 1));
    let push = |epochs: &str, effect: &str| {
        format!(
            r#"{{"Push":{{{epochs}"extends":[],"changes":[{{"dot":{{"origin":1,"seq":1}},"timestamp":{{"time":1,"master":1}},"key":"k","effect":{effect}}}]}}}}"#
        )
    };
    b.send(a, push("", "\"x\"").as_bytes());
    running.line("missing field `epochs`");
    let effects = ["\"x\"", "null", "{}", "[1]", "-1", r#"{"value":7}"#, &"[".repeat(200)];
    for (count, effect) in (1..).zip(&effects[..6]) {
        b.send(a, push(r#""epochs":[0,7],"#, effect).as_bytes());
        running.line(&format!("(wrong type: {count})"));
    }
    let part = |text: &str| {
        let text = serde_json::to_string(text).unwrap();
        format!(r#"{{"Part":{{"epochs":[0,7],"seen":[0,1],"number":0,"of":1,"text":{text}}}}}"#)
    };
    b.send(a, part(r#"{"seen":[0,1],"clock":1,"table":{"k":"x"}}"#).as_bytes());
    running.line("(wrong type: 7)");
    client.shows(a, "k", "\"Nothing\"");
    assert_eq!(client.once(a, br#"{"Ask":"at 3, set k = v"}"#), r#"{"Wrote":"A1"}"#);
    client.shows(a, "k", r#"{"Value":"v"}"#);
    running.end();
}

#[test]
fn a_right_is_handed_to_nobody_that_is_not_there() {
    let file = scenario_file("bounded-counter");
    let running = Running::start(&file, free_ports(), &[]);
    let client = Player::new(0);
    assert_eq!(client.once(running.port, br#"{"Ask":"add 2 to k"}"#), r#"{"Wrote":"A1"}"#);
    for ask in ["transfer 1 of k to Z", "at 5, transfer 1 of k to Z", "at 5, transfer 1 of k to M26"] {
        let answer = client.once(running.port, format!("{{\"Ask\":\"{ask}\"}}").as_bytes());
        assert!(answer.contains("to transfer to: the masters are A to B"), "{answer}");
    }
    assert_eq!(client.once(running.port, br#"{"Ask":"transfer 2 of k to B"}"#), r#"{"Wrote":"A2"}"#);
    let _ = std::fs::remove_file(file);
    running.end();
}

/// The results of a rule after its failure are meaningless: none is sent.
#[test]
fn a_rule_that_fails_ends_the_masters() {
    let path = std::env::temp_dir().join(format!("multimaster-spawn-{}-fails.toml", std::process::id()));
    let text = "about = \"a rule that fails on what no client here writes\"\nmasters = 2\ntopology = \"all-to-all\"\n\
                link = \"datagram\"\n[rule]\nover = \"arrival\"\n\
                keep = 'if first.value == \"x\" || second.value == \"x\" { throw \"not x\" } else { second }'\n\
                [clients]\nA = [\"set k = 1\"]\nB = [\"set k = 2\"]\n";
    std::fs::write(&path, text).unwrap();
    let running = Running::start(&path.display().to_string(), free_ports(), &[]);
    let client = Player::new(0);
    assert_eq!(client.once(running.port, br#"{"Ask":"set k = y"}"#), r#"{"Wrote":"A1"}"#);
    client.shows(running.port + 1, "k", r#"{"Value":"y"}"#);
    client.once(running.port, br#"{"Ask":"set k = x"}"#);
    let (status, why) = running.ended();
    let _ = std::fs::remove_file(path);
    assert_eq!(status, Some(2));
    assert!(why.contains("has stopped: its rule has failed, in line 1 of it: ") && why.contains("not x"), "{why}");
}

#[test]
fn under_every_rule_a_master_that_comes_late_is_brought_up_to_date_by_a_snapshot() {
    for (rule, asks, shows) in [
        ("arrival", ["set k = 1", "set k = 2"], r#"{"Value":"2"}"#),
        ("last-write", ["set k = 1", "set k = 2"], r#"{"Value":"2"}"#),
        ("custom", ["set k = 3 Ann", "set k = 4 Bob"], r#"{"Value":"4 Bob"}"#),
        ("custom-merged", ["set k = 3 Ann", "set k = 4 Bob"], r#"{"Value":"4 Bob"}"#),
        ("multi-value", ["set k = 1", "set k = 2"], r#"{"Value":"2"}"#),
        ("counter", ["add 3 to k", "subtract 1 from k"], r#"{"Total":2}"#),
        ("set", ["insert red into k", "insert blue into k"], r#"{"Elements":["blue","red"]}"#),
    ] {
        let (file, client) = (scenario_file(rule), Player::new(0));
        let first = Running::start(&file, free_ports(), &["--only", "A"]);
        for (ask, dot) in asks.into_iter().zip(["A1", "A2"]) {
            let answer = client.once(first.port, format!("{{\"Ask\":\"{ask}\"}}").as_bytes());
            assert_eq!(answer, format!("{{\"Wrote\":\"{dot}\"}}"), "nobody hears it yet, which is no error");
        }
        let second = Running::start(&file, first.port, &["--only", "B"]);
        second.line("B  takes writes: every neighbour has answered");
        client.shows(second.port + 1, "k", shows);
        second.line("snapshot of A2: applied");
        let _ = std::fs::remove_file(file);
        first.end();
        second.end();
    }
}

#[test]
fn what_cannot_start_says_why_before_anything_is_started() {
    let port = free_ports();
    let taken = std::net::UdpSocket::bind(("127.0.0.1", port + 1)).unwrap();
    let (status, why) = refused(&["spawn", "hello", "--port", &port.to_string()]);
    let address = taken.local_addr().unwrap();
    assert!(status == Some(2) && why.contains(&format!("master B at {address}")), "{why}");
    for (arguments, right) in [
        (vec!["hello", "--port", "65535"], "1 to 65534"),
        (vec!["hello", "--port", "0"], "1 to 65535"),
        (vec!["hello", "--only", "A,Q"], "there are A, B"),
        (vec!["hello", "--tick", "0"], "1 to 3600000"),
        (vec!["article/swap"], "models the article's program, which `spawn` cannot run"),
        (vec!["two-shards"], "two-shards has 2 shards, and `spawn` runs masters of one"),
        (vec!["nowhere"], "multimaster list"),
    ] {
        let (status, why) = refused(&[&["spawn"], arguments.as_slice()].concat());
        assert!(status == Some(2) && why.contains(right), "{arguments:?}: {why}");
    }
}

#[test]
fn the_help_names_the_limit() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_multimaster")).args(["spawn", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains(&format!("at most {} bytes", multimaster_models::spawn::MAX_DATAGRAM)), "{help}");
    assert!(help.contains("{\"Greet\":") && help.contains("\"epochs\":["), "{help}");
}

/// `spawn` names the settings of the file that it does not use.
#[test]
fn what_is_for_exploring_only_is_said() {
    let running = Running::start("systems/pgd/unordered-delete", free_ports(), &[]);
    running.line("not used from the file: `delivery` (running masters apply each change once");
    running.line("not used from the file: the clients (you make the requests)");
    running.end();
    let running = Running::start("stream/ring-last-write", free_ports(), &[]);
    running.line("not used from the file: `link = \"stream\"` (the links are UDP)");
    running.end();
}
