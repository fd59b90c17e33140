"""`snakemake --report` of a finished project: built, whole, and opened in a browser."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

from conftest import CLAIMS, ROOT
from report_flags import flagged, told

pytestmark = pytest.mark.slow

CHROMIUM = os.environ.get("LIVERFIT_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONAL = {
    "concordance/reproduction.csv",
    "dose_response/{moderator}.csv",
    "figures/dose_response.svg",
    "figures/weight_independence.svg",
}
"""Made only where a data set holds the rows of published reviews, or a claim has such a line."""


@pytest.fixture
def report(done) -> Path:
    made = done.snakemake("--report", "results/report.html")
    assert made.returncode == 0, made.stdout + made.stderr
    return done.root / "results/report.html"


def held(report: Path, name: str) -> dict:
    """A JSON object that the page keeps in a variable."""
    text = report.read_text(encoding="utf-8")
    at = re.search(rf"\bvar {name} = (?=\{{)", text)
    return json.JSONDecoder().raw_decode(text, at.end())[0]


def matching(results: Path, pattern: str) -> set[str]:
    """Files of results/ that a flagged output stands for."""
    parts = [re.escape(part) for part in re.split(r"\{\w+\}", pattern)]
    names = (path.relative_to(results).as_posix() for path in results.rglob("*"))
    return {name for name in names if re.fullmatch(r"[a-zA-Z0-9_]+".join(parts), name)}


def plain(text: str) -> str:
    """Words alone: without tags and marks."""
    return " ".join(re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", " ", text))))


def test_the_report_holds_every_flagged_result_in_its_category_with_caption_and_label(report):
    results, categories = held(report, "results"), held(report, "categories")
    expected = {}
    for pattern, block in flagged().items():
        found = matching(report.parent, pattern)
        assert found or pattern in OPTIONAL, pattern
        expected |= {f"results/{name}": block for name in found}
    assert set(results) == set(expected)
    assert sum(name.startswith("results/figures/forest_") for name in results) == len(CLAIMS)
    for name, block in expected.items():
        place = categories[told(block, "category")][told(block, "subcategory") or "Other"]
        assert name in place, name
        shown = results[name]
        assert shown["labels"], name
        assert "{" not in json.dumps(list(shown["labels"].values())), name
        source = ROOT / "workflow/report" / told(block, "caption").removeprefix("../report/")
        begin, *_ = re.split(r"\{\{|``|\*\*", source.read_text(encoding="utf-8"))
        caption = plain(shown["caption"])
        assert caption.startswith(plain(begin)), name
        assert len(caption) > 50, name
        assert "{{" not in shown["caption"], name
        content = base64.b64decode(shown["data_uri"].partition("base64,")[2])
        assert content == (report.parent.parent / name).read_bytes(), name


def test_no_item_hides_another_and_the_whole_is_described(report):
    results = held(report, "results")
    for category, parts in held(report, "categories").items():
        for part, names in parts.items():
            labels = Counter(json.dumps(results[name]["labels"]) for name in names)
            assert max(labels.values()) == 1, (category, part, labels)
            assert len({tuple(results[name]["labels"]) for name in names}) == 1, (category, part)
    text = report.read_text(encoding="utf-8")
    for category in held(report, "categories"):
        assert f"<strong>{category}</strong>" in text


@pytest.mark.browser
def test_the_report_opens_without_a_fault_or_the_network(report):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH; install it or set LIVERFIT_CHROMIUM")
    faults = []
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        page = browser.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:"))
                or faults.append(r.url))  # fmt: skip
        page.goto(report.as_uri())
        for step in ("Claims", "Forest plots"):
            page.get_by_text(step, exact=True).first.click()
        row = page.locator("tr", has_text=CLAIMS[0])
        row.locator("a").first.click()
        page.locator("img, object, iframe, embed").first.wait_for()
        assert page.get_by_text(CLAIMS[1], exact=True).is_visible()
        browser.close()
    assert faults == []


def test_the_printable_report_is_made_again_by_its_rule(done):
    """From the files of a finished run alone, with the same bytes."""
    page = done.root / "results/report/report.html"
    before = page.read_bytes()
    page.unlink()
    assert done.run("results/report/report.html") == {"build_report": 1}
    assert page.read_bytes() == before
    assert "done in" in (done.root / "logs/build_report.log").read_text()
