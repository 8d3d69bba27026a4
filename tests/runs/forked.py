"""What a process has from which Dask's workers are forked: all that runs import."""

import torch

import levelset_core.runs.elsewhere.task  # noqa: F401
import tests.runs.tiny_kind  # noqa: F401

torch.set_num_threads(1)
