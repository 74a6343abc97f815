"""Veritas, the verification service: the protocol and its deterministic stand-in."""

from veritas.call_window import Call, CallWindow, RecentCalls
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
    "Call",
    "CallWindow",
    "RecentCalls",
    "Result",
    "SimulatedVeritas",
    "Unanswered",
    "Veritas",
    "VeritasAnswer",
    "VeritasHealth",
]
