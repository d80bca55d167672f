"""Who may do what, with which proof, and by what name does the audit trail know it: the one table of acts. (pure)

No write transaction opens without an act (`Store.writing`), and a line of the trail takes its name from it. An act that
means more than one thing to those whom it binds stands here once for each: to loosen what holds asks for more than to
tighten it, and both have the same name in the trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from brainops.errors import ApprovalRequired, ApprovalUnproven, BrainOpsError, Conflict, OperationBlocked
from brainops.types import Actor, ActorKind, Role

ANYBODY = frozenset(ActorKind)
NO_AGENT = frozenset({ActorKind.PERSON, ActorKind.SERVICE})
PERSON = frozenset({ActorKind.PERSON})

ITSELF = Actor(kind=ActorKind.SERVICE, id="brainops", proof="program")  # what goes on by itself, in whoever's process


class Proving(StrEnum):
    """When an act takes the proof of somebody who may approve."""

    NEVER = "never"
    STRICT = "where the namespace is strict and somebody may approve"
    BINDING = "as above, for what it turns out to touch or to claim"
    ENROLLED = "where somebody may approve"
    ALWAYS = "always"


class Act(Struct, frozen=True, kw_only=True):
    """Something that is done to what is kept or holds: `does` completes "may not ..."; no `name`, no line.

    `role` is what somebody who proves to agree must be, where it is done.
    """

    name: str = ""
    does: str = ""
    who: frozenset[ActorKind] = ANYBODY
    who_where_strict: frozenset[ActorKind] | None = None  # None: the same as elsewhere
    proof: Proving = Proving.NEVER
    role: Role = Role.APPROVER
    way_out: str = "a person does, on a terminal"
    refusal: type[BrainOpsError] = ApprovalUnproven

    def open_to(self, actor: Actor) -> bool:
        """Say whether somebody of this kind may ever do it."""
        return actor.kind in self.who

    @property
    def refuses_agents(self) -> bool:
        """Say whether no agent's session does it, wherever it is."""
        return ActorKind.AGENT not in self.who

    @property
    def asks_strict(self) -> bool:
        """Say whether what is asked depends on whether the namespace is strict."""
        return self.who_where_strict is not None or self.proof is Proving.STRICT

    @property
    def asks_approvers(self) -> bool:
        """Say whether what is asked depends on whether somebody may approve."""
        return self.proof not in (Proving.NEVER, Proving.ALWAYS)


class Proven(Struct, frozen=True, kw_only=True):
    """Somebody whose proof was looked at and is right, so that it need not be given twice for what is one act."""

    actor: Actor


def require(act: Act, actor: Actor, *, proven: bool, strict: bool = False, approvers: Sequence[str] = ()) -> None:
    """Raise unless somebody of this kind may do this here, with the proof that it takes.

    A service may do what a person may, once that person proves to be one through it; an agent's session may not.
    """
    narrowed = strict and act.who_where_strict is not None
    who = act.who_where_strict if narrowed and act.who_where_strict is not None else act.who
    speaks_for_person = proven and actor.kind is ActorKind.SERVICE and ActorKind.PERSON in who
    if actor.kind not in who and not speaks_for_person:
        where = " in a strict namespace" if narrowed and actor.kind in act.who else ""
        raise act.refusal(f"{actor.kind.value}:{actor.id} may not {act.does}{where}: {act.way_out}")
    match act.proof:
        case Proving.STRICT:
            needed = strict and bool(approvers)
        case Proving.ENROLLED:
            needed = bool(approvers)
        case Proving.ALWAYS:
            needed = True
        case Proving.NEVER | Proving.BINDING:
            needed = False
    if needed and not proven:
        why = "loosens a strict namespace, and takes" if act.proof is Proving.STRICT else "takes"
        one_of = ", ".join(approvers) or "those who may approve"
        raise ApprovalUnproven(
            f"to {act.does} {why} one of {one_of}, who proves it: on the command line in a terminal of their own, in "
            "Python by `proof=`"
        )


