// Where everything stands. Each unfolded group is laid out by itself (dagre), and is one large box for the group around it:
// unfolding moves nothing inside other groups, and no layout is larger than one group.

const HEAD = 30, PAD = 18;
const pen = document.createElement("canvas").getContext("2d");
const FONTS = {
  title: '600 14px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  strong: '600 12px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  small: '12px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  label: '11px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
};

function widthOf(text, font) {
  pen.font = FONTS[font];
  return pen.measureText(text).width;
}

function shortened(text, most = 30) {
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}

/** What stands beside a box's title: the operation of a variable, the class of a module. */
function besideTitle(box) {
  if (box.isGroup) return box.kindOf;
  return box.t !== box.op && !["leaf", "more"].includes(box.kind) ? box.op : "";
}

/** The two lines under a box's title. */
function linesOf(box) {
  if (box.isGroup) {
    const leaves = box.leaves ? ` · ${counted(box.leaves, "leaf", "leaves")}` : "";
    return [shortened(box.settings || (box.kindOf ? counted(box.members.length, "member") : box.detail) || box.kind, 34), counted(box.ops, "operation") + leaves];
  }
  if (box.kind === "more") return [box.op, ""];
  if (box.kind === "failed") return [shortened(box.doc, 44), shortened((box.const || []).map(([, text]) => "got " + text).join(", "), 60)];
  const value = box.v !== undefined ? "= " + box.v : shapeOf(box);
  const gradient = box.g !== undefined ? "∂ " + box.g : box.gn !== undefined ? "‖∂‖ " + box.gn : "";
  return [value, gradient];
}

function sizeOf(box) {
  if (box.isGroup && box.open) return layOut(box);
  const lines = linesOf(box);
  const title = widthOf(shortened(titleOf(box)), "title") + (box.isGroup ? 26 : 0);
  const op = widthOf(besideTitle(box), "small") + 10;
  const text = Math.max(title + op, ...lines.map((line) => widthOf(line, box.isGroup ? "small" : "strong")));
  return { width: Math.max(96, Math.ceil(text) + (box.isGroup ? 32 : 58)), height: lines[1] || box.isGroup ? 66 : 50 };
}

/** Lay out the members of a group: positions in `box.x`, `box.y` (centres, within the group), lines in `group.lines`. */
function layOut(group) {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: "TB", nodesep: 26, ranksep: 36, edgesep: 18, ranker: group.members.length > 60 ? "longest-path" : "network-simplex" });
  g.setDefaultEdgeLabel(() => ({}));
  const lines = linesWithin(group);
  for (const box of group.members) {
    Object.assign(box, sizeOf(box));
    g.setNode(box.id, { width: box.width, height: box.height });
  }
  const ends = portsOf(group, lines);
  for (const port of ends) g.setNode(port, { width: 2, height: 2 });
  for (const line of lines.values()) {
    const label = line.label ? { width: widthOf(line.label, "label") + 12, height: 18, labelpos: "c" } : {};
    g.setEdge(line.from, line.to, { ...label, weight: line.from === "top" || line.to === "bottom" ? 1 : 2 });
  }
  pinPorts(g, group, ends);
  dagre.layout(g);
  for (const box of group.members) {
    const at = g.node(box.id);
    box.x = at.x;
    box.y = at.y;
  }
  group.lines = [...lines.values()].map((line) => {
    const at = g.edge(line.from, line.to);
    return { ...line, points: at.points.map((p) => [p.x, p.y]), x: at.x, y: at.y };
  });
  group.ports = Object.fromEntries(ends.map((port) => [port, g.node(port).x]));
  const size = g.graph();
  group.inner = { width: size.width, height: size.height };
  const head = widthOf(titleOf(group), "title") + widthOf(group.detail || "", "small") + 90;
  const width = Math.max(size.width + 2 * PAD, Math.min(head, 420));
  group.shift = (width - size.width) / 2;
  // the way from a port to the first box is space enough
  group.rise = HEAD + (ends.includes("top") ? 0 : PAD);
  return { width, height: size.height + group.rise + (ends.includes("bottom") ? 0 : PAD) };
}

