"""A project folder whose workflow runs on the small Slurm cluster."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml
from slurm_cluster import ACCOUNT, PARTITION, SlurmCluster, wait_for

CLAIM = "aerobic_lowers_liver_fat"
DIVIDED = ("--set-scatter", "multiverse=2", "calibration=2")
SITE = ("--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "3",
        "--default-resources", f"slurm_account={ACCOUNT}", f"slurm_partition={PARTITION}",
        "--latency-wait", "10")  # fmt: skip


@dataclass
class Project:
    """A project folder, and the cluster that it is run on."""

    root: Path
    cluster: SlurmCluster | None = None
    heads: list[subprocess.Popen] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start the head process of a run on the cluster, its words going to head.log."""
        with (self.root / "head.log").open("ab") as log:
            head = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *SITE, *arguments], cwd=self.root,
                env=self.cluster.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.heads.append(head)
        return head

    def running(self) -> str:
        """Wait until a job of the latest run is at work, and return its id."""
        wait_for(self.run_ids, "a run", 300)
        chosen = ("--states", "RUNNING", "--name", self.run_ids()[-1])
        jobs: list[str] = []

        def found() -> bool:
            jobs[:] = self.cluster.command("squeue", "-h", *chosen, "-o", "%i").split()
            return bool(jobs)

        wait_for(found, "a running job", 600)
        return jobs[0]

    def processes(self, word: str = "") -> list[psutil.Process]:
        """The processes at work in this folder whose command has a word."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.root) and word in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:  # gone meanwhile, or not ours to look at
                continue
        return found

    def ended(self) -> list[dict[str, str]]:
        """The jobs of all runs that accounting knows as ended, by id."""
        names = self.run_ids()
        jobs = [job for job in self.cluster.history() if job["jobname"] in names]
        return sorted(jobs, key=lambda job: int(job["jobid"]))

    def end(self) -> None:
        """End the head processes that are still at work."""
        for head in self.heads:
            head.kill()
            head.wait()

    def finish(self, head: subprocess.Popen, seconds: float = 900) -> None:
        """Wait for a head process, which must succeed."""
        assert head.wait(seconds) == 0, self.told() + self.cluster.logs()

    def told(self) -> str:
        """What the head processes said."""
        return (self.root / "head.log").read_text(encoding="utf-8", errors="replace")

    def run_ids(self) -> list[str]:
        """Names that the head processes gave to their Slurm jobs."""
        return re.findall(r"SLURM run ID: (\S+)", self.told())

    def tables(self) -> dict[str, bytes]:
        """Every result but figures and parts, by its path."""
        folder = self.root / "results"
        files = (f for f in folder.rglob("*") if f.suffix in (".csv", ".json", ".md", ".sha256"))
        kept = (f for f in files if "chunks" not in f.parts)
        return {f.relative_to(folder).as_posix(): f.read_bytes() for f in kept}

    def copy(self, root: Path) -> Project:
        """This project in another folder, with its dates and Snakemake's records."""
        shutil.copytree(self.root, root, symlinks=True)
        (root / "head.log").unlink(missing_ok=True)
        return Project(root, self.cluster)

    def remove(self, *names: str) -> None:
        """Delete results, with their checksums."""
        for name in names:
            for path in (self.root / "results" / name, self.root / "results" / f"{name}.sha256"):
                path.unlink()


def rewrite(path: Path, change) -> None:
    """Change the content of a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
