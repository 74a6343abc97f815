"""Veritas, the verification service: the protocol and its deterministic stand-in."""

from veritas.protocol import (
    AUTHORIZED,
    DECLINED,
    UNANSWERED_CODES,
    Result,
    Unanswered,
    Veritas,
    VeritasAnswer,
    VeritasHealth,
)
from veritas.simulated import SimulatedVeritas

__all__ = [
    "AUTHORIZED",
    "DECLINED",
    "UNANSWERED_CODES",
    "Result",
    "SimulatedVeritas",
    "Unanswered",
    "Veritas",
    "VeritasAnswer",
    "VeritasHealth",
]
