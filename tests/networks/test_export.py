from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open

from levelset_core.networks import ACTIVATIONS, MLP, Activation, loading_snippet, save_mlp
from levelset_core.random import torch_generator

POINTS = torch.tensor([[0.0, 0.0], [0.5, 0.5]])


def test_the_snippet_gives_the_same_function(tmp_path):
    """All activations in one fresh process, as a person would run it: torch and safetensors."""
    networks = {
        name: MLP(
            2,
            (8, 5),
            activation=Activation(name, beta=7.0, frequency=4.0),
            generator=torch_generator(3),
        )
        for name in ACTIVATIONS
    }
    networks["linear"] = MLP(2, (), generator=torch_generator(4))
    script = []
    for name, network in networks.items():
        weights = {key: p.detach().numpy() for key, p in network.named_parameters()}
        a = network.activation
        data = save_mlp(weights, activation=a.name, beta=a.beta, frequency=a.frequency)
        (tmp_path / f"{name}.safetensors").write_bytes(data)
        (tmp_path / f"{name}.py").write_text(loading_snippet(f"{name}.safetensors"))
        script.append(f"import {name}; print({name}.F(x).tolist())")
    program = "import torch; torch.set_default_dtype(torch.float32)\n"
    program += f"x = torch.tensor({POINTS.tolist()})\n" + "\n".join(script)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * len(networks)
    for network, printed, again in zip(networks.values(), lines[::2], lines[1::2], strict=True):
        assert printed.startswith("tensor(")  # the snippet shows two values by itself
        torch.testing.assert_close(torch.tensor(json.loads(again)), network(POINTS).detach())


def test_the_file_says_what_it_is(tmp_path):
    network = MLP(2, (8, 5), activation="sine")
    weights = {key: p.detach().numpy() for key, p in network.named_parameters()}
    path = tmp_path / "f.safetensors"
    path.write_bytes(save_mlp(weights, activation="sine", beta=10.0, frequency=6.0))
    with safe_open(path, framework="pt") as file:
        info = json.loads(file.metadata()["levelset_lab"])
        assert sorted(file.keys()) == sorted(weights)
        for key, values in weights.items():
            assert torch.equal(file.get_tensor(key), torch.tensor(values))
    assert info == {"widths": [2, 8, 5, 1], "activation": "sine", "beta": 10.0, "frequency": 6.0}


@pytest.mark.parametrize("file", ["f.safetensors", "my network.safetensors"])
def test_the_snippet_is_python(file):
    snippet = loading_snippet(file)
    compile(snippet, "snippet", "exec")
    assert f'"{file}"' in snippet
