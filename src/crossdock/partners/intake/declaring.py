"""What a tenant declares before anything comes: its partners, its maps."""

from collections.abc import Mapping
from typing import Any

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.events import inbox
from crossdock.partners import profiles
from crossdock.partners.maps import checking
from crossdock.partners.maps import store as maps
from crossdock.partners.profiles import Profile

SQL = queries("crossdock.partners", "intake.sql")


async def save_profile(tx: Tx, tenant_id: str, profile: Profile) -> None:
    """Declares a partner, or replaces its profile."""
    await tx.execute(SQL["save_profile"], tenant_id, profile.id, exactjson.text(profiles.plain(profile)))


async def save_map(tx: Tx, tenant_id: str, data: Mapping[str, Any], by: str = "system") -> None:
    """Declares a map, or a new version of it, and puts it in force. Raises PartnerError when it is wrong."""
    source = exactjson.text(dict(data))
    checked = checking.check(source, str(data.get("id", "map")))
    now = await inbox.business_now(tx)
    version = await maps.save_draft(tx, tenant_id, checked, source, by, now)
    await maps.activate(tx, tenant_id, checked.id, version, by, now)
