"""Who goes on with the runs that are due? A small loop in a process that has the time.

It looks at states, never at messages: what is due is due whether or not somebody was woken. A nudge only shortens the
wait. One look is one indexed statement; the less there is to do, the rarer they become.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from brainops.errors import BrainOpsError, StoreError
from brainops.procedures.runs.attempts import Threads
from brainops.procedures.runs.clock import Patience, Timer
from brainops.procedures.runs.runner import Runner
from brainops.store import Store, acts
from brainops.types import Run
from brainops.types.times import SECOND_MICROS

TIMERS = 200  # runs that are due first, of which a loop remembers since when it has seen them
RUNS_AT_ONCE = 4  # in one process; a wait takes none of these places
SHORTEST_REST_SECONDS = 0.02  # between two looks while there is something to do
LONGEST_REST_SECONDS = 0.25  # while a run has not ended: an answer given elsewhere is found this soon
WOKEN_REST_SECONDS = 2.0  # the same where an engine tells of it at once: what it did not tell is found this soon
WOKEN_SWEEPS = 20  # sweep intervals from one round to the next where an engine calls them, should it stop doing so
ROOM_SECONDS = 1.0  # between two looks whether the loop was stopped while an engine waits for room
IDLE_REST_SECONDS = 30.0  # while there is none: a run begun elsewhere, and nudged by nobody, is found this soon
GROWTH = 1.6  # of the rest, each time a look finds nothing
SWEEP_SECONDS = 15.0  # between two rounds of the sweeps that were handed in
SEEN_SECONDS = 10.0  # between two signs of life of a worker
FORGOTTEN_SECONDS = 86_400.0  # a worker that was not seen for so long is struck off
TROUBLE_SECONDS = 1.0  # after the store could not be used; twice that after each further time
MOST_TROUBLE_SECONDS = 60.0
STOP_SECONDS = 30.0  # that steps under way have to end when the loop is stopped; then their lease passes

Sweep = Callable[[], object]


log = logging.getLogger("brainops")


class Lane:
    """What a dispatcher does in one namespace, and when it looks there next.

    `mend` applies fixes that are due and judges those that have run, and returns how many moved: at once, at each look.
    `do_jobs` begins what waits to be done in the background, in a thread of its own.
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        sweeps: Sequence[Sweep] = (),
        *,
        mend: Callable[[], int] = lambda: 0,
        do_jobs: Callable[[], bool] = lambda: False,
    ) -> None:
        self.store = store
        self.runner = runner
        self.sweeps = sweeps
        self.mend = mend
        self.do_jobs = do_jobs
        self.begin()

    def begin(self) -> None:
        """Look at once, and know of nothing that was seen before."""
        self.patience = Patience(lease_seconds=self.runner.lease_seconds)
        self.next_look = self.next_sweep = self.next_sign = 0.0
        self.rest, self.trouble = SHORTEST_REST_SECONDS, TROUBLE_SECONDS
        self.started_at = 0


