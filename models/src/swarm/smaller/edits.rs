//! The parts of a scenario file that can be left out: [`Edit`].

use multimaster::{MasterId, Op, Request};
use toml::{Table, Value};

/// One part that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// A master, by its index. Those behind it move up.
    Master(usize),
    /// The last master.
    LastMaster,
    /// An entry of a list: the path to the list, and the index.
    Entry(Vec<String>, usize),
    /// Some fields of the table at this path.
    Fields(Vec<String>, &'static [&'static str]),
    /// One of the number at this path.
    One(Vec<String>),
}

/// Every request, the last of each client first.
pub(super) fn of_requests(table: &Table) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, requests) in table.get("clients").and_then(Value::as_table).into_iter().flatten() {
        edits.extend(entries(&["clients", name], Some(requests)));
    }
    for (name, session) in table.get("sessions").and_then(Value::as_table).into_iter().flatten() {
        edits.extend(entries(&["sessions", name, "requests"], session.get("requests")));
    }
    edits.push(Edit::One(path(&["free", "take"])));
    edits.extend(entries(&["free", "of"], table.get("free").and_then(|free| free.get("of"))));
    edits
}

/// Every failure, and every other entry that makes a scenario larger.
pub(super) fn of_failures(table: &Table) -> Vec<Edit> {
    const OF_CRASHES: &[&str] = &["crashes", "crashing", "keeps", "restarts", "drained", "repaired"];
    let failures = || path(&["failures"]);
    let mut edits = vec![Edit::Fields(Vec::new(), &["failures"]), Edit::Fields(Vec::new(), &["tombstones"])];
    edits.push(Edit::Fields(failures(), OF_CRASHES));
    edits.push(Edit::Fields(failures(), &["cuts", "severed"]));
    edits.extend(["crashes", "cuts"].map(|field| Edit::One(path(&["failures", field]))));
    for field in ["severed", "crashing"] {
        edits.extend(entries(&["failures", field], table.get("failures").and_then(|failures| failures.get(field))));
    }
    const NUMBERS: [&[&str]; 5] = [&["losses"], &["duplicates"], &["resets"], &["log"], &["batch"]];
    edits.extend(NUMBERS.map(|field| Edit::Fields(Vec::new(), field)));
    edits.extend(["losses", "duplicates", "resets", "batch"].map(|field| Edit::One(path(&[field]))));
    edits
}

/// Every master, the last first. Scripts may name masters, so beside scripts no master moves up: only the last ones are
/// left out.
pub(super) fn of_masters(table: &Table) -> Vec<Edit> {
    let masters = table.get("masters").and_then(Value::as_integer).and_then(|masters| usize::try_from(masters).ok());
    let has_scripts = table.get("rule").is_some_and(Value::is_table)
        || ["properties", "specification"].iter().any(|field| table.contains_key(*field));
    let all = (0..masters.unwrap_or(0)).rev();
    all.map(|master| if has_scripts { Edit::LastMaster } else { Edit::Master(master) }).collect()
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn entries(names: &[&str], list: Option<&Value>) -> Vec<Edit> {
    let length = list.and_then(Value::as_array).map_or(0, Vec::len);
    (0..length).rev().map(|index| Edit::Entry(path(names), index)).collect()
}

impl Edit {
    /// Alters the file. `None` if there is nothing to leave out.
    pub(super) fn apply(&self, table: &mut Table) -> Option<()> {
        match self {
            Edit::Master(master) => without_master(table, *master),
            Edit::LastMaster => {
                let masters = usize::try_from(table.get("masters")?.as_integer()?).ok()?;
                without_master(table, masters.checked_sub(1)?)
            }
            Edit::Entry(path, index) => without_entry(table, path, *index),
            Edit::Fields(path, fields) => {
                let holder = at(table, path)?;
                let before = holder.len();
                fields.iter().for_each(|field| drop(holder.remove(*field)));
                (holder.len() < before).then_some(())
            }
            Edit::One(path) => {
                let (last, tables) = path.split_last()?;
                let number = at(table, tables)?.get_mut(last)?;
                let less = number.as_integer()? - 1;
                *number = Value::Integer(less);
                (less > 0).then_some(())
            }
        }
    }
}

/// The table at this path.
fn at<'a>(table: &'a mut Table, path: &[String]) -> Option<&'a mut Table> {
    path.iter().try_fold(table, |table, name| table.get_mut(name)?.as_table_mut())
}

/// Leaves out the entry, and a client or a session that has no other.
fn without_entry(table: &mut Table, path: &[String], index: usize) -> Option<()> {
    let (last, tables) = path.split_last()?;
    let holder = at(table, tables)?;
    let list = holder.get_mut(last)?.as_array_mut()?;
    if index >= list.len() {
        return None;
    }
    list.remove(index);
    if list.is_empty() {
        match tables {
            [clients] if clients == "clients" => drop(holder.remove(last)),
            [sessions, name] => drop(at(table, std::slice::from_ref(sessions))?.remove(name)),
            _ => return None,
        }
    }
    fit_take(table);
    Some(())
}

/// Lowers `take` to the number of free requests that remain.
fn fit_take(table: &mut Table) {
    if let Some(free) = table.get_mut("free").and_then(Value::as_table_mut) {
        let there = free.get("of").and_then(Value::as_array).map_or(0, Vec::len) as i64;
        if free.get("take").and_then(Value::as_integer).is_some_and(|take| take > there) {
            free.insert("take".into(), Value::Integer(there));
        }
    }
}

