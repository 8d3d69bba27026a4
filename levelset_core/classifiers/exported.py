"""Programs of ``torch.export`` from strangers, run by a small interpreter of our own.

``torch.export.load`` cannot be used on a file that one does not trust (torch 2.13): it unpickles
tensors and objects where the archive says so, loads native code, and evaluates expressions of
sizes. But a ``.pt2`` file is a zip with the graph as JSON and the weights as plain bytes. So
:mod:`levelset_core.classifiers.exported_files` reads those alone, and this module runs the graph
with the operators of :mod:`levelset_core.classifiers.operators`: nothing in the file is unpickled,
compiled or evaluated, whatever it says. Before a pass its sizes are checked
(:mod:`levelset_core.classifiers.bounds`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.classifiers.bounds import (
    MAX_PIECES,
    TooLarge,
    check_bounds,
    run_filled,
    run_parts,
)
from levelset_core.classifiers.layout import laid_out
from levelset_core.classifiers.operators import (
    DROPOUTS,
    EMPTY,
    RANDOM,
    SIZES,
    SKIPPED,
    SPLITTING,
    overload_of,
    plain_name,
)
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator

#: Number of an element type in the archive -> the type that it has here: half precision is made
#: for other devices, and gradients vanish in it.
TYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float32, 7: torch.float32, 8: torch.float64, 10: torch.complex64,
    11: torch.complex128, 12: torch.bool, 13: torch.float32,
}  # fmt: skip
_BATCH_NORMS = ("batch_norm", "native_batch_norm", "_native_batch_norm_legit")
_TRAINING = (
    "The program was exported in training mode, so its batch normalization mixes the images of a "
    "batch: call .eval() before."
)


class ExportedNetwork(nn.Module):
    """An exported graph and its tensors.

    Args:
        graph: plain values: "input", "output", "nodes", "tensors" (names, in order), "batch"
            (images it takes at once; None for any number), "shape", "classes"; where they are not
            the usual ones also "axes" (of an image as the graph takes it) and "type" (of its
            numbers).
        tensors: weights and constants, by those names.

    Attributes:
        random_parts: names of operators that draw at random, so that the same image gets other
            logits every time.
        mixes_images: whether an image's logits depend on the others of its batch; set by whoever
            looks.

    Raises:
        LevelsetError: an operator is not allowed, or the graph is damaged.
    """

    def __init__(self, graph: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super().__init__()
        self.graph = graph
        try:
            for k, name in enumerate(graph["tensors"]):
                self.register_buffer(f"t{k}", tensors[name])
            self._program = Program(graph["nodes"], [str(graph["output"])])
            self._input = str(graph["input"])
            self._batch = None if graph["batch"] is None else operator.index(graph["batch"])
            self._axes = tuple(map(operator.index, graph.get("axes") or graph["shape"]))
            sizes = [*map(operator.index, graph["shape"]), operator.index(graph["classes"])]
            sizes += self._axes if self._batch is None else (*self._axes, self._batch)
            if len(graph["shape"]) != 3 or min(sizes) < 1:
                raise ValueError(sizes)
            self._type = TYPES[graph.get("type", 7)]
            self._changed = _changed(self._program, [self._input, *graph["tensors"]])
        except LevelsetError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise LevelsetError("The exported graph is damaged.") from error
        self.mixes_images = False
        self.random_parts = tuple(dict.fromkeys(self._program.random_parts()))
        self._fitting: dict[int, int] = {}

    def _apply(self, fn: Any, recurse: bool = True) -> ExportedNetwork:
        """Move or convert; a graph that counts on the layout of memory keeps it."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if any(step.name == "as_strided" for step in self._program.steps):
            for name, tensor in self.named_buffers():
                setattr(self, name, tensor.contiguous())
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, c, h, w) -> (n, classes) float32."""
        images = laid_out(x, self._axes).to(self._type).contiguous()
        if self._batch is None:
            return run_parts(self._run, images.split(self.at_once(len(x))))
        self.at_once(self._batch)
        return run_parts(partial(run_filled, self._run, self._batch), images.split(self._batch))

    def take_any_number(self) -> None:
        """Where the graph was exported for so many images at once but gives the same logits for
        others, let any number through it together.
        """
        batch = self._batch
        if batch is None or self.random_parts:
            return
        x = torch.rand(2 * batch + 1, *self.graph["shape"], generator=torch_generator(0))
        with torch.no_grad():
            wanted = self(x)
            try:
                self._batch = None
                found = self(x)
                same = found.shape == wanted.shape and torch.allclose(
                    found, wanted, rtol=1e-3, atol=1e-4, equal_nan=True
                )
            except (RuntimeError, ValueError, TypeError, IndexError):
                same = False
        self._batch = None if same else batch
        self._fitting.clear()

    def at_once(self, n: int) -> int:
        """How many of n images may go through the graph together.

        Raises:
            LevelsetError: not even one may, or the sizes of the graph do not fit each other.
        """
        if n not in self._fitting:
            try:
                check_bounds(self._run, (n, *self._axes), self._type)
                self._fitting[n] = n
            except TooLarge:
                if n <= 1 or self._batch is not None:
                    raise
                self._fitting[n] = self.at_once(n // 2)
        return max(1, self._fitting[n])

    def _run(self, x: Tensor) -> Tensor:
        names = self.graph["tensors"]
        values: dict[str, Any] = {name: getattr(self, f"t{k}") for k, name in enumerate(names)}
        if x.is_meta:
            values = {k: torch.empty_like(v, device="meta") for k, v in values.items()}
        values[self._input] = x
        for name in self._changed:  # operators in place change copies
            values[name] = values[name].clone()
        (result,) = self._program.run(values, x.device)
        logits: Tensor = result.to(torch.float32)
        return logits


# -- the interpreter -------------------------------------------------------------------------


@dataclass
class _Step:
    """A node: what it calls, with what, and which values nobody needs after it."""

    run: Callable[..., Any]
    args: list[Any]
    kwargs: dict[str, Any]
    outputs: list[str]
    name: str = ""
    in_place: bool = False
    draws: bool = False
    #: Its outputs may share memory with its arguments.
    aliases: bool = False
    #: Position of its argument "device".
    device: int | None = None
    program: Program | None = None
    dead: list[str] = field(default_factory=list)


class Program:
    """Nodes in their order, of the graph or of a part of it.

    Args:
        nodes: as in the stored graph.
        outputs: names of the values that it gives.
        inputs: names of those it takes; the whole graph has none, as its values are there before.
    """

    def __init__(self, nodes: list[Any], outputs: list[str], inputs: list[str] | None = None):
        self.steps = [step for node in nodes if (step := _step(node)) is not None]
        self.nodes, self.outputs, self.inputs = nodes, outputs, inputs or []
        needed = set(outputs)
        for step in reversed(self.steps):
            names = {n for a in [*step.args, *step.kwargs.values()] for n in _names(a)}
            step.dead = sorted((names | set(step.outputs)) - needed - {""})
            needed |= names

    def __reduce__(self) -> tuple[type[Program], tuple[list[Any], list[str], list[str]]]:
        """Copied and sent as the stored graph: operators cannot be pickled."""
        return Program, (self.nodes, self.outputs, self.inputs)

    def run(self, values: dict[str, Any], device: torch.device) -> list[Any]:
        """The outputs, from values by name, which are dropped on the way."""
        for step in self.steps:
            args = [_value(a, values) for a in step.args]
            kwargs = {name: _value(a, values) for name, a in step.kwargs.items()}
            if step.program is not None:
                found: Any = step.program.within(args, device)
            else:
                if step.device is not None:
                    if step.device < len(args):
                        args[step.device] = device
                    else:
                        kwargs["device"] = device
                if step.name in SPLITTING and max(args[0].shape, default=0) > MAX_PIECES:
                    raise TooLarge(f"The exported program makes more than {MAX_PIECES:,} pieces.")
                found = step.run(*args, **kwargs)
            if len(step.outputs) == 1:
                found = [found[0] if isinstance(found, tuple | list) else found]
            values.update(zip(step.outputs, found, strict=False))
            for name in step.dead:
                values.pop(name, None)
        return [values[name] for name in self.outputs]

    def within(self, args: list[Any], device: torch.device) -> list[Any]:
        """Run as a part of another graph, with gradients on or off as that says."""
        given = dict(zip(self.inputs, args[1:], strict=True))
        with torch.set_grad_enabled(torch.is_grad_enabled() and args[0] is not False):
            return self.run(given, device)

    def random_parts(self) -> Iterator[str]:
        """Names of the operators that draw."""
        for step in self.steps:
            if step.program is not None:
                yield from step.program.random_parts()
            elif step.draws:
                yield step.name


def _step(node: dict[str, Any]) -> _Step | None:
    target = str(node["target"])
    outputs = [str(name) for name in node["outputs"]]
    args, kwargs = list(node["args"]), dict(node["kwargs"])
    if "graph" in node:
        part = node["graph"]
        program = Program(part["nodes"], list(part["outputs"]), list(part["inputs"]))
        return _Step(len, args, {}, outputs, aliases=True, program=program)
    if target in SIZES:
        return _Step(SIZES[target], args, kwargs, outputs)
    parts = target.split(".")
    if parts[-1] == "sym_size" or parts[3:4] == ["sym_size"]:
        return _Step(lambda x, k: x.shape[k], args, kwargs, outputs)
    if parts[3:4] == ["sym_numel"]:
        return _Step(lambda x: x.numel(), args, kwargs, outputs)
    if parts[:3] == ["torch", "ops", "aten"] and parts[3] in SKIPPED:
        return None
    if parts[3:4] == ["_native_batch_norm_legit_functional"]:
        raise LevelsetError(_TRAINING)
    overload = overload_of(target)
    name, in_place = plain_name(target)
    _check_mode(name, parts[4], args)
    schema = overload._schema
    device = next((k for k, a in enumerate(schema.arguments) if a.name == "device"), None)
    run = _OWN.get((name, parts[4]), overload) if not in_place else overload
    if name == "instance_norm":
        args[3:5] = [{"plain": None}, {"plain": None}] if args[5] == {"plain": True} else args[3:5]
    if name in EMPTY:
        kwargs.pop("memory_format", None)
        args = args[:1] if name == "empty_permuted" else args
    draws = name in RANDOM or (name in DROPOUTS and _trains(args, kwargs))
    aliases = name in DROPOUTS or any(r.alias_info is not None for r in schema.returns)
    return _Step(run, args, kwargs, outputs, name, in_place, draws, aliases, device)


def _view(x: Tensor, size: list[int]) -> Tensor:
    """A view; in another layout of memory a copy."""
    try:
        return x.view(size)
    except RuntimeError:
        return x.reshape(size)


def _copy(x: Tensor, source: Tensor, *_: Any) -> Tensor:
    """The functional copy, which has no derivative in torch."""
    return source.to(x.dtype).expand_as(x).clone()


_OWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("view", "default"): _view,
    ("copy", "default"): _copy,
}


def _trains(args: list[Any], kwargs: dict[str, Any]) -> bool:
    return {"plain": True} in [*args, *kwargs.values()]


def _check_mode(name: str, overload: str, args: list[Any]) -> None:
    trains = name in _BATCH_NORMS and overload == "default" and args[5] == {"plain": True}
    if trains and args[3] != {"plain": None}:  # without running means it norms something else
        raise LevelsetError(_TRAINING)


def _changed(program: Program, names: list[str]) -> list[str]:
    """Those of the values that are there before, whose memory an operator in place changes."""
    roots: dict[str, set[str]] = {name: {name} for name in names}
    changed: set[str] = set()
    for step in program.steps:
        given = [set().union(*(roots.get(n, set()) for n in _names(a))) for a in step.args]
        if step.in_place:
            changed |= given[0]
        if step.program is not None and any(s.in_place for s in step.program.steps):
            changed |= set().union(*given)
        if step.aliases or step.in_place:
            for output in step.outputs:
                roots[output] = set().union(*given)
    return [name for name in names if name in changed]


def _names(argument: Any) -> Iterator[str]:
    """Names of the values in an argument."""
    ((kind, content),) = argument.items()
    if kind == "list":
        for item in content:
            yield from _names(item)
    elif kind not in ("plain", "type"):
        yield str(content)


def _value(argument: Any, values: dict[str, Any]) -> Any:
    ((kind, content),) = argument.items()
    if kind == "plain":
        return content
    if kind == "type":
        return TYPES[content]
    if kind == "list":
        return [_value(item, values) for item in content]
    return values[content]
