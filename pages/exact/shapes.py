"""The shapes of the page Exact networks: examples, files, and the one that is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.errors import LevelsetError
from levelset_core.exact.network import FORMS
from pages.exact.work import ExactWork
from pages.shared.uploads import prepare_uploads, read_upload


@dataclass(frozen=True)
class Shapes:
    """Shapes of one dimension.

    Attributes:
        kind: "plane" or "solid": what keys in the session begin with.
        title, button, file: labels of the examples, of the way to a file, of the upload.
        first: the example to begin with.
        examples: name -> how it is made.
        read: a file's name, its content and the network's form -> a shape; done elsewhere.
    """

    kind: str
    title: str
    button: str
    file: str
    first: str
    examples: Mapping[str, Callable[[], Any]]
    read: Callable[[str, bytes, str], Any]

    def choose(self, presets: DeltaGenerator, files: DeltaGenerator) -> None:
        """The examples, and the upload.

        Args:
            presets, files: where to put them.
        """
        memory = self.memory
        prepare_uploads()
        presets.pills(
            self.title, list(self.examples), key=f"{self.kind}_preset", on_change=self._preset,
            default=st.session_state.get(f"{self.kind}_preset"), label_visibility="collapsed",
        )  # fmt: skip
        with files.popover(self.button, icon=":material/upload_file:", width="stretch"):
            st.file_uploader(self.file, key=f"{self.kind}_file", on_change=self._file)
            st.number_input(
                "Tolerance, as a part of the size", 0.0, 0.1, None, 0.001, "%.4f",
                key=f"{self.kind}_tolerance", placeholder="by the digits", on_change=self._rebuild,
                help="Corners this close to a straight line, or to a flat face, count as on it. "
                "Empty: as the digits of the file's coordinates say.",
            )  # fmt: skip
            if message := memory["file_error"]:
                st.error(message, icon=":material/error:")

    @property
    def memory(self) -> dict[str, Any]:
        """What is looked at: ``work``, its ``name``, how many were before it (``load``), the number
        of the last ``edit`` in the browser, ``file_error``.
        """
        key = f"exact_{self.kind}"
        if key not in st.session_state:
            st.session_state[key] = {"load": 0, "preset": self.first}
            self._load(self.first, self.examples[self.first]())
            st.session_state.setdefault(f"{self.kind}_preset", self.first)
        memory: dict[str, Any] = st.session_state[key]
        return memory

    @property
    def form(self) -> str:
        """How deep networks are built now."""
        return str(st.session_state.get(f"{self.kind}_form") or FORMS[0])

    def build(self, shape: Any) -> ExactWork:
        """The network of a shape, in the form and with the tolerance that are set."""
        return ExactWork.of(shape, self.form, st.session_state.get(f"{self.kind}_tolerance"))

    def drawn(self, shape: Any) -> None:
        """Take a shape that is none of the examples any more."""
        self.memory["work"] = self.build(shape)
        st.session_state[f"{self.kind}_preset"] = None

    def choose_form(self, forms: tuple[str, ...] = FORMS) -> None:
        """The depth of the network is a choice; its price in weights is among the figures."""
        st.segmented_control(
            "Depth", forms, key=f"{self.kind}_form", default=self.form, required=True,
            format_func=str.capitalize, on_change=self._rebuild,
            help="Deep: few weights, but up to as many layers as a comb has teeth. Balanced: "
            "layers grow with the logarithm of the number of edges, at the price of many weights. "
            "Both are the same function. Shallow (polygons): two hidden layers, whatever the "
            "shape, and the most weights; F has the same sign, but other values.",
        )  # fmt: skip

    def _rebuild(self) -> None:
        self.memory["work"] = self.build(self.memory["work"].shape)

    def _load(self, name: str, shape: Any) -> None:
        memory = self.memory
        load = memory["load"] + 1
        memory |= {"name": name, "work": self.build(shape), "load": load, "edit": 0}
        memory["file_error"] = None

    def _preset(self) -> None:
        """Load the shape that was clicked; a click on the chosen one brings it back as it was."""
        name = st.session_state[f"{self.kind}_preset"] or self.memory["preset"]
        st.session_state[f"{self.kind}_preset"] = self.memory["preset"] = name
        self._load(name, self.examples[name]())

    def _file(self) -> None:
        file = st.session_state[f"{self.kind}_file"]
        self.memory["file_error"] = None
        if file is not None:
            try:
                shape = read_upload(self.read, file.name, [file], file.name, after=[self.form])
                self._load(file.name, shape)
            except LevelsetError as error:
                self.memory["file_error"] = str(error)
            else:
                st.session_state[f"{self.kind}_preset"] = None
