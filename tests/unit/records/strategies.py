"""What hypothesis makes accounts and records of."""

from hypothesis import strategies as st

from records import BankAccount, DeadLetter, PartitionCounts, Verdict
from records.card import scrub
from records.codec.bounds import EPOCH_MS
from records.outcome import OUTCOMES
from records.replay import Replay
from records.token import key_id

# Lone surrogates are no text that UTF-8, and so JSON, could carry.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
amounts = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
counts = st.integers(0, 2**63 - 1)
times = st.integers(EPOCH_MS[0], EPOCH_MS[-1])
partitions = st.integers(0, 2**31 - 1)
key_ids = st.just("") | st.binary(min_size=1, max_size=64).map(key_id)
tallies = st.dictionaries(text, counts, max_size=4)

accounts = st.builds(
    BankAccount, first_name=text, last_name=text, credit_card_number=text, amount=amounts
)
outcomes = st.sampled_from(OUTCOMES)
rule_names = st.lists(text, max_size=5).map(tuple)
_verdicts = st.builds(
    Verdict,
    id=text,
    topic=text,
    partition=partitions,
    offset=counts,
    account=text,
    card=text,
    amount=amounts,
    authorized=st.just(False),
    reasons=rule_names,
    verified_at=times,
    key=key_ids,
    outcome=outcomes,
    score=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9),
    rules=text,
    veritas=st.none() | st.booleans(),
    allowed_by=text,
    shadow=rule_names,
)


def _consistent(verdict: Verdict) -> Verdict:
    verdict.authorized = verdict.outcome == "authorized"
    return verdict


verdicts = _verdicts.map(_consistent)
rows = st.builds(
    PartitionCounts,
    authorized=counts,
    review=counts,
    unauthorized=counts,
    dead_letters=counts,
    next_offset=counts,
    reasons=tallies,
    codes=tallies,
    hits=tallies,
    shadow_hits=tallies,
    worker=text,
    updated_at=times,
    key=key_ids,
    invalid_window=st.just("") | st.integers(1, 2**1000 - 1).map("{:x}".format),
)
# Where partition and offset look like a card number, nothing is said of the replay.
replays = st.builds(
    Replay,
    origin=st.builds("accounts-{}-{}".format, st.integers(0, 9_999), st.integers(0, 10**7)).filter(
        lambda origin: scrub(origin) == origin
    ),
    times=st.integers(1, 10**6),
)
dead_letters = st.builds(
    DeadLetter,
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=200),
    code=text,
    detail=text,
    topic=text,
    partition=partitions,
    offset=counts,
    failed_at=times,
    replay=st.none() | replays,
)


@st.composite
def card_numbers(draw: st.DrawFn, shortest: int = 12, longest: int = 19) -> str:
    """ASCII digits, whatever their checksum."""
    size = draw(st.integers(shortest, longest))
    return draw(st.text("0123456789", min_size=size, max_size=size))


@st.composite
def well_formed_cards(draw: st.DrawFn) -> str:
    """Digits whose last one makes the sum of Luhn's rule come out, counted as he did."""
    body = draw(card_numbers(11, 18))
    doubled = [int(each) * 2 for each in reversed(body)][::2]
    plain = [int(each) for each in reversed(body)][1::2]
    total = sum(each - 9 if each > 9 else each for each in doubled) + sum(plain)
    return body + str(-total % 10)
