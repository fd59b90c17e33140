"""Writes the printable report: title to references, every number from the files it is given."""

from __future__ import annotations

import base64
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import liverfit
from liverfit import store
from liverfit.claims.network.ranks import TAIL
from liverfit.claims.overview import primary_line
from liverfit.claims.risk_of_bias import DOMAINS, JUDGEMENTS, LABELS
from liverfit.plots.style import VERDICTS, clean, modality_label, modality_order, verdict_look
from liverfit.report.explorer import words
from liverfit.report.explorer.claim import claim_page
from liverfit.report.html import html_environment
from liverfit.report.printed.prisma import ITEMS

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

    from liverfit.report.explorer.network import Networks

HERE = Path(__file__).parent
UNTITLED = "liverfit: a reproducible evidence synthesis on exercise and liver fat"
GRAPH = "Network graph"
"""name of the figure of a network that the report shows"""


def write_report(
    path: str | Path,
    *,
    plan: dict[str, Any],
    outcomes: dict[str, dict],
    claims: list[dict],
    sections: dict[str, str],
    curves: dict[str, pd.DataFrame],
    tables: dict[str, list[dict]],
    networks: Networks,
    package: dict[str, Any],
    cited: dict[str, dict],
    citation: dict[str, Any] | None,
    figures: dict[str, Path | None],
    of_claims: dict[str, dict[str, Path]],
) -> None:
    """Write the report as one HTML file without scripts, to read and to print.

    Parameters
    ----------
    path : results/report/report.html
    plan : config as run
    outcomes : the entries of outcomes.yaml
    claims : the documents results/claims/{claim}.json, in the order of the plan
    sections : claim -> results/claims/{claim}.md
    curves : claim -> results/multiverse/curves/{claim}.csv
    tables : name -> rows: trials, arms, row_flow, screens, screened, correlations, agreement,
        concordance
    networks : the networks of the plan with what was written over them; the figure `GRAPH` of each
    package : results/datapackage.json
    cited : data set -> its dataset.yaml
    citation : CITATION.cff, or None where the project has none
    figures : name -> SVG of a figure about all claims, or None where the plan has none
    of_claims : claim -> name -> SVG of a figure of this claim

    Raises
    ------
    liverfit.store.StoreError
        when a figure is not what was written
    """
    trials = {row["trial_id"]: row for row in tables["trials"]}
    pooled = _pooled(claims)
    entries = [
        _claim(claim, sections[claim["claim"]], curves[claim["claim"]], of_claims[claim["claim"]])
        for claim in claims
    ]
    text = (
        _environment()
        .get_template("report.html.j2")
        .render(
            style=(HERE / "templates/report.css").read_text(encoding="utf-8"),
            plan=plan,
            used_outcomes=_outcomes(claims, outcomes),
            claims=entries,
            verdicts=_verdicts(claims),
            fitted=[entry for entry in entries if entry["fitted"]],
            pooled=[_trial(trials[name], tables["arms"]) for name in pooled if name in trials],
            n_trials=len(trials),
            correlations=_correlations(tables["correlations"], outcomes),
            agreement=_agreement(tables["agreement"]),
            row_flow=tables["row_flow"],
            screened=tables["screened"],
            concerns=[row for row in tables["screens"] if row["severity"] == "concern"],
            biases=_biases(claims),
            networks=_networks(networks, claims),
            rank_level=f"{100 * (1 - 2 * TAIL):g}%",
            n_reviews=len({row["review_id"] for row in tables["concordance"]}),
            made=package["liverfit"],
            cited=cited,
            citation=_citation(citation),
            figures={name: found and _embedded(found) for name, found in figures.items()},
            prisma=ITEMS,
        )
    )
    lines = (line.rstrip() for line in text.splitlines())
    store.write_text(path, "\n".join(line for line in lines if line) + "\n")


def _claim(claim: dict, section: str, curve: pd.DataFrame, figures: dict[str, Path]) -> dict:
    """A claim as the report tells it: that of its page in the explorer, in fewer parts."""
    page, leading = claim_page(claim, curve, {}, [], {}), primary_line(claim)
    fitted = leading["status"] == "ok"
    return {
        **{
            key: page[key] for key in ("claim", "look", "sentence", "numbers", "lines", "certainty")
        },
        "leading": leading,
        "fitted": fitted,
        "bias": page["bias"],
        "narrative": _prose(section),
        "figures": {name: _embedded(path) for name, path in figures.items()} if fitted else {},
    }


def _networks(networks: Networks, claims: list[dict]) -> list[dict]:
    """Each network as its page in the explorer tells it, the rank of a node beside its effect."""
    out = []
    for page, network in zip(networks.pages(claims, set()), networks.fitted, strict=True):
        ranks = {row["node"]: row for row in page["ranks"]["rows"]}
        nodes = [
            {**told, "rank": ranks.get(node["node"])}
            for told, node in zip(page["nodes"], network["nodes"], strict=True)
        ]
        facts = {name: {"told": told, "more": more} for name, told, more in page["numbers"]}
        figure = networks.figures[page["id"]][GRAPH]
        out.append(
            {
                **page,
                "nodes": nodes,
                "facts": facts,
                "figure": _embedded(figure) if page["graph"] else None,
            }
        )
    return out


