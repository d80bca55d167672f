"""What does a success after failures teach every agent, and where is it kept?"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from brainops.agents.handover import LEARNT_TAG
from brainops.errors import InvalidInput, RecallLoop
from brainops.memory.capture import store as store_prepared
from brainops.memory.context import MemoryContext
from brainops.memory.draft import content_text, prepare
from brainops.procedures.consent.outbox import Outbox
from brainops.types import AgentLearning, Draft, Failed, MemoryType, NoticeKind, Source, Succeeded, Trust
from brainops_core.recognition.error_events import error_title
from brainops_core.redaction.injected import strip_injected

if TYPE_CHECKING:
    from brainops.store import Transaction
    from brainops.types import JSON, Execution

HOW_CHARACTERS = 1_500  # of what the successful agent said: enough to do likewise, and no report
ERROR_CHARACTERS = 300
IMPORTANCE = 0.6  # as an error's: what helped once is asked for whenever it goes wrong again

log = logging.getLogger("brainops")


class Keeper(Struct, frozen=True, kw_only=True):
    """Keeps what executions teach."""

    context: MemoryContext
    notices: Outbox

    def learn(self, tx: Transaction, execution: Execution, since: int) -> AgentLearning | None:
        """Keep who failed how at a task and who then succeeded, where somebody failed; told to channels, if any."""
        *failed, last = [attempt for attempt in execution.attempts if attempt.started_at >= since]
        errors = {
            each.agent: strip_injected(error_title(each.outcome.error))[:ERROR_CHARACTERS]
            for each in failed
            if each.success == 0.0 and isinstance(each.outcome, Failed)
        }
        if not errors:
            return None
        task_class = execution.task.task_class
        who = "; ".join(f"{agent} failed ({error})" for agent, error in errors.items())
        sentence = strip_injected(f"{task_class}: {who}; {last.agent} succeeded")
        result = last.outcome.result if isinstance(last.outcome, Succeeded) else None
        text = result if isinstance(result, str) else content_text(json.loads(json.dumps(result)))
        content: dict[str, JSON] = {
            "task": strip_injected(execution.task.text)[:HOW_CHARACTERS],
            "failed": dict(errors),
            "succeeded": last.agent,
            "how": strip_injected(text)[:HOW_CHARACTERS],
        }
        if execution.task.target:
            content["target"] = execution.task.target
        draft = Draft(
            title=sentence[:200],
            content=content,
            type=MemoryType.LEARNING_INSIGHT,
            tags=(LEARNT_TAG, last.agent[:100]),
            importance=IMPORTANCE,
            metadata={"execution": execution.id, "task_class": task_class},
            trust=Trust.AGENT,
            source=Source(
                actor=execution.actor,
                session_id=execution.task.session_id,
                operation_id=execution.operation_id,
                run_id=execution.run_id,
            ),
        )
        try:
            prepared = prepare(draft, self.context.redaction)
        except (InvalidInput, RecallLoop) as error:  # an agent's words must not keep its outcome from being recorded
            log.warning("what the execution %s taught could not be kept: %s", execution.id, error)
            return None
        kept = store_prepared(tx, prepared, draft.source, self.context, None)
        if tx.approvals.channels():  # a person reads it in guidance; a channel is told at once
            self.notices.put(tx, NoticeKind.AGENT_LEARNED, sentence, execution=execution.id, memory=kept.id)
        return AgentLearning(
            memory_id=kept.id,
            execution_id=execution.id,
            task_class=task_class,
            failed=errors,
            succeeded=last.agent,
            sentence=sentence,
            at=self.context.store.now(),
        )
