"""`--accounts FILE`: accounts to try rules on, a JSON object a line, without a broker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Final, NamedTuple

import orjson

from cli.support.errors import CommandError
from cli.whatif.before import NEW
from records import BankAccount
from records.card import mask
from records.codec.account import account_of
from records.codec.bounds import EPOCH_MS
from records.codec.decode import MAX_BYTES
from records.outcome import OUTCOMES
from records.printable.text import shown
from records.token import token
from rules.faults import did_you_mean
from rules.given import given
from rules.judge_again import Given

_LONGEST_LINE: Final = MAX_BYTES + 10_000
#: Editors on Windows begin a file with it.
_MARK: Final = b"\xef\xbb\xbf"
#: How many lines that are no accounts are described.
_MOST_SHOWN: Final = 3
_ACCOUNT: Final = ("FirstName", "LastName", "CreditCardNumber", "Amount")
#: What a line may say besides the account, the types, and what to write.
_EXTRAS: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "veritas": ((bool, type(None)), "true, false or null"),
    "timestamp": ((int,), "ms since the epoch"),
    "outcome": ((str,), f"one of {', '.join(OUTCOMES)}"),
    "reasons": ((list,), "a list of strings"),
}


class NotAnAccount(NamedTuple):
    """A line that would become a dead letter: with which code, and why."""

    line: int
    code: str
    #: Holds nothing of the line.
    detail: str


@dataclass(frozen=True, slots=True)
class FileAccount:
    """An account of the file, as `before.Before`."""

    id: str
    card: str
    amount: float
    outcome: str = NEW
    reasons: tuple[str, ...] = ()
    veritas: bool | None = None
    allowed_by: str = ""
    rules: str = ""


class AccountsFile:
    """The accounts of a file, to be read once.

    ``not_accounts`` counts lines that would become dead letters, ``first_of_them`` says why.
    ``needs_time``: a rule that looks at the timestamp, without which a line is then an error.
    """

    def __init__(self, name: str, token_key: bytes, needs_time: str | None) -> None:
        self.not_accounts = 0
        self.first_of_them: list[NotAnAccount] = []
        self.lines = 0
        self._name = name
        self._token_key = token_key
        self._needs_time = needs_time

    def read(self, file: IO[bytes]) -> Iterator[tuple[FileAccount, Given]]:
        """Each account and its fields. Raises CommandError for a line that cannot be used."""
        for raw in _lines(file):
            self.lines += 1
            line = raw.removeprefix(_MARK) if self.lines == 1 else raw
            if len(line) > _LONGEST_LINE:
                raise self._error(f"longer than {_LONGEST_LINE:,} bytes")
            if not line.strip():
                continue
            account = account_of(line)
            if isinstance(account, BankAccount):
                yield self._entry(account, orjson.loads(line))
            else:
                self.not_accounts += 1
                if self.not_accounts <= _MOST_SHOWN:
                    why = NotAnAccount(self.lines, account.code, account.detail)
                    self.first_of_them.append(why)

    def _entry(self, account: BankAccount, fields: dict[str, Any]) -> tuple[FileAccount, Given]:
        self._check_names(fields)
        for name, (types, text) in _EXTRAS.items():
            if name in fields and type(fields[name]) not in types:
                raise self._error(f'"{name}" is {text}')
        outcome, reasons = fields.get("outcome", NEW), fields.get("reasons", [])
        if "outcome" in fields and outcome not in OUTCOMES:
            raise self._error(f'"outcome" is {_EXTRAS["outcome"][1]}')
        if not all(isinstance(reason, str) for reason in reasons):
            raise self._error('"reasons" is a list of strings')
        timestamp = fields.get("timestamp")
        if timestamp is not None and timestamp not in EPOCH_MS:
            raise self._error(f'"timestamp" is {_EXTRAS["timestamp"][1]}')
        if timestamp is None and self._needs_time is not None:
            raise self._error(f'"timestamp" is missing: rule {self._needs_time} looks at the time')
        card = account.credit_card_number
        entry = FileAccount(
            f"{self._name}:{self.lines}",
            mask(card),
            account.amount,
            outcome,
            tuple(reasons),
            fields.get("veritas"),
        )
        return entry, given(account, token(card, self._token_key), timestamp or 0)

    def _check_names(self, fields: Iterable[str]) -> None:
        """The stream passes over other fields; here a misspelt one would be an unnoticed test."""
        known = (*_ACCOUNT, *_EXTRAS)
        for name in fields:
            if name not in known:
                hint = did_you_mean(name, known) or f"; known are {', '.join(known)}"
                raise self._error(f'unknown field "{shown(name, 64)}"{hint}')

    def _error(self, text: str) -> CommandError:
        return CommandError(f"{self._name}:{self.lines}: {text}")


def _lines(file: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: file.readline(_LONGEST_LINE + 1), b"")
