"""What the engine tells us in its own transaction: outages, doubts, stuck and ended instances (engine.hooks.Hooks)."""

from datetime import datetime
from uuid import UUID

from crossdock.cases import approvals, casework, holds, incidents, sla, throttle
from crossdock.cases.casework import Answers, Offer
from crossdock.db import Tx
from crossdock.flow.outcomes import Invocation

REPAIRED = Offer(
    id="repaired", label="Repaired", effect="The case is closed; the instance was resumed or handled by hand"
)


class People:
    """Turns what the engine cannot settle by itself into work for people."""

    async def held(self, tx: Tx, call: Invocation, system: str, detail: str) -> None:
        await incidents.held(tx, call.tenant_id, system, call.business_key, detail, call.now)

    async def recovered(self, tx: Tx, tenant_id: str, system: str, now: datetime) -> None:
        await incidents.recovered(tx, tenant_id, system, now)

    async def unresolved(self, tx: Tx, call: Invocation, system: str, detail: str) -> None:
        new = casework.New(
            kind="unknown-outcome",
            queue="integration",
            severity="critical",
            title=f"Did {call.function} happen in {system}? Order {call.business_key}",
            reason="The answer was lost, and looking it up could not tell",
            detail=detail,
            order=call.business_key,
            evidence={"function": call.function, "system": system, "key": call.key, "arguments": call.arguments},
            data={},
            actions=(casework.HAPPENED, casework.NOT_HAPPENED),
            key=f"unknown/{call.key}",
            instance_id=call.instance_id,
            at=call.at,
            answers=Answers.OUTCOME,
        )
        await casework.open_case(tx, call.tenant_id, new, call.now)

    async def stuck(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None:
        await self._technical(tx, tenant_id, instance_id, business_key, "instance-stuck", detail, now)

    async def faulted(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None:
        await self._technical(tx, tenant_id, instance_id, business_key, "instance-faulted", detail, now)

    async def reopened(self, tx: Tx, tenant_id: str, instance_id: UUID, now: datetime) -> None:
        await casework.close_technical(tx, tenant_id, instance_id, now)

    async def withdraw(self, tx: Tx, tenant_id: str, instance_id: UUID, at: str | None, now: datetime) -> None:
        """Voids what people are asked for a task run (at None: a whole instance) that needs no answer any more."""
        await casework.withdraw(tx, tenant_id, instance_id, at, now)
        await approvals.withdraw(tx, tenant_id, instance_id, at, now)
        await holds.withdraw(tx, tenant_id, instance_id, at, now)
        await throttle.withdraw(tx, tenant_id, instance_id, at)
        if at is None:
            await sla.withdraw(tx, tenant_id, instance_id, now)

    async def _technical(
        self, tx: Tx, tenant_id: str, instance_id: UUID, order: str, kind: str, detail: str, now: datetime
    ) -> None:
        does = "cannot go on" if kind == "instance-stuck" else "ended with an error"
        new = casework.New(
            kind=kind,
            queue="integration",
            severity="critical",
            title=f"The process of order {order} {does}" if order else f"A process {does}",
            reason=detail,
            order=order,
            evidence={"instance": str(instance_id), "detail": detail},
            actions=(REPAIRED,),
            key=f"{kind}/{instance_id}",
            instance_id=instance_id,
        )
        await casework.open_case(tx, tenant_id, new, now)
