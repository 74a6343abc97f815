"""The degraded state: the worker does its work, but slowly or with many failed calls.

`reasons` compares what was observed with the bounds, `state` decides when a reason begins and ends,
`monitor` connects both to the worker. docs/operations.md has the table of reasons.
"""

from agents.degraded.monitor import Degradation
from agents.degraded.reasons import Bounds

__all__ = ["Bounds", "Degradation"]
