"""Secrets of workflows, as an operator lays them down: one file for each, `DIRECTORY/TENANT/NAME`.

That is how secrets are mounted into containers. A file is read when a call needs it, so that a new value holds from
the next call on; JSON becomes what it says (`use` wants an object), everything else is a text. No tenant reaches
another's directory: names of tenants and of secrets are no paths.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossdock import exactjson
from crossdock.flow import jsonlike

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
MOST_BYTES = 65_536


class Secrets(Mapping[str, Any]):
    """One tenant's secrets by name; a KeyError for one that is not there."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def __getitem__(self, name: str) -> Any:
        path = None if self._directory is None or not _NAME.match(name) else self._directory / name
        if path is None or not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise KeyError(name)
        text = path.read_text(encoding="utf-8").strip()
        try:
            found = jsonlike.mapping(exactjson.loads(text))
        except exactjson.DecodeError:
            return text
        return text if found is None else found  # a password of digits is no number

    def __iter__(self) -> Iterator[str]:
        if self._directory is None or not self._directory.is_dir():
            return iter(())
        return iter(sorted(p.name for p in self._directory.iterdir() if _NAME.match(p.name) and p.is_file()))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Vault:
    """directory: None where the operator has named none; then there are no secrets."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def of(self, tenant_id: str) -> Secrets:
        if self._directory is None or not _NAME.match(tenant_id):
            return Secrets(None)
        return Secrets(self._directory / tenant_id)
