"""Commands about trading partners and their documents, given the database and the ways by which documents go."""

from collections.abc import Awaitable, Callable

import typer

from crossdock.cli import compose, working
from crossdock.db import Database
from crossdock.partners import cli as documents
from crossdock.partners.transports import cli as channels


class _OwnedDatabase(Database):
    """A database whose server is let go of with it."""

    release: Callable[[], Awaitable[object]]

    async def close(self) -> None:
        await super().close()
        await self.release()


async def _open() -> Database:
    opened = await compose.open_database(working.settings(), working.say)
    owned = _OwnedDatabase(opened.db.pool, opened.db.dsn)
    owned.release = opened.located.close
    return owned


def register(app: typer.Typer) -> None:
    documents.register(app, _open, lambda: compose.mail(working.settings()))
    channels.register(app, _open, lambda db: compose.channel_means(working.settings(), db))
