"""Why a worker cannot be a member of its group, as the log says it."""

import faust
import pytest
from aiokafka import errors
from faust_transactions.group.membership import explain_membership, passes


@pytest.fixture
def app() -> faust.App:
    return faust.App("orders", broker="kafka://nowhere.invalid", broker_session_timeout=5.0)


def test_the_setting_has_the_name_that_its_users_know(app: faust.App) -> None:
    error = errors.InvalidSessionTimeoutError()
    assert "broker_session_timeout is 5 s: set it between" in explain_membership(error, app, {})
    names = {"broker_session_timeout": "ORDERS_SESSION"}
    assert explain_membership(error, app, names) == (
        "cannot be a member of consumer group orders: ORDERS_SESSION is 5 s: set it between the "
        "brokers' group.min.session.timeout.ms and group.max.session.timeout.ms (6 s and 30 min "
        "by default) (InvalidSessionTimeoutError)"
    )


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errors.InconsistentGroupProtocolError(), "give this app an id of its own"),
        (errors.InvalidGroupIdError(), "take another app id"),
        (errors.GroupAuthorizationFailedError("orders"), "grant Read on this group"),
        (errors.TopicAuthorizationFailedError("in"), "grant Read and Describe on topics"),
        (errors.KafkaError("GroupMaxSizeReached"), "GroupMaxSizeReached"),
    ],
)
def test_what_does_not_pass_names_a_remedy_or_the_error(
    app: faust.App, error: BaseException, remedy: str
) -> None:
    assert not passes(error)
    line = explain_membership(error, app, {})
    assert remedy in line
    assert line.endswith(f"({type(error).__name__})")


def test_what_passes_is_tried_again() -> None:
    assert passes(errors.CoordinatorLoadInProgressError())
    assert not passes(AssertionError())
