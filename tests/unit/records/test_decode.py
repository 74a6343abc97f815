import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records import BankAccount, Undecodable, decode
from records.codec.decode import CODES, MAX_BYTES, Code
from tests.unit.records import strategies as some

CARD = "3558018114425614"
GOOD = {
    "FirstName": "Jimmie",
    "LastName": "Swaniawski",
    "CreditCardNumber": CARD,
    "Amount": 644.78,
}
BOM = b"\xef\xbb\xbf"

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
names = st.sampled_from([*GOOD, "firstname", "AMOUNT", "Other"])


def good(**changes: Any) -> bytes:
    return orjson.dumps(GOOD | changes)


def without(name: str) -> bytes:
    return orjson.dumps({each: value for each, value in GOOD.items() if each != name})


def with_amount(literal: str) -> bytes:
    return good(Amount="@").replace(b'"@"', literal.encode())


def one_code(value: bytes | None) -> Code:
    found = decode(value)
    assert isinstance(found, Undecodable), found
    return found.code


def test_an_account_comes_out_as_its_constructor_would_make_it() -> None:
    decoded = decode(good())
    made = BankAccount(
        first_name="Jimmie", last_name="Swaniawski", credit_card_number=CARD, amount=644.78
    )
    assert decoded == made
    assert type(decoded) is BankAccount
    assert hash(decoded) == hash(made)
    assert repr(decoded) == repr(made)
    assert decoded.asdict() == made.asdict()
    assert decoded.derive(amount=1.0) == made.derive(amount=1.0)
    assert decoded.is_valid()


def test_no_field_of_an_account_needs_what_only_the_constructor_sets_up() -> None:
    assert not any(each.lazy_coercion for each in BankAccount._options.descriptors.values())


@given(some.accounts)
def test_every_account_that_is_written_is_decoded_equal_and_writes_the_same(
    account: BankAccount,
) -> None:
    decoded = decode(account.dumps())
    assert decoded == account
    assert isinstance(decoded, BankAccount)
    assert decoded.dumps() == account.dumps()


@given(some.accounts)
def test_what_pythons_own_json_writes_is_decoded_too(account: BankAccount) -> None:
    assert decode(json.dumps(account.asdict(), indent=2).encode()) == account


def test_unknown_fields_are_fine() -> None:
    assert decode(good(Currency="EUR", __faust={"ns": "x"}, first_name=5)) == decode(good())


def test_of_a_field_that_is_there_twice_the_last_counts() -> None:
    assert decode(b'{"Amount":null,' + good()[1:]) == decode(good())
    assert one_code(good()[:-1] + b',"Amount":null}') == "field_null"


@pytest.mark.parametrize("amount", [5, -5, 0, 0.0, 1e308, 5e-324, 2**64 - 1, -(2**63)])
def test_an_amount_stays_the_number_it_is(amount: float) -> None:
    decoded = decode(good(Amount=amount))
    assert isinstance(decoded, BankAccount)
    assert decoded.amount == amount
    assert type(decoded.amount) is type(amount)


