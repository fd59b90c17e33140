"""Stored files: whole or absent, same bytes for the same content, refused when changed."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverfit import store
from liverfit.store import StoreError


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "trial_id": ["007", "NA", ""],
            "yi": [0.1 + 0.2, -1e-300, np.nan],
            "n": [12, 30, 7],
            "whole": [3.0, 4.0, np.nan],
            "randomised": [True, False, True],
            "note": ['a "quoted", cell', "line\nbreak", "τ² ≤ 1"],
        }
    )


def test_table_reads_back_equal(tmp_path, frame):
    store.write_table(tmp_path / "t.csv", frame)
    back = store.read_table(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)
    assert list(back["trial_id"]) == ["007", "NA", ""]
    assert back["n"].dtype == "int64"
    assert back["randomised"].dtype == bool


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_survives(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("floats") / "t.csv"
    store.write_table(path, pd.DataFrame({"x": values, "i": range(len(values))}))
    assert store.read_table(path)["x"].tolist() == values


def test_columns_without_a_value_keep_their_type(tmp_path):
    frame = pd.DataFrame({"a": ["x"], "text": [""], "number": [np.nan], "none": [None]})
    store.write_table(tmp_path / "t.csv", frame)
    back = store.read_table(tmp_path / "t.csv")
    assert back["text"].tolist() == [""]
    assert math.isnan(back["number"][0])
    assert back["none"].tolist() == [""]


def test_numbers_with_gaps_as_objects_come_back_as_numbers(tmp_path):
    store.write_table(
        tmp_path / "t.csv", pd.DataFrame({"a": [1, 2], "x": [None, 2.5]}, dtype=object)
    )
    assert store.read_table(tmp_path / "t.csv")["x"].isna().tolist() == [True, False]
    assert store.column_types(tmp_path / "t.csv") == {"a": "number", "x": "number"}


def test_table_without_rows(tmp_path):
    store.write_table(tmp_path / "t.csv", pd.DataFrame(columns=["a", "b"]))
    back = store.read_table(tmp_path / "t.csv")
    assert list(back.columns) == ["a", "b"]
    assert len(back) == 0


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "twice"),
        (pd.DataFrame({"ids": [["x", "y"]]}), "lists"),
    ],
)
def test_a_table_that_would_not_read_back_is_refused(tmp_path, frame, said):
    with pytest.raises(StoreError, match=said):
        store.write_table(tmp_path / "t.csv", frame)
    assert list(tmp_path.iterdir()) == []


def test_json_is_sorted_and_plain(tmp_path):
    content = {"b": np.float64(0.1), "a": [np.int64(3), float("nan"), None, np.array([1.5])]}
    store.write_json(tmp_path / "c.json", content)
    text = (tmp_path / "c.json").read_text()
    assert text.index('"a"') < text.index('"b"')
    assert store.read_json(tmp_path / "c.json") == {"a": [3, None, None, [1.5]], "b": 0.1}


@pytest.mark.parametrize(("value", "said"), [(math.inf, "infinite"), (object(), "object")])
def test_json_says_where_a_value_does_not_fit(tmp_path, value, said):
    with pytest.raises(StoreError, match=rf"\$\.lines\[0\]\.tau2.*{said}"):
        store.write_json(tmp_path / "c.json", {"lines": [{"tau2": value}]})
    assert list(tmp_path.iterdir()) == []


def test_the_same_content_gives_the_same_bytes(tmp_path, frame):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        store.write_table(tmp_path / name / "t.csv", frame)
        store.write_json(tmp_path / name / "c.json", {"y": 2, "x": 1})
    for file in ("t.csv", "t.csv.sha256", "c.json", "c.json.sha256"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_sidecar_satisfies_sha256sum(tmp_path, frame):
    store.write_table(tmp_path / "t.csv", frame)
    subprocess.run(
        ["sha256sum", "--check", "--strict", "t.csv.sha256"],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def test_changed_file_is_refused(tmp_path, frame):
    path = tmp_path / "t.csv"
    store.write_table(path, frame)
    old = path.stat()
    path.write_text(path.read_text().replace("30", "31"))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    with pytest.raises(StoreError, match=r"t\.csv: the content was changed.*rm "):
        store.read_table(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_text(""), "empty"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "changed"),
        (lambda path: store.sidecar(path).unlink(), "checksum c.json.sha256 is missing"),
        (lambda path: store.sidecar(path).write_text("nonsense"), "changed"),
    ],
)
def test_every_kind_of_damage_is_named(tmp_path, spoil, said):
    path = tmp_path / "c.json"
    store.write_json(path, {"some": "content"})
    assert store.problem(path) == ""
    spoil(path)
    assert said in store.problem(path)
    with pytest.raises(StoreError):
        store.read_json(path)


def test_a_failing_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "c.json"
    store.write_json(path, {"version": 1})

    def write_half():
        with store.atomic(path) as beside:
            beside.write_text("{")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert store.read_json(path) == {"version": 1}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.json", "c.json.sha256"]


def test_an_empty_file_is_not_stored(tmp_path):
    with pytest.raises(StoreError, match="nothing was written"), store.atomic(tmp_path / "x") as p:
        p.touch()
    assert list(tmp_path.iterdir()) == []


def test_stale_lists_only_what_is_ours_and_no_longer_expected(tmp_path):
    for name in ("kept", "gone"):
        store.write_json(tmp_path / "claims" / f"{name}.json", {})
    foreign = tmp_path / "README.md"
    foreign.write_text("mine")
    orphan = tmp_path / "claims" / "lost.json.sha256"
    orphan.write_text("x")
    left = tmp_path / "claims" / ".kept.123.part.json"
    left.write_text("{")
    found = store.stale(tmp_path, [tmp_path / "claims" / "kept.json"])
    gone = tmp_path / "claims" / "gone.json"
    assert found == sorted([gone, store.sidecar(gone), orphan, left])


def test_import_does_not_load_pandas():
    code = (
        "import sys, liverfit.store, liverfit.job, liverfit.sources; print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_json_keeps_text_as_it_is(tmp_path):
    store.write_json(tmp_path / "c.json", {"label": "τ² <b>"})
    assert json.loads((tmp_path / "c.json").read_bytes()) == {"label": "τ² <b>"}
    assert "τ²" in (tmp_path / "c.json").read_text(encoding="utf-8")


def test_a_folder_is_whole_or_as_it_was(tmp_path):
    place = tmp_path / "pages"
    with store.folder(place) as inside:
        (inside / "claims").mkdir()
        (inside / "claims/a.html").write_text("a")
        (inside / "b.html").write_text("b")
    before = store.sidecar(place).read_text()
    assert [line.split("  ")[1] for line in before.splitlines()] == [
        "pages/b.html",
        "pages/claims/a.html",
    ]

    def cut_off():
        with store.folder(place) as inside:
            (inside / "b.html").write_text("other")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    with pytest.raises(StoreError, match="nothing was written"), store.folder(place):
        pass
    assert (place / "b.html").read_text() == "b"
    assert store.sidecar(place).read_text() == before
    (place / ".snakemake_timestamp").touch()  # Snakemake dates a folder in this way
    assert store.problem(place) == ""
    assert sorted(tmp_path.iterdir()) == [place, store.sidecar(place)]


@pytest.mark.parametrize("fault", ["changed", "added", "removed", "sidecar"])
def test_a_fault_in_a_folder_is_named(tmp_path, fault):
    place = tmp_path / "pages"
    with store.folder(place) as inside:
        (inside / "a.html").write_text("a")
        (inside / "b.html").write_text("b")
    if fault == "sidecar":
        store.sidecar(place).unlink()
        assert "pages.sha256 are missing" in store.problem(place)
        return
    name = "c.html" if fault == "added" else "b.html"
    if fault == "removed":
        (place / name).unlink()
    else:
        (place / name).write_text("other")
    assert f"pages/{name}: changed, added or removed" in store.problem(place)


def test_a_folder_that_is_no_longer_asked_for_is_stale(tmp_path):
    for name in ("kept", "gone"):
        with store.folder(tmp_path / name) as inside:
            (inside / "x").mkdir()
            (inside / "x/a.html").write_text("a")
    left = tmp_path / ".kept.99.part/x"
    left.mkdir(parents=True)
    (left / "b.html").write_text("b")
    assert store.stale(tmp_path, [tmp_path / "kept"]) == [
        left / "b.html",
        tmp_path / "gone/x/a.html",
        tmp_path / "gone.sha256",
    ]
