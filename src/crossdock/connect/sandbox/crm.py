"""The sandbox's CRM: camelCase below an envelope `data`, money as {value, currencyCode}.

Business identity: a proposal by its inquiry and revision, an account by the reference it was made under.
"""

from typing import Any

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Refusal, Vendor, action, one, plain, read


class Money(msgspec.Struct, frozen=True, rename="camel"):
    value: str
    currency_code: str


class Proposal(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    inquiry: str
    revision: int
    total: Money


class _Proposal(msgspec.Struct, frozen=True):
    data: Proposal


class _Proposals(msgspec.Struct, frozen=True):
    data: tuple[Proposal, ...]


class Account(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    external_reference: str
    customer_number: str


class _Account(msgspec.Struct, frozen=True):
    data: Account


class _Accounts(msgspec.Struct, frozen=True):
    data: tuple[Account, ...]


def _ask_proposal(a: roles.ProposeArguments) -> Ask:
    positions = [
        {
            "position": n.line,
            "product": n.sku,
            "count": plain(n.quantity),
            "packaging": n.unit,
            "price": {"value": plain(n.unit_price), "currencyCode": a.currency},
        }
        for n in a.lines
    ]
    body: dict[str, Any] = {
        "inquiry": a.quote,
        "revision": a.revision,
        "customerNumber": a.customer_id,
        "total": {"value": plain(a.total), "currencyCode": a.currency},
        "validThrough": a.valid_until.isoformat(),
        "positions": positions,
    }
    return Ask("POST", "/v3/proposals", body=body)


def _read_proposal(a: roles.ProposeArguments, body: bytes) -> roles.Proposal:
    return roles.Proposal(proposal=read(_Proposal, body).data.id)


def _find_proposal(a: roles.ProposeArguments) -> Ask:
    return Ask("GET", "/v3/proposals", {"inquiry": a.quote})


def _found_proposal(a: roles.ProposeArguments, body: bytes) -> roles.Proposal | None:
    same = [p for p in read(_Proposals, body).data if (p.revision, p.total.value) == (a.revision, plain(a.total))]
    found = one(same, "proposals")
    return roles.Proposal(proposal=found.id) if found else None


def _ask_account(a: roles.CreateAccountArguments) -> Ask:
    body = {"externalReference": a.application, "customerNumber": a.customer_id, "name": a.name, "email": a.email}
    return Ask("POST", "/v3/accounts", body=body)


def _read_account(a: roles.CreateAccountArguments, body: bytes) -> roles.Account:
    return roles.Account(account=read(_Account, body).data.id)


def _find_account(a: roles.CreateAccountArguments) -> Ask:
    return Ask("GET", "/v3/accounts", {"externalReference": a.application})


def _found_account(a: roles.CreateAccountArguments, body: bytes) -> roles.Account | None:
    found = one([x for x in read(_Accounts, body).data if x.customer_number == a.customer_id], "accounts")
    return roles.Account(account=found.id) if found else None


class _Fault(msgspec.Struct, frozen=True, rename="camel"):
    fault_code: str = ""
    explanation: str = ""
    field: str | None = None


class _Refused(msgspec.Struct, frozen=True):
    fault: _Fault


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body).fault
    return Refusal(e.fault_code, e.explanation, e.field or "")


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"X-Crm-Session": key}


VENDOR = Vendor(
    name="sandbox.crm",
    system="crm",
    actions={
        "crm.propose": action(_ask_proposal, _read_proposal, _find_proposal, _found_proposal),
        "crm.createAccount": action(_ask_account, _read_account, _find_account, _found_account),
    },
    credentials=_credentials,
    refusal=_refusal,
)
