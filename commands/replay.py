"""`dead-letters replay`: sends dead letters back to the accounts topic, once each, by hand."""

from collections.abc import Callable, Collection, Iterator

from rich.console import Console

from batching.offsets import Span
from cluster import connect, topic_spans
from commands.errors import CommandError, Interrupted
from commands.interruption import interruption
from commands.letters import Letter, Letters, Selection
from commands.progress import shown_progress
from commands.reading import BoundedRead, Place, headers_of
from commands.sending import Outgoing, Sender, Sent
from records.replay import Replay, replay_in
from settings import Settings

# Clocks of different machines differ; a replay is looked for from this long before the failure.
_CLOCKS_DIFFER_MS = 3_600_000
_NAMED = 5

Chosen = dict[tuple[Place, int], Replay]
"""Where a dead letter is (place and offset), and what the record is that replays it."""


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
    of one input the last one is sent. Nothing is ever replayed by itself.

    Raises CommandError when an id is not found (nothing is sent then), when the answer was no, and
    when not all were acknowledged; ClusterError; Interrupted.
    """
    connect(settings, patience=0)
    letters = [letter for letter in Letters(settings) if selection(letter)]
    _check_found(letters, selection.ids)
    if letters and not again:
        done = replayed_since(settings, min(letter.failed_at for letter in letters))
        new = [one for one in letters if one.replay is None and one.next_replay not in done]
        if before := len(letters) - len(new):
            console.print(f"{before:,} were replayed before and are left out (--again sends them)")
        letters = new
    last = {one.next_replay.origin: one for one in sorted(letters, key=_replays)}
    chosen = {(one.place, one.offset): one.next_replay for one in last.values()}
    if not chosen:
        console.print("No dead letters to replay.")
        return
    if not confirm(f"Send {_counted(len(chosen))} to topic {settings.accounts_topic}?"):
        raise CommandError("nothing was sent")
    _send(settings, chosen, console)


def _replays(letter: Letter) -> int:
    return letter.next_replay.times


def replayed_since(settings: Settings, time_ms: int) -> Collection[Replay]:
    """The replays that are in the accounts topic since then; reads all that came since.

    Raises ClusterError.
    """
    topic, since = settings.accounts_topic, max(0, time_ms - _CLOCKS_DIFFER_MS)
    spans = topic_spans(settings, topic, since=since)
    reading = BoundedRead(settings, {(topic, p): span for p, span in spans.items()})
    headers = (headers_of(message) for batch in reading.batches() for message in batch)
    return {found for each in headers if each and (found := replay_in(each, topic))}


def _check_found(letters: list[Letter], ids: frozenset[str] | None) -> None:
    lost = sorted((ids or frozenset()) - {letter.id for letter in letters})
    if lost:
        some = ", ".join(lost[:_NAMED]) + (", …" if len(lost) > _NAMED else "")
        raise CommandError(
            f"{_counted(len(lost))} not found (or not with this code and time): {some}; "
            "nothing was sent"
        )


def _send(settings: Settings, chosen: Chosen, console: Console) -> None:
    sender = Sender(settings, settings.accounts_topic)
    with interruption() as asked, shown_progress(console, "replayed") as advance:
        sent = sender.send(
            _outgoing(settings, chosen),
            progress=lambda so_far: advance(so_far.acknowledged, len(chosen)),
            stop=asked.is_set,
        )
    _report(sent, settings.accounts_topic, console)
    if asked.is_set():
        raise Interrupted
    if sent.acknowledged < len(chosen):
        left = len(chosen) - sent.acknowledged
        raise CommandError(
            f"{_counted(left)} not replayed; the same command again sends those alone"
        )


def _outgoing(settings: Settings, chosen: Chosen) -> Iterator[Outgoing]:
    """Reads the bytes of the chosen ones only now, so that they are never all in memory."""
    spans: dict[Place, Span] = {}
    for place, offset in chosen:
        begin, end = spans.get(place, (offset, offset))
        spans[place] = Span(min(begin, offset), max(end, offset + 1))
    for batch in BoundedRead(settings, spans).batches():
        for message in batch:
            one = chosen.get(((message.topic(), message.partition()), message.offset()))
            if one is not None:
                yield Outgoing(message.value(), message.key(), headers=[*one.headers()])


def _report(sent: Sent, topic: str, console: Console) -> None:
    console.print(f"{_counted(sent.acknowledged)} acknowledged in topic {topic}", highlight=False)
    for why, number in sent.failed.most_common():
        console.print(f"{number:,} failed: {why}", highlight=False, markup=False)


def _counted(number: int) -> str:
    return f"{number:,} dead letter{'' if number == 1 else 's'}"
