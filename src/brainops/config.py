"""Which settings does this process run with? Read once, from the environment, a file and the repository around it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from brainops.errors import InvalidConfiguration
from brainops.types import Actor, ActorKind, Down
from brainops.types.agent_session import SESSIONS, agent_session
from brainops_core.repository import GUARD_MARK, guarded, repositories

PERSONAL_NAMESPACE = "personal"
DEFAULT_STORE = "memory.db"  # in the data folder
DEFAULT_MODEL = "minilm"
MOST_DAYS = 3_650
DEFAULT_CHANGES_DAYS = 7.0  # whoever follows the feed was away a week at most; each line takes about 100 bytes
MAX_AGENT_CHARACTERS = 100  # of the name that an agent leaves in the environment
SERVER = "BRAINOPS_URL"  # the address of a server that has the store; it is asked with BRAINOPS_KEY
KNOWN = (
    "store",
    "namespace",
    "read",
    "model",
    "personal_data",
    "actor",
    "session",
    "changes_days",
    "down",
    "language",
    "language_url",
    "language_key",
)


class Settings(Struct, frozen=True, kw_only=True):
    """What a memory is opened with; each is also a BRAINOPS_<NAME> variable and a line of the settings file.

    `store` is a file path, ":memory:" or a postgresql:// URL; `read` the namespaces read besides the written one;
    `model` is "minilm", "none", "endpoint:URL#MODEL" or a folder; `personal_data` is "allow", "hash" or "drop".
    `language` names language models, the next for where one fails ("openai:gpt-5-mini"), at `language_url` where it is
    a server of one's own; `language_key` is where its key is ("env:NAME"), never the key. What names no session of its
    own is done in `session`, which `brainops session start` opens. `changes_days` is how long the feed is kept by the
    processes that look after the store. `down` is what becomes of calls while a server that has the memory is away:
    "closed", "open" or "spool".
    """

    store: str
    namespace: str
    read: tuple[str, ...]
    model: str
    personal_data: str
    actor: Actor
    language: tuple[str, ...] = ()
    language_url: str = ""
    language_key: str = ""
    session: str | None = None
    changes_days: float = DEFAULT_CHANGES_DAYS
    down: str = Down.CLOSED.value


def load(environment: Mapping[str, str] | None = None, folder: Path | None = None, **given: Any) -> Settings:
    """Return the settings: what is given, else the environment, else the settings file, else the defaults.

    Raises InvalidConfiguration for a settings file that cannot be read or a name in it that means nothing.
    """
    environment = os.environ if environment is None else environment
    values = stated(given, environment)
    namespace = values.get("namespace") or namespace_of(folder or Path.cwd()) or PERSONAL_NAMESPACE
    return Settings(
        store=str(values.get("store") or data_folder(environment) / DEFAULT_STORE),
        namespace=str(namespace),
        read=names(values.get("read", (PERSONAL_NAMESPACE,))),
        model=str(values.get("model") or DEFAULT_MODEL),
        personal_data=str(values.get("personal_data") or "allow"),
        actor=_actor(values.get("actor"), environment),
        language=names(values.get("language", ()), "language is a list of models"),
        language_url=str(values.get("language_url") or ""),
        language_key=str(values.get("language_key") or ""),
        session=session_of(values, environment),
        down=str(values.get("down") or Down.CLOSED.value),
        changes_days=_days(values.get("changes_days", DEFAULT_CHANGES_DAYS)),
    )


def stated(given: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what is given, what the environment and what the settings file say, the first first; no defaults."""
    environment = os.environ if environment is None else environment
    values = {**_from_file(environment), **_from_environment(environment)}
    return values | {name: value for name, value in given.items() if value is not None}


