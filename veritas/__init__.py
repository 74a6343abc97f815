"""Veritas, the verification service: what it promises and who answers for it."""

from veritas.protocol import (
    AUTHORIZED,
    DECLINED,
    Veritas,
    VeritasAnswer,
    VeritasError,
    VeritasHealth,
    VeritasRejected,
    VeritasUnavailable,
)
from veritas.simulated import SimulatedVeritas

__all__ = [
    "AUTHORIZED",
    "DECLINED",
    "SimulatedVeritas",
    "Veritas",
    "VeritasAnswer",
    "VeritasError",
    "VeritasHealth",
    "VeritasRejected",
    "VeritasUnavailable",
]
