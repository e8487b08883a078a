"""What is agreed with a partner: written, read, found, and made into a time."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import exactjson
from crossdock.errors import PartnerError
from crossdock.partners import decode, profiles
from crossdock.partners.agreements import store, terms, windows
from crossdock.partners.agreements.terms import Agreement, Day, Direction, Environment, Expected, Owes, Version, Window
from crossdock.partners.agreements.windows import Basis
from crossdock.partners.model import Context, Severity
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.reconciling.model import Terms
from crossdock.rules import calendars

FILE = """
id: bolts
name: Bolts & Co
customer_id: C-0007
calendar: office
identifiers:
  - {scheme: ZZ, value: BOLTS}
  - {scheme: ZZ, value: BOLTST, environment: test}
ours:
  - {scheme: ZZ, value: NORRLAND}
  - {scheme: ZZ, value: NORRTEST, environment: test}
contacts: [{name: Ann, role: edi, email: ann@bolts.example}]
channels: [{kind: sftp, name: bolts-in}]
go_live: automatic
agreements:
  - document: '850'
    direction: in
    version: '004010'
    guide: x12-850
    map: {id: x12-850, version: '3'}
    duplicates: hold
    tests: 2
    expects:
      - {document: '855', within: PT24H}
      - {document: '856', by: requested_on, before: PT24H}
  - {document: '850', direction: in, version: '004', environment: test}
  - {document: '855', direction: out, acknowledged: {business_days: 1, calendar: always}}
  - {document: '856', direction: out, acknowledged: never, expects: [{document: POD, learned: true}]}
