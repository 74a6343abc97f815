"""`counts`: verdicts, dead letters and lag of each partition, from the topics alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import faust
from rich.console import Console
from rich.table import Table

from cli.reading.positions import (
    accounts_identity,
    describe_mismatches,
    mismatches,
    positions_in,
)
from cli.support.blocking_command import JSON, BlockingCommand
from cli.support.moment import moment
from cli.support.output import PLAIN
from cluster import changelog_topic, connect, topic_spans
from cluster.reading.control import current_holds
from cluster.reading.rows import last_rows, rows_in
from config import Settings
from records import PartitionCounts, counts_document
from records.hold import Hold
from records.totals import ENDINGS, lag

_COUNTS = (*ENDINGS, "next_offset")


def add_counts(app: faust.App, settings: Settings) -> None:
    """Add the command to the `faust` program."""

    @app.command(JSON, base=BlockingCommand)
    def counts(self: BlockingCommand, as_json: bool) -> None:
        """Show verdicts, dead letters and lag of each partition, without a running worker."""
        found = read_counts(settings)
        if found.mismatch:
            self.messages.print(f"warning: {found.mismatch}", style="yellow", **PLAIN)
        if as_json or self.json:
            self.write_json(found.document())
        else:
            found.show(self.console)


@dataclass(frozen=True)
class Counts:
    """The rows of all partitions, and the first and end offsets of the accounts topic."""

    topic: str
    rows: Mapping[int, PartitionCounts]
    #: Both are empty when the accounts topic does not exist.
    begins: Mapping[int, int]
    ends: Mapping[int, int]
    #: Partitions whose row is not of this topic, and a line that says so.
    mismatched: Collection[int] = ()
    mismatch: str | None = None
    #: What workers said of held partitions.
    holds: Mapping[int, Hold] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The document that a worker serves at `/verdicts/`."""
        return counts_document(self.rows, self.ends, self.holds)

    def show(self, console: Console) -> None:
        """Print it as a table, with the lag of each partition."""
        table = Table(title=f"Accounts of topic {self.topic}", title_justify="left")
        for name in ("partition", *(name.replace("_", " ") for name in _COUNTS), "lag"):
            table.add_column(name, justify="right", footer="")
        document = self.document()
        # Of a topic that was re-created, nothing is judged.
        rows = {p: row for p, row in self.rows.items() if p not in self.mismatched}
        lags = 0
        for number, counts in document["partitions"].items():
            left = lag(int(number), rows, self.begins, self.ends) or 0
            lags += left
            table.add_row(number, *(f"{counts[name]:,}" for name in _COUNTS), f"{left:,}")
        table.add_section()
        sums = (f"{document[name]:,}" for name in _COUNTS[:-1])
        table.add_row("total", *sums, "", f"{lags:,}", style="bold")
        console.print(table)
        for number, counts in document["partitions"].items():
            if "held" in counts:
                console.print(held_line(int(number), counts["held"]), **PLAIN)
        if not self.ends:
            console.print(f"Topic {self.topic} does not exist yet.", highlight=False)
        elif not self.rows:
            console.print("No account has a verdict or dead letter yet.")


def held_line(partition: int, held: Mapping[str, Any]) -> str:
    """What `/verdicts/` says of a held partition, as a line."""
    since = moment(held["since"])
    return (
        f"Partition {partition} is held at offset {held['offset']} since {since} UTC: "
        f"{held['reason']}."
    )


def read_counts(settings: Settings) -> Counts:
    """Read the current counts; needs no worker. Raises ClusterError."""
    connect(settings, timeout=0)
    topic = accounts_identity(settings)
    last = last_rows(settings)
    rows = rows_in(changelog_topic(settings), last)
    # After the rows, so that no row is ahead of its end.
    spans = topic_spans(settings, settings.accounts_topic)
    mismatched = mismatches(positions_in(rows, last), topic, spans)
    begins = {partition: span.begin for partition, span in spans.items()}
    ends = {partition: span.end for partition, span in spans.items()}
    mismatch = describe_mismatches(mismatched, topic) if mismatched else None
    return Counts(
        settings.accounts_topic,
        rows,
        begins,
        ends,
        set(mismatched),
        mismatch,
        current_holds(settings),
    )