def narrows(mine: Actor, other: Actor) -> bool:
    """Say whether somebody may go on as another: as himself, or as one who may do less; never better proven.

    Who may do less is what the table says: every act that is open to the one kind is open to the other. A person who
    comes over the network goes on as nobody else: nobody approves what they themselves asked for under another name.
    """
    if other.proof not in ("none", mine.proof):
        return False
    if other.kind is mine.kind or (mine.remote and mine.kind is ActorKind.PERSON):
        return (other.kind, other.id) == (mine.kind, mine.id)
    allowed = [who for act in TABLE.values() for who in (act.who, act.who_where_strict or act.who)]
    return all(mine.kind in who for who in allowed if other.kind in who)


def _work() -> Act:
    """Return what goes on inside, by whoever's process it is: it leaves no line and changes nothing that holds."""
    return Act()


# Work

INDEX = _work()
SETTLE_SETTINGS = _work()
SETTLE_ANSWER = _work()
TRY_STORE = _work()
RECORD = _work()
GUARD = _work()
ASK = _work()
DELIVER = _work()
SWEEP = _work()
JOB_DO = _work()
PROVE = _work()
KEY_USE = _work()
RUN = _work()
APPLY_FIX = _work()
EXECUTE = _work()
SPEND = _work()
LEARN = _work()
SHARE = _work()

# Memory

CAPTURE = Act(does="capture")
CAPTURE_VERIFIED = Act(does="capture", proof=Proving.BINDING)
VOUCH = Act(does="say that a memory is verified", who=NO_AGENT, proof=Proving.STRICT)
SUPERSEDE = Act(name="supersede", does="supersede a memory", proof=Proving.BINDING)
FEEDBACK = Act(name="feedback", does="judge a memory", proof=Proving.BINDING)
FEEDBACK_UNDO = Act(name="undo-feedback", does="take a verdict back")
ARCHIVE = Act(name="archived", does="archive a memory")
FORGET = Act(name="forgotten", does="forget a memory")
SET_ASIDE_VERIFIED = Act(
    does="set aside or replace what is verified",
    who_where_strict=NO_AGENT,
    way_out="a person does; brainops feedback ID wrong flags it for review",
)
RESTORE = Act(name="restore", does="bring a memory back")
FLAG = Act(name="flag", does="flag a memory")
UNFLAG = Act(name="unflag", does="clear a memory's flag")
MOVE_SOURCE = Act(name="move-source", does="rename a memory's source")
PROMOTE = Act(name="promote", does="promote a memory")
PURGE = Act(
    name="purge",
    does="purge",
    who=PERSON,
    proof=Proving.STRICT,
    way_out="a person does, on a terminal; brainops forget hides a memory, and can be undone",
)
RESTORE_STORE = Act(
    does="put another store in this one's place",
    who=PERSON,
    proof=Proving.ENROLLED,
    role=Role.ADMIN,
    way_out="a person does, on a terminal: it replaces the rules, the record and those who may approve",
)
RESTORED = Act(name="restore-store")  # the line of a store that was put in another one's place: who did, what is kept
REDACT = Act(name="redact", does="redact what is stored")
COMPACT = Act(name="compact", does="move old rows into segments")
RESTORE_SEGMENT = Act(name="restore-segment", does="bring a segment back")
JOB_START = Act(name="job-start", does="have something done in the background", proof=Proving.BINDING)
JOB_CANCEL = Act(name="job-cancel", does="cancel a job")
JOB_CANCEL_OTHERS = Act(name="job-cancel", does="cancel another's job", who=NO_AGENT, refusal=OperationBlocked)
GROWTH_POLICY = Act(name="growth-policy", does="say how much is kept", who_where_strict=NO_AGENT)
BACKUP = Act(name="backup", does="back a store up")
IMPORT = Act(name="import", does="import", proof=Proving.BINDING)
IMPORT_SETTLE = Act(name="import-settle", does="import", proof=Proving.BINDING)
IMPORT_ACTIVE = Act(name="activate_procedure", does="import", proof=Proving.BINDING)
IMPORT_RETIRED = Act(name="retire_procedure", does="import", proof=Proving.BINDING)
IMPORT_RULE_GONE = Act(name="rule-remove", does="import", proof=Proving.BINDING)