"""
OFFICE = calendars.read(
    {"name": "office", "time_zone": "UTC", "hours": {d: ["08:00-16:00"] for d in calendars.WEEKDAYS[:5]}}, 3
)
FRIDAY = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)


def read(text: str) -> Profile:
    return profiles.parse(store.imported(text.encode(), "bolts.yaml"), "bolts.yaml")


def refused(text: str) -> list[tuple[str, str]]:
    with pytest.raises(PartnerError) as e:
        read(text)
    assert all(f.expected and f.found and f.fix for f in e.value.findings)
    return [(f.where.partition("#")[2], f.code) for f in e.value.findings]


def test_a_file_says_everything_that_was_agreed():
    bolts = read(FILE)
    assert bolts.test_identifiers == (Identifier("ZZ", "BOLTST"),)
    assert bolts.test_receivers == (Identifier("ZZ", "NORRTEST"),)
    order = bolts.agreed("850", Direction.IN, "004010")
    assert order == Agreement(
        document="850", direction=Direction.IN, version="004010", guide="x12-850", map=Version("x12-850", "3"),
        duplicates=terms.Duplicates.HOLD, tests=2,
        expects=(
            Expected(document="855", owed_by=Owes.US, window=Window(within=timedelta(hours=24))),
            Expected(document="856", owed_by=Owes.US, window=Window(by=Day.REQUESTED, before=timedelta(days=1))),
        ),
    )  # fmt: skip
    shipped = bolts.agreed("856", Direction.OUT)
    assert shipped is not None
    assert (shipped.acknowledged, shipped.expects[0].owed_by, shipped.expects[0].window.learned) == (
        None,
        Owes.THEM,
        True,
    )


def test_the_most_exact_version_counts():
    bolts = read(FILE)
    for version, exact in (("004010", "004010"), ("004010VICS", "004010"), ("004030", "004"), ("005010", None)):
        found = bolts.agreed("850", Direction.IN, version)
        assert (found.version if found else None) == exact
    assert bolts.agreed("850", Direction.OUT, "004010") is None


def test_what_is_taken_out_is_read_back_as_it_was():
    bolts = read(FILE)
    assert read(store.exported(bolts)) == bolts
    assert profiles.of_text(exactjson.text(profiles.plain(bolts))) == bolts


@given(st.text("0123456789.-+eExo", min_size=1, max_size=12))
def test_texts_that_look_like_numbers_stay_texts(value: str):
    one = Profile(id="b", name=value, customer_id=value, identifiers=(Identifier(value, value),))
    assert read(store.exported(one)) == one


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (("'850'", "850"), ("/agreements/0/document", "partner.text")),
        (("direction: in", "direction: both"), ("/agreements/0/direction", "partner.word")),
        (("tests: 2", "tests: 2000"), ("/agreements/0/tests", "partner.number")),
        (("within: PT24H", "within: 24h"), ("/agreements/0/expects/0/within", "partner.duration")),
        (("within: PT24H", "within: P500D"), ("/agreements/0/expects/0/within", "partner.duration")),
        (("within: PT24H", "within: PT1H, by: requested_on"), ("/agreements/0/expects/0", "partner.window")),
        (("by: requested_on, ", ""), ("/agreements/0/expects/1/before", "partner.window")),
        (("'855', within", "'997', within"), ("/agreements/0/expects/0/document", "partner.document")),
        (("acknowledged: never", "acknowledgement: '997'"), ("/agreements/3/acknowledgement", "partner.direction")),
        (("version: '004', ", "version: '004010', "), ("/agreements/1", "partner.twice")),
        (("ann@bolts.example", "ann"), ("/contacts/0/email", "partner.email")),
        (("kind: sftp", "kind: pigeon"), ("/channels/0/kind", "partner.word")),
        (("value: BOLTST", "value: BOLTS"), ("/identifiers/1", "partner.twice")),
        (("go_live: automatic", "go_live: now"), ("/go_live", "partner.word")),
        (("go_live:", "goes_live:"), ("/goes_live", "partner.key")),
    ],
)
def test_what_is_wrong_is_named_with_its_place(wrong: tuple[str, str], found: tuple[str, str]):
    assert found in refused(FILE.replace(*wrong, 1))


def test_everything_that_is_wrong_is_named_at_once():
    assert len(refused(FILE.replace("'850'", "850").replace("PT24H", "soon").replace("kind: sftp", "kind: pigeon"))) > 4


# ── windows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("window", "office", "plain"),
    [
        (Window(within=timedelta(hours=24)), "2026-03-11T15:00", "2026-03-07T15:00"),  # three days of eight hours
        (Window(business_days=1), "2026-03-09T16:00", "2026-03-07T15:00"),
        (Window(by=Day.REQUESTED), "2026-03-16T16:00", "2026-03-15T00:00"),  # the 14th is a Saturday
        (Window(by=Day.REQUESTED, before=timedelta(days=2)), "2026-03-14T16:00", "2026-03-13T00:00"),
        (Window(by=Day.PROMISED), None, None),  # the document does not say
        (Window(), None, None),
    ],
)
def test_a_window_closes_when_it_was_agreed_to(window: Window, office: str | None, plain: str | None):
    for calendar, expected in ((OFFICE, office), (None, plain)):
        at, basis = windows.due(window, calendar, FRIDAY, {Day.REQUESTED: date(2026, 3, 14)}, None)
        assert (at.strftime("%Y-%m-%dT%H:%M") if at else None) == expected
        assert basis is (Basis.CONTRACT if expected else Basis.UNKNOWN)


def test_a_date_gone_by_is_due_at_once():
    at, _ = windows.due(Window(by=Day.REQUESTED), None, FRIDAY, {Day.REQUESTED: date(2026, 1, 1)}, None)
    assert at == FRIDAY


def test_nothing_is_learned_from_too_little():
    assert windows.learn([timedelta(hours=2)] * (windows.MINIMUM - 1)) is None
    learned = windows.learn([timedelta(hours=2)] * windows.MINIMUM)
    assert learned is not None
    assert (learned.sample, learned.window) == (windows.MINIMUM, timedelta(hours=3))


@given(st.lists(st.integers(0, 10_000), min_size=windows.MINIMUM, max_size=400))
def test_a_learned_window_would_have_called_few_of_its_own_intervals_late(hours: list[int]):
    intervals = [timedelta(hours=h) for h in hours]
    learned = windows.learn(intervals)
    assert learned is not None
    used = intervals[: windows.REMEMBERED]
    late = sum(i > learned.window for i in used)
    assert late <= len(used) * (1 - windows.QUANTILE)
    assert min(used) <= learned.at <= max(used)


def test_one_slip_does_not_move_what_was_learned():
    usual = [timedelta(hours=4)] * 39
    assert windows.learn([*usual, timedelta(hours=4)]) == windows.learn([*usual, timedelta(days=90)])


def test_a_learned_window_is_counted_on_the_calendar_and_only_where_nothing_was_agreed():
    learned = windows.learn([timedelta(hours=4)] * 20)
    at, basis = windows.due(Window(), OFFICE, FRIDAY, {}, learned)
    assert (at, basis) == (datetime(2026, 3, 9, 12, 0, tzinfo=UTC), Basis.LEARNED)
    assert windows.due(Window(within=timedelta(hours=1)), OFFICE, FRIDAY, {}, learned)[1] is Basis.CONTRACT


# ── what it does to documents ───────────────────────────────────────────────────────────────────────────────────────


SENDER, RECEIVER = Identifier("ZZ", "BOLTS"), Identifier("ZZ", "NORRLAND")
EDIFACT = (
    "UNB+UNOC:3+BOLTS:ZZ+NORRLAND:ZZ+260101:1200+R1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-E+9'DTM+137:20260101:102'"
    "CUX+2:EUR:9'LIN+1++4012345678901:SRV'QTY+21:10:PCE'PRI+AAA:1.25'UNS+S'UNT+9+1'UNZ+1+R1'"
)


def x12(kind: str, function: str, body: str) -> bytes:
    sets = f"ST*{kind}*0001~{body}SE*{body.count('~') + 2}*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*000000001*0*P*>~"
        f"GS*{function}*BOLTS*NORRLAND*20260102*0900*1*X*004010~{sets}GE*1*1~IEA*1*000000001~"
    ).encode()


ORDER = x12("850", "PO", "BEG*00*SA*4500012**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~")


def trading(*agreements: Agreement, **changed: Any) -> Profile:
    usual: dict[str, Any] = {"identifiers": (SENDER,), "agreements": agreements}
    return Profile(id="bolts", name="Bolts", customer_id="C-7", **usual | changed)


def agreement(document: str, version: str = "", **more: Any) -> Agreement:
    return Agreement(document=document, direction=Direction.IN, version=version, **more)


def judged(partner: Profile, raw: bytes) -> tuple[bool, list[str]]:
    [document] = decode(raw, "x", Context(profiles=(partner,)))
    return document.test, [i.finding.code for i in document.of(Severity.HOLD)]


def test_what_was_not_agreed_upon_is_held():
    assert judged(trading(), ORDER) == (False, [])
    assert judged(trading(agreement("850", "004010")), ORDER) == (False, [])
    assert judged(trading(agreement("850")), ORDER) == (False, [])
    for other in (agreement("850", "005010"), agreement("810")):
        assert judged(trading(other), ORDER) == (False, ["agreement.none"])
    assert judged(trading(agreement("810"), unagreed=profiles.Unagreed.ACCEPT), ORDER) == (False, [])
    outbound = Agreement(document="855", direction=Direction.OUT)
    assert judged(trading(outbound), ORDER) == (False, [])


def test_an_acknowledgement_needs_no_agreement():
    raw = x12("997", "FA", "AK1*PR*1~AK2*855*0001~AK5*A~AK9*A*1*1*1~")
    assert judged(trading(agreement("850")), raw) == (False, [])


def test_the_test_environment_makes_a_test():
    tests: list[dict[str, Any]] = [
        {"identifiers": (), "test_identifiers": (SENDER,)},
        {"test_receivers": (RECEIVER,)},
        {"agreements": (agreement("850", environment=Environment.TEST),)},
        {"mode": profiles.Mode.TEST},
    ]
    for changed in tests:
        assert judged(trading(**changed), ORDER) == (True, []), changed


def test_an_edifact_message_is_agreed_upon_by_its_directory():
    assert judged(trading(agreement("ORDERS", "D:96A")), EDIFACT.encode()) == (False, [])
    assert judged(trading(agreement("ORDERS", "D:01B")), EDIFACT.encode()) == (False, ["agreement.none"])


def test_the_file_in_the_documents_is_one():
    page = (Path(__file__).parents[3] / "docs" / "partners.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    bolts = read(example)
    assert [str(a) for a in bolts.agreements] == ["850 in 004010", "855 out", "850 out", "shipment out"]
    assert read(store.exported(bolts)) == bolts


def test_tolerances_are_part_of_the_file_and_read_back_as_they_were():
    said = "tolerances: {quantity_percent: 2.5, price_percent: '0.5', amount: 1, days: 2, receipts: true}"
    bolts = read(f"{FILE}\n{said}")
    assert bolts.tolerances == Terms(
        quantity_percent=Decimal("2.5"), price_percent=Decimal("0.5"), amount=Decimal(1), days=2, receipts=True
    )
    assert profiles.of_text(exactjson.text(profiles.plain(bolts))) == bolts
    assert read(FILE).tolerances is None
    assert read(f"{FILE}\ntolerances: {{}}").tolerances == Terms()


def test_each_wrong_tolerance_and_place_is_named():
    wrong = (
        "tolerances: {quantity_percent: 101, price_percent: -1, amount: much, days: 1.5, receipts: 1, colour: 3}\n"
        "places: [{id: 12, city: Boise, country: USA}, {id: A, city: B, country: US}, {id: A, city: C, country: US}, "
        "{id: X, country: US}]"
    )
    assert refused(f"{FILE}\n{wrong}") == [
        ("/places/0/id", "partner.text"), ("/places/0/country", "partner.country"), ("/places/2", "partner.twice"),
        ("/places/3/city", "partner.missing"), ("/tolerances/colour", "partner.key"),
        ("/tolerances/quantity_percent", "partner.number"), ("/tolerances/price_percent", "partner.number"),
        ("/tolerances/amount", "partner.number"), ("/tolerances/days", "partner.number"),
        ("/tolerances/receipts", "partner.flag"),
    ]  # fmt: skip


def test_places_read_back_as_they_were():
    place = "{id: '0012', scheme: assigned_by_buyer, lines: [2 Second St], city: Boise, region: ID, country: US}"
    bolts = read(f"{FILE}\nplaces: [{place}]")
    assert [(p.id, p.address.city, p.address.lines) for p in bolts.places] == [("0012", "Boise", ("2 Second St",))]
    assert profiles.of_text(exactjson.text(profiles.plain(bolts))) == bolts
