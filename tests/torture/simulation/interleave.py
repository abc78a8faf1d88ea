"""A scheduler that decides, statement by statement, which of several threads goes on.

Each thread stops before and after each exchange with the database; one at a time is let go on. A
statement that waits for another's lock (`pg_blocking_pids`) leaves its thread blocked, and the
process of the server that waits is stopped (SIGSTOP): when locks become free, those who waited for
them are let go on one after the other, who came first first, though PostgreSQL would let them race.
Nothing depends on how fast anything is: the next choice is made when nothing moves any more. So the
same choices are always the same history.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Condition, Thread, local
from time import monotonic
from typing import Any, Literal

import psycopg

State = Literal["before", "running", "blocked", "after", "done"]
Fault = Literal["cut before", "cut after"]

STUCK = 30.0
"""Seconds without anything that could go on, after which the run is given up."""

_thread = local()


class Stuck(AssertionError):
    """Nobody can go on: all wait for each other, or for what never comes."""


class Task:
    """One of those who are interleaved; `label` says at which exchange it is.

    `pid` is the process of the server that it speaks with, 0 where it speaks with none.
    """

    def __init__(
        self, name: str, work: Callable[[], None], turn: Condition, leaving: set[int]
    ) -> None:
        self.name = name
        self.turn = turn
        self.leaving = leaving
        self.state: State = "running"
        self.label = ""
        self.fault: Fault | None = None
        self.connection: psycopg.Connection[Any] | None = None
        self.pid = 0
        self.failure: BaseException | None = None
        self.thread = Thread(target=self._run, args=(work,), name=name, daemon=True)

    def _run(self, work: Callable[[], None]) -> None:
        _thread.task = self
        try:
            work()
        except BaseException as failure:
            self.failure = failure
        self._stop("done", "done")

    def stop(self, state: State, label: str) -> Fault | None:
        """Stop at an exchange until it is this task's turn; return what is to happen there."""
        self._stop(state, label)
        with self.turn:
            while self.state != "running":
                self.turn.wait()
            fault, self.fault = self.fault, None
        if state == "after":  # a connection that is gone may wait on for a lock, but not its task
            self.pid = 0
        return fault

    def leave(self) -> None:
        """Break this task's connection under it; it will notice, and so will the server."""
        with self.turn:
            self.leaving.add(self.pid)
        self.cut()

    def cut(self) -> None:
        """Break this task's connection under it."""
        assert self.connection is not None
        with socket.socket(fileno=os.dup(self.connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    def _stop(self, state: State, label: str) -> None:
        with self.turn:
            self.state, self.label = state, label
            self.turn.notify_all()


def label(exchange: Any) -> str:
    """Return what an exchange with the database is: its statement, shortened."""
    if exchange.__name__ != "_execute_gen":
        return str(exchange.__name__).removeprefix("_").removesuffix("_gen")
    query = exchange.gi_frame.f_locals["query"]
    text = query.decode() if isinstance(query, bytes) else str(query)
    return " ".join(text.split())[:60]


_wait = psycopg.Connection.wait


def wait(self: psycopg.Connection[Any], exchange: Any, *given: Any, **named: Any) -> Any:
    """Stand in for psycopg's way to the database: a task stops before and after it."""
    task: Task | None = getattr(_thread, "task", None)
    if task is None:
        return _wait(self, exchange, *given, **named)
    task.connection, task.pid = self, self.info.backend_pid
    fault = task.stop("before", label(exchange))
    if fault == "cut before":
        task.leave()
    try:
        result = _wait(self, exchange, *given, **named)
    except psycopg.Error as error:
        task.stop("after", type(error).__name__)
        raise
    if fault == "cut after":
        task.leave()
        task.stop("after", "done, and cut")
        raise psycopg.OperationalError("the connection was cut after the exchange")
    task.stop("after", "done")
    return result


@contextmanager
def interposed() -> Iterator[None]:
    """Let tasks stop at exchanges; other threads are not touched."""
    psycopg.Connection.wait = wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        psycopg.Connection.wait = _wait  # type: ignore[method-assign]


class Scheduler:
    """Lets tasks go on, one at a time; `trace` tells it."""

    def __init__(self, monitor: psycopg.Connection[Any]) -> None:
        self.monitor = monitor
        self.turn = Condition()
        self.tasks: list[Task] = []
        self.trace: list[str] = []
        self.waiting: list[int] = []  # processes of the server that wait, who came first first
        self.leaving: set[int] = set()  # those whose clients are gone, until they are too

    def add(self, name: str, work: Callable[[], None]) -> None:
        """Add a task and let it come to its first exchange."""
        task = Task(name, work, self.turn, self.leaving)
        self.tasks.append(task)
        task.thread.start()
        self.settle()

    def stopped(self) -> list[Task]:
        """Return the tasks whose turn it may be."""
        return [task for task in self.tasks if task.state in {"before", "after"}]

    def blocked(self) -> list[Task]:
        """Return the tasks that wait for a lock."""
        return [task for task in self.tasks if task.state == "blocked"]

    def tell(self, text: str) -> int:
        """Add a line to the trace; return its number."""
        self.trace.append(f"{len(self.trace):4} {text}")
        return len(self.trace) - 1

    def go(self, task: Task, fault: Fault | None = None) -> None:
        """Let a task go on, to its next stop; cut its connection before or after the exchange."""
        self.tell(f"{task.name} {task.state:6} {task.label}{f' ! {fault}' if fault else ''}")
        with self.turn:
            task.state, task.fault = "running", fault
            self.turn.notify_all()
        self.settle()

    def terminate(self, task: Task) -> None:
        """End the server's process of a task, wherever the task is."""
        self.tell(f"{task.name} terminated, {task.state} {task.label}")
        self.monitor.execute("SELECT pg_terminate_backend(%s)", (task.pid,))
        self.leaving.add(task.pid)
        if task.state == "blocked":
            self._resume(task.pid)
        self.settle(stubborn=task.pid)

    def abandon(self, task: Task) -> None:
        """Cut the connection of a task that waits for a lock; the server notices when it has it."""
        self.tell(f"{task.name} gone, {task.state} {task.label}")
        task.state, task.pid = "running", 0
        task.cut()
        self.settle()

    def settle(self, stubborn: int = 0) -> None:
        """Let all that can go on of itself come to its stop.

        What the server's process `stubborn` waits for does not matter, as its end is near. Raises
        Stuck where it takes too long.
        """
        self._rest(stubborn)
        while (pid := self._free()) is not None:
            self._resume(pid)
            self._rest()
        # Of those who wait for each other PostgreSQL gives up who came last: only that one looks.
        while found := circle(self._waits(self.waiting)):
            pid = [pid for pid in self.waiting if pid in found][-1]
            self._resume(pid)
            self.settle(stubborn=pid)

    def close(self) -> None:
        """Leave no process of the server stopped."""
        for pid in self.waiting:
            os.kill(pid, signal.SIGCONT)

    def _resume(self, pid: int) -> None:
        """Let a process of the server that waits go on, with its task, if there still is one."""
        self.waiting.remove(pid)
        task = self._task(pid)
        if task is None:
            self.leaving.add(pid)
        else:
            task.state = "running"
        os.kill(pid, signal.SIGCONT)

    def _rest(self, stubborn: int = 0) -> None:
        """Wait until nothing moves; stop those processes of the server that wait for a lock."""
        until = monotonic() + STUCK
        while True:
            with self.turn:
                self.turn.wait_for(lambda: not self._running(), timeout=0.002)
                moving, leaving = {task.pid for task in self._running()}, set(self.leaving)
            if not moving and not leaving:
                return
            waits = self._waits([*moving, *leaving])
            self.leaving -= leaving - waits.keys()
            for pid, others in waits.items():
                if others and pid != stubborn:
                    self._wait_for_lock(pid)
            if monotonic() > until:
                raise Stuck(self._told())

    def _wait_for_lock(self, pid: int) -> None:
        """Note that a process waits, and stop it."""
        task = self._task(pid)
        with self.turn:
            if task is not None and task.state != "running":
                return  # it has got it meanwhile
            if task is not None:
                task.state = "blocked"
                self.tell(f"{task.name} waits")
        self.leaving.discard(pid)
        self.waiting.append(pid)
        os.kill(pid, signal.SIGSTOP)

    def _free(self) -> int | None:
        """Return who, of those who wait, has got the lock first."""
        waits = self._waits(self.waiting)
        return next((pid for pid in self.waiting if not waits.get(pid)), None)

    def _running(self) -> list[Task]:
        return [task for task in self.tasks if task.state == "running"]

    def _task(self, pid: int) -> Task | None:
        return next((task for task in self.tasks if task.pid == pid), None)

    def _waits(self, pids: Sequence[int]) -> dict[int, list[int]]:
        """Return for processes of the server that are there for whom they wait."""
        if not any(pids):
            return {}
        rows = self.monitor.execute(
            "SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE pid = ANY(%s)",
            (list(pids),),
        )
        return dict(rows.fetchall())

    def _told(self) -> str:
        states = ", ".join(f"{t.name} {t.state} {t.label}" for t in self.tasks)
        return "\n".join([*self.trace, states])


def circle(waits: Mapping[int, Collection[int]]) -> set[int]:
    """Return those who wait for each other, or for those who do."""
    left = set(waits)
    while free := {pid for pid in left if not left.intersection(waits[pid])}:
        left -= free
    return left
