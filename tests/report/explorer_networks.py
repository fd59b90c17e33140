"""Networks for the small explorer, made up or of its three trials, and how tests read a page."""

from __future__ import annotations

import itertools
import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

from liverfit import store
from liverfit.claims.network.profile import benefit_profile
from liverfit.claims.network.results import build_network
from liverfit.claims.network.tables import league_table
from liverfit.claims.network.transitivity import modifiers, transitivity
from liverfit.plots.network import network_table
from liverfit.report.explorer.network import Networks
from pipeline import Run

FITTED = (("liver_fat", "MD"), ("vo2peak", "MD"))
"""Of the three trials: one network with three nodes, and one without any trial."""

LOOPS = (
    {"aerobic": -0.30, "control": 0.0},
    {"hiit": -0.42, "control": 0.05},
    {"resistance": -0.10, "control": 0.0},
    {"hiit": -0.35, "aerobic": -0.31, "control": 0.0},
    {"aerobic": -0.33, "resistance": -0.15},
    {"aerobic": -0.27, "control": 0.02},
    {"combined": -0.52, "control": 0.0},
    {"diet": -0.2, "control": 0.0},
    {"diet_plus_aerobic": -0.5, "diet_plus_resistance": -0.3},
)
"""Log ratios by arm of trials of their own; the last shares no node with the others."""


class Tables(HTMLParser):
    """Tables of a page by the label of their region: rows of cells, each text, bold, side."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables, self.name, self.cell = {}, None, None
        self.links, self.charts, self.script = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if found.get("role") == "region":
            self.name = found["aria-label"].removeprefix("Table: ")
            self.tables[self.name] = []
        if tag == "tr" and self.name:
            self.tables[self.name].append([])
        if tag in ("th", "td") and self.name:
            self.cell = {"parts": [], "bold": False, "side": found.get("data-side")}
            self.tables[self.name][-1].append(self.cell)
        if tag == "strong" and self.cell:
            self.cell["bold"] = True
        self.links += [found["href"]] if "href" in found else []
        self.script = tag == "script" and found.get("type") == "application/json"

    def handle_endtag(self, tag):
        self.cell = None if tag in ("th", "td") else self.cell
        self.name = None if tag == "table" else self.name
        self.script = False

    def handle_data(self, data):
        if self.script:
            self.charts.append(json.loads(data))
        elif self.cell is not None and data.strip():
            self.cell["parts"].append(data.strip())

    def text(self, name: str) -> list[list[str]]:
        return [[" ".join(cell["parts"]) for cell in row] for row in self.tables[name]]


def labels_of(network: dict) -> dict[str, str]:
    return {n["node"]: n["label"] for n in network["nodes"]}


def made_up_effects(pattern: dict, label: str) -> pd.DataFrame:
    """All contrasts of the arms of `LOOPS` as rows of effects.csv, in the columns of `pattern`."""
    rows = []
    for number, arms in enumerate(LOOPS):
        for one, two in itertools.combinations(arms, 2):
            trial = f"loop{number}"
            rows.append(
                {
                    **pattern, "effect_id": f"{trial}:{one}-vs-{two}:liver_fat:ROM",
                    "trial_id": trial, "cohort_id": trial, "label": label if not number else trial,
                    "arm_id": one, "comparator_arm_id": two, "modality": one,
                    "comparator_modality": two, "measure": "ROM", "yi": arms[one] - arms[two],
                    "vi": 0.03, "v_arm": 0.015, "v_comparator": 0.015, "n1": 20 + number,
                    "n2": 20, "source_rows": f"mini/measurements.csv:{number + 2}",
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(pattern))


def networks_of(run: Run, root: Path, label: str) -> Networks:
    """The networks and tables over them, each through a file as the rules hand them over.

    Parameters
    ----------
    run : the three trials
    root : where the files are written
    label : of one trial of the made-up network
    """
    plan, outcomes = run.config["config"], run.config["outcomes"]
    settings = {key: plan[key] for key in ("models", "primary", "networks")}
    settings["networks"] = {**settings["networks"], "draws": 500}
    effects = run.derived.effects
    invented = made_up_effects(effects.iloc[0].to_dict(), label)
    built = [build_network(effects, *asked, outcomes, settings) for asked in FITTED]
    built.append(build_network(invented, "liver_fat", "ROM", outcomes, settings))
    known = modifiers(run.harmonized.trials, run.harmonized.arms, run.harmonized.measurements,
                      effects)  # fmt: skip
    trials = {trial for net in built for edge in net["edges"] for trial in edge["trials"]}
    known |= {t: {"age": 40.0 + int(t[-1])} for t in sorted(trials - set(known))}
    tables = {
        "transitivity": transitivity(built, known),
        "benefit_profile": benefit_profile([built[0], built[1]], seed=1),
    }
    figure = root / "network.svg"
    store.write_text(figure, "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    figures = {}
    for net in built:
        name = f"{net['outcome']}_{net['measure']}"
        store.write_json(root / f"{name}.json", net)
        store.write_table(root / f"league_{name}.csv", league_table(net))
        store.write_table(root / f"network_{name}.csv", network_table(net))
        figures[name] = {
            "Network graph, SVG": figure,
            "Network graph, its numbers, CSV": root / f"network_{name}.csv",
            "League table, CSV": root / f"league_{name}.csv",
            "The whole network, JSON": root / f"{name}.json",
        }
    for name, table in tables.items():
        store.write_table(root / f"{name}.csv", table)
    read = {name: store.read_table(root / f"{name}.csv").to_dict("records") for name in tables}
    return Networks(
        [store.read_json(root / f"{name}.json") for name in figures],
        [store.read_table(root / f"league_{name}.csv").to_dict("records") for name in figures],
        read["transitivity"],
        read["benefit_profile"],
        figures,
        {"Ranks with their uncertainty, SVG": figure,
         "Transitivity, CSV": root / "transitivity.csv"},
    )  # fmt: skip
