# Reads and checks the plan when the workflow is parsed: config, outcomes, modalities, claims and the
# checksums of the raw data. What is wrong is told all at once and stops the run before any job.

from copy import deepcopy

from snakemake.logging import logger
from snakemake.utils import update_config

from liverfit.data import plan, registry
from liverfit.data.findings import DataError
from liverfit.report import diff

LEFT_OUT = []  # data sets that are not valid, with on_invalid: skip


def checked(name, content=None):
    """Return the content of config/{name}.yaml, or what overrides it, once it fits its schema."""
    path = locate(f"config/{name}.yaml")
    content = plan.load_yaml(path) if content is None else content
    if not workflow.modifier.skip_validation:
        schema = workflow.source_path(f"../schemas/{name}.schema.yaml")
        findings = plan.check_plan(content, schema, path)
        if findings:
            raise DataError(findings)
    return content


def checked_claims():
    """Return {id: entry} of config/claims.yaml once its names are those of the other files."""
    claims = checked("claims")
    path = locate("config/claims.yaml")
    findings = plan.check_claims(claims, OUTCOMES, MODALITIES, path)
    findings += plan.check_multiverse(claims, config["multiverse"], path)
    findings += plan.check_networks(config, claims, MODALITIES, path)
    if findings:
        raise DataError(findings)
    return {claim["id"]: claim for claim in claims["claims"]}


def descriptors():
    """Return {name: dataset.yaml} of the data sets to use, and the optional ones that are not.

    The files are what their checksums say.
    """
    root, wanted = Path(DATA), config["datasets"]
    present, chosen = registry.list_datasets(root), config.get("with_optional", [])
    used, idle, findings = (
        {},
        [],
        plan.unknown_datasets(chosen, present, locate("config/config.yaml")),
    )
    for name in present if wanted == "all" else sorted({*wanted, *chosen}):
        found = registry.verify_checksums(root / name)
        if not found:
            described = plan.load_yaml(root / name / registry.DESCRIPTOR)
            if wanted != "all" or name in chosen or not described.get("optional"):
                used[name] = described
            else:
                idle.append(name)
        elif config["on_invalid"] == "skip":
            LEFT_OUT.append(name)
            told = "\n".join(map(str, found))
            logger.warning(f"Data set {name} is left out (on_invalid: skip):\n{told}")
        else:
            findings += found
    if findings:
        raise DataError(findings)
    return used, idle


try:
    # A module's caller may state only what differs from the project's own plan.
    stated, config = deepcopy(config), plan.load_yaml(locate("config/config.yaml"))
    update_config(config, stated)
    checked("config", config)
    OUTCOMES = checked("outcomes")
    MODALITIES = checked("modalities")
    CLAIMS = checked_claims()
    DATA = locate(config.get("data", "data/raw"))
    DATASETS, IDLE = descriptors()
except DataError as error:
    raise WorkflowError(f"The plan will not do:\n{error}")

FORMATS = {name: described["format"] for name, described in DATASETS.items()}
REVIEWS = [name for name, form in FORMATS.items() if form == "reviews"]
# Data sets that only reproduce what a review printed are never pooled.
REPRODUCED = [name for name, described in DATASETS.items() if "reproduces" in described]
TRIALS = [name for name in FORMATS if name not in {*REVIEWS, *REPRODUCED}]
INDIVIDUAL = [name for name in TRIALS if FORMATS[name] == "ipd"]
# Curation rows about data sets that are left out are no error.
COMPLETE = len(DATASETS) + len(IDLE) == len(registry.list_datasets(Path(DATA)))
