"""The results as an RO-Crate (https://w3id.org/ro/crate/1.1) that tells the run which made them.

The run is described after the profile Process Run Crate 0.5 (Leo et al. 2024,
doi 10.1371/journal.pone.0309210): one action, its instrument, what went in and what came out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from liverfit import store

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


def describe_crate(
    folder: Path, files: Iterable[str | Path], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe results and the run that made them.

    Parameters
    ----------
    folder : where ro-crate-metadata.json will lie; paths in it are relative to this folder
    files : results that `liverfit.store` wrote, inside ``folder``
    provenance : from `liverfit.data.provenance.provenance`

    Returns
    -------
    dict
        The content of ro-crate-metadata.json. The dates are that of the revision, so that the same
        inputs give the same bytes; without a revision they are left out.

    Raises
    ------
    liverfit.store.StoreError
        when a file is missing or is not what was written
    """
    from rocrate.model import ContextEntity, SoftwareApplication
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    crate.name = "liverfit: harmonised trials, effect sizes and verdicts"
    crate.description = (
        "Results of an evidence synthesis on exercise and liver fat, with the run that made them."
    )
    crate.license = LICENCE
    crate.root_dataset["conformsTo"] = crate.add(
        ContextEntity(
            crate,
            PROFILE,
            {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        )
    )
    results = [
        crate.add_file(
            path,
            dest_path=path.absolute().relative_to(folder.absolute()).as_posix(),
            properties=_file(path),
        )
        for path in sorted(map(Path, files))
    ]
    inputs = [
        crate.add(ContextEntity(crate, f"#raw/{name}", _input(name, digest)))
        for name, digest in provenance["inputs"].items()
    ]
    plan = {"@type": "CreativeWork", "name": "analysis plan", "sha256": provenance["plan_sha256"]}
    inputs.append(crate.add(ContextEntity(crate, "#plan", plan)))
    software = [
        crate.add(SoftwareApplication(crate, f"#{name}", {"name": name, "version": number}))
        for name, number in {"python": provenance["python"], **provenance["packages"]}.items()
    ]
    instrument = {
        "@type": ["SoftwareApplication", "SoftwareSourceCode"],
        "name": "liverfit",
        "version": provenance["version"],
        "programmingLanguage": "Python",
    }
    if provenance["commit"]:
        instrument["identifier"] = f"git commit {provenance['commit']}" + (
            ", with local changes" if provenance["modified"] else ""
        )
    liverfit = crate.add(ContextEntity(crate, "#liverfit", instrument))
    liverfit["softwareRequirements"] = software
    crate.add_action(
        liverfit,
        identifier="#run",
        object=inputs,
        result=results,
        properties={"name": "snakemake"},
    )
    if provenance["date"]:
        crate.datePublished = provenance["date"]
    else:
        del crate.root_dataset["datePublished"]
    return crate.metadata.generate()


def _file(path: Path) -> dict[str, Any]:
    store.verify(path)
    return {
        "encodingFormat": MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        "contentSize": str(path.stat().st_size),
        "sha256": store.checksum(path),
    }


def _input(name: str, digest: str) -> dict[str, str]:
    return {
        "@type": "CreativeWork",
        "name": f"data/raw/{name}",
        "encodingFormat": MEDIA_TYPES.get(Path(name).suffix, "text/plain"),
        "sha256": digest,
    }
