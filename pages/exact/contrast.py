"""For contrast: an MLP of the same size trained on the same shape, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from levelset_core.exact.contrast import ContrastSnapshot, train_contrast
from levelset_core.exact.sign_check import Reference, Tally, check_signs
from pages.exact.work import ExactWork

STEPS = 3000
_CHECKED = 100_000
_PIXELS = 300
_EVERY = 1.0
#: Colours: F < 0, F > 0, the wrong sign.
_INSIDE, _OUTSIDE, _WRONG = (244, 168, 96), (120, 176, 221), (194, 0, 63)
#: One training at a time: they would only slow each other and the pages down.
_TURN = threading.Semaphore(1)


@dataclass
class Contrast:
    """A training in the background.

    Attributes:
        work: whose network is to be rivalled.
        snapshot, tally: the newest, and the check of the last.
        stop: set it to end the training.
    """

    work: ExactWork
    snapshot: ContrastSnapshot | None = None
    tally: Tally | None = None
    failed: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def finished(self) -> bool:
        """Nothing more will come."""
        done = self.snapshot is not None and self.snapshot.step == self.snapshot.steps
        return self.failed or self.stop.is_set() or (done and self.tally is not None)

    def run(self) -> None:
        """Train, then check the signs."""
        exact, reference = self.work.exact, self.work.reference
        assert exact is not None and reference is not None
        try:
            with _TURN:
                for snapshot in train_contrast(exact.widths, reference, steps=STEPS, every=250):
                    self.snapshot = snapshot
                    if self.stop.wait(0.001):
                        return
                assert self.snapshot is not None
                for tally in check_signs(self.snapshot.network, reference, points=_CHECKED):
                    last = tally
                self.tally = last
        except Exception:
            self.failed = True
            raise


def contrast_view(work: ExactWork) -> None:
    """Start a training, watch it beside the exact network."""
    assert work.exact is not None
    running: Contrast | None = st.session_state.get("contrast")
    if running is not None and running.work is not work:
        running.stop.set()
        running = None
    left, right = st.columns([1, 3], vertical_alignment="center")
    if left.button("Train a network of the same size", type="primary", width="stretch"):
        if running is not None:
            running.stop.set()
        running = Contrast(work)
        threading.Thread(target=running.run, daemon=True).start()
    st.session_state.contrast = running
    right.markdown(
        f"An MLP (multilayer perceptron): the same {work.exact.depth} hidden layers, random "
        f"start; {STEPS:,} Adam steps on inside and outside, half of the points near the "
        "boundary. Red: the sign is wrong."
    )
    waiting = running is not None and not running.finished
    st.fragment(_pictures, run_every=_EVERY if waiting else None)(work, running)


def _pictures(work: ExactWork, running: Contrast | None) -> None:
    assert work.exact is not None and work.reference is not None
    exact, trained, _ = st.container(key="contrast_pictures").columns([1, 1, 1])
    if "slice" not in work.made:
        work.made["slice"] = slice_picture(work.exact.network, work.reference)
    name = "Exact, built without training"
    exact.image(work.made["slice"], width="stretch", caption=name, alt=name)
    if running is None:
        return
    if running.failed:
        trained.error("The training failed; the server's log says why.", icon=":material/error:")
        return
    snapshot = running.snapshot
    if snapshot is None:
        trained.caption("Waiting for its turn …")
        return
    if running.tally is not None:
        share = running.tally.wrong / running.tally.points
        said = (
            f"Trained {snapshot.steps} steps: {running.tally.wrong:,} wrong signs among "
            f"{running.tally.points:,} points ({share:.2%}); largest |F| on the boundary "
            f"{running.tally.on_boundary:.1e}"
        )
    else:
        said = f"Step {snapshot.step} of {snapshot.steps}, loss {snapshot.loss:.4f}"
    trained.image(
        slice_picture(snapshot.network, work.reference), width="stretch", caption=said, alt=said
    )
    if running.finished and st.session_state.get("contrast_told") != id(running):
        st.session_state.contrast_told = id(running)
        st.rerun()


@torch.no_grad()
def slice_picture(network: Callable[[Tensor], Tensor], reference: Reference) -> np.ndarray:
    """The signs of F in the plane, or in the middle plane z = const of a solid: (n, n, 3) uint8."""
    low, high = reference.low, reference.high
    axes = [np.linspace(low[k], high[k], _PIXELS) for k in (0, 1)]
    x, y = np.meshgrid(axes[0], axes[1][::-1])
    places = np.column_stack([x.ravel(), y.ravel()])
    if len(low) == 3:
        places = np.column_stack([places, np.full(len(places), (low[2] + high[2]) / 2 + 1e-4)])
    value = torch.cat([network(part)[:, 0] for part in torch.from_numpy(places).split(4096)])
    values = value.numpy()
    inside = reference.inside(places)
    picture = np.where(values[:, None] < 0, _INSIDE, _OUTSIDE)
    picture[(values < 0) != inside] = _WRONG
    return picture.reshape(_PIXELS, _PIXELS, 3).astype(np.uint8)
