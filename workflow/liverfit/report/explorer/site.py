"""Writes the evidence explorer: the landing page, and a folder with all that it leads to."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import liverfit
from liverfit import store
from liverfit.claims.overview import primary_line
from liverfit.plots.scoreboard import scoreboard_table
from liverfit.plots.style import (
    MODALITY_COLOURS,
    VERDICTS,
    clean,
    headline,
    modality_label,
    modality_order,
    verdict_look,
)
from liverfit.report.explorer import charts, words
from liverfit.report.explorer.bias import bias_of_claim, overall_bias
from liverfit.report.explorer.bibtex import bibliography
from liverfit.report.explorer.claim import claim_page
from liverfit.report.explorer.network import Networks, listed, together
from liverfit.report.explorer.screens import screens_of, screens_of_line
from liverfit.report.explorer.trial import Records
from liverfit.report.html import html_environment

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent
STATIC = ("explorer.css", "explorer.js", "charts.js")
FARTHEST = 8.0
LIGHTER = 0.45
"""Share of white that a colour takes on a dark page."""


def build(
    index: Path,
    pages: Path,
    *,
    overview: pd.DataFrame,
    claims: list[dict],
    curves: dict[str, pd.DataFrame],
    records: Records,
    concordance: list[dict],
    figures: dict[str, dict[str, Path]],
    minimum_trials: int,
    networks: Networks,
    report: str = "",
) -> None:
    """Write the explorer.

    Parameters
    ----------
    index : the landing page, results/report/index.html
    pages : the folder of all other pages beside it, written as a whole
    overview : results/claims/claims.csv
    claims : the documents results/claims/{claim}.json, in the order of the overview
    curves : claim -> results/multiverse/curves/{claim}.csv
    records : the tables of the trials
    concordance : rows of results/concordance/concordance.csv
    figures : claim -> name of a download -> the figure or table that is copied
    minimum_trials : trials that a claim needs where its line says nothing else
    networks : the networks of modalities
    report : the printable report beside the landing page, or "" where there is none

    Raises
    ------
    liverfit.store.StoreError
        when a figure is not what was written
    """
    common = {
        "folder": pages.name,
        "version": liverfit.__version__,
        "networked": bool(networks.fitted),
    }
    shown = {claim["claim"]: claim for claim in claims}
    trials = [records.page(name) for name in records.trials]
    overall = overall_bias(records)
    nets = networks.pages(claims, set(records.trials))
    named = {net["id"]: net for net in nets}
    with store.folder(pages) as inside:
        for kind in ("claims", "trials", "networks", "downloads", "assets"):
            (inside / kind).mkdir()
        for claim in claims:
            name = claim["claim"]
            page = claim_page(
                claim, curves[name], records.conditions,
                [row for row in concordance if row["claim"] == name], overall,
            )  # fmt: skip
            page["judged"] = bias_of_claim(claim, records)
            page["screens"] = screens_of_line(records, page["leading"])
            page["downloads"] = _downloads(inside, claim, figures[name], records)
            page["networks"] = [
                named[net] for net in dict.fromkeys(line["network"] for line in page["lines"])
                if net in named
            ]  # fmt: skip
            _write(inside / f"claims/{name}.html", "claim.html.j2", root="../../", **common, **page)
        for page in trials:
            target = inside / f"trials/{words.page_name(page['id'])}.html"
            _write(target, "trial.html.j2", root="../../", **common, t=page,
                   screens=screens_of(records, page["id"]),
                   networks=networks.of_trial(nets, page["id"]))  # fmt: skip
        _write(inside / "trials.html", "trials.html.j2", root="../", **common,
               trials=[_listed(page) for page in trials])  # fmt: skip
        for net in nets:
            _write(
                inside / f"networks/{net['page']}.html",
                "network.html.j2",
                root="../../",
                **common,
                n=net,
                downloads=_copied(inside, networks.figures[net["id"]], "../"),
            )
        if nets:
            rows = [listed(*both) for both in zip(nets, networks.fitted, strict=True)]
            _write(inside / "networks.html", "networks.html.j2", root="../", **common,
                   networks=rows, profile=together(networks.profile),
                   downloads=_copied(inside, networks.together, ""))  # fmt: skip
        _assets(inside / "assets", _search(claims, trials, nets))
    store.write_text(
        index,
        _render(
            "index.html.j2", root="", **common, report=report,
            **_landing(overview, shown, minimum_trials),
            trial_count=len(records.trials),
            near=sum(len(claim["near_misses"]) for claim in claims),
        ),
    )  # fmt: skip


def _landing(overview: pd.DataFrame, claims: dict[str, dict], minimum_trials: int) -> dict:
    """The scoreboard: rows for the table, and those with an estimate for the chart."""
    table = scoreboard_table(overview, list(claims.values()), minimum_trials=minimum_trials)
    rows = []
    for order, row in enumerate(table.to_dict("records")):
        claim = claims[row["claim"]]
        line = primary_line(claim)
        rows.append(
            {
                **{key: row[key] for key in ("claim", "section", "statement", "verdict")},
                "order": order,
                "look": verdict_look(row["verdict"]),
                "certainty": claim["certainty"] or "",
                "estimate": row["estimate_text"],
                "unit": row["unit"],
                "outcome": row["outcome"],
                "k": line["k"],
                "n": words.count(line["n"]) if line["n"] else "–",
                "why": row["why"],
                "position": _finite(row["position"]),
                "lo": _finite(row["position_lower"]),
                "hi": _finite(row["position_upper"]),
                "href": f"claims/{row['claim']}.html",
            }
        )
    drawn = [row for row in rows if row["position"] is not None]
    reach = max([2.5, *(1.15 * abs(row["position"]) for row in drawn)])
    counts = Counter(row["verdict"] for row in rows)
    names = [*VERDICTS, *(name for name in counts if name not in VERDICTS)]
    return {
        "rows": rows,
        "sections": list(dict.fromkeys(row["section"] for row in rows)),
        "verdicts": [
            {"name": name, "look": verdict_look(name), "count": counts[name]} for name in names
        ],
        "chart": {
            "chart": "scoreboard",
            "values": {"@low": -min(reach, FARTHEST), "@high": min(reach, FARTHEST)},
            "frame": [],
            "rows": [
                {
                    **{key: row[key] for key in ("statement", "verdict", "section", "claim",
                                                 "order", "position", "lo", "hi", "href")},
                    "text": f"{row['outcome']}: {row['estimate']} {row['unit']}",
                }
                for row in drawn
            ],
        },
    }  # fmt: skip


def _finite(value: object) -> float | None:
    return None if value is None or value != value else float(value)


def _listed(page: dict) -> dict:
    """A trial as a row of the list of trials."""
    return {
        "id": page["id"],
        "page": words.page_name(page["id"]),
        "label": page["label"],
        "title": clean(page["row"]["title"]),
        "design": words.DESIGNS.get(page["row"]["design"], words.plain(page["row"]["design"])),
        "modalities": modality_order([arm["modality"] for arm in page["arms"]]),
        "arms": len(page["arms"]),
        "printed": sum(len(group["rows"]) for group in page["outcomes"]),
        "effects": len(page["effects"]),
        "claims": sum(entry["primary"] for entry in page["claims"]),
        "others": sum(not entry["primary"] for entry in page["claims"]),
    }


def _downloads(inside: Path, claim: dict, figures: dict[str, Path], records: Records) -> list[dict]:
    """Copy a claim's figures and tables, write the BibTeX of its trials, and list all of these."""
    name, found = claim["claim"], _copied(inside, figures, "../")
    used = {e["trial_id"] for line in claim["lines"] for e in line["effects"]}
    rows = [records.trials[trial] for trial in sorted(used) if trial in records.trials]
    if rows:
        file = f"{name}.bib"
        (inside / "downloads" / file).write_text(bibliography(rows), encoding="utf-8", newline="\n")
        title = f"Trials of all its lines, BibTeX ({len(rows)})"
        found.append({"title": title, "href": f"../downloads/{file}"})
    return found


