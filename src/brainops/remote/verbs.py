"""Which verbs of a view are reached over the network, who may ask for them, and what does each take and answer?

What a verb takes and answers is read from its signature, so that there is one place where that is said. What needs a
file or a function of the process that calls stays in Python and on the command line: UNREACHED says why for each.
"""

from __future__ import annotations

import inspect
import re
import sys
import types as kinds
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache, cached_property
from importlib import import_module
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from brainops import types
from brainops.brain import Brain
from brainops.once import through
from brainops.remote import begun
from brainops.remote.whoami import whoami
from brainops.types import Filter, Role

MOST_LISTED = 1_000  # of one answer: a list has cursors

_READER = """
    whoami retrieve newest count match get history recognise near by_source changes
    agents.attempts agents.choose agents.execution agents.executions agents.get agents.list agents.ready
    agents.records agents.withheld
    alerts.aside alerts.get alerts.inbox alerts.list
    approvals.get approvals.list approvals.pending
    cases.decide cases.get cases.list cases.names
    causes.counts causes.list causes.seen causes.show
    evidence.get evidence.list evidence.next_tries
    fixes.application fixes.applications fixes.confidence fixes.get fixes.list fixes.plan fixes.suggest
    guard.automatic_stopped guard.compliance guard.decisions guard.is_strict guard.prepared guard.replay guard.rule
    guard.rules guard.settings
    health.calibration health.charts health.figures health.report health.series
    improvements.get improvements.held improvements.list
    jobs.get jobs.list
    language.budget language.ready language.used
    learning.due learning.insights learning.reports learning.standing
    limits.get
    notices.attempts notices.counts notices.list notices.pending notices.sentence
    operations.get operations.list operations.receipt
    people.namespaces
    procedures.active procedures.by_id procedures.diff procedures.get procedures.history procedures.holds
    procedures.list
    runs.current runs.get runs.list runs.plan
    sessions.record
    sharing.bundles sharing.peers
    signals.anomalies signals.around signals.change_points signals.metrics signals.points
    signals.suspects signals.templates signals.trends signals.trouble
    triggers.classify triggers.matching triggers.pushed
    upkeep.audit upkeep.ending upkeep.handles upkeep.status upkeep.trail
    workers.list
    workflows.get workflows.list
"""

_WRITER = """
    capture=CAPTURE capture_many=CAPTURE capture_error=RECORD feedback=FEEDBACK undo_feedback=FEEDBACK_UNDO
    supersede=SUPERSEDE archive=ARCHIVE forget=FORGET restore=RESTORE promote=PROMOTE flag=FLAG move_source=MOVE_SOURCE
    guidance=RECORD handle=RECORD learn=CAPTURE establish=PROCEDURE_SAVE execute=RUN
    alerts.receive=RECORD alerts.retry=RECORD
    agents.cancel=EXECUTION_CANCEL agents.done=EXECUTION_DONE
    cases.correct=CASE_CORRECT cases.learn=CASE_LEARN cases.learn_many=CASE_LEARN
    evidence.contradict=EVIDENCE_JUDGE evidence.record=EVIDENCE_RECORD
    fixes.apply=APPLY_FIX fixes.attach=FIX_ATTACH fixes.contradict=FIX_CONTRADICT fixes.demote=FIX_DEMOTE
    fixes.detach=FIX_DETACH fixes.record=FIX_RECORD fixes.rollback=FIX_ROLL_BACK
    guard.acknowledge=GUARD guard.ask=ASK guard.check=GUARD guard.close_bypass=BYPASS_CLOSE guard.stop_automatic=STOP
    improvements.veto=IMPROVEMENT_VETO
    jobs.cancel=JOB_CANCEL jobs.start=JOB_START
    keys.token=TOKEN_MINT
    language.complete=SPEND
    operations.begin=RECORD operations.finish=RECORD
    procedures.activate=PROCEDURE_ACTIVATE procedures.from_document=PROCEDURE_SAVE procedures.from_text=PROCEDURE_SAVE
    procedures.retire=PROCEDURE_RETIRE procedures.save=PROCEDURE_SAVE
    runs.cancel=RUN_CANCEL runs.complete=RUN_STEP_COMPLETE runs.pause=RUN_PAUSE runs.resume=RUN_RESUME
    runs.retry=RUN_RETRY runs.skip=RUN_SKIP runs.start=RUN runs.take_over=RUN_TAKE_OVER
    sessions.open=RECORD
    signals.ingest=LEARN
    upkeep.doctor=TRY_STORE
    workflows.create=RUN workflows.learn=CAPTURE workflows.plan=PROCEDURE_SAVE
    workflows.run=RUN
"""

