"""Each kind of bad input gets a finding at its exact place, and all of them at once."""

from __future__ import annotations

import os

import pytest
from small_dataset import Folder, measurement, places

from liverfit.data.dataset import load_dataset


def test_valid_folder_has_no_findings(folder: Folder) -> None:
    dataset = folder.load()
    assert dataset.findings == []
    assert dataset.ok
    assert dataset.tables["measurements"]["row_id"].tolist() == [
        f"mini/measurements.csv:{line}" for line in (2, 3, 4, 5)
    ]


def only_error(folder: Folder) -> str:
    """Return the single error as text."""
    errors = folder.load().errors
    assert len(errors) == 1, [str(error) for error in errors]
    return str(errors[0])


def test_negative_sd(folder: Folder) -> None:
    folder.lines["measurements"][2] = measurement(arm_id="con", spread="-2.1")
    assert only_error(folder) == (
        "data/raw/mini/measurements.csv:3: spread: '-2.1' is negative; "
        "expected a number of at least 0; "
        "check it against the source; leave it empty if not printed"
    )


def test_arm_that_is_not_in_arms(folder: Folder) -> None:
    folder.lines["measurements"][1] = measurement(arm_id="hiit")
    assert only_error(folder) == (
        "data/raw/mini/measurements.csv:2: arm_id: arm 'hiit' of trial 'alpha2015' is not in "
        "arms.csv; expected an arm of this trial (con, ex); add the arm to arms.csv or correct "
        "arm_id"
    )


def test_trial_that_is_not_in_trials(folder: Folder) -> None:
    del folder.lines["trials"][2]
    assert places(folder.findings()) == [("arms.csv", 4, "trial_id"), ("arms.csv", 5, "trial_id")]


def test_measurement_of_unknown_trial(folder: Folder) -> None:
    folder.lines["measurements"][4] = measurement(trial_id="gamma2017")
    text = only_error(folder)
    assert text.startswith("data/raw/mini/measurements.csv:5: trial_id: trial 'gamma2017'")


def test_trial_without_arms_is_a_warning(folder: Folder) -> None:
    folder.lines["arms"] = folder.lines["arms"][:3]
    folder.lines["measurements"] = folder.lines["measurements"][:3]
    dataset = folder.load()
    assert dataset.ok
    assert places(dataset.findings, "warning") == [("trials.csv", 3, "trial_id")]


def test_comparator_unknown_or_the_arm_itself(folder: Folder) -> None:
    contrast = {"timepoint": "contrast", "center": "-2.0"}
    folder.lines["measurements"] += [
        measurement(**contrast, comparator_arm_id="nobody"),
        measurement(**contrast, comparator_arm_id="ex"),
    ]
    assert places(folder.findings()) == [
        ("measurements.csv", 6, "comparator_arm_id"),
        ("measurements.csv", 7, "comparator_arm_id"),
    ]


def test_duplicated_key_names_both_lines(folder: Folder) -> None:
    folder.lines["trials"].append(folder.lines["trials"][1])
    folder.lines["arms"].append(folder.lines["arms"][3])
    folder.lines["measurements"].append(measurement(center="-9.9"))
    found = [str(error) for error in folder.load().errors]
    assert len(found) == 3
    assert found[0].startswith(
        "data/raw/mini/trials.csv:4: trial_id: the record repeats the key of line 2 "
        "(trial_id='alpha2015')"
    )
    assert "arms.csv:6: arm_id: the record repeats the key of line 4" in found[1]
    assert "measurements.csv:6: trial_id: the record repeats the key of line 2" in found[2]


