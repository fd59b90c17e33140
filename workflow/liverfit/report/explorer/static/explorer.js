// Search over claims and trials, and filters of tables. Charts are in charts.js.
"use strict";

(() => {
  const pages = document.body.dataset.pages;
  const MOST = 12;
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const terms = (text) => folded(text).split(/\s+/).filter(Boolean);
  const holds = (text, words) => words.every((word) => text.includes(word));

  // Cells say their column on a phone, where each row of a wide table is a block of lines.
  document.documentElement.classList.add("js");
  for (const table of document.querySelectorAll(".stack")) {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    for (const row of table.querySelectorAll("tbody tr, tfoot tr")) {
      for (const cell of row.cells) {
        if (cell.colSpan === 1) cell.dataset.head = heads[cell.cellIndex + row.cells[0].colSpan - 1];
        if (["–", ""].includes(cell.textContent.trim())) cell.classList.add("empty");
      }
    }
  }

  // -- search ---------------------------------------------------------------------------------

  const field = document.getElementById("q");
  const found = document.getElementById("found");
  const [status, list] = [found.querySelector("p"), found.querySelector("ul")];
  let index = null;

  // The index is a script, since a page opened from a disk may not fetch files.
  function load() {
    if (index !== null) return;
    index = [];
    const script = document.createElement("script");
    script.src = `${pages}assets/search.js`;
    script.addEventListener("load", () => {
      index = window.LIVERFIT_INDEX.map((entry) => ({
        ...entry,
        begin: folded(entry.name),
        text: folded(`${entry.name} ${entry.more} ${entry.words}`),
      }));
      show();
    });
    document.head.append(script);
  }

  function show() {
    const words = terms(field.value);
    found.hidden = !words.length;
    if (!words.length) return;
    const rank = (entry) => (holds(entry.begin, words) ? 0 : 2) + (entry.kind === "claim" ? 0 : 1);
    const hits = index.filter((entry) => holds(entry.text, words)).sort((a, b) => rank(a) - rank(b));
    const more = hits.length > MOST ? `, the first ${MOST} shown` : "";
    status.textContent = `${hits.length} found${more}`;
    list.replaceChildren(...hits.slice(0, MOST).map(item));
  }

  function item(entry) {
    const [row, link, more] = ["li", "a", "small"].map((name) => document.createElement(name));
    link.href = pages + entry.href;
    link.textContent = entry.name;
    more.textContent = `${entry.kind} · ${entry.more}`;
    link.append(more);
    row.append(link);
    return row;
  }

  field.addEventListener("focus", load);
  field.addEventListener("input", () => { load(); show(); });
  document.querySelector("search").addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      found.hidden = true;
      field.focus();
    } else if (event.key === "Enter" && document.activeElement === field && links.length) {
      links[0].click();
    } else if (event.key === "ArrowDown" && links.length) {
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (at ? links[at - 1] : field).focus();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("search")) found.hidden = true;
  });

  // -- filters of the tables of claims and of trials --------------------------------------------

  function filterClaims(form) {
    const [buttons, section, words, told] = [
      [...form.querySelectorAll(".tally")],
      form.querySelector("[name=section]"), form.querySelector("[name=words]"), form.querySelector("[role=status]"),
    ];
    const rows = [...document.querySelectorAll("#board .item")];
    function apply() {
      const verdicts = buttons.filter((b) => b.ariaPressed === "true").map((b) => b.dataset.verdict);
      const wanted = terms(words.value);
      const shown = new Set();
      for (const row of rows) {
        const body = row.closest("tbody");
        row.hidden = !(
          verdicts.includes(row.dataset.verdict) &&
          (!section.value || body.dataset.section === section.value) &&
          holds(folded(row.querySelector("th").textContent), wanted)
        );
        if (!row.hidden) shown.add(row.dataset.claim);
      }
      for (const body of document.querySelectorAll("#board tbody")) {
        body.hidden = !body.querySelector(".item:not([hidden])");
      }
      told.textContent = `${shown.size} of ${rows.length} claims shown`;
      document.dispatchEvent(new CustomEvent("claims-shown", { detail: shown }));
    }
    for (const button of buttons) {
      button.addEventListener("click", () => {
        button.ariaPressed = String(button.ariaPressed !== "true");
        apply();
      });
    }
    form.addEventListener("input", apply);
    apply();
  }

  function filterTrials(form) {
    const [words, used, told] = [
      form.querySelector("[name=words]"), form.querySelector("[name=used]"), form.querySelector("[role=status]"),
    ];
    const rows = [...document.querySelectorAll("#trials tbody tr")];
    const texts = rows.map((row) => folded(row.textContent));
    function apply() {
      const wanted = terms(words.value);
      let count = 0;
      rows.forEach((row, i) => {
        row.hidden = !(holds(texts[i], wanted) && (!used.value || Number(row.dataset[used.value]) > 0));
        count += !row.hidden;
      });
      told.textContent = `${count} of ${rows.length} trials shown`;
    }
    form.addEventListener("input", apply);
    apply();
  }

  const filters = { claims: filterClaims, trials: filterTrials };
  for (const form of document.querySelectorAll("[data-filter]")) filters[form.dataset.filter](form);

  // -- the section that is read, in the list of sections -----------------------------------------

  const marks = new Map([...document.querySelectorAll(".here a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const mark of marks.values()) mark.removeAttribute("aria-current");
        marks.get(entry.target.id).setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const id of marks.keys()) {
    const part = document.getElementById(id);
    if (part) seen.observe(part);
  }
})();
