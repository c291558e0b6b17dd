//! The files of the pages. Ours loads four; the other is stateright's page as it ships with stateright 0.31, except that
//! it has the model's name, and a link to ours.

use super::Shown;
use super::http::Answer;
use crate::printed::shown;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

const OURS: [(&str, &str, &str); 6] = [
    ("/", HTML, include_str!("front/index.html")),
    ("/explorer.css", CSS, include_str!("front/explorer.css")),
    ("/explorer.js", JS, include_str!("front/explorer.js")),
    ("/view.js", JS, include_str!("front/view.js")),
    ("/icon.svg", "image/svg+xml", include_str!("front/icon.svg")),
    // A browser asks for this on a page that names no icon.
    ("/favicon.ico", "image/svg+xml", include_str!("front/icon.svg")),
];

const OF_STATERIGHT: [(&str, &str, &str); 3] = [
    ("/stateright/app.css", CSS, include_str!("page/app.css")),
    ("/stateright/app.js", JS, include_str!("page/app.js")),
    ("/stateright/knockout-3.5.0.js", JS, include_str!("page/knockout-3.5.0.js")),
];

/// The file at this path; `None` if there is none.
pub(super) fn part(path: &str, model: &Shown) -> Option<Answer> {
    if path == "/stateright/" {
        let page = include_str!("page/index.htm").replace("MODEL_NAME", &in_html(&shown(&model.name)));
        return Some(Answer::of_stateright(HTML, page));
    }
    let at = |(name, ..): &&(&str, &str, &str)| *name == path;
    if let Some((_, kind, text)) = OF_STATERIGHT.iter().find(at) {
        return Some(Answer::of_stateright(kind, *text));
    }
    OURS.iter().find(at).map(|(_, kind, text)| Answer::of(kind, *text))
}

fn in_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
