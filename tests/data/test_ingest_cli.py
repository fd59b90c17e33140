"""The command: exit status, output for people and for programs, no traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_dataset import Folder, measurement
from typer.testing import CliRunner

from liverfit.cli import app
from liverfit.cli.common import complete_dataset
from liverfit.data.dictionary import data_dictionary

ROOT = Path(__file__).parents[2]
run = CliRunner().invoke


def test_real_data_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run(app, ["check", "--errors-only"])
    assert result.exit_code == 0, result.output
    assert "exercise_trials: ok (3418 records, no errors" in result.output


def test_errors_give_status_1_and_one_line_each(folder: Folder) -> None:
    folder.lines["measurements"][1] = measurement(spread="-2.1", n="0")
    folder.build()
    result = run(app, ["check"])
    assert result.exit_code == 1
    first, second, verdict = result.output.splitlines()
    assert first.startswith("data/raw/mini/measurements.csv:2: n: '0' is not positive; expected")
    assert second.startswith("data/raw/mini/measurements.csv:2: spread: '-2.1' is negative")
    assert verdict == "mini: not usable (10 records, 2 errors, no warnings)"


def test_an_unknown_unit_is_found_where_the_plan_is_at_hand(folder: Folder) -> None:
    folder.lines["measurements"][1] = measurement(outcome="body_weight", unit="stone")
    folder.lines["measurements"][2] = measurement(arm_id="con", outcome="body_weight", unit="oz")
    folder.build()
    assert run(app, ["check", "mini"]).exit_code == 0
    Path("config").mkdir()
    Path("config/outcomes.yaml").write_bytes((ROOT / "config/outcomes.yaml").read_bytes())
    result = run(app, ["check", "mini", "--errors-only"])
    assert result.exit_code == 1
    first, second, _ = result.output.splitlines()
    where = "data/raw/mini/measurements.csv:{}: unit: unknown unit '{}' for outcome body_weight"
    assert first.startswith(where.format(2, "stone"))
    assert second.startswith(where.format(3, "oz"))


def test_json(folder: Folder) -> None:
    folder.lines["measurements"][1] = measurement(spread="-2.1")
    folder.build()
    result = run(app, ["check", "mini", "--format", "json", "--data", "data/raw"])
    assert result.exit_code == 1
    document = json.loads(result.output)
    assert document["ok"] is False
    (dataset,) = document["datasets"]
    assert dataset["records"] == {"trials": 2, "arms": 4, "measurements": 4}
    (finding,) = dataset["findings"]
    assert (finding["path"], finding["line"], finding["column"]) == (
        "data/raw/mini/measurements.csv",
        2,
        "spread",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "nosuch"],
        ["check", "../raw/mini"],
        ["check", "--data", "nowhere"],
        ["check", "--format", "xml"],
        ["checksum"],
        ["checksum", "nosuch"],
        ["frobnicate"],
    ],
)
def test_wrong_usage_gives_status_2(folder: Folder, arguments: list[str]) -> None:
    folder.build()
    assert run(app, arguments).exit_code == 2


def test_checksum_renews(folder: Folder) -> None:
    folder.build()
    path = folder.path / "measurements.csv"
    path.write_text(path.read_text().replace("-3.2", "-3.3"))
    assert run(app, ["check", "mini"]).exit_code == 1
    assert run(app, ["checksum", "mini"]).exit_code == 0
    assert run(app, ["check", "mini"]).exit_code == 0


def test_checksum_refuses_a_link(folder: Folder) -> None:
    folder.build()
    os.symlink(folder.path, folder.path.with_name("linked"))
    result = run(app, ["checksum", "linked"])
    assert result.exit_code == 1
    assert "symbolic link" in result.output


def test_curation_is_checked_against_the_other_data_sets(folder: Folder) -> None:
    folder.build()
    other = folder.path.with_name("notes")
    other.mkdir()
    (other / "dataset.yaml").write_text(
        "title: Notes\ndescription: Overlapping trials.\ncitation: Nobody\nlicence: CC-BY-4.0\n"
        "contact: The liverfit project\nformat: curation\nfiles:\n"
        '  overlaps: { file: overlaps.csv, delimiter: ",", encoding: utf-8 }\n'
    )
    (other / "overlaps.csv").write_text(
        "trial_id,other_trial_id,relation,evidence\n"
        "alpha2015,beta2016,same_cohort,made up\nalpha2015,gamma2017,same_cohort,made up\n"
    )
    assert run(app, ["checksum", "notes"]).exit_code == 0
    result = run(app, ["check", "notes"])
    assert result.exit_code == 1
    assert result.output.splitlines()[0].startswith(
        "data/raw/notes/overlaps.csv:3: other_trial_id: trial 'gamma2017' is in no data set"
    )


def test_help_has_examples() -> None:
    for command in ("new-dataset", "check", "checksum", "trace", "diff"):
        output = run(app, [command, "--help"]).output
        assert "Examples:\n    liverfit" in output
        assert "Exit status: 0" in " ".join(output.split())
    assert "Exit status: 0" in run(app, ["--help"]).output


def test_no_control_characters_reach_the_terminal(folder: Folder) -> None:
    folder.lines["arms"][1] = folder.lines["arms"][1].replace("aerobic", "\x1b[31maerobic\u202e")
    folder.build()
    output = run(app, ["check"]).output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_installed_command_prints_no_traceback(folder: Folder) -> None:
    folder.build()
    folder.write("arms.csv", os.urandom(2000))
    command = [str(Path(sys.executable).with_name("liverfit")), "check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder.path.parents[2])
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr


FILES = ["dataset.yaml", "trials.csv", "arms.csv", "measurements.csv", "SHA256SUMS"]


@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(FILES),
    at=st.floats(0, 1),
    cut=st.integers(0, 40),
    insert=st.binary(max_size=20),
    renew=st.booleans(),
)
def test_any_damage_is_told_without_a_traceback(
    folder: Folder, name: str, at: float, cut: int, insert: bytes, renew: bool
) -> None:
    folder.build()
    path = folder.path / name
    before = path.read_bytes()
    place = int(at * len(before))
    after = before[:place] + insert + before[place + cut :]
    path.write_bytes(after)
    if renew and name != "SHA256SUMS":
        from liverfit.data.registry import write_checksums

        write_checksums(folder.path)
    result = run(app, ["check", "mini"])
    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if after != before and not renew and name != "SHA256SUMS":
        assert result.exit_code == 1


def test_data_dictionary_is_up_to_date() -> None:
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == data_dictionary(), (
        "run `python -m liverfit.data.dictionary > docs/data-dictionary.md`"
    )


def test_in_a_terminal_the_parts_of_a_finding_stand_below_each_other(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.lines["measurements"][1] = measurement(spread="-2.1", outcome="[bold]fat[/bold]")
    folder.build()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    output = re.sub(r"\x1b\[[0-9;]*m", "", run(app, ["check"]).output)
    lines = [line.rstrip() for line in output.splitlines()]
    at = lines.index("data/raw/mini/measurements.csv:2  error  spread")
    assert lines[at + 1 : at + 4] == [
        "    '-2.1' is negative",
        "    expected a number of at least 0",
        "    to mend: check it against the source; leave it empty if not printed",
    ]
    assert "    '[bold]fat[/bold]' is not an outcome name" in lines


def test_data_sets_are_completed(folder: Folder) -> None:
    folder.build()
    assert complete_dataset("mi") == ["mini"]
    assert complete_dataset("x") == []
    shown = subprocess.run(
        [str(Path(sys.executable).with_name("liverfit"))],
        env={**os.environ, "_LIVERFIT_COMPLETE": "complete_bash", "COMP_WORDS": "liverfit check m",
             "COMP_CWORD": "2"},
        capture_output=True, text=True, cwd=folder.path.parents[2],
    )  # fmt: skip
    assert shown.stdout.split() == ["mini"]


def test_help_imports_no_library_of_tables_or_figures() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from liverfit.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "print(sorted({'pandas', 'numpy', 'yaml', 'matplotlib', 'scipy', 'snakemake'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
