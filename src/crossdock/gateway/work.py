"""What cases, approvals and holds look like from outside; the order's page shows them too."""

from pydantic import ConfigDict, Field

from crossdock.gateway.models import Answer, Day, Json, Money, Time


class CaseAction(Answer):
    """One way to end a case. effect: what happens then."""

    id: str
    label: str
    effect: str = ""
    needs_input: bool = False


class Points(Answer):
    """One reason for a rank, and the rule that gave it."""

    points: int
    because: str
    rule: str = ""


class Ruled(Answer):
    """The rule of a decision table that decided; what else it said."""

    model_config = ConfigDict(extra="allow")

    table: str
    version: str
    rule: str
    because: str


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
    team: str
    owner: str | None
    status: str
    priority: int = Field(description="0…100, the sum of priority_why")
    priority_why: list[Points]
    tier: str = Field(description="The customer's tier")
    promised_on: Day | None
    partner: str
    site: str
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


class Linked(Answer):
    id: str
    number: str
    title: str
    status: str
    note: str
    by: str
    at: Time


class Merged(Answer):
    """What was merged into a case: its evidence and comments stay its own."""

    id: str
    number: str
    title: str
    order: str | None
    evidence: Json
    comments: list[Comment]
    merged_by: str | None
    merged_at: Time | None


class Present(Answer):
    """Who is at a case now. doing: looks or edits."""

    user: str
    doing: str


class CaseFile(Answer):
    """message: the mail that brought it or took it along."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    by: str
    at: Time
    message: str | None


class CaseMessage(Answer):
    """direction: in or out. state: waiting, sent, failed or received."""

    id: str
    direction: str
    sender: str
    to: list[str]
    subject: str
    body: str
    state: str
    by: str
    at: Time
    error: str


class CaseDetail(Case):
    """editable: JSON pointers into `data` that a resolution may change. placed_by: the rule that gave it to its team
    and owner. calendar, clocked_by: in whose open hours its clock runs, and by which rule. clears: what closes it by
    itself. clearing: its cause is gone, and it closes when nobody is at it any more.
    """

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
    placed_by: Ruled | None
    calendar: str | None
    clocked_by: Ruled | None
    clears: str
    reopened: int
    linked: list[Linked]
    merged: list[Merged]
    present: list[Present]
    files: list[CaseFile]
    messages: list[CaseMessage]
    merged_into: str | None
    clearing: str | None


class ApprovalStep(Answer):
    """need: how many different people; missing: how many are still. open: it can be voted in now."""

    role: str
    people: list[str]
    need: int
    missing: int
    open: bool


class ApprovalVote(Answer):
    """right: whose right was used. who: both, in words. way: page, api, cli, mail link."""

    voter: str
    right: str
    who: str
    step: int
    outcome: str
    note: str
    way: str
    at: Time
    hash: str


class Approval(Answer):
    """What is asked, and of whom. `hash` binds a decision to exactly what is shown.

    acts_for: whose right the caller would use. again_of, changed: why it is asked again. table: which rule asks whom.
    """

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
    acts_for: str | None
    overdue: bool
    steps: list[ApprovalStep]
    in_sequence: bool
    votes: list[ApprovalVote]
    table: str
    again_of: str | None
    changed: Json
    expires_at: Time | None
    reminded_at: Time | None
    escalated_at: Time | None
    escalated_to: str | None


class Hold(Answer):
    """A deliberate stop. orders: how many it stops now. amount: who releases it needs a limit that reaches it."""

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
    amount: Money | None
    currency: str
    orders: int
