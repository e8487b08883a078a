"""What YAML does behind an author's back. Crossdock reads YAML 1.2; editors, templating and other tools often read 1.1,
in which the same text means something else."""

import re
from typing import Final

import yaml

from crossdock.flow.lint.remarks import Book

_BOOLEAN: Final = re.compile(r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$")
_OCTAL: Final = re.compile(r"^[-+]?0[0-9]+$")
_SEXAGESIMAL: Final = re.compile(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$")
_UNDERSCORE: Final = re.compile(r"^[-+]?[0-9]+(?:_[0-9]+)+(?:\.[0-9_]*)?$")
_INVISIBLE: Final = re.compile("[\u00a0\u00ad\u2000-\u200f\u2028\u2029\u202f\u2060\u3000\ufeff]")
_NAMES: Final = {"\u00a0": "a no-break space", "\u200b": "a zero-width space", "\ufeff": "a byte order mark"}


def check(book: Book, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        for found in _INVISIBLE.finditer(line.removeprefix("\ufeff") if number == 1 else line):
            name = _NAMES.get(found[0], f"the character U+{ord(found[0]):04X}")
            column = found.start() + 1
            book.put("yaml.invisible-character", number, column, "a plain space", name, "Replace it.", length=1)
    try:
        tokens: list[yaml.Token] = list(yaml.scan(text, Loader=yaml.SafeLoader))  # pyright: ignore
    except (yaml.YAMLError, RecursionError):
        return  # validation has said what is wrong with it
    key = False
    for token in tokens:
        match token:
            case yaml.KeyToken():
                key = True
            case yaml.ScalarToken():
                if token.plain:
                    _plain(book, token, key=key)
                key = False
            case yaml.ValueToken() | yaml.BlockEntryToken() | yaml.FlowEntryToken():
                key = False
            case _:
                pass


def _plain(book: Book, token: yaml.ScalarToken, *, key: bool) -> None:
    text = str(token.value)
    line, column = token.start_mark.line + 1, token.start_mark.column + 1
    if key:
        # `on:` is a word of the language; as a key nobody takes the others for what they are not
        if text == "<<":
            fix = "Write the keys out, or use an alias for the whole value."
            book.put("yaml.merge-key", line, column, "a key that YAML 1.2 knows", "'<<', which merges nothing", fix)
        return
    if _BOOLEAN.match(text):
        fix = f"Write true or false, or quote the word: '{text}'."
        book.put("yaml.boolean-word", line, column, "a value that all readers agree on", f"{text}, unquoted", fix)
    elif _OCTAL.match(text):
        fix = f"Quote it if it is a text ('{text}'); write {int(text)} if it is a number."
        book.put("yaml.octal-number", line, column, "a value that all readers agree on", f"{text}, unquoted", fix)
    elif _SEXAGESIMAL.match(text):
        book.put(
            "yaml.sexagesimal", line, column, "a value that all readers agree on", f"{text}, unquoted",
            f"Quote it: '{text}'.",
        )  # fmt: skip
    elif _UNDERSCORE.match(text):
        fix = f"Quote it if it is a text, or write {text.replace('_', '')}."
        book.put("yaml.underscore-number", line, column, "a value that all readers agree on", f"{text}, unquoted", fix)
