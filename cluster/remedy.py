"""What an operator can do about an accounts topic that is not the one that was judged."""

from functools import partial

from faust_transactions import recreated_topic_remedy

__all__ = ["RECONCILE_FIRST", "other_topic_remedy"]

#: A worker can have judged some accounts of a topic before it noticed that it is another one.
RECONCILE_FIRST = "run reconcile first: it says whether accounts of this topic are judged already"

#: Verdict ids consist of topic, partition and offset, so a re-created topic repeats them: in the
#: same outputs an id would stand for two accounts.
other_topic_remedy = partial(
    recreated_topic_remedy,
    "FRAUD_APP_ID",
    ("FRAUD_VERDICTS_TOPIC", "FRAUD_DEAD_LETTERS_TOPIC"),
)
