// The chain rule step by step: first every box gets its value, then, from the root back, its gradient.

let boxes = []; // those shown, in the order of the computation
let steps = []; // { way: "forward" | "backward", box }
let step = 0;
let timer = null;

function makeSteps() {
  boxes = shownBoxes();
  const working = boxes.filter((box) => box.kind !== "leaf");
  steps = [...working.map((box) => ({ way: "forward", box })), ...working.slice().reverse().map((box) => ({ way: "backward", box }))];
  const slider = document.getElementById("slider");
  slider.max = steps.length;
  slider.style.setProperty("--middle", steps.length ? "50%" : "0%");
}

/** Go to a step: 0 is before the first, `steps.length` after the last. */
function goTo(n, quiet = false) {
  step = Math.max(0, Math.min(steps.length, n));
  document.getElementById("slider").value = step;
  const valued = new Set(boxes.filter((box) => box.kind === "leaf").map((box) => box.id));
  const graded = new Set();
  const all = step === steps.length;
  steps.slice(0, step).forEach(({ way, box }) => {
    if (way === "forward") valued.add(box.id);
    else {
      graded.add(box.id);
      leaving(box).forEach((edge) => graded.add(shownAs(edge.target).id));
    }
  });
  const now = all ? null : steps[step - 1];
  for (const box of boxes) {
    const list = drawn.get(box.id).classList;
    list.toggle("unknown", !valued.has(box.id) && !all);
    list.toggle("graded", graded.has(box.id) || all);
    list.toggle("now", Boolean(now) && now.box === box);
  }
  const edges = new Set(!now ? [] : now.way === "forward" ? entering(now.box) : leaving(now.box));
  for (const wire of wires) {
    const on = wire.line.edges.some((edge) => edges.has(edge));
    wire.element.classList.toggle("on", on);
    wire.element.classList.toggle("back", on && now.way === "backward");
    if (wire.label) wire.label.classList.toggle("on", on);
  }
  document.body.dataset.way = all ? "all" : now ? now.way : "none";
  document.getElementById("slider").setAttribute("aria-valuetext", `${step} of ${steps.length}`);
  tell(now, all);
  if (now && !quiet && !isVisible(now.box)) centre(now.box);
}

/** The step of these boxes after a fold or unfold: the one of the box that the step was at, or of the first inside, or of the one around. */
function sameStep(was) {
  const inside = new Set(within(was.box));
  return 1 + steps.findIndex(({ way, box }) => way === was.way && within(box).some((node) => inside.has(node)));
}

/** The edges that bring values into a box, from outside of it; they are those on which its gradient goes on. */
function leaving(box) {
  return within(box).flatMap((node) => node.inputs).filter((edge) => shownAs(edge.target) !== box);
}

const entering = leaving;

function within(box) {
  if (!box.isGroup) return [box];
  return box.members.flatMap(within);
}

function tell(now, all) {
  const story = document.getElementById("story");
  story.replaceChildren();
  if (nodes[data.root].kind === "failed") story.append(nodes[data.root].doc);
  else if (all) {
    const leaf = nodes.find((node) => node.kind === "leaf" && node.g !== undefined);
    story.append(data.freed
      ? "Backward has freed the values that derivatives need. Explain before backward(), or compute inside rushlight.explain.recording()."
      : leaf ? `Done: ∂ ${data.title} / ∂ ${leaf.t} = ${leaf.g}. Step through to see how it comes about.`
        : "Values and gradients of the whole graph. Step through to see how they come about.");
  } else if (!now) story.append("Only the leaves are known. The first steps compute forward, the others carry the gradient back.");
  else if (now.box.isGroup || now.box.kind === "more") tellGroup(story, now);
  else if (now.way === "forward") tellForward(story, now.box);
  else tellBackward(story, now.box);
}

function bold(text, kind) {
  const element = document.createElement("b");
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function tellForward(story, node) {
  const inputs = node.inputs.map((edge) => `${edge.in} = ${edge.target.t}${edge.target.v !== undefined ? " = " + edge.target.v : ""}`);
  inputs.push(...(node.const || []).map(([name, value]) => `${name} = ${value}`));
  story.append("Forward: ", bold(node.t), ` = ${node.op}(${inputs.join(", ")})`);
  story.append(node.v !== undefined ? " = " : ", shape ", bold(node.v !== undefined ? node.v : shapeOf(node), "value"), ".");
}

function tellBackward(story, node) {
  const own = node.g !== undefined ? node.g : node.gn !== undefined ? `a gradient of norm ${node.gn}` : "a gradient that is not known";
  story.append("Backward: ", bold(node.t), " has ", bold(own, "grad"), ". ");
  node.inputs.forEach((edge, k) => {
    if (k) story.append("; ");
    if (edge.d === undefined) {
      story.append(bold(edge.target.t), ` gets g ↦ ${edge.f || "its rule"}`, edge.n !== undefined ? ` (‖J‖ ${edge.about ? "≈ " : ""}${edge.n})` : "");
      return;
    }
    const product = node.gx !== undefined && edge.x !== undefined ? number(node.gx * edge.x) : "?";
    story.append(bold(edge.target.t), ` gets ${own} × `, bold(edge.d, "grad"), edge.f && edge.f !== edge.d ? ` (${edge.f})` : "", " = ", bold(product, "grad"));
    if (edge.target.users.length > 1 && edge.target.g !== undefined) story.append(` of ${edge.target.g} in all`);
  });
  if (node.inputs.length) story.append(".");
}

function tellGroup(story, { way, box }) {
  story.append(way === "forward" ? "Forward: " : "Backward: ", bold(titleOf(box)), ` ${box.detail || ""}: `);
  story.append(way === "forward" ? `its ${box.ops ? counted(box.ops, "operation") : "hidden operations"} compute${box.ops === 1 ? "s" : ""}. ` : "the gradient goes through it. ", box.isGroup ? "Unfold it to see them one by one." : "");
}

function number(x, digits = 6) {
  return String(Number(x.toPrecision(digits))).replaceAll("-", "−").replace("e+", "e");
}

function play() {
  const button = document.getElementById("play");
  if (timer) {
    clearInterval(timer);
    timer = null;
  } else {
    if (step >= steps.length) goTo(0);
    timer = setInterval(() => {
      goTo(step + 1);
      if (step >= steps.length) play();
    }, 1100);
  }
  button.querySelector("path").setAttribute("d", timer ? "M4.5 3h2.5v10H4.5zM9 3h2.5v10H9z" : "M4 2.5 13 8l-9 5.5z");
  button.setAttribute("aria-label", timer ? "Pause" : "Play");
}
