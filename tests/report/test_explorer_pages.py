"""Pages of the explorer: whole, linked, escaped, the numbers those of the results."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from explorer_parts import HOSTILE, make_explorer

from liverfit import store
from liverfit.claims.overview import primary_line
from liverfit.report.explorer import charts
from liverfit.report.explorer.words import page_name, web_link


class Page(HTMLParser):
    """What a page holds: ids, links, elements and the JSON within its scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.ids, self.links, self.tags, self.text = path, [], [], [], []
        self.json, self.inside = [], None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]
        self.inside = found.get("type") if tag == "script" else None

    def handle_endtag(self, tag):
        self.inside = None if tag == "script" else self.inside

    def handle_data(self, data):
        if self.inside == "application/json":
            self.json.append(json.loads(data))
        else:
            self.text.append(data)


@pytest.fixture(scope="module")
def pages(explorer) -> dict[str, Page]:
    files = sorted(explorer.folder.rglob("*.html"))
    return {file.relative_to(explorer.folder).as_posix(): Page(file) for file in files}


def test_every_claim_and_every_trial_has_a_page(explorer, pages):
    expected = {"index.html", "report.html", "pages/trials.html", "pages/networks.html"}
    expected |= {f"pages/networks/{name}.html" for name in explorer.networks.figures}
    expected |= {f"pages/claims/{claim['claim']}.html" for claim in explorer.claims}
    expected |= {f"pages/trials/{page_name(name)}.html" for name in explorer.records.trials}
    assert set(pages) == expected


def test_links_lead_to_files_and_anchors_of_the_folder(pages):
    broken = []
    for page in pages.values():
        for link in page.links:
            if web_link(link) or link.startswith(("data:,", "data:image/svg+xml;base64,")):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (page.path.parent / name).resolve() if name else page.path
            known = {p.path.resolve(): p for p in pages.values()}
            lost = anchor and target in known and anchor not in known[target].ids
            if not target.is_file() or lost:
                broken.append((page.path.name, link))
    assert not broken


def test_ids_are_unique_and_every_table_has_heads(pages):
    for page in pages.values():
        assert len(page.ids) == len(set(page.ids)), page.path
        tables = sum(tag == "table" for tag, _ in page.tags)
        heads = [found for tag, found in page.tags if tag == "th"]
        assert all(found.get("scope") for found in heads)
        assert tables == 0 or len(heads) >= tables


def test_nothing_but_web_addresses_and_own_files_is_linked(pages):
    for page in pages.values():
        for tag, found in page.tags:
            assert not any(name.startswith("on") for name in found), (page.path, tag)
            for key in ("href", "src", "action"):
                held = "data:image/svg" if tag == "img" else "data:,"  # nothing of an image runs
                link = (found.get(key) or "").removeprefix(held)
                assert not re.match(r"\s*(javascript|data:)", link, re.I)
            assert tag not in ("iframe", "object", "embed", "base")
            if tag in ("script", "link", "img"):
                assert not web_link(found.get("src") or found.get("href"))


def test_hostile_words_are_text(explorer, pages):
    shown = 0
    for page in pages.values():
        shown += any("window.hacked" in text for text in page.text)
        assert not [f for tag, f in page.tags if tag == "img" and "onerror" in f]
        text = page.path.read_text(encoding="utf-8")
        assert "<script>window" not in text
        assert "<img src=x" not in text
    assert shown >= 4  # the trial, the list of trials, the claims
    claim = pages["pages/claims/aerobic_lowers_liver_fat.html"]
    rows = next(block["rows"] for block in claim.json if "rows" in block)
    assert any(row["label"].startswith(HOSTILE) for row in rows)
    index = (explorer.pages / "assets/search.js").read_text(encoding="utf-8")
    assert "window.hacked" in index
    assert "</script" not in index


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example",
     "/etc/passwd", "file:///etc/passwd", " http://[", "vbscript:x", ""],
)  # fmt: skip
def test_other_addresses_are_no_links(address):
    assert web_link(address) is None


