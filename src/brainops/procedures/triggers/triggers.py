"""Which procedures apply to an operation, an event, an error or somebody's words?"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from brainops import lazy
from brainops.errors import ConditionFailed, EmbedderUnavailable, InvalidInput, MissingExtra
from brainops.memory.terms import MAX_EMBEDDED_CHARACTERS, query_terms
from brainops.procedures.triggers.index import TriggerIndex
from brainops.procedures.triggers.intents import WITH_MEANING, WORDS_ONLY, Intents, PhraseVectors, learn
from brainops.store.stem import stem
from brainops.types import Mode, ProcedureVersion, TriggerDecision, TriggerMatch
from brainops_core.redaction.redact import clean

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from brainops.memory.context import MemoryContext
    from brainops.procedures.catalog import Catalog
    from brainops.procedures.conditions import conditions
    from brainops.procedures.triggers.index import Entry
    from brainops.procedures.triggers.lookup import Lookup, Resemblance
    from brainops.types import JSON, OperationStart

    Rows = NDArray[numpy.float32]
else:
    (conditions,) = lazy.modules("brainops.procedures.conditions", "conditions")


PUSHED = 0.9  # somebody wrote that it applies here; a belief that outcomes move (operations/calibration.py)
INTENT_THRESHOLD = 0.7  # from seven right in ten on, words set a procedure off: a miss is milder than a wrong push
MAX_PHRASES = 50_000  # of all active procedures: fitting takes five seconds then and 100 MB; further ones are left out
MAX_TEXT_CHARACTERS = MAX_EMBEDDED_CHARACTERS

SAID = ("intent", "request", "task", "goal", "question", "prompt", "message")
"""Where an operation's context says in words what is wanted."""


class _Known(Struct, frozen=True, kw_only=True):
    """What was compiled of one set of active versions."""

    versions: Sequence[ProcedureVersion]
    index: TriggerIndex
    by_name: Mapping[str, ProcedureVersion]


class _LearnedPhrases(Struct, frozen=True, kw_only=True):
    """What was learned of the phrases of one set of active versions.

    Where there are no phrases `intents` is None. Where a model gives meaning `words` is None; else `telling` are the
    stems that each procedure's phrases say, without stop words.
    """

    versions: Sequence[ProcedureVersion]
    intents: Intents | None
    words: PhraseVectors | None
    telling: Mapping[str, frozenset[str]] = {}


class _OfTriggers:
    """What was made of the active procedures of one scope, and is at hand."""

    def __init__(self) -> None:
        self.known: _Known | None = None
        self.learned: _LearnedPhrases | None = None
        self.lookup: tuple[Sequence[ProcedureVersion], Lookup] | None = None
        self.vectors: dict[tuple[str, bytes], Any] = {}
        self.learning = threading.Lock()


