#!/bin/sh
# Everything that wants a GPU, in one command of at most 8 minutes: device tests, seconds an epoch
# of each method at the paper's settings, AutoAttack on the bundled networks.
#
#   LEVELSET_DATA=FOLDER benchmarks/gpu.sh      results: benchmarks/results/gpu.json, gpu_tests.txt
#
# FOLDER has mnist/*-ubyte.gz for AutoAttack on 10,000 images; without it there are the bundled
# 1,000. PYTHON=python3 for a machine whose own Python has torch. OUT=FOLDER: copies go there too.
set -u
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
export LEVELSET_DEVICE=${LEVELSET_DEVICE:-cuda} PYTHONUNBUFFERED=1
results=benchmarks/results

timeout 75 "$python" -m pytest -q -x -p no:cacheprovider \
    tests/levelsets tests/losses tests/test_device.py tests/robustness/test_objectives.py \
    >"$results/gpu_tests.txt" 2>&1
tests=$?
tail -n 3 "$results/gpu_tests.txt"
# Part by part, so that the first one's figures are there whatever happens to the second.
timeout 170 "$python" -m benchmarks.gpu --store --only epochs --seconds "${SECONDS_IN_ALL:-360}"
epochs=$?
timeout 230 "$python" -m benchmarks.gpu --store --only autoattack --seconds "${SECONDS_IN_ALL:-360}"
attack=$?
[ -z "${OUT:-}" ] || cp "$results/gpu.json" "$results/gpu_tests.txt" "$OUT"
echo "device tests: $tests, epochs: $epochs, AutoAttack: $attack (0: done, 124: out of time)"
[ "$tests$epochs$attack" = 000 ]
