from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from levelset_core import cli
from levelset_core.cli import app as cli_app
from levelset_core.errors import LevelsetError
from levelset_core.paths import CHECKPOINTS, ROOT, find_bundled


@pytest.mark.parametrize("verb", [[], ["app"], ["compare"], ["device"], ["exact"]])
def test_help(verb, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([*verb, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "usage: python -m levelset_core" in text
    if verb:
        assert all(option in text for option in ("--device", "--seed", "--json"))


def test_device_in_words(capsys):
    assert cli.main(["device", "--device", "cpu"]) == cli.DONE
    out, err = capsys.readouterr()
    assert out.startswith("cpu: CPU, ") and not err


def test_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "levelset_core", "device", "--device", "cpu", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["device"] == "cpu"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([], "VERB"),
        (["fly"], "fly"),
        (["device", "--fast"], "--fast"),
        (["device", "--seed", "x"], "x"),
        (["device", "--device", "tpu"], "Unknown device 'tpu'"),
        (["device", "--device", "cpu:7"], "'cpu:7' is not available"),
        (["app", "--port", "70000"], "got 70000"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, what, capsys):
    assert cli.main(arguments) == cli.BAD_INPUT
    out, err = capsys.readouterr()
    assert what in err and err.count("\n") == 1 and err.endswith(".\n")
    assert not out


def test_an_interrupt_is_exit_130(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_app, "describe_device", interrupted)
    assert cli.main(["device", "--device", "cpu"]) == cli.INTERRUPTED


def test_app_serves_with_the_chosen_port_and_device(monkeypatch, capsys):
    calls = []

    class Ended:
        def __init__(self, command, **options):
            calls.append((command, options))

        def wait(self, timeout=None):
            return 0

        poll = wait

    monkeypatch.setattr(cli_app.subprocess, "Popen", Ended)
    monkeypatch.delenv("STREAMLIT_SERVER_HEADLESS", raising=False)
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "8600")
    assert cli.main(["app", "--port", "9000", "--no-browser", "--device", "cpu"]) == cli.DONE
    assert cli.main(["app"]) == cli.DONE
    monkeypatch.setenv("STREAMLIT_SERVER_HEADLESS", "true")
    assert cli.main(["app"]) == cli.DONE
    chosen, from_environment, headless = calls
    assert chosen[0][1] == "-c" and chosen[0][3:5] == ["run", str(ROOT / "app.py")]
    assert chosen[1]["env"]["LEVELSET_DEVICE"] == "cpu"
    for (command, options), port, expected in (
        (chosen, "9000", "true"),
        (from_environment, "8600", "false"),
        (headless, "8600", "true"),
    ):
        assert command[command.index("--server.port") + 1] == port
        assert options["env"]["STREAMLIT_SERVER_HEADLESS"] == expected
    assert "Levelset Lab at http://localhost:9000 " in capsys.readouterr().out


def test_a_port_of_the_environment_that_is_none_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "web")
    assert cli.main(["app"]) == cli.BAD_INPUT
    assert "invalid int value: 'web'" in capsys.readouterr().err


def test_a_setting_of_streamlit_that_is_none_is_a_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "levelset_core", "app", "--port", "8765"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "STREAMLIT_SERVER_HEADLESS": "maybe"},
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "'maybe' is not a valid boolean" in done.stderr


def test_no_popup_offers_to_install_skills_for_agents(tmp_path):
    (tmp_path / ".claude").mkdir()  # as on a computer where a coding agent is at home
    program = """
from streamlit import config
from streamlit.web import skills
config.set_option("server.headless", False)
print(skills.should_show_skills_nudge("."))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True,
        text=True, check=True, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_without_streamlit_the_app_says_what_is_missing():
    program = """
import sys
sys.modules["streamlit"] = None  # importing it fails
import levelset_core.cli
sys.exit(levelset_core.cli.main(["app", "--no-browser"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "The app needs streamlit: pip install -r requirements.txt.\n"


def test_the_app_is_found_in_the_clone_where_the_command_is_called(monkeypatch, tmp_path):
    monkeypatch.setattr(cli_app, "ROOT", tmp_path)  # installed by pip, as docs/deploy.md says
    monkeypatch.chdir(ROOT)
    assert cli_app._app() == ROOT / "app.py"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LevelsetError, match=r"^There is no app\.py in .*a clone of the project\.$"):
        cli_app._app()


def test_the_version(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out.startswith("levelset 0.")


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_option_has_help(verb):
    verbs = cli.build_parser().verbs.choices
    for action in verbs[verb].complete()._actions:
        assert action.help, action.option_strings or action.dest


def test_bundled_files_are_found_from_anywhere_and_by_their_old_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = find_bundled("assets/checkpoints/mnist_convnet4a_ours.safetensors")
    assert found == CHECKPOINTS / "mnist_convnet4a_level_set.safetensors" and found.exists()
    assert find_bundled("assets/none.npz").as_posix() == "assets/none.npz"
