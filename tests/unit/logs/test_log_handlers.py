"""A log file that is rotated, full or gone."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logs.handlers import LogFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fraud.log"


@pytest.fixture
def handler(path: Path) -> Iterator[LogFile]:
    made = LogFile(str(path))
    yield made
    made.close()


def record(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text})


def test_lines_are_utf8_and_what_cannot_be_is_escaped(handler: LogFile, path: Path) -> None:
    handler.handle(record("José \udcff"))
    assert path.read_bytes() == "José \\udcff\n".encode()


def test_after_a_rename_lines_go_to_a_new_file(handler: LogFile, path: Path) -> None:
    handler.handle(record("one"))
    former = path.rename(path.with_suffix(".1"))
    handler.handle(record("two"))
    handler.reopen()
    handler.handle(record("three"))
    assert former.read_text("utf-8") == "one\ntwo\n"
    assert path.read_text("utf-8") == "three\n"


def test_a_signal_within_a_line_does_not_cut_it(handler: LogFile, path: Path) -> None:
    class Interrupted(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            path.rename(path.with_suffix(".1"))
            handler.reopen()  # as a signal handler would, in the thread that writes
            return super().format(record)

    handler.setFormatter(Interrupted())
    handler.handle(record("one"))
    handler.setFormatter(None)
    handler.handle(record("two"))
    assert path.with_suffix(".1").read_text("utf-8") == "one\n"
    assert path.read_text("utf-8") == "two\n"


def test_a_signal_while_another_thread_writes_waits_for_its_line(
    handler: LogFile, path: Path
) -> None:
    writing, go_on = threading.Event(), threading.Event()

    class Slow(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            writing.set()
            assert go_on.wait(10)
            return super().format(record)

    handler.setFormatter(Slow())
    thread = threading.Thread(target=handler.handle, args=(record("one"),))
    thread.start()
    assert writing.wait(10)
    path.rename(path.with_suffix(".1"))
    handler.reopen()
    go_on.set()
    thread.join()
    handler.handle(record("two"))
    assert path.with_suffix(".1").read_text("utf-8") == "one\n"
    assert path.read_text("utf-8") == "two\n"


def test_a_file_that_cannot_be_opened_again_is_written_on(
    handler: LogFile, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    former = path.rename(path.with_suffix(".1"))
    path.mkdir()
    handler.reopen()
    handler.handle(record("two"))
    assert former.read_text("utf-8") == "two\n"
    assert capfd.readouterr().err == (
        f"log file {path} cannot be opened again (Is a directory); the former one is written on\n"
    )


def test_a_full_device_is_reported_once(capfd: pytest.CaptureFixture[str]) -> None:
    handler = LogFile("/dev/full")
    for _ in range(3):
        handler.handle(record("lost"))
    handler.close()
    assert capfd.readouterr().err == (
        "log file /dev/full cannot be written (No space left on device); lines are lost\n"
    )


def test_a_line_that_cannot_be_formatted_is_still_reported(
    handler: LogFile, capfd: pytest.CaptureFixture[str]
) -> None:
    handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("x",)}))
    assert "Logging error" in capfd.readouterr().err
