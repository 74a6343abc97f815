"""What an operator does from a terminal: `faust -A fraud_app produce|counts|…`."""

from commands.attach import attach

__all__ = ["attach"]