_APPROVER = """
    agents.verify=EXECUTION_VERIFY
    approvals.grant=APPROVAL_GRANT approvals.refuse=APPROVAL_REFUSE
    cases.verify=CASE_VERIFY
    causes.join=CAUSE_JOIN causes.part=CAUSE_PART causes.undo=CAUSE_UNDO
    fixes.trust=FIX_TRUST
    guard.bypass=BYPASS guard.false_block=JUDGE_BLOCK guard.right_block=JUDGE_BLOCK
    notices.acknowledge=NOTICE_READ
    operations.contradict=CONTRADICT operations.verify=VERIFY
"""

_ADMIN = """
    agents.disable=AGENT_DISABLE agents.enable=AGENT_ENABLE agents.register=AGENT_REGISTER agents.remove=AGENT_REMOVE
    fixes.set_mode=FIX_SUGGEST
    guard.add=RULE_ADD guard.remove=RULE_REMOVE guard.resume_automatic=RESUME guard.set_autonomy=AUTONOMY_LOWER
    guard.set_enforcement=ENFORCEMENT_HOLD guard.set_mode=RULE_HARDEN guard.set_patterns=PATTERNS
    guard.set_per_person=PER_PERSON
    improvements.apply=IMPROVEMENT_APPLY improvements.undo=IMPROVEMENT_UNDO
    keys.issue=KEY_ISSUE keys.list keys.revoke=KEY_REVOKE keys.rotate=KEY_ISSUE
    language.set_budget=LANGUAGE_BUDGET
    learning.run=LEARN
    limits.allow=ALLOW limits.disallow=DISALLOW
    notices.channels notices.add_channel=CHANNEL_PUT notices.remove_channel=CHANNEL_REMOVE notices.try_channel=DELIVER
    purge=PURGE purge_subject=PURGE
    people.add=PERSON_ADD people.get people.grant=ROLE_GRANT people.groups people.list people.remove=PERSON_REMOVE
    people.sign_ins people.sign_out=SIGN_OUT people.withdraw=ROLE_WITHDRAW
    runs.remove_ended=RUNS_REMOVE
    sharing.distrust=SHARE_DISTRUST sharing.revoke=SHARE_REVOKE sharing.trust=SHARE_TRUST
    upkeep.compact=COMPACT upkeep.redact_rescan=REDACT upkeep.reembed=INDEX upkeep.reindex=INDEX
    upkeep.restore_segment=RESTORE_SEGMENT upkeep.set_growth=GROWTH_POLICY
"""

UNREACHED: Mapping[str, str] = {
    name: why
    for why, names in {
        "it is of the process that calls": "acting close draft flush capture_each operation begin resume calls.names "
        "calls.register calls.register_with_work agents.register_callable agents.subscribe language.register "
        "language.use workers.dispatcher workers.wakeups runs.hand_back upkeep.catching_up",
        "it works on files of the machine that calls": "cases.learn_from procedures.apply sharing.export_to "
        "sharing.import_from upkeep.backup upkeep.export_to upkeep.import_from improvements.propose_patch "
        "improvements.propose_patch_of improvements.ask_for_patch guard.write_pack",
        "its bytes are signed by a key that the process holds": "guard.pack",
        "a worker does it, never the server": "runs.advance agents.execute agents.resume agents.sweep approvals.sweep "
        "alerts.work jobs.work fixes.finish fixes.sweep improvements.watch learning.tick notices.deliver "
        "workflows.sweep upkeep.embed_pending",
        "it shows what only people of this machine hold": "sharing.key sharing.pull people.link people.trust_server",
        "it takes a person who is there": "fixes.verify",
        "begin and finish are it": "operations.discard operations.guidance operations.resume",
        "it is of approvals, which name their subject": "approvals.subject",
    }.items()
    for name in names.split()
}

