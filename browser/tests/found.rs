//! The browser reports the faults that the other tests must not find.

use multimaster_browser::Browser;

#[test]
fn an_error_on_the_console_a_foreign_request_and_a_barrier_are_found() {
    let Some(browser) = Browser::start() else { return };
    let page = "<html lang=en><title>x</title><main><h1>x</h1><img src='http://127.0.0.1:9/x.png'></main>";
    browser.open(&format!("data:text/html,{page}<script>console.error('wrong')</script>"));
    browser.until("document.readyState === 'complete'");
    let found = browser.complaints("http://localhost:3000/").join("\n");
    assert!(found.contains("a request to http://127.0.0.1:9/x.png") && found.contains("wrong"), "{found}");
    let Some(barriers) = browser.barriers() else { return };
    assert!(barriers.iter().any(|barrier| barrier.starts_with("\"image-alt\"")), "{barriers:?}");
}
