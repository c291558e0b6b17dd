//! The Explorer's pages in a real browser.

use multimaster_browser::{Browser, Served, multimaster};
use serde_json::Value;

/// Waits until the state at the end of this path is shown.
fn at(browser: &Browser, path: &str) {
    browser.until(&format!("document.querySelector('#verdict').dataset.path === '{path}'"));
    // Chromium loads a picture later than the text around it.
    browser.until("document.querySelector('#picture').naturalWidth > 0");
    assert!(browser.text("location.hash").ends_with(path), "the address names the state");
}

/// The words beside each property, in this state or over all schedules.
fn words(browser: &Browser, of: &str) -> Vec<(String, String)> {
    let rows = browser.value(&format!(
        "[...document.querySelectorAll('[data-{of}]')].map(row => [row.dataset.{of}, row.dataset.word])"
    ));
    let pair = |row: &Value| (row[0].as_str().unwrap().to_owned(), row[1].as_str().unwrap().to_owned());
    rows.as_array().unwrap().iter().map(pair).collect()
}

/// A state that contradicts the verdicts over all schedules, or itself.
fn is_consistent(browser: &Browser) {
    let over_all = words(browser, "verdict");
    let here = words(browser, "property");
    assert!(!over_all.is_empty() && over_all.len() == here.len(), "{here:?} {over_all:?}");
    for (property, word) in &here {
        let verdict = &over_all.iter().find(|(name, _)| name == property).unwrap().1;
        let decided = ["violated", "reached"].contains(&word.as_str());
        assert!(!decided || word == verdict, "{property}: {word} here, {verdict} over all schedules");
    }
    let violated: Vec<&str> =
        here.iter().filter(|(_, word)| word == "violated").map(|(name, _)| name.as_str()).collect();
    let said = browser.shown("#said");
    match violated.is_empty() {
        true => assert!(said.contains("Nothing is violated in this state."), "{said}"),
        false => assert!(said.contains(&format!("Violated in this state: {}.", violated.join(", "))), "{said}"),
    }
}

#[test]
fn a_counterexample_is_walked_to_its_end_by_keyboard() {
    let Some(browser) = Browser::start() else { return };
    let served = Served::explore("booking/arrival");
    browser.look(1400, "light");
    browser.open(&served.url);
    // The page opens at the end of the shortest counterexample.
    at(&browser, "0/0/0/0/0");
    assert!(
        browser.shown("#said").starts_with("Step 4: B -> A: B1 after nothing. Violated in this state: convergence,")
    );
    assert_eq!(browser.shown("h1"), "booking/arrival");
    is_consistent(&browser);
    // From the initial state forward to the same end, step by step.
    browser.press("0");
    at(&browser, "0");
    is_consistent(&browser);
    let mut path = "0".to_owned();
    for step in 1..=4 {
        browser.press("f");
        path += "/0";
        at(&browser, &path);
        is_consistent(&browser);
        assert_eq!(browser.shown("#state-title"), format!("State after step {step}"));
        assert_eq!(browser.shown("#schedule [aria-current=step] .number").trim(), format!("{step}"));
        assert!(browser.value("document.querySelectorAll('.master.changed ins').length").as_u64().unwrap() > 0);
    }
    // Back, then by choosing: the second of the possible steps, and the first of those after it.
    browser.press("uuu");
    at(&browser, "0/0");
    browser.press("jjk");
    browser.press("j\u{e007}");
    at(&browser, "0/0/1");
    browser.press("1");
    at(&browser, "0/0/1/0");
    // Jumps.
    browser.press("0");
    at(&browser, "0");
    browser.press("n");
    browser.until("document.querySelector('#verdict.violated')");
    browser.press("q");
    browser.until("document.querySelector('[data-property=quiescence]').dataset.word === 'reached'");
    browser.press("w");
    browser.until("document.querySelector('#note').innerText.startsWith('No state that can follow')");
    // The browser's own way back, and a bookmark.
    let here = browser.text("location.href");
    browser.value("history.back()");
    browser.until(&format!("location.href !== '{here}'"));
    browser.open(&here);
    at(&browser, here.split("#/steps/").nth(1).unwrap());
    // The copied trace replays.
    browser.press("c");
    browser.until("document.querySelector('#trace').value");
    let file = std::env::temp_dir().join(format!("multimaster-copied-{}.trace", std::process::id()));
    std::fs::write(&file, browser.text("document.querySelector('#trace').value")).unwrap();
    let replayed = multimaster().arg("replay").arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
    assert_eq!(browser.complaints(&served.own), Vec::<String>::new());
}

#[test]
fn a_trace_opens_at_its_end_and_stateright_s_page_has_the_name_and_the_same_state() {
    let Some(browser) = Browser::start() else { return };
    let file = std::env::temp_dir().join(format!("multimaster-browser-{}.trace", std::process::id()));
    std::fs::write(&file, "scenario hello\nkeeps convergence\n\nA: set hello = world\nA -> B: A1 after nothing\n")
        .unwrap();
    let served = Served::explore(file.to_str().unwrap());
    std::fs::remove_file(&file).unwrap();
    browser.open(&served.url);
    at(&browser, served.url.split("#/steps/").nth(1).unwrap());
    assert_eq!(browser.shown("#state-title"), "State after step 2");
    assert!(browser.shown("#scope-said").starts_with("Not searched yet."));
    let theirs = browser.text("document.querySelector('#stateright').href");
    browser.open(&theirs);
    browser.until("document.title === 'hello: Stateright Explorer'");
    browser.until("document.body.innerText.includes('A -> B: A1 after nothing')");
    assert_eq!(browser.complaints(&served.own), Vec::<String>::new());
}

#[test]
fn the_page_has_no_barriers_in_either_scheme_and_fits_a_phone() {
    let Some(browser) = Browser::start() else { return };
    for scenario in ["booking/arrival", "failures/dead-hub"] {
        let served = Served::explore(scenario);
        for (width, scheme) in [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")] {
            browser.look(width, scheme);
            browser.open(&served.own);
            browser.until("document.querySelector('#verdict.violated')");
            // A state in the middle has all the parts of the page.
            browser.press("u");
            browser.until("document.querySelector('#choices button')");
            let over = browser.value("document.documentElement.scrollWidth - window.innerWidth");
            assert!(over.as_i64().unwrap() <= 0, "{scenario} is {over} px too wide for {width} px");
            browser.press("c");
            let Some(barriers) = browser.barriers() else { continue };
            assert!(barriers.is_empty(), "{scenario}, {width} px, {scheme}:\n{}", barriers.join("\n"));
        }
        assert_eq!(browser.complaints(&served.own), Vec::<String>::new());
    }
}
