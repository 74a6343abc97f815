"""The Pythons on this machine, and a virtual environment for each."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

__all__ = ["environment", "find"]

ROOT = Path(__file__).parents[2]
#: What an environment is made from; a change makes it anew.
LISTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")


def find(version: str) -> Path | None:
    """An interpreter of this version, such as 3.12: on the PATH, else one of pyenv's."""
    candidates = [Path(found)] if (found := shutil.which(f"python{version}")) else []
    candidates += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
    return next((one for one in candidates if _version(one) == version), None)


def environment(python: Path, folder: Path) -> Path:
    """The interpreter of a virtual environment with requirements-dev.txt, made when needed.

    Raises subprocess.CalledProcessError when pip fails.
    """
    interpreter, stamp = folder / "bin" / "python", folder / "stamp"
    edition = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in LISTS)).hexdigest()
    if stamp.is_file() and stamp.read_text() == edition:
        return interpreter
    print(f"making {folder} ...", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Wheels only: a compiler is nothing that a user of the package should need.
    pip += ["--only-binary", ":all:", "--no-binary", "faust-transactions"]
    subprocess.run([*pip, "-r", "requirements-dev.txt"], cwd=ROOT, check=True)
    stamp.write_text(edition)
    return interpreter


def _version(program: Path) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
