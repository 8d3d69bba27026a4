"""Waiting for runs, and what must be equal between two of them."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

PATIENCE = float(os.environ.get("LEVELSET_PATIENCE", "60"))


def wait(condition, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail(f"Waited {patience:g} s in vain for {what}.")
        time.sleep(0.01)
    return value


def wait_for_state(run, *states):
    wait(lambda: run.status().state in states and not run.alive, f"{run} to be {states}")
    return run.status()


def outcome(run):
    """Everything that must be equal bit for bit: the weights and the metrics."""
    weights = np.load(run.artifacts / "weights.npy").tobytes()
    return weights, (run.path / "metrics.jsonl").read_bytes()
