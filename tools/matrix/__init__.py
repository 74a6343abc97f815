"""The engine's tests on every Python and Kafka that it supports: ``python -m tools.matrix``."""
