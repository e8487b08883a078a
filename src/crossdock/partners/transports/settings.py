"""What the settings of each kind of channel may hold: a struct a kind, unknown keys refused.

Words that end in `_secret` name secrets of the vault; no setting holds one. Where a host is named it is judged like
any other address that a tenant configures (`outbound.guard`).
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, inspect

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError
from crossdock.partners.transports.model import Channel, Direction, Kind, wrong

Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=500)]
_NAMED = re.compile(r"field `(\w+)`|at `\$\.(\w+)")  # the setting that msgspec's message is about
ADDRESS = re.compile(r"^[^@\s<>]{1,64}@[^@\s<>]{1,190}$")


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Folder(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """path: below CROSSDOCK_CHANNEL_FOLDERS/TENANT. settle_s: a file that changed since is still being written."""

    path: Text
    pattern: Text = "*"
    settle_s: Annotated[float, Meta(ge=0, le=3600)] = 2.0


class Sftp(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """host_keys: as `ssh-keyscan` prints them, without the host name; nothing else is believed."""

    host: Text
    port: Port = 22
    user: Text
    host_keys: Annotated[tuple[Text, ...], Meta(min_length=1)]
    key_secret: str = ""
    password_secret: str = ""
    fetch_from: str = ""  # folder over there
    done: str = ""  # where fetched files go; "": they are deleted
    quarantine: str = "quarantine"
    put_into: str = ""
    pattern: Text = "*"


class SftpLogin(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A login on our own server. password_hash: as `crossdock channel hash-password` prints it."""

    user: Annotated[str, Meta(pattern="^[a-z][a-z0-9_.-]{0,63}$")]
    keys: tuple[Text, ...] = ()
    password_hash: str = ""


