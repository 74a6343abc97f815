from web import Health
from web.state import Level

Found = tuple[Level, str]


def test_the_page_shows_the_gravest_of_several_conditions() -> None:
    ok: Found = ("ok", "fine")
    warn: Found = ("warn", "careful")
    bad: Found = ("bad", "broken")
    assert Health.worst(ok, ("ok", "running")) == Health("ok", "fine")
    assert Health.worst(ok, warn) == Health("warn", "careful")
    assert Health.worst(bad, warn, ok) == Health("bad", "broken")
