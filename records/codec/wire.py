"""Base record: strict JSON codec."""

import re
from collections.abc import Mapping
from typing import Any, get_origin

import faust
from faust.models.fields import FieldDescriptor

from records.card import scrub

_TOKEN = re.compile(r"[0-9a-f]{32}")
_JSON_KINDS: Mapping[Any, tuple[type, ...]] = {
    float: (float, int),
    tuple: (list, tuple),
    bool | None: (bool, type(None)),
}


def named(wire_name: str) -> Any:
    """Declare a required field that has another name on the wire."""
    return FieldDescriptor(field=wire_name)


class WireRecord(faust.Record, abstract=True, serializer="json", include_metadata=False):
    """A record that is written as JSON (orjson) and read strictly.

    Unlike `faust.Record` it drops unknown fields, raises for a field that is missing, null or of
    another type, and ignores `__faust` in the input. The repr masks card numbers in every field.
    """

    @classmethod
    def from_data(cls, data: Any, *, preferred_type: Any = None) -> Any:  # noqa: ARG003 - Faust's
        """The record that this JSON object describes; the object itself is left as it is.

        Raises ValueError naming the field, never its value. A field with a default may be missing.
        """
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            # A wrong value, as the data comes from outside; not a mistake of the caller's.
            raise ValueError(  # noqa: TRY004
                f"{cls.__name__}: a JSON object is needed, not {_kind(data)}"
            )
        fields = {}
        for name, descriptor in cls._options.descriptors.items():
            wire_name = descriptor.input_name
            if wire_name in data:
                value = fields[name] = data[wire_name]
                if type(value) not in cls._kinds_of(name):
                    raise ValueError(f"{cls.__name__}: {wire_name} is {_kind(value)}")
            elif descriptor.required:
                raise ValueError(f"{cls.__name__}: {wire_name} is missing")
        return cls(**fields)

    @classmethod
    def _kinds_of(cls, name: str) -> tuple[type, ...]:
        declared: Any = cls._options.fields[name]
        plain = declared if declared in _JSON_KINDS else get_origin(declared) or declared
        return _JSON_KINDS.get(plain, (plain,))

    def _derive(self, *objects: Any, **fields: Any) -> Any:
        # Faust's own passes the wire's names to the constructor, which does not know them.
        data: dict[str, Any] = {}
        for each in (self, *objects):
            data |= {name: getattr(each, name) for name in self._options.fields}
        return type(self)(**data | fields)

    def _humanize(self) -> str:
        return ", ".join(f"{name}={self._shown(name)}" for name in self._options.fields)

    def _shown(self, name: str) -> str:
        """A field as the repr shows it; empty while it is not set."""
        value = self.__dict__.get(name)
        if not isinstance(value, str):
            return repr(value) if isinstance(value, (int, float)) else scrub(repr(value))
        # Tokens are hexadecimal: digits in a row are chance, and debugging needs all of them.
        return repr(value if _TOKEN.fullmatch(value) else scrub(value))


def _kind(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
