"""The verification agent in Faust's own test client: batches in, what is written looked at."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import cast

import faust
import pytest
from faust_transactions import Batch
from faust_transactions.testing import MemoryTransactions, StoredRecord
from prometheus_client import CollectorRegistry

from agents.judgement import Judgement
from agents.judging import Judge
from agents.limit import InvalidLimit
from agents.metrics import AccountMetrics
from agents.verification import verification
from records import BankAccount, PartitionCounts
from records.token import key_id
from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import ActiveRules, RuleVersion, builtin
from tests.control_in_memory import ControlInMemory
from veritas import RecentCalls, Result, Unanswered, VeritasAnswer, VeritasHealth

GOOD = {
    "FirstName": "Jimmie",
    "LastName": "Swaniawski",
    "CreditCardNumber": "4111111111111111",
    "Amount": 644.78,
}


class ScriptedVeritas:
    """Answers by the first name; what it was asked is kept."""

    not_ready_reason = None
    health = VeritasHealth("ok", "")
    recent_calls = RecentCalls()

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.repaired = False
        #: Called before it answers.
        self.meanwhile: Callable[[], None] = lambda: None

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def verify(self, accounts: Sequence[BankAccount]) -> list[Result]:
        self.meanwhile()
        return [self._answer(account.first_name) for account in accounts]

    def _answer(self, first_name: str) -> Result:
        self.asked.append(first_name)
        if self.repaired:
            return VeritasAnswer(authorized=True)
        if first_name == "Rejected":
            return Unanswered("veritas_rejected", "answered 422")
        if first_name == "Failed":
            return Unanswered("veritas_failed", "failed 12 times")
        return VeritasAnswer(authorized=first_name != "Declined")


class Stream:
    """The agent, its collaborators and a client to put batches in."""

    def __init__(
        self, app: faust.App, max_invalid_ratio: float = 0.5, name: str = "verification"
    ) -> None:
        self.registry = CollectorRegistry()
        self.control = ControlInMemory()
        self.now = 1_795_410_452_087
        self.limit = InvalidLimit(
            max_invalid_ratio, self.registry, self.control, clock=lambda: self.now
        )
        self.veritas = ScriptedVeritas()
        self.transactions = MemoryTransactions(PartitionCounts)
        self.reported: list[Judgement] = []
        self.rules = ActiveRules(builtin())
        self.rules_known = asyncio.Event()
        self.rules_known.set()
        self.waiting = asyncio.Event()
        self.agent = app.agent(app.channel(), name=name)(
            verification(
                transactions=self.transactions,
                limit=self.limit,
                judge=Judge(self.veritas, self.rules, b"key", clock=lambda: 1_795_410_452_087),
                rules_ready=self.rules_ready,
                verdicts_topic="verdicts",
                dead_letters_topic="dead",
                worker=lambda: "here",
                reports=[self.reported.append],
            )
        )

    async def rules_ready(self) -> None:
        self.waiting.set()
        await self.rules_known.wait()

    def results(self, batches: AsyncIterator[Batch]) -> AsyncGenerator[int]:
        """What the agent's function yields for these batches, one number each."""
        function = cast(Callable[[AsyncIterator[Batch]], AsyncGenerator[int]], self.agent.fun)
        return function(batches)

    def verdicts(self) -> list[dict[str, object]]:
        return [json.loads(value or b"") for value in self.transactions.values("verdicts")]


@pytest.fixture
async def stream(app: faust.App) -> Stream:
    return Stream(app)


def batch(*accounts: object, offset: int = 0, partition: int = 3) -> Batch:
    records = [
        StoredRecord(
            offset + index, each if isinstance(each, bytes) else json.dumps(each).encode(), b"k"
        )
        for index, each in enumerate(accounts)
    ]
    return Batch("bankaccount", partition, records)


async def test_a_verdict_says_what_the_contract_says(stream: Stream) -> None:
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD | {"FirstName": "Declined"}, offset=1042))
    (verdict,) = stream.verdicts()
    assert len(str(verdict.pop("account"))) == 32
    assert verdict == {
        "id": "bankaccount-3-1042",
        "topic": "bankaccount",
        "partition": 3,
        "offset": 1042,
        "card": "************1111",
        "amount": 644.78,
        "authorized": False,
        "reasons": ["veritas_declined"],
        "verified_at": 1_795_410_452_087,
        "key": key_id(b"key"),
        "outcome": "unauthorized",
        "score": 0,
        "rules": builtin().version,
        "veritas": False,
    }
    topic, partition, key, _, _ = stream.transactions.written[0]
    assert (topic, partition, len(key or b"")) == ("verdicts", 3, 32)


async def test_nothing_is_judged_until_the_rules_are_known(stream: Stream) -> None:
    stream.rules_known.clear()
    async with stream.agent.test_context() as agent:
        putting = asyncio.ensure_future(agent.put(batch(GOOD)))
        await stream.waiting.wait()
        assert (stream.veritas.asked, stream.verdicts()) == ([], [])
        stream.rules_known.set()
        await putting
    assert len(stream.verdicts()) == 1