def test_same_cell_by_two_extractors_is_no_duplicate(folder: Folder) -> None:
    folder.lines["measurements"].append(measurement(extractor="E2"))
    assert folder.findings() == []


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"n": "0"}, "n"),
        ({"n": "-3"}, "n"),
        ({"n": "17.5"}, "n"),
        ({"center": "-3,2"}, "center"),
        ({"center": "inf"}, "center"),
        ({"center": "NaN"}, "center"),
        ({"center": "1e308"}, "center"),
        ({"center": "3.2 kg"}, "center"),
        ({"center": "<5"}, "center"),
        ({"spread": "0x1f"}, "spread"),
        ({"timepoint": "endline"}, "timepoint"),
        ({"spread_type": "SD"}, "spread_type"),
        ({"spread_type": "none"}, "spread_type"),
        ({"p_value": "1.5", "p_scope": "within"}, "p_value"),
        ({"outcome": "liver fat"}, "outcome"),
        ({"outcome": ""}, "outcome"),
        ({"trial_id": ""}, "trial_id"),
        ({"week": "-4"}, "week"),
        ({"unit": "percent_relative", "center": "-120"}, "center"),
        ({"center_type": "percent_change", "center": "-100.5"}, "center"),
        ({"spread_type": "ci95", "spread": "", "lower": "-1", "upper": "-5"}, "lower"),
    ],
)
def test_bad_cell_is_located(folder: Folder, cells: dict[str, str], column: str) -> None:
    quoted = {k: f'"{v}"' if "," in v else v for k, v in cells.items()}
    folder.lines["measurements"].insert(2, measurement(**quoted))
    del folder.lines["measurements"][1]
    assert places(folder.findings()) == [("measurements.csv", 2, column)]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"spread_type": "ci95", "spread": "", "lower": "-3", "upper": "-1"}, "center"),
        ({"spread_type": "ci95", "spread": "", "lower": "-4"}, "upper"),
        ({"spread_type": "none", "spread": "", "lower": "-4", "upper": "-1"}, "spread_type"),
        ({"spread": ""}, "spread"),
        ({"spread": "0"}, "spread"),
        ({"unit": ""}, "unit"),
        ({"center_type": ""}, "center_type"),
        ({"n": "21"}, "n"),
        ({"timepoint": "baseline", "center": "9"}, "week"),
        ({"timepoint": "post", "center": "104"}, "center"),
        ({"timepoint": "contrast"}, "comparator_arm_id"),
        ({"center": "", "center_type": "", "spread": "", "spread_type": ""}, "center"),
        ({"doi": "doi:10.1/x"}, "doi"),
    ],
)
def test_doubtful_cell_is_a_warning(folder: Folder, cells: dict[str, str], column: str) -> None:
    center = cells.get("center", "-3.5")
    folder.lines["measurements"][1] = measurement(**{**cells, "center": center})
    dataset = folder.load()
    assert dataset.errors == []
    assert places(dataset.findings, "warning") == [("measurements.csv", 2, column)]


def test_contrast_of_relative_changes_may_pass_minus_100(folder: Folder) -> None:
    folder.lines["measurements"].append(
        measurement(
            timepoint="contrast", comparator_arm_id="con", unit="percent_relative", center="-130"
        )
    )
    assert folder.findings() == []


def test_missing_column(folder: Folder) -> None:
    header = folder.lines["measurements"][0].split(",")
    at = header.index("spread_type")
    folder.lines["measurements"] = [
        ",".join(cells[:at] + cells[at + 1 :])
        for cells in (line.split(",") for line in folder.lines["measurements"])
    ]
    text = only_error(folder)
    assert text.startswith(
        "data/raw/mini/measurements.csv:1: spread_type: column spread_type is missing; "
        "expected the columns trial_id, arm_id,"
    )
    assert text.endswith("add the column spread_type")


def test_missing_key_column_is_reported_once(folder: Folder) -> None:
    folder.lines["arms"] = [line.split(",", 1)[1] for line in folder.lines["arms"]]
    assert places(folder.findings()) == [("arms.csv", 1, "trial_id")]


def test_unknown_duplicated_and_misordered_columns(folder: Folder) -> None:
    arms = folder.lines["arms"]
    arms[0] = arms[0].replace("modality", "Modality").replace("intensity", "weeks")
    dataset = folder.load()
    assert places(dataset.errors) == [
        ("arms.csv", 1, "Modality"),
        ("arms.csv", 1, "weeks"),
        ("arms.csv", 1, "modality"),
        ("arms.csv", 1, "intensity"),
    ]
    assert "did you mean modality?" in "\n".join(map(str, dataset.errors))


def test_misordered_columns_are_read_by_name(folder: Folder) -> None:
    upright = folder.load().tables["arms"]
    folder.lines["arms"] = [",".join(reversed(line.split(","))) for line in folder.lines["arms"]]
    dataset = folder.load()
    assert dataset.ok
    assert places(dataset.findings, "warning") == [("arms.csv", 1, "lead_extractor")]
    assert dataset.tables["arms"].equals(upright)


