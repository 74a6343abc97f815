"""A row names its writer, and the writer's id the member of the group."""

from faust_transactions.stores.signature import SIGNATURE, member_of, signed_by, transactional_id


def test_a_transactional_id_names_the_member_of_the_group() -> None:
    name = transactional_id("orders", "host:6066-1f2e")
    assert name == "orders:host:6066-1f2e"
    assert member_of("orders", name) == "host:6066-1f2e"


def test_another_apps_id_names_no_member() -> None:
    assert member_of("orders", "orders-2:host-1f2e") is None
    assert member_of("orders", "orders-in-0") is None


def test_a_row_is_signed_by_a_header() -> None:
    assert (
        signed_by([("source-topic", b"in"), (SIGNATURE, b"orders:worker-1")]) == "orders:worker-1"
    )


def test_a_row_of_version_0_1_is_signed_by_nobody() -> None:
    assert signed_by([]) is None
    assert signed_by([(SIGNATURE, None)]) is None
