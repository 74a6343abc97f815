"""Decodes a message into a `BankAccount`, or says why it is not one.

What is accepted: a JSON object (RFC 8259, UTF-8 without a byte-order mark, at most 64 KiB) with
`FirstName`, `LastName` and `CreditCardNumber` as strings and `Amount` as a number. Unknown fields
are passed over. Types are taken as they are: no number for a string, no string for a number.

Two choices where JSON leaves room:
- Of a field that is there twice the last counts, as in Go's decoder and in Python's.
- The case of a name counts. Go's decoder takes `firstname` for `FirstName`; here it is a missing
  field (the detail says so), as one object could otherwise hold two different values of one field.
  What Go's encoder writes has the right case.
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import orjson

from records.bank_account import BankAccount

MAX_BYTES: Final = 65_536
"""A longer value is not parsed. An account takes about a hundred bytes."""

Code = Literal[
    "empty",
    "too_large",
    "not_utf8",
    "not_json",
    "too_deep",
    "number_range",
    "not_an_object",
    "field_missing",
    "field_null",
    "field_type",
]
CODES: Final[tuple[Code, ...]] = get_args(Code)

_FIELDS: Final = {
    "FirstName": (str, "a string"),
    "LastName": (str, "a string"),
    "CreditCardNumber": (str, "a string"),
    "Amount": (float, "a number"),
}
_JSON_TYPES: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}
_MESSAGES: Final[dict[str, tuple[Code, str]]] = {
    "depth limit exceeded": ("too_deep", "nested too deeply (1024 levels are read)"),
    "number is infinity when parsed as double": (
        "number_range",
        "a number too large for a double",
    ),
    "input data is empty": ("empty", "the value is blank"),
}
"""What orjson says of text that is not wrong JSON but cannot be used; all else is `not_json`."""

_LONE_SURROGATES: Final = (
    "no low surrogate in string",
    "invalid low surrogate in string",
    "invalid high surrogate in string",
)

_SCHEMA_FRAME: Final = re.compile(rb"\0(.{4})", re.DOTALL)
"""Confluent Schema Registry's wire format: a zero byte and the schema's id, then the payload."""

_FORMATS: Final = {
    b"\xef\xbb\xbf": "a UTF-8 byte-order mark; write JSON without one",
    b"\0\0\xfe\xff": "a UTF-32 byte-order mark; write UTF-8",
    b"\xff\xfe\0\0": "a UTF-32 byte-order mark; write UTF-8",
    b"\xff\xfe": "a UTF-16 byte-order mark; write UTF-8",
    b"\xfe\xff": "a UTF-16 byte-order mark; write UTF-8",
    b"\x1f\x8b": "gzip's magic number; let the producer compress (compression.type)",
    b"\x28\xb5\x2f\xfd": "Zstandard's magic number; let the producer compress (compression.type)",
    b"Obj\x01": "Avro's magic number; write JSON",
}
"""First bytes of what producers send in place of JSON, and what to do."""

_UTF_16: Final = re.compile(rb"(?:[^\0]\0){2}|(?:\0[^\0]){2}")
"""Two ASCII characters, as JSON begins."""

_NOT_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
"""What Python, JavaScript and Java write for numbers that JSON does not have."""

_loads = orjson.loads
_new = BankAccount.__new__


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Why a value is not an account: a code, and a line for people without card data."""

    code: Code
    detail: str


def decode(value: bytes | None) -> BankAccount | Undecodable:
    """Decode an account, or say why the bytes are not one. Never raises, whatever the bytes.

    An account comes out as `BankAccount(...)` would make it, only without the cost of its
    constructor (0.6 instead of 5.6 µs): the types are checked here.
    """
    if value is None or len(value) > MAX_BYTES:
        return _why(value)
    try:
        data = _loads(value)
        first_name = data["FirstName"]
        last_name = data["LastName"]
        card = data["CreditCardNumber"]
        amount = data["Amount"]
    except (ValueError, TypeError, KeyError):
        return _why(value)
    if (
        type(first_name) is not str
        or type(last_name) is not str
        or type(card) is not str
        or (type(amount) is not float and type(amount) is not int)
    ):
        return _why(value)
    account: BankAccount = _new(BankAccount)
    account.__dict__ = {
        "first_name": first_name,
        "last_name": last_name,
        "credit_card_number": card,
        "amount": amount,
    }
    return account


def _why(value: bytes | None) -> Undecodable:
    """Look again, slowly, at what is no account."""
    if value is None:
        return Undecodable("empty", "the value is null")
    if not value:
        return Undecodable("empty", "the value has no bytes")
    if len(value) > MAX_BYTES:
        return Undecodable("too_large", f"{len(value)} bytes; at most {MAX_BYTES} are read")
    try:
        data = _loads(value)
    except orjson.JSONDecodeError as error:
        return _why_not_json(value, error)
    if type(data) is not dict:
        return Undecodable("not_an_object", f"{_json_type(data)}, not an object")
    return _why_not_fields(data)


def _why_not_json(value: bytes, error: orjson.JSONDecodeError) -> Undecodable:
    try:
        value.decode()
    except UnicodeDecodeError as undecoded:
        place = f"byte {undecoded.start} is not UTF-8"
        hint = _format(value) or _surrogate(value, undecoded.start)
        return Undecodable("not_utf8", f"{place}: {hint}" if hint else place)
    if error.msg in _MESSAGES:
        return Undecodable(*_MESSAGES[error.msg])
    # Only the place: a parser's message could quote the text.
    place = f"invalid JSON at line {error.lineno} column {error.colno}"
    hint = _format(value) or _slip(value.decode(), error)
    return Undecodable("not_json", f"{place}: {hint}" if hint else place)


def _format(value: bytes) -> str:
    """What else than JSON this is by its first bytes; empty when that is not known."""
    for start, name in _FORMATS.items():
        if value.startswith(start):
            return f"it starts with {name}"
    if _UTF_16.match(value):
        return "it is UTF-16; write UTF-8"
    if frame := _SCHEMA_FRAME.match(value):
        return (
            "it starts with Schema Registry's frame (zero byte, schema id "
            f"{int.from_bytes(frame[1])}); use a JSON serializer without a schema"
        )
    return ""


def _surrogate(value: bytes, at: int) -> str:
    """Whether these bytes are half of a surrogate pair, which UTF-8 does not have."""
    try:
        value[at : at + 3].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return ""
    return "half of a surrogate pair; replace it before encoding"


def _slip(text: str, error: orjson.JSONDecodeError) -> str:
    """What producers often write wrong at this place; empty for anything else."""
    if error.msg in _LONE_SURROGATES:
        return "a \\u escape is half of a surrogate pair"
    # orjson stops at the first or the second character of a negative one.
    if text.startswith(_NOT_NUMBERS, error.pos) or text.startswith(_NOT_NUMBERS, error.pos - 1):
        return "JSON has no NaN and no Infinity"
    return ""


def _why_not_fields(data: dict[str, Any]) -> Undecodable:
    for name, (expected, wording) in _FIELDS.items():
        if name not in data:
            hint = ""
            if any(other.lower() == name.lower() for other in data):
                hint = " (it is there in another case; the case of names counts)"
            return Undecodable("field_missing", f"{name} is missing{hint}")
        found = data[name]
        if found is None:
            return Undecodable("field_null", f"{name} is null")
        if type(found) is not expected and not (expected is float and type(found) is int):
            return Undecodable("field_type", f"{name} is {_json_type(found)}, not {wording}")
    raise AssertionError("this is an account")


def _json_type(value: Any) -> str:
    return "null" if value is None else _JSON_TYPES[type(value)]
