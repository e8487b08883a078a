"""A customer that the ERP has made is known here as well: in the look-ups of pages, and as a partner that may order.

The numbers that other systems have for it (the CRM's account, our application) stand with it. The ERP stays the
authority; registering the same customer again changes what is said of it and nothing else.
"""

from crossdock import exactjson
from crossdock.cases import common
from crossdock.cases.common import Arguments, Misuse
from crossdock.db import Tx, queries
from crossdock.flow.outcomes import Begun, Done, Invocation
from crossdock.partners import profiles
from crossdock.partners.intake import save_profile

SQL = queries("crossdock.cases", "register.sql")


class Register:
    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            number, name = a.text("customer"), a.text("name")
            own = str(await tx.fetchval(SQL["currency"], call.tenant_id) or "")
            currency = a.text("currency", own)
            known = {"application": a.optional("application"), "account": a.optional("account")}
            body = {"ship_to": a.mapping("address"), "currency": currency, "known_as": known}
        except Misuse as e:
            return common.misused("customer-register", e)
        await tx.execute(
            SQL["put"], call.tenant_id, number, name, a.text("tier", "C"), exactjson.text(exactjson.plain(body))
        )
        if await tx.fetchval(SQL["partner"], call.tenant_id, number.lower()) is None:
            names = [profiles.Identifier("customer", number)]
            names += [profiles.Identifier("crm", str(known["account"]))] if known["account"] else []
            profile = profiles.Profile(
                id=number.lower(), name=name, customer_id=number, currency=currency, identifiers=tuple(names)
            )
            await save_profile(tx, call.tenant_id, profile)
        return Done({"customer": number})
