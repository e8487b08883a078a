"""Tables of codes, and where the library keeps the declared data of maps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


class Unknown(StrEnum):
    """What becomes of a code that a table does not know."""

    HOLD = ""
    KEEP = "?"
    SKIP = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """words: by code. codes: by word, the first code of each, and those that `written` adds for words never read.

    by_length: instead, by the length of the value.
    """

    name: str
    words: Mapping[str, str]
    codes: Mapping[str, str]
    by_length: Mapping[str, Mapping[int, str]]


def table(name: str, data: Mapping[Any, Any]) -> Table:
    by_length = {w: {int(n): str(c) for n, c in m.items()} for w, m in data.get("by_length", {}).items()}
    words = {str(c): str(w) for c, w in data.items() if c not in {"by_length", "written"}}
    codes: dict[str, str] = {}
    for code, word in words.items():
        codes.setdefault(word, code)
    codes |= {str(w): str(c) for w, c in data.get("written", {}).items()}
    return Table(name, words, codes, by_length)


def library(folder: str, name: str) -> dict[str, Any]:
    """The declared data of a map, or the codes shared by a syntax; KeyError when there is none of that name."""
    file = files("crossdock.library").joinpath("partners", "maps", *folder.split("/"), f"{name}.yaml")
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.is_file():
        raise KeyError(name)
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@cache
def shared(folder: str) -> dict[str, Any]:
    """By syntax: what its maps have in common."""
    return library(folder, "codes")
