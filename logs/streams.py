"""Standard streams that the caller closed (`2>&-`)."""

import os
import sys

__all__ = ["open_standard_streams"]


def open_standard_streams() -> None:
    """Replace each closed standard stream by the null device. To be called first of all.

    Python leaves None for a closed stream, which logging and click do not expect. The descriptor
    is filled as well: else the next socket or file would get it, and with it what libraries write
    to descriptor 2.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                null = os.open(os.devnull, os.O_RDWR)
                if null != number:
                    os.dup2(null, number)
                    os.close(null)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
            setattr(sys, f"__{name}__", getattr(sys, name))
