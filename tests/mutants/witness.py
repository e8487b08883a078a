"""A pytest plugin that keeps, for each test of a run, how it ended: with which exception, and in which phase.

pytest's own exit status cannot tell a promise that was found broken from code that could not be imported.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import crossdock

FILE = "CROSSDOCK_MUTANT_WITNESS"
_seen: dict[str, Any] = {"code": str(Path(crossdock.__file__).parent), "tests": []}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" or report.outcome != "passed":
        words = names(call.excinfo.value) if call.excinfo is not None else []
        said = str(call.excinfo.value).strip() if call.excinfo is not None else ""
        line = said.splitlines()[0][:200] if said else ""
        _seen["tests"].append(
            {"id": item.nodeid, "phase": call.when, "outcome": report.outcome, "raised": words, "said": line}
        )
    return report


def names(error: BaseException) -> list[str]:
    """The classes of an exception, and of those inside a group: `AssertionError`, pytest's `Failed`, …"""
    found = [c.__name__ for c in type(error).__mro__ if c not in (object, BaseException, Exception)]
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            found += names(inner)
    return found


def pytest_sessionfinish() -> None:
    Path(os.environ[FILE]).write_text(json.dumps(_seen))
