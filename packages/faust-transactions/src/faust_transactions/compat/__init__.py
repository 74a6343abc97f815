"""Every use of something private in Faust, mode and aiokafka.

Each function and base class in this folder says what it relies on and why there is no public way.
All were checked on the versions in `CHECKED`; `tests/unit/test_compat.py` has a test for each of
them, which names what changed when it fails. The exceptions are two patches of
aiokafka with tests of their own: `kafka/header_names.py` and `kafka/closed_connections.py`.

confluent-kafka's error codes that begin with an underscore (``KafkaError._PARTITION_EOF``) are not
private: they are librdkafka's documented local errors (``RD_KAFKA_RESP_ERR__PARTITION_EOF``).
"""

from collections.abc import Mapping

from faust_transactions.compat.aiokafka import (
    check_membership,
    close_consumer,
    close_producer,
    coordinator_state,
    group_member,
    group_members,
    keep_polling,
    reading_state,
    request_rejoin,
    set_fetch_wait,
    watch_fetch_errors,
)
from faust_transactions.compat.faust import (
    Worker,
    WorkerCommand,
    assign_no_standbys,
    end_app,
    exclude_changelog,
    given_settings,
    owners_by_url,
    set_web_runner,
    setting_without_reading,
    write_setting,
)
from faust_transactions.compat.transport import (
    Consumer,
    ConsumerThread,
    current_producer,
)

__all__ = [
    "CHECKED",
    "Consumer",
    "ConsumerThread",
    "Worker",
    "WorkerCommand",
    "assign_no_standbys",
    "check_membership",
    "close_consumer",
    "close_producer",
    "coordinator_state",
    "current_producer",
    "end_app",
    "exclude_changelog",
    "given_settings",
    "group_member",
    "group_members",
    "keep_polling",
    "owners_by_url",
    "reading_state",
    "request_rejoin",
    "set_fetch_wait",
    "set_web_runner",
    "setting_without_reading",
    "watch_fetch_errors",
    "write_setting",
]

#: The versions that this module was checked on.
CHECKED: Mapping[str, str] = {
    "faust-streaming": "0.15.3",
    "mode-streaming": "0.7.1",
    "aiokafka": "0.14.0",
}
