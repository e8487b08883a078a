"""The whole matrix: every role and action is either here or denied."""

from decimal import Decimal

import pytest

from crossdock.policy import Action, Allowed, Denied, Principal, Resource, Role, decide

WORK = {
    Action.CASE_WORK,
    Action.INCIDENT_WORK,
    Action.HOLD_PLACE,
    Action.ORDER_CREATE,
    Action.ORDER_CANCEL,
    Action.ORDER_SHARE,
    Action.DOCUMENT_RELEASE,
    Action.INTAKE,
    Action.EVENT_POST,
    Action.INSTANCE_OPERATE,
    Action.WORKFLOW_RUN,
    Action.MAP_EDIT,
    Action.DEFINITION_EDIT,
    Action.CROSS_REFERENCE,
}
# On a thing of the own tenant that asks for the approver role and belongs to another partner than P-1.
MATRIX: dict[Role, set[Action]] = {
    Role.VIEWER: {Action.READ},
    Role.COORDINATOR: {Action.READ} | WORK,
    Role.APPROVER: {
        Action.READ,
        Action.CASE_WORK,
        Action.HOLD_PLACE,
        Action.HOLD_RELEASE,
        Action.APPROVAL_DECIDE,
    },
    Role.ADMIN: set(Action),
    Role.PARTNER: set(),
}


def who(role: Role, tenant_id: str = "norrland", **more: object) -> Principal:
    return Principal(name="ann", role=role, tenant_id=tenant_id, **more)  # type: ignore[arg-type]


def thing(**more: object) -> Resource:
    given = {"kind": "Approval", "tenant_id": "norrland", "role": "approver", "partner_id": "P-2", "id": "1"} | more
    return Resource(**given)  # type: ignore[arg-type]


def allowed(principal: Principal, action: Action, resource: Resource) -> bool:
    return isinstance(decide(principal, action, resource), Allowed)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_the_matrix_and_nothing_else(role: Role, action: Action) -> None:
    assert allowed(who(role), action, thing()) == (action in MATRIX[role])


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_nobody_reaches_another_tenant(role: Role, action: Action) -> None:
    principal = who(role, "castell", partner_id="P-2")
    assert not allowed(principal, action, thing(tenant_id="norrland"))


@pytest.mark.parametrize("action", Action)
def test_a_partner_only_reaches_its_own(action: Action) -> None:
    principal = who(Role.PARTNER, partner_id="P-1")
    own = {Action.READ, Action.ORDER_CREATE, Action.ORDER_CANCEL, Action.INTAKE}
    assert allowed(principal, action, thing(partner_id="P-1")) == (action in own)
    assert not allowed(principal, action, thing(partner_id="P-2"))
    assert not allowed(principal, action, thing(partner_id=None))


def test_a_partner_without_an_identity_reaches_nothing() -> None:
    assert not allowed(who(Role.PARTNER), Action.READ, thing(partner_id=None))


@pytest.mark.parametrize("role", [Role.APPROVER, Role.ADMIN])
def test_four_eyes_bind_everybody(role: Role) -> None:
    decision = decide(who(role), Action.APPROVAL_DECIDE, thing(not_by=("bob", "ann")))
    assert decision == Denied("four-eyes")


@pytest.mark.parametrize(
    ("amount", "yes"),
    [("1000", True), ("1000.00", True), ("1000.001", False), ("1000.01", False), ("0", True), (None, False)],
)
def test_an_approver_decides_up_to_the_limit(amount: str | None, yes: bool) -> None:
    principal = who(Role.APPROVER, approval_limit=Decimal(1000))
    value = None if amount is None else Decimal(amount)
    assert allowed(principal, Action.APPROVAL_DECIDE, thing(amount=value)) == yes


def test_an_approver_without_a_limit_decides_any_amount() -> None:
    assert allowed(who(Role.APPROVER), Action.APPROVAL_DECIDE, thing(amount=Decimal(10**9)))


def test_an_approval_for_the_admin_is_not_for_an_approver() -> None:
    assert not allowed(who(Role.APPROVER), Action.APPROVAL_DECIDE, thing(role="admin"))


@pytest.mark.parametrize(
    ("role", "asks", "yes"),
    [
        (Role.COORDINATOR, "coordinator", True),
        (Role.APPROVER, "coordinator", True),
        (Role.COORDINATOR, "approver", False),
        (Role.VIEWER, "viewer", False),
        (Role.PARTNER, "coordinator", False),
    ],
)
def test_a_hold_is_released_by_the_role_it_asks_for(role: Role, asks: str, yes: bool) -> None:
    assert allowed(who(role), Action.HOLD_RELEASE, thing(role=asks)) == yes


@pytest.mark.parametrize("name", ['"', "a\nb", "ann", "", "ännä", "\\"])
def test_odd_names_change_nothing(name: str) -> None:
    principal = Principal(name=name, role=Role.VIEWER, tenant_id="norrland")
    assert allowed(principal, Action.READ, thing(id=name))
    assert not allowed(principal, Action.USER_MANAGE, thing(id=name))


def test_the_answer_names_the_policy() -> None:
    assert decide(who(Role.VIEWER), Action.READ, thing()) == Allowed("read-own-tenant")
    assert decide(who(Role.VIEWER), Action.INTAKE, thing()) == Denied("nothing permits intake to the role viewer")
