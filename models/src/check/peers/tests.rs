use super::*;
use std::net::TcpListener;
use std::thread;

const WAIT: Duration = Duration::from_secs(20);
const EQUAL: Digest = Digest { program: 1, scenario: 2, options: 3 };

fn lost(why: &str) -> ! {
    panic!("{why}")
}

/// Addresses of this machine that are free.
fn free(processes: usize) -> String {
    let listeners: Vec<TcpListener> = (0..processes).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| format!("{}\n", listener.local_addr().unwrap())).collect()
}

/// The results of processes with these digests.
fn met(digests: &[Digest]) -> Vec<Result<Vec<(usize, u8)>, String>> {
    let hosts = free(digests.len());
    let one = |(own, digest): (usize, &Digest)| {
        let (peers, digest) = (Peers::read(&hosts, own, WAIT).unwrap(), *digest);
        thread::spawn(move || {
            peers.run(digest, lost, move |post| {
                let mut got = Vec::new();
                for epoch in 0..3 {
                    (0..post.processes()).filter(|to| *to != own).for_each(|to| post.send(to, vec![epoch]));
                    got.extend(post.arrived().into_iter().map(|(from, message)| (from, message[0])));
                    post.end_epoch(&mut |from, message| got.push((from, message[0])));
                }
                got
            })
        })
    };
    let all: Vec<_> = digests.iter().enumerate().map(one).collect();
    all.into_iter().map(|process| process.join().expect("no panic")).collect()
}

#[test]
fn each_message_arrives_in_its_epoch() {
    for (own, got) in met(&[EQUAL; 3]).into_iter().enumerate() {
        let mut got = got.expect("all meet");
        for (epoch, messages) in (0..).zip(got.chunks_mut(2)) {
            messages.sort_unstable();
            let others: Vec<(usize, u8)> = (0..3).filter(|other| *other != own).map(|from| (from, epoch)).collect();
            assert_eq!(messages, others);
        }
    }
}

#[test]
fn a_process_that_differs_is_refused() {
    let others = [
        (Digest { program: 0, ..EQUAL }, "another build"),
        (Digest { scenario: 0, ..EQUAL }, "another scenario"),
        (Digest { options: 0, ..EQUAL }, "other options"),
    ];
    for (other, what) in others {
        for result in met(&[EQUAL, other]) {
            assert!(result.as_ref().is_err_and(|error| error.contains(what)), "{result:?}");
        }
    }
}

#[test]
fn a_process_that_never_starts_is_named() {
    for own in [0, 1] {
        let peers = Peers::read(&free(2), own, Duration::from_millis(50)).unwrap();
        let error = peers.run(EQUAL, lost, |_| ()).unwrap_err();
        assert!(
            error.contains(&format!("process {} (127.0.0.1:", 1 - own)) && error.contains("not started"),
            "{error}"
        );
    }
}

#[test]
fn a_list_of_hosts_has_an_address_in_each_line() {
    let read = |text: &str, own| Peers::read(text, own, WAIT);
    let two = read("# two\n127.0.0.1:4000\n\n 127.0.0.1:4001\n", 1).unwrap();
    assert_eq!(two.addresses.len(), 2);
    let wrong = [
        ("", 0, "at least two"),
        ("127.0.0.1:4000\n", 0, "at least two"),
        ("127.0.0.1:4000\n127.0.0.1:4000\n", 0, "line 2: 127.0.0.1:4000 is given twice"),
        ("127.0.0.1:4000\n127.0.0.1\n", 0, "line 2: `127.0.0.1`"),
        ("127.0.0.1:4000\n127.0.0.1:4001\n", 2, "no process 2"),
    ];
    for (text, own, error) in wrong {
        assert!(read(text, own).is_err_and(|found| found.contains(error)), "{text:?}");
    }
}
