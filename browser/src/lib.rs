//! A browser for tests: Chromium without a window, driven by chromedriver; and the command whose pages it opens.
//!
//! The tests need `chromium` and `chromedriver` in the path, and the command `multimaster`, built before: beside the
//! tests, or where the environment variable `MULTIMASTER` says. The accessibility tests need axe-core, a script, where
//! `AXE_CORE` says. A test that lacks one of these says so and passes.

mod command;

pub use command::{Served, multimaster};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The longest time that a test waits for a condition.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one window. It ends when dropped.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    driver: Child,
    profile: PathBuf,
}

/// Prints the reason for a skipped test, past the capture of the test's output.
fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}

/// The file of this name in the path.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

impl Browser {
    /// Starts the browser. If none is installed, prints so and returns `None`.
    ///
    /// # Panics
    /// If an installed browser does not start.
    pub fn start() -> Option<Browser> {
        let (Some(chromium), Some(chromedriver)) = (in_path("chromium"), in_path("chromedriver")) else {
            skipped("`chromium` and `chromedriver` are not both in the path");
            return None;
        };
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("multimaster-browser-{}-{number}", std::process::id()));
        let mut driver =
            Command::new(chromedriver).arg("--port=0").stdout(Stdio::piped()).spawn().expect("chromedriver");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("a line of chromedriver");
            line.rsplit_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver's port");
        // The rest of the output is read, so that the driver never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let arguments = arguments.map(str::to_owned).into_iter();
        let arguments: Vec<String> = arguments.chain([format!("--user-data-dir={}", profile.display())]).collect();
        let capabilities = json!({
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = runtime.block_on(builder.connect(&format!("http://127.0.0.1:{port}"))).expect("a browser");
        Some(Browser { runtime, client, driver, profile })
    }

    /// Opens a page, even if only the part of the address after `#` is new.
    ///
    /// # Panics
    /// If the page cannot be opened.
    pub fn open(&self, url: &str) {
        self.runtime.block_on(self.client.goto("about:blank")).expect("an empty page");
        self.runtime.block_on(self.client.goto(url)).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The value of a JavaScript expression on the page.
    ///
    /// # Panics
    /// If the expression cannot be evaluated.
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        let run = self.client.execute(&script, Vec::new());
        self.runtime.block_on(run).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The value of a JavaScript expression that is a string.
    ///
    /// # Panics
    /// If the value is no string.
    pub fn text(&self, expression: &str) -> String {
        let value = self.value(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression}: {value}")).to_owned()
    }

    /// The text in the first element of a selector.
    ///
    /// # Panics
    /// If there is none.
    pub fn shown(&self, selector: &str) -> String {
        self.text(&format!("document.querySelector({})?.innerText", json!(selector)))
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Panics
    /// If the expression does not become true in time.
    pub fn until(&self, expression: &str) {
        let begun = Instant::now();
        while self.value(&format!("Boolean({expression})")) != true {
            let body = || self.shown("body");
            assert!(begun.elapsed() < PATIENCE, "{expression} does not become true on\n{}", body());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses and releases each key.
    ///
    /// # Panics
    /// If the browser refuses the keys.
    pub fn press(&self, keys: &str) {
        let presses =
            keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })));
        let actions: Vec<Value> = presses.collect();
        self.call("POST", "actions", json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }));
    }

    /// Gives the window this width, and the page this colour scheme: `light` or `dark`.
    ///
    /// # Panics
    /// If the browser refuses.
    pub fn look(&self, width: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
    }

    /// The entries of a log of the browser since the last call: `browser` (the console) or `performance` (requests).
    ///
    /// # Panics
    /// If there is no such log.
    pub fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.call("POST", "se/log", json!({ "type": kind }));
        entries.as_array().unwrap_or_else(|| panic!("{entries}")).clone()
    }

    /// The errors and warnings on the console, and the requests that did not go to `own`, since the last call.
    pub fn complaints(&self, own: &str) -> Vec<String> {
        let console =
            self.log("browser").into_iter().filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        let console: Vec<String> = console.map(|entry| entry["message"].to_string()).collect();
        let requests = self.log("performance").into_iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let sent = message["message"]["method"] == "Network.requestWillBeSent";
            sent.then(|| message["message"]["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
        });
        // The browser's own first page is `chrome:`.
        let local =
            |url: &String| [own, "data:", "about:", "blob:", "chrome:"].iter().any(|start| url.starts_with(start));
        let foreign = requests.filter(|url| !local(url)).map(|url| format!("a request to {url}"));
        console.into_iter().chain(foreign).collect()
    }

    /// The serious and critical findings of axe-core on the page. If axe-core is missing, prints so and returns `None`.
    ///
    /// # Panics
    /// If axe-core fails.
    pub fn barriers(&self) -> Option<Vec<String>> {
        let Some(file) = std::env::var_os("AXE_CORE") else {
            skipped("`AXE_CORE` does not name the script of axe-core");
            return None;
        };
        let script = fs::read_to_string(&file).unwrap_or_else(|error| panic!("AXE_CORE={file:?}: {error}"));
        let run = "const told = arguments[arguments.length - 1]; axe.run().then(told, (error) => told(String(error)));";
        let script = format!("{script};{run}");
        let run = self.client.execute_async(&script, Vec::new());
        let found = self.runtime.block_on(run).expect("axe-core runs");
        let violations = found["violations"].as_array().unwrap_or_else(|| panic!("{found}"));
        let grave = violations.iter().filter(|found| found["impact"] == "serious" || found["impact"] == "critical");
        let told = |found: &Value| {
            let nodes = found["nodes"].as_array().into_iter().flatten();
            let nodes: Vec<String> =
                nodes.map(|node| format!("  {}: {}", node["html"], node["failureSummary"])).collect();
            format!("{}: {}\n{}", found["id"], found["help"], nodes.join("\n"))
        };
        Some(grave.map(told).collect())
    }

    fn devtools(&self, command: &str, parameters: Value) {
        self.call("POST", "goog/cdp/execute", json!({ "cmd": command, "params": parameters }));
    }

    fn call(&self, method: &'static str, path: &'static str, body: Value) -> Value {
        let answer = self.runtime.block_on(self.client.issue_cmd(Call { method, path, body }));
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// A call of the driver within the session.
#[derive(Debug)]
struct Call {
    method: &'static str,
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Call {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (self.method.parse().expect("a method of HTTP"), Some(self.body.to_string()))
    }
}
