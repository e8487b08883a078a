"""`crossdock intake`: every document is accounted for, with or without a database."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crossdock.db import Database
from crossdock.outbound.mail import Mailer
from crossdock.partners import cli

ISA = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*000000001*0*P*>~"
X12 = (
    f"{ISA}GS*PO*B*N*20260102*0900*1*X*004010~ST*850*0001~BEG*00*SA*45**20260102~"
    "PO1*1*10*EA*2.50**VP*SKU-1~CTT*1~SE*5*0001~GE*1*1~IEA*1*000000001~"
)


@pytest.fixture
def run(app_dsn: str) -> Callable[..., list[dict[str, object]]]:
    async def open_database() -> Database:
        return await Database.open(app_dsn)

    app = typer.Typer()
    cli.register(app, open_database, lambda: (Mailer(None, None), ""))
    app.command("other")(lambda: None)

    def invoke(*arguments: object) -> list[dict[str, object]]:
        got = CliRunner().invoke(app, ["intake", *map(str, arguments), "--json"])
        assert got.exit_code == 0, got.output
        return [json.loads(line) for line in got.stdout.splitlines()]

    return invoke


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.edi").write_text(X12)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.csv").write_text("po,customer,sku,qty\n1,C-1,A,2\n2,C-1,A,x\n")
    (tmp_path / "empty.edi").write_text("")
    (tmp_path / ".hidden").write_text("no document")
    return tmp_path


def test_a_folder_is_walked_and_every_document_accounted_for(run: Callable[..., list[dict[str, object]]], folder: Path):
    got = run(folder, folder / "missing.edi", "--tenant", "norrland", "--adopt-partners")
    assert [(Path(str(r["file"])).name, r["index"], r["status"], r["order"]) for r in got] == [
        ("a.edi", 0, "accepted", "SO-10001"),
        ("c.csv", 0, "accepted", "SO-10002"),
        ("c.csv", 1, "rejected", None),
        ("empty.edi", 0, "rejected", None),
        ("missing.edi", 0, "rejected", None),
    ]
    assert (got[0]["lines"], got[0]["total"], got[0]["currency"], got[0]["errors"]) == (1, "25.00", "USD", [])
    assert list(got[0])[:9] == ["file", "index", "type", "status", "order", "lines", "total", "currency", "errors"]
    assert set(got[2]["errors"][0]) >= {"code", "where", "expected", "found", "fix"}  # type: ignore[index]
    again = run(folder / "a.edi", "--tenant", "norrland")
    assert (again[0]["status"], again[0]["order"]) == ("duplicate", "SO-10001")


def test_a_file_name_that_is_not_utf8_is_shown_escaped(run: Callable[..., list[dict[str, object]]], folder: Path):
    (folder / "b" / os.fsdecode(b"bad\xff.csv")).write_text("po,customer,sku,qty\n3,C-1,A,2\n")
    for how in (["--dry-run"], ["--tenant", "norrland"]):
        got = run(folder / "b", "--adopt-partners", *how)
        assert [Path(str(r["file"])).name for r in got] == ["bad\\xff.csv", "c.csv", "c.csv"]


def test_without_adoption_a_stranger_is_held(run: Callable[..., list[dict[str, object]]], folder: Path):
    assert [r["status"] for r in run(folder / "a.edi", "--tenant", "norrland")] == ["held"]


def test_a_dry_run_opens_no_database(folder: Path):
    async def open_database() -> Database:
        raise AssertionError("a dry run needs none")

    app = typer.Typer()
    cli.register(app, open_database, lambda: (Mailer(None, None), ""))
    app.command("other")(lambda: None)
    got = CliRunner().invoke(app, ["intake", str(folder), "--dry-run", "--adopt-partners"])
    assert got.exit_code == 0, got.output
    assert "4 documents: 2 accepted, 2 rejected" in got.stdout
    unknown = CliRunner().invoke(app, ["intake", str(folder), "--dry-run", "--partner", "nobody"])
    assert unknown.exit_code == 2
