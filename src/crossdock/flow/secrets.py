"""Secrets stay names until the moment of a call.

In expressions `$secrets.token` yields a mark, never the value, so that no state, history or log can hold a secret. The
host puts the values in when it makes the call, and only those that the calling task itself names: a mark that came in
with somebody's data fills nothing.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from crossdock.flow import jsonlike

# Private-use characters: no text that people or systems write begins so by chance.
_OPEN, _CLOSE = "\ue05e", "\ue05f"
HIDDEN = "***"
SHORT = 6
_MARK = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


def mark(name: str) -> str:
    return f"{_OPEN}{name}{_CLOSE}"


def fill(arguments: Any, names: Collection[str], values: Mapping[str, Any]) -> Any:
    """The arguments with the marks of `names` replaced; a text that is only a mark becomes the value itself.

    Raises KeyError with the name of a secret that `values` lacks.
    """
    if not names:
        return arguments
    if isinstance(arguments, str):
        whole = _MARK.fullmatch(arguments)
        if whole is not None and whole[1] in names:
            return values[whole[1]]
        return _MARK.sub(lambda m: str(values[m[1]]) if m[1] in names else m[0], arguments)
    if (members := jsonlike.mapping(arguments)) is not None:
        return {name: fill(value, names, values) for name, value in members.items()}
    if (items := jsonlike.sequence(arguments)) is not None:
        return [fill(item, names, values) for item in items]
    return arguments


def hide(value: Any, names: Collection[str], values: Mapping[str, Any]) -> Any:
    """The value with the texts of these secrets taken out, also as a URL writes them: a system may repeat what it got.

    Shorter than SHORT, a secret is a word like any other, and taking it out would spoil the answer.
    """
    texts = {t for name in names if name in values for t in _texts(values[name]) if len(t) >= SHORT}
    forms = sorted({form for t in texts for form in (t, quote(t, safe=""), quote_plus(t))}, key=len, reverse=True)
    return _without(value, re.compile("|".join(map(re.escape, forms)))) if forms else value


def _without(value: Any, found: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return found.sub(HIDDEN, value)
    if (members := jsonlike.mapping(value)) is not None:
        return {found.sub(HIDDEN, name): _without(item, found) for name, item in members.items()}
    if (items := jsonlike.sequence(value)) is not None:
        return [_without(item, found) for item in items]
    return value


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if (members := jsonlike.mapping(value)) is not None:
        return [t for item in members.values() for t in _texts(item)]
    return [t for item in jsonlike.sequence(value) or [] for t in _texts(item)]