# Operations and their guard

_JUDGE = "no agent judges what was done; a person does, or the check that ran"
VERIFY = Act(name="verify", does="verify an operation", who=NO_AGENT, way_out=_JUDGE)
CONTRADICT = Act(name="contradict", does="contradict an operation", who=NO_AGENT, way_out=_JUDGE)
ENFORCEMENT_HOLD = Act(name="set-enforcement", does="set enforcement", who=NO_AGENT)
ENFORCEMENT_LOOSEN = Act(name="set-enforcement", does="set enforcement", who=NO_AGENT, proof=Proving.STRICT)
AUTONOMY_LOWER = Act(name="set-autonomy", does="set autonomy", who=NO_AGENT)
AUTONOMY_RAISE = Act(name="set-autonomy", does="set autonomy", who=NO_AGENT, proof=Proving.STRICT)
PER_PERSON = Act(name="set-per_person", does="say who is counted", who=NO_AGENT)
PATTERNS = Act(name="set-action_patterns", does="say what operations do", who=NO_AGENT, proof=Proving.STRICT)
STOP = Act(name="set-automatic_stopped", does="stop what happens by itself")
RESUME = Act(
    name="set-automatic_stopped", does="let things happen by themselves again", who=NO_AGENT, proof=Proving.STRICT
)
BYPASS = Act(name="guard-bypass", does="open a bypass", proof=Proving.ALWAYS)
BYPASS_CLOSE = Act(name="guard-bypass-close", does="close a bypass")
RULE_ADD = Act(name="rule-add", does="write rules", who=NO_AGENT)
RULE_HARDEN = Act(name="rule-mode", does="change rules", who=NO_AGENT)
RULE_SOFTEN = Act(name="rule-mode", does="change rules", who=NO_AGENT, proof=Proving.STRICT)
RULE_REMOVE = Act(name="rule-remove", does="remove rules", who=NO_AGENT, proof=Proving.STRICT)
RULE_STEP_DOWN = Act(name="rule-step-down", does="let a rule step down")
JUDGE_BLOCK = Act(name="judge-block", does="judge the guard", who=NO_AGENT)

# Approvals and notices

