"""An X12 file into documents: one for each transaction set, and one for each interchange without any."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossdock.canonical.order import PartyRole, PurchaseOrder
from crossdock.partners import profiles
from crossdock.partners.agreements.terms import Direction
from crossdock.partners.edi import checks
from crossdock.partners.edi.walk import Node
from crossdock.partners.jsonorder import other_customer
from crossdock.partners.lineage import Origin, member
from crossdock.partners.maps import edi as maps
from crossdock.partners.maps.canonical import Canonical, plain
from crossdock.partners.maps.editions import Book, Edition, ReadBy, read_by
from crossdock.partners.model import Context, Decoded, Format, Interchange, Issue, error, hold, note, shown
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.x12 import acknowledge, envelope, guide, order, tokens
from crossdock.partners.x12.acknowledge import ACKNOWLEDGEMENTS
from crossdock.partners.x12.envelope import Envelope, Fault, Group, Level, Set, place
from crossdock.partners.x12.tokens import Segment

MAX_SHOWN_SEGMENTS = 20_000  # of a parsed tree kept for people to read
MAX_SHOWN_CHARS = 500
# Sets that a declared map reads; 850 is read by `order`, which judges besides what an order of ours can hold.
MAPPED = frozenset(
    {
        *("855", "856", "810", "860", "865", "846", "940", "861", "943", "944", "945", "820", "824"),
        *("204", "990", "210", "214", "997", "999"),
    }
)
UNDERSTOOD = (MAPPED | {"850"}) - ACKNOWLEDGEMENTS


def decode(raw: bytes, context: Context) -> list[Decoded]:
    interchanges, stray = tokens.read(raw)
    documents: list[Decoded] = []
    for place_in_file, interchange in enumerate(interchanges):
        judged = envelope.check(interchange)
        documents += _interchange(judged, place_in_file, tuple(interchange.issues), len(documents), context)
    if not documents:
        return [Decoded(index=0, format=Format.X12, issues=tuple(stray))]
    if stray:
        # what lies outside is said once, with the first document; whole interchanges beside it remain good
        first = documents[0]
        notes = tuple(note(i.finding.code, *_rest(i)) for i in stray)
        documents[0] = _with(first, notes + first.issues)
    return documents


def _rest(issue: Issue) -> tuple[str, str, str, str]:
    f = issue.finding
    return f.where, f.expected, f.found, f.fix


def _with(document: Decoded, issues: tuple[Issue, ...]) -> Decoded:
    return replace(document, issues=issues)


def _interchange(
    judged: Envelope, place_in_file: int, issues: tuple[Issue, ...], index: int, context: Context
) -> list[Decoded]:
    isa = judged.isa
    sender, receiver = Identifier(isa.at(5), isa.at(6)), Identifier(isa.at(7), isa.at(8))
    partner = _partner(sender, context)
    wrapper = Interchange(
        index=place_in_file,
        sender=sender,
        receiver=receiver,
        control=judged.control,
        digest=judged.digest,
        test=judged.test,
    )
    trees = {
        id(s): judge_set(group, s, partner, judged.delimiters.component) for group in judged.groups for s in group.sets
    }
    answer = acknowledge.plan(judged, UNDERSTOOD)
    common = tuple(f.issue for f in judged.faults) + issues
    documents: list[Decoded] = []

    def add(
        type_: str,
        group: Group | None,
        s: Set | None,
        own: tuple[Issue, ...],
        po: PurchaseOrder | None = None,
        content: Canonical | None = None,
        by: ReadBy | None = None,
        trail: Sequence[Origin] | None = None,
    ) -> None:
        documents.append(
            Decoded(
                index=index + len(documents),
                format=Format.X12,
                type=type_,
                sender=sender,
                receiver=receiver,
                partner=partner,
                customer_id=_customer_id(partner, po),
                interchange=wrapper,
                group_control=group.control if group else "",
                set_control=s.control if s else "",
                test=judged.test,
                order=po,
                content=content,
                issues=common + own,
                acknowledgement=answer,
                parsed=_parsed(judged, group, s),
                read_by=by,
                trail=tuple(trail or ()),
            )
        )

    for group in judged.groups:
        shared = tuple(f.issue for f in group.faults)
        for s in group.sets:
            own = shared + tuple(f.issue for f in s.faults)
            if s.type in MAPPED:
                trail: list[Origin] | None = [] if context.trace else None
                declared = edition(s.type, context, partner)
                said, notes = (None, list[Issue]()) if s.rejected else content_of(s, trees[id(s)], declared.edi, trail)
                add(s.type, group, s, (*own, *notes), content=said, by=_by(declared, partner, group), trail=trail)
                continue
            if s.type != "850":
                add(s.type, group, s, (*own, _unsupported(s)))
                continue
            po, found, trail = None, list[Issue](), list[Origin]()
            if not s.rejected:
                po, found = order_of(s, context, partner, group.version)
                po, found, trail = _by_own_map(po, found, s, trees[id(s)], context, partner)
                found += _customer(partner, po, s)
            by = _by(edition("850", context, partner), partner, group)
            add("850", group, s, (*own, *found), po, by=by, trail=trail)
        if not group.sets:
            add(group.function, group, None, (*shared, _nothing(group.gs or judged.isa)))
    if not documents:
        ta1 = next((s for s in judged.loose if s.id == "TA1"), None)
        if ta1 is not None and (told := acknowledge.read_ta1(judged.loose)) is not None:
            add("TA1", None, None, (), content=told)
        else:
            add("TA1" if ta1 else "", None, None, (_nothing(ta1 or judged.isa),))
    return documents


def _partner(sender: Identifier, context: Context) -> Profile | None:
    if context.partner is not None:
        return context.partner
    found = profiles.find(context.profiles, sender)
    if found is None and context.adopt and sender.value:
        return profiles.adopted(sender)
    return found


def _named_customer(po: PurchaseOrder | None) -> str:
    """The buyer by the number we gave it (N1*BY with qualifier 91): who ordered, where a network sends for many."""
    buyer = po.party(PartyRole.BUYER) if po else None
    return buyer.id if buyer and buyer.scheme == "assigned_by_seller" else ""


def _customer_id(partner: Profile | None, po: PurchaseOrder | None) -> str:
    return profiles.customer(partner, _named_customer(po))[0]


def _customer(partner: Profile | None, po: PurchaseOrder | None, s: Set) -> list[Issue]:
    named = _named_customer(po)
    # whose number it is matters only to a sender that orders for several
    if partner is None or partner.customer_id != profiles.ANY or named:
        return []
    return [other_customer(place(s.segments[0]), partner, named)]


def _guide(partner: Profile | None, type_: str, version: str | None) -> guide.Guide:
    """The one agreed upon, else the profile's for orders, else the library's."""
    usual = f"x12-{type_}"
    agreed = partner.agreed(type_, Direction.IN, version) if partner else None
    named = (agreed.guide if agreed else "") or (partner.guide if partner and type_ == "850" else "")
    try:
        return guide.load(named or usual)
    except KeyError:
        return guide.load(usual)


def _currency(partner: Profile | None, context: Context) -> str:
    return (partner.currency if partner else "") or context.currency


def judge_set(group: Group, s: Set, partner: Profile | None, component: str) -> Node | None:
    """Adds what the guide finds to the set's faults, and a version nobody reads to its group's. Returns the tree."""
    if s.type not in MAPPED and s.type != "850":
        return None
    g = _guide(partner, s.type, group.version)
    if group.gs is not None and not guide.supports(g, group.version):
        if not any(f.code == "2" for f in group.faults):
            group.faults.append(_version(group, group.gs))
        return None
    tree, faults = guide.walked(g, s, component)
    s.faults += faults
    if group.gs is not None and group.function != g.function:
        s.faults.append(_function(group.gs, g))
    return tree


def order_of(
    s: Set, context: Context, partner: Profile | None = None, version: str | None = None
) -> tuple[PurchaseOrder | None, list[Issue]]:
    po, issues = order.read(_guide(partner, s.type, version), s, _currency(partner, context))
    return po, issues if po is None else issues + checks.digits(po, place(s.segments[0]))


def edition(type_: str, context: Context, partner: Profile | None) -> Edition:
    """The map that reads a type from this partner."""
    return (context.book or Book()).find(f"x12-{type_}", partner.id if partner else "")


def _by(declared: Edition, partner: Profile | None, group: Group) -> ReadBy:
    return read_by(declared, _guide(partner, declared.type, group.version).id)


def _by_own_map(
    po: PurchaseOrder | None, issues: list[Issue], s: Set, tree: Node | None, context: Context, partner: Profile | None
) -> tuple[PurchaseOrder | None, list[Issue], list[Origin]]:
    """The order as the tenant's own map reads it, where there is one; `order` has said what stands in its way.

    Of the library's map only the trail is taken, where it says the same as `order`.
    """
    declared = edition("850", context, partner)
    if tree is None or (declared.shipped and not context.trace):
        return po, issues, []
    trail: list[Origin] | None = [] if context.trace else None
    said, found = maps.read(declared.edi, tree, guide.placed, trail, defaults={"currency": _currency(partner, context)})
    if declared.shipped:
        mine, theirs = (plain(x) if x is not None else None for x in (po, said))
        same = [o for o in trail or () if member(mine, o.pointer) == member(theirs, o.pointer) is not None]
        return po, issues, same
    if not isinstance(said, PurchaseOrder):
        return None, [*issues, *found], trail or []
    kept = [i for i in issues if i.finding.code not in order.OF_LINES]
    return said, [*kept, *found, *order.judge(said, place(s.segments[0]))], trail or []


def content_of(
    s: Set, tree: Node | None, declared: maps.Map | None = None, trail: list[Origin] | None = None
) -> tuple[Canonical | None, list[Issue]]:
    """declared: the map; None takes the library's."""
    if tree is None:
        return None, []
    said, issues = maps.read(declared or maps.load(f"x12-{s.type}"), tree, guide.placed, trail)
    if said is not None:
        issues += checks.check(said, place(s.segments[0]))
    return said, issues


