// The graph and its groups: what there is, what is folded, and which boxes stand for it.

const data = JSON.parse(document.getElementById("data").textContent);
const nodes = data.nodes; // each gets `parent`, the group that it lies in
const groups = []; // every group, with `id`, `parent`, `members`, `depth`, and the numbers below it

function readGroup(raw, parent) {
  const group = {
    id: "g" + groups.length, kind: raw.k, name: raw.n, detail: raw.d, parent, open: false, isGroup: true,
    kindOf: raw.k === "module" ? raw.d.replace(/\(.*$/, "") : "", // a module's class, and what it was made with
    settings: raw.k === "module" ? raw.d.replace(/^[^(]*\(|\)$/g, "") : "",
    depth: parent ? parent.depth + 1 : 0, members: [], ops: 0, leaves: 0, last: -1,
  };
  groups.push(group);
  for (const member of raw.m) {
    if (typeof member === "number") {
      const node = nodes[member];
      node.id = "n" + member;
      node.parent = group;
      node.last = node.i >= 0 ? node.i : Infinity;
      group.members.push(node);
      if (node.kind === "leaf") group.leaves += 1;
      else group.ops += 1;
      if (node.i >= 0) group.last = Math.max(group.last, node.i);
    } else {
      const inner = readGroup(member, group);
      group.members.push(inner);
      group.ops += inner.ops;
      group.leaves += inner.leaves;
      group.last = Math.max(group.last, inner.last);
    }
  }
  if (raw.o !== undefined) group.ops = raw.o;
  return group;
}

const tree = readGroup(data.tree, null);
tree.open = true;

// A stand-in for nodes that were left out follows the copy before it.
for (const group of groups) {
  group.members.forEach((member, k) => {
    if (member.kind === "more" && !member.isGroup) member.last = k ? group.members[k - 1].last + 0.5 : -1;
  });
}

for (const node of nodes) {
  node.inputs = [];
  node.users = [];
}
data.edges.forEach((edge) => {
  edge.source = nodes[edge.s]; // the operation
  edge.target = nodes[edge.t]; // what made its input
  edge.source.inputs.push(edge);
  edge.target.users.push(edge);
});

/** The groups around a node or group, outermost first. */
function around(box) {
  const found = [];
  for (let g = box.parent; g; g = g.parent) found.unshift(g);
  return found;
}

/** The box that stands for a node: itself, or the outermost folded group around it. */
function shownAs(node) {
  return around(node).find((group) => !group.open) || node;
}

/** All boxes in the picture, in the order of the computation. */
function shownBoxes() {
  const found = [];
  (function walk(group) {
    for (const member of group.members) {
      if (member.isGroup && member.open) walk(member);
      else found.push(member);
    }
  })(tree);
  return found.sort((a, b) => a.last - b.last);
}

/** Unfold, outermost first, as long as no more than `limit` boxes are shown. */
function unfoldUpTo(limit) {
  let shown = shownBoxes().length;
  const queue = groups.filter((g) => g.parent && !g.open && g.parent.open).sort((a, b) => a.depth - b.depth);
  while (queue.length) {
    const group = queue.shift();
    // a module around one operation says more than the operation
    if (shown + group.members.length - 1 > limit || (group.ops < 2 && group.kind === "module")) continue;
    group.open = true;
    shown += group.members.length - 1;
    queue.push(...group.members.filter((m) => m.isGroup));
  }
}

function reveal(box) {
  around(box).forEach((group) => { group.open = true; });
}

/** What a box is called in the picture. */
function titleOf(box) {
  return box.isGroup ? box.name || box.kind : box.t;
}

function counted(n, word, words = word + "s") {
  return `${n.toLocaleString("en")} ${n === 1 ? word : words}`;
}

function shapeOf(node) {
  return node.shape ? (node.shape.length ? node.shape.join("×") : "number") : "";
}

/** Of all edges from one box to another, `x * x` has two. */
function labelOfAll(edges) {
  if (edges.length === 1) return labelOf(edges[0]);
  if (edges.length > 3 || edges.some((edge) => edge.x === undefined)) return "";
  return `× (${edges.map((edge) => number(edge.x, 4)).join(" + ").replaceAll("+ −", "− ")})`;
}

/** A derivative as the label of an edge. */
function labelOf(edge) {
  if (edge.x !== undefined) return "× " + number(edge.x, 4);
  if (edge.d !== undefined) return "× " + edge.d;
  if (edge.n !== undefined) return (edge.about ? "‖J‖ ≈ " : "‖J‖ ") + edge.n;
  return edge.why ? "?" : "";
}