async def test_each_record_ends_in_one_verdict_or_one_dead_letter(stream: Stream) -> None:
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD, b"\xffnot json", GOOD | {"FirstName": "Rejected"}, GOOD))
        await agent.put(batch(GOOD | {"FirstName": "Failed"}, offset=4))
    assert [verdict["offset"] for verdict in stream.verdicts()] == [0, 3]
    dead = [output for output in stream.transactions.written if output[0] == "dead"]
    assert dead[0][2:4] == (b"k", b"\xffnot json")
    codes = [dict(headers or [])["error"] for *_, headers in dead]
    assert codes == [b"not_utf8", b"veritas_rejected", b"veritas_failed"]


async def test_a_batch_is_counted_and_each_of_its_stages_timed(stream: Stream) -> None:
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD, b"{", b"[]", b"{", GOOD | {"FirstName": " "}))
        await agent.put(batch(GOOD | {"FirstName": "Declined"}, offset=5))
    registry = CollectorRegistry()
    metrics = AccountMetrics(registry)
    stream.rules.follow(metrics.follow)
    for judgement in stream.reported:
        metrics(judgement)
    for stage in ("decode", "screen", "verify", "encode"):
        assert registry.get_sample_value("fraud_stage_seconds_count", {"stage": stage}) == 2
    values = {
        ("fraud_accounts_total", "outcome", "authorized"): 1,
        ("fraud_accounts_total", "outcome", "unauthorized"): 2,
        ("fraud_accounts_total", "outcome", "review"): 0,
        ("fraud_reasons_total", "reason", "name_blank"): 1,
        ("fraud_reasons_total", "reason", "veritas_declined"): 1,
        ("fraud_dead_letters_total", "code", "not_json"): 2,
        ("fraud_dead_letters_total", "code", "not_an_object"): 1,
        ("fraud_dead_letters_total", "code", "empty"): 0,
    }
    for (name, label, value), number in values.items():
        assert registry.get_sample_value(name, {label: value}) == number


async def test_a_replayed_record_that_fails_again_keeps_where_it_came_from(stream: Stream) -> None:
    headers = (
        ("traceparent", b"00-1"),
        ("replay_of", b"bankaccount-3-7"),
        ("error", b"x" * 1_000_000),
        ("replay_count", b"2"),
    )
    again = StoredRecord(8, b"garbage", headers=headers)
    rejected = json.dumps(GOOD | {"FirstName": "Rejected"}).encode()
    forged = StoredRecord(9, rejected, headers=(("replay_of", b"4111111111111111-1-2"), headers[3]))
    async with stream.agent.test_context() as agent:
        await agent.put(Batch("bankaccount", 3, [again, forged]))
    first, second = (list(output[4] or []) for output in stream.transactions.written)
    assert [name for name, _ in first[:6]] == [name for name, _ in second]
    assert dict(first)["error"] == b"not_json"
    assert first[6:] == [("replay_of", b"bankaccount-3-7"), ("replay_count", b"2")]


async def test_the_row_adds_up(stream: Stream) -> None:
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD, GOOD | {"Amount": -1, "FirstName": " "}, b"[]"))
        await agent.put(batch(GOOD | {"FirstName": "Declined"}, offset=3))
    row = stream.transactions.states[3]
    assert (row.authorized, row.unauthorized, row.dead_letters) == (1, 2, 1)
    assert row.reasons == {"name_blank": 1, "amount_not_positive": 1, "veritas_declined": 1}
    assert row.codes == {"not_an_object": 1}
    assert (row.next_offset, row.worker) == (4, "here")
    assert stream.transactions.commits == 2


async def test_veritas_is_not_asked_about_what_screening_refuses(stream: Stream) -> None:
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD | {"CreditCardNumber": "1234"}, GOOD))
    assert stream.veritas.asked == ["Jimmie"]
    assert stream.verdicts()[0]["reasons"] == ["card_malformed"]


async def test_an_amount_that_is_a_card_number_goes_no_further(stream: Stream) -> None:
    card = 4111111111111111
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD | {"Amount": card}, GOOD | {"Amount": -float(card)}, GOOD))
    assert [verdict["offset"] for verdict in stream.verdicts()] == [2]
    assert len(stream.veritas.asked) == 1
    for *_, headers in stream.transactions.written[1:]:
        told = dict(headers or [])
        assert (told["error"], told["detail"]) == (b"field_type", b"Amount is a card number")


async def test_a_batch_that_comes_twice_is_counted_once(stream: Stream) -> None:
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD, GOOD))
        await agent.put(batch(GOOD, GOOD, GOOD))  # stale: the engine fetches again from there on
        await agent.put(batch(GOOD, offset=2))
    assert [verdict["offset"] for verdict in stream.verdicts()] == [0, 1, 2]
    assert stream.transactions.states[3].total == 3
    assert [len(each.accounts) for each in stream.reported] == [2, 1]


