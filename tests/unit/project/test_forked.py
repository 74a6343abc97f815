"""A forked process is as one that was executed; see tests/forked."""

import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests import forked
from tests.forked import ForkedProcess
from tests.worker import ROOT, environment

APP = """
import atexit, os, sys, time

atexit.register(print, "the interpreter ends")
print(os.getcwd(), repr(os.environ.get("WORD")), os.environ["FAUST_DATADIR"], sys.argv)
print("own session:", os.getsid(0) == os.getpid(), file=sys.stderr)
print("input:", sys.stdin.read(), sorted(map(int, os.listdir("/proc/self/fd")))[:4])
if os.environ["CODE"] == "none":
    time.sleep(600)
raise SystemExit(int(os.environ["CODE"]))
"""
ARGUMENTS = ["-A", "odd_app", "--datadir", "/nowhere", "counts"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "odd_app.py").write_text(APP)
    return environment({"PYTHONPATH": str(tmp_path), "WORD": "a\udcff", "CODE": "7"})


def execute(arguments: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faust", *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ARGUMENTS,
        ["-A", "fraud_app", "rules", "check", "rules/builtin.toml"],
        ["-A", "fraud_app", "what"],
    ],
)
def test_it_does_what_one_does_that_was_executed(arguments: list[str], env: dict[str, str]) -> None:
    done, expected = forked.run(arguments, env, timeout=60), execute(arguments, env)
    assert done.returncode == expected.returncode
    assert (done.stdout, done.stderr) == (expected.stdout, expected.stderr)


def test_a_variable_of_one_is_not_that_of_the_next(env: dict[str, str]) -> None:
    assert r"'a\udcff'" in forked.run(ARGUMENTS, env, timeout=60).stdout
    del env["WORD"]
    assert "None" in forked.run(ARGUMENTS, env, timeout=60).stdout


def test_it_is_waited_for_and_takes_signals(env: dict[str, str]) -> None:
    env["CODE"] = "none"
    with TemporaryFile() as out:
        process = ForkedProcess(ARGUMENTS, env, stdout=out, stderr=out)
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == process.poll() == process.returncode == -signal.SIGKILL
        process.kill()
        process.send_signal(signal.SIGTERM)


def test_a_command_that_takes_too_long_is_ended(env: dict[str, str]) -> None:
    env["CODE"] = "none"
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(ARGUMENTS, env, timeout=0.01)


def test_nothing_is_left_behind_when_the_tests_end(env: dict[str, str]) -> None:
    env["CODE"] = "none"
    with TemporaryFile() as out:
        process = ForkedProcess(ARGUMENTS, env, stdout=out, stderr=out)
        forked.close()
        assert process.wait(60) == -signal.SIGKILL
