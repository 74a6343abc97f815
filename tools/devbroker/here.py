"""How to call Faust from a terminal in which nothing is activated."""

import sys
from pathlib import Path


def faust() -> str:
    """The faust program of this Python, seen from the current folder where that is shorter."""
    program, folder = Path(sys.executable).with_name("faust"), Path.cwd()
    return str(program.relative_to(folder) if program.is_relative_to(folder) else program)
