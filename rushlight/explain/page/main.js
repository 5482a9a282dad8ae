// Buttons, keys, search, and the start.

/** Draw what is unfolded now; step and focus stay where they were, or at what stands there now. */
function redraw() {
  const was = steps[step - 1], isStart = steps.length > 0 && step === 0, isEnd = step === steps.length;
  const last = focused && boxOf(focused), hadFocus = focused && focused === document.activeElement;
  draw();
  makeSteps();
  goTo(isStart ? 0 : isEnd ? steps.length : sameStep(was), true);
  if (selected && drawn.has(selected.id)) drawn.get(selected.id).classList.add("selected");
  focusOn(drawn.get(last && (drawn.has(last.id) ? last.id : shownAs(last).id)) || drawn.get(boxes[boxes.length - 1].id));
  if (hadFocus) focused.focus({ preventScroll: true });
  mark(document.getElementById("search").value);
}

/** Fold or unfold a group; its upper left corner stays where it is on the screen. */
function setOpen(group, open) {
  const before = drawn.has(group.id) ? { x: view.x + group.left * view.k, y: view.y + group.top * view.k } : null;
  group.open = open;
  redraw();
  if (before) {
    view.x = before.x - group.left * view.k;
    view.y = before.y - group.top * view.k;
    apply();
  }
  select(group);
}

function unfoldLevel() {
  const next = groups.filter((group) => !group.open && group.parent && group.parent.open);
  next.forEach((group) => { group.open = true; });
  redraw();
  fit();
}

function foldAll() {
  groups.forEach((group) => { group.open = group === tree; });
  redraw();
  fit();
}

// --- focus: one box at a time is in the tab order, the arrows move it ----------------------------------------------------

let focused = null;

function focusOn(mark) {
  if (focused) focused.setAttribute("tabindex", "-1");
  focused = mark;
  mark.setAttribute("tabindex", "0");
}

svg.addEventListener("focusin", (event) => { // by a click, too
  const mark = event.target.closest("[data-id]");
  if (mark) focusOn(mark);
});

function boxOf(mark) {
  return mark.dataset.id[0] === "g" ? groups[Number(mark.dataset.id.slice(1))] : nodes[Number(mark.dataset.id.slice(1))];
}

/** The nearest box in a direction: along an edge for up and down, else the next one across. */
function neighbour(box, key) {
  const middle = (b) => [b.left + b.width / 2, b.top + b.height / 2];
  const [x, y] = middle(box);
  const vertical = key === "ArrowUp" || key === "ArrowDown";
  const inside = within(box);
  const along = !vertical ? [] : key === "ArrowUp"
    ? inside.flatMap((node) => node.inputs.map((edge) => shownAs(edge.target)))
    : inside.flatMap((node) => node.users.map((edge) => shownAs(edge.source)));
  const choice = along.filter((other) => other !== box).length ? along.filter((other) => other !== box) : boxes.filter((other) => {
    const [ox, oy] = middle(other);
    if (other === box) return false;
    return { ArrowUp: oy < y - 5, ArrowDown: oy > y + 5, ArrowLeft: ox < x - 5, ArrowRight: ox > x + 5 }[key];
  });
  const distance = (other) => {
    const [ox, oy] = middle(other);
    return vertical ? Math.abs(oy - y) + 0.5 * Math.abs(ox - x) : Math.abs(ox - x) + 3 * Math.abs(oy - y);
  };
  return choice.sort((a, b) => distance(a) - distance(b))[0];
}

svg.addEventListener("keydown", (event) => {
  const mark = event.target.closest("[data-id]");
  if (!mark || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = boxOf(mark);
  if (event.key.startsWith("Arrow")) {
    const next = neighbour(box, event.key);
    if (next) {
      const there = drawn.get(next.id);
      focusOn(there);
      there.focus({ preventScroll: true });
      if (!isVisible(next)) centre(next);
    }
  } else if (event.key === "Enter" || event.key === " ") select(box);
  else if (event.key.toLowerCase() === "e" && box.isGroup) {
    setOpen(box, !box.open);
  } else return;
  event.preventDefault();
  event.stopPropagation();
});

/** Select nothing, and give the arrows back to the steps. */
function leave() {
  select(null);
  if (svg.contains(document.activeElement)) document.activeElement.blur();
}

const dialog = document.getElementById("keys");
const actions = {
  "/": () => document.getElementById("search").focus(), "?": () => dialog.showModal(), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8),
  0: fit, e: unfoldLevel, c: foldAll, t: switchTheme, ArrowRight: () => goTo(step + 1), ArrowLeft: () => goTo(step - 1), Home: () => goTo(0),
  End: () => goTo(steps.length), " ": play, Escape: leave,
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === " " && event.target.closest("button, summary")) return;
  const action = actions[event.key] || actions[event.key.toLowerCase()];
  if (action) {
    event.preventDefault();
    action();
  }
});

