"""`dead-letters replay`: sends dead letters back to the accounts topic, once each, by hand."""

from collections.abc import Callable, Iterator

from rich.console import Console

from cli.dead_letters.letters import Letters, Selection
from cli.dead_letters.plan import Plan
from cli.errors import CommandError, Interrupted
from cli.ids import printable_id
from cli.interruption import interruption
from cli.progress import shown_progress
from cli.reading import BoundedRead, headers_of
from cli.sending import Outgoing, Sender, Sent
from cluster import connect, topic_spans
from config.settings import Settings
from records.replay import REPLAY_OF

# Clocks of different machines differ; a replay is looked for from this long before the failure.
_CLOCKS_DIFFER_MS = 3_600_000
_NAMED = 5


def replay(
    settings: Settings,
    selection: Selection,
    *,
    again: bool,
    confirm: Callable[[str], bool],
    console: Console,
) -> None:
    """Sends the selected dead letters' keys and bytes back, after `confirm` said so.

    Each replayed record says in its headers which input failed first (`replay_of`) and how many
    times it was replayed (`replay_count`). What was replayed before is left out, unless `again`;
    so is what came back as another dead letter because it failed again. Of several dead letters
    of one input one is sent. Nothing is ever replayed by itself.

    The dead letters are read twice, to count and to send; what comes after the first reading has
    begun is not sent. Neither they nor their bytes are kept, only bits: see `Plan`. A record that
    the accounts topic does not take is counted and told, and the others are sent. Two replays at
    once do not see each other and may send the same ones.

    Raises CommandError when an id is not found (nothing is sent then), when the answer was no, and
    when not all were acknowledged; ClusterError; Interrupted.
    """
    connect(settings, patience=0)
    topic = settings.accounts_topic
    letters = Letters(settings)
    ends = {partition: span.end for partition, span in topic_spans(settings, topic).items()}
    plan = Plan(selection, again=again, topic=topic, ends=ends)
    for letter in letters:
        plan.count(letter)
    _check_found(plan, selection.ids, topic)
    if not again and plan.since is not None:
        for origin in _replayed_since(settings, plan.since):
            plan.leave_out(origin)
    if plan.left_out:
        console.print(
            f"{plan.left_out:,} were replayed before and are left out (--again sends them)"
        )
    if not len(plan):
        console.print("No dead letters to replay.")
        return
    if not confirm(f"Send {_counted(len(plan))} to topic {topic}?"):
        raise CommandError("nothing was sent")
    sent = _send(settings, letters, plan, console)
    if left := len(plan) - sent.acknowledged:
        remedy = "" if again else "; the same command again sends those alone"
        raise CommandError(f"{_counted(left)} not replayed{remedy}")


def _replayed_since(settings: Settings, time_ms: int) -> Iterator[str]:
    """What the records that came into the accounts topic since then say they replay.

    Reads all of them. Anybody may have written these headers. Raises ClusterError.
    """
    topic, since = settings.accounts_topic, max(0, time_ms - _CLOCKS_DIFFER_MS)
    spans = topic_spans(settings, topic, since=since)
    for batch in BoundedRead(settings, {(topic, p): span for p, span in spans.items()}).batches():
        for record in batch:
            for name, content in headers_of(record):
                if name == REPLAY_OF and content is not None:
                    yield content.decode("ascii", "replace")


def _check_found(plan: Plan, ids: frozenset[str] | None, topic: str) -> None:
    lost = sorted((ids or frozenset()) - plan.found)
    if lost:
        # What was given may be anything: a file of accounts, say.
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
