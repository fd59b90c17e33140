"""Networks in the printable report: each number is one of the files, and reasons are told."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from html import unescape

import pytest
from explorer_networks import Tables, labels_of
from explorer_parts import HOSTILE

from liverfit.plots.scales import Scale, signed
from liverfit.report.explorer.network import network_of
from liverfit.report.printed import report

FITTED = ("liver_fat_MD", "liver_fat_ROM")
NOT_FITTED = "vo2peak_MD"


def article(html: str, name: str) -> str:
    """The part of the report on one network."""
    return html.partition(f'<article id="network-{name}">')[2].partition("</article>")[0]


def facts(part: str) -> dict[str, str]:
    """What the list below the tables of a network tells."""
    told = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", part)
    return {name: unescape(re.sub(r"<[^>]+>", "", text)) for name, text in told}


def numbers(text: str, scale: Scale, *values: float) -> None:
    """That a text has these numbers, in this order, on the scale that readers see."""
    shown = re.findall(r"−?\d+(?:\.\d+)?", text)
    assert len(shown) == len(values), text
    for told, value in zip(shown, values, strict=True):
        assert told == signed(scale.shown(value), len(told.partition(".")[2]))


@pytest.fixture(scope="module")
def written(explorer) -> str:
    return (explorer.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def networks(explorer) -> dict[str, dict]:
    """The networks by name, as their files have them."""
    found = explorer.networks
    return dict(zip(found.figures, found.fitted, strict=True))


@pytest.fixture
def rewritten(explorer, tmp_path):
    """Write the report again with one network changed."""

    def write(name: str, change) -> str:
        sources = deepcopy(explorer.sources)
        change(sources["networks"].fitted[list(sources["networks"].figures).index(name)])
        report.write_report(tmp_path / "report.html", **sources)
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return write


def table(part: str, kind: str) -> list[list[dict]]:
    """A table of a network's article: its rows of cells."""
    tables = Tables(part).tables
    (name,) = [name for name in tables if name.startswith(kind)]
    return tables[name]


@pytest.mark.parametrize("name", FITTED)
def test_nodes_have_the_numbers_of_their_file(written, networks, name):
    network = networks[name]
    scale, labels = Scale.of(network), labels_of(network)
    effects = {e["node"]: e for e in network["effects"]}
    ranks = {r["node"]: r for r in network["ranks"]["nodes"]}
    body = table(article(written, name), "Nodes")[1:]
    assert len(body) == len(network["nodes"])
    for row, node in zip(body, network["nodes"], strict=True):
        label, people, trials, effect, prediction, p, p_score, rank = (
            " ".join(cell["parts"]) for cell in row
        )
        found, ranked = effects.get(node["node"]), ranks.get(node["node"])
        away = "" if node["connected"] else " not connected"
        assert label == labels[node["node"]] + away
        assert (people, trials) == (f"{node['participants']:.0f}", str(node["trials"]))
        if found:
            numbers(effect, scale, found["estimate"], found["ci_lower"], found["ci_upper"])
            assert float(p.lstrip("<")) == pytest.approx(found["pvalue"], abs=0.005)
        else:
            assert effect == ("reference" if node["node"] == network["reference"] else "–")
        if found and found["pi_lower"] is not None:
            numbers(prediction, scale, found["pi_lower"], found["pi_upper"])
        else:
            assert prediction == "–"
        assert p_score == (f"{ranked['p_score']:.2f}" if ranked else "–")
        assert rank == (
            f"{ranked['mean_rank']:.1f} ({ranked['rank_lower']} to {ranked['rank_upper']})"
            if ranked
            else "–"
        )
    assert effects
    assert ranks


@pytest.mark.parametrize("name", FITTED)
def test_the_league_table_holds_every_pair_once(explorer, written, networks, name):
    leagues = dict(zip(explorer.networks.figures, explorer.networks.leagues, strict=True))
    pairs = {(r["label1"], r["label2"]): r for r in leagues[name]}
    scale = Scale.of(networks[name])
    head, *body = table(article(written, name), "League table")
    columns = [cell["parts"][0] for cell in head[1:]]
    seen = set()
    for row in body:
        label = row[0]["parts"][0]
        cells = [cell for cell in row[1:] if cell["parts"]]
        for other, cell in zip(columns, cells, strict=False):
            r = pairs[label, other]
            told, interval, direct = cell["parts"]
            numbers(told, scale, r["estimate"])
            numbers(interval, scale, r["ci_lower"], r["ci_upper"])
            assert cell["bold"] == (r["ci_lower"] > 0 or r["ci_upper"] < 0)
            k = int(r["k_direct"])
            assert direct.split()[0] == (str(k) if k else "indirect")
            seen.add(frozenset((label, other)))
    assert seen == {frozenset(pair) for pair in pairs}