for (const [id, action] of Object.entries({
  fold: foldAll, unfold: unfoldLevel, out: () => zoom(0.8), in: () => zoom(1.25), fit, theme: switchTheme, help: () => dialog.showModal(),
  first: () => goTo(0), back: () => goTo(step - 1), next: () => goTo(step + 1), last: () => goTo(steps.length), play,
})) document.getElementById(id).addEventListener("click", action);
document.getElementById("slider").addEventListener("input", (event) => goTo(Number(event.target.value)));

function switchTheme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}

// --- search -----------------------------------------------------------------------------------------------------------

const search = document.getElementById("search");
const results = document.getElementById("found");
let chosen = 0;

function matching(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const fits = (hay) => words.every((word) => hay.includes(word));
  const found = groups.filter((g) => g.parent && fits(`${g.name} ${g.detail}`.toLowerCase()));
  found.push(...nodes.filter((n) => fits(`${n.t} ${n.op} ${n.fn || ""} ${n.mod || ""} ${n.line || ""} ${n.code || ""}`.toLowerCase())));
  const rank = (box) => (titleOf(box).toLowerCase().startsWith(words[0]) ? 0 : titleOf(box).toLowerCase().includes(words[0]) ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b));
}

/** Mark in the picture what fits, dim the rest. */
function mark(text) {
  const fits = new Set(matching(text).map((box) => shownAs(box).id));
  svg.classList.toggle("searching", Boolean(text.trim()));
  for (const [id, shown] of drawn) shown.classList.toggle("hit", fits.has(id));
}

function list() {
  const all = matching(search.value), found = all.slice(0, 40);
  chosen = 0;
  results.replaceChildren(...found.map((box, k) => {
    const row = element("li", { role: "option", id: "found" + k, "aria-selected": String(k === 0) }, titleOf(box), " ",
      element("span", { class: "sub" }, box.isGroup ? box.detail : [box.op !== box.t ? box.op : "", box.mod, box.line].filter(Boolean).join(" · ")));
    row.addEventListener("pointerdown", (event) => { event.preventDefault(); take(box); });
    row.box = box;
    return row;
  }));
  if (search.value.trim() && !found.length) results.append(element("li", { class: "sub", role: "presentation" }, "nothing found"));
  if (found.length < all.length) results.append(element("li", { class: "sub", role: "presentation" }, `and ${all.length - found.length} more`));
  results.hidden = !search.value.trim();
  search.setAttribute("aria-expanded", String(!results.hidden && found.length > 0));
  if (found.length) search.setAttribute("aria-activedescendant", "found0");
  else search.removeAttribute("aria-activedescendant");
  document.getElementById("matches").textContent = results.hidden ? "" : `${counted(all.length, "node or group", "nodes and groups")} found`;
  mark(search.value);
}

function take(box) {
  search.value = "";
  list();
  goToBox(box);
  drawn.get(box.id).focus({ preventScroll: true });
}

search.addEventListener("input", list);
search.addEventListener("focus", list);
search.addEventListener("blur", () => {
  results.hidden = true;
  search.setAttribute("aria-expanded", "false");
});
search.addEventListener("keydown", (event) => {
  const rows = [...results.querySelectorAll("[role=option]")];
  if (event.key === "Escape") {
    search.value = "";
    list();
    search.blur();
  } else if (event.key === "Enter" && rows[chosen]) take(rows[chosen].box);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!rows.length) return;
    rows[chosen].setAttribute("aria-selected", "false");
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length;
    rows[chosen].setAttribute("aria-selected", "true");
    rows[chosen].scrollIntoView({ block: "nearest" });
    search.setAttribute("aria-activedescendant", rows[chosen].id);
    event.preventDefault();
  }
});

// --- the start --------------------------------------------------------------------------------------------------------

const READABLE = 0.58; // the scale below which text is hard to read

/** Unfold as much as can be read when all of it is in the window. */
function unfoldReadably() {
  for (const limit of nodes.length <= 60 ? [60, 30, 20, 14, 9, 6] : [40, 28, 20, 14, 9, 6]) {
    groups.forEach((group) => { group.open = group === tree; });
    unfoldUpTo(limit);
    arrange();
    fit();
    if (view.k >= READABLE) return;
  }
}

document.getElementById("title").textContent = data.title;
document.getElementById("count").textContent = counted(data.total, "node");
unfoldReadably();
redraw();
fit();
select(null);
let size = null;
new ResizeObserver(() => {
  const now = [svg.clientWidth, svg.clientHeight];
  if (fitted || !size) fit();
  else { // the middle stays in the middle
    view.x += (now[0] - size[0]) / 2;
    view.y += (now[1] - size[1]) / 2;
    apply();
  }
  size = now;
}).observe(svg);
window.rushlight = { ready: performance.now(), state: () => ({ step, steps: steps.length, boxes: boxes.length, view, selected: selected && selected.id }) };
