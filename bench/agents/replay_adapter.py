"""The product's own choice of agents, as the replay of recorded outcomes takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brainops.agents.selection.selection import AgentCandidate, choose
from brainops.agents.selection.track_record import TrackRecord, Trial


class Chooser:
    """Chooses among arms and learns from each reward; a reward is the success of a task, whatever its scale."""

    def __init__(self, arms: Sequence[str], seed: int) -> None:
        self._candidates = [AgentCandidate(name=str(arm)) for arm in arms]
        self._record = TrackRecord()
        self._seed = seed * 1_000_003

    def choose(self, context: Mapping[str, str]) -> str:
        """Return the arm for a task."""
        group, text = str(context.get("group", "task")), str(context.get("text", ""))
        self._seed += 1
        return choose(self._candidates, self._record, task_class=group, text=text, seed=self._seed).agent

    def update(self, context: Mapping[str, str], arm: str, reward: float) -> None:
        """Learn how the arm did."""
        group, text = str(context.get("group", "task")), str(context.get("text", ""))
        self._record.add(Trial(agent=arm, task_class=group, text_key=text, success=reward))
