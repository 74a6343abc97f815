"""Judging single accounts by a rule set, as the worker does."""

from records import BankAccount
from records.card import digits
from rules.compiled import CompiledRules
from rules.versions.active import builtin

BUILTIN = builtin().compiled


def reasons_against(account: BankAccount, rules: CompiledRules = BUILTIN) -> tuple[str, ...]:
    """The reasons that are known without asking Veritas."""
    number = digits(account.credit_card_number)
    fired = rules.before(account.first_name, account.last_name, account.amount, number, "", 0)
    reasons: tuple[str, ...] = rules.decide(fired, None).reasons
    return reasons
