"""How does the server go on when nobody watches it? As a process of its own, or as a unit of systemd, with a log.

Whether it runs is said by a lock that it holds, not by a number in a file: a process that was killed holds none.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from brainops.errors import Conflict, InvalidConfiguration, NotFound, StoreUnavailable
from brainops.health.status import masked
from brainops.version import __version__

START_SECONDS = 30.0
STOP_SECONDS = 90.0  # calls end within 20 s, the steps of its workers within 40
MOST_LOG_BYTES = 20_000_000  # at a start a longer log is put aside; the one put aside before goes
UNIT = "brainops.service"
SECRETS = "service.env"
OF_THE_MACHINE = Path("/var/lib/brainops")  # where the account of a unit of the machine keeps what it has
AS_SERVICE = "--as-service"  # says to `brainops serve` that it is the one whose state is kept
PROGRAM = (sys.executable, "-c", "from brainops.cli import main; main()")


class Service(Struct, frozen=True, kw_only=True):
    """What is known of the server of this user: whether it runs, where it answers, since when, and its log."""

    running: bool
    log: str
    address: str | None = None
    pid: int | None = None
    started_at: float | None = None
    store: str | None = None
    unit: str | None = None


class ServicePlace:
    """Where the state of the service lies."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "service"
        self.log = self._folder / "serve.log"
        self._state = self._folder / "state.json"
        self._lock = self._folder / "lock"

    def hold(self, address: str, store: str) -> None:
        """Say that this process is the service, for as long as it lives. Raises Conflict where another one is."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)  # held until the process ends
        os.set_inheritable(descriptor, False)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Conflict("the service runs already: brainops service status") from None
        state = Service(
            running=True, log=str(self.log), address=address, pid=os.getpid(), started_at=time.time(), store=store
        )
        unfinished = self._state.with_suffix(".part")
        unfinished.write_bytes(msgspec.json.encode(state))
        os.replace(unfinished, self._state)

    def status(self) -> Service:
        """Return what is known of the service."""
        unit = unit_file()
        named = str(unit) if unit.exists() else None
        if not self._held():
            return Service(running=False, log=str(self.log), unit=named)
        with suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            return msgspec.structs.replace(msgspec.json.decode(self._state.read_bytes(), type=Service), unit=named)
        return Service(running=True, log=str(self.log), unit=named)

    def start(self, options: Sequence[str], settings: Mapping[str, str]) -> Service:
        """Begin the server as a process of its own, and return once it answers. Raises Conflict, StoreUnavailable."""
        if self._held():
            raise Conflict("the service runs already: brainops service status")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > MOST_LOG_BYTES:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            begin = log.tell()
            process = subprocess.Popen(
                [*PROGRAM, "serve", AS_SERVICE, *options],
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # what ends this terminal does not end it
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if process.poll() is not None:
                raise StoreUnavailable(f"the server ended as it began: {self._said(begin)}")
            found = self.status()
            if found.pid == process.pid:
                process.returncode = 0  # it outlives us: nobody waits for its end
                return found
            time.sleep(0.05)
        raise StoreUnavailable(f"the server does not answer within {START_SECONDS:.0f} s; look at {self.log}")

    def stop(self) -> bool:
        """Let the server end, and its workers; return whether it ran. Raises StoreUnavailable where it does not end."""
        found = self.status()
        if not found.running or found.pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while self._held():
            if time.monotonic() > until:
                raise StoreUnavailable(f"the server (process {found.pid}) does not end; its log: {self.log}")
            time.sleep(0.05)
        return True

    def lines(self, count: int) -> list[str]:
        """Return the newest lines of the log. Raises NotFound where there is none."""
        try:
            with self.log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 1_000 * count))
                return file.read().decode(errors="replace").splitlines()[-count:]
        except FileNotFoundError:
            raise NotFound("there is no log yet: brainops service start") from None

    def remove(self) -> None:
        """Take away what is kept of the service, its log too."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """Where all this lies."""
        return self._folder

    def _held(self) -> bool:
        try:
            descriptor = os.open(self._lock, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _said(self, begin: int) -> str:
        with self.log.open("rb") as file:
            file.seek(begin)
            return " ".join(file.read().decode(errors="replace").split())[-500:]


# A unit of systemd

_UNIT = """\
# Written by `brainops service unit`. As a user: ~/.config/systemd/user/{name}; for a team's server, under a user of its
# own: /etc/systemd/system/{name}, with User= and Group=.
# Secrets stand in a file that only its owner reads, one NAME=VALUE a line (BRAINOPS_SIGN_IN_SECRET,
# BRAINOPS_OIDC_SECRET, what --sender names): install -D -m 600 /dev/null {secrets}
[Unit]
Description=BrainOps {version}, the operational memory
Documentation=https://pypi.org/project/brainops/
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={command}
Environment={environment}
EnvironmentFile=-{secrets}
Restart=on-failure
RestartSec=2
TimeoutStopSec={stop:.0f}
UMask=0077
{account}
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome={home}
ReadWritePaths={data}
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
PrivateDevices=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
CapabilityBoundingSet=
MemoryMax=2G
TasksMax=256

[Install]
WantedBy={target}
"""


def unit(options: Sequence[str], settings: Mapping[str, str], data: Path, *, account: str | None) -> str:
    """Return the unit that runs the server: of the user who asks, or of the machine, as an account of its own.

    Its workers run under the same limits: a step that needs more has a worker of its own elsewhere.
    """
    if any(set(value) & set('"\n\\') for value in settings.values()):
        raise InvalidConfiguration("a unit takes no setting with a quotation mark, a backslash or a new line in it")
    if masked(settings["BRAINOPS_STORE"]) != settings["BRAINOPS_STORE"]:
        raise InvalidConfiguration(
            "the address of the store holds a password, and a unit is read by everybody: leave it out there, and put "
            "it into the account's ~/.pgpass"
        )
    if account is not None:
        data = OF_THE_MACHINE
        here = settings["BRAINOPS_STORE"] if "://" in settings["BRAINOPS_STORE"] else str(data / "memory.db")
        settings = {**settings, "BRAINOPS_HOME": str(data), "BRAINOPS_STORE": here}
    secrets = unit_file().parents[2] / "brainops" / SECRETS if account is None else Path("/etc/brainops") / SECRETS
    return _UNIT.format(
        name=UNIT,
        version=__version__,
        command=" ".join(_quoted(word) for word in (*PROGRAM, "serve", AS_SERVICE, *options)),
        environment=" ".join(f'"{name}={value.replace("%", "%%")}"' for name, value in settings.items()),
        secrets=str(secrets).replace("%", "%%"),
        stop=STOP_SECONDS,
        account=f"User={account}\nGroup={account}\nStateDirectory={data.name}" if account else "",
        home="read-only" if account is None else "yes",
        data=_quoted(str(data)),
        target="multi-user.target" if account else "default.target",
    )


def unit_file() -> Path:
    """Return where the unit of this user lies."""
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(folder) / "systemd" / "user" / UNIT


def _quoted(word: str) -> str:
    return shlex.quote(word).replace("%", "%%").replace("$", "$$")
