"""Which agents are there, and who may say so?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from brainops.agents.adapters.adapter import Callables
from brainops.agents.adapters.run import check_settings
from brainops.agents.presets import READY, ready
from brainops.agents.selection.candidates import withheld
from brainops.config import MAX_AGENT_CHARACTERS
from brainops.errors import InvalidInput, NotFound
from brainops.memory.redaction.redact import redact_json
from brainops.procedures.consent.limits import limits_in
from brainops.store import acts
from brainops.types import AdapterKind, Agent
from brainops.wire import checked, from_plain

if TYPE_CHECKING:
    from brainops.agents.adapters.adapter import AgentFunction
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import Actor, AgentLimits, Proof

MAX_AGENTS = 500  # of a namespace: all of them are looked at for every task


class Roster:
    """The agents that a namespace knows: registered, enabled, disabled, removed. Each change is on the trail."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self.callables = context.process.of(Callables)

    def register(
        self,
        agent: Agent | str,
        *,
        adapter: AdapterKind | str | None = None,
        limits: AgentLimits | Mapping[str, Any] | None = None,
        reason: str = "",
        proof: Proof | None = None,
        **fields_: Any,
    ) -> Agent:
        """Register an agent, or register it anew: an Agent, or its name with `adapter` and the fields of Agent.

        In a strict namespace no agent's session registers agents, and where people are enrolled who may approve it
        takes the proof of one of them. Raises InvalidInput, OperationBlocked, ApprovalUnproven.
        """
        drafted = agent if isinstance(agent, Agent) else _drafted(agent, adapter, limits, fields_)
        with self._context.store.writing(acts.AGENT_REGISTER, self._context.actor, proof) as tx:
            made = self._checked(drafted, tx.actor, reason or drafted.reason)
            before = self._known(tx, made.name)
            if before is None and len(tx.agents.list()) >= MAX_AGENTS:
                raise InvalidInput(f"a namespace has at most {MAX_AGENTS} agents; remove one first")
            tx.agents.put(made)
            tx.trail.append(
                made.name,
                made.created_at,
                adapter=made.adapter.value,
                settings=dict(made.settings),
                enabled=made.enabled,
                before=dict(before.settings) if before else None,
                reason=made.reason,
            )
        return made

    def register_callable(
        self, name: str, function: AgentFunction, *, cancellable: bool = False, **fields_: Any
    ) -> Agent:
        """Let a function of the task be an agent in this process: it returns JSON or an outcome, or raises.

        A `cancellable` one is called with (task, cancelled). What the store knows of the agent stays as it is where it
        is the same, so that a program may call this at every start.
        """
        self.callables.register(name, function, cancellable=cancellable)
        drafted = _drafted(name, AdapterKind.CALLABLE, fields_.pop("limits", None), fields_)
        with self._context.store.read() as tx:
            known = self._known(tx, name)
        if known is not None:  # whether it is enabled is for people to say
            kept = {name: getattr(known, name) for name in ("enabled", "created_at", "created_by", "reason")}
            if known == replace(drafted, **kept):
                return known
        return self.register(drafted)

    def ready(self, name: str | None = None) -> Sequence[Agent]:
        """Return the definitions that are known here, to be registered or changed: all, or that of one coding agent."""
        return [ready(each) for each in ((name,) if name is not None else READY)]

    def get(self, name: str) -> Agent:
        """Return an agent; raise NotFound."""
        with self._context.store.read() as tx:
            found = self._known(tx, name)
        if found is None:
            raise NotFound(f"there is no agent {str(name)[:80]!a} in the namespaces that you read: brainops agent list")
        return found

    def withheld(self, agent: Agent) -> str:
        """Return why an agent cannot be reached from here, such as a program that nobody allowed; "" where it can."""
        with self._context.store.read() as tx:
            return withheld(agent, limits_in(tx))

    def list(self, *, enabled: bool | None = None) -> Sequence[Agent]:
        """Return the agents by name; those that are enabled, or not, where that is asked."""
        with self._context.store.read() as tx:
            return [agent for agent in self.readable(tx) if enabled is None or agent.enabled is enabled]

    def enable(self, name: str, *, reason: str = "", proof: Proof | None = None) -> Agent:
        """Let an agent be chosen again; as `register` where the namespace is strict. Raises NotFound."""
        return self._switch(acts.AGENT_ENABLE, name, True, reason, proof)

    def disable(self, name: str, *, reason: str = "") -> Agent:
        """Let an agent be chosen no more; what it is at goes on to its end. Raises NotFound."""
        return self._switch(acts.AGENT_DISABLE, name, False, reason, None)

    def remove(self, name: str, *, reason: str) -> None:
        """Strike an agent off; what it did stays on record. Raises NotFound."""
        said, at = self._context.text(reason), self._context.store.now()
        with self._context.store.writing(acts.AGENT_REMOVE, self._context.actor) as tx:
            if not tx.agents.remove(name, said, at):
                raise _not_written(name)
            tx.trail.append(name, at, reason=said)

    def _switch(self, act: acts.Act, name: str, enabled: bool, reason: str, proof: Proof | None) -> Agent:
        said = self._context.text(reason)
        with self._context.store.writing(act, self._context.actor, proof) as tx:
            if not tx.agents.enable(name, enabled, said):
                raise _not_written(name)
            tx.trail.append(name, self._context.store.now(), reason=said)
        return self.get(name)

    def readable(self, tx: Transaction) -> Sequence[Agent]:
        """Return the agents by name; one of the written namespace stands before one of that name that is only read."""
        order = {namespace: number for number, namespace in enumerate((tx.scope.write, *tx.scope.read))}
        found: dict[str, tuple[int, Agent]] = {}
        for namespace, agent in tx.agents.list():
            rank = order.get(namespace, len(order))
            if agent.name not in found or rank < found[agent.name][0]:
                found[agent.name] = (rank, agent)
        return [agent for _, agent in (found[name] for name in sorted(found))]

    def _known(self, tx: Transaction, name: str) -> Agent | None:
        return next((agent for agent in self.readable(tx) if agent.name == name), None)

    def _checked(self, agent: Agent, by: Actor, reason: str) -> Agent:
        agent = checked(agent, "agent")
        name = agent.name
        if not name.strip() or len(name) > MAX_AGENT_CHARACTERS or name != self._context.text(name) or "\n" in name:
            raise InvalidInput(
                f"an agent's name is one line of at most {MAX_AGENT_CHARACTERS} characters, no secret, not {name!r:.80}"
            )
        redacted = redact_json(dict(agent.settings), self._context.redaction)
        if redacted.value != dict(agent.settings):
            raise InvalidInput(f"the settings of {name} hold a secret; write a reference to it instead: env:NAME")
        check_settings(agent)
        return replace(
            agent,
            description=self._context.text(agent.description),
            capabilities=tuple(self._context.text(each) for each in agent.capabilities if each.strip()),
            created_at=self._context.store.now(),
            created_by=by,
            reason=self._context.text(reason),
        )


def _drafted(name: str, adapter: AdapterKind | str | None, limits: Any, given: Mapping[str, Any]) -> Agent:
    if adapter is None:
        raise InvalidInput(f"an agent has a name and an adapter, one of {', '.join(AdapterKind)}")
    name = name.strip() if isinstance(name, str) else name
    return from_plain(Agent, {**given, "name": name, "adapter": adapter, "limits": limits or {}}, "agent", closed=True)


def _not_written(name: str) -> NotFound:
    return NotFound(f"the written namespace has no agent {str(name)[:80]!a}: brainops agent list")
