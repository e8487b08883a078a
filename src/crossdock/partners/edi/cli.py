"""`crossdock edi inspect FILE` and `crossdock edi write MAP`: the engine without a database."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from crossdock import exactjson
from crossdock.errors import CrossdockError, Finding, PartnerError
from crossdock.partners.edi import outbound, stream
from crossdock.partners.edi.walk import Node, Segment
from crossdock.partners.maps import edi as maps
from crossdock.partners.model import Severity
from crossdock.partners.profiles import Identifier
from crossdock.partners.x12.write import Address, Numbers

LINE = 160  # characters of a segment that are shown


def register(app: typer.Typer) -> None:
    edi = typer.Typer(help="X12 and EDIFACT without a database: look into a file, write a document.")
    app.add_typer(edi, name="edi")

    @edi.command("inspect")
    def inspect(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        file: Annotated[Path, typer.Argument(help="An X12 or EDIFACT file of any size")],
        json: Annotated[bool, typer.Option("--json", help="One JSON object per set, a line each")] = False,
        tree: Annotated[bool, typer.Option(help="Show the segments in their loops, with byte offsets")] = True,
    ) -> None:
        """Show what an interchange holds: loops, segments, byte offsets and every fault. Exits 1 when there is one."""
        faulty = False
        try:
            with file.open("rb") as source:
                for found in stream.read(source.read):
                    faulty = faulty or any(i.severity is Severity.ERROR for i in found.issues)
                    if json:
                        sys.stdout.buffer.write(exactjson.dumps(_plain(found)) + b"\n")
                    else:
                        for line in _lines(found, tree):
                            typer.echo(line)
        except OSError as e:
            typer.echo(f"{file}: {e.strerror}", err=True)
            raise typer.Exit(2) from e
        raise typer.Exit(1 if faulty else 0)

    @edi.command("write")
    def write(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        map_id: Annotated[str, typer.Argument(help="The map to write by: x12-855, edifact-desadv, …", metavar="MAP")],
        source: Annotated[Path, typer.Option("--from", help="The canonical document as JSON")],
        sender: Annotated[str, typer.Option(help="QUALIFIER:IDENTIFIER")] = "ZZ:SENDER",
        receiver: Annotated[str, typer.Option(help="QUALIFIER:IDENTIFIER")] = "ZZ:RECEIVER",
        number: Annotated[int, typer.Option(help="Control number of the interchange, its group and its set")] = 1,
        version: Annotated[str, typer.Option(help="X12 release")] = "004010",
        production: Annotated[bool, typer.Option(help="Not marked as a test")] = False,
    ) -> None:
        """Write a canonical document as X12 or EDIFACT to standard output; a test unless --production."""
        try:
            content = _content(map_id, source)
            address = Address(
                sender=_identifier(sender), receiver=_identifier(receiver), version=version, test=not production
            )
            document, now = outbound.document(map_id, content), datetime.now(UTC)
            if document.map.guide.syntax == "x12":
                raw = outbound.x12([document], address, Numbers(interchange=number, group=number, sets=(number,)), now)
            else:
                raw = outbound.edifact_interchange([document], address, number, [number], now)
        except CrossdockError as e:
            typer.echo(str(e), err=True)
            raise typer.Exit(2) from e
        sys.stdout.buffer.write(raw)


def _content(map_id: str, source: Path) -> maps.Canonical:
    try:
        declared = maps.load(map_id)
    except KeyError as e:
        text = "Give the name of a map in docs/edi.md."
        raise PartnerError([Finding("map.none", "MAP", "a declared map such as x12-855", map_id, text)]) from e
    try:
        data = exactjson.loads(source.read_bytes())
        return msgspec.convert(data, declared.object)
    except (OSError, msgspec.ValidationError, exactjson.DecodeError) as e:
        text = "Correct it; the fields are those of the canonical document."
        expected = f"a {declared.object.__name__} as JSON"
        raise PartnerError([Finding("map.source", str(source), expected, str(e), text)]) from e


def _identifier(text: str) -> Identifier:
    scheme, separator, value = text.partition(":")
    return Identifier(scheme, value) if separator else Identifier("ZZ", scheme)


def _plain(found: stream.Streamed) -> dict[str, Any]:
    return {
        "format": found.format,
        "type": found.type or None,
        "control": found.control or None,
        "interchange": found.interchange or None,
        "offset": found.offset,
        "segments": found.size,
        "faults": [{"severity": i.severity, **i.plain()} for i in found.issues],
        "canonical": found.content,
    }


def _lines(found: stream.Streamed, tree: bool) -> Iterator[str]:
    name = f"{found.type} {found.control}" if found.type else "envelope"
    size = f", {found.size} segments" if found.size else ""
    yield f"{found.format.upper()} interchange {found.interchange or '?'}: {name} at byte {found.offset}{size}"
    if tree and found.root is not None:
        yield from _tree(found.root, 1)
    for issue in found.issues:
        ack = f" ({issue.ack})" if issue.ack else ""
        yield f"  {issue.severity}: {issue.finding}{ack}"


def _tree(node: Node, depth: int) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, Node):
            yield f"{'  ' * depth}{child.name}"
            yield from _tree(child, depth + 1)
        else:
            yield f"{'  ' * depth}{child.offset:>8}  {_segment(child)}"
    for below in node.below:
        yield f"{'  ' * (depth + 1)}{below.name}"
        yield from _tree(below, depth + 2)


def _segment(segment: Segment) -> str:
    elements = (":".join(segment.parts(i)) for i in range(1, segment.size + 1))
    text = "".join(c if c.isprintable() else "·" for c in "*".join((segment.id, *elements)))
    return text if len(text) <= LINE else text[: LINE - 1] + "…"
