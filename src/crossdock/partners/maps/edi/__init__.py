"""Maps of X12 and EDIFACT: `language` says what may be declared, `reading` and `writing` run it."""

from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.maps.edi.language import FOLDER, Map, load, parse
from crossdock.partners.maps.edi.reading import read
from crossdock.partners.maps.edi.writing import Written, write

__all__ = ["FOLDER", "Canonical", "Map", "Written", "load", "parse", "read", "write"]
