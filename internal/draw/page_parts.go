package draw

// pageStyle is what the page has besides the pictures.
const pageStyle = `
:root{color-scheme:light dark}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#1d2733;background:#fff}
header{position:sticky;top:0;z-index:1;padding:10px 16px;background:#f6f8fa;border-bottom:1px solid #c9d1d9}
h1{font-size:18px;margin:0}h2{font-size:16px;margin:24px 16px 4px}header p{margin:2px 0}
#filter{font:inherit;padding:3px 8px;min-width:260px;max-width:100%;box-sizing:border-box}
#detail{min-height:1.5em;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.scroll{overflow:auto;max-height:80vh;margin:0 16px;border:1px solid #c9d1d9;width:fit-content;max-width:calc(100% - 34px)}
.scroll svg{display:block}.scroll svg:focus-visible,.vertex:focus-visible .box{outline:2px solid #1f6f9f;outline-offset:-2px}.vertex:focus{outline:none}
.defs{position:absolute}.shades{display:flex;flex-wrap:wrap;gap:4px 20px;margin:4px 16px 8px;padding:0;list-style:none;font-size:13px}.shades svg{vertical-align:-2px}
.notes{margin:24px 16px;color:#5b6875;max-width:80ch}
.band{fill:#1d2733;fill-opacity:.13;pointer-events:none}.mark{fill:none;stroke:#b3261e;stroke-width:2;pointer-events:none}
.dim{opacity:.15}.e.hot{stroke-opacity:1;stroke-width:3}.vertex.hot .box{stroke-width:3}.vertex{cursor:pointer}.hot.label{font-weight:700}
@media (prefers-color-scheme:dark){body{color:#dbe3ea;background:#11161b}header{background:#1b2229;border-color:#3a4550}
.scroll{border-color:#3a4550}.notes{color:#93a1ae}.band{fill:#fff}.mark{stroke:#ff8a80}}
`