def _copied(inside: Path, files: dict[str, Path], up: str) -> list[dict]:
    """Copy files to the downloads, and list them as seen from a page that is `up` from there."""
    for source in files.values():
        content = store.verify(source).read_bytes()
        (inside / f"downloads/{source.name}").write_bytes(content)
    return [
        {"title": title, "href": f"{up}downloads/{source.name}"} for title, source in files.items()
    ]


def _assets(folder: Path, search: list[dict]) -> None:
    """Style, scripts, the chart library and templates, and what the search looks through."""
    for name in STATIC:
        (folder / name).write_bytes((HERE / "static" / name).read_bytes())
    texts = {
        "colours.css": _colours(),
        "vega.js": _library(),
        "templates.js": f"window.LIVERFIT_CHARTS = {_json(charts.templates())};\n",
        "search.js": f"window.LIVERFIT_INDEX = {_json(search)};\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _search(claims: list[dict], trials: list[dict], networks: list[dict]) -> list[dict]:
    """Name, kind, place and further words of everything that can be found."""
    found = [
        {
            "kind": "claim",
            "name": clean(claim["statement"]),
            "href": f"claims/{claim['claim']}.html",
            "more": f"{claim['section']} · {claim['verdict']}",
            "words": words.plain(claim["claim"]),
        }
        for claim in claims
    ]
    found += [
        {
            "kind": "network",
            "name": f"Network: {net['outcome']}, {net['measure']}",
            "href": f"networks/{net['page']}.html",
            "more": "; ".join(node["label"] for node in net["nodes"]),
            "words": "network meta-analysis league table ranks P-score components inconsistency",
        }
        for net in networks
    ]
    for page in trials:
        row = page["row"]
        arms = modality_order([arm["modality"] for arm in page["arms"]])
        told = "; ".join(map(modality_label, arms))
        found.append(
            {
                "kind": "trial",
                "name": page["label"],
                "href": f"trials/{words.page_name(page['id'])}.html",
                "more": clean(row["title"]) or told,
                "words": " ".join(
                    clean(x) for x in (page["id"], row["doi"], row["pmid"], row["registry_id"],
                                       row["country"], row["condition"], row["population"], told)
                ),
            }
        )  # fmt: skip
    return found


def _colours() -> str:
    """The palette of the figures as custom properties, lighter on a dark page."""
    light = {f"mod-{name}": colour for name, colour in MODALITY_COLOURS.items()}
    light |= {f"verdict-{name}": look.colour for name, look in VERDICTS.items()}
    dark = {name: _mixed(colour) for name, colour in light.items()}

    def block(values: dict[str, str]) -> str:
        return "".join(f"--{name}:{value};" for name, value in values.items())

    marks = "".join(
        f'[data-modality="{name}"]{{--hue:var(--mod-{name})}}\n' for name in MODALITY_COLOURS
    )
    marks += "".join(
        f'[data-verdict="{name}"]{{--hue:var(--verdict-{name})}}\n' for name in VERDICTS
    )
    return (
        f":root{{{block(light)}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{block(dark)}}}}}\n{marks}"
    )


def _mixed(colour: str) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * LIGHTER):02X}" for part in parts)