APPROVAL_GRANT = Act(name="approval-grant", does="approve", proof=Proving.ALWAYS)
APPROVAL_REFUSE = Act(name="approval-refuse", does="refuse", proof=Proving.ALWAYS)
APPROVAL_USE = Act(name="approval-use", does="use an approval")
APPROVAL_EXPIRE = Act(name="approval-expire", does="let an approval expire")
APPROVAL_VOID = Act(name="approval-void", does="close a forged approval")
ENROL = Act(
    name="approver-enrol",
    does="enrol an approver",
    who=PERSON,
    proof=Proving.ENROLLED,
    role=Role.ADMIN,
    way_out="a person does, and the first on a terminal of their own: brainops approver enrol NAME",
)
APPROVER_REVOKE = Act(name="approver-revoke", does="revoke an approver", proof=Proving.ALWAYS, role=Role.ADMIN)
APPROVER_GONE = Act(name="approver-revoke")  # with the person
APPROVER_WRONG = Act(name="approver-wrong", does="prove")
APPROVER_VOID = Act(name="approver-void", does="prove")
CLIENTS = Act(name="approval-clients", does="accept a client's dialog", proof=Proving.ALWAYS, role=Role.ADMIN)
_PEOPLE = "a person does, on a terminal: brainops people"
PERSON_ADD = Act(does="add a person", who=PERSON, proof=Proving.ENROLLED, role=Role.ADMIN, way_out=_PEOPLE)
PERSON_ADDED = Act(name="person-add")  # who is let in by a server that signs people in has this line too
PERSON_REMOVE = Act(
    name="person-remove", does="remove a person", who=PERSON, proof=Proving.ENROLLED, role=Role.ADMIN, way_out=_PEOPLE
)
ROLE_GRANT = Act(
    does="let somebody read or write", who=PERSON, proof=Proving.ENROLLED, role=Role.ADMIN, way_out=_PEOPLE
)
ROLE_GRANT_APPROVING = Act(
    does="let somebody approve, or look after the memory",
    who=PERSON,
    proof=Proving.ALWAYS,
    role=Role.ADMIN,
    way_out="a person does, on a terminal: brainops people grant; the first enrols there, brainops approver enrol NAME",
)
ROLE_GRANTED = Act(name="role-grant")
ROLE_WITHDRAW = Act(does="take a role back", who=PERSON, proof=Proving.ENROLLED, role=Role.ADMIN, way_out=_PEOPLE)
ROLE_WITHDRAWN = Act(name="role-withdraw")
SERVER_TRUST = Act(
    name="server-trust",
    does="let a server say who signed in",
    who=PERSON,
    proof=Proving.ALWAYS,
    role=Role.ADMIN,
    way_out=_PEOPLE,
)
SIGN_IN_LINK = Act(name="sign-in-link", does="make a link that signs somebody in", who=NO_AGENT, way_out=_PEOPLE)
SIGN_IN_FLOW = _work()
SIGN_IN = Act(name="sign-in", does="sign somebody in", who=NO_AGENT)
SIGN_OUT = Act(name="sign-out", does="sign somebody out", who=NO_AGENT)
KEY_ISSUE = Act(
    name="key-issue",
    does="issue a key",
    who=PERSON,
    proof=Proving.ENROLLED,
    role=Role.ADMIN,
    way_out="a person does, on a terminal: brainops keys issue NAME",
)
TOKEN_MINT = Act(does="let a page in")
KEY_REVOKE = Act(name="key-revoke", does="revoke a key", who=NO_AGENT, way_out="a person does: brainops keys revoke")
NOTICE_READ = Act(name="notice-read", does="say that a person read notices", who=NO_AGENT)
_CHANNEL = "a person does, on a terminal: brainops notices channel"
CHANNEL_PUT = Act(name="channel-put", does="set up a channel", who=NO_AGENT, proof=Proving.ENROLLED, way_out=_CHANNEL)
CHANNEL_PUT_APPROVING = Act(
    name="channel-put", does="let people approve by a channel", who=NO_AGENT, proof=Proving.ALWAYS, role=Role.ADMIN
)
CHANNEL_REMOVE = Act(
    name="channel-remove", does="remove a channel", who=NO_AGENT, proof=Proving.ENROLLED, way_out=_CHANNEL
)

# Procedures, their runs and what their steps may do

PROCEDURE_SAVE = Act(name="save_procedure", does="save a procedure", proof=Proving.BINDING)
PROCEDURE_ACTIVATE = Act(name="activate_procedure", does="activate a procedure")
PROCEDURE_ACTIVATE_BINDING = Act(
    name="activate_procedure",
    does="activate what must be followed, or came from outside",
    who=NO_AGENT,
    proof=Proving.STRICT,
    way_out="a person activates it by `brainops procedure activate NAME`",
    refusal=ApprovalRequired,
)
PROCEDURE_APPLY = Act(name="activate_procedure", does="apply a folder of procedures", proof=Proving.BINDING)
PROCEDURE_RETIRE = Act(name="retire_procedure", does="retire a procedure", proof=Proving.BINDING)
PROCEDURE_RETIRE_BINDING = Act(
    name="retire_procedure",
    does="retire what must be followed",
    who=NO_AGENT,
    proof=Proving.STRICT,
    way_out="a person retires it by `brainops procedure retire NAME`",
    refusal=ApprovalRequired,
)
RUN_CANCEL = Act(name="run-cancel", does="cancel a run")
RUN_PAUSE = Act(name="run-pause", does="pause a run")
RUN_RESUME = Act(name="run-resume", does="resume a run")
RUN_RETRY = Act(name="run-retry", does="retry a run")
RUN_TAKE_OVER = Act(name="run-take-over", does="take a run over")
RUN_SKIP = Act(name="run-skip", does="skip a step")
RUN_STEP_COMPLETE = Act(name="run-step-complete", does="complete a step")
RUNS_REMOVE = Act(name="runs-remove", does="remove runs for good", who=NO_AGENT)
ALLOW = Act(
    name="allow",
    does="let steps run or reach more",
    who=NO_AGENT,
    proof=Proving.STRICT,
    way_out="a person runs `brainops allow`",
    refusal=OperationBlocked,
)
DISALLOW = Act(
    name="disallow",
    does="change what steps may run or reach",
    who=NO_AGENT,
    way_out="a person runs `brainops allow --remove`",
    refusal=OperationBlocked,
)
STEP_LIMITS = Act(name="set-step_limits", does="change what steps may run or reach", who=NO_AGENT)

