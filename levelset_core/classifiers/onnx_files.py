"""ONNX files from strangers: as networks with gradients where onnx2torch knows the operators.

The file is a list of operators with plain numbers, no code. Its names are replaced before
onnx2torch writes a program with them; numbers in other files are not read; sizes are checked
before a pass (:mod:`levelset_core.classifiers.bounds`). What the converted network gives is
compared with onnxruntime, which also runs what onnx2torch cannot convert: then there are no
gradients, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.classifiers.bounds import TooLarge, check_bounds_of, run_filled, run_parts
from levelset_core.classifiers.layout import laid_out, layout_remark, shape_of
from levelset_core.classifiers.onnx_models import (
    ERRORS,
    check_sizes,
    converted,
    count,
    ends,
    first_line,
    input_of,
    outputs_of,
    parsed,
)
from levelset_core.errors import LevelsetError, optional
from levelset_core.random import torch_generator

MAX_BYTES = 1_000_000_000


class OnnxNetwork(nn.Module):
    """A classifier in an ONNX file.

    Args:
        content: of the file.

    Attributes:
        shape, classes: of an image, and how many outputs there are.
        axes: of an image as the file takes it.
        missing: why it has no gradients, or "".

    Raises:
        LevelsetError: it is damaged, no classifier of images, or needs what cannot be run.
    """

    random_parts: tuple[str, ...] = ()
    mixes_images = False

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content
        model = parsed(content)
        self._batch, self.axes, self._type = input_of(ends(model)[0])
        self.shape = shape_of(self.axes) or (1, 1, 1)
        self.classes = outputs_of(model)
        self.numbers = sum(count(tensor.dims) for tensor in model.graph.initializer)
        self._fitting: set[int] = set()
        self._runtime = _Runtime(content)
        self.network: nn.Module | None = None
        self.missing = self._convert(model)
        if self.missing:
            check_sizes(model, self._batch, self.missing)
        elif self._batch is not None and self._agrees(4 * self._batch):
            self._batch = None

    def _convert(self, model: Any) -> str:
        """Find a network in torch that gives what onnxruntime gives; else say why there is none."""
        missing = ""
        for any_number in (True, False) if self._batch else (False,):
            network, said = converted(model, self._batch if any_number else None)
            missing = missing or said
            if network is None:
                continue
            self.network = network
            if self._agrees(self._batch or 2):
                return ""
            self.network, missing = None, missing or "it gives other numbers when it is converted"
        return missing

    def _agrees(self, images: int) -> bool:
        x = torch.rand(images, *self.axes, generator=torch_generator(0)).to(self._type)
        try:
            with torch.no_grad():
                found = self._bounded(x)
                wanted = torch.cat([self._runtime(part) for part in x.split(self._batch or images)])
        except TooLarge:
            raise
        except ERRORS:
            return False
        return found.shape == wanted.shape and _near(found, wanted)

    def _run(self, x: Tensor) -> Tensor:
        found: Tensor = self._runtime(x) if self.network is None else self.network(x)
        return found

    def _bounded(self, x: Tensor) -> Tensor:
        if self.network is not None and len(x) not in self._fitting:
            check_bounds_of(self._run, x.detach())
            self._fitting.add(len(x))
        return self._run(x)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, c, h, w) -> (n, classes) float32."""
        images = laid_out(x, self.axes).to(self._type).contiguous()
        run = partial(run_filled, self._bounded, self._batch) if self._batch else self._bounded
        return run_parts(run, images.split(self._batch or max(1, len(x)))).to(torch.float32)


def read_onnx(path: Path) -> OnnxNetwork:
    """The network in an ``.onnx`` file.

    Raises:
        LevelsetError: there is no such file, or see :class:`OnnxNetwork`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LevelsetError(f"{path.name} is too large: more than {MAX_BYTES:,} bytes.")
        if (beside := path.with_name(f"{path.name}.data")).is_file():
            return OnnxNetwork(_with_numbers(path, beside)).eval()
        return OnnxNetwork(path.read_bytes()).eval()
    except OSError as error:
        raise LevelsetError(f"There is no file {path}.") from error


def _with_numbers(path: Path, beside: Path) -> bytes:
    """The file in one piece, with its numbers that torch's exporter has put beside it."""
    if beside.stat().st_size > MAX_BYTES:
        raise LevelsetError(f"{beside.name} is too large: more than {MAX_BYTES:,} bytes.")
    try:
        content: bytes = optional("onnx", "onnx").load(path).SerializeToString()
    except Exception as error:  # a file of another folder, or one that is cut
        raise LevelsetError(f"{path.name} does not fit {beside.name} beside it.") from error
    return content


# -- running ---------------------------------------------------------------------------------


class _Runtime:
    """onnxruntime: numbers, no gradients."""

    def __init__(self, content: bytes) -> None:
        onnxruntime = optional("onnxruntime", "onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise LevelsetError(f"onnxruntime does not run it: {first_line(error)}") from error
        self._name, self._content = self._session.get_inputs()[0].name, content

    def __reduce__(self) -> tuple[type[_Runtime], tuple[bytes]]:
        return _Runtime, (self._content,)

    def __deepcopy__(self, _memo: Any) -> _Runtime:
        return self  # it holds nothing that changes

    def __call__(self, x: Tensor) -> Tensor:
        try:
            (found,) = self._session.run(None, {self._name: x.detach().cpu().numpy()})
        except Exception as error:
            raise LevelsetError(f"onnxruntime does not run it: {first_line(error)}") from error
        return torch.from_numpy(found).to(x.device)


def _near(found: Tensor, wanted: Tensor) -> bool:
    return torch.allclose(found.float(), wanted.float(), rtol=1e-2, atol=1e-3, equal_nan=True)


def onnx_remarks(network: OnnxNetwork) -> Iterator[str]:
    """What whoever reads its figures must know, a sentence each."""
    if network.axes != network.shape:
        yield layout_remark(network.shape, network.axes)
    if network.missing:
        yield (
            f"It runs in onnxruntime, without gradients ({network.missing}): only attacks without "
            "gradients, such as Square in AutoAttack, say something; export it with torch.export."
        )
