"""The settings of the program: environment variables that begin with `FRAUD_`."""

from config.addresses import broker_addresses
from config.errors import SettingsError
from config.settings import PREFIX, Settings
from config.values import without_line_end

__all__ = ["PREFIX", "Settings", "SettingsError", "broker_addresses", "without_line_end"]
