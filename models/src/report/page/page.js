"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const make = (name, text, properties = {}) => Object.assign(document.createElement(name), {textContent: text}, properties);

  // A counterexample: its picture, and a slider over its steps.
  const play = example => {
    const player = one(".player", example);
    if (player.childElementCount) return;
    const steps = +example.dataset.steps, items = all(".steps li", example);
    const controls = make("div", "", {className: "controls"});
    const slider = make("input", "", {type: "range", min: 0, max: steps, value: steps});
    slider.setAttribute("aria-label", "Step of the schedule");
    const said = make("output", "");
    const back = make("button", "‹", {type: "button", title: "Step back (←)"});
    const on = make("button", "›", {type: "button", title: "Step on (→)"});
    controls.append(back, slider, on, said);
    const picture = make("div", "", {className: "picture", tabIndex: 0});
    picture.setAttribute("role", "group");
    picture.setAttribute("aria-label", "Picture of the schedule; the keys left and right step through it");
    picture.append(document.getElementById(example.dataset.picture).content.cloneNode(true));
    const svg = one("svg", picture), wide = svg.width.baseVal.value;
    svg.setAttribute("aria-label", `Sequence diagram: ${one("h3", example).textContent}`);
    // On a narrow screen it shrinks a little before it scrolls.
    svg.style.width = `clamp(${0.78 * wide}px, 100%, ${wide}px)`;
    svg.style.height = "auto";
    player.append(controls, picture);
    const drawn = all("[data-step]", picture), last = one(".last", picture);
    const show = (step, scroll) => {
      slider.value = step;
      drawn.forEach(group => {
        group.classList.toggle("later", +group.dataset.step > step);
        group.classList.toggle("now", +group.dataset.step === step);
      });
      last.classList.toggle("later", step < steps);
      items.forEach((item, place) => item.classList.toggle("now", place + 1 === step));
      example.dataset.step = step;
      const parts = step ? [...items[step - 1].children].map(part => part.textContent) : [];
      const text = step ? `${step}. ${parts.join(" · ")}` : "before the first step";
      said.textContent = text;
      slider.setAttribute("aria-valuetext", text);
      back.disabled = step === 0;
      on.disabled = step === steps;
      if (scroll && step) drawn[step - 1].scrollIntoView({block: "nearest"});
    };
    const move = by => show(Math.min(steps, Math.max(0, +slider.value + by)), true);
    slider.addEventListener("input", () => show(+slider.value, true));
    back.addEventListener("click", () => move(-1));
    on.addEventListener("click", () => move(1));
    player.addEventListener("keydown", event => {
      const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      move(by);
    });
    show(steps, false);

    const command = one(".replay code", example), trace = one(".trace pre", example);
    one(".replay", example).append(copying("Copy", () => command.textContent));
    const name = command.textContent.split(/[/\\ ]/).pop() || "schedule.trace";
    const save = make("button", "Download", {type: "button"});
    save.addEventListener("click", () => {
      const link = make("a", "", {download: name, href: URL.createObjectURL(new Blob([trace.textContent + "\n"], {type: "text/plain"}))});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    one(".trace", example).append(copying("Copy the trace", () => trace.textContent + "\n"), " ", save);
  };

  const copying = (label, text) => {
    const button = make("button", label, {type: "button"});
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text());
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed here: select the text";
      }
      setTimeout(() => button.textContent = label, 2000);
    });
    return button;
  };

  const scenarios = all(".scenario");
  scenarios.forEach(details => details.addEventListener("toggle", () => {
    if (details.open) all(".example", details).forEach(play);
  }));
  const open = details => {
    details.hidden = false;
    details.open = true;
    all(".example", details).forEach(play);
  };

  const find = one("#find"), only = one("#only"), found = one("#found"), reset = one("#all"), cells = all(".cell");
  let chosen = null;
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const details of scenarios) {
      const is = (!chosen || chosen.includes(details.id)) && (!only.value || only.value === details.dataset.outcome)
        && words.every(word => details.dataset.name.includes(word));
      details.hidden = !is;
      count += is;
    }
    found.textContent = count === scenarios.length ? "" : `${count} of ${scenarios.length}`;
    reset.hidden = count === scenarios.length;
  };
  const choose = cell => {
    cells.forEach(other => other === cell ? other.setAttribute("aria-current", "true") : other.removeAttribute("aria-current"));
    chosen = cell && cell.dataset.scenarios.split(" ").map(place => `s${place}`);
  };
  if (find) {
    find.form.addEventListener("submit", event => event.preventDefault());
    find.addEventListener("input", filter);
    only.addEventListener("change", filter);
    find.form.addEventListener("reset", () => setTimeout(() => { choose(null); filter(); }));
  }
  cells.forEach(cell => cell.addEventListener("click", event => {
    event.preventDefault();
    find.value = only.value = "";
    choose(cell);
    filter();
    const first = document.getElementById(chosen[0]);
    open(first);
    one("#scenarios").scrollIntoView();
    one("summary", first).focus({preventScroll: true});
  }));
  const arrive = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.classList.contains("scenario")) {
      open(target);
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", arrive);
  arrive();
  if (scenarios.length === 1) open(scenarios[0]);
})();
