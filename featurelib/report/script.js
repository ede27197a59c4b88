"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("feature-table");
  if (!table) return;
  const body = table.tBodies[0], rows = [...body.rows], form = document.getElementById("find");
  const search = document.getElementById("search"), found = document.getElementById("found");
  const chips = [...form.querySelectorAll("[data-show]")];

  // NOTE: asked of the browser, so that no address stands in the page
  const svgSpace = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
  const make = (name, attributes, ...children) => {
    const picture = ["svg", "path", "rect", "polyline", "circle", "text", "title"].includes(name);
    const element = picture ? document.createElementNS(svgSpace, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    for (const child of children) element.append(child);
    return element;
  };
  const percent = (part) => part === null || part === undefined ? "–"
    : (100 * part).toFixed(part >= 0.1 || part === 0 ? 1 : part >= 0.001 ? 2 : 3) + " %";
  const sum = (numbers) => numbers.reduce((whole, number) => whole + number, 0);
  const shares = (numbers) => { const whole = sum(numbers || []); return whole ? numbers.map((n) => n / whole) : []; };
  const levels = { a: "alarm", w: "watch" };

  // Distribution: the baseline as wide grey columns, now as narrow ones upon them, both from zero.
  const distribution = (feature, width, height) => {
    const now = shares(feature.x), before = shares(feature.b);
    const most = Math.max(...now, ...before, 1e-9), cells = Math.max(now.length, before.length), step = width / cells;
    const columns = (values, part) => values.map((value, n) => {
      const tall = height * value / most;
      return `M${((n + (1 - part) / 2) * step).toFixed(1)} ${height}v${(-tall).toFixed(1)}h${(part * step).toFixed(1)}v${tall.toFixed(1)}z`;
    }).join("");
    return make("svg", { viewBox: `0 0 ${width} ${height + 1}`, preserveAspectRatio: "none", role: "img", "aria-label": `Distribution of ${feature.n}` },
      make("path", { class: "base", d: columns(before, 0.92) }), make("path", { class: "bar", d: columns(now, 0.46) }),
      make("path", { class: "axis", d: `M0 ${height + 0.5}H${width}` }));
  };

  // Drift: a line from zero; the scale reaches the alarm, so that a quiet feature looks quiet.
  const line = (feature, width, height, plain) => {
    const values = feature.p.map((value) => value === null ? null : value / 1000), limits = feature.w;
    const most = Math.max(...values.filter((value) => value !== null), (limits[1] ?? limits[0] ?? 0.1) * 1.15);
    const x = (n) => ((n + 0.5) * width / values.length).toFixed(1), y = (value) => (height - (height - 2) * value / most).toFixed(1);
    const parts = limits.map((limit, n) => limit === null ? null
      : make("path", { class: `limit ${n ? "alarm" : "watch"}`, d: `M0 ${y(limit)}H${width}` })).filter(Boolean);
    let points = [];
    const flush = () => { if (points.length) parts.push(make("polyline", { class: "line", points: points.join(" ") })); points = []; };
    values.forEach((value, n) => value === null ? flush() : points.push(`${x(n)},${y(value)}`));
    flush();
    values.forEach((value, n) => {
      const high = levels[feature.l[n]] ?? "";
      if (value !== null && (!plain || high || values.length === 1)) {
        const dot = make("circle", { class: `dot ${high}`, cx: x(n), cy: y(value), r: plain ? 1.8 : values.length > 40 ? 1.8 : 3 });
        if (!plain) dot.append(make("title", {}, `${data.days[n]}: ${value.toFixed(3)}`));
        parts.push(dot);
      }
    });
    const picture = make("svg", { viewBox: `0 0 ${width} ${height + 1}`, role: "img", "aria-label": `Drift of ${feature.n} by day` },
      ...parts, make("path", { class: "axis", d: `M0 ${height + 0.5}H${width}` }));
    return { picture, y };
  };

  const draw = (row) => {
    const feature = data.features[row.dataset.n];
    if (feature.x && sum(feature.x)) row.cells[1].replaceChildren(distribution(feature, 150, 34));
    if (feature.p && feature.p.some((value) => value !== null)) row.cells[2].replaceChildren(line(feature, 150, 34, true).picture);
    row.dataset.drawn = "1";
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "300px" });
  rows.forEach((row) => watcher.observe(row));

  // What a feature holds, opened below its row.
  const cells = (feature) => {
    const names = data.cells[feature.c], now = shares(feature.x), before = shares(feature.b);
    const most = Math.max(...now, ...before, 1e-9), rated = feature.r && feature.r.some((rate) => rate !== null);
    const head = ["Value", "", "Now", before.length ? "Baseline" : null, rated ? "Rate" : null].filter((name) => name !== null);
    const made = make("table", {}, make("thead", {}, make("tr", {}, ...head.map((name, n) => make("th", { scope: "col", class: n > 1 ? "num" : "" }, name)))));
    const lines = make("tbody");
    names.forEach((name, n) => {
      if (!now[n] && !before[n]) return;
      const bar = make("svg", { viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true" },
        make("rect", { class: "base", width: 100 * (before[n] || 0) / most, height: 16 }), make("rect", { class: "bar", y: 4, width: 100 * (now[n] || 0) / most, height: 8 }));
      const tells = [make("th", { scope: "row" }, name), make("td", { class: "strip" }, bar), make("td", { class: "num" }, percent(now[n]))];
      if (before.length) tells.push(make("td", { class: "num" }, percent(before[n])));
      if (rated) tells.push(make("td", { class: "num" }, feature.r[n] === null ? "–" : percent(feature.r[n] / 1e5)));
      lines.append(make("tr", {}, ...tells));
    });
    made.append(lines);
    return make("div", { class: "scroll" }, make("h3", {}, `Rows by value: now (colour)${data.baseline ? `, ${data.baseline} (grey)` : ""}${rated ? `, and rate of ${data.label}` : ""}`), made);
  };
  const drift = (feature) => {
    const { picture, y } = line(feature, 340, 110, false);
    feature.w.forEach((limit, n) => {
      if (limit !== null) picture.append(make("text", { class: "tick", x: 0, y: y(limit) - 4 }, `${n ? "alarm" : "worth a look"} ${limit}`));
    });
    picture.setAttribute("viewBox", "0 0 340 130");
    picture.append(make("text", { class: "tick", x: 0, y: 126 }, data.days[0]));
    if (data.days.length > 1) picture.append(make("text", { class: "tick", x: 340, y: 126, "text-anchor": "end" }, data.days[data.days.length - 1]));
    return make("div", {}, make("h3", {}, `Drift by day (PSI against ${data.baseline || "the baseline"})`), picture);
  };
  const open = (row, wanted) => {
    const button = row.querySelector(".open"), below = row.nextElementSibling;
    const shown = Boolean(below && below.classList.contains("detail"));
    if (wanted === shown) return;
    button.setAttribute("aria-expanded", String(wanted));
    if (shown) { below.remove(); return; }
    const feature = data.features[row.dataset.n];
    const inner = make("div", { class: "inner" }, ...feature.s.map((text) => make("p", {}, text)));
    const two = make("div", { class: "two" });
    if (feature.x && sum(feature.x)) two.append(cells(feature));
    if (feature.p && feature.p.some((value) => value !== null)) two.append(drift(feature));
    if (two.childElementCount) inner.append(two);
    if (!inner.childElementCount) inner.append(make("p", {}, "Nothing is measured of it."));
    row.after(make("tr", { class: "detail" }, make("td", { colspan: 8 }, inner)));
  };
  body.addEventListener("click", (event) => {
    const button = event.target.closest(".open");
    if (button) open(button.closest("tr"), button.getAttribute("aria-expanded") !== "true");
  });

  // Finding and sorting.
  const FEW = 60;
  let show = "all", all = rows.length <= FEW;
  const more = document.getElementById("more");
  more.addEventListener("click", () => { all = true; filter(); });
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0, fitting = 0;
    const some = !all && !words.length && show === "all";
    for (const row of body.querySelectorAll("tr[data-n]")) {
      const kept = row.dataset.kept, off = row.dataset.level !== "good";
      const fits = show === "all" || (show === "kept" && kept === "1") || (show === "dropped" && kept === "0") || (show === "off" && off);
      const text = row.cells[0].textContent.toLowerCase();
      const wanted = fits && words.every((word) => text.includes(word));
      fitting += wanted ? 1 : 0;
      const hidden = !wanted || (some && fitting > FEW);
      if (hidden) open(row, false);
      row.hidden = hidden;
      number += hidden ? 0 : 1;
    }
    found.textContent = `${number.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
    more.hidden = number === fitting;
  };
  search.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  chips.forEach((chip) => chip.addEventListener("click", () => {
    show = chip.dataset.show;
    chips.forEach((other) => other.setAttribute("aria-pressed", String(other === chip)));
    filter();
  }));
  const keys = { psi: 0, missing: 1, auc: 2, mi: 3 };
  const heads = [...table.tHead.querySelectorAll("th")];
  const sort = (key, down) => {
    rows.forEach((row) => open(row, false));
    const of = (row) => {
      const feature = data.features[row.dataset.n];
      return key === "name" ? feature.n : key === "kept" ? row.lastElementChild.textContent : feature.k[keys[key]];
    };
    const order = [...rows].sort((a, b) => {
      const left = of(a), right = of(b);
      if (left === null || right === null) return (left === null) - (right === null);
      return (left < right ? -1 : left > right ? 1 : a.dataset.n - b.dataset.n) * (down ? -1 : 1);
    });
    body.append(...order);
    filter();
  };
  heads.forEach((head) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const numbers = head.classList.contains("num"), now = head.getAttribute("aria-sort");
      const down = now === "none" ? numbers : now === "ascending";
      heads.forEach((other) => { if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(button.dataset.sort, down);
    });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-find]");
    if (!link) return;
    search.value = link.dataset.find;
    show = "all";
    chips.forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.show === "all")));
    filter();
    const row = rows.find((one) => data.features[one.dataset.n].n === link.dataset.find);
    if (row) open(row, true);
  });
  form.hidden = false;
  filter();

  // On paper all is drawn, and all is open.
  window.addEventListener("beforeprint", () => {
    all = true;
    filter();
    rows.filter((row) => !row.dataset.drawn).forEach(draw);
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });
})();