@cache
def _library() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, from vl-convert."""
    import altair
    import vl_convert

    release = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=release)


@cache
def _environment() -> Environment:
    env = html_environment(HERE / "templates")
    env.policies["json.dumps_kwargs"] = {
        "sort_keys": True, "allow_nan": False, "separators": (",", ":"),
    }  # fmt: skip
    env.globals["look_of"] = verdict_look
    env.filters.update(row_id=_breakable, headline=headline)
    return env


def _breakable(row_id: object) -> Markup:
    """A row's id, escaped, that may be broken after a slash."""
    from markupsafe import Markup, escape

    return Markup("/<wbr>").join(escape(part) for part in clean(row_id).split("/"))


def _json(content: object) -> str:
    """JSON that is safe within a script, as Jinja's `tojson` writes it."""
    from jinja2.utils import htmlsafe_json_dumps

    return str(htmlsafe_json_dumps(content, **_environment().policies["json.dumps_kwargs"]))


def _render(template: str, **content: object) -> str:
    text = _environment().get_template(template).render(**content)
    return "\n".join(line for line in (x.rstrip() for x in text.splitlines()) if line) + "\n"


def _write(path: Path, template: str, **content: object) -> None:
    path.write_text(_render(template, **content), encoding="utf-8", newline="\n")