def _version(group: Group, gs: Segment) -> Fault:
    issue = error(
        "x12.gs08.version",
        place(gs, 8),
        "a release from 003050 to 008040, such as 004010",
        shown(group.version),
        "Send it in a release we read.",
        "AK9 R 2",
    )
    return Fault(level=Level.GROUP, code="2", issue=issue)


def _function(gs: Segment, g: guide.Guide) -> Fault:
    return Fault(
        level=Level.GROUP,
        code="1",
        issue=note(
            "x12.gs01.function",
            place(gs, 1),
            f"{g.function}, the group of an {g.set}",
            shown(gs.at(1)),
            f"Group it under {g.function}; we read it by ST01.",
        ),
    )


def _unsupported(s: Set) -> Issue:
    st = s.segments[0]
    if s.type in ACKNOWLEDGEMENTS:
        text = "Nothing to do: it acknowledges what we sent, and is kept with it."
    else:
        text = "Send orders as 850; this document waits for a person."
    return hold("type.unsupported", place(st, 1), "850", shown(s.type), text)


def _nothing(segment: Segment) -> Issue:
    return hold(
        "type.unsupported",
        place(segment),
        "a transaction set 850",
        "no transaction set",
        "Nothing in it is an order; this document waits for a person.",
    )


def _parsed(judged: Envelope, group: Group | None, s: Set | None) -> dict[str, Any]:
    """The document as people read it: header fields by name, then the segments with their place."""
    isa = judged.isa
    segments = s.segments[:MAX_SHOWN_SEGMENTS] if s else [isa, *judged.loose]
    return {
        "interchange": {
            "sender": f"{isa.at(5)}:{isa.at(6)}",
            "receiver": f"{isa.at(7)}:{isa.at(8)}",
            "control": judged.control,
            "version": isa.at(12),
            "test": judged.test,
            "delimiters": [judged.delimiters.element, judged.delimiters.component, judged.delimiters.segment],
        },
        "group": {"function": group.function, "control": group.control, "version": group.version} if group else None,
        "segments": [
            {
                "id": x.id[:10],
                "at": x.index,
                "offset": x.offset,
                "elements": [e[:MAX_SHOWN_CHARS] for e in x.elements[:99]],
            }
            for x in segments
        ],
    }
