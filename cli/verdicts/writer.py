"""Writes verdicts to standard output as they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import IO

import orjson

from cli.support.output import write_bytes, write_text
from cli.verdicts.printed import HEADER, document, line
from records.recorded import RecordedVerdict


class Writer:
    """Writes a line for each verdict, below a header that comes with the first; or JSON lines.

    ``paused`` is entered around each writing: it takes a progress bar off the terminal.
    """

    def __init__(
        self,
        stream: IO[str] | None,
        accounts_topic: str,
        *,
        as_json: bool,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._stream = stream
        self._accounts_topic = accounts_topic
        self._as_json = as_json
        self._paused = paused
        self._has_header = as_json

    def __call__(self, verdicts: Iterable[RecordedVerdict]) -> None:
        """Write them, at once, so that the reader of a pipe need not wait."""
        fields = [document(verdict, self._accounts_topic) for verdict in verdicts]
        if not fields:
            return
        with self._paused():
            if self._as_json:
                write_bytes(self._stream, b"".join(orjson.dumps(one) + b"\n" for one in fields))
            else:
                lines = [line(one) for one in fields]
                header = [] if self._has_header else [HEADER]
                self._has_header = True
                write_text(self._stream, "".join(f"{one}\n" for one in header + lines))
            if self._stream is not None:
                self._stream.flush()