// pageScript points, filters and keeps. Names are only ever set as text.
const pageScript = `
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("map").textContent);
  const detail = document.getElementById("detail"), filter = document.getElementById("filter");
  const grid = data.rows.map(() => new Int32Array(data.columns.length).fill(-1));
  data.lines.forEach((l, n) => l.from.forEach(i => l.to.forEach(j => { grid[i][j] = n; })));
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  let kept = false, here = [0, 0];
  const say = text => { detail.textContent = text; };

  const matrix = document.querySelector(".matrix");
  const svg = matrix.ownerSVGElement;
  const x0 = +matrix.dataset.x, y0 = +matrix.dataset.y, cell = +matrix.dataset.cell;
  const add = (name) => {
    const r = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    r.setAttribute("class", name); r.setAttribute("visibility", "hidden"); matrix.appendChild(r); return r;
  };
  const across = add("band"), down = add("band"), mark = add("mark");
  const put = (r, x, y, w, h) => {
    [["x", x], ["y", y], ["width", w], ["height", h], ["visibility", "visible"]].forEach(p => r.setAttribute(p[0], p[1]));
  };
  const rowLabels = all("[data-row]"), columnLabels = all("[data-column]");
  const at = event => {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.getScreenCTM().inverse());
    return [Math.floor((p.y - y0) / cell), Math.floor((p.x - x0) / cell)];
  };
  const point = (i, j) => {
    const inRow = i >= 0 && i < data.rows.length, inColumn = j >= 0 && j < data.columns.length;
    if (!inRow || !inColumn) { return false; }
    here = [i, j];
    put(across, 0, y0 + i * cell, x0 + data.columns.length * cell, cell);
    put(down, x0 + j * cell, 0, cell, y0 + data.rows.length * cell);
    put(mark, x0 + j * cell, y0 + i * cell, cell, cell);
    rowLabels.forEach((t, n) => t.classList.toggle("hot", n === i));
    columnLabels.forEach((t, n) => t.classList.toggle("hot", n === j));
    const n = grid[i][j], l = data.lines[n];
    say(data.rows[i] + " \u2192 " + data.columns[j] + ": " + (l ? l.level + (l.ports ? "; " + l.ports : "") : "-"));
    return true;
  };
  const leave = () => { kept = false; [across, down, mark].forEach(r => r.setAttribute("visibility", "hidden")); say(data.hint); };
  svg.addEventListener("mousemove", e => { if (!kept) { const p = at(e); point(p[0], p[1]); } });
  svg.addEventListener("click", e => { const p = at(e); kept = point(p[0], p[1]) && !kept; });
  svg.addEventListener("mouseleave", () => { if (!kept) { leave(); } });

  // The names stay in sight, and so does the cell that the keys go to.
  const view = svg.parentElement, sides = all(".names", matrix);
  const stay = () => sides.forEach(g => {
    const s = g.dataset.side, x = s === "columns" ? 0 : view.scrollLeft, y = s === "rows" ? 0 : view.scrollTop;
    g.setAttribute("transform", "translate(" + x + " " + y + ")");
  });
  view.addEventListener("scroll", stay);
  const reveal = (i, j) => {
    const x = x0 + j * cell, y = y0 + i * cell;
    if (x < view.scrollLeft + x0) { view.scrollLeft = x - x0; }
    if (x + cell > view.scrollLeft + view.clientWidth) { view.scrollLeft = x + cell - view.clientWidth; }
    if (y < view.scrollTop + y0) { view.scrollTop = y - y0; }
    if (y + cell > view.scrollTop + view.clientHeight) { view.scrollTop = y + cell - view.clientHeight; }
  };
  const go = (i, j) => {
    i = Math.max(0, Math.min(i, data.rows.length - 1)); j = Math.max(0, Math.min(j, data.columns.length - 1));
    if (point(i, j)) { kept = true; reveal(i, j); }
  };
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  svg.setAttribute("tabindex", "0");
  svg.addEventListener("keydown", e => {
    const s = steps[e.key];
    if (s) { go(here[0] + s[0], here[1] + s[1]); }
    else if (e.key === "Home") { go(here[0], 0); }
    else if (e.key === "End") { go(here[0], data.columns.length); }
    else if (e.key === "Enter" || e.key === " ") { go(here[0], here[1]); }
    else if (e.key === "Escape") { leave(); }
    else { return; }
    e.preventDefault();
  });

  const vertices = all(".vertex"), joints = all(".joint[data-vertex]"), edges = all(".e[data-from]");
  const byVertex = new Map(vertices.concat(joints).map(v => [v.dataset.vertex, v]));
  const near = id => {
    const hot = new Set([id]), lines = new Set();
    const walk = (from, way, other) => edges.forEach(e => {
      if (e.dataset[way] !== from || lines.has(e)) { return; }
      lines.add(e);
      const to = e.dataset[other], v = byVertex.get(to);
      if (v && v.classList.contains("joint")) { hot.add(to); walk(to, way, other); } else { hot.add(to); }
    });
    walk(id, "from", "to"); walk(id, "to", "from");
    return [hot, lines];
  };
  const show = id => {
    const [hot, lines] = id === null ? [new Set(), new Set()] : near(id);
    edges.forEach(e => { e.classList.toggle("hot", lines.has(e)); e.classList.toggle("dim", id !== null && !lines.has(e)); });
    vertices.forEach(v => { v.classList.toggle("hot", v.dataset.vertex === id); v.classList.toggle("dim", id !== null && !hot.has(v.dataset.vertex)); });
  };
  vertices.forEach(v => {
    const enter = () => { show(v.dataset.vertex); say(v.dataset.name); }, out = () => { show(null); narrow(); };
    v.setAttribute("tabindex", "0");
    v.addEventListener("mouseenter", enter); v.addEventListener("focus", enter);
    v.addEventListener("mouseleave", out); v.addEventListener("blur", out);
  });

  const narrow = () => {
    const word = filter.value.trim().toLowerCase();
    const hides = name => word !== "" && !name.toLowerCase().includes(word);
    rowLabels.forEach((t, i) => t.classList.toggle("dim", hides(data.rows[i])));
    columnLabels.forEach((t, j) => t.classList.toggle("dim", hides(data.columns[j])));
    vertices.forEach(v => v.classList.toggle("dim", hides(v.dataset.name)));
    const dim = id => { const v = byVertex.get(id); return v && v.classList.contains("dim"); };
    edges.forEach(e => e.classList.toggle("dim", word !== "" && (dim(e.dataset.from) || dim(e.dataset.to))));
  };
  filter.addEventListener("input", narrow);
  // Enter goes to the first name that is left: its row, or else its column.
  filter.addEventListener("keydown", e => {
    const word = filter.value.trim().toLowerCase(), find = list => list.findIndex(n => n.toLowerCase().includes(word));
    if (e.key === "Escape") { filter.value = ""; narrow(); leave(); }
    if (e.key !== "Enter" || word === "") { return; }
    const i = find(data.rows), j = find(data.columns);
    if (i >= 0 || j >= 0) { go(Math.max(i, 0), Math.max(j, 0)); svg.focus({ preventScroll: true }); }
  });
}());
`
