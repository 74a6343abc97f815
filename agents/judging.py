"""From the records of a batch to its verdicts and dead letters. No Kafka, no Faust."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from faust_transactions import SourceRecord

from agents.clock import now_ms
from agents.judgement import Judgement
from agents.stage_timer import StageTimer
from agents.turns import Turns
from records import BankAccount, DeadLetter, Undecodable
from records.card import digits, mask_number
from records.codec.verdict_encoder import VerdictEncoder
from records.replay import replay_in
from records.token import Tokens, key_id
from rules.compiled import CompiledRules, Decision
from rules.given import given_fields
from rules.versions.active import ActiveRules
from veritas import Result, Unanswered, Veritas

__all__ = ["STAGES", "Judge"]

#: What a batch goes through: bytes to accounts, the rules, Veritas, verdicts to bytes.
STAGES = ("decode", "screen", "verify", "encode")


class Case:
    """One record of a batch while it is judged.

    ``unjudged`` says why it gets no verdict. ``account``, ``number``, ``token`` and ``fired`` are
    unset when the record is not an account.
    """

    __slots__ = ("account", "fired", "number", "record", "token", "unjudged", "veritas")

    account: BankAccount
    #: The card number without its separators.
    number: str
    token: str
    #: The rules that fired, as `CompiledRules` has them.
    fired: int

    def __init__(self, record: SourceRecord, decoded: BankAccount | Undecodable) -> None:
        self.record = record
        #: What Veritas answered; None where it was not asked.
        self.veritas: bool | None = None
        self.unjudged: Undecodable | Unanswered | None = None
        if isinstance(decoded, BankAccount):
            self.account = decoded
        else:
            self.unjudged = decoded

    def screen(self, rules: CompiledRules, tokens: Tokens) -> bool:
        """Apply the rules; True when Veritas is to be asked."""
        if self.unjudged is not None:
            return False
        self.number = digits(self.account.credit_card_number)
        self.token = tokens(self.number)
        given = given_fields(self.account, self.number, self.token, self.record.timestamp)
        self.fired = rules.before(*given)
        return rules.needs_veritas(self.fired, given)

    def close(self, result: Result, rules: CompiledRules) -> None:
        """Take Veritas' answer, or its absence, and apply the rules that wait for it."""
        if isinstance(result, Unanswered):
            self.unjudged = result
            return
        self.veritas = result.authorized
        if rules.has_late_rules:
            self.fired |= rules.after(
                self.veritas,
                *given_fields(self.account, self.number, self.token, self.record.timestamp),
            )


class Group:
    """Accounts of a batch about which the same rules fired and Veritas answered the same."""

    __slots__ = ("decision", "ending", "hits", "number")

    def __init__(self, decision: Decision, hits: tuple[str, ...], ending: bytes) -> None:
        self.decision = decision
        self.hits = hits
        #: What their verdicts end with.
        self.ending = ending
        self.number = 0


class Judge:
    """Judges batches: screen, ask Veritas, write verdicts and dead letters.

    ``token_key`` is the key of the account token, ``clock`` gives ms since the epoch.
    """

    def __init__(
        self,
        veritas: Veritas,
        rules: ActiveRules,
        token_key: bytes,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._veritas = veritas
        self._rules = rules
        self._tokens = Tokens(token_key)
        #: The id of the token key, for rows; verdicts have it too.
        self.key_id = key_id(token_key)
        self._clock = clock

    async def __call__(
        self,
        topic: str,
        partition: int,
        records: Sequence[SourceRecord],
        decoded: Sequence[BankAccount | Undecodable],
    ) -> Judgement:
        """Judge records of one partition, in order; ``decoded`` is what each of them is.

        All of them by the rules that are active now. Waits while Veritas is unavailable and guesses
        nothing; can be cancelled. What is not an account becomes a dead letter, as does an account
        that Veritas will not answer about.
        """
        version = self._rules.current
        rules = version.compiled
        judgement = Judgement(records[-1].offset + 1 if records else 0, version)
        timer = StageTimer()
        cases = [Case(*each) for each in zip(records, decoded, strict=True)]
        turns = Turns()
        open_cases: list[Case] = []
        for case in cases:
            if case.screen(rules, self._tokens):
                open_cases.append(case)
            if turns.is_over():
                await turns.take_another()
        timer.end("screen")
        results = await self._veritas.verify([case.account for case in open_cases])
        for case, result in zip(open_cases, results, strict=True):
            case.close(result, rules)
            if turns.is_over():
                await turns.take_another()
        timer.end("verify")
        self._write(judgement, topic, partition, cases)
        timer.end("encode")
        judgement.seconds = timer.seconds
        return judgement

    def _write(
        self, judgement: Judgement, topic: str, partition: int, cases: Sequence[Case]
    ) -> None:
        """Add the verdict or dead letter of each case, in order, and count them."""
        now, version = self._clock(), judgement.version
        encoder = VerdictEncoder(topic, partition, now, self.key_id, version.version)
        groups: dict[tuple[int, bool | None], Group] = {}
        for case in cases:
            if case.unjudged is not None:
                letter = _dead_letter(topic, partition, case.record, case.unjudged, now)
                judgement.dead_letters.append(letter)
                continue
            kind = case.fired, case.veritas
            group = groups.get(kind)
            if group is None:
                group = groups[kind] = _group(version.compiled, encoder, *kind)
            group.number += 1
            account, token = case.account, case.token.encode()
            card = mask_number(case.number).encode()
            value = encoder.encode(case.record.offset, token, card, account.amount, group.ending)
            judgement.verdicts.append((token, value))
            judgement.accounts.append((account, group.decision))
        judgement.count(groups.values())


def _group(
    rules: CompiledRules, encoder: VerdictEncoder, fired: int, veritas: bool | None
) -> Group:
    decision = rules.decide(fired, veritas)
    ending = encoder.ending(
        decision.outcome,
        decision.reasons,
        decision.score,
        veritas,
        decision.allowed_by,
        decision.shadow,
    )
    return Group(decision, rules.hits(fired), ending)


def _dead_letter(
    topic: str,
    partition: int,
    record: SourceRecord,
    unjudged: Undecodable | Unanswered,
    now: int,
) -> DeadLetter:
    return DeadLetter(
        key=record.key,
        value=record.value,
        code=unjudged.code,
        detail=unjudged.detail,
        topic=topic,
        partition=partition,
        offset=record.offset,
        failed_at=now,
        replay=replay_in(record.headers, topic) if record.headers else None,
    )