# Fixes and cases

FIX_ATTACH = Act(name="fix_attach", does="attach a fix", proof=Proving.BINDING)
FIX_RECEIVE = Act(name="fix_receive", does="receive a fix")
FIX_APPLY = Act(name="fix_apply", does="let a fix apply itself")
FIX_ROLL_BACK = Act(name="fix_rolled_back", does="take a fix back")
FIX_DEMOTE = Act(name="fix_demote", does="let a fix only be suggested")
FIX_DETACH = Act(
    name="fix_detach", does="detach a fix", who_where_strict=NO_AGENT, way_out="a person does: brainops fix detach"
)
FIX_RECORD = Act(does="say how a fix went")
FIX_VERIFY = Act(
    name="fix_verified",
    does="verify a fix",
    who=PERSON,
    way_out="a person who looked does, or a check that ran",
    refusal=Conflict,
)
FIX_CONTRADICT = Act(name="fix_contradicted", does="contradict a fix")
_FIX = "a person says how far a fix may go by itself: brainops fix mode"
FIX_SUGGEST = Act(name="fix_mode", does="let a fix only be suggested")
FIX_SHADOW = Act(name="fix_mode", does="let a fix be tried", who=PERSON, way_out=_FIX, refusal=Conflict)
FIX_AUTO = Act(
    name="fix_mode",
    does="let a fix apply itself",
    who=PERSON,
    proof=Proving.STRICT,
    way_out=_FIX,
    refusal=Conflict,
)
VOUCH_FIX = Act(
    does="attach a fix as verified",
    who=PERSON,
    proof=Proving.STRICT,
    way_out="leave the trust out; a person vouches for it: brainops fix trust",
)
FIX_TRUST = Act(
    name="fix_trust",
    does="vouch for a fix",
    who=PERSON,
    proof=Proving.STRICT,
    way_out="a person vouches for it: brainops fix trust",
    refusal=Conflict,
)
EVIDENCE_RECORD = Act(does="say what a remedy did")
EVIDENCE_JUDGE = Act(name="evidence-judge", does="say that a remedy did something else than was thought")
CAUSE_JOIN = Act(name="cause-join", does="say that errors have one cause", who=NO_AGENT)
CAUSE_PART = Act(name="cause-part", does="say that errors have two causes", who=NO_AGENT)
CAUSE_UNDO = Act(name="cause-undo", does="take back what was said of causes", who=NO_AGENT)
ITSELF_JOINED = Act(name="cause-join", does="join errors that one remedy mends")
ITSELF_PARTED = Act(name="cause-part", does="part errors that their remedies tell apart")
CASE_LEARN = Act(does="tell a case", proof=Proving.BINDING)
CASE_VERIFY = Act(
    name="case_verify",
    does="verify a case",
    who=NO_AGENT,
    way_out="a person says so, or the program of a check",
    refusal=Conflict,
)
CASE_CORRECT = Act(name="case_correct", does="correct a case")

# Agents and language models

