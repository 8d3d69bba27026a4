"""Where figures of the page come from: stored results and runs on this machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.config import LOSSES, GeneralizationConfig
from levelset_core.few_samples.gallery import NAME as GALLERY
from levelset_core.few_samples.kinds.generalize import TABLE
from levelset_core.few_samples.results import (
    command,
    conclusion,
    hyper_text,
    in_short,
    read_results,
    steps_text,
    title,
)
from levelset_core.paths import ASSETS
from levelset_core.runs.files import read_json
from pages.server.people import my_runs
from pages.shared.glossary import explained, term
from pages.shared.kept import view_choice
from pages.shared.run_controls import created_text
from pages.shared.tables import named_table

#: Galleries of stored results, of images that may be shared.
GALLERIES = ASSETS / "few_samples"


@dataclass(frozen=True, eq=False)
class Source:
    """One result: a stored one, or what a run has found so far.

    Attributes:
        key: of the choice.
        title: what the choice says.
        result: see :func:`levelset_core.few_samples.results.describe`.
        gallery: its file; it may not be there.
        stored: whether it came with the program.
    """

    key: str
    title: str
    result: dict[str, Any]
    gallery: Path
    stored: bool

    @property
    def config(self) -> GeneralizationConfig:
        """Its settings."""
        return GeneralizationConfig.from_dict(self.result["settings"])

    def command(self, fraction: float | None = None) -> str:
        """The command that makes its figures, or those of one fraction."""
        if fraction is None:
            return str(self.result["command"])
        return command(self.config, [fraction])


def sources() -> list[Source]:
    """Stored results first, then the runs of this machine, the newest first."""
    found = []
    try:
        for name, result in read_results().items():
            path = GALLERIES / f"{name}.npz"
            found.append(Source(name, title(result), result, path, True))
    except LevelsetError as error:
        st.error(str(error), icon=":material/broken_image:")
    for run in my_runs().runs():
        if run.problem() or run.config.kind != "generalize":
            continue
        with suppress(LevelsetError, KeyError, TypeError, AttributeError):
            result = read_json(run.artifacts / TABLE)
            if "settings" not in result:
                continue
            said = f"{title(result)}, run here {created_text(run.config.created)}"
            found.append(Source(run.id, said, result, run.artifacts / GALLERY, False))
    return found


def of_one(draw: Callable[[Source], None]) -> Callable[[list[Source]], None]:
    """A view of one source, which is chosen above it and told about below."""

    def view(found: list[Source]) -> None:
        if found:
            source = _choose(found)
            _task(source)
            draw(source)
            _about(source)
        else:
            st.info(
                "There is no stored result and no finished run yet: start one under “Run here”.",
                icon=":material/info:",
            )

    return view


def _choose(found: list[Source]) -> Source:
    """The data set, or the run, that is shown; ``?data=key`` in the address holds it."""
    titles = {source.key: source.title for source in found}
    key = view_choice(
        "Data set", titles, key="few_data", default=found[0].key, parameter="data", pills=True
    )
    return next(source for source in found if source.key == key)


def _task(source: Source) -> None:
    """What is compared and what came out; an accuracy of two classes looks like one of ten."""
    network = source.result["network"].split(",")[0]
    repeats = source.config.repeats
    st.markdown(
        f"Which loss learns most from few images? The same network ({_network(network)}) is "
        f"trained on small random parts of the training set, {repeats} times for each size, and "
        f"tested on all test images. **{in_short(source.result)}** "
        + explained(
            "The losses are {geometric_svm}, {cross_entropy} and {hinge}. The paper compares them "
            "like this in its Figure 2."
        ),
        unsafe_allow_html=True,
    )
    sides = (
        f"{', '.join(names)} ({sign.replace('-', '−')})"
        for sign, names in source.result["labels"].items()
    )
    exact = conclusion(source.result).replace("-", "−").replace("cross−", "cross-")
    st.caption(
        f"Two classes: {' against '.join(sides)}. In figures: {exact} "
        "(A point is one percent of the test images.)"
    )


def _network(name: str) -> str:
    """What the network is called, with its words if it is one of the glossary's."""
    return name.replace("MLP", term("mlp")) if name.startswith("MLP") else name


def _about(source: Source) -> None:
    """What was done, on what, with what: all that a reader needs to judge the figures."""
    result, c = source.result, source.config
    where = "Stored result" if source.stored else "Made on this machine"
    minutes = result["cpu_seconds"] / 60
    st.caption(
        f"{where}: {result['date']}, {result['machine']['cpu']}, one thread per process, "
        f"{minutes:.0f} CPU min, seed {result['seed']}, {c.repeats} repeats. {result['source']}. "
        f"{result['note']}"
    )
    with st.expander("Network, labels, chosen hyper-parameters", icon=":material/info:"):
        merge = "; ".join(f"**{sign}**: {', '.join(v)}" for sign, v in result["labels"].items())
        choice = (
            "were taken from the stored result"
            if c.chosen is not None
            else f"were chosen on at most 2,000 held-out training images, by {c.tuning} separate "
            "repeats, from the same number of candidates for each loss, without test images"
        )
        st.markdown(
            f"{result['network']}; {steps_text(c.to_dict())} of {c.batch} images, AdamW, its rate "
            "falling to 0; the same weights and images for every loss. Labels (chosen here; the "
            f"paper merges “arbitrarily”): {merge}. Hyper-parameters {choice}. Geometric SVM: "
            "Eq. 11 with L∞, α = −1; where a sample has no level set point, the hinge of F stands "
            "in (extension)."
        )
        losses = list(result["rows"][0]["losses"])
        named_table(
            "Chosen hyper-parameters", ["Fraction", *(LOSSES[loss] for loss in losses)],
            [
                [f"{row['fraction']:g}", *(_how_it_went(row["losses"][loss]) for loss in losses)]
                for row in result["rows"]
            ],
        )  # fmt: skip


def _how_it_went(found: dict[str, Any]) -> str:
    """Chosen hyper-parameters; steps, fit and fallback where the result has them."""
    words = [hyper_text(found["hyper"])]
    if "steps" in found:
        words.append(f"{found['steps']:.0f} steps, {found['fit']:.1%} of its images right")
    if found.get("fallback"):
        words.append(f"{found['fallback']:.1%} of the samples without level set points")
    return "; ".join(words)
