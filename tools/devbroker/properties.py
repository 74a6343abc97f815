"""server.properties of a single Kafka server in KRaft mode."""

from collections.abc import Mapping
from pathlib import Path

from tools.devbroker.ports import LOOPBACK

Properties = Mapping[str, str]

# What a server on one's own machine needs to be different from Kafka's defaults.
SINGLE_NODE: Properties = {
    # There is one broker, so there is one replica of everything.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # 50 partitions each would cost the first consumer and the first transaction seconds.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    # 3 s, so that many consumers can join at once. A development group starts at once.
    "group.initial.rebalance.delay.ms": "0",
    # Kafka's default, kept on purpose: a producer that knows nothing of this project may come
    # first (that of the original article does), and its topic has to appear, with as many
    # partitions as the worker expects (FRAUD_PARTITIONS).
    "auto.create.topics.enable": "true",
    "num.partitions": "4",
    # A server that was killed is let in again when its session has timed out; 9 s is long to wait.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    # 128 MB would be a quarter of the heap.
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
}


def server_properties(
    data: Path, ports: Mapping[str, int], controller_port: int, more: Properties
) -> dict[str, str]:
    """The properties of a server, broker and controller in one, that listens on this machine.

    `ports` has a port for each security protocol; the listeners are named after them. PLAINTEXT
    must be among them, the server itself uses it. What `more` says goes before all else.
    """
    listeners = [f"{protocol}://{LOOPBACK}:{port}" for protocol, port in ports.items()]
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*listeners, f"CONTROLLER://{LOOPBACK}:{controller_port}"]),
        "advertised.listeners": ",".join(listeners),
        "listener.security.protocol.map": ",".join(
            ["CONTROLLER:PLAINTEXT", *(f"{protocol}:{protocol}" for protocol in ports)]
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        **SINGLE_NODE,
        **more,
    }
    if any(protocol.startswith("SASL") for protocol in ports):
        properties.setdefault("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512")
    return properties


def sasl_properties(protocol: str, users: Mapping[str, str]) -> dict[str, str]:
    """What the listener of a SASL protocol needs so that these users can log in.

    PLAIN checks the passwords given here; those of SCRAM are in the server's metadata, written
    when its data directory is formatted.
    """
    security = "org.apache.kafka.common.security"
    logins = " ".join(f'user_{user}="{password}"' for user, password in users.items())
    plain = f"{security}.plain.PlainLoginModule required {logins};"
    scram = f"{security}.scram.ScramLoginModule required;"
    prefix = f"listener.name.{protocol.lower()}"
    return {
        f"{prefix}.plain.sasl.jaas.config": plain,
        f"{prefix}.scram-sha-256.sasl.jaas.config": scram,
        f"{prefix}.scram-sha-512.sasl.jaas.config": scram,
    }


def as_text(properties: Properties) -> str:
    """The properties as a file that Java reads."""
    escaped = {name: value.replace("\\", "\\\\") for name, value in properties.items()}
    return "".join(f"{name}={value}\n" for name, value in sorted(escaped.items()))