def _prose(section: str) -> Markup:
    """A section of prose as HTML without its heading; what is not Markdown in it stays text."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    _, _, body = section.partition("\n")
    return Markup(MarkdownIt("commonmark", {"html": False}).render(body))


def _verdicts(claims: list[dict]) -> list[dict]:
    counts = Counter(claim["verdict"] for claim in claims)
    names = [*VERDICTS, *(name for name in counts if name not in VERDICTS)]
    return [{"name": x, "look": verdict_look(x), "count": counts[x]} for x in names]


def _primary(claims: list[dict]) -> list[dict]:
    return [line for claim in claims for line in claim["lines"] if line["role"] == "primary"]


def _pooled(claims: list[dict]) -> list[str]:
    """Trials with an effect in a primary line that was fitted."""
    lines = [line for line in _primary(claims) if line["status"] == "ok"]
    return sorted({effect["trial_id"] for line in lines for effect in line["effects"]})


def _outcomes(claims: list[dict], outcomes: dict[str, dict]) -> list[dict]:
    """Outcomes of the primary lines, as the plan has them, with the margins of these lines."""
    by_name: dict[str, dict] = {}
    for line in _primary(claims):
        entry = by_name.setdefault(line["outcome"], {"margins": set(), "lines": 0})
        entry["lines"] += 1
        if line["margin"] is not None:
            entry["margins"].add(f"{line['margin']:g} {line['unit']}")
    return [
        {
            "label": outcomes[name]["label"],
            "unit": outcomes[name]["unit"],
            "better": outcomes[name]["better"],
            "methods": [clean(x) for x in outcomes[name].get("methods", [])],
            "margins": sorted(entry["margins"]),
            "source": outcomes[name].get("margin_source", ""),
            "lines": entry["lines"],
        }
        for name, entry in by_name.items()
        if name in outcomes
    ]


def _trial(row: dict, arms: list[dict]) -> dict:
    """A trial as a row of the table of characteristics and as a reference."""
    own = [arm for arm in arms if arm["trial_id"] == row["trial_id"]]
    sizes = [n for n in (_first(arm["n_analysed"], arm["n_randomised"]) for arm in own) if n]
    weeks = sorted({arm["weeks"] for arm in own if _known(arm["weeks"])})
    address = f"https://doi.org/{clean(row['doi'])}" if clean(row["doi"]) else row["source_url"]
    return {
        "label": clean(row["label"]),
        "author": clean(row["first_author"]),
        "year": clean(row["year"]).removesuffix(".0"),
        "title": clean(row["title"]),
        "journal": clean(row["journal"]),
        "country": clean(row["country"]),
        "design": words.DESIGNS.get(row["design"], words.plain(row["design"])),
        "conditions": [words.condition_word(x) for x in clean(row["condition"]).split(";") if x],
        "arms": "; ".join(map(modality_label, modality_order([arm["modality"] for arm in own]))),
        "n": words.count(sum(sizes)) if sizes else "–",
        "weeks": "–".join(f"{x:g}" for x in dict.fromkeys((weeks[0], weeks[-1]))) if weeks else "–",
        "method": clean(row["liver_fat_method"]),
        "link": words.web_link(address),
    }


def _known(value: object) -> bool:
    return value is not None and value == value


def _first(*values: float | None) -> float | None:
    return next((x for x in values if _known(x)), None)


def _correlations(rows: list[dict], outcomes: dict[str, dict]) -> list[dict]:
    """The pre-post correlation that is imputed for each outcome with arms that tell one."""
    by_outcome: dict[str, list[dict]] = {}
    for row in rows:
        by_outcome.setdefault(row["outcome"], []).append(row)
    return [
        {
            "label": outcomes.get(name, {}).get("label", words.plain(name)),
            "arms": sum(bool(row["usable"]) for row in found),
            "imputed": f"{found[0]['imputed']:.2f}",
        }
        for name, found in sorted(by_outcome.items())
    ]


def _agreement(rows: list[dict]) -> dict:
    pairs, agree = (int(sum(row[key] for row in rows)) for key in ("n_pairs", "n_agree"))
    return {"pairs": pairs, "share": words.percent(agree / pairs) if pairs else ""}


def _biases(claims: list[dict]) -> list[dict]:
    """How often each domain has each judgement, over the trials and outcomes that were pooled."""
    judged: dict[tuple[str, str], dict] = {}
    for claim in claims:
        for line in claim["lines"]:
            if line["role"] != "primary" or line["status"] != "ok":
                continue
            found = claim["risk_of_bias"].get(line["outcome"], {})
            for trial in {effect["trial_id"] for effect in line["effects"]} & set(found):
                judged[trial, line["outcome"]] = found[trial]
    out = []
    for domain in (*DOMAINS, "overall"):
        told = Counter(
            entry["overall"] if domain == "overall" else entry["domains"][domain]["judgement"]
            for entry in judged.values()
            if domain == "overall" or domain in entry["domains"]
        )
        others = sorted(set(told) - set(JUDGEMENTS))
        counts = {name: told[name] for name in (*JUDGEMENTS, *others)}
        out.append({"title": LABELS[domain], "counts": counts})
    return out


def _citation(cff: dict[str, Any] | None) -> dict:
    """Authors, title, version and DOI to cite."""
    found = cff or {}
    authors = [
        clean(
            a.get("name") or " ".join(filter(None, (a.get("given-names"), a.get("family-names"))))
        )
        for a in found.get("authors", [])
    ]
    return {
        "authors": ", ".join(authors) or "The liverfit authors",
        "title": clean(found.get("title")) or UNTITLED,
        "version": clean(found.get("version")) or liverfit.__version__,
        "doi": clean(found.get("doi")),
        "licence": clean(found.get("license")),
    }


def _embedded(path: Path) -> str:
    """An SVG as an address that holds it; within an image nothing of it runs."""
    content = base64.b64encode(store.verify(path).read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{content}"


@cache
def _environment() -> Environment:
    env = html_environment(HERE / "templates")
    env.filters.update(figure=words.figure, web=words.web_link)
    return env
