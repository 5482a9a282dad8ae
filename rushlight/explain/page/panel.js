// What is said beside the picture of the selected node or group.

const panel = document.getElementById("panel");
let selected = null;

function element(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else found.setAttribute(name, value);
  }
  found.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return found;
}

/** Show a box in the panel and mark it in the picture; null selects nothing. */
function select(box) {
  if (selected && drawn.has(selected.id)) drawn.get(selected.id).classList.remove("selected");
  selected = box;
  if (box && drawn.has(box.id)) {
    const mark = drawn.get(box.id);
    mark.classList.add("selected");
    focusOn(mark);
  }
  const at = document.activeElement, inside = panel.contains(at), toggles = inside && at.matches(".wide");
  panel.replaceChildren(...(box ? (box.isGroup ? aboutGroup(box) : box.kind === "more" ? aboutMore(box) : aboutNode(box)) : aboutAll()));
  if (!document.getElementById("outline").contains(at)) panel.parentElement.scrollTop = 0;
  // the button that was pressed is gone: go on at its successor, or at the heading, which a screen reader then reads
  if (inside) ((toggles && panel.querySelector(".wide")) || panel.querySelector("h2")).focus({ preventScroll: true });
}

/** Unfold what is around a box, bring it into the middle, select it. */
function goToBox(box) {
  if (around(box).some((group) => !group.open)) {
    reveal(box);
    redraw();
  }
  centre(box);
  select(box);
}

function heading(kind, title, sub) {
  return element("div", { class: "heading" }, element("span", { class: "chip " + kind }, kind), element("h2", { tabindex: "-1" }, title), sub ? element("p", { class: "sub" }, sub) : "");
}

function facts(rows) {
  const list = element("dl", { class: "facts" });
  for (const [name, value, kind] of rows) {
    if (value === undefined || value === null || value === "") continue;
    list.append(element("dt", {}, name), element("dd", kind ? { class: kind } : {}, value));
  }
  return list;
}

function link(box, text) {
  return element("button", { class: "link", onclick: () => goToBox(box) }, text || titleOf(box));
}

function section(title, ...children) {
  return element("section", {}, element("h3", {}, title), ...children);
}

function aboutAll() {
  if (nodes[data.root].kind === "failed") return aboutFailure(nodes[data.root]);
  const leaves = nodes.filter((node) => node.kind === "leaf");
  const found = [
    heading("graph", data.title, `${counted(data.total, "node")}, ${counted(leaves.length, "leaf", "leaves")}`),
    element("p", {}, "Data flows down to the result; the gradient flows back up, each edge multiplying it by its derivative. Select a node to see its derivatives, or step through below."),
  ];
  if (!data.recorded) {
    found.push(element("p", { class: "note" }, "Lines, modules and all values are known if the graph is computed inside ", element("code", {}, "rushlight.explain.recording()"), "."));
  }
  if (data.freed) found.push(element("p", { class: "note" }, "Backward has freed the values that derivatives need."));
  const root = nodes[data.root];
  found.push(section("Result", link(root)));
  if (leaves.length) {
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...["Leaf", "Shape", "Gradient"].map((text) => element("th", { scope: "col" }, text)))));
    const body = element("tbody");
    leaves.slice(0, 40).forEach((leaf) => body.append(element("tr", {}, element("td", {}, link(leaf)), element("td", {}, shapeOf(leaf)), element("td", { class: "grad" }, leaf.g ?? (leaf.gn ? "‖∂‖ " + leaf.gn : "?")))));
    table.append(body);
    found.push(section("Leaves", table, leaves.length > 40 ? element("p", { class: "sub" }, `and ${leaves.length - 40} more`) : ""));
  }
  return found;
}

function aboutGroup(group) {
  const inside = within(group);
  const found = [
    heading(group.kind === "graph" ? "graph" : group.kind, titleOf(group), group.detail),
    facts([["inside", `${counted(group.ops, "operation")}, ${counted(group.leaves, "leaf", "leaves")}`], ["in", around(group).slice(1).map(titleOf).join(" › ")]]),
    element("button", { class: "wide", onclick: () => setOpen(group, !group.open) }, group.open ? "Fold" : "Unfold"),
  ];
  const list = element("ul", { class: "members" });
  group.members.slice(0, 60).forEach((member) => list.append(element("li", {}, link(member), " ", element("span", { class: "sub" }, member.isGroup ? member.detail : member.kind === "leaf" ? shapeOf(member) : member.op))));
  found.push(section("Members", list));
  const strange = inside.filter((node) => node.stat && /nan|inf/.test(node.stat));
  if (strange.length) found.push(section("Not finite", ...strange.slice(0, 8).map((node) => element("p", {}, link(node), " ", node.stat))));
  return found;
}

function aboutMore(node) {
  return [heading("more", node.t, node.op), element("p", {}, "Copies of the pattern that the page does not hold, so that it stays small.")];
}

