"""The explorer in a real browser, opened from the disk as a reader opens it.

Needs Chromium (or Chrome) on PATH, or its path in LIVERFIT_CHROMIUM, and Playwright; where either
is missing these tests are skipped and say so.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from explorer_parts import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = os.environ.get("LIVERFIT_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
CLAIM, TRIAL = "pages/claims/exercise_lowers_liver_fat.html", "pages/trials/alpha2015.html"
NETWORK = "pages/networks/liver_fat_ROM.html"
FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"
SQUARES = "#forest-0 .mark-symbol.role-mark path"


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH; install it or set LIVERFIT_CHROMIUM")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Visit:
    """A tab on the explorer, and all that went wrong in it."""

    def __init__(self, browser, folder: Path, **settings) -> None:
        self.folder, self.faults = folder, []
        self.context = browser.new_context(**{"viewport": DESK, **settings})
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.faults.append(f"console {m.type}: {m.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.faults.append(f"failed {request.url}"))
        self.page.on("request", self._asked)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.folder.as_uri() + "/", "data:", "blob:")):
            self.faults.append(f"asked for {request.url}")

    def open(self, name: str):
        """Go to a page and wait until every chart that can be seen is drawn."""
        self.page.goto((self.folder / name).as_uri())
        self.page.wait_for_load_state("load")
        self.drawn()
        return self.page

    def drawn(self) -> None:
        for box in self.page.locator("[data-chart]:not([hidden]) .canvas").all():
            box.scroll_into_view_if_needed()
            box.locator("svg").first.wait_for(timeout=20_000)

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visit(browser, explorer):
    """Open tabs on the explorer; they are closed at the end."""
    tabs = []

    def make(**settings) -> Visit:
        tabs.append(Visit(browser, explorer.folder, **settings))
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.close()


@pytest.fixture
def names(explorer) -> list[str]:
    files = sorted(explorer.folder.rglob("*.html"))
    return [file.relative_to(explorer.folder).as_posix() for file in files]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_loads_without_a_fault_or_a_request(visit, names, scheme):
    tab = visit(color_scheme=scheme)
    for name in names:
        page = tab.open(name)
        assert page.locator("h1").count() == 1
        assert page.locator("main").is_visible()
    assert tab.faults == []


def test_hostile_words_never_run(visit, names):
    tab = visit()
    for name in names:
        assert tab.open(name).evaluate("window.hacked") is None, name
    page = tab.open(CLAIM)
    label = page.locator("#forest-0 tbody th", has_text="window.hacked").first
    assert label.inner_text().startswith(HOSTILE[:40])
    for number in range(page.locator(SQUARES).count()):  # tooltips hold text from data, too
        page.locator(SQUARES).nth(number).hover(force=True)
        page.wait_for_timeout(50)
    tip = page.locator("#vg-tooltip-element")
    assert tip.count() == 1
    assert tip.locator("img, script").count() == 0
    page.fill("#q", "window.hacked")
    page.locator("#found a").first.wait_for()
    assert page.locator("#found img, #found script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_search_finds_a_trial_by_keyboard_alone(visit):
    tab = visit()
    page = tab.open("index.html")
    page.keyboard.press("Tab")  # to the skip link
    while page.evaluate("document.activeElement.id") != "q":
        page.keyboard.press("Tab")
    page.keyboard.type("GÁMMA 2017")  # neither case nor accents matter
    page.locator("#found a").first.wait_for()
    assert page.locator("#found [role=status]").inner_text() == "1 found"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trials/gamma2017.html")
    assert page.locator("h1").inner_text() == "Gamma 2017"
    page.fill("#q", "aerobic")
    page.locator("#found a").first.wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("#found").is_visible()
    page.fill("#q", "no such words")
    assert page.locator("#found [role=status]").inner_text() == "0 found"
    assert tab.faults == []


def test_filters_change_the_forest_plot_and_its_table(visit):
    tab = visit()
    page = tab.open(CLAIM)
    box, rows = page.locator("#forest-0"), "#forest-0 tbody tr:not([hidden])"
    squares, shown = page.locator(SQUARES).count(), page.locator(rows).count()
    assert shown == 4
    assert squares > shown  # the diamond of the pooled estimate, too
    box.locator("[name=modality][value=hiit]").uncheck()
    page.wait_for_function(
        "([marks, n]) => document.querySelectorAll(marks).length === n", arg=[SQUARES, squares - 1]
    )
    assert page.locator(rows).count() == 3
    told = box.locator("[role=status]").inner_text()
    assert told.startswith("3 of 4 effects shown.")
    assert "still that of all 4" in told
    box.locator("[name=modality][value=hiit]").check()
    before = page.locator(f"{rows} th").all_inner_texts()
    box.locator("[name=sort]").select_option("yi")
    after = page.locator(f"{rows} th").all_inner_texts()
    assert sorted(before) == sorted(after)
    numbers = [
        float(re.match(r"[−\d.]+", text)[0].replace("−", "-"))
        for text in page.locator(f"{rows} td:nth-child(4)").all_inner_texts()
    ]
    assert numbers == sorted(numbers)
    assert tab.faults == []


def test_the_graph_of_a_network_tells_what_is_pointed_at(visit, explorer):
    """A circle its people, a line its trials, whose names are text whatever they hold."""
    tab = visit()
    page = tab.open(NETWORK)
    tip = page.locator("#vg-tooltip-element")
    circles = page.locator(".graph .mark-symbol.role-mark path")
    lines = page.locator(".graph .mark-rule.role-mark line")
    network = next(net for net in explorer.networks.fitted if net["measure"] == "ROM")
    assert circles.count() == len(network["nodes"])
    assert lines.count() == len(network["edges"])
    circles.first.hover(force=True)
    tip.get_by_text("people").wait_for()
    told = []
    for number in range(lines.count()):
        lines.nth(number).hover(force=True)
        page.wait_for_timeout(50)
        told.append(tip.inner_text())
        assert tip.locator("img, script").count() == 0
    assert any("window.hacked" in text for text in told)
    assert page.evaluate("window.hacked") is None
    assert tab.faults == []


def test_filters_of_the_landing_page_change_table_and_chart(visit):
    tab = visit()
    page = tab.open("index.html")
    chart = page.locator("#scoreboard-chart .canvas")
    assert chart.get_attribute("data-drawn") == "2"
    page.locator(".tally[data-verdict=supported]").click()
    page.wait_for_function(
        "document.querySelector('#scoreboard-chart .canvas').dataset.drawn === '0'"
    )
    assert page.locator("#board .item:not([hidden])").count() == 1
    assert page.locator(".tally[data-verdict=supported]").get_attribute("aria-pressed") == "false"
    page.locator(".tally[data-verdict=supported]").click()
    page.locator("[data-filter] [name=words]").fill("interval")
    assert page.locator("#board .item:not([hidden])").all_inner_texts()[0].startswith("Interval")
    assert page.locator("[data-filter] [role=status]").inner_text() == "1 of 3 claims shown"
    assert tab.faults == []


def test_the_list_of_trials_is_filtered(visit):
    page = visit().open("pages/trials.html")
    page.locator("[name=words]").fill("beta")
    assert page.locator("#trials tbody tr:not([hidden])").count() == 1
    assert page.locator("[data-filter] [role=status]").inner_text() == "1 of 3 trials shown"


def test_charts_follow_when_light_turns_dark(visit):
    tab = visit(color_scheme="light")
    page = tab.open(CLAIM)
    paper = "getComputedStyle(document.body).backgroundColor"
    light, mark = page.evaluate(paper), page.locator(SQUARES).first.get_attribute("fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "([marks, was]) => document.querySelector(marks)?.getAttribute('fill') !== was",
        arg=[SQUARES, mark],
    )
    assert page.evaluate(paper) != light
    assert tab.faults == []


def test_the_keyboard_reaches_everything_and_focus_is_seen(visit):
    for name in ("index.html", CLAIM, TRIAL, NETWORK):
        page = visit().open(name)
        page.evaluate("window.scrollTo(0, 0)")
        wanted = page.evaluate(
            """selector => [...document.querySelectorAll(selector)]
              .filter(e => e.checkVisibility() && !e.closest('[hidden]'))
              .map((e, i) => { e.dataset.seen = i; return i; }).length""",
            FOCUSABLE,
        )
        reached = set()
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            at, outline = page.evaluate(
                """() => { const e = document.activeElement;
                  return [e.dataset.seen, getComputedStyle(e).outlineStyle]; }"""
            )
            if at is not None:
                reached.add(int(at))
                assert outline != "none", (name, at)
        assert len(reached) == wanted, name
        assert wanted > 10


def test_the_skip_link_leads_to_the_content(visit):
    page = visit().open(CLAIM)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("settings", [
    {"viewport": DESK, "color_scheme": "light"},
    {"viewport": DESK, "color_scheme": "dark"},
    {"viewport": PHONE, "color_scheme": "light"},
], ids=["desk", "dark", "phone"])  # fmt: skip
def test_axe_finds_no_serious_fault(visit, names, settings):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    tab, faults = visit(**settings), []
    for name in names:
        page = tab.open(name)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found = axe.Axe().run(page).response["violations"]
        faults += [
            (name, fault["id"], [node["target"] for node in fault["nodes"]][:3])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
    assert faults == []


def test_no_page_is_wider_than_a_phone(visit, names):
    tab = visit(viewport=PHONE)
    for name in names:
        page = tab.open(name)
        # charts take the width of the page when they are drawn, a moment after it has loaded
        page.wait_for_function(
            "width => document.documentElement.scrollWidth <= width", arg=PHONE["width"]
        )


def test_a_page_is_light_and_quick(visit, explorer):
    sizes = {}
    tab = visit()
    tab.page.on("requestfinished", lambda r: sizes.update({r.url: r.sizes()["responseBodySize"]}))
    page = tab.open(CLAIM)
    files = [Path(url.removeprefix("file://")) for url in sizes if url.startswith("file:")]
    assert explorer.folder / CLAIM in files
    weight = sum(file.stat().st_size for file in files)
    assert 200_000 < weight < 1_500_000  # most of it the chart library
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < ready < 10_000  # ms, on a slow and busy machine


def test_the_report_prints_to_numbered_pages(visit, explorer, tmp_path):
    """A4 pages, and nothing wider than a phone on the screen."""
    tab = visit()
    page = tab.open("report.html")
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    assert len(boxes) >= 5
    for wide, high in boxes:
        assert abs(float(wide) - 595.3) < 1
        assert abs(float(high) - 841.9) < 1
    assert not tab.faults
    phone = visit(viewport=PHONE).open("report.html")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