_OURS = {
    "proof",
    "progress",
    "actor",
    "now",
    "stopped",
    "model",
    "taken",
    "executes",
    "idempotency_key",
    "detached",
    "may",
}
"""Parameters that the server fills in, from the key and the headers, or that mean something to its own process only."""

_TAKEN: Mapping[tuple[str, str], Any] = {
    ("runs.list", "state"): str | None,  # a state, or "active"
    ("signals.ingest", "given"): list[str],  # lines: a text would be the name of a file
    ("agents.register", "agent"): types.Agent,
    ("changes", "kinds"): list[str],  # kinds, or their nouns
}
"""Where less is taken over the network, or more, than the annotation says."""

_SPECIAL: Mapping[str, Callable[..., Any]] = {
    "operations.begin": begun.begin,
    "operations.finish": begun.finish,
    "whoami": whoami,
}


class Verb:
    """A verb of a view: who may ask for it, what it takes, what it answers, and the call itself."""

    def __init__(self, name: str, role: Role, act: str | None) -> None:
        self.name = name
        self.role = role
        self.act = act
        self.writes = act is not None

    @cached_property
    def function(self) -> Callable[..., Any]:
        """What a view, or one of its nouns, has under this name; its first parameter is the one or the other."""
        noun, _, name = self.name.rpartition(".")
        return _SPECIAL.get(self.name) or getattr(_class_of(noun) if noun else Brain, name)

    @cached_property
    def signature(self) -> inspect.Signature:
        """How it is called, without what it is called of."""
        found = inspect.signature(self.function)
        return found.replace(parameters=list(found.parameters.values())[1:])

    @cached_property
    def takes(self) -> type[msgspec.Struct]:
        """The body of a call: a field for each parameter."""
        hints = _hints(self.function)
        fields: list[Any] = []
        for each in self.signature.parameters.values():
            if each.kind is each.VAR_KEYWORD:
                fields += _conditions(each.name)
            elif each.name not in _OURS:
                kind = _TAKEN.get((self.name, each.name)) or taken(hints.get(each.name, Any))
                if each.name == "limit":
                    kind = Annotated[kind, msgspec.Meta(ge=1, le=MOST_LISTED)]
                fields.append((each.name, kind) if each.default is each.empty else (each.name, kind, each.default))
        title = "".join(word.capitalize() for word in self.name.replace(".", "_").split("_"))
        return msgspec.defstruct(f"{title}Call", fields, kw_only=True, forbid_unknown_fields=True)

    @cached_property
    def answers(self) -> Any:
        """The type of the answer."""
        return taken(_hints(self.function).get("return", Any))

    @cached_property
    def pages(self) -> bool:
        """Say whether it answers with a page of a list."""
        return typing.get_origin(_hints(self.function).get("return")) is types.Page

    @cached_property
    def keywords(self) -> frozenset[str]:
        """Every parameter, those that the server fills in too."""
        return frozenset(self.signature.parameters)

    @cached_property
    def required(self) -> frozenset[str]:
        """The parameters without which it cannot be called."""
        given = self.signature.parameters.values()
        return frozenset(
            each.name for each in given if each.default is each.empty and each.kind is not each.VAR_KEYWORD
        )

    @cached_property
    def needs(self) -> frozenset[str]:
        """The fields that a body must have."""
        return frozenset(field.encode_name for field in msgspec.structs.fields(self.takes) if field.required)

    @cached_property
    def lists(self) -> frozenset[str]:
        """The fields that hold several values, so that one in a query is a list of one."""
        fields = msgspec.structs.fields(self.takes)
        return frozenset(each.encode_name for each in fields if re.search("list|tuple", str(each.type)))

    @cached_property
    def plain(self) -> bool:
        """Say whether every parameter can stand in a query: then what only reads is also answered to GET."""
        fields = msgspec.structs.fields(self.takes)
        return not self.writes and all(_simple(field.type) for field in fields if field.required)

    def call(self, brain: Brain, given: msgspec.Struct, **ours: Any) -> Any:
        """Call it with what a body says; what it says nothing of keeps the verb's own default."""
        told = {name: getattr(given, name) for name in given.__struct_fields__}
        said = {name: value for name, value in told.items() if value is not msgspec.UNSET}
        if special := _SPECIAL.get(self.name):
            return through(brain, self.name, special, {**said, **ours})
        return attrgetter(self.name)(brain)(**said, **ours)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types that a signature names, those too that its module imports for type checkers alone."""
    module = sys.modules[function.__module__]
    names = {name: getattr(types, name) for name in types.__all__} | vars(module)
    while True:
        try:
            return typing.get_type_hints(function, names, include_extras=True)
        except NameError as error:
            names[str(error.name)] = _imported(module, str(error.name))


def _imported(module: kinds.ModuleType, name: str) -> Any:
    """Return what a module imports under a name when it is checked, as its own text says."""
    found = re.search(rf"^ +from (\S+) import (?:[^(\n]*|\([^)]*)\b{name}\b", _text(module), re.MULTILINE)
    if found is not None:
        return getattr(import_module(found[1]), name)
    found = re.search(rf"^ +from (\S+) import (?:(\w+) as )?{name}$", _text(module), re.MULTILINE)
    if found is None:
        raise NameError(f"{module.__name__} imports no {name}", name=name)
    return import_module(f"{found[1]}.{found[2] or name}")


@cache
def _text(module: kinds.ModuleType) -> str:
    return inspect.getsource(module)


@cache
def _class_of(noun: str) -> type:
    """Return the class of what a view has under a noun, as the part of the services says that makes it."""
    found: type = _hints(vars(Brain)[noun].of)["return"]
    return found


def taken(kind: Any) -> Any:
    """Return an annotation as JSON can hold it: a list for whatever is gone through, no exceptions, closed sets."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, kinds.UnionType):
        return _union(arguments)
    if origin is types.Page:
        return _page_of(taken(arguments[0]))
    if origin in (Iterable, Sequence, Collection):
        return list[taken(arguments[0])]  # type: ignore[misc]
    if origin is Mapping:
        return dict[taken(arguments[0]), taken(arguments[1])]  # type: ignore[misc]
    if origin in (list, tuple, dict):
        return origin[tuple(each if each is Ellipsis else taken(each) for each in arguments)]
    if kind is None or kind is type(None):
        return None
    return kind


