"""A small Slurm cluster on loopback: every daemon a child of this process, all state in one folder.

Needs root and Debian's slurm-wlm, slurmdbd, munge and mariadb-server; uses none of their services,
configuration or ports. `SlurmCluster` is a context manager: what it starts ends with it.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PACKAGES = ("slurm-wlm", "slurmdbd", "munge", "mariadb-server")
PROGRAMS = ("munged", "mariadbd", "mariadb-install-db", "slurmdbd", "slurmctld", "slurmd", "sbatch")
ACCOUNT, PARTITION, USER = "synthesis", "short", "root"
NODES = ("n1", "n2")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)

SLURM_CONF = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd}
AccountingStoragePass={folder}/munge.socket
AccountingStorageEnforce=associations,limits
AccountingStoreFlags=job_comment
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
MailProg=/bin/true
KillWait=5
MessageTimeout=60
SlurmdTimeout=300
DebugFlags=NO_CONF_HASH
{nodes}
PartitionName={partition} Nodes={names} Default=NO State=UP MaxTime=120 OverSubscribe=NO
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory={memory}"
)
DBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser={user}
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadb}
StorageUser=slurm
StoragePass={password}
StorageLoc=accounting
"""
# Snakemake's executor clears SLURM_CONF before it calls srun, which then reads /etc/slurm.
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""
DATABASE = """\
CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL ON accounting.* TO 'slurm'@'127.0.0.1';
"""


def missing() -> list[str]:
    """The programs of the cluster that are not installed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [name for name in PROGRAMS if not shutil.which(name, path=path)]


def install() -> None:
    """Install Debian's packages without starting their services."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:  # Debian's way to say that no service may be started
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        for words in (["update"], ["install", "--no-install-recommends", *PACKAGES]):
            subprocess.run(["apt-get", "-q", "-y", *words], env=environment, check=True,
                           stdout=subprocess.DEVNULL)  # fmt: skip
    finally:
        if ours:
            policy.unlink()


