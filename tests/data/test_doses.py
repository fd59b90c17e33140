"""Weekly minutes, hormones and labels read from printed text."""

from __future__ import annotations

import pytest
from harmonize_parts import config

from liverfit.data.doses import agent_of, label_of, minutes_per_week, number


@pytest.mark.parametrize(
    ("text", "value"),
    [("45", 45.0), ("45-60", 52.5), (">=5", 5.0), ("~60", 60.0), ("3.35", 3.35), ("", None),
     ("20, +5 each week", None), ("175 min/wk", None)],
)  # fmt: skip
def test_number(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    ("sessions", "minutes", "intensity", "weekly"),
    [
        ("3", "45", "70% HRmax", 135.0),
        ("3-5", "30-45", "", 150.0),  # 4 x 37.5
        ("", "175 min/wk", "moderate", 175.0),
        ("", "", "moderate, 175 min/wk", 175.0),
        ("", "", "total 40 min per week", 40.0),
        ("1", "60", "low, 60 min per week", 60.0),
        ("2", "", "2 h 30 min per week", 150.0),
        ("4", "", "moderate, 3.5-6 h/wk", 285.0),  # 4.75 h
        ("3", "30", "30 min aerobic x3 + 60 min/wk resistance", 150.0),  # 3 x 30 + 60
        ("3", "", "20-40 min", None),
        ("", "57", "60% VO2peak", None),
        ("", "", "", None),
    ],
)
def test_minutes_per_week(sessions, minutes, intensity, weekly):
    row = {"sessions_per_week": sessions, "minutes_per_session": minutes, "intensity": intensity}
    assert minutes_per_week(row) == weekly


@pytest.mark.parametrize(
    ("modality", "label", "agent"),
    [
        ("drug", "testosterone undecanoate 1000 mg / 12 wk", "testosterone"),
        ("drug", "LPCN 1144 oral testosterone prodrug", "testosterone"),
        ("drug", "rhGH 0.7 mg/d", "gh"),
        ("drug", "r-hGH 4 mg daily 12 wk", "gh"),
        ("drug", "GH + pioglitazone", "gh_plus"),
        ("drug", "pioglitazone 30 mg/d + placebo", "other_agent"),
        ("drug", "testosterone gel 5 or 10 g/d, no GH", "testosterone"),
        ("drug", "testosterone gel 5 or 10 g/d + rhGH 3 or 5 ug/kg/d", "gh_plus"),
        ("drug", "testosterone, no exercise", "testosterone"),
        ("drug", "tesamorelin 2 mg sc daily", "ghrh_analogue"),
        ("drug", "pegvisomant started", "other_agent"),
        ("drug", "vitamin D", "other_agent"),
        ("drug_plus_exercise", "GH 12.5-24 + resistance exercise", "gh"),
        ("placebo", "placebo gel (testosterone trial)", ""),
        ("resistance", "placebo + weight lifting", ""),
    ],
)
def test_agent_of_an_arm(modality, label, agent):
    row = {"modality": modality, "arm_label": label}
    assert agent_of(row, config("modalities")["agents"]) == agent


@pytest.mark.parametrize(
    ("author", "year", "label"),
    [("Keating", "2015", "Keating 2015"), ("Keating", "", "Keating"), ("", "2019", "t1 (2019)"),
     ("", "", "t1")],
)  # fmt: skip
def test_label_of_a_trial(author, year, label):
    assert label_of({"trial_id": "t1", "first_author": author, "year": year}) == label
