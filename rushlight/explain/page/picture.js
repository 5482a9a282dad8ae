// Drawing, and moving about in the drawing.

const svg = document.getElementById("picture");
const world = document.getElementById("world");
const drawn = new Map(); // id -> the element of a box
let wires = []; // every line drawn: { line, element, label }
let view = { x: 0, y: 0, k: 1 };
let fitted = true; // whether the view is that of `fit`, which follows the window's size

function make(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw() {
  arrange();
  world.replaceChildren();
  drawn.clear();
  wires = [];
  const layers = { frames: make("g", {}), wires: make("g", {}), boxes: make("g", {}), labels: make("g", { "aria-hidden": "true" }) };
  world.append(layers.frames, layers.wires, layers.labels, layers.boxes);
  drawGroup(tree, layers);
}

function drawGroup(group, layers) {
  const byId = new Map(group.members.map((box) => [box.id, box]));
  for (const line of group.lines) {
    const element = make("path", { class: "wire", d: pathOf(group, line, byId), "marker-end": "url(#arrow)" });
    if (line.to === "bottom") element.removeAttribute("marker-end");
    else if (byId.get(line.to).isGroup && byId.get(line.to).open) element.removeAttribute("marker-end");
    layers.wires.append(element);
    const wire = { line, element, label: null };
    if (line.label) {
      wire.label = make("g", { class: "label" });
      const x = line.x + group.left + group.shift, y = line.y + group.top + group.rise;
      const w = widthOf(line.label, "label") + 10;
      wire.label.append(
        make("rect", { x: x - w / 2, y: y - 9, width: w, height: 18, rx: 9 }),
        make("text", { x, y: y + 4, "text-anchor": "middle" }, line.label),
      );
      layers.labels.append(wire.label);
    }
    wires.push(wire);
  }
  for (const box of group.members) {
    if (box.isGroup && box.open) {
      layers.frames.append(drawFrame(box));
      drawGroup(box, layers);
    } else layers.boxes.append(drawBox(box));
  }
}

/** An unfolded group: a frame with a heading. */
function drawFrame(group) {
  const element = make("g", { class: `frame ${group.kind}`, transform: `translate(${group.left} ${group.top})`, tabindex: "-1" });
  asButton(element, group, `${titleOf(group)} ${group.detail}, unfolded group`);
  element.setAttribute("aria-expanded", "true");
  element.append(
    make("rect", { width: group.width, height: group.height, rx: 14, class: "back" }),
    make("text", { x: 36, y: 21, class: "title" }, titleOf(group), make("tspan", { class: "detail", dx: 8 }, shortened(group.detail || "", 40))),
    toggle(16, 16, group),
  );
  return element;
}

function toggle(x, y, group) {
  const element = make("g", { class: "toggle", transform: `translate(${x} ${y})` });
  element.append(
    make("circle", { r: 8 }),
    make("path", { d: group.open ? "M-4 0H4" : "M-4 0H4M0 -4V4" }),
    make("title", {}, group.open ? "Fold" : "Unfold"),
  );
  element.addEventListener("click", (event) => {
    event.stopPropagation();
    setOpen(group, !group.open);
  });
  return element;
}

function drawBox(box) {
  const element = make("g", { class: `box ${box.isGroup ? "group " + box.kind : box.kind}`, transform: `translate(${box.left} ${box.top})`, tabindex: "-1" });
  asButton(element, box, spoken(box));
  const { width, height } = box;
  const left = box.isGroup ? 16 : 44;
  const [first, second] = linesOf(box);
  if (box.isGroup) {
    element.setAttribute("aria-expanded", "false");
    element.append(make("rect", { x: 5, y: 5, width, height, rx: 11, class: "behind" }));
  }
  element.append(make("rect", { width, height, rx: box.kind === "leaf" ? height / 2 : 11, class: "back" }));
  if (!box.isGroup && box.kind !== "more") {
    const sign = box.kind === "leaf" ? "∘" : box.sign || box.op[0].toUpperCase();
    element.append(make("circle", { class: "sign", cx: 24, cy: height / 2, r: 13 }), make("text", { class: "glyph", x: 24, y: height / 2 + 4.5, "text-anchor": "middle" }, sign));
  }
  const title = make("text", { x: left, y: 22, class: "title" }, shortened(titleOf(box)));
  if (besideTitle(box)) title.append(make("tspan", { class: "detail", dx: 7 }, besideTitle(box)));
  element.append(title);
  element.append(make("text", { x: left, y: 39, class: box.v !== undefined ? "value" : "small" }, first));
  if (second) element.append(make("text", { x: left, y: 55, class: box.isGroup ? "small" : "grad" }, second));
  if (box.isGroup) element.append(toggle(width - 16, 17, box));
  return element;
}

function asButton(element, box, text) {
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", text);
  element.dataset.id = box.id;
  drawn.set(box.id, element);
  element.addEventListener("click", (event) => {
    event.stopPropagation();
    if (!moved) select(box);
  });
  if (box.isGroup) {
    element.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      setOpen(box, !box.open);
    });
  }
}

