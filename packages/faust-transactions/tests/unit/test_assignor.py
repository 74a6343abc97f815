"""How Faust's assignor spreads partitions as the engine sets it up."""

import faust
import pytest
from faust.assignor.client_assignment import CopartitionedAssignment
from faust.assignor.copartitioned_assignor import CopartitionedAssignor
from faust_transactions import compat


@pytest.mark.parametrize(
    ("partitions", "workers", "of_each"),
    [(4, 2, [2, 2]), (4, 3, [1, 1, 2]), (8, 3, [2, 3, 3]), (4, 5, [0, 1, 1, 1, 1])],
)
def test_workers_that_join_one_by_one_get_equal_shares(
    partitions: int, workers: int, of_each: list[int]
) -> None:
    app = faust.App("assignor", store="memory://")
    compat.assign_no_standbys(app)
    replicas = app.assignor.replicas
    members: dict[str, CopartitionedAssignment] = {}
    for number in range(workers):
        members[str(number)] = CopartitionedAssignment(topics={"accounts"})
        CopartitionedAssignor(["accounts"], members, partitions, replicas).get_assignment()
    assert sorted(len(member.actives) for member in members.values()) == of_each