@pytest.mark.parametrize(
    ("literal", "amount"),
    [
        ("-0", 0),
        ("-0.0", -0.0),
        ("0e99999999999999999999", 0.0),
        ("1E+2", 100.0),
        ("18446744073709551616", 2.0**64),
        ("-9223372036854775809", -(2.0**63)),
        ("1" + "0" * 308, 1e308),
        ("0." + "1" * 400, 1 / 9),
        ("1" * 300 + "." + "9" * 400, float("1" * 300)),
        ("1." + "0" * 60_000, 1.0),
        ("1e-400", 0.0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_any_number_of_json_is_read_as_the_nearest_double(literal: str, amount: float) -> None:
    decoded = decode(with_amount(literal))
    assert isinstance(decoded, BankAccount)
    assert decoded.amount == amount


@pytest.mark.parametrize(
    "literal", [".5", "5.", "+5", "00", "-", "--1", "1e", "0x10", "1_000", "1,5", "\u0663"]
)
def test_what_is_no_number_of_json_is_refused(literal: str) -> None:
    assert one_code(with_amount(literal)) == "not_json"


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\ud800\ud800", r"\udead\ud800"])
def test_half_a_surrogate_pair_is_no_text(escape: str) -> None:
    assert one_code(good().replace(b"Jimmie", escape.encode())) == "not_json"
    whole = decode(good().replace(b"Jimmie", rb"\ud83d\ude00"))
    assert isinstance(whole, BankAccount)
    assert whole.first_name == "\U0001f600"


FRAME = b"\0\0\0\x01\x02"
SCHEMA_REGISTRY = "Schema Registry's frame (zero byte, schema id 258)"
LONE_SURROGATE = "half of a surrogate pair"


@pytest.mark.parametrize(
    ("value", "code", "hint"),
    [
        (FRAME + good(), "not_json", SCHEMA_REGISTRY),
        (FRAME + b"\x0cJimmie", "not_json", SCHEMA_REGISTRY),
        (FRAME + b"\x0cJimmie\xff", "not_utf8", SCHEMA_REGISTRY),
        (b"\0\0\0\0\x0a" + good(), "not_json", "schema id 10"),
        (good().replace(b"Jimmie", rb"\ud800"), "not_json", LONE_SURROGATE),
        (good().replace(b"Jimmie", rb"\ud800\u0041"), "not_json", LONE_SURROGATE),
        (good().replace(b"Jimmie", rb"Jim\udc00mie"), "not_json", LONE_SURROGATE),
        (good().replace(b"Jimmie", b"\xed\xa0\x80"), "not_utf8", LONE_SURROGATE),
        (with_amount("NaN"), "not_json", "no NaN"),
        (with_amount("Infinity"), "not_json", "no Infinity"),
        (with_amount("-Infinity"), "not_json", "no Infinity"),
        (BOM + good(), "not_json", "a UTF-8 byte-order mark"),
        (json.dumps(GOOD).encode("utf-16"), "not_utf8", "a UTF-16 byte-order mark"),
        (json.dumps(GOOD).encode("utf-16-le"), "not_json", "it is UTF-16"),
        (json.dumps(GOOD).encode("utf-16-be"), "not_json", "it is UTF-16"),
        (json.dumps(GOOD).encode("utf-32"), "not_utf8", "a UTF-32 byte-order mark"),
        (gzip.compress(good(), mtime=0), "not_utf8", "gzip"),
        (b"Obj\x01" + good(), "not_json", "Avro"),
    ],
    ids=ascii,
)
def test_the_detail_names_a_cause_that_is_known(value: bytes, code: str, hint: str) -> None:
    found = decode(value)
    assert isinstance(found, Undecodable)
    assert found.code == code
    assert hint in found.detail
    assert found.detail.startswith(("invalid JSON at line 1 column ", "byte "))


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (b"\0\0\0\0", "invalid JSON at line 1 column 1"),  # too short for a frame
        (good().replace(b"Jimmie", b"\xed"), "byte 14 is not UTF-8"),
        (with_amount("Nan"), "invalid JSON at line 1 column 94"),
    ],
)
def test_the_detail_guesses_nothing(value: bytes, detail: str) -> None:
    assert decode(value) == Undecodable(one_code(value), detail)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, bz2.compress, lzma.compress])
def test_compressed_accounts_are_not_unpacked(compress: Callable[[bytes], bytes]) -> None:
    assert one_code(compress(good())) == "not_utf8"


