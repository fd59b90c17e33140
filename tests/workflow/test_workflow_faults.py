"""Faults that Snakemake alone lets pass: the workflow tells them, or comes through them."""

import os

import pytest
import yaml

from liverfit.data.registry import write_checksums

pytestmark = pytest.mark.slow


def keep_dates(path, change):
    """Change a file without making it look newer."""
    old = path.stat()
    change(path)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


def said(project, *arguments):
    """Run snakemake, expect it to fail, and return what it said."""
    done = project.snakemake(*arguments)
    assert done.returncode != 0
    return done.stdout + done.stderr


# ---- raw data


def test_raw_file_changed_with_an_old_date_is_refused(done):
    path = done.root / "data/raw/interval_trials/measurements.csv"
    keep_dates(path, lambda file: file.write_text(file.read_text().replace("-1.4", "-9.4")))
    text = said(done)
    assert "data/raw/interval_trials/measurements.csv: the content is not what SHA256SUMS" in text
    assert "liverfit checksum interval_trials" in text
    assert "Traceback" not in text


def test_with_on_invalid_skip_the_other_data_sets_are_built(done):
    path = done.root / "data/raw/interval_trials/measurements.csv"
    path.write_text(path.read_text().replace("-1.4", "-9.4"))
    done.edit("config/config.yaml", "on_invalid: stop", "on_invalid: skip")
    ran = done.snakemake("--until", "harmonize")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Data set interval_trials is left out (on_invalid: skip)" in ran.stderr
    trials = (done.root / "results/harmonized/trials.csv").read_text()
    assert "alpha2015" in trials
    assert "gamma2017" not in trials


def test_bad_data_end_the_run_with_findings_and_no_traceback(project):
    folder = project.root / "data/raw/interval_trials"
    project.edit(f"{folder}/measurements.csv", ",2.0,", ",-2.0,")
    project.edit(f"{folder}/measurements.csv", ",0.2,", ",nought,")
    write_checksums(folder)
    text = said(project, "results/ingested/interval_trials.json")
    assert "data/raw/interval_trials/measurements.csv:2: spread: " in text
    assert "data/raw/interval_trials/measurements.csv:3: center: " in text
    assert "Traceback" not in text
    log = (project.root / "logs/ingest/interval_trials.log").read_text()
    assert "measurements.csv:2: spread: " in log


# ---- the plan


def test_faults_of_the_plan_are_told_with_their_place(project):
    claims = yaml.safe_load((project.root / "config/claims.yaml").read_text())
    claims["claims"][0]["lines"][0]["outcome"] = "liver_fatt"
    claims["claims"][1]["comparison"]["experimental"]["modality"] = ["aerobics"]
    claims["claims"][2]["id"] = claims["claims"][0]["id"]
    (project.root / "config/claims.yaml").write_text(yaml.safe_dump(claims, sort_keys=False))
    text = said(project, "--dry-run")
    assert "'liver_fatt' is no outcome; expected a name from config/outcomes.yaml" in text
    assert "did you mean liver_fat?" in text
    assert "'aerobics' is no modality" in text
    assert "the id is there twice" in text
    assert text.count("config/claims.yaml:") >= 3
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--config", "on_invalid=never"], "on_invalid: 'never' is not allowed; expected one of"),
        (["--config", "on_invald=skip"], "on_invald: unknown key; expected one of"),
        (["--config", "datasets=[nothing_here]"], "nothing_here"),
    ],
)
def test_overrides_from_the_command_line_are_checked(project, arguments, expected):
    text = said(project, "--dry-run", *arguments)
    assert expected in text
    assert "Traceback" not in text


# ---- results


def test_tampered_intermediate_is_not_read(done):
    path = done.root / "results/effects/effects.csv"
    path.write_text(path.read_text().replace("-3.3", "-9.9"))
    text = said(done)
    assert "results/effects/effects.csv: the content was changed after it was written" in text
    assert "rm results/effects/effects.csv" in text
    assert "Traceback" not in text
    path.unlink()
    done.run()
    assert done.planned() == {}


def test_truncated_and_tampered_outputs_are_found_by_verify(done):
    cut = done.root / "results/claims/claims.csv"
    keep_dates(cut, lambda file: file.write_bytes(file.read_bytes()[:50]))
    forged = done.root / "results/harmonized/trials.csv"
    keep_dates(forged, lambda file: file.write_text(file.read_text().replace("yes", "no")))
    (done.root / "results/figures/scoreboard.png").unlink()
    text = said(done, "verify")
    for name in ("claims/claims.csv", "harmonized/trials.csv"):
        assert f"results/{name}: the content was changed after it was written" in text
    assert "results/figures/scoreboard.png: there is no such file" in text
    assert "Traceback" not in text


# ---- scripts


def test_a_failing_script_names_its_log_and_leaves_no_output(project):
    project.edit("workflow/liverfit/claims/judge.py", "lines = [", "lines = 1 / 0, [")
    text = said(project, "results/claims/hiit_lowers_liver_fat.json")
    assert "ZeroDivisionError" in text
    log = project.root / "logs/judge_claim/hiit_lowers_liver_fat.log"
    assert "ZeroDivisionError" in log.read_text()
    assert not list((project.root / "results/claims").glob("*.json"))
