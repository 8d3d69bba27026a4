#!/bin/sh
# Takes out of an environment what the app never loads: slim.sh FOLDER
set -eu
python=$1/bin/python
cd "$1"/lib/python3*/site-packages

# torch: headers, the programs of its tests; symbols that only debuggers read.
rm -rf torch/include torch/test torch/share/cmake
find torch/bin -type f ! -name torch_shm_manager -exec rm -f {} +
strip --strip-unneeded torch/lib/libtorch_cpu.so

# Arrow hands tables to Streamlit: no servers, no clouds. Maps of Streamlit: there are none here.
rm -rf pyarrow/include pyarrow/tests pyarrow/libarrow_flight* pyarrow/_flight* \
    pyarrow/libarrow_s3* pyarrow/_s3fs* pydeck
find pyarrow -name '*.so*' -exec strip --strip-unneeded {} +
# ONNX Runtime for programs in C.
rm -f onnxruntime/capi/libonnxruntime.so*
rm -rf pyautoattack/examples plotly/package_data/datasets onnx/backend/test/data

# Tests that their packages never import.
for name in numpy scipy pandas sklearn skimage sympy networkx onnx; do
    if [ -d "$name" ]; then find "$name" -type d -name tests -prune -exec rm -rf {} +; fi
done
find . \( -name '*.a' -o -name '*.pyx' \) -exec rm -f {} +

# VTK: what measures distances stays; with FULL=yes also what draws stills and films.
if [ -d vtkmodules ] && [ "${FULL:-no}" != yes ]; then
    "$python" - <<'CODE'
import pathlib
import re

import numpy as np
import pyvista

corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
surface = pyvista.make_tri_mesh(corners, np.array([[0, 1, 2]]))
pyvista.PolyData(corners + 1).compute_implicit_distance(surface)
loaded = set(re.findall(r"vtkmodules/(\S+)", pathlib.Path("/proc/self/maps").read_text()))
for file in pathlib.Path(pyvista.__file__).parents[1].glob("vtkmodules/*.so*"):
    if file.name not in loaded:
        file.unlink()
CODE
    rm -rf imageio_ffmpeg matplotlib mpl_toolkits fontTools
fi
if [ -d vtkmodules ]; then find vtkmodules -name '*.so*' -exec strip --strip-unneeded {} +; fi
rm -rf pip setuptools
find . -type d -name __pycache__ -prune -exec rm -rf {} +
