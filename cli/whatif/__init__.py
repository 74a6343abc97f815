"""`what-if`: judges accounts anew by other rules and by the recorded answers of Veritas.

`join.py` pairs accounts and verdicts, `tally.py` counts what changes; both know no Kafka.
"""
