"""Shares on a command line."""

import re

import click

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)


class ShareParameter(click.ParamType):
    """`10%`; the value is from 0.0 to 1.0."""

    name = "percentage"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it; a usage error when it is none."""
        if isinstance(value, float):
            return value
        found = _SHARE.fullmatch(value)
        if found is None or float(found[1]) > 100:
            self.fail(f"{value!r} is not a share: write 10%, at most 100%", param, ctx)
        return float(found[1]) / 100