def session_of(values: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    """Return the session that settings name, else the one that a coding agent's client names."""
    return str(values.get("session") or "") or next(filter(None, map(environment.get, SESSIONS)), None)


def server_of(store: Any = None, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the address of the server that is the memory: what is given, else what the settings name; None for none.

    BRAINOPS_URL names a server; so may every setting that names a store.
    """
    named = str(stated({"store": store}, environment).get("store", ""))
    return named if named.startswith(("http://", "https://")) else None


def access_key(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the key that BRAINOPS_KEY is, or that stands in the file which it names (file:PATH); None for none."""
    said = (os.environ if environment is None else environment).get("BRAINOPS_KEY", "")
    if not said.startswith("file:"):
        return said.strip() or None
    try:
        return Path(said.removeprefix("file:")).expanduser().read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"BRAINOPS_KEY names a file that cannot be read: {error}") from error


def sources(environment: Mapping[str, str], given: Collection[str] = ()) -> dict[str, str]:
    """Return where each setting comes from: what is given, the environment, the settings file, a default."""
    from_file, from_environment = _from_file(environment), _from_environment(environment)
    found = {}
    for name in KNOWN:
        if name in given:
            found[name] = f"--{name}"
        elif name in from_environment:
            found[name] = SERVER if name == "store" and environment.get(SERVER) else f"BRAINOPS_{name.upper()}"
        elif name in from_file:
            found[name] = str(settings_file(environment))
        else:
            found[name] = "the repository" if name == "namespace" and namespace_of(Path.cwd()) else "default"
    return found


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return where the default store lives: BRAINOPS_HOME, or the platform's place for a user's data."""
    if home := environment.get("BRAINOPS_HOME"):
        return Path(home)
    data = environment.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "brainops"


def settings_file(environment: Mapping[str, str]) -> Path:
    """Return where the settings file lies, whether or not it exists."""
    if named := environment.get("BRAINOPS_CONFIG"):
        return Path(named)
    config = environment.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "brainops" / "settings.toml"


class Guarded(Struct, frozen=True, kw_only=True):
    """A namespace that was set to be strict, and the store that it is in."""

    store: str
    namespace: str


class Repository(Struct, frozen=True, kw_only=True):
    """A git repository around a folder: what its remote names it, and what was left there of being guarded."""

    git: Path
    namespace: str

    def marked(self) -> tuple[Guarded, ...]:
        """Return what is guarded here, whatever remote, folder and environment say by now."""
        return tuple(Guarded(store=store, namespace=namespace) for store, namespace in guarded(str(self.git)))

    def mark(self, guarded: Guarded, strict: bool) -> None:
        """Leave here, or take away, that a namespace is guarded. A folder that cannot be written stays as it is."""
        others = [each for each in self.marked() if each != guarded]
        kept = [*others, *([guarded] if strict else [])]
        with suppress(OSError):
            if kept:
                text = json.dumps([{"store": each.store, "namespace": each.namespace} for each in kept])
                import tempfile

                # Moved over it, not written into it: a link that somebody put there leads to a file of theirs.
                descriptor, unfinished = tempfile.mkstemp(dir=self.git, prefix=GUARD_MARK)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(unfinished, self.git / GUARD_MARK)
            else:
                (self.git / GUARD_MARK).unlink(missing_ok=True)


def namespace_of(folder: Path) -> str | None:
    """Return the namespace of the git repository around a folder, by its remote: worktrees of one share it."""
    found = repository_of(folder)
    return found.namespace if found else None


def repository_of(folder: Path) -> Repository | None:
    """Return the innermost git repository around a folder."""
    return next(repositories_of(folder), None)


def repositories_of(folder: Path) -> Iterator[Repository]:
    """Yield the git repositories around a folder, the innermost first: a `.git` made inside hides none around it."""
    for git, namespace in repositories(str(folder)):
        yield Repository(git=Path(git), namespace=namespace)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {
        name: environment[f"BRAINOPS_{name.upper()}"] for name in KNOWN if f"BRAINOPS_{name.upper()}" in environment
    }
    return found | ({"store": environment[SERVER]} if environment.get(SERVER) else {})


def _from_file(environment: Mapping[str, str]) -> dict[str, Any]:
    path = settings_file(environment)
    try:
        if not path.is_file():
            return {}
        import tomllib

        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # no UTF-8 and no TOML are both of the second
        raise InvalidConfiguration(f"{path} cannot be read: {error}") from error
    unknown = sorted(set(values) - set(KNOWN))
    if unknown:
        raise InvalidConfiguration(f"{path}: no such setting: {', '.join(unknown)}; there is {', '.join(KNOWN)}")
    return values


def names(value: Any, what: str = "read is a list of namespaces") -> tuple[str, ...]:
    """Read a list of names, which an environment holds with commas between them."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise InvalidConfiguration(f"{what}, not {value!r:.80}")


def _days(value: Any) -> float:
    try:
        days = float(value)
    except (TypeError, ValueError):
        days = 0.0
    if not 0 < days <= MOST_DAYS:
        raise InvalidConfiguration(f"changes_days is a number of days above 0 and up to {MOST_DAYS}, not {value!r:.40}")
    return days


def _actor(value: Any, environment: Mapping[str, str]) -> Actor:
    """Return who acts. An agent's session is not the person's whom the settings name: it is said to be the agent's."""
    if isinstance(value, Actor):
        return value
    kind, _, name = str(value or ActorKind.PERSON).partition(":")
    if value is not None and (kind not in set(ActorKind) or not name):
        raise InvalidConfiguration(f"actor is KIND:ID with KIND one of {', '.join(ActorKind)}, not {value!r:.80}")
    if kind == ActorKind.PERSON and (agent := agent_session(environment)):
        return Actor(kind=ActorKind.AGENT, id=agent[:MAX_AGENT_CHARACTERS], proof="environment")
    if value is None:
        return Actor(kind=ActorKind.PERSON, id=_user(environment), proof="os-user")
    return Actor(kind=ActorKind(kind), id=name)


def _user(environment: Mapping[str, str]) -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return environment.get("USER", "unknown")
