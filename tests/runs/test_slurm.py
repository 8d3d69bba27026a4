"""Workers that dask-jobqueue starts as jobs of a Slurm of one node, as docs/deploy.md shows it."""

import getpass
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from levelset_core.runs import work_here
from tests.children import child
from tests.runs.support import outcome, wait, wait_for_state

MISSING = [p for p in ("munged", "slurmctld", "slurmd", "sbatch") if shutil.which(p) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"{', '.join(MISSING)}: apt-get install slurm-wlm munge"
    ),
]
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=sched_interval=1
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=one Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A Slurm of this machine alone, with two cores to give."""
    folder = tmp_path / "slurm"
    for part in (folder, folder / "state", folder / "spool"):
        part.mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(
        host=platform.node(), user=getpass.getuser(), folder=folder,
        ports=[free_port(), free_port()],
    ))  # fmt: skip
    monkeypatch.setenv("SLURM_CONF", str(conf))
    munge = ["munged", "--foreground", "--force"]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("key", "log", "pid", "seed")]
    commands = [
        [*munge, f"--socket={folder}/munge.socket"],
        ["slurmctld", "-D", "-f", str(conf)],
        ["slurmd", "-D", "-N", "one", "-f", str(conf)],
    ]
    with ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((folder / f"{command[0]}.log").open("wb"))
            stack.enter_context(child(command, stdout=log, stderr=log))
            if command[0] == "munged":
                wait((folder / "munge.socket").exists, "munge")
        wait(lambda: "idle" in _ask("sinfo", "-h", "-o", "%T"), "the node to be idle")
        yield folder
        _ask("scancel", "--user", getpass.getuser())
        wait(lambda: not _ask("squeue", "-h"), "the jobs to end")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ask(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_a_run_outlives_the_job_that_worked_on_it(slurm, store, monkeypatch):
    jobqueue = pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")  # jobs have our environment
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    whole, run = (
        store.create("tiny", {"pause": p}, steps=400, seed=4, device="cpu", memory=1)
        for p in (0, 0.02)
    )
    work_here(store, whole)
    with jobqueue.SLURMCluster(
        cores=1, processes=1, memory="1GB", walltime="00:10:00", python=sys.executable,
        worker_extra_args=["--resources", "MEMORY=1e9"], log_directory=str(slurm),
        local_directory=str(slurm),
        scheduler_options={"host": "127.0.0.1", "dashboard_address": ":0"},
    ) as cluster:  # fmt: skip
        cluster.scale(jobs=2)
        monkeypatch.setenv("LEVELSET_CLUSTER", cluster.scheduler_address)
        wait(lambda: len(cluster.scheduler_info["workers"]) == 2, "both jobs")
        assert len(_ask("squeue", "-h", "-t", "R").splitlines()) == 2
        store.submit(run)
        wait(lambda: run.status().step > 50 and run.alive, "steps")
        os.kill(run.status().pid, signal.SIGKILL)
        wait_for_state(run, "done")
    assert outcome(run) == outcome(whole)
