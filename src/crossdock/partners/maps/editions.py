"""Which map reads or writes a document: the library's, or the version that a tenant has made active.

An edition is a map in one version, told by its digest. Version 0 is the library's. A tenant's editions are kept self
contained (`complete`): the tables and parts that the library shares among maps are written into them, so that a new
release of the library never changes what a stored version means. Pure: the store gives a `Book` its editions.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, cast

from crossdock import exactjson
from crossdock.errors import CrossdockBug
from crossdock.flow import yaml12
from crossdock.partners.edi import guide as guides
from crossdock.partners.maps import edi, xml
from crossdock.partners.maps.tables import shared
from crossdock.partners.tabular import map as tabular
from crossdock.partners.tabular.map import TableMap

Declared: TypeAlias = edi.Map | xml.Map | TableMap
FOLDERS = {"edi": ("partners", "maps"), "xml": ("partners", "maps", "xml"), "table": ("maps",)}


class Language(StrEnum):
    """The three languages in which maps are declared."""

    EDI = "edi"
    XML = "xml"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Edition:
    """A map in one version. digest: of all that it says. version 0: the library's."""

    id: str
    version: int
    digest: str
    declared: Declared

    @property
    def shipped(self) -> bool:
        """It says what the library's map of its name says."""
        return self.id in shipped_ids() and self.digest == shipped(self.id).digest

    @property
    def language(self) -> Language:
        match self.declared:
            case edi.Map():
                return Language.EDI
            case xml.Map():
                return Language.XML
            case TableMap():
                return Language.TABLE

    @property
    def syntax(self) -> str:
        """x12, edifact, ubl, cxml or table."""
        match self.declared:
            case edi.Map(guide=guide):
                return guide.syntax
            case xml.Map(syntax=syntax):
                return syntax.name
            case TableMap():
                return "table"

    @property
    def type(self) -> str:
        """Of the documents it reads and writes: 855, ORDERS, Invoice, …"""
        match self.declared:
            case edi.Map(guide=guide):
                return guide.set
            case xml.Map(root=root):
                return root
            case TableMap():
                return "order"

    @property
    def object(self) -> str:
        return "PurchaseOrder" if isinstance(self.declared, TableMap) else self.declared.object.__name__

    @property
    def guide(self) -> str:
        return self.declared.guide.id if isinstance(self.declared, edi.Map) else ""

    @property
    def edi(self) -> edi.Map:
        if not isinstance(self.declared, edi.Map):
            raise CrossdockBug(f"Expected a map of segments, found {self.id}")
        return self.declared

    @property
    def xml(self) -> xml.Map:
        if not isinstance(self.declared, xml.Map):
            raise CrossdockBug(f"Expected a map of elements, found {self.id}")
        return self.declared


@dataclass(frozen=True, slots=True)
class ReadBy:
    """What a document was read or written by, as it is kept with it."""

    map: str
    version: int
    digest: str
    guide: str = ""
    guide_digest: str = ""


def read_by(edition: Edition, guide: str = "") -> ReadBy:
    """guide: the one that walked it, where that is not the map's own."""
    name = guide or edition.guide
    return ReadBy(edition.id, edition.version, edition.digest, name, guides.digest(name) if name else "")


@dataclass(frozen=True, slots=True)
class Book:
    """The editions in force: by map and partner, where the partner "" means all of a tenant's."""

    editions: Mapping[tuple[str, str], Edition] = field(default_factory=dict[tuple[str, str], Edition])

    def find(self, map_id: str, partner: str = "") -> Edition:
        """The partner's own, else the tenant's, else the library's. KeyError when there is none."""
        return self.editions.get((map_id, partner)) or self.editions.get((map_id, "")) or shipped(map_id)

    def tables(self, partner: str = "") -> dict[str, TableMap]:
        """The maps of tables, by id."""
        ids = dict.fromkeys([*tabular.shipped(), *(m for m, p in self.editions if p in {"", partner})])
        found = (self.find(m, partner).declared for m in ids)
        return {d.id: d for d in found if isinstance(d, TableMap)}

    def with_edition(self, edition: Edition, partner: str | None = None) -> "Book":
        """The same with one map changed: for one partner, or (None) for all, whatever they have of their own."""
        kept = {k: e for k, e in self.editions.items() if partner is not None or k[0] != edition.id}
        return Book({**kept, (edition.id, partner or ""): edition})


def language(data: Mapping[str, Any]) -> Language:
    """By what every map of a language must say."""
    if "guide" in data:
        return Language.EDI
    return Language.XML if "syntax" in data else Language.TABLE


def parse(data: Mapping[str, Any]) -> Declared:
    match language(data):
        case Language.EDI:
            return edi.parse(data)
        case Language.XML:
            return xml.parse(data)
        case Language.TABLE:
            return tabular.parse(data, str(data.get("id", "map")))


def complete(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same map with everything in it that it has from the library."""
    own = cast("dict[str, Any]", texts(data))
    match language(own):
        case Language.EDI:
            common = shared(edi.FOLDER)[guides.load(own["guide"]).syntax]
            return {**own, "tables": {**cast("dict[str, Any]", texts(common)), **own.get("tables", {})}}
        case Language.XML:
            common = cast("dict[str, Any]", texts(shared(xml.FOLDER)[own["syntax"]]))
            tables = {**common["tables"], **own.get("tables", {})}
            return {**own, "tables": tables, "parts": {**common.get("parts", {}), **own.get("parts", {})}}
        case Language.TABLE:
            return own


def texts(value: Any) -> Any:
    """With texts for keys, as JSON has them; the order stays, for the first code of a word is the one written."""
    if isinstance(value, Mapping):
        return {str(k): texts(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list):
        return [texts(v) for v in cast("list[Any]", value)]
    return value


def digest(completed: Mapping[str, Any]) -> str:
    return hashlib.sha256(exactjson.dumps(completed)).hexdigest()


def edition(map_id: str, version: int, completed: Mapping[str, Any]) -> Edition:
    return Edition(map_id, version, digest(completed), parse(completed))


# --- the library ----------------------------------------------------------------------------------------------------


@cache
def shipped_ids() -> tuple[str, ...]:
    found: list[str] = []
    for folder in FOLDERS.values():
        listed = files("crossdock.library").joinpath(*folder).iterdir()
        found += sorted(f.name.removesuffix(".yaml") for f in listed if f.name.endswith(".yaml"))
    return tuple(m for m in found if m != "codes")


@cache
def shipped_source(map_id: str) -> str:
    """The text of a map of the library. KeyError when there is none."""
    if map_id in shipped_ids():
        for folder in FOLDERS.values():
            file = files("crossdock.library").joinpath(*folder, f"{map_id}.yaml")
            if file.is_file():
                return file.read_text(encoding="utf-8")
    raise KeyError(map_id)


@cache
def shipped_data(map_id: str) -> dict[str, Any]:
    """What a map of the library says, by itself. Treat it as read only."""
    source = yaml12.read(shipped_source(map_id), f"{map_id}.yaml")
    if source.findings:
        raise CrossdockBug(f"The library's map {map_id}: {source.findings[0]}")
    return source.value


@cache
def shipped(map_id: str) -> Edition:
    return edition(map_id, 0, complete(shipped_data(map_id)))
