# Where things are, and which source files a script uses. No rule is defined here.

import os
import sys
from pathlib import Path


def project_folder():
    """Return the folder that holds workflow/, or None when the workflow is read from a remote."""
    rules = Path(workflow.current_basedir.get_path_or_uri(secret_free=False))
    return rules.parent.parent.resolve() if rules.is_dir() else None


PROJECT = project_folder()

# Jobs are small: threads of the linear algebra would slow them, and could move a last digit.
for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

if PROJECT:
    # The package beside this workflow goes before an installed one, here and in the jobs, so that
    # the code that runs is the code whose hash the rules have as a parameter.
    package_path = str(PROJECT / "workflow")
    sys.path.insert(0, package_path)
    search_path = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    if package_path not in search_path[:1]:
        os.environ.update(PYTHONPATH=os.pathsep.join([package_path, *search_path]))

from liverfit.sources import PACKAGE, fingerprint_of, sources_of  # noqa: E402


def locate(path):
    """Find a file of the plan: below the working directory, else in the project.

    Inside the project the path stays relative, so that moving the project re-runs nothing.
    """
    if PROJECT in (None, Path.cwd()):
        return str(path)
    here = Path.cwd() / path
    return str(here if here.exists() else PROJECT / path)


def code_of(step, also=()):
    """Return a hash of the package's source files that the script of a step imports, for its params.

    A parameter, not files of the input: every job would have dozens, and Snakemake spends most of
    its time on looking for what makes each of them. ``also`` are other files of the package.
    """
    name = f"scripts/{step}.py"
    script = PROJECT / "workflow" / name if PROJECT else workflow.source_path(f"../{name}")
    return fingerprint_of([*sources_of(script), *also])


def templates():
    """List the text templates of the package, for the rules that fill them."""
    return sorted((PACKAGE / "report/templates").glob("*.j2"))


def files_of(part):
    """List the templates, styles and scripts of a part of the package, for its rule."""
    return sorted(
        file for kind in ("*.j2", "*.css", "*.js") for file in (PACKAGE / part).rglob(kind)
    )


def raw_folder(wildcards):
    """Return the folder of a raw data set."""
    return str(Path(DATA) / wildcards.dataset)


def raw_files(wildcards):
    """List the files of a raw data set that are checked and read."""
    folder = Path(DATA) / wildcards.dataset
    return [str(folder / name) for name in (*registry.data_files(folder), registry.SUMS)]


def published_checksums(wildcards):
    """Return SHA256SUMS as text: a changed file re-runs the job even where its date is older."""
    return (Path(DATA) / wildcards.dataset / registry.SUMS).read_text()


def growing(amount):
    """Return a resource that doubles with every attempt, for a step that was ended at its limit."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)


def several(parts):
    """Return the parts that a step is divided into; none where it is done in one piece."""
    return parts if len(parts) > 1 else []


def participants_for(claim):
    """List the data sets of participants that a claim's one-stage lines read."""
    models = [line.get("model") for line in CLAIMS[claim]["lines"]]
    return INDIVIDUAL if "one_stage" in models else []


def individual_files(wildcards):
    """List the raw files of participants that a claim reads, so that a change re-runs it."""
    folders = [Path(DATA) / name for name in participants_for(wildcards.claim)]
    return [str(folder / name) for folder in folders for name in registry.data_files(folder)]


def individual_data(wildcards):
    """Return where a claim's participants are, and what their units mean."""
    names = participants_for(wildcards.claim)
    return {
        "folders": [str(Path(DATA) / name) for name in names],
        "mirror": config.get("mirror"),
        "outcomes": OUTCOMES if names else {},
    }


def claim_entry(wildcards):
    """Return one entry of config/claims.yaml, so that changing it re-runs this claim alone."""
    return CLAIMS[wildcards.claim]


def outcomes_of_claim(wildcards):
    """Return the part of config/outcomes.yaml that a claim needs."""
    names = {line["outcome"] for line in CLAIMS[wildcards.claim]["lines"]}
    return {"outcomes": {name: OUTCOMES["outcomes"][name] for name in sorted(names)}}


def evidence_of(wildcards):
    """Return a claim's evidence once it is selected.

    Asking the checkpoint has Snakemake look again at the rules that depend on it: a claim whose
    evidence came out with the same content is neither judged nor drawn anew. Every step of a claim
    asks, down to its figures: one that did not would run although no step before it did.
    """
    return checkpoints.select_evidence.get(claim=wildcards.claim).output.evidence


def risk_of_bias_of(wildcards):
    """Return the judgements on a claim's trials once they are selected, as `evidence_of` does.

    Not by a checkpoint of their own: where rules are grouped, as on a cluster, Snakemake 9.27 doubles
    jobs that depend on two, and may then end before the rest, with success.
    """
    return checkpoints.select_evidence.get(claim=wildcards.claim).output.risk_of_bias


def variants_of(wildcards):
    """Return a claim's effects in every variant once they are selected, as `evidence_of` does."""
    return checkpoints.select_evidence.get(claim=wildcards.claim).output.variants


def outputs_of(steps):
    """List every file that rules write, over all data sets, claims, moderators and networks of the plan."""
    files = set()
    for step in steps:
        for pattern in map(str, step.output):
            files.update(
                expand(
                    pattern, dataset=FORMATS, claim=CLAIMS, moderator=MODERATORS, network=NETWORKS
                )
            )
    return sorted(files)
