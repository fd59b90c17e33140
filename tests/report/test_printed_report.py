"""The printable report: every number from its sources, hostile words as text, PRISMA complete."""

from __future__ import annotations

import re
from copy import deepcopy
from html import unescape
from pathlib import Path

import pytest
from explorer_parts import HOSTILE

from liverfit.report.printed import report
from liverfit.report.printed.prisma import ITEMS

TEMPLATES = Path(report.__file__).parent / "templates"
CLAIM = "exercise_lowers_liver_fat"


def text_of(html: str) -> str:
    """What a reader sees, spaces and breaks as one space."""
    body = html.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture(scope="module")
def written(explorer) -> str:
    return (explorer.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def rewritten(explorer, tmp_path):
    """Write the report again from sources that a test has altered."""

    def write(change) -> str:
        sources = deepcopy(explorer.sources)
        change(sources)
        report.write_report(tmp_path / "report.html", **sources)
        return text_of((tmp_path / "report.html").read_text(encoding="utf-8"))

    return write


def claim_of(sources: dict) -> dict:
    return next(claim for claim in sources["claims"] if claim["claim"] == CLAIM)


def put(*way):
    """A change: the last of `way` is put where the others lead."""

    def change(sources: dict) -> None:
        *path, key, value = way
        found = sources
        for step in path:
            found = found[step]
        assert key in (found if isinstance(found, dict) else range(len(found)))
        found[key] = value

    return change


def put_line(key: str, value: object):
    """A change of the leading primary line of a claim."""

    def change(sources: dict) -> None:
        line = next(x for x in claim_of(sources)["lines"] if x["role"] == "primary")
        assert key in line
        line[key] = value

    return change


def put_claim(key: str, value: object):
    def change(sources: dict) -> None:
        assert key in claim_of(sources)
        claim_of(sources)[key] = value

    return change


ALTERED = {
    "estimate": (put_line("estimate", -6.54321), "−6.54"),
    "ci_lower": (put_line("ci_lower", -8.5), "−8.5"),
    "ci_upper": (put_line("ci_upper", -5.5), "−5.5"),
    "pi_upper": (put_line("pi_upper", 8.76), "8.76"),
    "i2": (put_line("i2", 63.0), "63%"),
    "tau2": (put_line("tau2", 9.87), "τ² 9.87"),
    "trials": (put_line("k", 97), "over 97 trials"),
    "people": (put_line("n", 4321.0), "4 321"),
    "margin": (put_line("margin", 3.75), "3.75 percentage points"),
    "probability": (put_claim("probability", 0.6543), "0.654"),
    "share": (put_claim("multiverse_share", 0.4321), "43%"),
    "false support": (put_claim("false_positive_rate", 0.3765), "38%"),
    "power": (put_claim("power", 0.2345), "23%"),
    "prose": (put("sections", CLAIM, "## x\n\nIn prose 31.41.\n"), "In prose 31.41."),
    "flow": (put("tables", "row_flow", 0, "count", 86420), "86 420"),
    "screen": (put("tables", "screened", 0, "checked", 7531), "7 531"),
    "agreement": (put("tables", "agreement", [{"n_pairs": 400, "n_agree": 300}]), "75% agree"),
    "correlation": (
        put("tables", "correlations", [{"outcome": "liver_fat", "usable": True, "imputed": 0.678}]),
        "Liver fat 1 0.68",
    ),
    "reviews": (
        put("tables", "concordance", [{"review_id": str(i)} for i in range(37)]),
        "those that 37 published reviews",
    ),
    "version": (put("package", "liverfit", "packages", {"numpy": "91.92"}), "numpy 91.92"),
    "plan checksum": (put("package", "liverfit", "plan_sha256", "feedbeef"), "feedbeef"),
    "level": (put("plan", "models", "level", 0.8), "80% interval"),
    "estimator": (put("plan", "models", "estimator", "PMX"), "τ² by PMX"),
    "least trials": (put("plan", "verdict", "minimum_trials", 23), "fewer than 23"),
    "default r": (put("plan", "effects", "correlation", "default", 0.123), "else 0.123"),
    "simulations": (put("plan", "calibration", "simulations", 76543), "76 543 data sets"),
    "weight": (put("plan", "effects", "weight_stable_percent", 4.25), "below 4.25%"),
    "I2 step": (put("plan", "certainty", "inconsistency_i2", 66), "from I² of 66%"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_a_number_that_changes_in_its_source_changes_in_the_report(name, written, rewritten):
    change, told = ALTERED[name]
    assert told not in text_of(written)
    assert told in rewritten(change)


def test_verdicts_are_counted_from_the_claims(explorer, rewritten):
    counts = [claim["verdict"] for claim in explorer.claims]
    before = f"{counts.count('refuted')} are refuted"
    assert before in text_of((explorer.folder / "report.html").read_text(encoding="utf-8"))

    def change(sources):
        for claim in sources["claims"]:
            claim["verdict"] = "refuted"

    assert f"{len(counts)} are refuted" in rewritten(change)


# Names, references and definitions whose digits are no results.
FIXED = re.compile(
    r"PRISMA 2020|RoB 2|CR2|SHA-256|Wald \(z\)|P &lt; 0\.05|\bA4\b|\(\d{4}\)|doi:\S+|372:n71|τ²|I²"
)


def test_no_template_holds_a_number_of_its_own():
    for path in sorted(TEMPLATES.glob("*.j2")):
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", path.read_text(encoding="utf-8"))
        seen = FIXED.sub(" ", re.sub(r"<[^>]+>", " ", text))
        assert not re.findall(r"\d[\d.]*", seen), path.name


def test_hostile_words_are_text(written):
    assert "<script" not in written.lower()
    assert "<img src=x" not in written
    assert written.count("&lt;/script&gt;") >= 3  # a trial, a data set and the title
    assert HOSTILE in unescape(written)


def test_the_prose_keeps_hostile_markup_as_text(rewritten, explorer, tmp_path):
    sources = deepcopy(explorer.sources)
    sources["sections"][CLAIM] = "## x\n\n" + HOSTILE + "\n\n[go](javascript:alert(1))\n"
    report.write_report(tmp_path / "report.html", **sources)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html.lower()
    assert 'href="javascript' not in html.lower()


def test_links_within_the_report_lead_somewhere(written):
    ids = re.findall(r'\bid="([^"]+)"', written)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', written)) <= set(ids)


def test_nothing_is_fetched(written):
    sources = re.findall(r'\bsrc="([^"]{0,30})', written)
    assert sources
    assert all(source.startswith("data:image/svg+xml") for source in sources)
    assert "@import" not in written
    assert "url(" not in written


def test_every_item_of_prisma_is_answered(written):
    assert [item.number for item in ITEMS] == list(range(1, 28))
    ids = set(re.findall(r'\bid="([^"]+)"', written))
    for item in ITEMS:
        assert item.answer
        assert item.met in ("yes", "in part", "not done")
        assert not item.anchor or item.anchor in ids
        assert item.anchor or item.met == "not done"
    assert "doi:10.1136/bmj.n71" in written


def test_the_same_sources_give_the_same_report(explorer, written, tmp_path):
    report.write_report(tmp_path / "report.html", **explorer.sources)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == written
