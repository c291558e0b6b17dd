//! The report in a real browser.

use multimaster_browser::{Browser, multimaster};
use std::path::PathBuf;

/// Writes the report of a few scenarios: its folder and its address.
fn written(name: &str) -> (PathBuf, String) {
    let folder = std::env::temp_dir().join(format!("multimaster-report-{}-{name}", std::process::id()));
    let scenarios = ["booking/arrival", "booking/last-write", "failures/dead-hub", "hello"];
    let written = multimaster().arg("report").args(scenarios).arg("--out").arg(&folder).output().unwrap();
    assert!(folder.join("index.html").is_file(), "{}", String::from_utf8_lossy(&written.stderr));
    let url = format!("file://{}", folder.join("index.html").display());
    (folder, url)
}

#[test]
fn a_counterexample_is_reached_and_walked_to_its_end_by_keyboard() {
    let Some(browser) = Browser::start() else { return };
    let (folder, url) = written("walk");
    browser.look(1400, "light");
    browser.open(&url);
    // A cell of the matrix opens its scenario.
    browser.value("document.querySelector('a.cell.violated, a.cell.policy').focus()");
    browser.press("\u{e007}");
    browser.until("document.querySelector('details.scenario[open] .example .picture svg')");
    let step = "Number(document.querySelector('details.scenario[open] .example').dataset.step)";
    let steps =
        browser.value("Number(document.querySelector('details.scenario[open] .example').dataset.steps)").as_u64();
    let steps = steps.unwrap();
    assert!(steps > 0);
    browser.value("document.querySelector('details.scenario[open] .player input[type=range]').focus()");
    // From the first step to the last, whichever the slider shows at first.
    browser.press(&"\u{e012}".repeat(steps as usize));
    browser.until(&format!("{step} <= 1"));
    for _ in 0..steps {
        browser.press("\u{e014}");
    }
    browser.until(&format!("{step} === {steps}"));
    let said = browser.shown("details.scenario[open] .player output");
    assert!(!said.trim().is_empty());
    assert!(browser.shown("details.scenario[open] .replay code").contains("replay "));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(browser.complaints("file://"), Vec::<String>::new());
}

#[test]
fn the_report_has_no_barriers_in_either_scheme_and_fits_a_phone() {
    let Some(browser) = Browser::start() else { return };
    let (folder, url) = written("barriers");
    for (width, scheme) in [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")] {
        browser.look(width, scheme);
        browser.open(&url);
        browser.value("document.querySelectorAll('details').forEach(part => part.open = true)");
        let over = browser.value("document.documentElement.scrollWidth - window.innerWidth");
        assert!(over.as_i64().unwrap() <= 0, "{over} px too wide for {width} px");
        let Some(barriers) = browser.barriers() else { continue };
        assert!(barriers.is_empty(), "{width} px, {scheme}:\n{}", barriers.join("\n"));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(browser.complaints("file://"), Vec::<String>::new());
}
