"""`explain`: why an account was judged so, from Kafka and without a worker.

`lookup.py` finds an account and its outcome, `search.py` in few reads; `document.py` says what
follows. A worker answers `GET /verdicts/ID` by the same functions (`answers.py`).
"""

from cli.explain.answers import explain_answers

__all__ = ["explain_answers"]
