"""What cases, approvals and holds look like from outside; the order's page shows them too."""

from crossdock.gateway.models import Answer, Json, Money, Time


class CaseAction(Answer):
    """One way to end a case. effect: what happens then."""

    id: str
    label: str
    effect: str = ""
    needs_input: bool = False


class Case(Answer):
    """An exception: what cannot go on by itself, with the money at risk, a clock, and the actions that end it."""

    id: str
    number: str
    kind: str
    severity: str
    title: str
    detail: str
    reason: str
    order: str | None
    customer: str | None
    money: Money | None
    currency: str | None
    queue: str
    owner: str | None
    status: str
    opened_at: Time
    due_at: Time | None
    breached: bool
    incident: str | None
    actions: list[CaseAction]


class Comment(Answer):
    at: Time
    by: str
    text: str


class Done(Answer):
    at: Time
    by: str
    what: str


class CaseDetail(Case):
    """editable: JSON pointers into `data` that a resolution may change."""

    customer_id: str
    snoozed_until: Time | None
    evidence: Json
    editable: list[str]
    data: Json
    comments: list[Comment]
    history: list[Done]
    closed_at: Time | None
    resolution: str | None
    resolved_by: str | None
    note: str | None
    instance: str | None


class Approval(Answer):
    """What is asked, and of whom. `hash` binds a decision to exactly what is shown."""

    id: str
    number: str
    title: str
    kind: str
    order: str | None
    customer: str | None
    amount: Money | None
    currency: str | None
    role: str
    reason: str
    rule: str | None
    requested_at: Time
    due_at: Time | None
    status: str
    decided_by: str | None
    decided_at: Time | None
    note: str | None
    hash: str
    data: Json
    can_decide: bool
    why_not: str | None


class Hold(Answer):
    """A deliberate stop. orders: how many it stops now."""

    id: str
    number: str
    scope: str
    key: str
    kind: str
    reason: str
    evidence: Json
    placed_by: str
    placed_at: Time
    release_role: str | None
    expires_at: Time | None
    status: str
    released_by: str | None
    released_at: Time | None
    note: str | None
    orders: int
