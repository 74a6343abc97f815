"""Compiles the Kafka Streams program and knows how it is started."""

import shutil
import subprocess
from pathlib import Path

from tools.devbroker.java import java

HERE = Path(__file__).parents[1] / "streams"
_CLASSES = HERE / "target" / "classes"
_LIBS = HERE / "target" / "libs"
_MAIN_CLASS = _CLASSES / "fraud" / "bench" / "StreamsApp.class"


def build() -> None:
    """Compile with Maven what is missing or older than its source.

    Raises BrokerUnavailableError without Java 17, RuntimeError when Maven is not there or, with its
    last lines, when it fails.
    """
    java()
    if shutil.which("mvn") is None:
        raise RuntimeError("the program 'streams' is built by Maven: no mvn on the PATH")
    if _is_fresh():
        return
    maven = subprocess.run(
        ["mvn", "-q", "-B", "-ntp", "clean", "compile"],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if maven.returncode:
        raise RuntimeError(f"Maven could not build bench/streams:\n{maven.stdout[-2000:]}")


def command() -> list[str]:
    """The command line; `build` must have been called."""
    return [
        java(),
        "-Xmx1g",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{_CLASSES}:{_LIBS}/*",
        "fraud.bench.StreamsApp",
    ]


def _is_fresh() -> bool:
    sources = [HERE / "pom.xml", *(HERE / "src").rglob("*.java")]
    newest = max(source.stat().st_mtime for source in sources)
    return _LIBS.is_dir() and _MAIN_CLASS.exists() and _MAIN_CLASS.stat().st_mtime > newest
