"""How is a call that is repeated under one key done once, and answered as it was the first time?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, TypeVar, cast

from msgspec import Struct

from brainops.errors import BrainOpsError, Conflict, InvalidInput, OutcomeUnknown
from brainops.memory.context import MemoryContext
from brainops.nouns import Noun
from brainops.store import acts
from brainops.store.answers import CLAIM, Claim, Repeated
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import Page
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.types.proof import Unseen
from brainops.wire import from_plain, plain
from brainops_core.blake2 import blake2b

T = TypeVar("T")

MAX_ANSWER_CHARACTERS = 1_000_000  # a longer one is not kept; what was asked is done once all the same
UNSAID = {"proof", "progress"}  # who proves what, and who watches, is not what is asked
NOT_ASKED = {"acting", "close", "flush"}


class Once:
    """A view under an idempotency key: each verb that is called through it, and writes, is done once.

    Which verbs write is not written down: the first transaction of a call that writes takes the key.
    """

    def __init__(self, of: Any, context: MemoryContext, resume: Callable[[str], Any], key: str, path: str = "") -> None:
        self._of = of
        self._context = context
        self._resume = resume
        self._key = key
        self._path = path

    def __getattr__(self, name: str) -> Any:
        found, path = getattr(self._of, name), f"{self._path}{name}"
        below = self._path and not callable(found) and type(found).__module__.startswith("brainops.")
        if isinstance(found, Noun) or below:
            return Once(found, self._context, self._resume, self._key, f"{path}.")
        if not callable(found) or name in NOT_ASKED:
            return found

        def verb(*arguments: Any, **named: Any) -> Any:
            return _once(self._context, self._resume, self._key, path, found, arguments, named)

        return verb

    def __enter__(self) -> Once:
        return self

    def __exit__(self, *_: object) -> None:
        self._of.close()


def under(view: T, context: MemoryContext, resume: Callable[[str], Any], key: str) -> T:
    """Return a view whose verbs are done once under a key. Raises InvalidInput for what is no key."""
    if not isinstance(key, str) or not key.strip() or len(key) > MAX_NAME_CHARACTERS:
        raise InvalidInput(f"an idempotency key is a text of 1 to {MAX_NAME_CHARACTERS} characters")
    return cast("T", Once(view, context, resume, key))


def through(view: Any, path: str, verb: Callable[..., Any], named: Mapping[str, Any]) -> Any:
    """Call what stands in for several verbs of a view: as one that is done once, where the view is under a key."""
    if not isinstance(view, Once):
        return verb(view, **named)
    return _once(view._context, view._resume, view._key, path, partial(verb, view._of), (), named)


def _once(
    context: MemoryContext,
    resume: Callable[[str], Any],
    key: str,
    path: str,
    verb: Callable[..., Any],
    arguments: Sequence[Any],
    named: Mapping[str, Any],
) -> Any:
    """Call a verb, or answer as it was answered under this key. Raises Conflict where something else was asked."""
    said = [path, list(arguments), {name: value for name, value in named.items() if name not in UNSAID}]
    claim = Claim(
        _digest(f"{context.actor.kind.value}:{context.actor.id}", key),
        _digest(json.dumps(plain(said), sort_keys=True)),
    )
    known, answer = _answered(context, claim, resume)
    if known:
        return answer
    token = CLAIM.set(claim)
    try:
        answer = verb(*arguments, **named)
    except Repeated:
        known, answer = _answered(context, claim, resume)
        if not known:  # who was first let go of the key in between
            raise Conflict("it was begun under this idempotency key, and came to nothing; send it again") from None
        return answer
    except OutcomeUnknown as error:
        raise OutcomeUnknown(str(error), idempotency_keys=(key,)) from error
    except BaseException:
        CLAIM.set(None)
        _write(context, claim, None)
        raise
    finally:
        CLAIM.reset(token)
    _write(context, claim, _kept(answer))
    return answer


def _digest(*texts: str) -> str:
    return blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _answered(context: MemoryContext, claim: Claim, resume: Callable[[str], Any]) -> tuple[bool, Any]:
    """Return whether something was done under a key, and what was answered. Raises Conflict."""
    scope, store = context.store.scope, context.store
    with store.read(Scope.of(scope.write, [*scope.read, STORE_NAMESPACE])) as tx:
        row = tx.answers.get(claim.key_hash, store.now())
    if row is None:
        return False, None
    if row["asked"] != claim.asked:
        raise Conflict("something else was asked under this idempotency key; take a new key for what is new")
    if row["said"] is None:
        raise Conflict(
            "this was asked before under the same idempotency key, and is under way, or was done and its answer is not "
            "kept: look at what it changed; it is not done twice"
        )
    return True, _read(json.loads(row["said"]), resume)


def _write(context: MemoryContext, claim: Claim, said: str | None) -> None:
    """Keep what was answered under a key that was taken, or let it be used anew where nothing was."""
    if claim.namespace is None:
        return
    store = context.store.to_end()
    with store.writing(acts.SETTLE_ANSWER, context.actor, scope=Scope.of(claim.namespace)) as tx:
        if said is None:
            tx.answers.drop(claim.key_hash)
        elif said:
            tx.answers.keep(claim.key_hash, said)


def _kept(answer: Any) -> str:
    """Return an answer as it is kept; "" where it is not: too long, secret, or nothing that JSON can hold."""
    try:
        said = json.dumps(_said(answer))
        _read(json.loads(said), lambda _: None)
    except (BrainOpsError, TypeError, ValueError, NameError, AttributeError):
        return ""
    return said if len(said) <= MAX_ANSWER_CHARACTERS else ""


def _said(answer: Any) -> Any:
    """Return an answer with the types that it is read as. Raises TypeError."""
    match answer:
        case None | bool() | int() | float() | str():
            return {"value": plain(answer)}
        case Unseen():
            raise TypeError("what is shown once is not kept")
        case Struct():
            return {"of": f"{type(answer).__module__}:{type(answer).__qualname__}", "value": plain(answer)}
        case Page():
            cursors = {"next": answer.next, "previous": answer.previous}
            return {"items": [_said(each) for each in answer], "page": cursors}
        case list() | tuple():
            return {"items": [_said(each) for each in answer], "tuple": isinstance(answer, tuple)}
        case Mapping():
            return {"named": {name: _said(each) for name, each in answer.items()}}
        case _ if hasattr(answer, "succeed"):  # an operation under way, which is gone on with by its id
            return {"operation": answer.id}
        case _:
            raise TypeError(f"{type(answer).__name__} cannot be kept")


def _read(said: dict[str, Any], resume: Callable[[str], Any]) -> Any:
    """Read an answer that was kept; nothing but a struct of this program is made of it."""
    if "operation" in said:
        return resume(said["operation"])
    if "items" in said:
        items = [_read(each, resume) for each in said["items"]]
        return Page(items, **said["page"]) if "page" in said else tuple(items) if said["tuple"] else items
    if "named" in said:
        return {name: _read(each, resume) for name, each in said["named"].items()}
    if "of" not in said:
        return said["value"]
    module, _, name = said["of"].partition(":")
    kind = getattr(sys.modules.get(module) or import_module(module), name) if module[:9] == "brainops." else None
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        raise TypeError(f"{said['of']} is no value of this program")
    return from_plain(kind, said["value"])
