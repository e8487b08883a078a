"""Mail sink: takes messages over HTTP as a mail provider does, keeps them for reading, sends them nowhere."""

import re
import uuid

import msgspec

from .clock import whole_seconds
from .surroundings import Surroundings
from .wire import Call, Common, Dialect, LongText, Refused, Reply, Route, Text


def _error(refusal: Refused) -> object:
    text = refusal.text if refusal.target is None else f"{refusal.target}: {refusal.text}"
    return {"ErrorCode": int(refusal.code), "Message": text}


DIALECT = Dialect(
    system="mail",
    credential=lambda tenant, key: ("x-mail-server-token", key),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "10",
        Common.NO_ROUTE: "701",
        Common.NO_METHOD: "405",
        Common.MALFORMED: "402",
        Common.INVALID: "403",
        Common.TOO_LARGE: "413",
        Common.TOO_SLOW: "408",
        Common.KEY_REUSED: "422",
        Common.THROTTLED: "429",
        Common.UNAVAILABLE: "503",
        Common.BROKEN: "500",
    },
)


class NewMessage(msgspec.Struct, rename="pascal"):
    to: Text
    subject: Text
    text_body: LongText
    tag: Text
    metadata: dict[Text, Text] = {}
    sender: Text = msgspec.field(name="From", default="")


class Message(msgspec.Struct, rename="pascal", kw_only=True):
    message_id: str = msgspec.field(name="MessageID")
    sender: str = msgspec.field(name="From")
    to: str
    subject: str
    text_body: str
    tag: str
    metadata: dict[str, str]
    received_at: str


_new = msgspec.json.Decoder(NewMessage)

# Enough to catch a wrong field, not a full RFC 5321 check: the address goes nowhere.
ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]+\.[^@\s<>]{2,}")


class Mail:
    dialect = DIALECT

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._messages: dict[str, Message] = {}
        self._messages_of: dict[str, list[Message]] = {}
        self.routes = (
            Route("POST", "/email", "sendEmail", self.send),
            Route("GET", "/messages", "searchMessages", self.search),
            Route("GET", "/messages/{MessageID}", "getMessage", self.get),
        )

    def send(self, call: Call) -> Reply:
        new = call.read(_new)
        if not ADDRESS.fullmatch(new.to):
            raise Refused(422, "300", f"Invalid 'To' address: {new.to!r}")
        if new.sender and not ADDRESS.fullmatch(new.sender):
            raise Refused(422, "300", f"Invalid 'From' address: {new.sender!r}")
        order = new.metadata.get("order", "")
        message = Message(
            message_id=str(uuid.uuid4()),
            sender=new.sender or f"orders@{self._around.distributor.domain}",
            to=new.to,
            subject=new.subject,
            text_body=new.text_body,
            tag=new.tag,
            metadata=new.metadata,
            received_at=whole_seconds(call.now),
        )
        self._messages[message.message_id] = message
        self._messages_of.setdefault(order, []).append(message)
        self._around.ledger.write(
            call.now, "message", message.message_id, order=order, purpose=new.tag, detail={"to": new.to}
        )
        return Reply(
            {
                "To": message.to,
                "SubmittedAt": message.received_at,
                "MessageID": message.message_id,
                "ErrorCode": 0,
                "Message": "OK",
            }
        )

    def search(self, call: Call) -> Reply:
        order = call.query.get("order")
        among = self._messages.values() if order is None else self._messages_of.get(order, ())
        found = [message for message in among if call.matches(tag=message.tag, to=message.to)]
        skip, top = call.window()
        return Reply({"TotalCount": len(found), "Messages": found[skip : skip + top]})

    def get(self, call: Call) -> Reply:
        number = call.arguments["MessageID"]
        if number not in self._messages:
            raise Refused(404, "701", f"Message {number} does not exist")
        return Reply(self._messages[number])
