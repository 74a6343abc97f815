"""The headers of a record that confluent-kafka read, whoever wrote them."""

from __future__ import annotations

from operator import methodcaller
from typing import Any, cast

__all__ = ["Headers", "headers_of"]

Headers = list[tuple[str, bytes | None]]

# When the name of a header is not UTF-8, confluent-kafka 2.16 returns a list with holes in it, and
# sets an error besides. An ordinary call, once Python has specialized it, overlooks the error, and
# looking into the list then crashes the process. A call by this one does not overlook it.
_headers = methodcaller("headers")


def headers_of(message: Any) -> Headers:
    """The headers; none where the name of one is not UTF-8, which this program never writes.

    Call it once for each record: the second call would not raise the error that is caught here.
    """
    try:
        return cast(Headers, _headers(message) or [])
    except (SystemError, UnicodeDecodeError):
        return []
