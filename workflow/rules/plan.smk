# Reads and checks the plan when the workflow is parsed: config, outcomes, modalities, claims and the
# checksums of the raw data. What is wrong is told all at once and stops the run before any job.

from copy import deepcopy

from snakemake.logging import logger
from snakemake.utils import update_config

from liverfit.data import plan, registry
from liverfit.data.findings import DataError
from liverfit.report import diff


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


def datasets_by_format():
    """Return {name: format} of the data sets to use, whose files are what their checksums say."""
    root, wanted = Path(DATA), config["datasets"]
    formats, findings = {}, []
    for name in registry.list_datasets(root) if wanted == "all" else sorted(wanted):
        found = registry.verify_checksums(root / name)
        if not found:
            formats[name] = plan.load_yaml(root / name / registry.DESCRIPTOR)["format"]
        elif config["on_invalid"] == "skip":
            told = "\n".join(map(str, found))
            logger.warning(f"Data set {name} is left out (on_invalid: skip):\n{told}")
        else:
            findings += found
    if findings:
        raise DataError(findings)
    return formats


try:
    # A module's caller may state only what differs from the project's own plan.
    stated, config = deepcopy(config), plan.load_yaml(locate("config/config.yaml"))
    update_config(config, stated)
    checked("config", config)
    OUTCOMES = checked("outcomes")
    MODALITIES = checked("modalities")
    CLAIMS = checked_claims()
    DATA = locate(config.get("data", "data/raw"))
    FORMATS = datasets_by_format()
except DataError as error:
    raise WorkflowError(f"The plan will not do:\n{error}")

REVIEWS = [name for name, form in FORMATS.items() if form == "reviews"]
TRIALS = [name for name, form in FORMATS.items() if form != "reviews"]
# Curation rows about data sets that are left out are no error.
COMPLETE = len(FORMATS) == len(registry.list_datasets(Path(DATA)))