/// The name of a master, or of a client of it (`B/2`), once the master `gone` is left out; `None` if it was its own.
pub(super) fn renamed(name: &str, gone: usize) -> Option<String> {
    let (master, rest) = name.split_at(name.find('/').unwrap_or(name.len()));
    let id: MasterId = master.parse().ok()?;
    let moved = if id.index() > gone { MasterId(id.0 - 1) } else { id };
    (id.index() != gone).then(|| format!("{moved}{rest}"))
}

/// The request, with its masters renamed; `None` if it names the one left out.
fn renamed_in_request(text: &str, gone: usize) -> Option<String> {
    let Ok(mut request) = text.parse::<Request>() else { return Some(text.to_owned()) };
    let Op::Transfer { to, .. } = &mut request.op else { return Some(text.to_owned()) };
    *to = renamed(&to.to_string(), gone)?.parse().ok()?;
    Some(request.to_string())
}

/// Leaves out this master, and all that names it.
fn without_master(table: &mut Table, gone: usize) -> Option<()> {
    let masters = table.get("masters")?.as_integer()?;
    table.insert("masters".into(), Value::Integer(masters - 1));
    let name = |name: &str| renamed(name, gone);
    let request = |text: &str| renamed_in_request(text, gone);
    if let Some(edges) = table.get_mut("edges").and_then(Value::as_array_mut) {
        edges.retain_mut(|edge| each(edge, &name) == Some(2));
    }
    if let Some(clients) = table.get_mut("clients").and_then(Value::as_table_mut) {
        for (client, mut requests) in std::mem::take(clients) {
            if let Some(client) = name(&client) {
                each(&mut requests, &request);
                clients.insert(client, requests);
            }
        }
    }
    if let Some(sessions) = table.get_mut("sessions").and_then(Value::as_table_mut) {
        for (session, mut fields) in std::mem::take(sessions) {
            if fields.get_mut("at").and_then(|at| each(at, &name)).is_some_and(|left| left > 0) {
                sessions.insert(session, fields);
            }
        }
    }
    if let Some(of) = table.get_mut("free").and_then(|free| free.get_mut("of")) {
        each(of, &|text| {
            let (at, text) = text.split_once(": ")?;
            Some(format!("{}: {}", name(at)?, request(text)?))
        });
        fit_take(table);
    }
    if let Some(failures) = table.get_mut("failures").and_then(Value::as_table_mut) {
        let word = |word: &str| if ["-", "->"].contains(&word) { Some(word.to_owned()) } else { name(word) };
        let path = |text: &str| Some(text.split(' ').map(word).collect::<Option<Vec<String>>>()?.join(" "));
        for (field, of) in [("severed", &path as &dyn Fn(&str) -> Option<String>), ("crashing", &name)] {
            if failures.get_mut(field).is_some_and(|list| each(list, of) == Some(0)) {
                return None;
            }
        }
    }
    Some(())
}

/// Replaces each text of the list, or leaves it out. Returns the number of those that remain.
fn each(list: &mut Value, of: &dyn Fn(&str) -> Option<String>) -> Option<usize> {
    let list = list.as_array_mut()?;
    let kept: Vec<Value> = list.iter().filter_map(Value::as_str).filter_map(of).map(Value::String).collect();
    *list = kept;
    Some(list.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        masters = 4
        edges = [["A", "B"], ["B", "C"], ["C", "D"], ["D", "A"]]
        [clients]
        A = ["add 2 to n", "transfer 1 of n to D", "transfer 1 of n to B"]
        B = ["add 3 to n"]
        "C/2" = ["add 1 to n"]
        [free]
        take = 2
        of = ["B: add 1 to n", "D: add 2 to n"]
        [failures]
        cuts = 1
        severed = ["A -> B", "C - D", "D"]
        [sessions.s]
        at = ["B", "D"]
        requests = ["read n"]
    "#;

    fn after(edit: &Edit) -> Option<Table> {
        let mut table: Table = FILE.parse().expect("a table");
        edit.apply(&mut table)?;
        Some(table)
    }

    #[test]
    fn a_master_is_left_out_with_all_that_names_it() {
        let table = after(&Edit::Master(1)).expect("B is there");
        let expected: Table = r#"
            masters = 3
            edges = [["B", "C"], ["C", "A"]]
            [clients]
            A = ["add 2 to n", "transfer 1 of n to C"]
            "B/2" = ["add 1 to n"]
            [free]
            take = 1
            of = ["C: add 2 to n"]
            [failures]
            cuts = 1
            severed = ["B - C", "C"]
            [sessions.s]
            at = ["C"]
            requests = ["read n"]
        "#
        .parse()
        .expect("a table");
        assert_eq!(table, expected);
    }

    #[test]
    fn a_client_without_requests_is_left_out() {
        let clients = |table: &Table| table["clients"].as_table().expect("a table").len();
        let table = after(&Edit::Entry(path(&["clients", "B"]), 0)).expect("a request");
        assert_eq!(clients(&table), 2);
        let table = after(&Edit::Entry(path(&["sessions", "s", "requests"]), 0)).expect("a request");
        assert!(table["sessions"].as_table().is_some_and(Table::is_empty));
        assert_eq!(after(&Edit::Entry(path(&["clients", "A"]), 7)), None);
        assert_eq!(after(&Edit::One(path(&["failures", "cuts"]))), None, "a number stays above 0");
        assert_eq!(after(&Edit::Fields(path(&["failures"]), &["crashes"])), None);
    }
}
