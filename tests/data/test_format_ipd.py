"""Format ipd: participants become arm summaries, and their rows stay where they are."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from format_parts import CONFIG, IPD, PRINTED, derived, mean_differences, people, write
from small_dataset import places

from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.individual import people_by_arm


def load(mine: Path, lines: list[str] | None = None, descriptor: str = IPD) -> Dataset:
    text = "\n".join(["id,group,visit,liver_fat,weight", *(people() if lines is None else lines)])
    return load_dataset(write(mine, descriptor, {"people.csv": text + "\n"}))


def test_summaries_are_those_of_the_participants(mine: Path) -> None:
    dataset = load(mine)
    assert [str(f) for f in dataset.findings] == []
    m = dataset.tables["measurements"]
    assert len(m) == 2 * 2 * 3  # arms, outcomes, baseline, post and change
    rows = {(r.arm_id, r.outcome, r.timepoint): r for r in m.itertuples()}
    for arm, (n, mean, sd) in (("ex", PRINTED["exercise"]), ("con", PRINTED["control"])):
        change = rows[arm, "liver_fat", "change"]
        assert int(change.n) == n
        assert float(change.center) == pytest.approx(mean, rel=1e-12)
        assert float(change.spread) == pytest.approx(sd, rel=1e-12)
    cells = [line.split(",") for line in people()]
    levels = [float(c[3]) for c in cells if c[1] == "exercise" and c[2] == "0"]
    base = rows["ex", "liver_fat", "baseline"]
    assert float(base.center) == pytest.approx(statistics.fmean(levels))
    assert float(base.spread) == pytest.approx(statistics.stdev(levels))
    assert base.from_rows.split(";")[:2] == ["mine/people.csv:2", "mine/people.csv:4"]


def test_the_effect_is_that_of_the_printed_numbers(mine: Path) -> None:
    made = mean_differences(derived(load(mine)))["stine2022"]
    assert made["route"] == "change_scores"
    assert made["yi"] == pytest.approx(-5.9)
    assert made["vi"] == pytest.approx(5.6**2 / 18 + 2.8**2 / 10)


def test_change_is_of_participants_with_both_numbers(mine: Path) -> None:
    lines = [line for line in people() if not line.startswith("ex00,exercise,20")]
    m = load(mine, lines).tables["measurements"]
    ex = m[(m["arm_id"] == "ex") & (m["outcome"] == "liver_fat")].set_index("timepoint")["n"]
    assert dict(ex) == {"baseline": "18", "post": "17", "change": "17"}


def test_no_participant_is_in_what_is_written(mine: Path, tmp_path: Path) -> None:
    dataset = load(mine)
    text = dataset.dumps()
    assert len(dataset.participants) == 28 * 2 * 2
    for line in people():
        who, _, _, fat, weight = line.split(",")
        assert who not in text
        assert fat not in text
        assert weight not in text
    dataset.to_json(tmp_path / "d.json")
    assert Dataset.from_json(tmp_path / "d.json").participants == []


def test_findings_name_lines_and_not_people_twice(mine: Path) -> None:
    lines = people()
    bad = [
        lines[0].replace("ex00", ""),
        lines[1],
        lines[1],
        lines[2].replace("exercise", "yoga"),
        *lines[3:],
        "ex99,exercise,0,many,95",
    ]
    errors = load(mine, bad).errors
    assert ("people.csv", 2, "participant") in places(errors)
    assert ("people.csv", 4, "participant") in places(errors)
    assert ("people.csv", 5, "group") in places(errors)
    assert ("people.csv", len(bad) + 1, "liver_fat (center)") in places(errors)


def test_few_participants_give_no_summary(mine: Path) -> None:
    lines = [ln for ln in people() if ln.split(",")[1] == "exercise" or ln[:4] in ("co00", "co01")]
    dataset = load(mine, lines)
    assert set(dataset.tables["measurements"]["arm_id"]) == {"ex"}
    warned = [f for f in dataset.findings if f.severity == "warning"]
    assert len(warned) == 6
    assert all("2 participants" in f.what and f.column == "participant" for f in warned)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("  participant: { column: id }\n", "", "mapping.participant"),
        ("participant: { column: id }", "participant: all", "mapping.participant"),
        ("unit: kg, center", "unit: kg, n: 12, center", "mapping.measurements.1.n"),
        ("center: { column: weight }", "center: 3", "mapping.measurements.1.center"),
    ],
)
def test_mappings_that_will_not_do(mine: Path, old: str, new: str, key: str) -> None:
    assert old in IPD
    errors = load(mine, descriptor=IPD.replace(old, new)).errors
    assert key in [error.column for error in errors]


def test_a_follow_up_is_summarised_but_no_change(mine: Path) -> None:
    late = [line.replace(",20,", ",40,") for line in people() if ",20," in line]
    m = load(mine, people() + late).tables["measurements"]
    assert sorted(m[m["outcome"] == "liver_fat"]["timepoint"].unique()) == [
        "baseline", "change", "followup", "post",
    ]  # fmt: skip
    assert set(m[m["timepoint"] == "change"]["week"]) == {"20"}


def test_people_by_arm_are_on_the_canonical_scale(mine: Path) -> None:
    pounds = IPD.replace("unit: kg", "unit: lb")
    found = people_by_arm(load(mine, descriptor=pounds).participants, CONFIG["outcomes"])
    assert sorted(found) == [("stine2022", "con"), ("stine2022", "ex")]
    (fat,), (weight,) = (found["stine2022", "ex"][name] for name in ("liver_fat", "body_weight"))
    cells = {tuple(c[:3]): c[3:] for c in (line.split(",") for line in people())}
    before, after = cells["ex03", "exercise", "0"], cells["ex03", "exercise", "20"]
    assert fat["ex03"] == (float(before[0]), float(after[0]))
    assert weight["ex03"] == pytest.approx(
        (float(before[1]) * 0.45359237, float(after[1]) * 0.45359237)
    )
    assert (len(fat), len(weight)) == (18, 18)
