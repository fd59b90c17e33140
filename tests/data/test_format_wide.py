"""Format wide: real printed numbers in columns for each arm, and mappings that will not do."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from format_parts import WIDE, WIDE_ROWS, derived, mean_differences, wide
from small_dataset import places

from liverfit.data.mapping import id_from
from liverfit.data.registry import write_checksums


def test_the_long_tables_hold_what_is_printed(mine: Path) -> None:
    dataset = wide(mine)
    assert [str(f) for f in dataset.findings] == []
    assert list(dataset.tables["trials"]["trial_id"]) == [
        "baker_2024", "hallsworth_2015", "keating_2015",
    ]  # fmt: skip
    assert len(dataset.tables["arms"]) == 6
    m = dataset.tables["measurements"]
    # two changes; four levels; two changes, all of one line a trial
    assert list(m["row_id"]) == [
        "mine/wide.csv:2", "mine/wide.csv:2#2",
        "mine/wide.csv:3", "mine/wide.csv:3#2", "mine/wide.csv:3#3", "mine/wide.csv:3#4",
        "mine/wide.csv:4", "mine/wide.csv:4#2",
    ]  # fmt: skip
    assert set(m["from_rows"]) == {f"mine/wide.csv:{line}" for line in (2, 3, 4)}
    last = m.iloc[7]
    assert (last["center"], last["spread_type"], last["spread"], last["n"]) == (
        "1.1", "se", "0.62", "12",
    )  # fmt: skip
    assert list(dataset.raw_tables) == ["wide"]


def test_effects_are_those_of_the_same_numbers_in_format_arms(mine: Path) -> None:
    made = mean_differences(derived(wide(mine)))
    by_hand = {
        "baker_2024": (-1.3, math.hypot(4.9 / 73**0.5, 7.2 / 71**0.5)),
        "hallsworth_2015": (-3.0, (19 / 14 + 16 / 11) ** 0.5),  # r 0.5
        "keating_2015": (-3.48, math.hypot(0.73, 0.62)),
    }
    assert set(made) == set(by_hand)
    for trial, (yi, se) in by_hand.items():
        assert made[trial]["yi"] == pytest.approx(yi)
        assert made[trial]["vi"] == pytest.approx(se**2)
    rows = made["hallsworth_2015"]["source_rows"].split(";")
    assert {row.partition("#")[0] for row in rows} == {"mine/wide.csv:3"}


def test_a_trial_without_the_second_arm_has_one_arm(mine: Path) -> None:
    line = "Solo 2020,1H-MRS,12,,hiit,14,11,5,8,2,,,,,,,,,"
    # weeks is a column of both arms, so that the second arm is left out only without it
    descriptor = WIDE.replace("weeks: { column: weeks }, n_analysed", "n_analysed")
    dataset = wide(mine, [*WIDE_ROWS, line], descriptor)
    arms = dataset.tables["arms"]
    assert dataset.ok
    assert list(arms[arms["trial_id"] == "solo_2020"]["arm_id"]) == ["ex"]


def test_an_arm_with_numbers_but_without_a_place_is_an_error(mine: Path) -> None:
    line = "Solo 2020,1H-MRS,12,,hiit,14,11,5,8,2,,,,10,4,10,4,,"
    descriptor = WIDE.replace("weeks: { column: weeks }, n_analysed", "n_analysed")
    dataset = wide(mine, [*WIDE_ROWS, line], descriptor)
    assert places(dataset.findings) == [("wide.csv", 5, "arm_id")]


def test_bad_cells_are_all_told_with_the_columns_of_the_file(mine: Path) -> None:
    rows = [
        "Baker 2024,MRI-PDFF,52,,yoga,73,,,,,-1.4x,-4.9,71,,,,,-0.1,7.2",
        'Hallsworth 2015,1H-MRS,12,,hiit,14,"1,5",5,8,2,,,11,10,4,10,4,,',
        "Keating 2015,1H-MRS,8,ses,aerobic,0,,,,,-2.38,0.73,12,,,,,1.1,0.62",
    ]
    errors = wide(mine, rows).errors
    assert sorted(set(places(errors))) == sorted(
        [
            ("wide.csv", 2, "arm1 (modality)"),
            ("wide.csv", 2, "chg1 (center)"),
            ("wide.csv", 2, "chg1_sd (spread)"),
            ("wide.csv", 3, "pre1 (center)"),
            ("wide.csv", 4, "kind (spread_type)"),
            ("wide.csv", 4, "n1 (n)"),
            ("wide.csv", 4, "n1 (n_analysed)"),
        ]
    )


def test_rows_of_one_trial_that_disagree_are_told(mine: Path) -> None:
    other = WIDE_ROWS[0].replace("MRI-PDFF,52", "1H-MRS,26").replace("73", "70")
    dataset = wide(mine, [*WIDE_ROWS, other])
    assert dataset.ok
    assert ("wide.csv", 5, "weeks") in places(dataset.findings, "warning")
    assert ("wide.csv", 5, "n1 (n_analysed)") in places(dataset.findings, "warning")
    assert "where line 2 says '52'" in "\n".join(map(str, dataset.findings))


def test_the_same_row_twice_is_an_error(mine: Path) -> None:
    assert ("wide.csv", 5, "trial_id") in places(wide(mine, [*WIDE_ROWS, WIDE_ROWS[0]]).errors)


@pytest.mark.parametrize(
    ("old", "new", "key", "fragment"),
    [
        ("centre", "centre", "", ""),
        ("    design: parallel_rct\n", "", "mapping.trials.design", "design is not mapped"),
        ("design: parallel_rct", "design: rct", "mapping.trials.design", "not a known word"),
        ("first_author:", "first_auther:", "mapping.trials.first_auther", "mean first_author?"),
        ("method: { column: method }", "metod: x", "mapping.defaults.metod", "no column of"),
        ("spread_type: { column: kind, default: sd }, ", "", "measurements.0.spread_type", "kind"),
        ("default: sd", "default: sdd", "mapping.measurements.0.spread_type", "mean sd?"),
        ("outcome: liver_fat", "outcome: liver fat", "mapping.defaults.outcome", "outcome name"),
        ("  arms:\n", "  armz:\n", "mapping.armz", "unknown"),
        ("{ column: study, id: true }", "{ colum: study }", "defaults.trial_id.colum", "unknown"),
        ("extractors: E1", "extractors: [E1]", "mapping.defaults.extractors", "wrong type"),
        ("mapping:\n", "mappin:\n", "mapping", "missing"),
    ],
)
def test_a_mapping_that_will_not_do(mine: Path, old: str, new: str, key, fragment) -> None:
    if old == new:  # the mapping as it is
        assert wide(mine).ok
        return
    assert old in WIDE
    errors = wide(mine, descriptor=WIDE.replace(old, new)).errors
    told = [str(f) for f in errors if f.path.endswith("dataset.yaml") and key in (f.column or "")]
    assert any(fragment in text for text in told), "\n".join(map(str, errors))


def test_all_faults_of_a_mapping_at_once(mine: Path) -> None:
    descriptor = (
        WIDE.replace("design: parallel_rct", "design: rct")
        .replace("condition: nafld", "conditon: nafld")
        .replace("role: control", "role: 3")
    )
    told = [f.column for f in wide(mine, descriptor=descriptor).errors]
    assert {"mapping.trials.design", "mapping.trials.conditon", "mapping.arms.1.role"} <= {*told}


def test_columns_that_the_file_lacks_are_named_once(mine: Path) -> None:
    dataset = wide(mine)
    (mine / "wide.csv").write_text("study,method\nBaker 2024,1H-MRS\n", encoding="utf-8")
    write_checksums(mine)
    from liverfit.data.dataset import load_dataset

    errors = load_dataset(mine).errors
    assert dataset.ok
    assert ("wide.csv", 1, "chg1_sd") in places(errors)
    assert len(places(errors)) == len(set(places(errors)))


def test_a_word_that_the_mapping_does_not_know(mine: Path) -> None:
    descriptor = WIDE.replace(
        "modality: { column: arm1 }", "modality: { column: arm1, words: { hiit: hiit } }"
    )
    errors = wide(mine, descriptor=descriptor).errors
    assert {("wide.csv", 2, "arm1"), ("wide.csv", 4, "arm1")} <= set(places(errors))
    assert "not among the words" in str(errors[0])


def test_ids_of_names() -> None:
    assert id_from("Støa 2017 – SIT") == "stoa_2017_sit"
    assert id_from("李 2019") == "2019"
    assert id_from("!") == ""


def test_json_round_trip(mine: Path, tmp_path: Path) -> None:
    from liverfit.data.dataset import Dataset

    dataset = wide(mine)
    dataset.to_json(tmp_path / "d.json")
    again = Dataset.from_json(tmp_path / "d.json")
    assert again.dumps() == dataset.dumps()
    assert again.tables["measurements"].equals(dataset.tables["measurements"])
