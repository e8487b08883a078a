"""A demo tenant from the sandbox's seed: name, systems, partners, look-up lists, workflows, its sites' calendars, and a
key for its partners' network.
"""

from decimal import Decimal
from typing import Any

from crossdock import exactjson
from crossdock.cli import compose
from crossdock.connect import sandbox
from crossdock.db import Database, queries
from crossdock.gateway import identity
from crossdock.partners import intake, profiles
from crossdock.partners.sending import store as sending

SQL = queries("crossdock.cli", "founding.sql")

COLOURS = {"castell": "#0f766e", "norrland": "#2f5bd7"}


async def found(db: Database, tenant: str, seed: dict[str, Any], sandbox_url: str) -> str:
    """Founds the tenant. Returns the API key of its partners' network."""
    settings = {"brand": {"name": seed["name"], "color": COLOURS.get(tenant, "#2f5bd7")}}
    async with db.transaction(tenant) as tx:
        await tx.execute(SQL["add_tenant"], tenant, seed["name"], seed["currency"], exactjson.text(settings))
        for config in sandbox.configs(sandbox_url, [tenant]):
            await compose.connect_system(tx, config)
        for c in seed["customers"]:
            profile = _profile(c)
            await intake.save_profile(tx, tenant, profile)
            # Nobody plays the customers' side, so nobody acknowledges what they are sent: nothing of that is overdue.
            await sending.save_terms(tx, tenant, profile.id, None)
            told = ("ship_to", "currency", "email", "language")
            body = exactjson.text({name: c[name] for name in told})
            await tx.execute(SQL["add_customer"], tenant, c["customer_id"], c["name"], c["tier"], body)
        for i in seed["items"]:
            body = exactjson.text({"units": i["units"], "gtin": i["gtin"]})
            price = Decimal(i["list_price"])
            await tx.execute(SQL["add_item"], tenant, i["sku"], i["description"], i["sales_unit"], price, body)
        await compose.publish_library(tx, tenant)
        await compose.put_site_calendars(tx, tenant, [s["site"] for s in seed["sites"]])
    return await identity.add_key(db, tenant, "partner-network", "admin")


def _profile(customer: dict[str, Any]) -> profiles.Profile:
    number = customer["customer_id"]
    return profiles.Profile(
        id=number.lower(),
        name=customer["name"],
        customer_id=number,
        currency=customer["currency"],
        identifiers=(profiles.Identifier("01", customer["duns"]), profiles.Identifier("customer", number)),
    )
