"""Mail that leaves by the operator's mail server: alerts, reports, invitations, approvals asked for.

The server is handed one message at a time, over TLS, or in the clear only where no password would travel. A message has
its identifier before it is handed over, so that one handed over twice is known for the same.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from crossdock.errors import CrossdockError

SMTP_S = 20.0
NO_SERVER = "expected CROSSDOCK_SMTP_URL and CROSSDOCK_MAIL_FROM for mail, found none; the operator sets them"


class NotSent(CrossdockError):
    """The mail server did not take it now; the text says why, without secrets. final: nor will it later."""

    def __init__(self, detail: str, *, final: bool = False) -> None:
        super().__init__(detail)
        self.final = final


@dataclass(frozen=True, slots=True)
class File:
    """content_type: such as text/csv."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mailer:
    """url: smtp://user:password@host:587 or smtps://…; sender: the address that mail comes from. None: no mail here."""

    url: str | None
    sender: str | None

    @property
    def domain(self) -> str:
        return (self.sender or "").rpartition("@")[2].strip(">") or "localhost"

    def message(
        self, to: Sequence[str], subject: str, text: str, *, id: str, at: datetime, files: Sequence[File] = (),
        headers: Mapping[str, str] | None = None,
    ) -> EmailMessage:  # fmt: skip
        """A message written by a program. id: the same for the same message, however often it is sent."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender or "", ", ".join(to)
        mail["Subject"] = " ".join(subject.split())
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{id}@{self.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content(text)
        for file in files:
            main, _, sub = file.content_type.partition("/")
            mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
        return mail

    async def send(self, mail: EmailMessage) -> None:
        """Raises NotSent."""
        if not self.url or not self.sender:
            raise NotSent(NO_SERVER)
        try:
            await asyncio.to_thread(_hand_over, self.url, mail)
        except smtplib.SMTPRecipientsRefused as error:
            final = all(code >= 500 for code, _ in error.recipients.values())
            raise NotSent("the mail server refused the recipients", final=final) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise NotSent(f"the mail server answered {error.smtp_code}", final=error.smtp_code >= 500) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"the mail server did not take it: {type(error).__name__}") from error


def _hand_over(url: str, mail: EmailMessage) -> None:
    parts = urlsplit(url)
    context = ssl.create_default_context()
    host, tls = parts.hostname or "localhost", parts.scheme == "smtps"
    port = parts.port or (465 if tls else 587 if parts.username else 25)
    with (
        smtplib.SMTP_SSL(host, port, timeout=SMTP_S, context=context)
        if tls
        else smtplib.SMTP(host, port, timeout=SMTP_S)
    ) as server:
        server.ehlo()
        if not tls and server.has_extn("starttls"):
            server.starttls(context=context)
        elif not tls and parts.username:
            raise smtplib.SMTPException("no STARTTLS: a password would travel in the clear")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(mail)
