"""Risk of bias on the page of a claim: the judgements of the table, outcome by outcome."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
from explorer_networks import Tables

from liverfit.claims.risk_of_bias import DOMAINS
from liverfit.plots.risk_of_bias import LIGHTS
from liverfit.report.explorer.bias import bias_of_claim, overall_bias

CLAIM = "exercise_lowers_liver_fat"


@pytest.fixture(scope="module")
def judged(explorer) -> dict[tuple[str, str], str]:
    """{(trial, domain): judgement} on liver fat."""
    table = explorer.run.risk_of_bias
    rows = table[table["outcome"] == "liver_fat"].to_dict("records")
    return {(row["trial_id"], row["domain"]): row["judgement"] for row in rows}


def test_every_trial_of_an_outcome_stands_with_its_judgement_by_domain(explorer, judged):
    claim = next(c for c in explorer.claims if c["claim"] == CLAIM)
    trials = {e["trial_id"]: e["label"] for e in claim["lines"][0]["effects"]}
    page = Tables(explorer.claim(CLAIM))
    head, *body = page.text("Risk of bias on Liver fat")
    assert len(head) == 2 + len(DOMAINS)
    shown = {row[0]: row[1:] for row in body}
    assert set(shown) == set(trials.values())
    for trial, label in trials.items():
        for domain, cell in zip((*DOMAINS, "overall"), shown[label], strict=True):
            word = judged[trial, domain]
            assert cell == f"{LIGHTS[word].sign} {word.replace('_', ' ')}"
    reasons = page.text("Reasons of the judgements on Liver fat")[1:]
    assert len(reasons) == len(trials) * (1 + len(DOMAINS))
    assert all(row[3] for row in reasons)


def test_domains_on_which_the_data_carry_nothing_are_named(explorer):
    claim = next(c for c in explorer.claims if c["claim"] == CLAIM)
    (found,) = bias_of_claim(claim, explorer.records)
    silent = Counter(cell["told"] for row in found["rows"] for cell in row["cells"][:-1])[
        "no information"
    ]
    assert sum(len(entry["trials"]) for entry in found["unknown"]) == silent
    assert sum(entry["k"] for entry in found["counts"]) == len(found["rows"])
    text = " ".join(explorer.claim(CLAIM).split())
    assert ("The data carry nothing on:" in text) == bool(silent)


def test_a_silent_domain_a_trial_without_judgement_and_an_outcome_without_trials_are_told(explorer):
    """On tables changed to be so."""
    claim = next(c for c in explorer.claims if c["claim"] == CLAIM)
    line = claim["lines"][0]
    rows = explorer.records.by_trial["risk_of_bias"]
    names = sorted({e["trial_id"] for e in line["effects"]})
    silent = [{**row, "judgement": "no_information"} for row in rows[names[0]]]
    changed = SimpleNamespace(by_trial={"risk_of_bias": {names[0]: silent}})
    other = {**line, "name": "fitness", "outcome": "vo2peak", "outcome_label": "VO2peak",
             "effects": []}  # fmt: skip
    loose = {**line["effects"][0], "trial_id": "loose1", "label": "Loose 1"}
    also = {**line, "name": "loose", "role": "sensitivity", "effects": [loose]}
    found, empty = bias_of_claim({**claim, "lines": [line, other, also]}, changed)
    assert [row["page"] for row in found["rows"]] == [names[0]]
    assert [len(entry["trials"]) for entry in found["unknown"]] == [1] * len(DOMAINS)
    assert "Loose 1" in found["unrated"]
    assert len(found["unrated"]) == len(names)
    assert empty["rows"] == []
    assert empty["outcome"] == "VO2peak"
    assert overall_bias(changed) == {
        row["outcome"]: {names[0]: "no_information"} for row in rows[names[0]]
    }
