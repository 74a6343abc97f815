"""A record of the rules topic: a rule set with who published it, when and why."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, NamedTuple

import orjson

from records.codec.bounds import EPOCH_MS
from records.codec.json_object import read_object
from rules.faults import Fault, RuleSetError
from rules.ruleset import LONGEST_NOTE, MOST_BYTES, RuleSet, load

__all__ = [
    "LARGEST_RECORD",
    "LONGEST_AUTHOR",
    "Entry",
    "Publication",
    "is_meant_as_publication",
    "read_publication",
    "remaining",
]

#: Bytes of a record: room for a rule set of the largest size whose line ends and quotation marks
#: take two bytes each in JSON, and for what is said about it.
LARGEST_RECORD: Final = 2 * MOST_BYTES + 200_000
LONGEST_AUTHOR: Final = 200

_VERSION = re.compile(r"[0-9a-f]{12}")
_LONGEST_PROGRAM: Final = 40


@dataclass(frozen=True, slots=True)
class Publication:
    """A rule set as it was published. Its source and files are not checked yet: see `rule_set`."""

    #: Of the rule set; two publications of the same set have the same.
    version: str
    source: str = field(repr=False)
    #: When it was published, in ms since the epoch.
    published_at: int
    author: str = ""
    note: str = ""
    #: Version of the program that published it.
    program: str = ""
    #: The list files that the source names, by name.
    files: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def key(self) -> bytes:
        """The record's key: its own, so that compaction keeps every publication."""
        return f"{self.published_at}-{self.version}".encode()

    def dumps(self) -> bytes:
        """The record's value: JSON. Raises ValueError when it is larger than a record may be."""
        value = orjson.dumps(asdict(self))
        if len(value) > LARGEST_RECORD:
            raise ValueError(f"more than {LARGEST_RECORD:,} bytes as a record")
        return value

    def rule_set(self) -> RuleSet:
        """The checked rule set. Raises RuleSetError where this program cannot judge by it."""
        found = load(self.source, self._file)
        if found.version != self.version:
            # Another program gives it another meaning, or somebody changed the text.
            text = f"it has version {found.version} here, not {self.version}"
            raise RuleSetError([Fault(1, 1, "", text)])
        return found

    def _file(self, name: str) -> str:
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "it was not published along")
        return self.files[name]


def read_publication(value: bytes | None) -> Publication | None:
    """The publication in a record's value; None for anything else. Anybody may write the topic."""
    document = read_object(value, LARGEST_RECORD)
    if document is None or not _is_complete(document):
        return None
    return Publication(**{each.name: document[each.name] for each in fields(Publication)})


def is_meant_as_publication(value: bytes) -> bool:
    """Whether a value that is not readable may be a rule set of a program that writes it anew."""
    document = read_object(value, LARGEST_RECORD)
    return document is not None and {"version", "source"} <= document.keys()


def _is_complete(document: Mapping[str, Any]) -> bool:
    """Whether all fields are there, each of its type and within its bounds."""
    texts = [document.get(name) for name in ("version", "source", "author", "note", "program")]
    files, published_at = document.get("files"), document.get("published_at")
    return (
        all(isinstance(text, str) for text in texts)
        and bool(_VERSION.fullmatch(document["version"]))
        and len(document["author"]) <= LONGEST_AUTHOR
        and len(document["note"]) <= LONGEST_NOTE
        and len(document["program"]) <= _LONGEST_PROGRAM
        and type(published_at) is int
        and published_at in EPOCH_MS
        and isinstance(files, dict)
        and all(isinstance(text, str) for text in files.values())
    )


class Entry(NamedTuple):
    """A record of the rules topic; ``publication`` is None for one that is not readable."""

    offset: int
    key: bytes | None
    publication: Publication | None


def remaining(records: Iterable[tuple[int, bytes | None, bytes | None]]) -> list[Entry]:
    """The records that compaction keeps, in the order of the topic; the last one is active.

    ``records`` are offset, key and value. A record without a value deletes those of its key.
    """
    found: dict[bytes | None, Entry] = {}
    for offset, key, value in records:
        found.pop(key, None)
        if value is not None:
            found[key] = Entry(offset, key, read_publication(value))
    return list(found.values())
