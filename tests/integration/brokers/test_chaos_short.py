"""Three faults under load, about a minute; `make chaos` has a hundred."""

import os
import random

import pytest

from tests.chaos.announce import announcer
from tests.chaos.plan import Kind, faults
from tests.chaos.run import run

RECORDS = 60_000
KINDS = (Kind.KILL, Kind.ZOMBIE, Kind.BROKER_KILL)


@pytest.mark.usefixtures("can_run_kafka")
def test_every_record_is_copied_once_through_three_faults(pytestconfig: pytest.Config) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(2**31))
    run(seed, RECORDS, faults(seed, KINDS), announcer(pytestconfig))
