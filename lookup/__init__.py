"""Finds accounts and their outcomes in Kafka, beside the stream: for commands and for the page.

`account.py` finds one by its id, in the few reads of `search.py`; `explain/` says why it was judged
so; `newest.py` has the newest verdicts of a token. `bounded_read.py` reads whole partitions.
"""
