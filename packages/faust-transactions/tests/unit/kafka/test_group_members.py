"""How it is asked who is in the group, without a broker."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from faust_transactions.kafka import group_members
from faust_transactions.kafka.group_members import GroupMembers

LATE = KafkaException(KafkaError(KafkaError._TIMED_OUT))


class Admin:
    """Answers what is scripted."""

    made = 0
    answers: list[Any]

    def __init__(self, _conf: object) -> None:
        Admin.made += 1

    def describe_consumer_groups(self, groups: list[str], **_: object) -> dict[str, Future[Any]]:
        answer: Future[Any] = Future()
        given = Admin.answers.pop(0)
        if isinstance(given, KafkaException):
            answer.set_exception(given)
        else:
            members = [SimpleNamespace(member_id=name) for name in given]
            answer.set_result(SimpleNamespace(members=members))
        return {groups[0]: answer}


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> GroupMembers:
    monkeypatch.setattr(group_members, "AdminClient", Admin)
    Admin.made = 0
    return GroupMembers({}, "app")


def test_a_client_that_answers_is_kept(members: GroupMembers) -> None:
    Admin.answers = [["a"], ["a", "b"]]
    assert members.now() == frozenset({"a"})
    assert members.now() == frozenset({"a", "b"})
    assert Admin.made == 1


def test_after_an_error_a_new_client_asks(members: GroupMembers) -> None:
    """One that had found a coordinator which was killed since may time out for ever."""
    Admin.answers = [["a"], LATE, ["b"]]
    assert members.now() == frozenset({"a"})
    with pytest.raises(KafkaException):
        members.now()
    assert members.now() == frozenset({"b"})
    assert Admin.made == 2


def test_brokers_that_do_not_know_the_question_know_no_members(members: GroupMembers) -> None:
    Admin.answers = [KafkaException(KafkaError(KafkaError.UNSUPPORTED_VERSION))]
    assert members.now() is None