/** What a screen reader says of a box. */
function spoken(box) {
  if (box.isGroup) return `${titleOf(box)}, folded ${box.kind}, ${linesOf(box).join(", ")}`;
  if (box.kind === "more") return `${box.t} ${box.op}`;
  if (box.kind === "failed") return `${box.t} failed: ${box.doc}`;
  const parts = [box.t, box.kind === "leaf" ? "leaf" : box.t === box.op ? "operation" : box.op];
  parts.push(box.v !== undefined ? `value ${box.v}` : `shape ${shapeOf(box)}`);
  if (box.g !== undefined) parts.push(`gradient ${box.g}`);
  for (const edge of box.inputs) parts.push(`derivative by ${edge.target.t} ${edge.d ?? edge.n ?? "unknown"}`);
  return parts.join(", ");
}

// --- moving ---------------------------------------------------------------------------------------------------------

function apply() {
  world.setAttribute("transform", `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`);
  svg.classList.toggle("far", view.k < 0.4);
}

/** Zoom by a factor; what is at (x, y) of the picture stays there. */
function zoom(factor, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
  const k = Math.min(4, Math.max(0.04, view.k * factor));
  fitted = false;
  view = { k, x: x - (x - view.x) * (k / view.k), y: y - (y - view.y) * (k / view.k) };
  apply();
}

/** All of it in the window; the root at the bottom is what one looks for in a picture that is too tall. */
function fit() {
  const top = HEAD; // the outermost group has no frame
  const width = tree.width, height = tree.height - top;
  const k = Math.min(1.25, (svg.clientWidth - 48) / width, (svg.clientHeight - 48) / height);
  view.k = Math.max(k, Math.min(0.06, k * 2), 0.04);
  view.x = (svg.clientWidth - width * view.k) / 2;
  view.y = (svg.clientHeight - height * view.k) / 2 - top * view.k;
  fitted = true;
  apply();
}

/** Bring a box into the middle, at a size at which it can be read. */
function centre(box) {
  fitted = false;
  view.k = Math.max(view.k, 0.75);
  const height = Math.min(box.height, 120);
  view.x = svg.clientWidth / 2 - (box.left + box.width / 2) * view.k;
  view.y = svg.clientHeight / 2 - (box.top + height / 2) * view.k;
  apply();
}

function isVisible(box) {
  const x = view.x + box.left * view.k, y = view.y + box.top * view.k;
  return x > 0 && y > 0 && x + Math.min(box.width, 200) * view.k < svg.clientWidth && y + Math.min(box.height, 80) * view.k < svg.clientHeight;
}

let moved = false; // whether the pointer that is down has moved: then its click selects nothing
const pointers = new Map();

svg.addEventListener("pointerdown", (event) => {
  if (event.button > 0) return;
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  moved = false;
});
addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  if (!event.buttons) { // let go outside of the window
    letGo(event);
    return;
  }
  const now = [event.clientX, event.clientY];
  if (!moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4) return;
  moved = true;
  svg.classList.add("moving");
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const span = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
    const at = svg.getBoundingClientRect();
    zoom(span(now) / span(before), (now[0] + other[0]) / 2 - at.left, (now[1] + other[1]) / 2 - at.top);
  } else {
    view.x += now[0] - before[0];
    view.y += now[1] - before[1];
    fitted = false;
    apply();
  }
  pointers.set(event.pointerId, now);
});
function letGo(event) {
  pointers.delete(event.pointerId);
  if (pointers.size) return;
  svg.classList.remove("moving");
  setTimeout(() => { moved = false; }); // after the click that follows; one that a program makes comes without a pointer
}
addEventListener("pointerup", letGo);
addEventListener("pointercancel", letGo);
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const at = svg.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey || !event.shiftKey) zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - at.left, event.clientY - at.top);
  else {
    view.x -= event.deltaX || event.deltaY; // some systems turn the wheel's direction themselves
    fitted = false;
    apply();
  }
}, { passive: false });
svg.addEventListener("click", () => { if (!moved) select(null); });
