import io

import pytest
from rich.console import Console

from cli.reconcile.ledger import Findings
from cli.reconcile.reading import Reconciliation
from cli.reconcile.report import show


def shown(found: Findings) -> str:
    out = io.StringIO()
    show(
        Reconciliation("bankaccount", {0: found}, found, {0: 0}, {}, 0.25),
        Console(file=out, width=200),
    )
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


def test_an_account_whose_outcome_may_be_deleted_is_told() -> None:
    text = shown(Findings(accounts=1, outcomes_deleted=1))
    assert "1 account is unverifiable: retention may have deleted" in text
    assert "nothing is missing, duplicate or orphaned, but 1 is unverifiable." in text


def test_nothing_is_said_of_what_there_is_none_of() -> None:
    assert "pending:" not in shown(Findings())
    assert "unverifiable:" not in shown(Findings())
    assert "0 accounts in" in shown(Findings())
