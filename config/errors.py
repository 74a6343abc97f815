"""Why the settings cannot be used, in one line without secrets."""

import os
from typing import Any, NoReturn, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from config.addresses import MASK, without_credentials
from config.values import accepted_by, is_secret

PREFIX = "FRAUD_"
_LONGEST_SHOWN = 80
_KIND = "setting"


class SettingsError(ValueError):
    """A setting that cannot be used: one line with the variable, its value and what it accepts.

    A secret's value is never in it, nor are credentials in a URL.
    """


def env_name(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def refuse(field: str, accepts: str) -> NoReturn:
    """Refuse a setting from inside a validator; `accepts` follows "must be"."""
    raise PydanticCustomError(_KIND, "must be {accepts}", {"field": field, "accepts": accepts})


def one_line(model: type[BaseModel], error: ValidationError) -> str:
    """The first thing that is wrong."""
    first = error.errors()[0]
    hints = get_type_hints(model, include_extras=True)
    context = first.get("ctx", {})
    if first["type"] == _KIND:
        field, accepts = context["field"], context["accepts"]
    else:
        field = str(first["loc"][0])
        accepts = accepted_by(hints[field])
    default = model.model_fields[field].default
    return f"{env_name(field)} is {_shown(field, hints[field], default)}, but must be {accepts}"


def _shown(field: str, hint: Any, default: Any) -> str:
    """The value that the environment gives, fit for a log line."""
    given = {name.upper(): value for name, value in os.environ.items()}
    value = given.get(env_name(field))
    if value is None:
        return "not set" if default is None else f"{default} (the default)"
    if not value:
        return "empty"
    if is_secret(hint):
        return MASK
    shown = repr(without_credentials(value))
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