class Dispatcher:
    """Claims runs that are due and advances them, some at once; calls sweeps now and then. Made anew after a fork.

    It goes along lanes, one a namespace. In an engine it is a thread that begins with the first nudge; in
    `brainops worker` it is `run` in the foreground.
    """

    def __init__(self, *lanes: Lane, runs_at_once: int = RUNS_AT_ONCE, worker: bool = False, version: str = "") -> None:
        self._lanes = lanes
        self._runs_at_once = runs_at_once
        self._worker = worker
        self._version = version
        self._thread: threading.Thread | None = None
        self.woken = False  # whether an engine tells this loop what is due; it looks rarely by itself then
        self._begin_process()

    def _begin_process(self) -> None:
        self._process = os.getpid()
        self._nudged, self._stop = threading.Event(), threading.Event()
        self._threads = Threads("brainops-run")
        self._under_way: set[str] = set()
        self._changed = threading.Condition()
        self._thread = None
        for lane in self._lanes:
            lane.begin()

    def serve(self, lane: Lane) -> None:
        """Go along a further lane from now on."""
        self._lanes = (*self._lanes, lane)
        self._nudged.set()

    def nudge(self) -> None:
        """Say that there may be something to do; begins the thread where there is none. Returns at once."""
        self.begin()
        self._nudged.set()

    def begin(self) -> None:
        """Begin the thread where there is none; it looks in its own time. Returns at once."""
        if self._process != os.getpid():
            self._begin_process()
        if self._stop.is_set() or self._thread is not None:
            return
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self.run, name="brainops-dispatch", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Look at once, or once there is room; returns then, so that an engine tells other workers meanwhile."""
        with self._changed:
            while not self._stop.is_set() and len(self._under_way) >= self._runs_at_once:
                self._changed.wait(ROOM_SECONDS)
        self._nudged.set()

    def run(self) -> None:
        """Dispatch until `stop`; trouble with the store is waited out."""
        while not self._stop.is_set():
            for lane in self._lanes:
                if time.monotonic() >= lane.next_look:
                    # Look once, and say when to look again: the less there is to do, the later.
                    try:
                        found, wait, most = self._look(lane)
                        lane.trouble = TROUBLE_SECONDS
                        lane.rest = SHORTEST_REST_SECONDS if found else min(lane.rest * GROWTH, most)
                    except StoreError as error:
                        log.warning("runs wait for the store: %s", error)
                        wait = lane.rest = lane.trouble
                        lane.trouble = min(lane.trouble * 2, MOST_TROUBLE_SECONDS)
                    lane.next_look = time.monotonic() + min(wait, lane.rest)
            next_look = min((lane.next_look for lane in self._lanes), default=math.inf)
            if self._nudged.wait(max(0.0, min(next_look - time.monotonic(), IDLE_REST_SECONDS))):
                self._nudged.clear()
                for lane in self._lanes:
                    lane.next_look, lane.rest = 0.0, SHORTEST_REST_SECONDS
        for lane in self._lanes:
            lane.runner.hand_back()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._under_way, STOP_SECONDS):
                log.warning("%s runs were still under way; others go on with them", len(self._under_way))
        if not self._worker:
            return
        for lane in self._lanes:
            try:
                with lane.store.writing(acts.RUN, acts.ITSELF) as tx:
                    forgotten = lane.store.now() - int(FORGOTTEN_SECONDS * SECOND_MICROS)
                    tx.runs.remove_worker(lane.runner.owner, forgotten)
            except StoreError as error:
                log.warning("the worker could not be struck off: %s", error)

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what is under way ended, or took too long."""
        self._stop.set()
        self._nudged.set()

    def close(self) -> None:
        """Stop, and wait for the thread."""
        if self._process != os.getpid():
            return
        self.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(STOP_SECONDS + 5)

    def _look(self, lane: Lane) -> tuple[bool, float, float]:
        """Take what is due; return whether something was, the seconds until the next is, and the longest rest."""
        if self._worker and time.monotonic() >= lane.next_sign:
            lane.next_sign = time.monotonic() + SEEN_SECONDS
            with lane.store.writing(acts.RUN, acts.ITSELF) as tx:
                now = lane.store.now()
                lane.started_at = lane.started_at or now
                host = socket.gethostname()[:100]
                tx.runs.worker_seen(lane.runner.owner, host, self._version, lane.started_at, now)
        if time.monotonic() >= lane.next_sweep:
            self._sweep(lane)
        with lane.store.read() as tx:
            now = lane.store.now()
            seen, timers = tx.runs.look(now), tx.runs.timers(TIMERS)
        if seen["jobs"]:
            self._called(lane.do_jobs)
        mended = bool(seen["fixes"]) and self._called(lane.mend)
        open_rest = WOKEN_REST_SECONDS if self.woken else LONGEST_REST_SECONDS
        most = open_rest if seen["open"] or seen["fixes"] or seen["jobs"] else IDLE_REST_SECONDS
        ripe = lane.patience.look(
            [Timer(id=t["id"], due_at=t["due_at"], owned=t["owner"] is not None) for t in timers], now
        )
        if not seen["answered"] and ripe.next_seconds != 0.0:
            return mended, most if ripe.next_seconds is None else ripe.next_seconds, most
        room = self._runs_at_once - len(self._under_way)
        if room <= 0:
            return False, most, most  # the end of a run under way is a nudge
        claimed = lane.runner.claim_due(room, ripe)
        for run in claimed:
            with self._changed:
                self._under_way.add(run.id)
            self._threads.submit(partial(self._carry_on, lane, run))
        return bool(claimed), SHORTEST_REST_SECONDS if claimed else most, most

    def _carry_on(self, lane: Lane, run: Run) -> None:
        try:
            lane.runner.carry_on(run)
        except BrainOpsError as error:
            log.warning("the run %s waits for its lease to pass: %s", run.id, error)
        except Exception:  # a mistake of ours in one run must not end the loop that all others need
            log.exception("the run %s cannot be advanced here; it is tried again when its lease has passed", run.id)
        finally:
            with self._changed:
                self._under_way.discard(run.id)
                self._changed.notify_all()
            self._nudged.set()

    def sweep(self) -> None:
        """Call every sweep once; the loop does so by itself now and then, an engine once per tick over all workers."""
        for lane in self._lanes:
            self._sweep(lane)

    def _sweep(self, lane: Lane) -> None:
        lane.next_sweep = time.monotonic() + SWEEP_SECONDS * (WOKEN_SWEEPS if self.woken else 1)
        for sweep in lane.sweeps:
            self._called(sweep)

    def _called(self, sweep: Sweep) -> bool:
        """Call a sweep and say whether something moved."""
        try:
            return bool(sweep())
        except Exception:  # one sweep that fails must not keep the others, or the runs, from being looked at
            log.exception("a sweep failed; it is called again")
            return False