class Triggers:
    """The triggers of the active procedures, ready to be asked. Threads may share one."""

    def __init__(self, context: MemoryContext, catalog: Catalog) -> None:
        self._context = context
        self._catalog = catalog
        self._made = context.here.of(_OfTriggers)

    def pushed(self, start: OperationStart) -> list[TriggerMatch]:
        """Return the procedures whose operations, targets, events, fingerprints or conditions cover an operation.

        Embeds nothing: some microseconds. The context may name its `event` (or `events`), its `error` (text) and its
        `fingerprint`. A condition that cannot be evaluated holds for required and strict procedures, and for no others.
        """
        return _pushed(self._current(), start)

    def answering(self, start: OperationStart) -> list[TriggerMatch]:
        """Return the procedures whose events or fingerprints cover what happened, their condition evaluated and true.

        They may be started by it; what covers every operation on a target, or cannot be decided, is not among them.
        """
        return _pushed(self._current(), start, only_heard=True)

    def matching(self, start: OperationStart) -> list[TriggerMatch]:
        """Return the procedures that an operation sets off: those of `pushed`, then one that its words mean.

        The words are what the context says (see SAID), else the operation's name; they count from INTENT_THRESHOLD on.
        """
        return self._matching(start, ())

    def _matching(self, start: OperationStart, besides: Sequence[str]) -> list[TriggerMatch]:
        known = self._current()
        matches = _pushed(known, start)
        decided = self._decide(known, said(start), besides)
        if decided.procedure is None or decided.confidence < INTENT_THRESHOLD:
            return matches
        learned = self._intents_of(known.versions)
        if learned.words and learned.telling[decided.procedure].isdisjoint(_stems(said(start))):
            return matches  # it may merely be the only one with phrases: a word that tells has to be said as well
        version = known.by_name[decided.procedure]
        # one of its triggers with intents must also have the operation's target and condition
        entries = [entry for entry in known.index.entries(version.id) if entry.trigger.intents]
        values = values_of(start) if any(entry.trigger.when for entry in entries) else {}
        held = any(entry.covers(start.target) and _doubt(entry, values) is None for entry in entries)
        if any(match.version.id == version.id for match in matches) or not held:
            return matches
        reason = "the words mean it"
        return [*matches, TriggerMatch(version=version, reason=reason, confidence=decided.confidence, pushed=False)]

    def classify(self, text: str) -> TriggerDecision:
        """Return the procedure that somebody's words most probably mean, by the procedures' intents, and how probably.

        The confidence is calibrated on the phrases themselves. (None, 0) where no active procedure has intents or the
        words say nothing. Raises InvalidInput.
        """
        if not isinstance(text, str):
            raise InvalidInput(f"what somebody says is text, not {type(text).__name__}")
        return self._decide(self._current(), text)

    def _decide(self, known: _Known, text: str, besides: Sequence[str] = ()) -> TriggerDecision:
        text = clean(text)[:MAX_TEXT_CHARACTERS].strip()
        learned = self._intents_of(known.versions)
        if not text or learned.intents is None:
            return TriggerDecision(procedure=None, confidence=0.0)
        vector = learned.words.vectors([text])[0] if learned.words else self._context.meaning.of_query(text, *besides)
        if vector is None:  # the model stopped answering
            return TriggerDecision(procedure=None, confidence=0.0)
        procedure, confidence = learned.intents.decide(vector)
        return TriggerDecision(procedure=procedure, confidence=confidence)

    def resembling(self, text: str, vector: numpy.ndarray | None, limit: int) -> list[Resemblance]:
        """Return the active procedures whose name and description answer a text, best first, as retrieval ranks."""
        from brainops.procedures.triggers.lookup import Lookup

        known = self._current()
        if self._made.lookup is None or self._made.lookup[0] is not known.versions:
            with self._made.learning:
                texts = [f"{v.procedure.name.replace('-', ' ')}. {v.procedure.description}" for v in known.versions]
                self._made.lookup = known.versions, Lookup(known.versions, texts, self._embedded(texts))
        return self._made.lookup[1].find(text, vector, limit)

    def _current(self) -> _Known:
        versions = self._catalog.active()
        known = self._made.known
        if known is None or known.versions is not versions:
            by_name = {version.procedure.name: version for version in reversed(versions)}
            known = self._made.known = _Known(versions=versions, index=TriggerIndex(versions), by_name=by_name)
        return known

    def _intents_of(self, versions: Sequence[ProcedureVersion]) -> _LearnedPhrases:
        learned = self._made.learned
        if learned is None or learned.versions is not versions:
            with self._made.learning:
                if self._made.learned is None or self._made.learned.versions is not versions:
                    self._made.learned = self._learn(versions)
                learned = self._made.learned
        return learned

    def _learn(self, versions: Sequence[ProcedureVersion]) -> _LearnedPhrases:
        pairs = [
            (clean(phrase)[:MAX_TEXT_CHARACTERS], version.procedure.name)
            for version in versions
            for trigger in version.procedure.triggers
            for phrase in trigger.intents
        ][:MAX_PHRASES]
        if not pairs:
            return _LearnedPhrases(versions=versions, intents=None, words=None)
        phrases, labels = [phrase for phrase, _ in pairs], [label for _, label in pairs]
        vectors = self._embedded(phrases)
        if vectors is not None:
            return _LearnedPhrases(versions=versions, intents=learn(vectors, labels, WITH_MEANING), words=None)
        words = PhraseVectors.of(phrases)
        telling: dict[str, frozenset[str]] = {}
        for phrase, label in pairs:
            telling[label] = telling.get(label, frozenset()) | _stems(phrase)
        intents = learn(words.vectors(phrases), labels, WORDS_ONLY)
        return _LearnedPhrases(versions=versions, intents=intents, words=words, telling=telling)

    def _embedded(self, texts: Sequence[str]) -> Rows | None:
        """Return a vector a text, embedding only what this process has not embedded yet; None without a model."""
        embedder = self._context.meaning.embedder() if texts else None
        if embedder is None:
            return None
        import numpy

        keys = [(embedder.model_id, hashlib.sha256(text.encode("utf-8", "replace")).digest()) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._made.vectors}
        try:
            rows = embedder.embed(list(new.values())) if new else ()
        except EmbedderUnavailable:
            return None
        self._made.vectors.update(zip(new, rows, strict=True))
        return numpy.stack([self._made.vectors[key] for key in keys]).astype(numpy.float32)


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, query_terms(text)))