def test_heterogeneity_inconsistency_and_additivity_are_those_of_the_file(written, networks):
    network, told = networks["liver_fat_ROM"], facts(article(written, "liver_fat_ROM"))
    tested, added = network["inconsistency"], network["components"]["additivity"]
    assert told["Heterogeneity"].startswith(f"{network['heterogeneity']['tau']:.2g} τ")
    assert f"Q {tested['q']:.2f} on {tested['df']} df" in told["Inconsistency"]
    assert f"Q {added['q']:.2f} on {added['df']} df" in told["Additivity"]
    for name, found in (("Inconsistency", tested), ("Additivity", added)):
        assert float(told[name].split()[0]) == pytest.approx(found["pvalue"], abs=0.005)


ALTERED = {
    "tau": (("heterogeneity", "tau", 7.5), "Heterogeneity", "7.5 τ"),
    "q": (("inconsistency", "q", 98.765), "Inconsistency", "Q 98.77"),
    "p": (("inconsistency", "pvalue", 0.0321), "Inconsistency", "0.032 P"),
    "within": (("heterogeneity", "q_within_designs", 43.21), "Inconsistency", "Q 43.21"),
    "additivity": (("components", "additivity", "pvalue", 0.0654), "Additivity", "0.065 P"),
    "trial": (("trials", 1, "label", "Renamed 1999"), "Trials", "Renamed 1999"),
    "why additivity is untested": (
        ("components", "additivity", {"status": "not_run", "pvalue": None, "reason": "no parts"}),
        "Additivity", "cannot be tested: no parts",
    ),
    "why there are no components": (
        ("components", {"status": "not_run", "reason": "one part", "tau2": None, "additivity": None,
                        "df_residual": None, "components": [], "combinations": []}),
        "Additivity", "not fitted: one part",
    ),
    "why inconsistency is untested": (
        ("inconsistency", {"status": "not_run", "pvalue": None, "reason": "no loop", "df": 0}),
        "Inconsistency", "cannot be tested: no loop",
    ),
    "heterogeneity": (("heterogeneity", "estimable", False), "Heterogeneity", "cannot be"),
    "why there are no ranks": (("ranks", "reason", "no better side"), "Ranks", "No better side"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERED)
def test_a_line_that_changes_in_the_file_changes_in_the_report(name, written, rewritten):
    (*path, key, value), line, told = ALTERED[name]

    def change(network: dict) -> None:
        found = network
        for step in path:
            found = found[step]
        assert key in (found if isinstance(found, dict) else range(len(found)))
        found[key] = value

    before = facts(article(written, "liver_fat_ROM"))
    assert told not in before.get(line, "")
    after = facts(article(rewritten("liver_fat_ROM", change), "liver_fat_ROM"))
    assert told in after[line]


def test_a_network_that_could_not_be_fitted_says_why(written, networks):
    network, part = networks[NOT_FITTED], article(written, NOT_FITTED)
    assert network["status"] != "ok"
    assert network["reason"]
    assert "No network could be fitted." in part
    assert network["reason"].lower() in unescape(part).lower()
    assert "League table" not in part
    assert "<img" not in part
    assert not {"Heterogeneity", "Inconsistency", "Ranks"} & set(facts(part))


def test_a_warning_stands_with_its_network(written, rewritten):
    assert "too sure" not in article(written, "liver_fat_ROM")
    html = rewritten("liver_fat_ROM", lambda network: network.update(warning="it is too sure"))
    assert '<p class="note">It is too sure' in article(html, "liver_fat_ROM")


def test_each_network_has_its_figure_and_the_claims_that_use_it(explorer, written, networks):
    links = 0
    for name in networks:
        part = article(written, name)
        assert part.count("<img") == (name in FITTED)
        for claim in explorer.claims:
            uses = any(network_of(line) == name for line in claim["lines"])
            assert (f'href="#claim-{claim["claim"]}"' in part) == uses
            links += uses
    assert links == 2


def test_words_from_data_are_text(rewritten):
    def change(network: dict) -> None:
        network["warning"] = network["reason"] = HOSTILE
        for key in ("nodes", "trials"):
            network[key][0]["label"] = HOSTILE
        network["left_out"][0]["detail"] = HOSTILE
        for found in (network["inconsistency"], network["components"], network["ranks"]):
            found["reason"] = HOSTILE
        network["inconsistency"]["status"] = network["components"]["status"] = "not_run"

    html = rewritten("liver_fat_ROM", change)
    part = article(html, "liver_fat_ROM")
    assert "<script" not in html.lower()
    assert "<img src=x" not in html
    assert unescape(part).count("window.hacked=1</script>") >= 7


def test_a_plan_without_networks_says_so(explorer, tmp_path):
    none = replace(explorer.sources["networks"], fitted=[], leagues=[], figures={})
    report.write_report(tmp_path / "report.html", **{**explorer.sources, "networks": none})
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The plan asks for no network." in html
    assert '<article id="network-' not in html
