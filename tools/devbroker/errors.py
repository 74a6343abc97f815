"""What can go wrong with a development broker.

BrokerError
├── BrokerUnavailableError   this machine cannot run one (no Java, no Maven, port taken)
└── BrokerFailedError        it was started, but ended or never answered
"""


class BrokerError(Exception):
    """One line that says what is wrong and, where there is something, what to do."""


class BrokerUnavailableError(BrokerError):
    """A broker of this kind cannot run on this machine."""


class BrokerFailedError(BrokerError):
    """The broker was started, but ended or never answered."""