def _pushed(known: _Known, start: OperationStart, *, only_heard: bool = False) -> list[TriggerMatch]:
    digests = _fingerprints(start.context) if known.index.has_fingerprints else ()
    found = known.index.candidates(start.name, start.target, _events(start.context), digests)
    if only_heard:
        found = {at: one for at, one in found.items() if one[0].trigger.events or one[0].trigger.fingerprints}
    values = values_of(start) if any(entry.trigger.when for entry, _ in found.values()) else {}
    matches: dict[str, TriggerMatch] = {}
    for position in sorted(found):
        entry, reason = found[position]
        doubt = _doubt(entry, values)
        held = doubt and not only_heard and entry.version.procedure.mode is not Mode.ADVISORY
        if doubt is None or held:
            match = TriggerMatch(version=entry.version, reason=doubt or reason, confidence=PUSHED, pushed=True)
            matches.setdefault(entry.version.id, match)
    return list(matches.values())


def matching(triggers: Triggers, start: OperationStart, besides: Sequence[str]) -> list[TriggerMatch]:
    """Return what an operation sets off; what is asked `besides` is embedded in the same call (`Meaning.of_query`)."""
    return triggers._matching(start, besides)


def said(start: OperationStart) -> str:
    """Return what an operation's context says in words, else its name."""
    spoken = (start.context.get(key) for key in SAID)
    found = next((text for text in spoken if isinstance(text, str) and text.strip()), None)
    return found or start.name.replace("_", " ").replace("-", " ")


def values_of(start: OperationStart) -> dict[str, Any]:
    """Return what a condition of a trigger may name: operation, context, target, event, error, session, agent, ..."""
    context = dict(start.context)
    texts = {name: context[name] for name in ("tool", "command", "path") if isinstance(context.get(name), str)}
    return {
        "operation": {
            "name": start.name,
            "target": start.target,
            "context": context,
            "action_class": start.action_class.value,
            "actor": {"kind": start.actor.kind.value, "id": start.actor.id},
        },
        "context": context,
        "inputs": context,
        "target": start.target,
        "session": start.session_id,
        "agent": start.actor.id,
        "event": context.get("event"),
        "error": context.get("error"),
        **texts,
    }


def _doubt(entry: Entry, values: Mapping[str, Any]) -> str | None:
    """Return None where a trigger's condition holds, "" where it does not, and why where nobody can say."""
    if entry.trigger.when is None:
        return None
    try:
        return None if conditions.compile(entry.trigger.when).holds(values) else ""
    except (ConditionFailed, MissingExtra, InvalidInput) as failure:
        return f"its condition could not be evaluated: {failure}"


def _events(context: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return the names of the events that a context speaks of."""
    given = context.get("events") or [context.get("event")]
    each: Iterable[JSON] = given if isinstance(given, list | tuple) else [given]
    names = (one.get("name") or one.get("type") if isinstance(one, Mapping) else one for one in each)
    return tuple(name for name in names if isinstance(name, str) and name)


def _fingerprints(context: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return the digests of the error in a context: those that a fix may be bound to."""
    from brainops.memory.recognition.error_events import parse_error
    from brainops_core.recognition.digests import bound_digests

    named = context.get("fingerprint")
    digests = [named.strip().lower()] if isinstance(named, str) else []
    error = context.get("error")
    if isinstance(error, str) and error.strip():
        digests += bound_digests(parse_error(error))
    return tuple(dict.fromkeys(digests))
