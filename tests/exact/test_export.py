from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import onnx.reference
import pytest
import torch
from safetensors import safe_open

from levelset_core import cli
from levelset_core.exact import exact_polygon
from levelset_core.exact.network import exact_onnx, exact_safetensors, exact_snippet
from levelset_core.exact.shapes import PLANE_SHAPES, SOLIDS


@pytest.fixture
def network():
    return exact_polygon(PLANE_SHAPES["Comb"]().rings)


def test_onnx_is_the_same_function(network):
    x = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    model = onnx.reference.ReferenceEvaluator(onnx.load_from_string(exact_onnx(network)))
    (value,) = model.run(None, {"x": x})
    assert value.dtype == np.float64
    np.testing.assert_allclose(value, network.network(torch.from_numpy(x)).detach(), atol=1e-14)


def test_onnx_in_single_precision(network):
    x = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    model = onnx.reference.ReferenceEvaluator(
        onnx.load_from_string(exact_onnx(network, single=True))
    )
    (value,) = model.run(None, {"x": x.astype(np.float32)})
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, network.network(torch.from_numpy(x)).detach(), atol=1e-5)


def test_the_command_line_writes_no_network_with_wrong_signs(tmp_path, monkeypatch, capsys):
    shape = tmp_path / "l.json"
    shape.write_text("[[[0, 0, 1], [2, 0, 1], [2, 2, 1]]]")
    out = tmp_path / "net.onnx"
    assert cli.main(["exact", str(shape), "-o", str(out), "--points", "500", "--float32"]) == 0
    said = capsys.readouterr().out
    assert "Heights (z) are left out" in said and "In float32 F is off by up to" in said
    single = onnx.reference.ReferenceEvaluator(onnx.load(out))
    x = np.random.default_rng(0).uniform(-1, 3, (500, 2)).astype(np.float32)
    exact = exact_polygon([[[0, 0], [2, 0], [2, 2]]]).network(torch.from_numpy(x).double())
    assert cli.main(["exact", str(shape), "-o", str(out), "--float32", "--json"]) == 0
    off = json.loads(capsys.readouterr().out)["float32_error"]
    assert (
        0 < np.abs(single.run(None, {"x": x})[0] - exact.detach().numpy()).max() <= 2 * off < 1e-5
    )
    balanced = ["exact", str(shape), "-o", str(out), "--points", "500", "--form", "balanced"]
    assert cli.main([*balanced, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == "balanced"
    out.unlink()
    monkeypatch.setattr("levelset_core.exact.sign_check._values", lambda f, x: np.ones(len(x)))
    assert cli.main(["exact", str(shape), "-o", str(out), "--points", "500"]) == cli.BAD_INPUT
    assert "wrong sign, so nothing is written" in capsys.readouterr().err and not out.exists()


def test_the_snippet_loads_the_file(network, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(exact_safetensors(network))
    with safe_open(tmp_path / "net.safetensors", framework="pt") as file:
        info = json.loads(file.metadata()["levelset_lab"])
    assert info["widths"] == list(network.widths) and info["depth"] == network.depth
    done = subprocess.run(
        [sys.executable, "-c", exact_snippet(network, "net.safetensors")],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = network.network(torch.zeros(1, 2, dtype=torch.float64)).item()
    assert f"{wanted:.4f}"[:6] in done.stdout


@pytest.fixture
def files(tmp_path):
    rings = [ring.tolist() for ring in PLANE_SHAPES["Ring with island"]().rings]
    (tmp_path / "ring.json").write_text(json.dumps({"rings": rings}))
    SOLIDS["L-prism"]().export(tmp_path / "l.stl")
    (tmp_path / "bow.json").write_text("[[[0, 0], [1, 1], [1, 0], [0, 1]]]")
    (tmp_path / "cloud.xyz").write_text("0 0 0\n1 1 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("shape", "planes", "out"), [("ring.json", 12, "n.safetensors"), ("l.stl", 8, "n.onnx")]
)
def test_the_verb(files, shape, planes, out, capsys):
    code = cli.main(
        ["exact", str(files / shape), "-o", str(files / out), "--json", "--points", "5000"]
    )
    found = json.loads(capsys.readouterr().out)
    assert code == cli.DONE and found["planes"] == planes
    assert (found["points"], found["wrong_signs"]) == (5000, 0)
    assert found["largest_on_surface"] <= 1e-12 and found["seconds"] < 5
    assert len(found["widths"]) == found["depth"] + 2 and (files / out).stat().st_size > 100


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["bow.json", "-o", "n.safetensors"], "intersects itself"),
        (["no.json", "-o", "n.safetensors"], "no such file"),
        (["cloud.xyz", "-o", "n.safetensors"], "not .xyz"),
        (["ring.json", "-o", "n.pt"], "written as .safetensors"),
        (["ring.json", "-o", "none/n.onnx"], "does not exist"),
        (["ring.json", "-o", "n.onnx", "--points", "0"], "at least 1"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(files, monkeypatch, arguments, what, capsys):
    monkeypatch.chdir(files)
    assert cli.main(["exact", *arguments]) == cli.BAD_INPUT
    out, err = capsys.readouterr()
    assert what in err and err.count("\n") == 1 and not out
