"""What an operator does from a terminal: `faust -A fraud_app worker|produce|counts|…`.

`commands.py` lists the commands. Each is a module, or a folder where it needs several.
"""

from cli.commands import attach
from cli.worker import worker

__all__ = ["attach", "worker"]
