"""Palette, text and saving: what every figure shares."""

from __future__ import annotations

import hashlib
import itertools
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
import synthetic_claims as made

from liverfit.plots import style
from liverfit.plots.forest import forest
from liverfit.plots.page import text_width, wrap
from liverfit.store import StoreError, verify

# Machado, Oliveira & Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1.0, linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TRAINING = ("aerobic", "hiit", "sit", "resistance", "combined")


def linear(colour):
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(rgb):
    xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ) @ np.clip(rgb, 0, 1)
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_trainings_are_told_apart_with_any_colour_vision(deficiency):
    matrix = np.asarray(DEFICIENCIES[deficiency])
    seen = {m: lab(matrix @ linear(style.MODALITY_COLOURS[m])) for m in TRAINING}
    for a, b in itertools.combinations(TRAINING, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 10, (a, b)


def test_every_modality_has_colour_words_and_a_marker_of_its_own():
    names = set(style.MODALITY_COLOURS)
    assert names == set(style.MODALITY_LABELS) == set(style.MODALITY_MARKERS)
    assert len(names) == 14
    assert len(set(style.MODALITY_COLOURS.values())) == 14
    assert len(set(style.MODALITY_MARKERS.values())) == 14


@pytest.mark.parametrize("verdict", style.VERDICTS)
def test_white_text_on_a_verdict_is_legible(verdict):
    """Contrast of at least 4.5 (WCAG 2.2, success criterion 1.4.3)."""
    assert 1.05 / (luminance(style.VERDICTS[verdict].colour) + 0.05) >= 4.5


@pytest.mark.parametrize("colour", [style.INK, style.MUTED])
def test_text_colours_are_legible_on_white_and_on_the_band(colour):
    for ground in ("white", style.BAND):
        assert (luminance(ground) + 0.05) / (luminance(colour) + 0.05) >= 4.5


def test_unknown_names_get_a_grey_look_not_an_error():
    assert style.modality_colour("juggling") == style.MODALITY_COLOURS["other"]
    assert style.modality_label("rope_skipping") == "Rope skipping"
    assert style.modality_order(["x", "hiit", "aerobic", "x"]) == ["aerobic", "hiit", "x"]
    assert style.verdict_look("maybe").word == "maybe"
    assert style.verdict_look(None).word == "no verdict"


def test_saving_writes_both_formats_with_checksums(tmp_path):
    paths = style.save_figure(forest(made.single()), tmp_path / "new" / "forest_a.b")
    assert [p.name for p in paths] == ["forest_a.b.svg", "forest_a.b.png"]
    for path in paths:
        assert verify(path) == path
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    assert len(list(paths[0].parent.iterdir())) == 4, "two figures, two checksums, no remains"


def test_the_same_claim_gives_the_same_bytes_and_no_date(tmp_path):
    digests = set()
    for name in ("a", "b"):
        svg, png = style.save_figure(forest(made.typical()), tmp_path / name)
        digests.add(tuple(hashlib.sha256(p.read_bytes()).hexdigest() for p in (svg, png)))
    assert len(digests) == 1
    assert "<dc:date>" not in svg.read_text()
    assert b"Matplotlib" not in png.read_bytes()


def test_svg_text_is_text_and_hostile_labels_stay_text(tmp_path):
    claim = made.single()
    claim["lines"][0]["effects"][0]["label"] = "<script>alert(1)</script> $\\frac{"
    claim["statement"] = "</title><script>alert(2)</script> & \x00 more"
    svg, _ = style.save_figure(forest(claim), tmp_path / "hostile")
    tree = ElementTree.parse(svg)
    names = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert "script" not in names
    shown = [e.text for e in tree.iter() if e.tag.endswith("}text")]
    assert any("<script>alert(1)</script> $\\frac{" in (t or "") for t in shown)
    title = next(e.text for e in tree.iter() if e.tag.endswith("}title"))
    assert title == "</title><script>alert(2)</script> & \ufffd more (inconclusive)"


def test_a_failed_save_leaves_the_old_figure(tmp_path, monkeypatch):
    svg, _ = style.save_figure(forest(made.single()), tmp_path / "f")
    before = svg.read_bytes()
    broken = forest(made.single())
    monkeypatch.setattr(broken, "savefig", lambda *a, **k: None)
    with pytest.raises(StoreError, match="nothing was written"):
        style.save_figure(broken, tmp_path / "f")
    assert svg.read_bytes() == before
    assert verify(svg) == svg


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\nc", "a b c"),
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (3, "3"),
        ("\x07", "\ufffd"),
    ],
)
def test_clean_gives_one_drawable_line(text, expected):
    assert style.clean(text) == expected


def test_wrap_keeps_within_the_width_and_loses_no_word():
    text = "one two three four five six seven " + "x" * 60
    lines = wrap(text, 1.2, 9)
    assert all(text_width(line, 9) <= 1.2 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrap_marks_what_it_left_out():
    lines = wrap("one two three four five six seven eight nine ten", 1.0, 9, max_lines=2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert text_width(lines[1], 9) <= 1.0
    assert wrap("", 1.0, 9) == [""]
