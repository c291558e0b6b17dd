//! `judge`: its statuses and formats.

use crate::command::Folder;

const WRITE: &str = r#"{"process":0,"type":"ok","f":"write","value":1}"#;

#[test]
fn the_status_says_whether_a_property_is_violated() {
    let folder = Folder::with("fine.jsonl", format!("{WRITE}\n{}", WRITE.replace("write", "read")));
    folder
        .put("lost.edn", "{:type :ok, :f :write, :value 1, :process 0}\n{:type :ok, :f :read, :value nil, :process 0}");
    folder.put("empty.jsonl", WRITE);
    folder.put("wrong.jsonl", "{");
    let (status, out, _) = folder.run(&["judge", "fine.jsonl"]);
    assert!(status == 0 && out.contains("| read your writes     | holds"), "{out}");
    let (status, out, _) = folder.run(&["judge", "lost.edn", "--format", "junit"]);
    assert!(status == 1 && out.contains("<failure message=\"process 0 wrote, and then reads nothing\">"), "{out}");
    let (status, out, _) = folder.run(&["judge", "empty.jsonl", "--format", "json"]);
    assert!(status == 1 && out.contains("\"fine\":false"), "nothing was judged: {out}");
    let (status, out, err) = folder.run(&["judge", "wrong.jsonl"]);
    assert!(status == 2 && out.is_empty() && err.starts_with("multimaster: wrong.jsonl:1: "), "{err}");
    let (status, _, err) = folder.run(&["judge", "absent.jsonl"]);
    assert!(status == 2 && err.contains("absent.jsonl: "), "{err}");
}