# -- by other rules than the built-in ones

RULES = """
[thresholds]
review = 10

[[rule]]
name = "friend"
when = 'last_name == "Friend"'
then = "authorized"

[[rule]]
name = "large"
when = "amount >= 1000"
then = "review"

[[rule]]
name = "round"
when = "amount % 100 == 0"
points = 2.5

[[rule]]
name = "ratio"
when = "1 / (amount - 7) > 1000"
then = "unauthorized"

[[rule]]
name = "trial"
when = "amount >= 500"
then = "unauthorized"
shadow = true

[[rule]]
name = "late"
when = "not veritas and amount < 10"
then = "review"
"""


def version(source: str) -> RuleVersion:
    rule_set = load(source)
    return RuleVersion(CompiledRules(rule_set), rule_set.version)


def account(amount: float, first_name: str = "Jimmie", last_name: str = "S") -> dict[str, object]:
    return GOOD | {"Amount": amount, "FirstName": first_name, "LastName": last_name}


VARIED = (
    account(50),
    account(600),
    account(1_000),
    account(2_000, last_name="Friend"),
    account(7),
    account(9, "Declined"),
    account(500, "Declined"),
)


async def test_each_verdict_has_its_outcome_and_what_led_to_it(stream: Stream) -> None:
    stream.rules.activate(version(RULES))
    async with stream.agent.test_context() as agent:
        await agent.put(batch(*VARIED))
    names = ("outcome", "reasons", "score", "veritas", "allowed_by", "shadow")
    assert [tuple(each.get(name) for name in names) for each in stream.verdicts()] == [
        ("authorized", [], 0, True, None, None),
        ("authorized", [], 2.5, True, None, ["trial"]),
        ("review", ["large", "round"], 2.5, None, None, ["trial"]),
        ("authorized", [], 2.5, None, "friend", ["trial"]),
        ("review", ["rule_error"], 0, None, None, None),
        ("review", ["late", "veritas_declined"], 0, False, None, None),
        ("unauthorized", ["round", "veritas_declined"], 2.5, False, None, ["trial"]),
    ]
    assert {each["authorized"] for each in stream.verdicts() if each["reasons"]} == {False}
    assert {each["rules"] for each in stream.verdicts()} == {version(RULES).version}


async def test_row_and_metrics_count_three_outcomes_and_the_hits_of_each_rule(
    stream: Stream,
) -> None:
    registry = CollectorRegistry()
    metrics = AccountMetrics(registry)
    stream.rules.follow(metrics.follow)
    stream.rules.activate(version(RULES))
    assert registry.get_sample_value("fraud_rule_errors_total", {"rule": "ratio"}) == 0
    assert registry.get_sample_value("fraud_reasons_total", {"reason": "name_blank"}) is None
    async with stream.agent.test_context() as agent:
        await agent.put(batch(*VARIED))
    row = stream.transactions.states[3]
    assert (row.authorized, row.review, row.unauthorized, row.total) == (3, 3, 1, 7)
    assert row.hits == {"friend": 1, "large": 2, "round": 4, "late": 1}
    assert row.shadow_hits == {"trial": 4}
    assert row.reasons == {
        "large": 1,
        "round": 2,
        "rule_error": 1,
        "late": 1,
        "veritas_declined": 2,
    }
    for judgement in stream.reported:
        metrics(judgement)
    values = {
        ("fraud_accounts_total", "outcome", "review"): 3,
        ("fraud_reasons_total", "reason", "rule_error"): 1,
        ("fraud_rule_errors_total", "rule", "ratio"): 1,
    }
    for (name, label, value), number in values.items():
        assert registry.get_sample_value(name, {label: value}) == number
    for rule, mode, number in (("round", "live", 4), ("friend", "live", 1), ("trial", "shadow", 4)):
        labels = {"rule": rule, "mode": mode}
        assert registry.get_sample_value("fraud_rule_hits_total", labels) == number
    stream.rules.activate(builtin())
    for labels in ({"rule": "round", "mode": "live"}, {"rule": "trial", "mode": "shadow"}):
        assert registry.get_sample_value("fraud_rule_hits_total", labels) is None


async def test_a_batch_is_judged_by_the_rules_that_were_active_when_it_began(
    stream: Stream,
) -> None:
    stream.veritas.meanwhile = lambda: stream.rules.activate(version(RULES))
    async with stream.agent.test_context() as agent:
        await agent.put(batch(GOOD, account(5_000, "Declined")))
        await agent.put(batch(account(5_000), offset=2))
    first, second, third = stream.verdicts()
    assert first["rules"] == second["rules"] == builtin().version
    assert second["reasons"] == ["veritas_declined"]
    assert (third["rules"], third["reasons"]) == (version(RULES).version, ["large", "round"])
