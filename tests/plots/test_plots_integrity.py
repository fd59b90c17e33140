"""The figure of the research-integrity screens."""

from __future__ import annotations

import pandas as pd
import pytest
from figure_checks import assert_legible, marks, texts, words

from liverfit.plots.integrity import integrity_screens, integrity_table

SUMMARY = pd.DataFrame(
    [
        ("one", "First screen", 200, 100, 3, 2, 0.05),
        ("two", "Second screen", 40, 30, 0, 0, 0.0),
        ("three", "Third screen", 44, 0, 0, 0, None),
    ],
    columns=["screen", "label", "eligible", "checked", "notes", "concerns", "share_flagged"],
)
FLAGS = pd.DataFrame(
    [("one", "b2010", "note"), ("one", "c2011", "concern"), ("one", "b2010", "note"),
     ("one", "a2009", "note"), ("one", "c2011", "note")],
    columns=["screen", "trial_id", "severity"],
)  # fmt: skip


def test_trials_with_concerns_come_first():
    table = integrity_table(SUMMARY, FLAGS)
    assert list(table["trials_flagged"]) == ["c2011;a2009;b2010", "", ""]


def test_figure_shows_every_screen_and_what_could_not_be_told():
    fig = integrity_screens(integrity_table(SUMMARY, FLAGS))
    assert_legible(fig)
    assert {"First screen", "5 (5.0 %)", "c2011, a2009, b2010"} <= set(texts(fig))
    assert "none of 44 rows can be told" in words(fig)
    assert len(marks(fig, "concerns-")) == 1
    concerns, notes = marks(fig, "concerns-0")[0], marks(fig, "notes-0")[0]
    assert notes.get_width() == pytest.approx(1.5 * concerns.get_width())
    assert notes.get_hatch()  # not told by colour alone


def test_many_trials_are_cut_not_run_over():
    many = pd.DataFrame(
        [("one", f"somebody{i:04d}$<b>", "note") for i in range(60)], columns=FLAGS.columns
    )
    fig = integrity_screens(integrity_table(SUMMARY, many))
    assert_legible(fig)
    assert any(t.endswith("…") for t in texts(fig))


def test_without_any_flag():
    none = SUMMARY.assign(notes=0, concerns=0, share_flagged=0.0)
    assert_legible(integrity_screens(integrity_table(none, FLAGS[:0])))
