// Moves through the states. The address names the path: `#/steps/START/STEP/STEP`, the same as on Stateright's page.
import * as view from "./view.js";

const id = (name) => document.getElementById(name);

let about = { name: "", about: "", quiescence: false, replay: "" };
// The path shown, and the longest path that it is the beginning of, with its steps in words.
let path = [0];
let ahead = [0];
let known = { path: [], steps: [] };
// Whether the user has moved: then the end of the search does not move the page.
let moved = false;
// The number of the request whose answer is to be shown.
let asked = 0;

class Unanswered extends Error {}

async function get(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Unanswered("The explorer does not answer: start it again.");
  }
  if (!answer.ok) throw new Unanswered((await answer.text()).trim());
  return answer;
}

const json = async (address) => (await get(address)).json();
const begins = (start, whole) => start.every((step, place) => whole[place] === step);
const hash = (steps) => `#/steps/${steps.join("/")}`;
const numbers = (text) => text.split("/").filter((part) => part !== "").map(Number);

function tell(error) {
  if (!(error instanceof Unanswered)) throw error;
  view.say(error.message);
}

// Shows the state at the end of these steps. `end` is the end of the schedule of which they are a part.
function go(steps, end) {
  moved = true;
  // Keys may follow faster than answers: the next one starts from here.
  path = steps;
  if (end) ahead = end;
  if (location.hash === hash(steps)) return load();
  location.hash = hash(steps);
}

async function load() {
  const steps = numbers(location.hash.replace(/^#\/steps/, ""));
  path = steps.length === 0 ? [0] : steps;
  if (!begins(path, ahead)) ahead = path;
  const [here, end, mine] = [path, ahead, ++asked];
  try {
    // The steps in words are those of the whole schedule, of which the state shown is one.
    let situation;
    if (known.path.length < end.length || !begins(end, known.path)) {
      const whole = await json(`/.situation/${end.join("/")}`);
      known = { path: end, steps: whole.steps };
      if (end.length === here.length) situation = whole;
    }
    situation ??= await json(`/.situation/${here.join("/")}`);
    if (mine !== asked) return;
    view.show(situation, { path: here, ahead: end, steps: known.steps.slice(0, end.length - 1), go });
  } catch (error) {
    if (mine === asked) tell(error);
  }
}

// Goes to the nearest state of this kind.
async function jump(goal) {
  const mine = ++asked;
  view.say("Searching …");
  try {
    const found = await json(`/.nearest/${goal}/${path.join("/")}`);
    if (mine !== asked) return;
    if (found.none) return view.say(found.none);
    const steps = numbers(found.path);
    go(steps, steps);
  } catch (error) {
    if (mine === asked) tell(error);
  }
}

// The end of the schedule is remembered, so that one can go forward again.
const back = () => path.length > 1 && go(path.slice(0, -1));
const forward = () => path.length < ahead.length && go(ahead.slice(0, path.length + 1));

async function copy() {
  try {
    const text = await (await get(`/.trace/${path.join("/")}`)).text();
    view.showTrace(text, about.replay);
    try {
      await navigator.clipboard.writeText(text);
      view.say("The trace is in the clipboard.");
    } catch {
      // Only pages of this machine, or over TLS, may write to the clipboard.
      id("trace").select();
      view.say("This browser does not let the page write to the clipboard: copy the selected text.");
    }
  } catch (error) {
    tell(error);
  }
}

// Searches all schedules, and then goes to the first counterexample unless the user has moved.
async function search() {
  id("search").hidden = true;
  try {
    await get("/.runtocompletion", { method: "POST" });
    for (let pause = 50; ; pause = Math.min(pause * 1.5, 1000)) {
      const scope = await json("/.scope");
      view.showScope(scope, jumpTo);
      if (scope.done) return start(scope);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } catch (error) {
    tell(error);
  }
}

const jumpTo = (address) => go(numbers(address), numbers(address));

function start(scope) {
  const violated = scope.verdicts.find((verdict) => verdict.word === "violated" && verdict.path);
  if (!violated && scope.exhausted) view.say("No property is violated in any state.");
  if (!violated || moved) return;
  const steps = numbers(violated.path);
  // The page opens here: there is nothing before it to go back to.
  history.replaceState(null, "", hash(steps));
  ahead = steps;
  view.introduce(`${violated.whole ? "A" : "The shortest"} schedule that violates ${violated.name}.`);
  load();
}

const keys = {
  u: back, ArrowLeft: back, f: forward, ArrowRight: forward,
  0: () => go(path.slice(0, 1)), e: () => go(ahead),
  n: () => jump("violation"), w: () => jump("witness"), q: () => about.quiescence && jump("quiescence"), c: copy,
  j: () => view.choose(1), k: () => view.choose(-1),
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || !id("keys").checked) return;
  if (event.target.closest("textarea, input")) return;
  const choices = id("choices");
  let act = keys[event.key];
  // The arrows scroll the page, except among the choices.
  if (choices.contains(event.target)) act = { ArrowDown: keys.j, ArrowUp: keys.k }[event.key] ?? act;
  if (/^[1-9]$/.test(event.key)) act = () => view.take(Number(event.key));
  if (!act) return;
  event.preventDefault();
  act();
}

function bind() {
  const clicks = {
    first: keys[0], back, forward, last: keys.e, violation: keys.n, witness: keys.w, quiescence: keys.q, copy, search,
  };
  for (const [name, act] of Object.entries(clicks)) id(name).addEventListener("click", act);
  view.onFind((number) => jump(number));
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", load);
}

async function begin() {
  bind();
  try {
    about = await json("/.about");
    view.introduceModel(about);
    const fresh = location.hash === "";
    await load();
    const scope = await json("/.scope");
    if (fresh || scope.begun) {
      moved = !fresh;
      await search();
    } else {
      view.showScope(scope, jumpTo);
      id("search").hidden = false;
    }
  } catch (error) {
    tell(error);
  }
}

begin();
