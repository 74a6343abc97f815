"""Faults under load: CHAOS_RECORDS, CHAOS_FAULTS, and CHAOS_SEED to see the same ones again."""

import os
import random

import pytest

from tests.chaos.announce import announcer
from tests.chaos.plan import draw
from tests.chaos.run import run


@pytest.mark.usefixtures("can_run_kafka")
def test_every_record_is_copied_once_whatever_happens(pytestconfig: pytest.Config) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(2**31))
    records = int(os.environ.get("CHAOS_RECORDS", "1000000"))
    faults = int(os.environ.get("CHAOS_FAULTS", "100"))
    run(seed, records, draw(seed, faults), announcer(pytestconfig))
