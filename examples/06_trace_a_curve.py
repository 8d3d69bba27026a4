"""A closed line through a hundred noisy points of a knot: two outputs, and Eq. 13.

Run: python examples/06_trace_a_curve.py [curve.csv]
"""

import sys

from levelset_core.data.samples import load_sample
from levelset_core.geometry import write_polyline
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer

cloud, truth = load_sample("trefoil")
print(f"{len(cloud.points)} noisy points; the knot is {truth.length:.3f} long")

config = ReconstructionConfig.preset("curve", steps=400, seconds=None, resolution=48)
trainer = ReconstructionTrainer(config, cloud, threads=1)
for snapshot in trainer:
    if snapshot.step % 100 == 0:
        print(f"step {snapshot.step:3d}: loss {snapshot.loss:.4f}")

# The curve is where both outputs vanish; the surfaces that meet in it come along.
curve = trainer.extract_curve()
for line in curve.polylines:
    kind = "closed" if line.closed else "open"
    print(f"a {kind} line of {len(line.points)} points, {line.length:.3f} long")

if len(sys.argv) > 1:
    write_polyline(curve.polylines[0], sys.argv[1])
    print("written to", sys.argv[1])
