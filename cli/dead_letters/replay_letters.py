"""`dead-letters replay`: send dead letters back to the accounts topic, once each."""

import time
from collections.abc import Callable, Iterator

import click
import faust
from faust.cli import option
from faust_transactions import headers_of
from rich.console import Console

from cli.dead_letters.dry_run import DryRun, rules_to_try, show_dry_run
from cli.dead_letters.letters import Letters
from cli.dead_letters.replay_checks import check_found, check_worker, refuse_other_streams
from cli.dead_letters.replay_plan import Plan
from cli.dead_letters.replay_sending import Replaying, send
from cli.dead_letters.selection import SELECTION_OPTIONS, SelectingCommand, Selection
from cli.support.errors import CommandError
from cli.support.numbers import dead_letters
from cli.support.share_option import ShareParameter
from cluster import connect, topic_spans
from config import Settings
from lookup.bounded_read import BoundedRead
from records.replay import REPLAY_OF

# Clocks of different machines differ: look for replays from this long before the failure.
_CLOCKS_DIFFER_MS = 3_600_000
_MAX_FAILED = (
    "Stop when more than this share of a portion, and at least 10, are dead letters again; "
    "100% sends all at once and does not wait for what becomes of them."
)


def add_replay(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(
        *SELECTION_OPTIONS,
        option("--again", is_flag=True, help="Include those that were replayed before."),
        option("--limit", type=click.IntRange(1), help="Send at most so many."),
        option("--rate", type=click.FloatRange(0, min_open=True), help="Send so many a second."),
        option(
            "--max-failed",
            type=ShareParameter(),
            default=settings.replay_max_failed,
            # As the share that it is, in the help text.
            show_default=False,
            help=f"{_MAX_FAILED} [default: {100 * settings.replay_max_failed:g}%]",
        ),
        option("--dry-run", is_flag=True, help="Only say what would become of them."),
        option("--yes", is_flag=True, help="Do not ask for confirmation."),
        base=SelectingCommand,
        group=group,
        command_name="replay",
    )
    def replay_command(
        self: SelectingCommand,
        selection: Selection,
        again: bool,
        limit: int | None,
        rate: float | None,
        max_failed: float,
        dry_run: bool,
        yes: bool,
    ) -> None:
        """Send the chosen dead letters (IDS, --code, --file, --since) back to the accounts topic.

        In portions of 100 to 1,000: it waits until the workers have judged one before it sends the
        next, and stops when too many of them are dead letters again.
        """
        if selection.ids is None and selection.codes is None and selection.since is None:
            raise click.UsageError("choose what to replay: IDS, --code, --file or --since")
        replay(
            settings,
            selection,
            again=again,
            limit=limit,
            how=None if dry_run else Replaying(max_failed, rate),
            confirm=lambda question: yes or _confirmed(question),
            console=self.console,
        )


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # Ctrl-C, or standard input is closed: scripts use --yes.
        return False


def replay(
    settings: Settings,
    selection: Selection,
    *,
    again: bool,
    confirm: Callable[[str], bool],
    console: Console,
    limit: int | None = None,
    how: Replaying | None,
) -> None:
    """Send the keys and bytes of the selected dead letters back, once `confirm` returns True.

    Each replayed record has headers that name the input that failed first (`replay_of`) and count
    its replays (`replay_count`). Skips what was replayed before, and what became a dead letter
    again after a replay, unless `again`. Sends one of several dead letters of the same input.
    Without `how` it sends nothing and prints what would become of them.

    Reads the dead letters twice, to count and to send; skips those written after the first reading
    began. Keeps bits of them only: see `Plan`. Counts and reports a record that the accounts topic
    refuses, and sends the others. Two replays that run at once may send the same dead letters.

    Raises CommandError when an id is not found (nothing is sent then), when `confirm` returns
    False, when not all were acknowledged, and as `send` does; ClusterError; Interrupted.
    """
    client = connect(settings, timeout=0)
    topic = settings.accounts_topic
    letters = Letters(settings, selection.ids or ())
    plan = _planned(settings, letters, selection, again=again, limit=limit)
    _report_plan(plan, console)
    if not len(plan):
        console.print("No dead letters to replay." if plan.skipped else letters.none)
    elif how is None:
        _try(settings, letters, plan, console)
    else:
        if how.watches:
            check_worker(client, settings)
        if not confirm(f"Send {dead_letters(len(plan))} to topic {topic}?"):
            raise CommandError("nothing was sent")
        sent = send(settings, letters, plan, how, console)
        if left := len(plan) - sent.acknowledged:
            remedy = "" if again else "; the same command again sends those alone"
            raise CommandError(f"{dead_letters(left)} not replayed{remedy}")


def _planned(
    settings: Settings, letters: Letters, selection: Selection, *, again: bool, limit: int | None
) -> Plan:
    topic = settings.accounts_topic
    ends = {partition: span.end for partition, span in topic_spans(settings, topic).items()}
    plan = Plan(selection, again=again, topic=topic, ends=ends, limit=limit)
    for letter in letters:
        plan.count(letter)
    refuse_other_streams(letters.others_named, topic)
    check_found(plan, selection.ids, topic)
    if not again and plan.since is not None:
        for origin in _replayed_since(settings, plan.since):
            plan.skip(origin)
    return plan


def _try(settings: Settings, letters: Letters, plan: Plan, console: Console) -> None:
    version = rules_to_try(settings)
    tried = DryRun(version.compiled, settings.token_key_bytes, time.time_ns() // 1_000_000)
    for letter, record in letters.with_records():
        if plan.take(letter) is not None:
            tried.add(letter.code, record.value())
    show_dry_run(tried, version, console)


def _report_plan(plan: Plan, console: Console) -> None:
    if plan.skipped:
        console.print(f"{plan.skipped:,} were replayed before and are skipped (--again sends them)")
    if plan.repeated:
        console.print(
            f"{plan.repeated:,} have the id of another one, as after the accounts topic was "
            "re-created; of each id one is sent",
            soft_wrap=True,
        )
    if len(plan) < plan.selected:
        console.print(f"{len(plan):,} of {plan.selected:,} by --limit", highlight=False)


def _replayed_since(settings: Settings, time_ms: int) -> Iterator[str]:
    """The `replay_of` headers of all records written to the accounts topic since then.

    Reads all of them. Any producer may have written these headers. Raises ClusterError.
    """
    topic, since = settings.accounts_topic, max(0, time_ms - _CLOCKS_DIFFER_MS)
    spans = topic_spans(settings, topic, since=since)
    for batch in BoundedRead(settings, {(topic, p): span for p, span in spans.items()}).batches():
        for record in batch:
            for name, content in headers_of(record):
                if name == REPLAY_OF and content is not None:
                    yield content.decode("ascii", "replace")