EXECUTION_DONE = Act(name="execution-done", does="say that a task is done")
EXECUTION_CANCEL = Act(name="execution-cancel", does="cancel a task")
EXECUTION_VERIFY = Act(
    name="execution-verify",
    does="judge what agents did",
    who=NO_AGENT,
    way_out="no agent judges what agents did; a person does, or a check",
    refusal=Conflict,
)
_ROSTER = "a person does, on a terminal: brainops agent"
AGENT_REGISTER = Act(
    name="agent-register",
    does="register agents",
    who_where_strict=NO_AGENT,
    proof=Proving.STRICT,
    way_out=_ROSTER,
    refusal=OperationBlocked,
)
AGENT_ENABLE = Act(
    name="agent-enable",
    does="enable agents",
    who_where_strict=NO_AGENT,
    proof=Proving.STRICT,
    way_out=_ROSTER,
    refusal=OperationBlocked,
)
AGENT_DISABLE = Act(name="agent-disable", does="disable agents")
AGENT_REMOVE = Act(name="agent-remove", does="remove agents", who_where_strict=NO_AGENT)
LANGUAGE_BUDGET = Act(
    name="set-language_budget",
    does="set what language models may take",
    who=NO_AGENT,
    proof=Proving.STRICT,
    way_out="a person runs `brainops language budget`",
    refusal=OperationBlocked,
)

# Learning and sharing: what improvements change of the above has lines of its own, by whoever applies them

_IMPROVEMENTS = "a person does: brainops improvements"
IMPROVEMENT_PROPOSE = Act(name="improvement-propose", does="propose an improvement")
IMPROVEMENT_APPLY = Act(
    name="improvement-applied", does="apply an improvement", who=NO_AGENT, proof=Proving.STRICT, way_out=_IMPROVEMENTS
)
IMPROVEMENT_UNDO = Act(
    name="improvement-undone",
    does="undo an improvement",
    who_where_strict=NO_AGENT,
    proof=Proving.STRICT,
    way_out=_IMPROVEMENTS,
)
IMPROVEMENT_VETO = Act(
    name="improvement-rejected", does="veto an improvement", who_where_strict=NO_AGENT, way_out=_IMPROVEMENTS
)
IMPROVE = Act(proof=Proving.BINDING)  # work inside too, that asks who may approve: it loosens what holds
ITSELF_TRIED = Act(name="improvement-trial", does="try an improvement")
ITSELF_APPLIED = Act(name="improvement-applied", does="apply an improvement")
ITSELF_KEPT = Act(name="improvement-kept", does="keep an improvement")
ITSELF_ROLLED_BACK = Act(name="improvement-rolled-back", does="roll an improvement back")
ITSELF_UNDONE = Act(name="improvement-undone", does="undo an improvement")
ITSELF_REJECTED = Act(name="improvement-rejected", does="reject an improvement")
IMPROVED_PROCEDURE = Act(name="activate_procedure", does="activate a procedure")
IMPROVED_FIX = Act(name="fix_mode", does="change a fix's mode")
IMPROVED_RULE = Act(name="rule-mode", does="change rules")
IMPROVED_AGENT = Act(name="agent-improved", does="change agents")
IMPROVED_ARCHIVE = Act(name="archived", does="archive a memory")
IMPROVED_RESTORE = Act(name="restore", does="bring a memory back")
_CODE = "a person runs `brainops improvements repository add`"
REPOSITORY_ADD = Act(
    name="repository-add",
    does="let code be improved",
    who=NO_AGENT,
    proof=Proving.STRICT,
    way_out=_CODE,
    refusal=OperationBlocked,
)
REPOSITORY_REMOVE = Act(
    name="repository-remove",
    does="say which code may be changed",
    who=NO_AGENT,
    way_out=_CODE,
    refusal=OperationBlocked,
)
REPOSITORIES = Act(name="set-code_repositories", does="say which code may be changed", who=NO_AGENT)
CODE_APPLY = Act(does="apply code", who=PERSON, proof=Proving.ENROLLED, way_out=_IMPROVEMENTS)
SHARE_TRUST = Act(
    name="share_trust",
    does="listen to another instance",
    who=PERSON,
    proof=Proving.STRICT,
    way_out="a person says to whom this memory listens: brainops share trust",
    refusal=Conflict,
)
SHARE_DISTRUST = Act(name="share_distrust", does="listen to an instance no longer")
SHARE_EXPORT = Act(name="share_export", does="share what was learnt")
SHARE_REVOKE = Act(name="share_revoke", does="take a bundle back")
SHARE_IMPORT = Act(name="share_import", does="take in a bundle")

TABLE: dict[str, Act] = {name: value for name, value in globals().items() if isinstance(value, Act)}
