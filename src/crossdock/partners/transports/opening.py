"""A channel into an open transport: the one table of kinds.

Transports get what they need and nothing else: the folder of their tenant, their secrets, the guarded HTTP client, the
guard itself where they speak no HTTP.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from crossdock.db import Database
from crossdock.outbound import Client, Guard
from crossdock.partners.transports import imap
from crossdock.partners.transports.as2 import receiving
from crossdock.partners.transports.as2.sending import As2
from crossdock.partners.transports.folder import WatchedFolder
from crossdock.partners.transports.http import HttpPost
from crossdock.partners.transports.model import Channel, ChannelTrouble, Kind, Letters, Secrets, Transport
from crossdock.partners.transports.s3 import Bucket


@dataclass(frozen=True, slots=True)
class Opener:
    """folders: below which watched folders lie; None: the operator allows none."""

    folders: Path | None
    secrets: Secrets
    http: Client
    guard: Guard
    db: Database
    letters: Letters | None = None  # takes mail that answers a person's

    async def __call__(self, channel: Channel) -> Transport:
        """Connects. Raises ChannelTrouble; PartnerError when the settings do not hold any more."""
        match channel.kind:
            case Kind.FOLDER:
                return WatchedFolder(self.folders, channel)
            case Kind.AS2:
                async with self.db.transaction(channel.tenant_id) as tx:
                    station = await receiving.station(tx, channel, self.secrets)
                return As2(self.db, channel, station, self.http, self.secrets(channel.tenant_id))
            case Kind.SFTP:
                try:
                    from crossdock.partners.transports import sftp
                except ImportError:
                    raise ChannelTrouble("Expected the package asyncssh: `pip install 'crossdock[sftp]'`.") from None
                return await sftp.open_(channel, self.secrets(channel.tenant_id), self.guard)
            case Kind.S3:
                return Bucket(channel, self.secrets(channel.tenant_id), self.http)
            case Kind.HTTP:
                return HttpPost(channel, self.secrets(channel.tenant_id), self.http)
            case Kind.IMAP:
                return await imap.open_(channel, self.secrets(channel.tenant_id), self.guard, self.letters)
            case Kind.SFTP_LOGIN | Kind.SMTP:
                raise ChannelTrouble(f"A channel of kind {channel.kind.value} is served, not run.")
            case _:
                assert_never(channel.kind)
