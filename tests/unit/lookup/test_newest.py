"""What the page's search keeps of the records that it reads; no Kafka."""

from faust_transactions import Span

from lookup.newest import MOST_SHOWN, Newest, last_of, newest_first
from tests.verdicts import written

TOKEN = "9f" * 16


def verdict(offset: int, at: int, account: str = TOKEN) -> bytes:
    return written("in", 2, offset, account=account, verified_at=at)


def test_the_newest_of_the_token_are_kept_in_order_whatever_the_order_of_reading() -> None:
    search = Newest(TOKEN)
    search.add([verdict(number, at=1_000 + number) for number in range(0, 60, 2)])
    search.add([verdict(number, at=1_000 + number) for number in range(1, 60, 2)])
    search.add([None, b"garbage", b'{"account":"%b"}' % TOKEN.encode(), verdict(99, 9, "0" * 32)])
    assert search.found == 60
    ids = [one["id"] for one in search.entries]
    assert ids == [f"in-2-{number}" for number in range(59, 59 - MOST_SHOWN, -1)]


def test_the_ends_of_all_partitions_are_read() -> None:
    spans = {0: Span(0, 1_000), 1: Span(5, 8), 2: Span(0, 0)}
    assert last_of(spans, 300) == {0: Span(900, 1_000), 1: Span(5, 8), 2: Span(0, 0)}
    assert last_of({}, 300) == {}


def test_the_last_records_are_read_first_each_once() -> None:
    spans = {0: Span(10, 300_000), 1: Span(5, 30_005), 2: Span(7, 7)}
    portions = list(newest_first(spans, 200_000))
    assert portions[0] == {
        0: Span(300_000 - 16_666, 300_000),
        1: Span(30_005 - 16_666, 30_005),
        2: Span(7, 7),
    }
    for partition, span in spans.items():
        read = [portion[partition] for portion in portions]
        assert read[0].end == span.end
        assert [each.begin for each in read[:-1]] == [each.end for each in read[1:]]
    assert (
        sum(each.end - each.begin for portion in portions for each in portion.values()) <= 200_000
    )
    assert portions[-1][1].begin == 5
    assert list(newest_first({0: Span(3, 3)}, 10)) == list(newest_first({}, 10)) == []
