"""The jq library, for the few expressions that do not compile natively.

libjq can be neither interrupted nor bounded, holds the interpreter lock, and a hostile expression can end its process.
So it runs in a child process of its own, started with the first such expression, killed when it misses the deadline,
and started again by the next call.

What differs there: numbers are binary doubles, so integers beyond 2^53 and decimal fractions are not exact. Shipped
definitions therefore have no such expression, and publishing says which ones a definition has.
"""

import contextlib
import multiprocessing
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Final, Self, cast

from crossdock import exactjson
from crossdock.flow.jq import EvaluationError, LimitExceeded

DEADLINE_S: Final = 1.0  # of one evaluation; a native one takes microseconds
START_S: Final = 30.0  # of the child: it imports this package on a machine that may be busy
STOP_S: Final = 5.0
MOST_PROGRAMS: Final = 256  # compiled in the child; each costs about a millisecond to compile again
MOST_OUTPUTS: Final = 100_000
MEMORY_BYTES: Final = 1 << 30

# Shadows what reads clock, environment, files or further input, though the parser has refused these names already.
# halt would end the child; $ENV is the environment.
_SHADOWS: Final = """
def blocked($name): error($name + " is blocked");
def env: blocked("env"); def now: blocked("now"); def input: blocked("input"); def inputs: blocked("inputs");
def halt: blocked("halt"); def halt_error: blocked("halt_error"); def halt_error($code): blocked("halt_error");
def debug: .; def stderr: .; def input_filename: blocked("input_filename");
def input_line_number: blocked("input_line_number"); def localtime: blocked("localtime");
def strflocaltime(form): blocked("strflocaltime"); def modulemeta: blocked("modulemeta");
def get_search_list: blocked("get_search_list"); null as $ENV |
"""


class ProcessFallback:
    """A `FallbackEvaluator` over one child process. Calls from several threads take turns."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self.deadline_s = deadline_s
        self._context = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def evaluate_all(self, source: str, value: Any, variables: Mapping[str, Any]) -> list[Any]:
        """All outputs. Raises EvaluationError for the expression's error, LimitExceeded for a missed deadline."""
        request = exactjson.dumps({"source": source, "input": value, "variables": dict(variables)})
        with self._lock:
            pipe = self._pipe or self._start()
            try:
                pipe.send_bytes(request)
                if not pipe.poll(self.deadline_s):
                    self._kill()
                    raise LimitExceeded(
                        f"Expected a result within {self.deadline_s:g} s, found none: the expression was stopped"
                    )
                answer = exactjson.loads(pipe.recv_bytes())
            except (EOFError, OSError):
                self._kill()
                raise LimitExceeded("Expected a result, found that the expression ended its process") from None
        if "error" in answer:
            raise EvaluationError(answer["error"])
        return answer["outputs"]

    def close(self) -> None:
        with self._lock:
            self._kill()

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        child = self._context.Process(target=_serve, args=(theirs,), name="crossdock-jq", daemon=True)
        child.start()
        theirs.close()
        if not ours.poll(START_S) or ours.recv_bytes() != b"ready":
            child.kill()
            raise LimitExceeded(f"Expected the jq library's process within {START_S:g} s, found none")
        self._child, self._pipe = child, ours
        return ours

    def _kill(self) -> None:
        child, pipe, self._child, self._pipe = self._child, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if child is not None:
            child.kill()
            child.join(STOP_S)


def _serve(pipe: Connection) -> None:
    """The child: answers requests until the pipe closes."""
    import jq

    _bound_memory()
    programs: dict[str, Any] = {}
    pipe.send_bytes(b"ready")
    with contextlib.suppress(EOFError, OSError):
        while True:
            request = exactjson.loads(pipe.recv_bytes())
            try:
                program = _program(jq, programs, request)
                outputs: list[Any] = []
                for output in program.input_text(exactjson.text(request)):
                    outputs.append(output)
                    if len(outputs) > MOST_OUTPUTS:
                        raise ValueError(f"Expected at most {MOST_OUTPUTS:,} outputs, found more")
                answer = exactjson.dumps({"outputs": outputs})
            except (ValueError, MemoryError, RecursionError) as error:
                answer = exactjson.dumps({"error": str(error)})
            pipe.send_bytes(answer)


def _program(library: Any, programs: dict[str, Any], request: dict[str, Any]) -> Any:
    names = sorted(cast(dict[str, Any], request["variables"]))
    source = request["source"]
    key = "\0".join([source, *names])
    if key not in programs:
        if len(programs) >= MOST_PROGRAMS:
            programs.clear()
        # variables are fixed when the library compiles, so they travel in the input
        bindings = "".join(f".variables.{name} as ${name} | " for name in names)
        # the line break ends a comment at the end of the source
        programs[key] = library.compile(f"{_SHADOWS} {bindings} .input | ({source}\n)")
    return programs[key]


def _bound_memory() -> None:
    """Where the system can: a result that would fill the machine fails in the child instead."""
    try:
        import resource
    except ImportError:  # not on this system; the deadline still holds
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
