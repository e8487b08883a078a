"""The built pages: files with a hash in their name are kept for ever, the entry page is asked for each time.

Any address that is no file belongs to the pages themselves, which know their own routes.
"""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

DIRECTORY = Path(str(files("crossdock.gateway").joinpath("static")))
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".wasm": "application/wasm"}
FILES = frozenset({*TYPES, ".css", ".map", ".png", ".ico", ".json", ".txt", ".xml", ".webmanifest"})
TEXTS = ("text/", "application/json", "image/svg+xml")
NOT_PAGES = ("api/", "hooks/", "shared/", "metrics", "livez", "readyz")
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Crossdock</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1.5rem}</style>
<h1>The control tower is not built</h1>
<p>Crossdock is running, and its interface answers at <code>/api</code>. The pages were left out of this installation:
it was made with <code>CROSSDOCK_UI=skip</code>, or from a checkout that was not built yet.</p>
<p>To build them, install again without that variable: <code>make install</code> in a checkout, or
<code>pip install --force-reinstall crossdock</code>. <code>crossdock doctor</code> says what is missing.</p></html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes | None
    media_type: str
    etag: str


class Built:
    """The files of one directory, read once and packed once; a new build is noticed by its time."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._directory = directory.resolve()
        self._files: dict[tuple[str, int, int], _File] = {}

    def answer(self, path: str, request: Request) -> Response:
        found = self._find(path)
        # files lie on top or in assets; deeper, a name with a dot is an order's or a workflow's
        file = path.startswith("assets/") or ("/" not in path and Path(path).suffix in FILES)
        if found is None and file:
            raise HTTPException(404, "No such file.")  # a missing script answered with a page would be a riddle
        name = path if found is not None else "index.html"
        found = found or self._find(name)
        if found is None:
            return HTMLResponse(NOT_BUILT, 503)
        kept = FOR_EVER if name.startswith("assets/") else ASK_AGAIN
        headers = {"Cache-Control": kept, "ETag": found.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == found.etag:
            return Response(status_code=304, headers=headers)
        content = found.content
        if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = found.packed, "gzip"
        return Response(content, media_type=found.media_type, headers=headers)

    def _find(self, path: str) -> _File | None:
        if any(p.startswith(".") for p in Path(path).parts):
            return None
        try:
            place = (self._directory / path).resolve()
            if not place.is_relative_to(self._directory):
                return None
            about = place.stat()
            if not place.is_file():
                return None
            key = (path, about.st_mtime_ns, about.st_size)
            if key not in self._files:
                self._files = {k: v for k, v in self._files.items() if k[0] != path}
                self._files[key] = _read(place)
            return self._files[key]
        except (OSError, ValueError):  # gone between the two, or a name that no file can have
            return None


def _read(place: Path) -> _File:
    content = place.read_bytes()
    media_type = TYPES.get(place.suffix) or guess_type(place.name)[0] or "application/octet-stream"
    texts = media_type.startswith(TEXTS)
    packed = gzip.compress(content, 6) if texts and len(content) > 1000 else None
    return _File(content, packed, media_type, f'"{hashlib.sha256(content).hexdigest()[:20]}"')


built = Built()


@router.get("/{path:path}", summary="The control tower")
async def page(path: str, request: Request) -> Response:
    """A file of the pages, or the entry page."""
    if path.startswith(NOT_PAGES) or path in ("api", "hooks"):
        raise HTTPException(404, "There is nothing at this address. /api/openapi.json describes what there is.")
    return built.answer(path, request)
