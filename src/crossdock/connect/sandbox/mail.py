"""The sandbox's mail service: PascalCase. Business identity of a message: order, moment, addressee, subject, text."""

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Misfit, Refusal, Vendor, action, one, read


class Sent(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="MessageID")
    error_code: int = msgspec.field(name="ErrorCode")


class Message(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="MessageID")
    subject: str = msgspec.field(name="Subject")
    text: str = msgspec.field(name="TextBody")


class Messages(msgspec.Struct, frozen=True):
    messages: tuple[Message, ...] = msgspec.field(name="Messages")


def _ask(a: roles.SendArguments) -> Ask:
    body = {
        "To": a.to,
        "Subject": a.subject,
        "TextBody": a.body,
        "Tag": a.moment,
        "Metadata": {"order": a.order, "language": a.language},
    }
    return Ask("POST", "/email", body=body)


def _read(a: roles.SendArguments, body: bytes) -> roles.Message:
    sent = read(Sent, body)
    if sent.error_code != 0:
        raise Misfit("ErrorCode", "0", str(sent.error_code))
    return roles.Message(message=sent.id)


def _find(a: roles.SendArguments) -> Ask:
    return Ask("GET", "/messages", {"tag": a.moment, "order": a.order, "to": a.to})


def _found(a: roles.SendArguments, body: bytes) -> roles.Message | None:
    same = [m for m in read(Messages, body).messages if (m.subject, m.text) == (a.subject, a.body)]
    found = one(same, "messages")
    return roles.Message(message=found.id) if found else None


class _Refused(msgspec.Struct, frozen=True):
    code: int = msgspec.field(name="ErrorCode", default=0)
    message: str = msgspec.field(name="Message", default="")


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body)
    return Refusal(str(e.code), e.message)


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"X-Mail-Server-Token": key}


VENDOR = Vendor(
    name="sandbox.mail",
    system="mail",
    actions={"notification.send": action(_ask, _read, _find, _found)},
    credentials=_credentials,
    refusal=_refusal,
)
