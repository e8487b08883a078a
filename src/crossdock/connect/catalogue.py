"""A tenant's customers and items as the pages offer them, read from its ERP."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from crossdock.connect import roles
from crossdock.connect.config import Secrets, SystemConfig, from_environment
from crossdock.connect.sandbox import erp
from crossdock.connect.wire import Ask
from crossdock.errors import CrossdockError
from crossdock.outbound import Client, Request, Response

PAGE = 100

T = TypeVar("T")


class Unreadable(CrossdockError):
    """The catalogue could not be read now; what was read before stays good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """units: how many base units each unit holds; `unit` is the one it is usually sold in."""

    sku: str
    description: str
    unit: str
    units: dict[str, Decimal]
    list_price: Decimal  # per base unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    customers: tuple[roles.Customer, ...]
    items: tuple[Item, ...]


async def fetch(config: SystemConfig, client: Client, *, secrets: Secrets = from_environment) -> Catalogue:
    """config: the tenant's ERP. Raises Unreadable."""
    customers, items = await asyncio.gather(
        _pages(config, client, secrets, erp.customers_page, erp.Customer),
        _pages(config, client, secrets, erp.items_page, erp.Item),
    )
    return Catalogue(
        customers=tuple(erp.customer(c) for c in customers),
        items=tuple(
            Item(
                sku=i.mat_no,
                description=i.mat_desc,
                unit=i.unit,
                units={unit.unit: unit.numer for unit in i.units},
                list_price=i.list_price,
            )
            for i in items
        ),
    )


async def _pages(
    config: SystemConfig, client: Client, secrets: Secrets, page: Callable[[int, int], Ask], shape: type[T]
) -> list[T]:
    found: list[T] = []
    while True:
        ask = page(PAGE, len(found))
        credentials = erp.VENDOR.credentials(config.tenant, secrets(config.key))
        labels = {"tenant": config.tenant, "system": config.system, "function": "catalogue"}
        answer = await client.send(
            Request(method=ask.method, url=ask.url(config.base_url), credentials=credentials, labels=labels)
        )
        if not isinstance(answer, Response):
            raise Unreadable(f"{config.system}: {answer.kind}: {answer.detail}")
        if answer.status != 200:
            raise Unreadable(f"{config.system} answered {answer.status}: {erp.VENDOR.refused(answer.body).message}")
        rows = erp.results(answer.body, shape)
        found += rows
        if len(rows) < PAGE:
            return found
