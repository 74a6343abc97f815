"""Publications: what the rules topic holds, whoever wrote it."""

from typing import Any

import orjson
import pytest

from rules.faults import RuleSetError
from rules.ruleset import load
from rules.versions.publication import (
    LARGEST_RECORD,
    Entry,
    Publication,
    read_publication,
    remaining,
)

SOURCE = '[[rule]]\nname = "big"\nwhen = "amount > 1"\nthen = "review"\n'
LISTED = (
    '[lists]\nbins = {file = "bins.txt"}\n'
    '[[rule]]\nname = "bin"\nwhen = \'in_list(bin, "bins")\'\nthen = "review"\n'
)


def publication(**changes: Any) -> Publication:
    made: dict[str, Any] = {
        "version": load(SOURCE).version,
        "source": SOURCE,
        "published_at": 1_795_410_452_087,
        "author": "ann",
        "note": "fewer reviews",
        "program": "0.3.0",
    }
    return Publication(**{**made, **changes})


def altered(**changes: Any) -> bytes:
    return orjson.dumps({**orjson.loads(publication().dumps()), **changes})


def test_what_is_written_is_read() -> None:
    written = publication(files={"bins.txt": "411111\n"}, note="größer, 大")
    assert read_publication(written.dumps()) == written


def test_the_rule_set_is_the_one_that_was_published() -> None:
    found = publication().rule_set()
    assert (found.version, found.source) == (load(SOURCE).version, SOURCE)
    assert [rule.when for rule in found.rules] == ["amount > 1"]


def test_the_version_of_a_text_never_changes() -> None:
    # Workers refuse what was published when this program, or Python, computes another one.
    text = """
        [thresholds]
        review = 50
        unauthorized = 100.5
        [lists]
        known = ["b", "a", "\u00e4"]
        [[rule]]
        name = "every_kind"
        when = '(1 < amount <= 1e3 or not luhn_ok) and network not in ["visa", "jcb"]'
        then = "unauthorized"
        [[rule]]
        name = "functions"
        when = 'in_list(last_name, "known") or matches(bin, "^4[0-9]+$") or len(last4) % 2 < 1'
        points = 30
        [[rule]]
        name = "after"
        when = "veritas and -amount * 2 - 1 / (card_length + 1) < -0.5"
        then = "review"
        shadow = true
    """
    assert load(text).version == "e979401dcbb1"


def test_list_files_come_along() -> None:
    files = {"bins.txt": "411111 # tests\n"}
    version = load(LISTED, files.__getitem__).version
    found = publication(source=LISTED, files=files, version=version).rule_set()
    assert found.lists == {"bins": frozenset({"411111"})}


def test_a_list_file_that_did_not_come_along_is_a_fault() -> None:
    with pytest.raises(RuleSetError, match=r"bins\.txt cannot be read: it was not published along"):
        publication(source=LISTED).rule_set()


def test_a_text_of_another_version_is_refused() -> None:
    own = load(SOURCE).version
    with pytest.raises(RuleSetError, match=f"it has version {own} here, not 0123456789ab"):
        publication(version="0123456789ab").rule_set()


def test_publications_of_one_set_have_keys_of_their_own() -> None:
    first, again = publication(), publication(published_at=1_795_410_452_088)
    assert first.key == b"1795410452087-" + first.version.encode()
    assert first.key != again.key


def test_a_field_of_a_newer_program_is_passed_over() -> None:
    assert read_publication(altered(approved_by="bob")) == publication()


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\x00",
        b"null",
        b"[]",
        b"[" * 100_000,
        b" " * (LARGEST_RECORD + 1),
        altered(version=None),
        altered(version="0123456789AB"),
        altered(version="0123456789ab\n"),
        altered(source=7),
        altered(files=[]),
        altered(files={"a": 1}),
        altered(published_at="now"),
        altered(published_at=True),
        altered(published_at=-1),
        altered(published_at=10**18),
        altered(author="x" * 201),
        altered(note="x" * 1_001),
        altered(program="x" * 41),
    ],
)
def test_anything_else_is_no_publication(value: bytes | None) -> None:
    assert read_publication(value) is None


@pytest.mark.parametrize("name", orjson.loads(publication().dumps()))
def test_a_missing_field_makes_it_none(name: str) -> None:
    document = orjson.loads(publication().dumps())
    del document[name]
    assert read_publication(orjson.dumps(document)) is None


def test_the_largest_rule_set_fits_a_record() -> None:
    lines = '"\n' * 450_000
    assert read_publication(publication(source=lines).dumps()) is not None


def test_a_set_with_the_largest_list_file_fits_a_record() -> None:
    found = load('[lists]\nthem = {file = "them"}\n' + SOURCE, lambda _name: '\t"\\\r\n' * 179_000)
    value = publication(source=found.source, files=found.files).dumps()
    assert read_publication(value) is not None


def test_a_record_that_would_be_too_large_is_not_made() -> None:
    with pytest.raises(ValueError, match=r"more than 2,000,000 bytes as a record"):
        publication(source="\x01" * 400_000).dumps()


def test_the_last_record_comes_last_and_deletions_count() -> None:
    first, second, third = (publication(published_at=at) for at in (1, 2, 3))
    records = [
        (0, first.key, first.dumps()),
        (1, second.key, second.dumps()),
        (4, b"x", b"garbage"),
        (5, third.key, third.dumps()),
        (6, second.key, None),
        (7, first.key, first.dumps()),
    ]
    assert remaining(records) == [
        Entry(4, b"x", None),
        Entry(5, third.key, third),
        Entry(7, first.key, first),
    ]