class As2(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """our_id, their_id: as AS2-From and AS2-To name them. unknown_repeats: how often a message without an answer is
    sent again by itself, under its own identifier; 0 leaves it to a person."""

    our_id: Annotated[str, Meta(min_length=1, max_length=128)]
    their_id: Annotated[str, Meta(min_length=1, max_length=128)]
    url: str = ""
    sign: bool = True
    encrypt: bool = True
    compress: bool = False
    require_signature: bool = True
    require_encryption: bool = True
    digest: Literal["sha256", "sha384", "sha512", "sha1"] = "sha256"
    cipher: Literal["aes128", "aes256"] = "aes256"
    mdn: Literal["sync", "async", "none"] = "sync"
    mdn_signed: bool = True
    mdn_url: str = ""  # where they send an asynchronous one: our address /as2/TENANT
    mdn_within_s: Annotated[int, Meta(ge=60, le=604800)] = 14400
    timeout_s: Annotated[int, Meta(ge=1, le=100)] = 60
    unknown_repeats: Annotated[int, Meta(ge=0, le=10)] = 0
    authorization_secret: str = ""  # the whole Authorization header, where their server asks for one


class _Mail(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """senders: address → partner. authenticated_by: the mail server whose Authentication-Results are believed; with it
    a sender counts only where DMARC passed."""

    senders: dict[str, str]
    authenticated_by: str = ""


class Imap(_Mail, frozen=True, forbid_unknown_fields=True, kw_only=True):
    host: Text
    port: Port = 993
    user: Text
    password_secret: Text
    tls: Literal["tls", "starttls", "none"] = "tls"
    mailbox: Text = "INBOX"
    done: str = ""  # a mailbox; "": taken messages are deleted
    quarantine: Text = "Quarantine"


class Smtp(_Mail, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """recipients: the addresses at which this channel takes mail."""

    recipients: Annotated[tuple[str, ...], Meta(min_length=1)]


class S3(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """url: of the endpoint, without the bucket, which stands in the path."""

    url: Text
    bucket: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    region: Text = "us-east-1"
    key_id_secret: Text
    key_secret: Text
    fetch_prefix: str = ""
    done_prefix: str = ""  # where fetched objects go; "": they are deleted
    quarantine_prefix: str = "quarantine/"
    put_prefix: str = ""


class Http(_Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Posts each document. repeatable: they know X-Document-Id again, so that one that was lost is sent again."""

    url: Text
    headers: dict[str, str] = {}
    authorization_secret: str = ""
    repeatable: bool = False
    timeout_s: Annotated[int, Meta(ge=1, le=100)] = 30


OF_KIND: dict[Kind, type[_Settings]] = {
    Kind.FOLDER: Folder,
    Kind.SFTP: Sftp,
    Kind.SFTP_LOGIN: SftpLogin,
    Kind.AS2: As2,
    Kind.IMAP: Imap,
    Kind.SMTP: Smtp,
    Kind.S3: S3,
    Kind.HTTP: Http,
}
ONE_WAY: dict[Kind, Direction] = {Kind.IMAP: Direction.IN, Kind.SMTP: Direction.IN, Kind.HTTP: Direction.OUT}
NEEDS_PARTNER = {Kind.SFTP_LOGIN, Kind.AS2}  # who authenticates there is one partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as a form asks for it. entered: how; default: what holds where nothing is said.

    text; whole and number within least and most; flag; choice of `choices`; list of texts; pairs of text and text.
    """

    key: str
    entered: Literal["text", "whole", "number", "flag", "choice", "list", "pairs"]
    required: bool
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


def described(kind: Kind) -> list[Setting]:
    """What a channel of this kind is asked for: required settings first, else in the order of the struct."""
    found = inspect.type_info(OF_KIND[kind])
    assert isinstance(found, inspect.StructType)
    return sorted((_setting(f) for f in found.fields), key=lambda s: not s.required)


def _setting(f: inspect.Field) -> Setting:
    default = None if f.default is msgspec.NODEFAULT else f.default
    choices: tuple[str, ...] = ()
    least = most = None
    match f.type:
        case inspect.BoolType():
            entered = "flag"
        case inspect.IntType(ge=least, le=most):
            entered = "whole"
        case inspect.FloatType(ge=least, le=most):
            entered = "number"
        case inspect.LiteralType(values=values):
            # the struct's own order is lost in the inspection: what holds by itself comes first
            entered, choices = "choice", tuple(sorted(map(str, values), key=lambda v: (v != default, v)))
        case inspect.DictType():
            entered = "pairs"
        case inspect.VarTupleType():
            entered = "list"
        case _:
            entered = "text"
    return Setting(
        key=f.encode_name, entered=entered, required=f.required, choices=choices, least=least, most=most,
        default=default,
    )  # fmt: skip


def read(channel: Channel) -> Any:
    """The settings as the struct of the kind. Raises PartnerError naming the key."""
    wanted = OF_KIND[channel.kind]
    fields = msgspec.structs.fields(wanted)
    known = f"settings of {channel.kind.value}: {', '.join(f.encode_name for f in fields)}"
    missing = [f.encode_name for f in fields if f.required and channel.settings.get(f.encode_name) is None]
    if missing:
        raise PartnerError([Finding("channel.settings", key, known, "nothing", "Fill it in.") for key in missing])
    try:
        return msgspec.convert(exactjson.plain(dict(channel.settings)), wanted, strict=False)
    except msgspec.ValidationError as e:
        named = _NAMED.search(str(e))
        where = next(filter(None, named.groups())) if named else "settings"
        raise wrong(where, known, str(e), "Correct it.") from e


def check(channel: Channel) -> None:
    """All that can be told without asking the other side. Raises PartnerError."""
    found = read(channel)
    only = ONE_WAY.get(channel.kind)
    if only is not None and channel.direction is not only:
        raise wrong("direction", only.value, channel.direction.value, f"{channel.kind.value} goes one way.")
    if channel.kind in NEEDS_PARTNER and channel.partner is None:
        raise wrong("partner", "a partner", None, f"Say who it is that speaks {channel.kind.value} there.")
    match found:
        case Sftp():
            if not found.key_secret and not found.password_secret:
                raise wrong("key_secret", "key_secret or password_secret", "", "Name the secret to log in with.")
            if channel.takes and not found.fetch_from:
                raise wrong("fetch_from", "the folder to fetch from", "", "Name it.")
            if channel.hands_over and not found.put_into:
                raise wrong("put_into", "the folder to put into", "", "Name it.")
        case SftpLogin():
            if not found.keys and not found.password_hash:
                raise wrong("keys", "a public key or a password_hash", "", "Give the partner a way to log in.")
        case As2():
            if channel.hands_over and not found.url.startswith(("https://", "http://")):
                raise wrong("url", "the partner's AS2 address", found.url, "Add it, or set the direction to in.")
            if found.mdn == "async" and not found.mdn_url.startswith(("https://", "http://")):
                raise wrong("mdn_url", "our own public address, ending in /as2/TENANT", found.mdn_url, "Add it.")
        case Imap() | Smtp():
            if channel.partner is not None:
                raise wrong("partner", "none: senders say whose a mail is", channel.partner, "Name them in senders.")
            for address in (*found.senders, *(found.recipients if isinstance(found, Smtp) else ())):
                if not ADDRESS.match(address.lstrip("@") if address.startswith("@") else address) and not (
                    address.startswith("@") and "." in address
                ):
                    raise wrong("senders", "addresses such as orders@acme.com, or @acme.com", address, "Correct it.")
        case S3() if channel.takes and found.done_prefix and found.done_prefix.startswith(found.fetch_prefix):
            if not found.fetch_prefix or found.done_prefix == found.fetch_prefix:
                raise wrong("done_prefix", "a prefix outside of fetch_prefix", found.done_prefix, "Choose another.")
        case _:
            pass
