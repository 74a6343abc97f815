"""What is chosen of dead letters that are shown twice, held against a list of all of them."""

from hypothesis import given
from hypothesis import strategies as st

from cli.dead_letters.letters import Letter
from cli.dead_letters.replay_plan import Plan
from cli.dead_letters.selection import Selection
from records.replay import Replay

TOPIC = "in"
CODES = ["not_json", "empty"]

ids = st.builds("{}-0-{}".format, st.sampled_from([TOPIC, "other"]), st.integers(0, 4))
letters = st.lists(
    st.builds(
        Letter,
        id=ids,
        code=st.sampled_from(CODES),
        detail=st.just(""),
        topic=st.just(TOPIC),
        failed_at=st.integers(0, 9),
        replay=st.none() | st.builds(Replay, ids, st.integers(1, 3)),
        value_bytes=st.just(1),
        place=st.just(("dead", 0)),
        offset=st.just(0),
    )
)
selections = st.builds(
    Selection,
    ids=st.none() | st.frozensets(ids, min_size=1),
    codes=st.none() | st.just(frozenset({"empty"})),
)


def planned(
    selection: Selection, shown: list[Letter], *, again: bool, limit: int | None = None
) -> Plan:
    plan = Plan(selection, again=again, topic=TOPIC, ends={0: 3}, limit=limit)
    for letter in shown:
        plan.count(letter)
    return plan


def taken(plan: Plan, shown: list[Letter]) -> list[Replay]:
    return [replay for letter in shown if (replay := plan.take(letter))]


@given(selections, letters, st.frozensets(ids))
def test_each_input_is_taken_once_unless_it_was_replayed(
    selection: Selection, shown: list[Letter], done: frozenset[str]
) -> None:
    plan = planned(selection, shown, again=False)
    for origin in sorted(done):
        plan.skip(origin)
    meant = [each for each in shown if selection(each)]
    new = [each for each in meant if each.replay is None]
    came_back = {each.replay.origin for each in meant if each.replay}
    origins = {each.id for each in new} - done - came_back
    assert sorted(taken(plan, shown)) == sorted(Replay(one, 1) for one in origins)
    assert len(plan) == len(origins)
    assert plan.repeated == len(new) - len({each.id for each in new})
    # Inputs, however many dead letters there are of each.
    assert plan.skipped == len(came_back | {each.id for each in new} & done)
    assert plan.since == min((each.failed_at for each in new), default=None)
    assert plan.found == ({each.id for each in meant} if selection.ids else set())
    assert taken(plan, shown) == []


@given(selections, letters)
def test_again_takes_each_input_once_and_counts_on(
    selection: Selection, shown: list[Letter]
) -> None:
    plan = planned(selection, shown, again=True)
    times: dict[str, int] = {}
    for replay in (each.next_replay for each in shown if selection(each)):
        times[replay.origin] = max(replay.times, times.get(replay.origin, 0))
    assert sorted(taken(plan, shown)) == sorted(Replay(*one) for one in times.items())
    assert len(plan) == len(times)
    assert plan.skipped == 0


@given(letters, letters)
def test_what_comes_between_the_showings_is_no_more_than_was_counted(
    shown: list[Letter], late: list[Letter]
) -> None:
    plan = planned(Selection(), shown, again=True)
    assert len(taken(plan, [*late, *shown])) <= len(plan)


@given(selections, letters, st.integers(1, 4))
def test_a_limit_takes_so_many_and_no_more(
    selection: Selection, shown: list[Letter], limit: int
) -> None:
    all_of_them = planned(selection, shown, again=False)
    plan = planned(selection, shown, again=False, limit=limit)
    assert len(plan) == min(limit, len(all_of_them))
    assert plan.selected == len(all_of_them)
    assert taken(plan, shown) == taken(all_of_them, shown)[:limit]
    assert plan.taken == len(plan)


@given(letters)
def test_those_that_were_sent_are_known_by_their_headers(shown: list[Letter]) -> None:
    plan = planned(Selection(), shown, again=True)
    sent = set(taken(plan, shown))
    for origin in {each.next_replay.origin for each in shown} | {f"{TOPIC}-0-99"}:
        for times in range(1, 5):
            replay = Replay(origin, times)
            assert plan.was_sent(replay) == (replay in sent)
