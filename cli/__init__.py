"""What an operator does from a terminal: `faust -A fraud_app worker|produce|counts|…`."""

from cli.attach import attach
from cli.worker import worker

__all__ = ["attach", "worker"]
