"""Where is the memory of a folder: its store, its namespaces, and where hooks keep what they saw?

It says what the settings of `brainops` say, from the same environment, file and repository.
"""

from __future__ import annotations

import os

from brainops_core import pack
from brainops_core.repository import guarded, repositories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PERSONAL = "personal"
DEFAULT_STORE = "memory.db"


class HookPlace:
    """The memory that a hook works for. `folder` is where it keeps what it saw; `store` None where that is no file."""

    __slots__ = ("_data", "folder", "namespaces", "packs", "said", "store", "strict")

    def __init__(self, store: str, namespaces: list[str], data: str, strict: list[tuple[str, str]]) -> None:
        self._data = data
        self.said = location(store)
        self.namespaces = list(dict.fromkeys(namespaces))
        server = "://" in store
        self.packs = os.path.join(data, "packs") if server else None
        self.store = None if server else self.said
        self.folder = hooks_folder(self.said, data)
        self.strict = strict  # every (store, namespace) that is guarded around the folder, its own among them

    def pack(self) -> str:
        """Return where what holds in these namespaces lies."""
        return pack.place(self.said, self.namespaces, self.packs)

    def pack_of(self, store: str, namespace: str) -> str:
        """Return where what holds in a namespace lies that is guarded around the folder."""
        return pack.place_of_guard(store, namespace, os.path.join(self._data, "packs") if "://" in store else None)


def location(store: str) -> str:
    """Return where a store is, as it may be written down: a whole path, or an address without who logs in."""
    if "://" not in store:
        return "" if store == ":memory:" else os.path.abspath(os.path.expanduser(store))
    scheme, _, rest = store.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    host, _, port = authority.rpartition("@")[2].partition(":")
    return f"{scheme}://{host.lower()}:{port}{slash}{path}"


def hooks_folder(where: str, data: str) -> str:
    """Return the folder in which hooks keep what they saw for a store: beside its file, else where the data lie."""
    return f"{where}.hooks" if "://" not in where else pack.place(where, ["hooks"], os.path.join(data, "packs"))[:-5]


def data_folder(environment: Mapping[str, str]) -> str:
    """Return where the default store lives. Raises KeyError where nobody says."""
    if home := environment.get("BRAINOPS_HOME"):
        return home
    data = environment.get("XDG_DATA_HOME")
    return os.path.join(data or os.path.join(_home(environment), ".local", "share"), "brainops")


def place_of(environment: Mapping[str, str], folder: str) -> HookPlace | None:
    """Return the memory of a folder; None where it is in no place that a hook reaches. Raises KeyError, ValueError.

    In a guarded repository no setting leads out of reach: there the guarded memory stands in.
    """
    around = list(repositories(os.path.abspath(folder)))
    strict = [each for git, _ in around for each in guarded(git)]
    data = data_folder(environment)
    try:
        settings = {**_from_file(environment), **_from_environment(environment)}
    except ValueError:
        if not strict:
            raise
        settings = {"store": ":memory:"}
    store = str(settings.get("store") or os.path.join(data, DEFAULT_STORE))
    namespace = str(settings.get("namespace") or (around[0][1] if around else PERSONAL))
    if store == ":memory:":
        if not strict:
            return None
        store, namespace = strict[0]
    return HookPlace(store, [namespace, *_names(settings.get("read", (PERSONAL,)))], data, strict)


def _home(environment: Mapping[str, str]) -> str:
    home = environment.get("HOME") or os.path.expanduser("~")
    if home == "~":
        raise KeyError("HOME")
    return home


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = ("store", "namespace", "read")
    return {
        name: environment[f"BRAINOPS_{name.upper()}"] for name in names if f"BRAINOPS_{name.upper()}" in environment
    }


def _from_file(environment: Mapping[str, str]) -> dict[str, Any]:
    path = environment.get("BRAINOPS_CONFIG")
    if not path:
        config = environment.get("XDG_CONFIG_HOME") or os.path.join(_home(environment), ".config")
        path = os.path.join(config, "brainops", "settings.toml")
    try:
        with open(path, "rb") as file:
            import tomllib

            return tomllib.load(file)
    except OSError:
        return {}


def _names(value: Any) -> list[str]:
    said = value.split(",") if isinstance(value, str) else value
    return [str(part).strip() for part in said if str(part).strip()]
