"""Imports go one way: from fraud_app to web, cli, lookup and agents, on to the engine, veritas and
rules, and from there to records."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOT_ROOMS = {"tests", "docs", "scripts", "packages", "deploy"}

ENGINE = "faust_transactions"
BELOW_THE_AGENTS = {ENGINE, "veritas", "rules", "records"}

# Whom each room may import besides itself.
MAY_IMPORT: dict[str, set[str]] = {
    ENGINE: set(),  # a distribution of its own
    "records": set(),
    "config": set(),
    "rules": {"records"},
    "veritas": {"records"},
    "logs": {ENGINE, "records", "config"},
    "agents": BELOW_THE_AGENTS,
    "web": BELOW_THE_AGENTS,
    "cluster": {ENGINE, "rules", "records", "config", "logs"},
    "lookup": {ENGINE, "cluster", "config", "rules", "records"},
    "cli": {"lookup", "cluster", "web", "config"} | BELOW_THE_AGENTS,
    "fraud_app": {"web", "cli", "lookup", "agents", "cluster", "logs", "config"} | BELOW_THE_AGENTS,
    # nothing that a running worker imports
    "tools": {"fraud_app", "agents", "cluster", "config", "logs", "web"} | BELOW_THE_AGENTS,
    "conftest": set(),
}


def rooms_in(root: Path) -> dict[str, list[Path]]:
    """Each room, a package or a module at the top, and its files."""
    rooms = {path.stem: [path] for path in root.glob("*.py")}
    for folder in root.iterdir():
        files = sorted(folder.rglob("*.py")) if folder.is_dir() else []
        if files and not folder.name.startswith(".") and folder.name not in NOT_ROOMS:
            rooms[folder.name] = files
    return rooms


ROOMS = rooms_in(ROOT)
ROOMS[ENGINE] = sorted((ROOT / "packages" / "faust-transactions" / "src").rglob("*.py"))


def imports_of(source: str) -> set[str]:
    """The top-level names of everything that is imported, wherever in the file it is."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays in its room, as no room is inside another.
            names |= {(node.module or "").partition(".")[0]} if node.level == 0 else set()
    return names


def wrong_imports(room: str, files: list[Path], ours: set[str]) -> list[str]:
    """`file imports room`, for what the rule does not allow."""
    allowed = MAY_IMPORT[room] | {room}
    return [
        f"{path.name} imports {name}"
        for path in files
        for name in sorted(imports_of(path.read_text()) & ours - allowed)
    ]


def test_every_room_has_a_rule() -> None:
    assert set(ROOMS) - set(MAY_IMPORT) == set()


@pytest.mark.parametrize("room", sorted(set(ROOMS) & set(MAY_IMPORT)))
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    ours = set(ROOMS) | set(MAY_IMPORT) | {"tests"}
    assert wrong_imports(room, ROOMS[room], ours) == []


def test_a_running_worker_takes_its_lookups_from_no_command() -> None:
    nodes = ast.walk(ast.parse((ROOT / "fraud_app.py").read_text()))
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {module for module in modules if module and module.startswith("cli")} == set()


def test_no_two_rooms_import_each_other() -> None:
    left = dict(MAY_IMPORT)
    while left:
        lowest = [room for room, below in left.items() if not below & set(left)]
        assert lowest, f"each of {sorted(left)} may import another of them"
        for room in lowest:
            del left[room]


def test_the_pure_rooms_know_no_kafka_and_no_network() -> None:
    pure = [path for room in ("rules", "records") for path in ROOMS[room]]
    outside = {"aiokafka", "aiohttp", "asyncio", "confluent_kafka", "socket", "time", "os"}
    for path in pure:
        assert imports_of(path.read_text()) & outside == set(), path
    for path in ROOMS["rules"]:
        assert "faust" not in imports_of(path.read_text())


#: Public beside `faust_transactions` itself.
PUBLIC = {ENGINE, f"{ENGINE}.testing"}
#: Holds a task of the engine at a point that only its insides can bring it to; asks which
#: transactions are open.
LOOKS_INSIDE = {
    ROOT / "tests" / "functional" / "test_what_is_logged.py",
    ROOT / "tests" / "integration" / "worker" / "test_rights_at_a_hand_over.py",
}


def engine_modules(source: str) -> set[str]:
    """The modules of the engine that are imported, in full."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
    return {name for name in found if name.partition(".")[0] == ENGINE}


def test_the_engine_is_imported_by_its_public_names_only() -> None:
    files = [path for room, paths in ROOMS.items() if room != ENGINE for path in paths]
    files += sorted((ROOT / "tests").rglob("*.py"))
    wrong = {
        str(path.relative_to(ROOT)): sorted(deep)
        for path in files
        if path not in LOOKS_INSIDE and (deep := engine_modules(path.read_text()) - PUBLIC)
    }
    assert wrong == {}, f"import these from {ENGINE} itself (its __init__.py lists what is public)"


def test_a_deep_import_is_seen() -> None:
    source = f"import {ENGINE}\nfrom {ENGINE}.task import StreamTask"
    assert engine_modules(source) - PUBLIC == {f"{ENGINE}.task"}


def test_every_public_name_of_the_engine_is_there() -> None:
    module = importlib.import_module(ENGINE)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_an_import_is_seen_wherever_it_hides() -> None:
    source = """
from __future__ import annotations
import faust_transactions.engine as engine, os
if True:
    from records.card import mask
def later():
    import config.settings
from . import neighbour
"""
    assert imports_of(source) == {"__future__", "config", "faust_transactions", "os", "records"}


def test_a_wrong_import_is_reported(tmp_path: Path) -> None:
    wrong = tmp_path / "engine.py"
    wrong.write_text(
        "import faust\nfrom faust_transactions.batch import Batch\nfrom records import Verdict\n"
    )
    assert wrong_imports(ENGINE, [wrong], set(MAY_IMPORT)) == ["engine.py imports records"]


def test_rooms_are_found_by_their_files(tmp_path: Path) -> None:
    for name in ("app.py", "room/__init__.py", "tests/x.py", ".venv/x.py", "docs/read.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert set(rooms_in(tmp_path)) == {"app", "room"}
