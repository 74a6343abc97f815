from veritas import CallWindow


def window(*calls: tuple[float, float, bool | None]) -> CallWindow:
    """Of calls: when each began, how long it took, whether it failed."""
    made = CallWindow()
    for began, seconds, failed in calls:
        made.ended(made.began(began), began + seconds, failed=failed)
    return made


def test_the_calls_of_the_last_seconds_count() -> None:
    calls = [(float(second), 0.1, second < 30) for second in range(40)]
    many = [
        (begin + n / 20, seconds, failed) for begin, seconds, failed in calls for n in range(20)
    ]
    recent = window(*many).at(40.0)
    assert len(recent.ended) == 100, "at most"
    assert recent.failed == 0
    recent = window(*[(second / 2, 0.1, second < 75) for second in range(80)]).at(40.0)
    assert (recent.failed, len(recent.ended)) == (5, 10)


def test_of_few_calls_older_ones_count_but_not_for_ever() -> None:
    seldom = window(*[(4.0 * second, 0.1, False) for second in range(20)])
    assert len(seldom.at(77.0).ended) == 10
    assert len(seldom.at(120.0).ended) == 5
    assert len(seldom.at(140.0).ended) == 0


def test_a_cancelled_call_does_not_count() -> None:
    assert window((0.0, 1.0, None)).at(1.0).ended == ()


def test_a_call_under_way_is_slow_once_it_has_taken_that_long() -> None:
    made = window((0.0, 2.0, False), (0.0, 0.1, False))
    call = made.began(2.0)
    assert made.at(2.5).slower_than(1.0) == (1, 2)
    assert made.at(3.0).slower_than(1.0) == (2, 3)
    made.ended(call, 3.0, failed=True)
    recent = made.at(3.0)
    assert (recent.failed, recent.under_way, recent.slower_than(1.0)) == (1, (), (2, 3))
