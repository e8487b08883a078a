"""Maps of UBL and cXML: `language` says what may be declared, `reading` and `writing` run it, `places` names places."""

from crossdock.partners.maps.xml.language import CAC, CBC, FOLDER, UBL_BASE, Map, load, parse
from crossdock.partners.maps.xml.places import bare, local, path, place
from crossdock.partners.maps.xml.reading import Origin, Reading, read
from crossdock.partners.maps.xml.writing import write

__all__ = [
    "CAC",
    "CBC",
    "FOLDER",
    "UBL_BASE",
    "Map",
    "Origin",
    "Reading",
    "bare",
    "load",
    "local",
    "parse",
    "path",
    "place",
    "read",
    "write",
]
