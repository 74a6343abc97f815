"""Virtual environments of what is measured and does not belong into the project's own.

Each is made from a list of exact versions in `tools/bench/environments/`, in the git-ignored
folder `.bench/`, the first time that it is needed and again when its list changes.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.bench.support.topology import ROOT

FOLDER = ROOT / ".bench"
"""What the benchmark leaves behind: environments and results."""
LISTS = ROOT / "tools" / "bench" / "environments"
_LAST_LINES = 1_500


class Skipped(RuntimeError):
    """A program cannot run on this machine; the message says why, and the others go on."""


@dataclass(frozen=True)
class Environment:
    """The environment that `name`.txt lists, for Python `needs` or later.

    `setting` is an environment variable with a Python to make it from, where the one that runs the
    benchmark is too old.
    """

    name: str
    needs: tuple[int, ...] = (3, 11)
    setting: str | None = None

    @property
    def python(self) -> str:
        """Its interpreter; `make` must have been called."""
        return str(self._folder / "bin" / "python")

    def make(self) -> None:
        """Create it where it is missing or its list has changed.

        Raises Skipped where there is no Python for it, or its packages cannot be installed.
        """
        base = self._base()
        wanted = f"{base}\n{self._list.read_text()}"
        stamp = self._folder / "made-from"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print(f"making {self._folder.relative_to(ROOT)} from {self._list.name} ...", flush=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._run([base, "-m", "venv", str(self._folder)])
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        self._run([*pip, "--no-deps", "-r", str(self._list)])
        stamp.write_text(wanted)

    def version(self, package: str) -> str:
        """The version of this package that the list names."""
        return listed(self._list.read_text(), package)

    @property
    def _folder(self) -> Path:
        return FOLDER / self.name

    @property
    def _list(self) -> Path:
        return LISTS / f"{self.name}.txt"

    def _base(self) -> str:
        given = os.environ.get(self.setting) if self.setting else None
        python = given or sys.executable
        if (found := _version_of(python)) < self.needs:
            wanted, has = (".".join(map(str, one)) for one in (self.needs, found))
            hint = f"; set {self.setting} to one" if self.setting else ""
            raise Skipped(f"{self.name} needs Python {wanted}, {python} is {has}{hint}")
        return python

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise Skipped(f"{self.name} could not be installed:\n{done.stdout[-_LAST_LINES:]}")


def listed(requirements: str, package: str) -> str:
    """The exact version of a package in a list of requirements; KeyError where it is not there."""
    found = re.search(rf"^{re.escape(package)}==(\S+)", requirements, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise KeyError(package)
    return found[1]


def _version_of(python: str) -> tuple[int, ...]:
    question = "import sys; print(*sys.version_info[:3])"
    try:
        answer = subprocess.run(
            [python, "-c", question], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skipped(f"{python} cannot be run: {error}") from error
    return tuple(map(int, answer.stdout.split()))


QUIX = Environment("quix")
# Its import fails before 3.12.3, whose `typing` lets classes refuse `__orig_class__` (gh-115165).
FLECHTWERK = Environment("flechtwerk", needs=(3, 12, 3), setting="FLECHTWERK_PYTHON")
PLOT = Environment("plot")
