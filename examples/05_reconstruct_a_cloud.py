"""A surface from a raw point cloud, by Eq. 13, without normals.

Run: python examples/05_reconstruct_a_cloud.py [surface.ply]
"""

import sys

from levelset_core.data.samples import load_sample
from levelset_core.geometry import compare, write_mesh
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer

cloud, truth = load_sample("genus_two")
print(f"{len(cloud.points)} raw points of: {cloud.source}")

# 40 steps are a sketch; `seconds=60` instead trains for a minute.
config = ReconstructionConfig.preset("quick", steps=40, seconds=None, resolution=48)
trainer = ReconstructionTrainer(config, cloud, threads=1)

for snapshot in trainer:  # one optimizer step each; stop whenever you like
    if snapshot.step % 20 == 0:
        print(f"step {snapshot.step:3d}: loss {snapshot.loss:.4f}")

mesh = trainer.extract_mesh()  # in the cloud's units
print(f"{len(mesh.vertices)} vertices, {len(mesh.faces)} faces")
found = compare(mesh, truth)
print(f"Chamfer distance to the true shape: {found.chamfer_l2:.2f} x 10^-3 (L2)")

if len(sys.argv) > 1:
    write_mesh(mesh, sys.argv[1])
    print("written to", sys.argv[1])
