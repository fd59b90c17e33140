"""The workflow as a whole, on a small project: what runs, what runs again, and what does not."""

import json
import os
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from conftest import CLAIMS, ROOT
from liverfit import store
from liverfit.data.registry import write_checksums

pytestmark = pytest.mark.slow

PER_CLAIM = (
    "select_evidence",
    "evaluate_multiverse",
    "judge_claim",
    "conclude_claim",
    "plot_claim",
)


def test_a_bare_snakemake_plans_every_step(project):
    planned = project.planned()
    for rule in PER_CLAIM:
        assert planned[rule] == len(CLAIMS)
    assert planned["ingest"] == 3
    for rule in ("harmonize", "derive_effects", "build_ledger", "collect_claims"):
        assert planned[rule] == 1


def test_a_finished_project_has_nothing_to_do(done):
    assert done.planned() == {}
    assert "Nothing to be done" in done.snakemake().stderr


def test_two_runs_give_the_same_bytes_whatever_the_cores_and_the_hash_seed(done, project):
    ran = project.snakemake("--cores", "1", environment={"PYTHONHASHSEED": "7"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert project.results() == done.results()


def test_hand_computed_effects(done):
    effects = store.read_table(done.root / "results/effects/effects.csv")
    md = effects[(effects["measure"] == "MD") & (effects["outcome"] == "liver_fat")]
    md = md.set_index("trial_id")
    assert md.loc["alpha2015", "yi"] == pytest.approx(-3.2 - 0.1)
    assert md.loc["alpha2015", "vi"] == pytest.approx(2.0**2 / 20 + 2.0**2 / 20)
    assert md.loc["gamma2017", "yi"] == pytest.approx(-1.4 - 0.2)
    assert md.loc["gamma2017", "source_rows"].split(";") == [
        "interval_trials/measurements.csv:2",
        "interval_trials/measurements.csv:3",
    ]


def test_every_output_has_its_log_and_its_checksum(done):
    assert "results are what was written" in done.snakemake("verify").stdout
    for claim in CLAIMS:
        for rule in PER_CLAIM:
            assert "done in" in (done.root / f"logs/{rule}/{claim}.log").read_text()
            assert (done.root / f"logs/benchmarks/{rule}/{claim}.tsv").stat().st_size


def test_the_data_package_describes_every_table(done):
    folder = done.root / "results"
    package = json.loads((folder / "datapackage.json").read_text())
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    described = {resource["path"] for resource in package["resources"]}
    tables = {path.relative_to(folder).as_posix() for path in folder.rglob("*.csv")}
    # The explorer holds copies of tables that are described.
    copies = {path for path in tables if path.startswith("report/")}
    assert described == tables - copies
    for path in copies:
        same = [other for other in described if other.endswith("/" + path.rpartition("/")[2])]
        assert any((folder / other).read_bytes() == (folder / path).read_bytes() for other in same)
    kept = "report/pages/downloads"
    forests = {f"{kept}/forest_{claim}.csv" for claim in CLAIMS}
    assert forests | {f"{kept}/league_liver_fat_MD.csv", f"{kept}/transitivity.csv"} <= copies
    for resource in package["resources"]:
        path = folder / resource["path"]
        header = path.read_text().split("\n", 1)[0]
        assert header.split(",") == [field["name"] for field in resource["schema"]["fields"]]
        assert resource["hash"] == f"sha256:{store.checksum(path)}"
        assert resource["bytes"] == path.stat().st_size


def test_the_crate_describes_every_result_and_what_it_was_made_from(done):
    folder = done.root / "results"
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    described = {entity["@id"] for entity in entities["./"]["hasPart"]}
    own = {"ro-crate-metadata.json", "datapackage.json"}
    stored = {path.with_suffix("").relative_to(folder) for path in folder.rglob("*.sha256")}
    stored = {path.as_posix() for path in stored if path.parts[0] != "report"}
    assert described == stored - own
    for name in described:
        assert entities[name]["sha256"] == store.checksum(folder / name)
    raw = done.root / "data/raw/interval_trials/measurements.csv"
    read = entities["#raw/interval_trials/measurements.csv"]
    assert read["sha256"] == store.checksum(raw)
    run = entities["#run"]
    assert {"@id": read["@id"]} in run["object"]
    assert {part["@id"] for part in run["result"]} == described


# ---- what a change re-runs


def edit_claim(project, claim_id, **keys):
    path = project.root / "config/claims.yaml"
    claims = yaml.safe_load(path.read_text())
    claim = next(claim for claim in claims["claims"] if claim["id"] == claim_id)
    claim.update(keys)
    path.write_text(yaml.safe_dump(claims, sort_keys=False))


def test_one_changed_claim_is_judged_alone(done):
    edit_claim(done, "hiit_lowers_liver_fat", minimum_trials=2)
    planned = done.planned()
    assert {rule: planned[rule] for rule in PER_CLAIM} == dict.fromkeys(PER_CLAIM, 1)
    assert not {"ingest", "harmonize", "derive_effects"} & set(planned)
    before = done.results()
    ran = done.run()
    assert {rule: ran[rule] for rule in PER_CLAIM} == dict.fromkeys(PER_CLAIM, 1)
    after = done.results()
    for claim in set(CLAIMS) - {"hiit_lowers_liver_fat"}:
        assert after[f"claims/{claim}.json"] == before[f"claims/{claim}.json"]


def test_a_changed_statement_needs_no_other_claim(done):
    edit_claim(done, "hiit_lowers_liver_fat", statement="In other words.")
    assert done.run()["judge_claim"] == 1
    claims = json.loads((done.root / "results/claims/hiit_lowers_liver_fat.json").read_text())
    assert claims["statement"] == "In other words."


def test_a_changed_setting_re_runs_what_uses_it(done):
    done.edit("config/config.yaml", "level: 0.95", "level: 0.9")
    planned = done.planned()
    assert planned["judge_claim"] == len(CLAIMS)
    assert not {"ingest", "harmonize", "derive_effects", "select_evidence"} & set(planned)


def test_a_changed_choice_re_runs_the_multiverse_alone(done):
    done.edit("config/config.yaml", "test: [knha_floor, knha, z]", "test: [knha_floor, knha]")
    planned = done.planned()
    assert planned["evaluate_multiverse"] == len(CLAIMS)
    assert not {"derive_variants", "select_evidence", "judge_claim"} & set(planned)


def change_data(project, name, old, new):
    """Change a raw table, and its checksum with it, without making either look newer."""
    folder = project.root / "data/raw" / name
    path = folder / "measurements.csv" if name != "reviews" else folder / "reviews.csv"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    project.edit(str(path), old, new)
    write_checksums(folder)
    for file in (path, folder / "SHA256SUMS"):
        os.utime(file, ns=times)


def test_a_changed_data_set_re_runs_only_the_claims_it_bears_on(done):
    change_data(done, "interval_trials", "-1.4", "-1.5")
    ran = done.run()
    assert ran["ingest"] == 1
    assert ran["harmonize"] == ran["derive_effects"] == 1
    # aerobic training is compared in the other data set alone: same evidence, no new judgment
    assert ran["judge_claim"] == 2
    assert ran["plot_claim"] == 2
    assert ran["derive_variants"] == 1
    assert ran["evaluate_multiverse"] == 2
    assert done.planned() == {}
    effects = store.read_table(done.root / "results/effects/effects.csv")
    of_trial = effects[(effects["trial_id"] == "gamma2017") & (effects["measure"] == "MD")]
    assert of_trial["yi"].tolist() == [pytest.approx(-1.7)]


def test_a_changed_review_re_runs_no_claim(done):
    change_data(done, "reviews", "-2.5,", "-2.6,")
    planned = done.planned()
    assert planned["compare_reviews"] == 1
    assert not {"harmonize", "derive_effects", *PER_CLAIM} & set(planned)
    done.run()
    assert done.planned() == {}


def test_changed_code_re_runs_what_imports_it(done):
    path = done.root / "workflow/liverfit/plots/forest.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    again = {"plot_claim", "build_explorer", "describe_results", "build_report", "default"}
    assert set(done.planned()) == again
    path = done.root / "workflow/liverfit/claims/verdict.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    planned = done.planned()
    assert planned["judge_claim"] == len(CLAIMS)
    assert "harmonize" not in planned


def test_code_of_the_copy_is_what_runs(project):
    """The package beside the workflow is used, not the one that is installed."""
    path = project.root / "workflow/liverfit/claims/overview.py"
    path.write_text(path.read_text() + "\nraise RuntimeError('this copy')\n")
    assert "this copy" in project.snakemake("results/claims/claims.csv").stderr


def test_a_touched_file_re_runs_nothing(done):
    for path in (done.root / "workflow/liverfit").rglob("*.py"):
        path.touch()
    (done.root / "data/raw/interval_trials/trials.csv").touch()
    (done.root / "config/config.yaml").touch()
    assert done.planned() == {}


def test_a_removed_data_set_leaves_nothing_after_prune(done):
    shutil.rmtree(done.root / "data/raw/interval_trials")
    ran = done.run()
    assert "ingest" not in ran
    assert ran["harmonize"] == 1
    left = done.root / "results/ingested/interval_trials.json"
    assert left.exists()
    assert "removed results/ingested/interval_trials.json" in done.snakemake("prune").stdout
    assert not left.exists()
    assert done.planned() == {}
    assert "results are what was written" in done.snakemake("verify").stdout


def test_prune_leaves_what_is_expected_and_what_is_not_ours(done):
    (done.root / "results/README.md").write_text("mine")
    before = done.results()
    assert done.snakemake("prune").returncode == 0
    assert done.results() == before


# ---- as a module of another workflow


PARENT = """
module liverfit:
    snakefile:
        "{snakefile}"


use rule * from liverfit as liverfit_*


rule everything:
    default_target: True
    input:
        rules.liverfit_all.input,
"""


def test_used_as_a_module_from_another_folder(project, done, tmp_path):
    parent = tmp_path / "parent"
    parent.mkdir()
    snakefile = project.root / "workflow/Snakefile"
    (parent / "Snakefile").write_text(PARENT.format(snakefile=snakefile))
    ran = project.snakemake(cwd=parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not (project.root / "results").exists()
    for name in ("claims/claims.csv", "effects/effects.csv"):
        made = (parent / "results" / name).read_bytes()
        assert made == (done.root / "results" / name).read_bytes()
    again = project.snakemake(cwd=parent)
    assert "Nothing to be done" in again.stderr


def test_a_module_may_change_the_plan_and_move_the_results(project, tmp_path):
    parent = tmp_path / "parent"
    parent.mkdir()
    text = PARENT.format(snakefile=project.root / "workflow/Snakefile").replace(
        "\n\n\nuse rule",
        '\n    config:\n        {"datasets": ["aerobic_trials"]}\n'
        '    pathvars:\n        results="elsewhere",\n\n\nuse rule',
        1,
    )
    (parent / "Snakefile").write_text(text)
    ran = project.snakemake("--until", "liverfit_derive_effects", cwd=parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    effects = store.read_table(parent / "elsewhere/effects/effects.csv")
    assert set(effects["trial_id"]) == {"alpha2015", "beta2016"}


# ---- cost


def test_planning_loads_nothing_heavy():
    """Of what the rules import when the workflow is parsed; Snakemake's plugins are not ours."""
    files = [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    ours = [line for line in lines if line.startswith(("from liverfit", "import liverfit"))]
    assert len(ours) >= 3
    heavy = "{'pandas', 'numpy', 'scipy', 'matplotlib'}"
    code = "\n".join([*ours, "plan.load_yaml", f"import sys; print({heavy} & set(sys.modules))"])
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_environment_for_conda_asks_for_what_the_package_asks_for():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    listed = yaml.safe_load((ROOT / "workflow/envs/liverfit.yaml").read_text())["dependencies"]
    plain = {entry.replace(" ", "").replace("-base", "") for entry in listed}
    assert {entry for entry in wanted if not entry.startswith("snakemake")} == plain - {
        "python>=3.11"
    }
