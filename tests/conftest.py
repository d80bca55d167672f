"""What holds for every test? One hypothesis profile, a home of its own, and no silent skip when CI=true."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from brainops.store import open_store
from brainops.store.scope import Scope
from brainops.types.agent_session import SESSIONS, agent_session

SHARED_MEMORY = "/dev/shm"
SHARED_MEMORY_BYTES = 4 << 30  # free: servers, the environments of the packaging tests, what failed tests leave

IN_CI = os.environ.get("CI") == "true"

# How fast the machine is at the moment is no property of the program.
SLOW = [HealthCheck.too_slow]
settings.register_profile("brainops", deadline=None, suppress_health_check=SLOW, derandomize=IN_CI, print_blob=True)
settings.load_profile("brainops")


def use_shared_memory() -> None:
    """Keep the tests' files in memory where it has room: nearly half of a run would wait for the disk.

    A process that is killed leaves the same files behind there as on a disk; only a power cut would not.
    """
    if sys.platform != "linux" or not os.path.isdir(SHARED_MEMORY):
        return
    there = os.statvfs(SHARED_MEMORY)
    if not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize > SHARED_MEMORY_BYTES:
        os.environ.setdefault("TMPDIR", SHARED_MEMORY)
        tempfile.tempdir = None  # is looked for anew


use_shared_memory()


@pytest.fixture(scope="session", autouse=True)
def home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the memory and the settings of whoever runs the tests out of them."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("BRAINOPS_", "XDG_"))]:
            patch.delenv(name)
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        marks = [name for name in os.environ if agent_session({name: os.environ[name]}, terminal=False)]
        for name in {*marks, *SESSIONS.intersection(os.environ)}:
            patch.delenv(name)  # the tests play people, whoever runs them
        patch.setenv("HOME", str(home))
        yield


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty SQLite store of today's schema to copy: to make one takes ten times as long."""
    place = tmp_path_factory.mktemp("empty") / "memory.db"
    open_store(str(place), Scope.of("team/a")).close()
    return place


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that says what was skipped; an expected failure stays one."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"Nothing is skipped in CI. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip(report)
    return report