def test_the_numbers_of_a_claim_are_those_of_its_results(explorer, pages):
    claim = next(c for c in explorer.claims if c["claim"] == "aerobic_lowers_liver_fat")
    line = claim["lines"][0]
    text = "".join(pages["pages/claims/aerobic_lowers_liver_fat.html"].text)
    for value in (line["estimate"], line["ci_lower"], line["ci_upper"]):
        assert f"{value:.2f}".replace("-", "−") in text or f"{value:.1f}".replace("-", "−") in text
    rows = pages["pages/claims/aerobic_lowers_liver_fat.html"].json[0]["rows"]
    drawn = {row["trial"]: row["yi"] for row in rows if row["kind"] == "effect"}
    assert drawn == {e["trial_id"]: pytest.approx(e["yi"]) for e in line["effects"]}
    total = next(row for row in rows if row["kind"] == "total")
    assert total["yi"] == pytest.approx(line["estimate"])
    assert f"{100 * claim['multiverse_share']:.0f}%" in text


def test_an_untestable_claim_has_no_estimate_and_says_why(explorer, pages):
    page = pages["pages/claims/hiit_lowers_liver_fat.html"]
    text = " ".join("".join(page.text).split())
    assert "Untestable: 1 usable trial" in text
    assert not any(row["kind"] == "total" for row in page.json[0]["rows"])


def test_every_printed_row_stands_on_its_trials_page(explorer, pages):
    ledger = explorer.run.ledger
    for row_id, cells in explorer.run.raw_rows().items():
        if "/measurements.csv" not in row_id:
            continue
        page = pages[f"pages/trials/{page_name(cells['trial_id'])}.html"]
        assert "row-" + re.sub(r"[^A-Za-z0-9_-]", "-", row_id) in page.ids
        text = "".join(page.text)
        assert cells["as_reported"] in text
        assert row_id in text
        assert ledger.set_index("row_id").loc[row_id, "status"] in text


def test_a_trial_names_the_claims_that_use_it(explorer, pages):
    for name in explorer.records.trials:
        links = pages[f"pages/trials/{page_name(name)}.html"].links
        for claim in explorer.claims:
            used = any(
                effect["trial_id"] == name
                for line in claim["lines"]
                if line["status"] == "ok"
                for effect in line["effects"]
            )
            assert not used or f"../claims/{claim['claim']}.html" in links


def test_downloads_hold_the_trials_as_bibtex(explorer):
    text = (explorer.pages / "downloads/aerobic_lowers_liver_fat.bib").read_text(encoding="utf-8")
    assert set(re.findall(r"@article\{(\w+),", text)) == {"alpha2015", "beta2016", "gamma2017"}
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert r"\&" in text


def test_the_same_results_give_the_same_bytes(explorer, tmp_path):
    again = make_explorer(tmp_path / "again")
    files = {f.relative_to(explorer.folder) for f in explorer.folder.rglob("*") if f.is_file()}
    assert files == {f.relative_to(again.folder) for f in again.folder.rglob("*") if f.is_file()}
    for file in sorted(files):
        assert (explorer.folder / file).read_bytes() == (again.folder / file).read_bytes(), file


def test_a_changed_page_is_noticed(explorer, tmp_path):
    assert store.problem(explorer.index) == ""
    assert store.problem(explorer.pages) == ""
    listed = store.sidecar(explorer.pages).read_text(encoding="utf-8").splitlines()
    files = [file for file in explorer.pages.rglob("*") if file.is_file()]
    assert len(listed) == len(files)


def test_templates_of_charts_are_filled_whole_by_what_pages_give(pages):
    known = charts.templates()
    for page in pages.values():
        for block in page.json:
            for chart in block if isinstance(block, list) else [block]:
                used = set(re.findall(r'"(@\w+)"', json.dumps(known[chart["chart"]])))
                assert used - {"@ink", "@muted", "@paper"} == set(chart["values"])


def test_a_fitted_claim_shows_its_funnel(explorer):
    for claim in explorer.claims:
        shown = 'src="../downloads/funnel.svg"' in explorer.claim(claim["claim"])
        assert shown == bool(claim["bias"])


def test_a_flag_of_a_screen_stands_on_its_trial_and_on_claims_that_use_it(explorer, pages):
    using = [
        claim["claim"]
        for claim in explorer.claims
        if any(e["trial_id"] == "alpha2015" for e in primary_line(claim)["effects"])
    ]
    flagged = {f"pages/claims/{name}.html" for name in using} | {"pages/trials/alpha2015.html"}
    assert using
    for name, page in pages.items():
        if name.startswith("pages/claims") or name == "pages/trials/alpha2015.html":
            shown = "screens" in page.ids and "Grim" in " ".join(page.text)
            assert shown == (name in flagged), name
