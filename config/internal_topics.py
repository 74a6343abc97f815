"""Names of the topics that follow from FRAUD_APP_ID."""

__all__ = ["COUNTS_TABLE", "changelog", "control", "internal_topics", "workers"]

#: Name of the table. Its changelog is named after it: rename the table, and no row is found.
COUNTS_TABLE = "verdict_counts"


def changelog(app_id: str) -> str:
    """The changelog of the table, which holds the rows; named as Faust names it."""
    return f"{app_id}-{COUNTS_TABLE}-changelog"


def workers(app_id: str) -> str:
    """The topic in which each worker says which rules it judges by."""
    return f"{app_id}-workers"


def control(app_id: str) -> str:
    """The topic that says which partitions are held, and which of them go on."""
    return f"{app_id}-control"


def internal_topics(app_id: str) -> tuple[str, ...]:
    """All of them; the last one is Faust's own."""
    return changelog(app_id), workers(app_id), control(app_id), f"{app_id}-__assignor-__leader"
