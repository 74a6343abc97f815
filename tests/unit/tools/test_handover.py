import pytest

from tools.handover.pauses import JOIN, LEAVE, Restart, longest_pause, report


@pytest.mark.parametrize(
    ("moments", "since", "longest"),
    [
        ([1.0, 2.0, 5.0, 6.0, 9.5], 3.0, 3.5),
        # A pause that began before counts from its beginning, one that was over does not count.
        ([1.0, 2.0, 7.0, 9.5], 3.0, 5.0),
        ([1.0, 8.0, 8.5, 9.5], 8.2, 1.0),
        # The last one lasts until now.
        ([1.0, 4.0], 3.0, 6.0),
        ([], 3.0, 7.0),
    ],
)
def test_a_pause_is_the_time_between_two_verdicts(
    moments: list[float], since: float, longest: float
) -> None:
    assert longest_pause(moments, since, 10.0) == longest


def test_the_report_has_median_and_worst_of_leaving_and_joining() -> None:
    restarts = [
        Restart(LEAVE, "worker-0", [0.1, 0.9]),
        Restart(JOIN, "worker-0", [0.2, 0.4]),
        Restart(LEAVE, "worker-1", [0.3, 0.7]),
    ]
    *_, leave, join = (
        [cell.strip() for cell in line.split("|")][1:-1] for line in report(restarts).splitlines()
    )
    assert leave == [LEAVE, "2", "0.50", "0.80", "0.90"]
    assert join == [JOIN, "1", "0.30", "0.40", "0.40"]
