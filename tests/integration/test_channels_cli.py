"""`crossdock channel …` as an operator uses it, on a database and a folder of its own."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.channels import BOLTS, T, order

from crossdock import exactjson
from crossdock.db import Database
from crossdock.partners import intake


def crossdock(*arguments: str, environment: dict[str, str], status: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "crossdock.cli", "channel", *arguments], env=environment, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr.decode()
    return exactjson.loads(done.stdout) if status == 0 and done.stdout else done.stderr.decode()


async def test_a_channel_from_its_declaration_to_its_arrivals(
    database: Database, app_dsn: str, admin_dsn: str, tmp_path: Path
) -> None:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    vault, folders = tmp_path / "vault" / T, tmp_path / "folders"
    vault.mkdir(parents=True)
    (folders / T / "bolts").mkdir(parents=True)
    environment = {
        **os.environ, "CROSSDOCK_DATABASE_URL": app_dsn, "CROSSDOCK_DATABASE_ADMIN_URL": admin_dsn,
        "CROSSDOCK_CHANNEL_FOLDERS": str(folders), "CROSSDOCK_WORKFLOW_SECRETS": str(vault.parent),
    }  # fmt: skip

    async def run(*arguments: str, status: int = 0, tenant: bool = True) -> Any:
        more = ("--tenant", T) if tenant else ()
        return await asyncio.to_thread(crossdock, *arguments, *more, environment=environment, status=status)

    wrong = await run("add", "files", "folder", "--partner", "bolts", "--set", "pth=bolts", status=2)
    assert "path, pattern, settle_s" in wrong
    declared = await run(
        *("add", "files", "folder", "--partner", "bolts", "--direction", "both"),
        *("--set", "path=bolts", "--set", "settle_s=0"),
    )
    assert (declared["kind"], declared["settings"]) == ("folder", {"path": "bolts", "settle_s": 0})
    (folders / T / "bolts" / "order.edi").write_bytes(order())
    assert "1 files wait" in (await run("test", "files"))["found"]
    assert (await run("run", "files"))["taken"] == 1
    [arrival] = await run("arrivals", "files")
    assert (arrival["name"], arrival["outcome"]) == ("order.edi", "stored")
    assert [d["state"] for d in await run("deliveries")] == ["delivered"]
    await run("disable", "files")
    assert [c["enabled"] for c in await run("list")] == [False]
    key, certificate = vault / "as2-key", tmp_path / "our.pem"
    made = ("certificate", "create", "Norrland", "--key-file", str(key), "--certificate-file", str(certificate))
    await run(*made, tenant=False)
    assert key.stat().st_mode & 0o777 == 0o600
    await run(*made, tenant=False, status=2)  # a key is not overwritten
    added = await run("certificate", "add", str(certificate), "--key-secret", "as2-key")
    [held] = await run("certificate", "list")
    assert (held["fingerprint"], held["usable"], held["subject"]) == (added["fingerprint"], True, "CN=Norrland")
    await run("certificate", "withdraw", added["fingerprint"])
    assert [c["usable"] for c in await run("certificate", "list")] == [False]
