"""What an operator does from a terminal: `faust -A fraud_app worker|produce|counts|…`."""

from commands.attach import attach
from commands.worker import worker

__all__ = ["attach", "worker"]
