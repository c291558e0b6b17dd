// Writes the knowledge of the explorer onto the page. All text is set as text, never as HTML.

const id = (name) => document.getElementById(name);

function make(kind, attributes = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const fill = (name, children) => id(name).replaceChildren(...children);
const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// The mark of a word. It repeats the word in a shape, so that nothing depends on colour.
const MARKS = {
  holds: "✓", reached: "✓", violated: "✗", vacuous: "!", failed: "!",
  "not reached": "○", "not asked": "–", "not judged": "?", "not exhausted": "…",
};
const HERE = { holds: "holds here", violated: "violated here", reached: "reached here", "not reached": "not here", "not asked": "not asked here" };
const KINDS = { holds: "good", reached: "good", violated: "bad", vacuous: "open", failed: "bad", "not judged": "open" };
const mark = (word) => make("span", { class: `mark ${KINDS[word] ?? "quiet"}`, "aria-hidden": "true" }, MARKS[word] ?? "·");

let find = () => {};
let introduction = "";
let model = "";
// The properties that the search has shown to be decided in no state: there is nothing to find.
let nowhere = new Set();

export const onFind = (act) => { find = act; };
export const introduce = (text) => { introduction = text; };
export const say = (text) => { id("note").textContent = text; };

export function introduceModel(about) {
  model = about.name;
  id("name").textContent = about.name;
  id("about").textContent = about.about;
  id("quiescence").disabled = !about.quiescence;
}

export function show(situation, at) {
  const step = at.path.length - 1;
  document.title = `${step === 0 ? "Initial state" : `Step ${step}`} · ${model} · multimaster explorer`;
  id("stateright").href = `/stateright/#/steps/${at.path.join("/")}`;
  showVerdict(situation, step, at.steps.length);
  showSchedule(at, step);
  showStarts(situation, at);
  showChoices(situation, at);
  id("state-title").textContent = step === 0 ? "Initial state" : `State after step ${step}`;
  fill("masters", situation.masters.map(master));
  fill("others", situation.others.map(fact));
  showProperties(situation, step);
  showPicture(at.path, step);
  id("first").disabled = id("back").disabled = step === 0;
  id("last").disabled = id("forward").disabled = step === at.steps.length;
  id("trace-section").hidden = true;
  say("");
}

function showVerdict(situation, step, steps) {
  const violated = situation.properties.filter((property) => property.word === "violated");
  const last = situation.steps[step - 1];
  const after = step === 0 ? "Initial state." : `Step ${step}: ${last.said}${last.remark ? ` (${last.remark})` : ""}.`;
  const names = violated.map((property) => property.name).join(", ");
  const verdict = violated.length === 0 ? "Nothing is violated in this state." : `Violated in this state: ${names}.`;
  const again = situation.again === null ? "" : ` This is the state that was reached after ${count(situation.again, "step")}.`;
  const outside = situation.outside ? " It lies outside the model's boundary, and a search leaves it out." : "";
  id("place").textContent = introduction || (steps === 0 ? "Initial state" : `Step ${step} of ${steps}`);
  introduction = "";
  id("said").textContent = `${after} ${verdict}${again}${outside}`;
  id("verdict").dataset.path = situation.path;
  id("verdict").className = violated.length === 0 ? "verdict" : "verdict violated";
  fill("complaints", violated.filter((property) => property.why).map((property) =>
    make("li", {}, mark("violated"), make("strong", {}, property.name), ` ${property.why}`)));
}

function showSchedule({ steps, ahead, go }, step) {
  const entry = (place, said, remark) => make("li", { class: place > step ? "ahead" : null },
    make("button", { type: "button", "aria-current": place === step ? "step" : null, onclick: () => go(ahead.slice(0, place + 1)) },
      make("span", { class: "number" }, String(place)),
      make("span", { class: "words" }, said, remark ? make("span", { class: "remark" }, remark) : null)));
  const taken = steps.map(({ said, remark }, place) => entry(place + 1, said, remark));
  fill("schedule", [entry(0, "Initial state"), ...taken]);
  const now = id("schedule").querySelector("[aria-current]");
  const list = id("schedule");
  if (now.offsetTop < list.scrollTop || now.offsetTop + now.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = now.offsetTop - list.clientHeight / 2;
  }
}

function showStarts(situation, { path, go }) {
  id("starts").hidden = situation.starts < 2;
  if (situation.starts < 2) return;
  const start = (place) => make("button", { type: "button", "aria-current": place === path[0], onclick: () => go([place]) }, String(place + 1));
  fill("starts", ["Initial states: ", ...Array.from({ length: situation.starts }, (_, place) => start(place))]);
}

function showChoices(situation, { path, go }) {
  const had = id("choices").contains(document.activeElement);
  const steps = situation.choices.filter((choice) => !choice.idle);
  const idle = situation.choices.filter((choice) => choice.idle);
  const note = (kind, word, text) => make("span", { class: `note ${kind}` }, mark(word), text);
  const choice = ({ place, said, remark, violates, reaches, again, outside }, number) => make("li", {},
    make("button", { type: "button", onclick: () => go([...path, place]) },
      make("kbd", { "aria-hidden": "true" }, number < 9 ? String(number + 1) : " "),
      make("span", { class: "words" }, said,
        remark ? make("span", { class: "remark" }, remark) : null,
        violates.length ? note("bad", "violated", `violates ${violates.join(", ")}`) : null,
        reaches.length ? note("good", "reached", `reaches ${reaches.join(", ")}`) : null,
        again === null ? null : make("span", { class: "note" }, `back to the state after ${count(again, "step")}`),
        outside ? make("span", { class: "note" }, "outside the model's boundary") : null)));
  fill("choices", steps.map(choice));
  id("none").hidden = steps.length > 0;
  id("none").textContent = idle.length > 0 ? "No step changes anything: the schedule ends here." : "No step is possible: the schedule ends here.";
  id("idle").hidden = idle.length === 0;
  id("idle").querySelector("summary").textContent =
    `${count(idle.length, "possible step")} ${idle.length === 1 ? "changes" : "change"} nothing`;
  id("idle").querySelector("ul").replaceChildren(...idle.map(({ said, remark }) =>
    make("li", {}, said, remark ? make("span", { class: "remark" }, remark) : null)));
  if (had) (id("choices").querySelector("button") ?? id("next")).focus();
}

function fact([sign, text]) {
  if (sign === "-") return make("li", { class: "gone" }, make("span", { class: "sign" }, "was"), make("del", {}, text));
  if (sign === "+") return make("li", { class: "new" }, make("span", { class: "sign" }, "now"), make("ins", {}, text));
  return make("li", {}, text);
}

function master({ name, down, reads, was, facts }) {
  const changed = was !== null || facts.some(([sign]) => sign !== "");
  return make("article", { class: changed ? "master changed" : "master", "aria-label": `Master ${name}` },
    make("h3", {}, name, down ? make("span", { class: "down" }, "down") : null, changed ? make("span", { class: "badge" }, "changed") : null),
    make("p", { class: "reads" }, make("span", { class: "label" }, "reads"),
      was === null ? make("span", { class: "value" }, reads) : make("ins", { class: "value" }, reads)),
    was === null ? null : make("p", { class: "was" }, make("span", { class: "label" }, "was"), make("del", {}, was)),
    make("ul", { class: "facts" }, ...facts.map(fact)));
}

function showProperties(situation, step) {
  const row = ({ number, name, witness, word, why, changed }) => {
    const goal = witness ? `To the nearest state that reaches "${name}"` : `To the nearest state that violates ${name}`;
    return make("li", { "data-property": name, "data-word": word, class: KINDS[word] ?? "quiet" },
      mark(word), make("span", { class: "name" }, name),
      make("span", { class: "word" }, HERE[word] ?? word,
        changed && step > 0 ? make("span", { class: "badge" }, "changed") : null),
      number === null || nowhere.has(name) ? null
        : make("button", { type: "button", class: "find", title: goal, "aria-label": `Next: ${goal}`, onclick: () => find(number) }, "next"),
      why ? make("span", { class: "why" }, why) : null);
  };
  fill("properties", situation.properties.filter((property) => !property.witness).map(row));
  fill("witnesses", situation.properties.filter((property) => property.witness).map(row));
}

export function showScope({ said, failed, verdicts, begun, exhausted }, go) {
  const nothing = verdicts.filter(({ word, witness }) => exhausted && (witness ? word === "not reached" : word !== "violated"));
  nowhere = new Set(nothing.map(({ name }) => name));
  for (const row of document.querySelectorAll("[data-property]")) {
    if (nowhere.has(row.dataset.property)) row.querySelector(".find")?.remove();
  }
  id("scope-said").textContent = begun ? said : "Not searched yet. What holds in one state may not hold in every one.";
  id("failed").hidden = !failed;
  id("failed").textContent = failed ?? "";
  const row = ({ name, word, why, path, steps }) => make("li", { "data-verdict": name, "data-word": word, class: KINDS[word] ?? "quiet" },
    mark(word), make("span", { class: "name" }, name), make("span", { class: "word" }, told(word, steps)),
    path === null ? null : make("button", { type: "button", class: "find", "aria-label": `To the schedule that decides ${name}`, onclick: () => go(path) }, "show"),
    why ? make("span", { class: "why" }, why) : null);
  fill("verdicts", verdicts.filter((verdict) => !verdict.witness).map(row));
  fill("verdicts-witnesses", verdicts.filter((verdict) => verdict.witness).map(row));
  id("scope-witnesses").hidden = verdicts.length === 0;
}

function told(word, steps) {
  switch (word) {
    case "holds": return "holds in every state";
    case "violated": return steps === null ? "violated" : `violated after ${count(steps, "step")}`;
    case "reached": return steps === null ? "reached" : `reached after ${count(steps, "step")}`;
    case "not reached": return "reached in no state";
    case "not exhausted": return "not decided";
    case "vacuous": return "vacuous: it was never put to the test";
    default: return word;
  }
}

function showPicture(path, step) {
  const address = `/.picture/${path.join("/")}`;
  id("picture").src = address;
  id("picture").alt = `Sequence diagram of the ${count(step, "step")} so far, and what each master reads`;
  id("picture-link").href = address;
}

export function showTrace(text, replay) {
  id("trace-section").hidden = false;
  id("trace").value = text;
  id("trace-hint").textContent = `Save it as copied.trace. Then replay it: ${replay}`;
}

// Moves the focus among the choices.
export function choose(by) {
  const all = [...id("choices").querySelectorAll("button")];
  const now = all.indexOf(document.activeElement);
  const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1);
  all[next]?.focus();
}

// Takes the choice of this number.
export const take = (number) => id("choices").querySelectorAll("button")[number - 1]?.click();
