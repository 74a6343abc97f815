"""The rights that docs/kafka.md says a worker and an operator need, and no others."""

from collections.abc import Iterator

from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from config import Settings

TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
TRANSACTIONAL_ID = ResourceType.TRANSACTIONAL_ID
READ, WRITE, CREATE = AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE
DESCRIBE = AclOperation.DESCRIBE
LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED

Right = tuple[ResourceType, str, ResourcePatternType, AclOperation]


def of_a_worker(settings: Settings) -> Iterator[Right]:
    """Of a worker that creates its topics."""
    app_id = settings.app_id
    changelog, leader = f"{app_id}-verdict_counts-changelog", f"{app_id}-__assignor-__leader"
    yield TOPIC, settings.accounts_topic, LITERAL, READ
    for topic in (settings.verdicts_topic, settings.dead_letters_topic):
        yield TOPIC, topic, LITERAL, WRITE
    # The page shows the last verdicts.
    yield TOPIC, settings.verdicts_topic, LITERAL, READ
    yield TOPIC, changelog, LITERAL, READ
    yield TOPIC, changelog, LITERAL, WRITE
    yield TOPIC, leader, LITERAL, READ
    yield TOPIC, settings.rules_topic, LITERAL, READ
    workers, control = f"{app_id}-workers", f"{app_id}-control"
    yield TOPIC, workers, LITERAL, WRITE
    yield TOPIC, control, LITERAL, READ
    yield TOPIC, control, LITERAL, WRITE
    created = (*settings.topics, changelog, leader, settings.rules_topic, workers, control)
    for topic in created:
        yield TOPIC, topic, LITERAL, CREATE
    yield GROUP, app_id, LITERAL, READ
    yield TRANSACTIONAL_ID, f"{app_id}:", PREFIXED, WRITE


def of_an_operator(settings: Settings) -> Iterator[Right]:
    """What `produce`, `reconcile`, `dead-letters` and `rules` need besides."""
    yield TOPIC, settings.accounts_topic, LITERAL, WRITE
    yield TOPIC, settings.dead_letters_topic, LITERAL, READ
    yield TOPIC, settings.rules_topic, LITERAL, WRITE
    yield TOPIC, f"{settings.app_id}-workers", LITERAL, READ


def grant(bootstrap: str, user: str, rights: Iterator[Right]) -> None:
    """Let the user do this, from any host."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    bindings = [
        AclBinding(kind, name, pattern, f"User:{user}", "*", may, AclPermissionType.ALLOW)
        for kind, name, pattern, may in rights
    ]
    for done in admin.create_acls(bindings).values():
        done.result(30)


def revoke(bootstrap: str, user: str, right: Right) -> None:
    """Take a right away again."""
    kind, name, pattern, may = right
    admin = AdminClient({"bootstrap.servers": bootstrap})
    given = AclBindingFilter(kind, name, pattern, f"User:{user}", "*", may, AclPermissionType.ALLOW)
    for done in admin.delete_acls([given]).values():
        assert done.result(30)
