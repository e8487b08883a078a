"""Configuration and connectors put together."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from crossdock.connect import roles, sandbox
from crossdock.connect.breaker import TRANSITIONS, BreakerLimits, State
from crossdock.connect.budget import BudgetLimits
from crossdock.connect.config import SystemConfig, from_environment
from crossdock.connect.gate import Gate, NotSent
from crossdock.connect.registry import VENDORS, operations
from crossdock.connect.sandbox import erp, payment
from crossdock.connect.sandbox.webhooks import UNRECOGNISED
from crossdock.connect.wire import Misfit, segment
from crossdock.errors import SetupError
from crossdock.flow.outcomes import Failed, Invocation, Remote
from crossdock.outbound import Client, Guard, Request, TransportProblem

DOCS = (Path(__file__).parents[3] / "docs/connectors.md").read_text(encoding="utf-8")
BASE = "http://127.0.0.1:9"


async def test_every_operation_of_every_tenant_is_a_remote_with_one_system() -> None:
    async with Client() as client:
        remotes = operations(sandbox.configs(BASE, ["norrland", "castell"]), client)
    assert set(remotes) == set(roles.OPERATIONS)
    assert all(isinstance(remote, Remote) for remote in remotes.values())
    assert remotes["notification.send"].system == "mail"
    assert remotes["erp.priceOrder"].system == "erp"


async def test_a_configuration_that_cannot_be_meant_is_refused() -> None:
    one = sandbox.configs(BASE, ["norrland"])[0]
    async with Client() as client:
        with pytest.raises(SetupError, match="vendor"):
            operations([msgspec.structs.replace(one, vendor="sap")], client)
        with pytest.raises(SetupError, match="found two"):
            operations([one, one], client)
        with pytest.raises(SetupError, match="one system"):
            operations([one, msgspec.structs.replace(one, tenant="castell", system="erp2")], client)


def test_a_secret_instead_of_its_reference_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="reference") as caught:
        SystemConfig(tenant="a", system="erp", vendor="sandbox.erp", base_url=BASE, key="hunter2hunter2")
    assert "hunter2" not in str(caught.value)


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_KEY", "one")
    (tmp_path / "key").write_text("two\nmore\n", encoding="utf-8")
    assert from_environment("env:ERP_KEY") == "one"
    assert from_environment(f"file:{tmp_path}/key") == "two"
    for reference in ("env:NO_SUCH", "file:/no/such", "vault:x"):
        with pytest.raises(SetupError):
            from_environment(reference)


async def test_no_object_holds_a_secret_and_a_changed_one_holds_at_once() -> None:
    configs = sandbox.configs(BASE, ["norrland"])
    async with Client() as client:
        remotes = operations(configs, client, secrets=sandbox.secrets("sesame", str))
    resolved = sandbox.secrets("sesame", str)(configs[0].key)
    assert len(resolved) == 64
    assert resolved not in repr([(r, vars(r)) for r in remotes.values()]) + repr(configs)


async def test_our_own_guards_refusal_is_a_configuration_error() -> None:
    async with Client() as client:
        remote = operations(sandbox.configs(BASE, ["norrland"]), client, secrets=lambda _: "k")["erp.customer"]
        call = Invocation(
            tenant_id="norrland",
            instance_id=uuid4(),
            at="/do/0",
            key="k",
            function="erp.customer",
            arguments={"customer_id": "C-1"},
            now=datetime(2026, 11, 23, tzinfo=UTC),
        )
        refused = await remote.perform(call)
    assert isinstance(refused, Failed)
    assert refused.error.type.endswith("/configuration")
    assert "this machine" in refused.error.detail


def test_a_reference_cannot_leave_its_path() -> None:
    assert segment("R-1/../x?y#z") == "R-1%2F..%2Fx%3Fy%23z"
    for bad in ("", ".", ".."):
        with pytest.raises(Misfit):
            segment(bad)


def test_minor_units_are_exact() -> None:
    decimal = payment.Decimal
    assert payment.to_minor(decimal("12.50"), "EUR") == 1250
    assert payment.to_minor(decimal("1250"), "JPY") == 1250
    assert payment.to_minor(decimal("1.250"), "KWD") == 1250
    assert payment.from_minor(1250, "eur") == decimal("12.50")
    with pytest.raises(Misfit):
        payment.to_minor(decimal("12.505"), "EUR")


def test_an_error_that_is_not_the_vendors_is_told_in_its_own_words() -> None:
    refusal = erp.VENDOR.refused(b"<html>502 Bad Gateway</html>")
    assert (refusal.code, refusal.message) == ("", "<html>502 Bad Gateway</html>")
    assert erp.VENDOR.refused(b"").message == "no reason given"


# ── the gate ─────────────────────────────────────────────────────────────────────────────────────────────────────


def gate(client: Client, now: Callable[[], float], told: list[tuple[State, str]]) -> Gate:
    return Gate(
        "acme",
        "erp",
        client,
        breaker=BreakerLimits(consecutive=2, cool_off_s=5),
        budget=BudgetLimits(),
        on_breaker=lambda tenant, system, state, detail: told.append((state, detail)),
        clock=now,
    )


async def test_the_gate_tells_each_change_of_state_once_and_why() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    now, told = [0.0], list[tuple[State, str]]()
    async with Client(guard=Guard(resolver=nowhere)) as client:
        this = gate(client, lambda: now[0], told)
        request = Request(method="GET", url="http://erp.example/")
        for _ in range(2):
            assert isinstance(await this.send(request), TransportProblem)
        assert isinstance(await this.send(request), NotSent)
        now[0] = 5.0
        assert isinstance(await this.send(request), TransportProblem)
    assert [state for state, _ in told] == [State.OPEN, State.HALF_OPEN, State.OPEN]
    assert "no such name" in told[0][1]


async def test_a_cancelled_canary_does_not_keep_the_circuit_half_open() -> None:
    asked, block = asyncio.Event(), False

    async def resolver(host: str, port: int) -> list[str]:
        if block:
            asked.set()
            await asyncio.Event().wait()
        raise OSError("no such name")

    now, told = [0.0], list[tuple[State, str]]()
    async with Client(guard=Guard(resolver=resolver)) as client:
        this = gate(client, lambda: now[0], told)
        request = Request(method="GET", url="http://erp.example/")
        for _ in range(2):
            await this.send(request)
        now[0], block = 5.0, True
        canary = asyncio.create_task(this.send(request))
        await asked.wait()
        assert isinstance(await this.send(request), NotSent)  # one canary is enough
        canary.cancel()
        await asyncio.gather(canary, return_exceptions=True)
        block = False
        assert isinstance(await this.send(request), TransportProblem)  # the next one is let through


# ── the page that describes all this ─────────────────────────────────────────────────────────────────────────────


def test_the_documentation_names_every_operation_setting_vendor_state_and_event() -> None:
    rows = {line.split("|")[1].strip(): line for line in DOCS.splitlines() if line.startswith("| ")}
    for name, role in roles.OPERATIONS.items():
        cells = [cell.strip() for cell in rows[name].split("|")]
        assert cells[2] == ("yes" if role.safe else ""), name
        assert cells[3] == (role.undo.operation if role.undo else ""), name
    words = set(re.findall(r"[\w.-]+", DOCS))
    assert set(SystemConfig.__struct_fields__) <= words
    assert {*BreakerLimits.__struct_fields__, *BudgetLimits.__struct_fields__} <= words
    assert set(VENDORS) <= words
    assert UNRECOGNISED in words
    for (before, signal), after in TRANSITIONS.items():
        row = rf"\| {before} \| {signal}\b.*\| {after}\b".replace("_", "-")
        assert re.search(row, DOCS), (before, signal)
