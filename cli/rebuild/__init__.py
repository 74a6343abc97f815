"""`rebuild-rows`: write the rows of the changelog again, from the verdicts and dead letters."""

from cli.rebuild.command import add_rebuild_rows

__all__ = ["add_rebuild_rows"]
