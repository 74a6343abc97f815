import io
from typing import Any

import pytest
from faust_transactions import TopicIdentity
from rich.console import Console

from cli.reading.positions import Position
from cli.reconcile.findings import Findings, Listing
from cli.reconcile.reading import Reconciliation
from cli.reconcile.report import document, show


def result(found: Findings, **changes: Any) -> Reconciliation:
    given: dict[str, Any] = {
        "topic": TopicIdentity("bankaccount", "NEW"),
        "partitions": {0: found},
        "whole": found,
        "begins": {0: 0},
        "unstarted": (),
        "mismatches": {},
        "other_streams": {},
        "keys": {},
        "outcomes": {"authorized": 0, "review": 0, "unauthorized": 0},
        "stopped_at": {},
        "seconds": 0.25,
    }
    return Reconciliation(**given | changes)


def shown(found: Findings, **changes: Any) -> str:
    out = io.StringIO()
    show(result(found, **changes), Console(file=out, width=200))
    return out.getvalue()


@pytest.mark.parametrize(
    ("number", "pending", "gone", "conclusion"),
    [
        (1, "1 account is pending:", "1 outcome is unverifiable:", "1 account in 0.2 s:"),
        (2, "2 accounts are pending:", "2 outcomes are unverifiable:", "2 accounts in 0.2 s:"),
        (
            1234,
            "1,234 accounts are pending:",
            "1,234 outcomes are unverifiable:",
            "1,234 accounts in 0.2 s:",
        ),
    ],
)
def test_one_is_no_plural(number: int, pending: str, gone: str, conclusion: str) -> None:
    text = shown(Findings(accounts=number, pending=number, accounts_deleted=number))
    lines = text.splitlines()
    assert any(line.startswith(pending) for line in lines)
    assert any(line.startswith(gone) for line in lines)
    assert lines[-1].startswith(conclusion)


def test_verdicts_are_reported_by_outcome_where_there_are_any() -> None:
    outcomes = {"authorized": 1_200, "review": 3, "unauthorized": 0}
    text = shown(Findings(accounts=1_203, verdicts=1_203), outcomes=outcomes)
    assert "Verdicts by outcome: 1,200 authorized, 3 review, 0 unauthorized." in text
    assert document(result(Findings(), outcomes=outcomes))["outcomes"] == outcomes
    assert "by outcome" not in shown(Findings())


def test_an_account_whose_outcome_may_be_deleted_is_reported() -> None:
    text = shown(Findings(accounts=1, outcomes_deleted=1))
    assert "1 account is unverifiable: retention may have deleted" in text
    assert "nothing is missing, duplicate or orphaned, but 1 is unverifiable." in text


def test_nothing_is_said_of_what_was_not_found() -> None:
    text = shown(Findings())
    for word in ("pending:", "unverifiable:", "re-created", "lost", "former", "stream", "keys"):
        assert word not in text
    assert "0 accounts in" in text


def test_a_topic_that_was_re_created_is_named_with_ids_partitions_and_choices() -> None:
    found = Findings(accounts=40, former=100, pending=40)
    position = Position(100, TopicIdentity("bankaccount", "OLD"))
    text = shown(found, mismatches={0: position, 2: position})
    statement = (
        "The accounts topic bankaccount was re-created (topic id OLD in the row of partition 0, "
        "NEW now), and nothing is judged in partitions 0, 2: restore the former topic, or process "
        "this one under another FRAUD_APP_ID with outputs of its own"
    )
    assert statement in text
    assert "100 verdicts and dead letters belong to records that are no longer there" in text
    assert "not proven: 0 missing, 0 duplicate, 0 orphaned, 100 of a former topic." in text
    told = document(result(found, mismatches={0: position}))
    assert told["proven"] is False
    assert told["mismatches"] == {
        "0": {"next_offset": 100, "topic": "bankaccount", "topic_id": "OLD"}
    }


def test_a_re_created_topic_of_which_a_part_is_judged_is_not_to_be_judged_again() -> None:
    found = Findings(accounts=400, verdicts=292, former=108, missing=Listing(108, ["b-0-1"]))
    position = Position(100, TopicIdentity("bankaccount", "OLD"))
    text = shown(found, mismatches={0: position})
    assert "292 of its accounts have a verdict or dead letter already" in text
    assert "do not judge the topic again" in text
    assert "Accounts listed as missing have none: send those, and no others" in text
    assert "restore the former topic" not in text


def test_a_position_behind_the_end_is_evidence_where_there_is_no_id() -> None:
    text = shown(Findings(accounts=40, former=100), mismatches={1: Position(100)})
    assert "partition 1 is judged up to offset 100 and ends earlier" in text


def test_old_verdicts_alone_never_lead_to_judging_accounts_twice() -> None:
    found = Findings(accounts=140, verdicts=40, former=100, missing=Listing(100, ["b-0-1"]))
    text = shown(found)
    assert "was re-created: 100 verdicts and dead letters" in text
    assert "send those, and no others, again as new records" in text
    assert "FRAUD_APP_ID" not in text, "40 accounts have verdicts already"


def test_a_position_in_another_topic_names_it() -> None:
    position = Position(100, TopicIdentity("eu-accounts", "NEW"))
    text = shown(Findings(accounts=40, pending=40), mismatches={0: position})
    assert "This FRAUD_APP_ID judged topic eu-accounts in partition 0, not bankaccount" in text
    assert "re-created" not in text
    assert document(result(Findings(), mismatches={0: position}))["proven"] is False


def test_lost_offsets_are_named_by_partition() -> None:
    text = shown(Findings(accounts=10, lost=1_900))
    assert "1,900 offsets were deleted before the stream judged them, and are lost:" in text
    assert "1,900 in bankaccount-0" in text
    assert "not proven:" in text


def test_accounts_that_were_deleted_before_the_first_verdict_may_be_lost() -> None:
    text = shown(Findings(pending=100), begins={0: 1_900}, unstarted={0})
    assert "bankaccount-0 begins at offset 1,900, and the stream has judged nothing in it" in text
    assert "they are lost" in text
    text = shown(Findings(pending=100), begins={0: 1_900})
    assert "bankaccount-0 begins at offset 1,900: the accounts before it are deleted" in text


def test_other_streams_and_keys_are_named_and_no_failure() -> None:
    text = shown(Findings(), other_streams={"eu": 7}, keys={"0123abcd": 5, "ffffffff": 1})
    assert (
        "7 verdicts and dead letters in the outputs belong to another stream, of topic eu" in text
    )
    assert "tokens of 2 keys, 0123abcd (5), ffffffff (1)" in text
    assert "nothing is missing" in text
    assert "keys" not in shown(Findings(), keys={"0123abcd": 5})
