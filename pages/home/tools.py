"""The tools: a card each, with a picture that the project's script made."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.shared.front_end import asset_address


@dataclass(frozen=True)
class Tool:
    """A card. ``page`` is the folder; ``shows`` says what the picture shows."""

    page: str
    title: str
    text: str
    verb: str
    icon: str
    shows: str


TOOLS = (
    Tool(
        "playground", "Playground",
        "Draw points and watch a boundary learn to keep its distance from them.",
        "Draw", "draw", "Blue and orange points, each in a disc that the boundary stays out of",
    ),
    Tool(
        "reconstruction", "Reconstruction",
        "Turn a cloud of loose points, from a scanner for example, into a surface.",
        "Reconstruct", "view_in_ar", "A surface inside shells of points equally far from it",
    ),
    Tool(
        "exact", "Exact networks",
        "Give a shape and get a network whose boundary is exactly that shape, without training.",
        "Build", "polyline", "A polygon, and the network that draws it",
    ),
    Tool(
        "robustness", "Robustness",
        "Change an image until a network errs, and see how near the boundary was.",
        "Attack", "shield", "A digit, the same digit changed a little, and the boundary between",
    ),
    Tool(
        "few_samples", "Few samples",
        "Compare three ways to train when there are only a few dozen examples.",
        "Compare", "scatter_plot", "Figure 2: accuracy grows with the number of training images",
    ),
    Tool(
        "runs", "Runs",
        "Follow long computations. They go on after you close the page, and can be resumed.",
        "Follow", "list_alt", "Falling curves of a training that was stopped and resumed",
    ),
)  # fmt: skip


def tools() -> None:
    """All cards."""
    st.header("What would you like to do?", anchor=False)
    with st.container(key="tools"):
        for tool in TOOLS:
            with st.container(border=True, key=f"tool_{tool.page}"):
                _picture(tool)
                st.markdown(f"### {tool.title}\n\n{tool.text}")
                st.page_link(
                    f"{tool.page}/page.py", label=tool.verb, icon=f":material/{tool.icon}:"
                )


def _picture(tool: Tool) -> None:
    address = asset_address(f"home/pictures/{tool.page}.webp")
    st.html(
        f'<img class="levelset-picture" src="{address}" alt="{tool.shows}" width=960 height=540>'
    )
