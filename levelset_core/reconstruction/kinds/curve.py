"""Curves from raw points by Eq. 13: two outputs in space, one in the plane."""

from __future__ import annotations

from typing import Any

from levelset_core.data import PointCloud
from levelset_core.geometry import curve_report, polyline_bytes
from levelset_core.geometry.curves.finding import find_curves
from levelset_core.reconstruction import ReconstructionTrainer
from levelset_core.reconstruction.kinds.reconstruct import Reconstruct
from levelset_core.reconstruction.preparation.curve_survey import CurveSurvey
from levelset_core.reconstruction.shapes import PREVIEW, Shape, write_shape
from levelset_core.runs.files import replacing
from levelset_core.runs.folder import Run


class ReconstructCurve(Reconstruct):
    """As :class:`Reconstruct`: settings and input are the same."""

    name = "curve"
    title = "Curve reconstruction"
    finishing = "Extracting the curve and measuring it."
    outputs = (1, 2)

    def _look(self, cloud: PointCloud, run: Run) -> None:
        """The smooth curve that F will start from, if it has one."""
        config = run.config.settings["config"]
        if config["warm_share"]:
            curves = find_curves(cloud.points, config.get("ends", "auto")).curves
            write_shape(run.artifacts / PREVIEW, Shape((), tuple(curves)))

    def extract(self, trainer: ReconstructionTrainer, resolution: int) -> Shape:
        curve = trainer.extract_curve(resolution)
        return Shape(curve.surfaces, curve.polylines, trainer.step, trainer.seconds)

    def final(self, trainer: ReconstructionTrainer) -> tuple[Shape, dict[str, Any]]:
        shape, seems = self.extract(trainer, trainer.config.resolution), trainer.prepared.survey
        if not isinstance(seems, CurveSurvey):
            return shape, {}
        closed = sum(line.closed for line in shape.lines)
        unlike = seems.unlike(len(shape.lines), closed, trainer.step)
        return shape, {"survey": seems.as_dict()} | ({"note": unlike} if unlike else {})

    def _write(self, run: Run, shape: Shape, cloud: PointCloud) -> dict[str, Any]:
        if shape.lines:
            with replacing(run.artifacts / "curve.csv") as partial:
                partial.write_bytes(polyline_bytes(shape.lines, "csv"))
        return curve_report(shape.lines, cloud.points)


KIND = ReconstructCurve
