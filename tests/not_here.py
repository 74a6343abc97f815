"""Tests that need something that not every machine has."""

import os
from typing import NoReturn

import pytest


def skip_or_fail(require: str, reason: str) -> NoReturn:
    """Skip the test with this reason, or fail when the variable `require` is 1 (CI sets it)."""
    if os.environ.get(require) == "1":
        pytest.fail(f"{require}=1, but {reason}", pytrace=False)
    pytest.skip(reason)