/** The lines to draw within a group: between members, and from its top and to its bottom for what comes from and goes outside. */
function linesWithin(group) {
  const found = new Map();
  const member = (node) => {
    let box = node;
    while (box && box.parent !== group) box = box.parent;
    return box;
  };
  for (const edge of group.edges) {
    const from = member(edge.target), to = member(edge.source);
    if (from === to) continue;
    const ids = [from ? from.id : "top", to ? to.id : "bottom"];
    const key = ids.join(">");
    if (!found.has(key)) found.set(key, { from: ids[0], to: ids[1], edges: [], label: "" });
    found.get(key).edges.push(edge);
  }
  for (const line of found.values()) {
    const plain = line.from !== "top" && line.to !== "bottom";
    if (plain && !member(line.edges[0].target).isGroup && !member(line.edges[0].source).isGroup) line.label = labelOfAll(line.edges);
  }
  return found;
}

function portsOf(group, lines) {
  const found = new Set();
  for (const line of lines.values()) {
    if (line.from === "top") found.add("top");
    if (line.to === "bottom") found.add("bottom");
  }
  return [...found];
}

/** Keep the ports outermost: what has no line from above hangs below the top one, what has none below stands above the bottom one. */
function pinPorts(g, group, ends) {
  for (const box of group.members) {
    if (ends.includes("top") && !g.inEdges(box.id).length) g.setEdge("top", box.id, { weight: 0, minlen: 1 });
    if (ends.includes("bottom") && !g.outEdges(box.id).length) g.setEdge(box.id, "bottom", { weight: 0, minlen: 1 });
  }
}

// Which edges touch the inside of which group: found once.
for (const group of groups) group.edges = [];
for (const edge of data.edges) {
  const touched = new Set([...around(edge.source), ...around(edge.target)]);
  for (const group of touched) {
    const inside = (node) => { let g = node.parent; while (g && g !== group) g = g.parent; return g === group; };
    if (group !== tree || (inside(edge.source) && inside(edge.target))) group.edges.push(edge);
  }
}

/** Absolute places from those within groups: `box.left`, `box.top`. */
function place(group, left, top) {
  group.left = left;
  group.top = top;
  const x0 = left + group.shift, y0 = top + group.rise;
  for (const box of group.members) {
    box.left = x0 + box.x - box.width / 2;
    box.top = y0 + box.y - box.height / 2;
    if (box.isGroup && box.open) place(box, box.left, box.top);
  }
}

function arrange() {
  Object.assign(tree, layOut(tree));
  place(tree, 0, 0);
}

/** A smooth line through points (a quadratic spline whose corners are the points between). */
function curve(points) {
  if (points.length < 3) return "M" + points.map((p) => p.join(" ")).join("L");
  let text = `M${points[0].join(" ")}`;
  for (let i = 1; i < points.length - 1; i += 1) {
    const next = points[i + 1];
    const end = i === points.length - 2 ? next : [(points[i][0] + next[0]) / 2, (points[i][1] + next[1]) / 2];
    text += `Q${points[i].join(" ")} ${end.join(" ")}`;
  }
  return text;
}

/** A line's path in the picture. At an unfolded group it ends at that group's port. */
function pathOf(group, line, byId) {
  const x0 = group.left + group.shift, y0 = group.top + group.rise;
  const points = line.points.map(([x, y]) => [x + x0, y + y0]);
  const from = byId.get(line.from), to = byId.get(line.to);
  if (from && from.isGroup && from.open && from.ports.bottom !== undefined) {
    points[0] = [from.left + from.shift + from.ports.bottom, from.top + from.height];
  }
  if (to && to.isGroup && to.open && to.ports.top !== undefined) {
    points[points.length - 1] = [to.left + to.shift + to.ports.top, to.top];
  }
  if (line.from === "top") points[0] = [x0 + group.ports.top, group.top];
  if (line.to === "bottom") points[points.length - 1] = [x0 + group.ports.bottom, group.top + group.height];
  return curve(points.map((p) => p.map((v) => Math.round(v * 10) / 10)));
}