@pytest.mark.parametrize(
    ("value", "code", "detail"),
    [
        (None, "empty", "the value is null"),
        (b"", "empty", "the value has no bytes"),
        (b" \r\n\t", "empty", "the value is blank"),
        (b"{", "not_json", None),
        (b"garbage", "not_json", "invalid JSON at line 1 column 1"),
        (b'{"FirstName": "Jim\nmie"}', "not_json", None),
        (good()[:-1], "not_json", None),
        (good() + good(), "not_json", None),
        (good() + b"\x00", "not_json", None),
        (good().replace(b'"', b"'"), "not_json", None),
        (BOM + good(), "not_json", None),
        (json.dumps(GOOD).encode("utf-16"), "not_utf8", None),
        (json.dumps(GOOD).encode("utf-16-le"), "not_json", None),
        (json.dumps(GOOD).encode("utf-32"), "not_utf8", None),
        (good().replace(b"Jimmie", b"\xc0\x80"), "not_utf8", None),
        (good(LastName="Zoë").replace("ë".encode(), b"\xeb"), "not_utf8", None),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "not_utf8", None),
        (good().replace(b"Jimmie", b"\\ud800"), "not_json", None),
        (good().replace(b"Jimmie", b"\xed\xa0\x80"), "not_utf8", None),
        (with_amount("NaN"), "not_json", None),
        (with_amount("Infinity"), "not_json", None),
        (with_amount("-Infinity"), "not_json", None),
        (with_amount("0644.78"), "not_json", None),
        (with_amount("1e400"), "number_range", "a number too large for a double"),
        (with_amount("1e99999999999999999999"), "number_range", None),
        (with_amount("1" + "0" * 309), "number_range", None),
        (with_amount("-1e400"), "number_range", None),
        (with_amount("9" * 400), "number_range", None),
        (b"[" * 5000, "too_deep", "nested too deeply (1024 levels are read)"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "too_deep", None),
        (b"null", "not_an_object", "null, not an object"),
        (b"true", "not_an_object", "true or false, not an object"),
        (b"[" + good() + b"]", "not_an_object", "an array, not an object"),
        (b'"' + CARD.encode() + b'"', "not_an_object", "a string, not an object"),
        (CARD.encode(), "not_an_object", "a number, not an object"),
        (b"{}", "field_missing", "FirstName is missing"),
        (without("Amount"), "field_missing", "Amount is missing"),
        (good(FirstName=None), "field_null", "FirstName is null"),
        (good(Amount=None), "field_null", "Amount is null"),
        (good(FirstName=7), "field_type", "FirstName is a number, not a string"),
        (good(LastName=["x"]), "field_type", "LastName is an array, not a string"),
        (
            good(CreditCardNumber=int(CARD)),
            "field_type",
            "CreditCardNumber is a number, not a string",
        ),
        (good(Amount="644.78"), "field_type", "Amount is a string, not a number"),
        (good(Amount=True), "field_type", "Amount is true or false, not a number"),
        (good(Amount={}), "field_type", "Amount is an object, not a number"),
        (b"x" * (MAX_BYTES + 1), "too_large", "65537 bytes; at most 65536 are read"),
        (good(FirstName="x" * 1_000_000), "too_large", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_account_says_why(value: bytes | None, code: str, detail: str | None) -> None:
    found = decode(value)
    assert isinstance(found, Undecodable)
    assert found.code == code
    assert detail is None or found.detail == detail


def test_a_value_of_the_largest_size_is_read() -> None:
    value = good(Other="x" * (MAX_BYTES - len(good(Other=""))))
    assert len(value) == MAX_BYTES
    assert decode(value) == decode(good())


@pytest.mark.parametrize("name", list(GOOD))
def test_each_field_is_needed_and_checked(name: str) -> None:
    assert one_code(without(name)) == "field_missing"
    assert one_code(good(**{name: None})) == "field_null"
    assert one_code(good(**{name: False})) == "field_type"


@pytest.mark.parametrize("write", [str.lower, str.upper, str.swapcase])
def test_a_field_in_another_case_is_a_missing_one_and_the_detail_says_so(write: Any) -> None:
    found = decode(orjson.dumps({write(name): value for name, value in GOOD.items()}))
    assert found == Undecodable(
        "field_missing",
        "FirstName is missing (it is there in another case; the case of names counts)",
    )


def check(value: bytes) -> None:
    """What holds for every payload: an account, or a known code with one plain line."""
    found = decode(value)
    if isinstance(found, BankAccount):
        assert type(found.first_name) is type(found.last_name) is str
        assert type(found.credit_card_number) is str
        assert type(found.amount) in (int, float)
        assert decode(found.dumps()) == found
    else:
        assert found.code in CODES
        assert 0 < len(found.detail) <= 150
        assert found.detail.isascii()
        assert found.detail.isprintable()


@example(b"\0\xff\xff\xff\xff")  # the longest schema id
@given(st.binary(max_size=300))
def test_no_bytes_whatever_raise(value: bytes) -> None:
    check(value)


@given(anything.map(lambda value: json.dumps(value).encode()))
@example(b"1e400")
def test_no_json_whatever_raises(value: bytes) -> None:
    check(value)


@given(st.dictionaries(names, anything | some.text | some.amounts))
def test_no_object_with_our_fields_raises(fields: dict[str, Any]) -> None:
    check(json.dumps(GOOD | fields).encode())


@given(st.from_regex(r"\A-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,20})?\Z"))
def test_no_number_however_long_raises(literal: str) -> None:
    value = with_amount(literal)
    check(value)
    assert isinstance(decode(value), BankAccount) or one_code(value) == "number_range"


@given(st.text(r"abcdefu0123456789\"'/ {}", max_size=40))
@example(r"\ud800")
@example(r"\u0000")
def test_no_escapes_however_broken_raise(text: str) -> None:
    check(good().replace(b"Jimmie", text.encode()))
    check(good().replace(b"FirstName", text.encode()))


@given(
    st.integers(1, 1100) | st.integers(1000, 1040),
    st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]),
    st.sampled_from([b'"x"', b'"Amount"', b'"FirstName"']),
    st.booleans(),
)
def test_no_depth_raises(
    depth: int, brackets: tuple[bytes, bytes], name: bytes, closed: bool
) -> None:
    opening, closing = brackets
    deep = opening * depth + b"1" + closing * depth * closed
    check(deep)
    check(good()[:-1] + b"," + name + b":" + deep + b"}")


@given(
    st.integers(0, len(good()) - 1),
    st.integers(0, 20),
    st.binary(max_size=6) | st.sampled_from([b"null", b"[", b"{", b"1e999", b'"', b"\\", b"\xff"]),
)
def test_no_account_with_bytes_exchanged_raises(start: int, length: int, other: bytes) -> None:
    check(good()[:start] + other + good()[start + length :])


@given(
    some.card_numbers(),
    st.sampled_from(
        [
            '{"FirstName":"@"}',
            '{"@":1}',
            '{"FirstName":@,"x":"@"}',
            '{"firstname":"@"}',
            '"@"',
            "[@]",
            "@",
            "@x",
            '{"a":"@',
            '{"FirstName":"a","LastName":"b","CreditCardNumber":@,"Amount":1}',
            '{"FirstName":"a","LastName":"b","CreditCardNumber":["@"],"Amount":1}',
            '{"FirstName":"a","LastName":"b","CreditCardNumber":"@","Amount":"@"}',
        ]
    ),
)
def test_the_detail_never_holds_a_card(card: str, payload: str) -> None:
    found = decode(payload.replace("@", card).encode())
    assert isinstance(found, Undecodable)
    assert card[:5] not in found.detail
    assert card not in repr(found)
