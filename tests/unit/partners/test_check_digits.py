"""Wrong check digits are what the agreement with their sender makes of them: nothing, a note, or a reason to hold."""

import pytest
from tests.unit.partners.test_agreements import FILE, read, refused
from tests.unit.partners.test_x12 import x12

from crossdock.partners import decode, profiles
from crossdock.partners.agreements import terms
from crossdock.partners.agreements.terms import CheckDigits
from crossdock.partners.deciding import Known, decide
from crossdock.partners.model import Context, Decoded, Severity, Status
from crossdock.partners.profiles import Identifier, Profile

WRONG = x12().replace("002840022228", "002840022222").encode()
SSCC = "000123456000000011"
TABLE = b"po,quantity,unit,gtin,customer\nP-1,2,EA,4006381333932,C-1\n"


def partner(**more: object) -> Profile:
    return Profile(id="acme", name="ACME", customer_id="C-1", identifiers=(Identifier("ZZ", "ACME"),), **more)  # type: ignore[arg-type]


def judged(raw: bytes, profile: Profile | None) -> tuple[Decoded, list[Severity]]:
    [found] = decode(raw, "a", Context(partner=profile, adopt=profile is None))
    return found, [i.severity for i in found.issues if i.finding.code == "gs1.digit"]


@pytest.mark.parametrize("raw", [WRONG, TABLE], ids=["x12", "table"])
def test_a_partner_that_says_nothing_is_warned_and_its_order_goes_on(raw: bytes):
    for profile in (None, partner()):
        found, said = judged(raw, profile)
        assert (said, found.order is not None) == ([Severity.NOTE], True)
        assert decide([found], Known())[0].status is Status.ACCEPTED


def test_off_says_nothing():
    assert judged(WRONG, partner(check_digits=CheckDigits.OFF))[1] == []


@pytest.mark.parametrize("raw", [WRONG, TABLE], ids=["x12", "table"])
def test_hold_waits_for_a_person_who_may_release_it(raw: bytes):
    found, said = judged(raw, partner(check_digits=CheckDigits.HOLD))
    assert said == [Severity.HOLD]
    [issue] = [i for i in found.issues if i.finding.code == "gs1.digit"]
    assert "should be" in issue.finding.found
    assert issue.finding.fix == "Ask ACME for the right number, or release it as it is written."
    assert decide([found], Known())[0].status is Status.HELD
    assert decide([found], Known(), released=frozenset({"gs1.digit"}))[0].status is Status.ACCEPTED


def test_the_agreement_about_a_document_comes_before_the_partners_file():
    strict = terms.Agreement(document="850", direction=terms.Direction.IN, check_digits=CheckDigits.HOLD)
    assert judged(WRONG, partner(check_digits=CheckDigits.OFF, agreements=(strict,)))[1] == [Severity.HOLD]


def test_right_digits_are_never_spoken_of():
    for policy in CheckDigits:
        assert judged(x12().encode(), partner(check_digits=policy))[1] == []


def test_it_is_written_in_the_file_and_in_its_agreements():
    text = FILE.replace("go_live: automatic", "go_live: automatic\ncheck_digits: 'off'").replace(
        "duplicates: hold", "duplicates: hold\n    check_digits: hold"
    )
    bolts = read(text)
    assert bolts.check_digits is CheckDigits.OFF
    assert bolts.agreements[0].check_digits is CheckDigits.HOLD
    assert profiles.parse(profiles.plain(bolts), "again") == bolts
    assert refused(FILE.replace("duplicates: hold", "check_digits: never")) == [
        ("/agreements/0/check_digits", "partner.word"),
    ]  # fmt: skip


def test_the_secret_itself_is_refused_where_its_name_belongs_and_not_repeated():
    [(where, code)] = refused(FILE.replace("go_live: automatic", "shared_secret: open sesame"))
    assert (where, code) == ("/shared_secret", "partner.secret")
    assert refused(FILE.replace("go_live: automatic", "shop: 'javascript:x'")) == [("/shop", "partner.shop")]
