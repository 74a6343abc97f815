"""Which topic a row says it belongs to."""

from faust_transactions import TopicIdentity


def test_a_row_says_the_name_and_the_id_of_its_topic() -> None:
    source = TopicIdentity("orders", "x" * 22)
    headers = [("other", b"?"), *source.headers()]
    assert TopicIdentity.from_headers(headers) == source


def test_a_topic_without_an_id_is_known_by_its_name() -> None:
    source = TopicIdentity("orders")
    assert TopicIdentity.from_headers(source.headers()) == source


def test_a_row_without_headers_says_nothing() -> None:
    assert TopicIdentity.from_headers([]) is None
    assert TopicIdentity.from_headers([("source-topic", None)]) is None


def test_another_name_or_another_id_is_another_topic() -> None:
    assert not TopicIdentity("a", "1").is_same(TopicIdentity("a", "2"))
    assert not TopicIdentity("a", "1").is_same(TopicIdentity("b", "1"))
    assert not TopicIdentity("a").is_same(TopicIdentity("b"))


def test_an_id_that_is_not_known_contradicts_nothing() -> None:
    assert TopicIdentity("a").is_same(TopicIdentity("a", "2"))
    assert TopicIdentity("a", "2").is_same(TopicIdentity("a"))