def free_ports(names: tuple[str, ...]) -> dict[str, int]:
    """A free port of the loopback device for each name."""
    sockets = {name: socket.socket() for name in names}
    for opened in sockets.values():
        opened.bind(("127.0.0.1", 0))
    ports = {name: opened.getsockname()[1] for name, opened in sockets.items()}
    for opened in sockets.values():
        opened.close()
    return ports


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until a condition holds; `TimeoutError` tells what did not come about."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def _end_with_parent() -> None:
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class SlurmCluster:
    """munged, mariadbd, slurmdbd, slurmctld and a slurmd a node, with one account and partition."""

    def __init__(self) -> None:
        self.folder = Path(
            tempfile.mkdtemp(prefix="slurm-", dir="/tmp")
        )  # sockets need a short path
        self.folder.chmod(0o755)
        self.ports = free_ports(("mariadb", "slurmdbd", "slurmctld", *NODES))
        self.daemons: dict[str, subprocess.Popen] = {}
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join(
                [str(self.folder / "bin"), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
            ),
            "SLURM_CONF": str(self.folder / "slurm.conf"),
        }
        self._before: set[int] = set()

    def __enter__(self) -> SlurmCluster:
        # orphans (job steps) become children of this process, so that all are found
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._before = {child.pid for child in psutil.Process().children(recursive=True)}
        try:
            self._configure()
            self._start_database()
            self.start("munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket",
                       f"--key-file={self.folder}/munge.key", f"--pid-file={self.folder}/munge.pid",
                       f"--log-file={self.folder}/munge.log",
                       f"--seed-file={self.folder}/munge.seed")  # fmt: skip
            wait_for((self.folder / "munge.socket").exists, "munged")
            self.start("slurmdbd", "-D")
            wait_for(lambda: self.listens("slurmdbd"), "slurmdbd")
            for words in (
                "cluster loopback",
                f"account {ACCOUNT}",
                f"user {USER} account={ACCOUNT}",
            ):
                self.command("sacctmgr", "-i", "add", *words.split())
            self.start_controller()
            for node in NODES:
                self.start("slurmd", "-D", "-N", node, name=node)
            wait_for(self.idle, "idle nodes")
        except BaseException:
            print(self.logs())
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """End every process that came from here, newest first, and remove the state."""
        for name in list(self.daemons)[::-1]:
            self.stop(name, signal.SIGTERM)
        left = self.leftovers()
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=10)
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 0)
        shutil.rmtree(self.folder, ignore_errors=True)

    def leftovers(self) -> list[psutil.Process]:
        """Processes that came from here and still run."""
        found = psutil.Process().children(recursive=True)
        alive = [p for p in found if p.pid not in self._before]
        return [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def _configure(self) -> None:
        host = socket.gethostname().partition(".")[0]
        memory = psutil.virtual_memory().total // 2**20 // len(NODES)
        nodes = [
            NODE.format(name=name, host=host, port=self.ports[name], memory=memory)
            for name in NODES
        ]
        values = {
            **self.ports, "folder": self.folder, "host": host, "user": USER,
            "password": secrets.token_hex(16), "nodes": "\n".join(nodes),
            "names": ",".join(NODES), "partition": PARTITION,
        }  # fmt: skip
        for name, text in (
            ("slurm.conf", SLURM_CONF), ("slurmdbd.conf", DBD_CONF), ("init.sql", DATABASE),
        ):  # fmt: skip
            path = self.folder / name
            path.write_text(text.format_map(values))
            path.chmod(0o644 if name == "slurm.conf" else 0o600)
        wrapper = self.folder / "bin/srun"
        wrapper.parent.mkdir()
        wrapper.write_text(SRUN.format(folder=self.folder, srun=shutil.which("srun")))
        wrapper.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        for name in ("state", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)

    def _start_database(self) -> None:
        data = self.folder / "mariadb"
        self.command("mariadb-install-db", "--no-defaults", f"--datadir={data}", f"--user={USER}",
                     "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip
        self.start("mariadbd", "--no-defaults", f"--datadir={data}", f"--user={USER}",
                   f"--socket={self.folder}/mariadb.socket", f"--port={self.ports['mariadb']}",
                   f"--pid-file={self.folder}/mariadb.pid", "--bind-address=127.0.0.1",
                   "--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900",
                   f"--init-file={self.folder}/init.sql")  # fmt: skip
        wait_for(lambda: self.listens("mariadb"), "mariadbd")

    def start(self, program: str, *arguments: str, name: str = "") -> None:
        """Start a daemon in the foreground, as a child that does not outlive this process."""
        name = name or program
        with (self.folder / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                [program, *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, cwd=self.folder, preexec_fn=_end_with_parent,
            )  # fmt: skip

    def start_controller(self) -> None:
        """Start slurmctld and wait until it answers."""
        self.start("slurmctld", "-D")
        wait_for(lambda: self.run("scontrol", "ping").stdout.find("UP") > 0, "slurmctld")

    def stop(self, name: str, how: signal.Signals) -> None:
        """End a daemon; one that does not go in 20 s is killed."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(how)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def listens(self, name: str) -> bool:
        """Whether a port of the cluster takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[name])) == 0

    def idle(self) -> bool:
        """Whether every node is up and has nothing to do."""
        states = self.run("sinfo", "-h", "-N", "-o", "%T").stdout.split()
        return states == ["idle"] * len(NODES)

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command as a user of the cluster would."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def command(self, *command: str) -> str:
        """Run a command that must succeed and return what it prints."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def jobs(self, *states: str) -> dict[str, str]:
        """Comment (what Snakemake says of it) of each job in the queue by its id."""
        chosen = ["--states", ",".join(states)] if states else []
        lines = self.command("squeue", "-h", *chosen, "-o", "%i %k").splitlines()
        return {number: rest for number, _, rest in (line.partition(" ") for line in lines)}

    def history(self) -> list[dict[str, str]]:
        """What accounting knows of every job, as text by field of sacct."""
        fields = (
            "jobid",
            "jobname",
            "state",
            "comment",
            "account",
            "partition",
            "timelimit",
            "reqmem",
        )
        text = self.command("sacct", "-X", "-n", "-P", "-S", "now-1days", "-o", ",".join(fields))
        rows = (line.split("|") for line in text.splitlines())
        return [dict(zip(fields, row, strict=True)) for row in rows]

    def logs(self) -> str:
        """The last lines of every daemon's log, for a failing test."""
        files = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
        return "\n".join(
            f"== {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
            for path in sorted(files)
        )


if __name__ == "__main__":  # whether a cluster can be had on this machine
    if missing():
        install()
    with SlurmCluster() as cluster:
        print(cluster.command("sinfo"))
