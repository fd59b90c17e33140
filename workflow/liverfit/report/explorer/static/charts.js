// Draws the charts of a page from the templates of templates.js and the data beside each of them.
"use strict";

(() => {
  const root = document.documentElement;
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const hue = (kind, name) => css(`--${kind}-${name}`) || css("--muted");
  const WIDE = 640;
  const ROOMY = 24;
  const charts = []; // every chart that was drawn, to draw it anew when light turns dark

  function config(wide) {
    const [ink, muted, rule, font] = ["--ink", "--muted", "--rule", "--sans"].map(css);
    return {
      background: "transparent",
      font,
      view: { stroke: null },
      rect: { fill: ink },
      rule: { stroke: muted, strokeCap: "butt" },
      text: { fill: ink, fontSize: 12 },
      axis: {
        labelColor: ink, titleColor: muted, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 400,
        domainColor: muted, tickColor: muted, gridColor: rule, titlePadding: 10,
      },
      axisX: { grid: false },
      axisY: { grid: false, labelLimit: wide ? 320 : 140 },
    };
  }

  // A copy of a template, its words that begin with @ replaced by the values of the page.
  function filled(node, values) {
    if (typeof node === "string") return node in values ? values[node] : node;
    if (Array.isArray(node)) return node.map((part) => filled(part, values));
    if (node === null || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, filled(part, values)]));
  }

  // Draw a chart in its canvas; `rows` gives the rows each time, so that colours are those of now.
  async function draw(canvas, data, rows) {
    const width = canvas.clientWidth;
    const [wide, given] = [width > WIDE, rows()];
    const spec = filled(window.LIVERFIT_CHARTS[data.chart], {
      ...data.values, "@ink": css("--ink"), "@muted": css("--muted"), "@paper": css("--paper"),
    });
    spec.datasets = { rows: given, frame: data.frame || [] };
    spec.params.find((param) => param.name === "wide").value = wide;
    // A fixed height, since rows of a fixed height in a chart of flexible width make Vega-Lite warn.
    let step = spec.height.step || 0;
    if (!wide && step === ROOMY) step += 16; // names stand above their rows
    const height = (drawn) => step * (data.lines || drawn.length);
    if (step) spec.height = height(given);
    const made = await window.vegaEmbed(canvas, spec, {
      actions: false, renderer: "svg", config: config(wide), logLevel: 1, tooltip: { theme: "custom" },
    });
    const chart = charts.find((entry) => entry.canvas === canvas) || { canvas };
    if (!charts.includes(chart)) charts.push(chart);
    Object.assign(chart, { data, rows, height, view: made.view });
    canvas.dataset.drawn = given.length;
    canvas.querySelector("svg").setAttribute("aria-hidden", "true");
    return chart;
  }

  async function update(chart) {
    const rows = chart.rows();
    await chart.view.data("rows", rows).height(chart.height(rows)).resize().runAsync();
    chart.canvas.dataset.drawn = rows.length;
  }

  const content = (element) => JSON.parse(element.querySelector('script[type="application/json"]').textContent);

  // -- the kinds of chart ------------------------------------------------------------------------

  function forest(box) {
    const data = content(box);
    const [status, body] = [box.querySelector("[role=status]"), box.querySelector("tbody")];
    const value = (name) => box.querySelector(`[name=${name}]`)?.value || "";
    const effects = data.rows.filter((row) => row.kind === "effect");
    const others = data.rows.filter((row) => row.kind !== "effect");
    let chosen = effects;

    function choose() {
      const boxes = [...box.querySelectorAll("[name=modality]")];
      const on = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
      const [population, method, sort] = ["population", "method", "sort"].map(value);
      chosen = effects.filter(
        (row) =>
          (!boxes.length || on.has(row.modality)) &&
          (!population || row.conditions.includes(population)) &&
          (!method || row.method === method),
      );
      const down = sort === "weight" || sort === "n" ? -1 : 1;
      if (sort === "key") chosen.sort((a, b) => a.key.localeCompare(b.key));
      else chosen.sort((a, b) => down * ((a[sort] ?? -Infinity) - (b[sort] ?? -Infinity)) || a.order - b.order);
      const places = new Map(chosen.map((row, place) => [row.order, place]));
      const lines = [...body.rows];
      for (const line of lines) line.hidden = !places.has(Number(line.dataset.row));
      const place = (line) => places.get(Number(line.dataset.row)) ?? effects.length;
      body.append(...lines.sort((a, b) => place(a) - place(b)));
      const part = chosen.length < effects.length;
      status.textContent =
        `${chosen.length} of ${effects.length} effects shown.` +
        (part && data.rows.length > effects.length
          ? ` The estimate below them is still that of all ${effects.length}, not of this selection.`
          : "");
    }

    const rows = () => [
      ...chosen.map((row, place) => ({
        ...row, order: place, colour: hue("mod", row.modality), href: `../trials/${row.page}.html`,
      })),
      ...others.map((row) => ({ ...row, order: effects.length + row.order, colour: css("--ink") })),
    ];
    choose();
    const made = draw(box.querySelector(".canvas"), data, rows);
    box.addEventListener("input", () => { choose(); made.then(update); });
  }

  function curve(box) {
    const measures = content(box);
    const select = box.querySelector("select");
    const [above, below] = [box.querySelector('[data-part="curve"]'), box.querySelector('[data-part="matrix"]')];
    function show() {
      const data = measures[select ? Number(select.value) : 0];
      box.querySelector(".axis").textContent = data.title;
      const width = 100 / data.bins.length;
      const mix = (share) => blend(css("--verdict-inconclusive"), css("--verdict-supported"), share);
      draw(above, data, () =>
        data.bins.map((bin, i) => ({ ...bin, at: (i + 0.5) * width, colour: mix(bin.agrees) })));
      draw(below, { chart: "option_matrix", values: {}, lines: data.options.length }, () =>
        data.options.flatMap(({ option, shares }, order) =>
          shares.map((share, i) => ({
            option, order, share: share / 100, at: i * width, to: (i + 1) * width, colour: css("--link"),
          }))));
    }
    select?.addEventListener("input", show);
    show();
  }

  function blend(one, two, share) {
    const parts = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
    const [a, b] = [parts(one), parts(two)];
    return `rgb(${a.map((part, i) => Math.round(part + (b[i] - part) * share)).join(",")})`;
  }

  function coloured(box, colour) {
    const data = content(box);
    return draw(box.querySelector(".canvas"), data, () =>
      data.rows.map((row) => ({ ...row, colour: colour(row) })));
  }

  function scoreboard(box) {
    const data = content(box);
    let shown = null;
    const rows = () =>
      data.rows
        .filter((row) => shown === null || shown.has(row.claim))
        .map((row) => ({
          ...row, colour: hue("verdict", row.verdict), href: document.body.dataset.pages + row.href,
        }));
    const made = draw(box.querySelector(".canvas"), data, rows);
    document.addEventListener("claims-shown", (event) => { shown = event.detail; made.then(update); });
  }

  const kinds = {
    forest,
    curve,
    moving: (box) => coloured(box, () => css("--link")),
    left: (box) => coloured(box, (row) => hue("verdict", row.verdict)),
    nodes: (box) => coloured(box, (row) => hue("mod", row.modality)),
    scoreboard,
  };

  // Charts are drawn as they come near the screen, and all of them before printing.
  const waiting = new Set(document.querySelectorAll("[data-chart]"));
  const begin = (box) => waiting.delete(box) && kinds[box.dataset.chart](box);
  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        near.unobserve(entry.target);
        begin(entry.target);
      }
    },
    { rootMargin: "600px" },
  );
  for (const box of waiting) near.observe(box);
  addEventListener("beforeprint", () => [...waiting].filter((box) => !box.hidden).forEach(begin));

  document.getElementById("line")?.addEventListener("input", (event) => {
    document.querySelectorAll(".forest").forEach((box, i) => { box.hidden = String(i) !== event.target.value; });
  });
  const again = () => charts.forEach(({ canvas, data, rows }) => canvas.clientWidth && draw(canvas, data, rows));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
})();
