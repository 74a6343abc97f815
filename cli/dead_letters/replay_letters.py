"""`dead-letters replay`: send dead letters back to the accounts topic, once each."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO

import click
import faust
from faust.cli import option
from faust_transactions import headers_of
from rich.console import Console

from cli.dead_letters.letters import Letters
from cli.dead_letters.replay_plan import Plan
from cli.dead_letters.selection import SELECTION_OPTIONS, Selection, selection_of
from cli.support.blocking_command import BlockingCommand
from cli.support.bounded_read import BoundedRead
from cli.support.errors import CommandError, Interrupted
from cli.support.interruption import interruption
from cli.support.progress import shown_progress
from cli.support.sender import Outgoing, Sender, Sent
from cli.support.untrusted_names import printable_id
from cluster import connect, topic_spans
from config import Settings
from records.replay import REPLAY_OF

# Clocks of different machines differ: look for replays from this long before the failure.
_CLOCKS_DIFFER_MS = 3_600_000
_NAMED = 5


def add_replay(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(
        *SELECTION_OPTIONS,
        option("--again", is_flag=True, help="Include those that were replayed before."),
        option("--yes", is_flag=True, help="Do not ask for confirmation."),
        base=BlockingCommand,
        group=group,
        command_name="replay",
    )
    def replay_command(
        self: BlockingCommand,
        ids: tuple[str, ...],
        codes: tuple[str, ...],
        file: IO[str] | None,
        since: int | None,
        until: int | None,
        again: bool,
        yes: bool,
    ) -> None:
        """Send the chosen dead letters (IDS, --code or --file) back to the accounts topic."""
        selection = selection_of(ids, codes, file, since, until)
        if selection.ids is None and not codes:
            raise click.UsageError("choose what to replay: IDS, --code or --file")
        replay(
            settings,
            selection,
            again=again,
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
) -> None:
    """Send the keys and bytes of the selected dead letters back, once `confirm` returns True.

    Each replayed record has headers that name the input that failed first (`replay_of`) and count
    its replays (`replay_count`). Skips what was replayed before, and what became a dead letter
    again after a replay, unless `again`. Sends one of several dead letters of the same input.

    Reads the dead letters twice, to count and to send; skips those written after the first reading
    began. Keeps bits of them only: see `Plan`. Counts and reports a record that the accounts topic
    refuses, and sends the others. Two replays that run at once may send the same dead letters.

    Raises CommandError when an id is not found (nothing is sent then), when `confirm` returns
    False, and when not all were acknowledged; ClusterError; Interrupted.
    """
    connect(settings, timeout=0)
    topic = settings.accounts_topic
    letters = Letters(settings, selection.ids or ())
    ends = {partition: span.end for partition, span in topic_spans(settings, topic).items()}
    plan = Plan(selection, again=again, topic=topic, ends=ends)
    for letter in letters:
        plan.count(letter)
    _refuse_other_streams(letters.others_named, topic)
    _check_found(plan, selection.ids, topic)
    if not again and plan.since is not None:
        for origin in _replayed_since(settings, plan.since):
            plan.skip(origin)
    _report_plan(plan, console)
    if not len(plan):
        console.print("No dead letters to replay.")
        return
    if not confirm(f"Send {_counted(len(plan))} to topic {topic}?"):
        raise CommandError("nothing was sent")
    sent = _send(settings, letters, plan, console)
    if left := len(plan) - sent.acknowledged:
        remedy = "" if again else "; the same command again sends those alone"
        raise CommandError(f"{_counted(left)} not replayed{remedy}")


def _report_plan(plan: Plan, console: Console) -> None:
    if plan.skipped:
        console.print(f"{plan.skipped:,} were replayed before and are skipped (--again sends them)")
    if plan.repeated:
        console.print(
            f"{plan.repeated:,} have the id of another one, as after the accounts topic was "
            "re-created; of each id one is sent",
            soft_wrap=True,
        )


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


def _refuse_other_streams(named: Mapping[str, str], topic: str) -> None:
    """Refuse ids of dead letters that belong to another accounts topic."""
    if named:
        some = ", ".join(sorted(named)[:_NAMED]) + (", …" if len(named) > _NAMED else "")
        others = ", ".join(sorted(set(named.values()))[:_NAMED])
        raise CommandError(
            f"{_counted(len(named))} of another stream, of topic {others}: {some}; replay to "
            f"topic {topic} sends its own only; nothing was sent"
        )


def _check_found(plan: Plan, ids: frozenset[str] | None, topic: str) -> None:
    lost = sorted((ids or frozenset()) - plan.found)
    if lost:
        # The ids may be anything, such as a file of accounts.
        some = ", ".join(printable_id(one, topic) for one in lost[:_NAMED]) + (
            ", …" if len(lost) > _NAMED else ""
        )
        raise CommandError(
            f"{_counted(len(lost))} not found (or not with this code and time): {some}; "
            "nothing was sent"
        )


def _send(settings: Settings, letters: Letters, plan: Plan, console: Console) -> Sent:
    sender = Sender(settings, settings.accounts_topic)
    with interruption() as asked, shown_progress(console, "replayed") as advance:
        sent = sender.send(
            _outgoing(letters, plan),
            progress=lambda so_far: advance(so_far.acknowledged, len(plan)),
            stop=asked.is_set,
        )
    _report(sent, settings.accounts_topic, console)
    if asked.is_set():
        raise Interrupted
    return sent


def _outgoing(letters: Letters, plan: Plan) -> Iterator[Outgoing]:
    for letter, record in letters.with_records():
        one = plan.take(letter)
        if one is not None:
            yield Outgoing(record.value(), record.key(), headers=[*one.headers()])


def _report(sent: Sent, topic: str, console: Console) -> None:
    console.print(f"{_counted(sent.acknowledged)} acknowledged in topic {topic}", highlight=False)
    for why, number in sent.failed.most_common():
        console.print(f"{number:,} failed: {why}", highlight=False, markup=False)


def _counted(number: int) -> str:
    return f"{number:,} dead letter{'' if number == 1 else 's'}"
