"""Errors of lookups; those of Kafka are `cluster.ClusterError`."""


class NoIdError(ValueError):
    """A text is no id of an account of this topic; its text is one line: what to write."""