def _union(members: Sequence[Any]) -> Any:
    closed = any(isinstance(each, type) and issubclass(each, Enum) for each in members)
    free = any(typing.get_origin(each) is Mapping for each in members)
    kept = [
        taken(each)
        for each in members
        if not (closed and each is str)
        and not (free and isinstance(each, type) and issubclass(each, msgspec.Struct))
        and not (isinstance(each, type) and (each.__name__ == "PathLike" or issubclass(each, BaseException)))
    ]
    return typing.Union[tuple(kept)]  # noqa: UP007


@cache
def _page_of(kind: Any) -> type[msgspec.Struct]:
    """Return what the JSON of a page is an object of."""
    cursors = [("next", str | None), ("previous", str | None)]
    return msgspec.defstruct(f"PageOf{getattr(kind, '__name__', 'Items')}", [("items", list[kind]), *cursors])


def _simple(kind: Any) -> bool:
    return kind in (str, int, float, bool) or (isinstance(kind, type) and issubclass(kind, Enum))


def _conditions(name: str) -> list[Any]:
    """Return the fields of a filter; those of `match` besides, where a text is recognised."""
    more: list[Any] = []
    if name == "match":
        more = [
            ("service", str | None | msgspec.UnsetType, msgspec.UNSET),
            ("limit", int | msgspec.UnsetType, msgspec.UNSET),
        ]
    elif name != "conditions":
        return []
    hints = typing.get_type_hints(Filter)
    return more + [
        (field, typing.Union[taken(hints[field]), msgspec.UnsetType], msgspec.UNSET)  # noqa: UP007
        for field in Filter.__struct_fields__
    ]


@cache
def verbs() -> Mapping[str, Verb]:
    """Return the verbs by name."""
    found = {}
    for role, text in zip(Role, (_READER, _WRITER, _APPROVER, _ADMIN), strict=True):
        for entry in text.split():
            name, _, act = entry.partition("=")
            found[name] = Verb(name, role, act or None)
    return found