def test_latin_1_file(folder: Folder) -> None:
    folder.build()
    line = folder.lines["arms"][4].replace(",con,exercise,", ",diet,diète,")
    folder.lines["arms"].append(line)
    folder.write("arms.csv", ("\n".join(folder.lines["arms"]) + "\n").encode("latin-1"))
    errors = load_dataset(folder.path).errors
    assert [str(error) for error in errors] == [
        "data/raw/mini/arms.csv:6: arm_label: byte 0xE8 is not UTF-8 (in Windows-1252 it would be "
        "'è'); expected UTF-8; save the file as UTF-8 (in a spreadsheet: Save as, CSV UTF-8), or "
        "declare its encoding (windows-1252 or latin-1) in dataset.yaml"
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_wide_encodings(folder: Folder, encoding: str) -> None:
    folder.build()
    folder.write("arms.csv", "\n".join(folder.lines["arms"]).encode(encoding))
    errors = load_dataset(folder.path).errors
    assert places(errors) == [("arms.csv", 1, None)]
    assert "UTF-16" in errors[0].what


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\r\n", b"\xef\xbb\xbf"])
def test_empty_file(folder: Folder, content: bytes) -> None:
    folder.build()
    folder.write("arms.csv", content)
    assert [str(error) for error in load_dataset(folder.path).errors] == [
        "data/raw/mini/arms.csv:1: the file is empty; expected a header line and records; "
        "restore the table"
    ]


def test_header_only(folder: Folder) -> None:
    folder.lines["measurements"] = folder.lines["measurements"][:1]
    assert places(folder.findings()) == [("measurements.csv", 1, None)]


def test_nul_byte(folder: Folder) -> None:
    folder.lines["measurements"][3] = measurement(trial_id="beta2016", notes="a\0b")
    assert places(folder.findings()) == [("measurements.csv", 4, "notes")]


def test_half_written_file(folder: Folder) -> None:
    folder.build()
    text = "\n".join(folder.lines["measurements"])
    folder.write("measurements.csv", text[: text.rindex("percent")])
    dataset = load_dataset(folder.path)
    assert places(dataset.findings) == [("measurements.csv", 5, "timepoint")]
    assert "cut off" in " ".join(f.remedy for f in dataset.errors)


def test_several_at_once(folder: Folder) -> None:
    folder.descriptor = folder.descriptor.replace("licence:", "license:")
    folder.lines["trials"][1] = folder.lines["trials"][1].replace("2015,", "20l5,", 2)
    folder.lines["arms"][2] = folder.lines["arms"][2].replace("control", "controll")
    folder.lines["measurements"][1] = measurement(spread="-2.1", n="0", center="1,2")
    folder.lines["measurements"][2] = measurement(arm_id="nobody")
    found = places(folder.findings())
    assert ("dataset.yaml", 4, "license") in found
    assert ("dataset.yaml", 1, "licence") in found
    assert ("trials.csv", 2, "year") in found
    assert ("arms.csv", 3, "role") in found
    assert ("measurements.csv", 2, "n") not in found, "the record has one cell too many"
    assert ("measurements.csv", 2, "cell 26") in found
    assert ("measurements.csv", 3, "arm_id") in found


def test_line_numbers_after_a_cell_of_several_lines(folder: Folder) -> None:
    folder.lines["measurements"][1] = measurement(notes='"first\nsecond ""quoted""\nthird"')
    folder.lines["measurements"][2] = measurement(arm_id="con", spread="-1")
    dataset = folder.load()
    assert places(dataset.findings) == [("measurements.csv", 5, "spread")]
    frame = dataset.tables["measurements"]
    assert frame["notes"].iloc[0] == 'first\nsecond "quoted"\nthird'
    assert frame["row_id"].tolist()[:2] == ["mini/measurements.csv:2", "mini/measurements.csv:5"]


def test_symlinks_are_refused(folder: Folder, tmp_path) -> None:
    folder.build()
    outside = tmp_path / "outside.csv"
    outside.write_bytes((folder.path / "arms.csv").read_bytes())
    (folder.path / "arms.csv").unlink()
    os.symlink(outside, folder.path / "arms.csv")
    errors = load_dataset(folder.path).errors
    assert {error.path for error in errors} == {"data/raw/mini/arms.csv"}
    assert all("symbolic link" in error.what for error in errors)
    link = folder.path.with_name("linked")
    os.symlink(folder.path, link)
    assert "symbolic link" in str(load_dataset(link).errors[0])


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/passwd", "..", "a/b.csv", "arms.csv\\x"])
def test_paths_that_leave_the_folder_are_refused(folder: Folder, name: str) -> None:
    folder.descriptor = folder.descriptor.replace("file: arms.csv", f"file: '{name}'")
    dataset = folder.load()
    assert ("dataset.yaml", 10, "files.arms.file") in places(dataset.errors)
    assert "arms" not in dataset.tables


@pytest.mark.parametrize("name", ["Mini", "mi-ni", "mi ni", "mini.csv", "müni", "..", "x\u202ey"])
def test_bad_names_are_refused(folder: Folder, name: str) -> None:
    dataset = load_dataset(folder.path.with_name(name))
    assert "cannot name a data set" in dataset.errors[0].what
    assert dataset.tables == {}


def test_special_file_is_refused_without_blocking(folder: Folder) -> None:
    folder.build()
    (folder.path / "arms.csv").unlink()
    os.mkfifo(folder.path / "arms.csv")
    errors = load_dataset(folder.path).errors
    assert any("not a regular file" in error.what for error in errors)


def test_tampered_file_is_noticed(folder: Folder) -> None:
    folder.build()
    path = folder.path / "measurements.csv"
    path.write_text(path.read_text().replace("-3.2", "-8.2"))
    errors = load_dataset(folder.path).errors
    assert places(errors) == [("measurements.csv", None, None)]
    assert "SHA256SUMS line 3" in errors[0].what
    assert "liverfit checksum mini" in errors[0].remedy


def test_table_that_is_not_declared_is_not_passed_over(folder: Folder) -> None:
    folder.build()
    folder.write("more.csv", "a,b\n1,2\n")
    dataset = load_dataset(folder.path)
    assert dataset.ok
    assert places(dataset.findings, "warning") == [("more.csv", None, None)]


def test_formula_and_markup_are_kept_with_a_warning(folder: Folder) -> None:
    folder.lines["arms"][1] = folder.lines["arms"][1].replace(
        "exercise", "<script>alert(1)</script>", 1
    )
    folder.lines["trials"][1] = folder.lines["trials"][1].replace("Alpha", "=1+1", 1)
    dataset = folder.load()
    assert dataset.ok
    assert places(dataset.findings, "warning") == [
        ("trials.csv", 2, "first_author"),
        ("arms.csv", 2, "arm_label"),
    ]
    assert dataset.tables["arms"]["arm_label"].iloc[0] == "<script>alert(1)</script>"


@pytest.mark.parametrize("char", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\t", "\x1b"])
def test_invisible_characters_are_located(folder: Folder, char: str) -> None:
    folder.lines["trials"][2] = folder.lines["trials"][2].replace("Alpha", f"Al{char}pha", 1)
    errors = folder.load().errors
    assert places(errors) == [("trials.csv", 3, "first_author")]
    assert f"U+{ord(char):04X}" in errors[0].what
    assert char not in str(errors[0])


def test_surrounding_space(folder: Folder) -> None:
    folder.lines["trials"][1] = folder.lines["trials"][1].replace("Alpha", "Alpha ", 1)
    folder.lines["arms"][1] = folder.lines["arms"][1].replace("aerobic", " aerobic", 1)
    dataset = folder.load()
    assert places(dataset.errors) == [("arms.csv", 2, "modality")]
    assert places(dataset.findings, "warning") == [("trials.csv", 2, "first_author")]
    assert dataset.tables["trials"]["first_author"].iloc[0] == "Alpha "


def test_many_findings_are_counted_not_lost(folder: Folder) -> None:
    folder.lines["measurements"] += [
        measurement(week=str(week), spread="-1") for week in range(100, 1000)
    ] + [measurement(week=str(week), extractor="E2", spread="-1") for week in range(100, 1000)]
    errors = folder.load().errors
    assert len(errors) == 1001
    assert "800 more errors" in errors[-1].what


def test_extra_checks_are_asked(folder: Folder) -> None:
    from liverfit.data.findings import Finding

    folder.build()
    said = Finding("a", 1, "unit", "unknown", "a unit", "mend it")
    assert load_dataset(folder.path, extra_checks=[lambda dataset: [said]]).errors == [said]
