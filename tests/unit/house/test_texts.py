"""Pages say nothing of their own: every text stands in a translation file, and a translation has every text.

The page sources are read as code by the tools that build them; NOT RUN where these (web/node_modules) are not there.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
LACKING = 0.03  # of all texts: what was written in English last may wait for its translation so long


@cache
def said() -> dict[str, Any]:
    if not (ROOT / "web" / "node_modules" / "rolldown").exists():
        pytest.skip("NOT RUN: the pages' tools are not installed (python hatch_build.py build)")
    command = [sys.executable, "hatch_build.py", "node", "checks/texts.mjs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_no_page_says_anything_that_is_not_in_a_translation_file() -> None:
    assert said()["hard"] == []


def test_the_german_translation_has_no_text_of_another_shape() -> None:
    assert said()["odd"] == [], "in web/src/i18n/de: no longer in English, or a text where English has something else"


def test_the_german_translation_is_whole() -> None:
    lacks = said()["lacks"]
    assert said()["texts"] > 2000
    assert len(lacks) <= LACKING * said()["texts"], f"add to web/src/i18n/de: {', '.join(lacks)}"