function aboutFailure(node) {
  return [
    heading("failed", node.t, node.mod),
    element("p", { class: "note" }, node.doc),
    node.code ? element("figure", { class: "code" }, element("figcaption", {}, node.line), element("pre", {}, element("code", {}, node.code))) : "",
    section("What came in", ...(node.const || []).map(([, text]) => element("p", { class: "formula" }, text))),
    node.inputs.length ? section("From", ...node.inputs.map((edge) => element("p", {}, link(edge.target), " ", shapeOf(edge.target)))) : "",
  ].filter(Boolean);
}

function aboutNode(node) {
  if (node.kind === "failed") return aboutFailure(node);
  const kind = node.kind === "leaf" ? "leaf" : node.kind === "root" ? "result" : "operation";
  const found = [heading(kind, node.t, node.kind === "leaf" ? "" : node.t === node.op ? node.fn : `${node.op} · ${node.fn}`)];
  if (node.code) found.push(element("figure", { class: "code" }, element("figcaption", {}, node.line), element("pre", {}, element("code", {}, node.code))));
  if (node.f) found.push(section("Computes", node.doc && node.doc.startsWith(node.f) ? "" : element("p", { class: "formula" }, node.f), node.doc ? element("p", { class: "sub" }, node.doc) : ""));
  if (node.inputs.length) found.push(section("Derivatives", derivatives(node)));
  found.push(section("Value", facts([
    ["value", node.v, "value"], ["shape", shapeOf(node)], ["dtype", node.dtype], ["elements", node.v === undefined ? node.stat : ""],
    ["memory", node.mem], ["saved for backward", node.saved], ["module", node.mod],
  ]), node.hist ? histogram(node.hist) : ""));
  found.push(section("Gradient", facts([
    [`∂ ${data.title} / ∂ ${node.t}`, node.g, "grad"], ["elements", node.g === undefined ? node.gs : ""], ["norm", node.g === undefined ? node.gn : ""],
  ]), node.g === undefined && !node.gs ? element("p", { class: "sub" }, "not known") : "",
  node.hooks ? element("p", { class: "note" }, "Hooks may change the gradient here; they are not run for the picture.") : ""));
  if (node.n_ways) {
    found.push(section(`Paths from ${data.title}`, ...(node.ways || []).map((way) => element("p", { class: "way" }, way)),
      element("p", { class: "way sum" }, `${node.n_ways === 1 ? "1 path" : "sum of " + node.n_ways.toLocaleString("en") + " paths"} = ${node.sum}`)));
  }
  if (node.users.length) found.push(section("Read by", element("ul", { class: "members" }, ...[...new Set(node.users.map((edge) => edge.source))].slice(0, 30).map((user) => element("li", {}, link(user), " ", element("span", { class: "sub" }, user.op))))));
  return found;
}

function derivatives(node) {
  const list = element("ul", { class: "derivatives" });
  for (const edge of node.inputs) {
    const row = element("li", {}, element("p", { class: "by" }, `∂ ${node.t} / ∂ `, link(edge.target), edge.in && edge.in !== edge.target.t ? element("span", { class: "sub" }, ` as ${edge.in}`) : ""));
    if (edge.f) row.append(element("p", { class: "formula" }, (node.sign && edge.d !== undefined) || !/\bg\b/.test(edge.f) ? edge.f : "g ↦ " + edge.f));
    const parts = [];
    if (edge.d !== undefined) parts.push(element("b", { class: "grad" }, "= " + edge.d));
    else if (edge.n !== undefined) parts.push(element("span", { class: "grad" }, `‖J‖ ${edge.about ? "≈ " : "= "}${edge.n}`));
    if (edge.z) parts.push(element("span", { class: "sub" }, ` ${edge.z} of the input get nothing`));
    if (edge.why) parts.push(element("span", { class: "note" }, edge.why));
    row.append(element("p", {}, ...parts));
    list.append(row);
  }
  for (const [name, value] of node.const || []) list.append(element("li", { class: "constant" }, `${name} = ${value}, a constant`));
  return list;
}

function histogram(counts) {
  const chart = make("svg", { class: "histogram", viewBox: "0 0 160 40", role: "img", "aria-label": "Histogram of the elements, from the least to the largest" });
  counts.forEach((n, k) => chart.append(make("rect", { x: k * 10 + 0.5, y: 40 - n * 0.38 - 1, width: 9, height: n * 0.38 + 1, rx: 1 })));
  return chart;
}

// --- all nodes as a list: the same graph without a picture -------------------------------------------------------------

document.getElementById("outline").addEventListener("toggle", (event) => {
  const list = document.getElementById("list");
  if (!event.target.open || list.childElementCount) return;
  list.append(branch(tree));
});

function branch(group) {
  const list = element("ul");
  for (const member of group.members) {
    if (!member.isGroup) {
      list.append(element("li", {}, link(member), " ", element("span", { class: "sub" }, member.kind === "leaf" ? "leaf " + shapeOf(member) : `${member.op} ${member.v !== undefined ? "= " + member.v : shapeOf(member)}`)));
      continue;
    }
    const inner = element("details", {}, element("summary", {}, titleOf(member), " ", element("span", { class: "sub" }, member.detail)));
    inner.addEventListener("toggle", () => { if (inner.open && inner.childElementCount === 1) inner.append(branch(member)); });
    list.append(element("li", {}, inner));
  }
  return list;
}
