"""Whom a service that is away is asked about."""

from veritas.call import Question
from veritas.probes import WAITING, Probes


def question(key: str) -> Question:
    return Question(b"{}", key)


OPENER, KNOWN = question("opener"), question("known")


def asked(probes: Probes, times: int) -> list[str]:
    return [probes.next(OPENER)[0].key for _ in range(times)]


def test_best_is_one_that_was_answered() -> None:
    probes = Probes()
    probes.answered = KNOWN
    probes.waits(question("a"))
    assert [probes.next(OPENER) for _ in range(2)] == [(KNOWN, True)] * 2


def test_without_one_those_who_wait_are_asked_about_in_turn() -> None:
    probes = Probes()
    assert probes.next(OPENER) == (OPENER, False)
    for key in "abc":
        probes.waits(question(key))
    assert asked(probes, 2) == ["a", "b"]
    probes.waits(question("a"))
    assert asked(probes, 3) == ["c", "a", "opener"]


def test_where_the_known_one_is_rejected_the_others_have_every_other_turn() -> None:
    probes = Probes()
    probes.answered = KNOWN
    for key in "ab":
        probes.waits(question(key))
    seen = []
    for _ in range(6):
        probe, control = probes.next(OPENER)
        assert control == (probe is KNOWN)
        seen.append(probe.key)
        if control:
            probes.control_rejected()
    assert seen == ["known", "a", "known", "b", "known", "known"]


def test_it_knows_a_bounded_number_and_forgets_them_at_the_next_time() -> None:
    probes = Probes()
    for number in range(1_000):
        probes.waits(question(str(number)))
    assert len(probes._waiting) == WAITING
    probes.clear()
    assert probes.next(OPENER) == (OPENER, False)
