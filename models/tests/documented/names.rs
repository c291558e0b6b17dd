//! The paths, scenarios and links of the guide: each exists.

use crate::documented::page::{Page, pages, project};
use std::fs;
use std::path::Path;

/// The first folders of the project's paths.
const TOPS: [&str; 7] = ["src/", "models/", "tests/", "benches/", "examples/", "docs/", ".ci/"];

/// Names with an open part.
fn is_open(name: &str) -> bool {
    name.contains(['<', '*', '{', '…'])
}

/// The line without the targets of its links.
fn without_targets(line: &str) -> String {
    let mut parts = line.split("](");
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |text, part| text + "] " + part.split_once(')').map_or("", |(_, rest)| rest))
}

/// Each word that looks like a path, with its line: in the text, and in diagrams.
fn words(page: &Page) -> Vec<(usize, String)> {
    let separates = |c: char| c.is_whitespace() || "`()[],;\"|".contains(c);
    let diagrams = page.blocks().into_iter().filter(|block| block.language == "text");
    let drawn: Vec<(usize, String)> = diagrams.map(|block| (block.line, block.text)).collect();
    let prose = page.prose().into_iter().map(|(line, text)| (line, without_targets(text)));
    let all = prose.chain(drawn);
    all.flat_map(|(line, text)| {
        let words = text.split(separates).map(|word| word.trim_end_matches(['.', ':']).to_owned());
        words.map(move |word| (line, word)).collect::<Vec<_>>()
    })
    .filter(|(_, word)| word.contains('/') && !is_open(word))
    .collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Page) -> Vec<String> {
    let headings = page.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
    let headings = headings.map(|(_, line)| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"));
    headings.map(|heading| heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()).collect()
}

/// The targets of links within the project.
fn links(page: &Page) -> Vec<(usize, &str)> {
    let targets = page.prose().into_iter().flat_map(|(line, text)| {
        text.split("](").skip(1).filter_map(move |rest| Some((line, rest.split_once(')')?.0)))
    });
    targets.filter(|(_, target)| !target.contains("://")).collect()
}

fn faults(page: &Page, all: &[Page]) -> Vec<String> {
    let root = project();
    let mut faults = Vec::new();
    for (line, word) in words(page) {
        let scenarios = root.join("models/scenarios");
        let group = word.split('/').next().unwrap_or_default();
        let there = if TOPS.iter().any(|top| word.starts_with(top)) {
            root.join(&word).exists()
        } else if !group.is_empty() && group != ".." && scenarios.join(group).is_dir() {
            // A scenario or a group of them.
            scenarios.join(format!("{word}.toml")).exists() || scenarios.join(&word).is_dir()
        } else {
            Path::new(&word).extension().is_none_or(|extension| extension != "rs")
        };
        if !there {
            faults.push(format!("{}:{line}: there is no `{word}`", page.name));
        }
    }
    for (line, target) in links(page) {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let folder = Path::new(&page.name).parent().expect("a page lies in a folder");
        let name = if file.is_empty() { page.name.clone() } else { folder.join(file).display().to_string() };
        let name = name.strip_prefix("docs/../").unwrap_or(&name);
        let leads = root.join(name).exists();
        let found =
            all.iter().find(|page| page.name == *name).is_some_and(|page| anchors(page).iter().any(|a| a == anchor));
        if !leads || !(anchor.is_empty() || found) {
            faults.push(format!("{}:{line}: the link `{target}` leads nowhere", page.name));
        }
    }
    faults
}

/// Each `Type::item` in backquotes, with its line.
fn items(page: &Page) -> Vec<(usize, &str, &str)> {
    let spans = page.prose().into_iter().flat_map(|(line, text)| {
        text.split('`').skip(1).step_by(2).map(move |span| (line, span.split(['(', ' ']).next().unwrap_or_default()))
    });
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let items = spans.filter_map(|(line, span)| {
        let (owner, item) = span.rsplit_once("::")?;
        let owner = owner.rsplit("::").next()?;
        (is_name(owner) && is_name(item) && owner.starts_with(char::is_uppercase)).then_some((line, owner, item))
    });
    items.collect()
}

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// Whether a source names the type and has an item, a field or a variant of that name.
fn is_item(sources: &[String], owner: &str, item: &str) -> bool {
    let forms = ["fn ", "const ", "pub "].map(|form| format!("{form}{item}"));
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_in = |source: &str, form: &str| source.match_indices(form).any(|(at, _)| ends(&source[at + form.len()..]));
    let is_variant =
        |line: &str| line.trim_start().strip_prefix(item).is_some_and(|rest| rest.starts_with(['(', ',', ' ']));
    sources.iter().any(|source| {
        source.contains(owner)
            && (forms.iter().any(|form| is_in(source, form))
                || (is_in(source, &format!("enum {owner}")) && source.lines().any(is_variant)))
    })
}

#[test]
fn every_item_is_there() {
    let mut all = Vec::new();
    ["src", "models/src"].iter().for_each(|folder| sources(&project().join(folder), &mut all));
    assert!(!is_item(&all, "RuleName", "kin") && !is_item(&all, "Nonsense", "rule"));
    let pages = pages();
    let named: Vec<_> = pages.iter().flat_map(|page| items(page).into_iter().map(|item| (&page.name, item))).collect();
    assert!(named.len() > 10, "only {} are found", named.len());
    let missing: Vec<_> = named.into_iter().filter(|(_, (_, owner, item))| !is_item(&all, owner, item)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_path_scenario_and_link_leads_somewhere() {
    let pages = pages();
    let named: usize = pages.iter().map(|page| words(page).len() + links(page).len()).sum();
    assert!(named > 100, "only {named} are found");
    let faults: Vec<String> = pages.iter().flat_map(|page| faults(page, &pages)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_leads_nowhere_is_found() {
    let text = "# One heading\n`src/lib.rs`, `src/none.rs`, world/none.rs, src/<rule>.rs, `booking/arrival`, `booking/none`.\n\
                [here](#one-heading) [there](#none) [page](docs/none.md) [far](https://a.b/c)\n";
    let page = Page { name: "wrong.md".into(), text: text.into() };
    let found = faults(&page, std::slice::from_ref(&page));
    // The page itself is no file.
    let missing = ["2: there is no `src/none.rs`", "2: there is no `world/none.rs`", "2: there is no `booking/none`"];
    let astray =
        ["#one-heading", "#none", "docs/none.md"].map(|target| format!("3: the link `{target}` leads nowhere"));
    let all: Vec<String> =
        missing.map(str::to_owned).into_iter().chain(astray).map(|what| format!("wrong.md:{what}")).collect();
    assert_eq!(found, all);
    assert_eq!(anchors(&page), ["one-heading"]);
}
