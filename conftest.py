"""What the tests of the application and those of the packages share."""

pytest_plugins = ("tests.brokers",)
