"""The verbs of the Makefile and the set-up that they share."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAKE_VENV = ROOT / "scripts" / "make-venv"


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def python(directory: Path, version: str, *, can_make_venvs: bool = True) -> str:
    """A stand-in that says it is this version and notes what venvs it makes."""
    major, minor = version.split(".")[:2]
    program = directory / f"python{version}"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f'  *version_info*) exec python3 -c "import sys; sys.version_info = ({major}, {minor})'
        '\n$(printf \'%s\' "$2")" ;;\n'
        f"  --version) echo Python {version} ;;\n"
        f"  *ensurepip*) exit {0 if can_make_venvs else 1} ;;\n"
        '  *) echo "$@" >> "$0.calls" ;;\n'
        "esac\n"
    )
    program.chmod(0o755)
    return str(program)


def test_help_lists_every_verb() -> None:
    done = run("make", "help")
    verbs = set(re.findall(r"^  make ([a-z]+)", done.stdout, re.MULTILINE))
    promised = {"run", "test", "install", "lint", "typecheck", "bench", "chaos", "soak", "kafka"}
    assert promised | {"help", "matrix", "wheel", "up", "down"} <= verbs


@pytest.mark.parametrize("version", ["3.8.18", "3.10.13"])
def test_an_older_python_is_refused_in_one_line(tmp_path: Path, version: str) -> None:
    program = python(tmp_path, version)
    done = run(str(MAKE_VENV), str(tmp_path / "venv"), PYTHON=program)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Python 3.11 or newer is needed, but {program} is Python {version}")
    assert not (tmp_path / "venv").exists()


def test_a_missing_python_is_said_in_one_line(tmp_path: Path) -> None:
    done = run(str(MAKE_VENV), str(tmp_path / "venv"), PYTHON="no-such-python")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no-such-python is not there" in line


def test_a_python_without_ensurepip_is_reported_with_what_to_install(tmp_path: Path) -> None:
    program = python(tmp_path, "3.12.1", can_make_venvs=False)
    done = run(str(MAKE_VENV), str(tmp_path / "venv"), PYTHON=program)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "apt-get install python3-venv" in line


@pytest.mark.parametrize("version", ["3.11.2", "3.13.0", "3.14.1"])
def test_a_newer_python_makes_the_venv(tmp_path: Path, version: str) -> None:
    program = python(tmp_path, version)
    done = run(str(MAKE_VENV), str(tmp_path / "venv"), PYTHON=program)
    assert done.returncode == 0, done.stderr
    assert Path(f"{program}.calls").read_text() == f"-m venv --clear {tmp_path / 'venv'}\n"


def test_a_python_that_was_tested_goes_before_a_newer_one(tmp_path: Path) -> None:
    newest, tested = python(tmp_path, "3.14.1"), python(tmp_path, "3.12.1")
    assert run(str(MAKE_VENV), str(tmp_path / "venv"), PYTHON=f"{newest} {tested}").returncode == 0
    assert Path(f"{tested}.calls").exists()
    assert not Path(f"{newest}.calls").exists()
