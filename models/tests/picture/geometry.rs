//! Nothing in a picture overlaps, lies outside or is too small to read.

use super::random::diagrams;
use multimaster_models::report::picture::text::width;
use roxmltree::{Document, Node};

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
struct Area(f64, f64, f64, f64);

impl Area {
    fn is_within(self, other: Area) -> bool {
        self.0 >= other.0 && self.1 >= other.1 && self.2 <= other.2 && self.3 <= other.3
    }

    fn overlaps(self, other: Area) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap_or("0").parse().unwrap_or_else(|_| panic!("{node:?}"))
}

/// The size of a text, and whether it begins at its place instead of being centred there.
fn font(class: &str) -> (usize, bool) {
    match class {
        "title" => (16, true),
        "claim" | "complaint" => (13, true),
        "n" => (11, true),
        "note" => (12, false),
        "" => (13, false),
        other => panic!("a text of class {other}"),
    }
}

/// The areas of the texts, and of the boxes, which are rectangles with an edge.
fn areas(document: &Document<'_>) -> (Vec<(String, Area)>, Vec<Area>) {
    let (mut texts, mut boxes) = (Vec::new(), Vec::new());
    for node in document.descendants() {
        let class = node.attribute("class").unwrap_or_default();
        match node.tag_name().name() {
            "text" => {
                let text = node.text().unwrap_or_default().to_owned();
                let (size, begins) = font(class);
                let (wide, x, y) = (width(&text, size) as f64, number(node, "x"), number(node, "y"));
                let left = if begins { x } else { x - wide / 2.0 };
                texts.push((text, Area(left, y - 0.8 * size as f64, left + wide, y + 0.2 * size as f64)));
            }
            "rect" if class != "paper" => {
                let (x, y) = (number(node, "x"), number(node, "y"));
                boxes.push(Area(x, y, x + number(node, "width"), y + number(node, "height")));
            }
            _ => {}
        }
    }
    (texts, boxes)
}

#[test]
fn no_labels_overlap_and_nothing_lies_outside() {
    for (seed, diagram) in diagrams().iter().enumerate() {
        let svg = diagram.svg();
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
        let page = Area(0.0, 0.0, number(document.root_element(), "width"), number(document.root_element(), "height"));
        // The smallest text has 11 px, so at this width it is drawn with at least as many.
        assert!(page.2 <= 1_400.0, "{seed}: {page:?}");
        let (texts, boxes) = areas(&document);
        assert!(document.descendants().filter(|node| node.attribute("data-step").is_some()).count() >= 20, "{seed}");
        for (place, (text, area)) in texts.iter().enumerate() {
            assert!(area.is_within(page), "{seed}: {text} lies outside: {area:?}, {page:?}");
            for (other, its) in &texts[..place] {
                assert!(!area.overlaps(*its), "{seed}: {text} overlaps {other}: {area:?}, {its:?}");
            }
            for frame in &boxes {
                assert!(
                    !area.overlaps(*frame) || area.is_within(*frame),
                    "{seed}: {text} leaves its box: {area:?}, {frame:?}"
                );
            }
        }
        for (place, frame) in boxes.iter().enumerate() {
            assert!(frame.is_within(page), "{seed}: a box lies outside: {frame:?}, {page:?}");
            assert!(boxes[..place].iter().all(|other| !frame.overlaps(*other)), "{seed}: {frame:?} overlaps a box");
        }
    }
}

/// Measures the texts in a browser, whose fonts are those of this machine.
#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_no_text_is_wider_than_estimated() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    let mut page = String::from("<!doctype html><meta charset=utf-8><title>pictures</title><body>");
    for diagram in diagrams() {
        page += &diagram.svg().replace("max-width:100%", "");
    }
    page += "<script>const found=[];for(const t of document.querySelectorAll('svg text'))\
             found.push([t.textContent,parseInt(getComputedStyle(t).fontSize),t.getBBox().width]);\
             document.body.textContent=JSON.stringify(found)</script>";
    let file = folder.join("all.html");
    std::fs::write(&file, page).unwrap();
    let profile = folder.join("profile");
    let shown = std::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8(shown.stdout).unwrap();
    let (start, end) = (dom.find("[[").unwrap(), dom.rfind("]]").unwrap());
    let json = dom[start..end + 2].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let measured: Vec<(String, usize, f64)> = serde_json::from_str(&json).unwrap();
    assert!(measured.len() > 1_000, "{}", measured.len());
    // A box of one letter is as wide as the letter's ink, which may be wider than the letter.
    let wider: Vec<_> = measured.iter().filter(|(text, size, wide)| *wide > width(text, *size) as f64 + 1.0).collect();
    assert!(wider.is_empty(), "{} of {}: {wider:#?}", wider.len(), measured.len());
}
