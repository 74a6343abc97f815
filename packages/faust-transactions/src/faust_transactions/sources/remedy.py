"""What an operator can do about a source topic that was deleted and created again."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["recreated_topic_remedy"]


def recreated_topic_remedy(
    app_id: str = "app id",
    outputs: Sequence[str] = (),
    *,
    first: str = "restore the former topic",
) -> str:
    """The choices in one line. None of them processes a record twice into the same outputs.

    Args:
        app_id: the setting of the app id, as users know it.
        outputs: the settings of the output topics.
        first: the choice besides a new app id.
    """
    names = f" ({', '.join(outputs)})" if outputs else ""
    return f"{first}, or process this one under another {app_id} with outputs of its own{names}"
