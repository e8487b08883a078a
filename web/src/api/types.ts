/* What the gateway says, written from its REST contract. Money is a string of exact digits,
   times are RFC 3339 in UTC. Nothing here is computed by the page. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Money = string;
export type Time = string;

export interface List<T> { items: T[]; next: string | null; total: number }
export interface Problem { type: string; title: string; status: number; detail?: string; findings?: Finding[] }
export interface Finding { code: string; where: string; expected: string; found: string; fix: string }

export interface TenantRef { id: string; name: string; role: Role }
export type Role = 'viewer' | 'coordinator' | 'approver' | 'admin' | 'partner';
export interface Session {
  user: string; name: string; tenant: string; tenants: TenantRef[]; role: Role; time_zone: string;
  brand: { name: string; color: string };
}
export interface Now { now: Time; rate: number }

export type Unit = 'count' | 'percent' | 'hours' | 'money';
export interface Kpi {
  key: string; label: string; value: string | null; unit: Unit; target: string | null; delta: string | null;
  good: 'up' | 'down'; note: string; formula: string; series: number[];
}
export interface Kpis { as_of: Time; items: Kpi[] }

export type NodeKind = 'event' | 'task' | 'decision' | 'person' | 'wait' | 'end';
/** Seconds of business time; heat from 0 (cold) to 4, null while nothing is usual yet. */
export interface Dwell { p50_s: number; p90_s: number; usual_p50_s: number | null; usual_p90_s: number | null; samples: number; heat: number | null }
export interface FlowNode { id: string; label: string; kind: NodeKind; count: number; late: number; at_risk: number; value: Money; dwell: Dwell | null }
export interface FlowEdge { id: string; source: string; target: string; label: string | null }
export interface Flow { definition: { namespace: string; name: string; version: string }; title: string; summary: string; elsewhere: number; nodes: FlowNode[]; edges: FlowEdge[] }
export interface Process { name: string; version: string; title: string; summary: string; open: number; late: number; at_risk: number; versions: { version: string; open: number }[] }
export interface BoardView { id: string; name: string; owner: string; mine: boolean; shared: boolean; default: boolean; filters: Record<string, string>; put_at: Time }
export interface Proposal2 { kind: 'service' | 'site' | 'tell'; text: string; expected_on: string | null }
export interface Risk { level: string; step: string; rule: string; reason: string; promised_on: string | null; expected_on: string | null; days_late: number; money: Money | null; currency: string; could: Proposal2[]; since: Time | null; case: string | null; case_number: string | null; over?: boolean }
export interface AtRisk extends Risk { order: string; po: string; customer_id: string; customer: string; channel: string; site: string; service: string; type: string }
export interface RiskCounts { levels: Record<string, number>; money: Record<string, Money> }
export interface OrderPlan { order: string; promised_on: string | null; steps: { step: string; planned: Time | null; actual: Time | null; expected: Time | null }[]; risk: Risk | null; versions: { version: number; made_at: Time; why: string; promised_on: string | null; site: string; service: string; lead_days: number | null }[] }
export interface NodeCount { node: string; count: number; late: number }

export interface Bucket { at: Time; x12: number; json: number; csv: number; manual: number }
export interface Throughput { buckets: Bucket[]; total: number }

export type OrderStatus = 'open' | 'waiting' | 'in_case' | 'closed' | 'cancelled' | 'rejected';
export interface OrderSummary {
  order: string; po: string; customer_id: string; customer: string; channel: string; status: OrderStatus;
  stage: string; stage_label: string; total: Money; currency: string; lines: number; received_at: Time;
  promised_on: string | null; late: boolean; age_s: number; shipments: number; open_cases: number;
}
export interface Address { name?: string; lines?: string[]; city?: string; region?: string; postal_code?: string; country?: string }
export interface OrderLine {
  line: string; sku: string | null; description: string; ordered: string; unit: string; unit_price: Money | null; amount: Money | null;
  reserved: string; shipped: string; invoiced: string; backordered: string;
}
export interface WantedChange { cancel?: boolean; lines?: { line: string; quantity?: string; unit_price?: string }[]; requested_on?: string; ship_to?: Address }
export interface ChangePreview {
  order: string; currency: string; step: 'preparing' | 'released' | 'shipped' | 'over'; way: 'free' | 'recall' | 'return' | 'refuse'; approval: boolean; rule: string; why: string;
  before: Money; after: Money; rise: Money; discount: Money;
  lines: { line: string; sku: string; description: string; unit: string; quantity: string; new_quantity: string; unit_price: Money | null; new_unit_price: Money | null; accepted: boolean; reason: string | null }[];
}
export interface OrderMoney { ordered: Money; invoiced: Money; tax: Money; paid: Money; open: Money; margin: Money | null }
export type TimelineKind = 'document' | 'event' | 'decision' | 'call' | 'approval' | 'case' | 'hold' | 'message' | 'task' | 'money';
export interface TimelineItem { at: Time; kind: TimelineKind; title: string; detail: string | null; status: string | null; ref: string | null; data: Json }
export interface Call {
  at: Time; function: string; system: string; attempt: number; outcome: string; started_at: Time; duration_ms: number | null;
  key: string | null; error: string | null; request: Json; response: Json;
}
export interface Decision { at: Time; table: string; version: string; hit: { rule: string; description: string }[]; input: Json; output: Json }
export interface InstanceRef { id: string; definition: string; version: string; status: string; stage: string | null }
export interface Message { at: Time; to: string; moment: string; subject: string; body: string }
export interface OrderDetail extends Omit<OrderSummary, 'lines'> {
  ship_to: Address | null; lines: OrderLine[]; money: OrderMoney; timeline: TimelineItem[]; documents: DocumentSummary[];
  calls: Call[]; decisions: Decision[]; approvals: Approval[]; cases: Case[]; holds: Hold[]; instances: InstanceRef[];
  messages: Message[]; requested_on: string | null; trace_id: string | null; earlier: Time | null;
}
export interface Story { timeline: TimelineItem[]; calls: Call[]; decisions: Decision[]; messages: Message[]; earlier: Time | null }
export interface Shipment {
  shipment: string; site: string; tracking: string; service: string; status: string; promised_on: string | null; released_at: Time | null; shipped_at: Time | null; delivered_at: Time | null; signed_by: string; location: string; trouble: string;
  lines: { line: string; sku?: string; quantity: number | string }[]; packages: { sscc?: string; lines?: { line: string; quantity: number | string }[] }[];
}
export interface Invoice { invoice: string; shipment: string; at: Time; due_on: string | null; currency: string; net: Money; tax: Money; total: Money; paid: Money; credited: Money; open: Money }
export interface Claim { kind: string; request: string; rma: string; at: Time; status: string; reason: string; currency: string; credited: Money; credits: string[] }
export interface Around {
  counts: { events: number; documents: number; messages: number; calls: number | null; decisions: number | null; unknown: number | null; cases: number | null; open_cases: number | null; approvals: number | null; pending_approvals: number | null };
  shipments: Shipment[]; invoices: Invoice[]; claims: Claim[]; credited: Money; freight: Money | null;
  quotes: { quote: string; revision: number; state: string; total: Money; currency: string; sent_at: Time; answered_at: Time | null }[];
  related: { order: string; po: string; kind: string; outcome: string | null; received_at: Time; total: Money; currency: string }[];
}
export interface OrderLink { id: string; by: string; note: string; language: string; made_at: Time; expires_at: Time; ended_at: Time | null; ended_by: string | null; opened: number; opened_at: Time | null; state: 'active' | 'over' | 'ended' }

export interface DocumentSummary {
  id: string; type: string; format: string; direction: 'in' | 'out'; status: string; partner: string | null; partner_name?: string | null; filename: string | null;
  order: string | null; po: string | null; total: Money | null; currency: string | null; received_at: Time; errors: number; test?: boolean;
  /** of one we sent: what became of it, what it tells of, by when it is acknowledged */
  control: string | null; state: string | null; number: string | null; deadline: Time | null;
  /** the number by which a search found it */
  found: { kind: string; value: string } | null;
}
export interface DocumentDetail extends Omit<DocumentSummary, 'errors'> {
  errors: Finding[]; notes?: Finding[]; sender?: string | null; receiver?: string | null; channel?: string; released_by?: string | null; released_at?: Time | null; raw: { text: string | null; size_bytes: number; media_type: string; base64?: string };
  parsed: Json; canonical: Json; acknowledgements: string[];
  /** the orders that an order for several places came to; the document that one of them came in */
  parts: { document: string; order: string; ship_to: string }[]; part_of: string | null;
}
export type Way = 'retry' | 'replay' | 'reissue';
export interface Sent {
  document: string; type: string; state: string; partner: string; order: string; po: string; number: string; control: number; group: number; message: number; test: boolean; tries: number;
  written_at: Time; sent_at: Time | null; answered_at: Time | null; deadline: Time | null; reissues: string | null; reissued_by: string | null; case: string | null; about: string; ssccs: string[];
  history: { number: number; kind: string; by_whom: string; offered_at: Time; channel: string | null; collected_at: Time | null }[];
  answers: { answer: string; outcome: string; said: Json; counted: boolean; answered_at: Time }[];
}
export interface SendingPreview { document: string; action: Way; allowed: boolean; reason: string; effect: string; state: string; becomes: string | null; control: number; same_numbers: boolean; tries: number }
export interface Tried {
  documents: (IntakeRow & { notes: Finding[]; po: string | null; format: string; partner: string | null; partner_name: string | null; customer_id: string | null; sender: string | null; receiver: string | null; control: string | null; test: boolean; parsed: Json; canonical: Json })[];
  count: number; answers: { type: string; filename: string; about: string; text: string }[]; raw: string | null;
}
/** Where a canonical field came from; only what fits the format is set. index counts from 0, line and row from 1. */
export interface Origin {
  pointer: string; where: string; segment: string | null; index: number | null; offset: number | null; element: number | null; component: number | null;
  path: string | null; attribute: string | null; line: number | null; row: number | null; column: string | null; cell: number | null; member: string | null;
}
export interface InForce { partner: string; version: number; activated_by: string; activated_at: Time }
export interface MapSummary { id: string; syntax: string; type: string; object: string; guide: string | null; directions: ('in' | 'out')[]; digest: string; shipped: boolean; newest: number; draft: number | null; in_force: InForce[] }
export interface MapVersionSummary { version: number; status: string; base: string; note: string; revision: number; saved_by: string; saved_at: Time | null; stale: boolean }
export interface TableSummary { name: string; title: string; rows: number; in_force: number | null; shipped: boolean; editable: boolean; draft: number | null; draft_by: string | null; activated_by: string | null; activated_at: Time | null }
export interface TableVersionSummary { version: number; status: string; base: string; note: string; revision: number; authors: string[]; saved_by: string; saved_at: Time | null }
export interface TableVersion extends TableVersionSummary { table: string; document: Json; tests: Json }
export interface TableDetail { name: string; versions: TableVersionSummary[]; in_force: number | null; history: { version: number; note: string; activated_by: string; activated_at: Time; instances: number }[]; editable: boolean; four_eyes: string }
export interface TableRemark extends Finding { severity: 'error' | 'warning' | 'hint'; node: string; row: string; column: string }
export interface TableCheck { ready: boolean; remarks: TableRemark[]; tests: { name: string; hit: string[]; output: Json; differences: string[] }[]; why_not: Finding[] }
export interface TraceSeen { node: string; values: Record<string, Json>; rows: { id: string; description: string; hit: boolean; matches: boolean; cells: { column: string; text: string; held: 'yes' | 'no' | 'any' | 'wrong'; why: string }[] }[] }
export interface TableTrace { hit: string[]; output: Json; tables: TraceSeen[]; computed: Record<string, Json> }
export interface RecordedDecision { id: string; order: string; instance: string; at: Time; version: string; hit: string[]; input: Json }
export interface TableComparison { of: number; same: number; against: string; differing: { order: string; instance: string; at: Time; before: string[]; after: string[]; outputs: { output: string; before: Json; after: Json }[]; input: Json }[] }
export interface LookedAt { ok: boolean; remarks: Remark[]; nodes: { id: string; label: string; kind: string; line: number | null; last_line: number | null }[]; edges: FlowEdge[]; scenarios: string[]; findings: Finding[] }
export interface WorkflowDraft { namespace: string; name: string; source: string; scenarios: string; base: string; note: string; revision: number; authors: string[]; saved_by: string; saved_at: Time | null; versions: { version: string; published_at: Time; running: number }[]; history: { version: string; note: string; activated_by: string; activated_at: Time }[]; four_eyes: string }
export interface PlayedTask { task: string; pointer: string; kind: string; detail: string; began_after: number; ended_after: number | null; input: Json; output: Json; context: Json }
export interface PlayedRun { name: string; status: string; differences: string[]; stages: string[]; tasks: PlayedTask[]; calls: { function: string; task: string; after: number; arguments: Json }[]; events: Json[]; output: Json; error: Json; took: number; complete: boolean }
export interface TextDifference { against: string; lines: { kind: 'same' | 'gone' | 'new' | 'skip'; before: number | null; after: number | null; text: string }[] }
export interface MapDetail { id: string; versions: MapVersionSummary[]; in_force: InForce[]; history: { partner: string; version: number; note: string; activated_by: string; activated_at: Time }[] }
export interface Remark extends Finding { line: number; column: number; path?: string; severity?: string; length?: number }
export interface MapCheck { ok: boolean; id: string; over: string; syntax: string | null; type: string | null; object: string | null; directions: ('in' | 'out')[]; remarks: Remark[]; differences: { at: string; before: Json; after: Json }[] }
export interface MapVersion { map: string; version: number; status: string; revision: number; source: string; check: MapCheck }
export interface MapPreview {
  direction: 'in' | 'out'; text: string | null; findings: Finding[];
  documents: { index: number; type: string; status: string; read_by: string | null; canonical: Json; findings: (Finding & { severity: string })[]; lineage: Origin[] }[];
}
export interface Comparison {
  replayed: number; of: number; same: number; complete: boolean;
  differing: { document: string; direction: string; type: string; partner: string | null; po: string | null; received_at: Time; fields: { pointer: string; before: Json; after: Json }[]; appeared: Finding[]; gone: Finding[] }[];
}
export interface Chain {
  chain: string; order: string; po: string; side: 'seller' | 'buyer'; partner: string; currency: string; state: string; money: Money; case: string | null; checked_at: Time | null; again_on: string | null;
  documents: { document: string; kind: string; type: string; direction: string; number: string; status: string; at: Time }[];
  lines: { line: string; items: { scheme: string; value: string }[]; unit: string; ordered: Money; price: Money | null; requested_on: string | null; promised: Money | null; backordered: Money | null; refused: Money | null; promised_price: Money | null; promised_on: string | null; shipped: Money; shipped_on: string | null; received: Money | null; invoiced: Money; invoiced_amount: Money; credited_amount: Money; differences: string[] }[];
  totals: { ordered: Money | null; shipped: Money | null; invoiced: Money; credited: Money; billed: Money; paid: Money };
  differences: { code: string; line: string; expected: string; found: string; money: Money; documents: string[]; text: string; told: boolean }[];
  changes: { document: string; sequence: string; line: string; fate: 'asked' | 'taken' | 'refused'; quantity_before: Money | null; quantity_after: Money | null; price_before: Money | null; price_after: Money | null; day_before: string | null; day_after: string | null }[];
  /** the order for several places that it belongs to, and the orders for each */
  family: string | null; members: { chain: string; order: string; ship_to: string; state: string; money: Money; case: string | null }[];
}
export interface PartnerSummary { id: string; name: string; customer_id: string; mode: string; version: number; agreements: string[]; last_document_at: Time | null }
export interface PartnerDetail {
  id: string; name: string; customer_id: string; mode: string; version: number; note: string; put_by: string; put_at: Time | null; agreements: string[]; file: Json;
  certificates: { fingerprint: string; subject: string; valid_from: Time; not_after: Time; expired: boolean }[];
  transports: { channel_id: string; kind: string; direction: string; enabled: boolean; last_success_at: Time | null; last_failure: string }[];
}
export interface Certification {
  partner: string; partner_name: string; state: string; go_live: string; green: boolean; started_at: Time; ready_at: Time | null; live_at: Time | null; approved_by: string | null;
  items: { key: string; title: string; needed: number; done: number; green: boolean; hint: string }[];
  documents: { document: string; type: string; version: string; filename: string; po: string | null; received_at: Time; status: string; counts: boolean; errors: string[]; acknowledgements: { document: string; type: string; text: string }[] }[];
}
export interface Invitation { id: string; email: string; invited_by: string; invited_at: Time; expires_at: Time; used_at: Time | null; used_by: string | null; mailed_at: Time | null; mail_error: string; state: string }
export interface Welcome { tenant: string; tenant_name: string; partner: string; partner_name: string; email: string; expires_at: Time }
export interface Corrected { document: string | null; result: IntakeRow; edits: { where: string; pointer: string; before: string; after: string }[]; proposals: string[] }
export interface ProposalEvidence { document: string; original?: string; case?: string; number?: string; order?: string; field: string; from: string; to: string; why: string; by: string; at: Time }
export interface Proposal { id: string; partner: string; kind: string; qualifier: string; theirs: string; ours: string; standing: string | null; state: string; evidence: ProposalEvidence[]; proposed_at: Time; decided_by: string | null; decided_at: Time | null }
export interface ProposalDetail extends Proposal { waiting: { document: string; type: string; po: string | null; received_at: Time; fields: { pointer: string; before: Json; after: Json }[] }[]; cases: { id: string; number: string; title: string; order: string }[] }
export type ProposalChoice = 'accept' | 'reject' | 'undo';
export interface CrossReference { partner: string; kind: string; qualifier: string; theirs: string; ours: string; written: boolean; note: string; entered_by: string; entered_at: Time }
export interface Edits { edits: { document: string; original: string; pointer: string; before: string; after: string; reason: string; edited_by: string; edited_at: Time }[]; corrected_by: string | null }
export interface Habit { kind: string; cause: string; sample: number; needed: number; median_hours: number | null; quantile_hours: number | null; window_hours: number | null }
export interface Expectation { id: string; partner_id: string; owed_by: string; document: string; subject: string; order_no: string; cause: string; opened_at: Time; due_at: Time | null; state: string; late: boolean; case_id: string | null }
export interface IntakeRow {
  file: string; index: number; type: string | null; status: string; order: string | null; lines: number | null;
  total: Money | null; currency: string | null; errors: Finding[]; document?: string | null;
}

export type Severity = 'critical' | 'high' | 'medium' | 'low';
export interface CaseAction { id: string; label: string; effect: string; needs_input: boolean }
export interface Case {
  id: string; number: string; kind: string; severity: Severity; title: string; detail: string; reason: string; order: string | null;
  customer: string | null; money: Money | null; currency: string | null; queue: string; team: string; owner: string | null;
  priority: number; priority_why: { points: number; because: string; rule: string }[]; tier: string; promised_on: string | null; partner: string; site: string;
  status: 'open' | 'snoozed' | 'closed'; opened_at: Time; due_at: Time | null; breached: boolean; incident: string | null; actions: CaseAction[];
}
export interface RuleHit { table: string; version: string; rule: string; because: string; how?: string; instead_of?: string; within?: string }
export interface CaseDetail extends Case {
  linked: { id: string; number: string; title: string; status: string; note: string; by: string; at: Time }[];
  merged: { id: string; number: string; title: string; order: string | null; evidence: Json; comments: { at: Time; by: string; text: string }[] }[];
  present: { user: string; doing: 'looks' | 'edits' }[];
  files: { id: string; name: string; media_type: string; size_bytes: number; by: string; at: Time; message: string | null }[];
  messages: { id: string; direction: 'in' | 'out'; sender: string; to: string[]; subject: string; body: string; state: string; by: string; at: Time; error: string }[];
  placed_by: RuleHit | null; calendar: string | null; clocked_by: RuleHit | null; clears: string; reopened: number; merged_into: string | null; clearing: string | null;
  snoozed_until?: Time | null; resolution?: string | null; resolved_by?: string | null; evidence: Json; editable: string[]; data: Json; comments: { at: Time; by: string; text: string }[]; history: { at: Time; by: string; what: string }[];
}
export interface Cluster {
  key: string; cause: { partner: string; rule: string; field: string; system: string; subject: string; error: string }; cases: number; kind: string; queue: string; title: string; severity: Severity;
  money: Record<string, Money>; due_at: Time | null; oldest_at: Time; newest_at: Time; breached: number; free: number; under_way: number; opened: number[];
}
export interface ClusterList { items: Cluster[]; total: number; clusters: number; alone: number; cases: number }
export interface FixOffer { kind: string; fix: Record<string, Json>; choices: Record<string, string[]> }
/** What an exception that stands alone most likely meant; data: its data as they would be. */
export interface Suggested { case: Case; data: Json; action: string; what: string[]; why: string[] }
export interface Counted { what: string; cases: number; lasting: boolean }
export interface Radius {
  cases: number; outcomes: Record<string, number>; money: Record<string, Money>; customers: number; customers_named: string[]; orders: number;
  effects: Counted[]; failing: Counted[]; blocked: Counted[]; typed: boolean; approval: string; why_approval: string; rule: OfLate | null;
}
/** Of a row of a decision table: what it would change besides what waits. */
export interface OfLate { of: number; changed: number; moved: { order: string; before: string; after: string; outputs: Record<string, [string, string]> }[]; against: number; renewed: string[]; four_eyes: string }
export interface Fix {
  id: string; kind: string; fix: Json; cluster: string; title: string; reason: string; token: string; radius: Radius; stop_after: number; status: string; detail: string; by: string;
  approval: string | null; previewed_at: Time; started_at: Time | null; ended_at: Time | null; undone_by: string | null; counts: Record<string, number>;
}
export interface FixItem { case: string; number: string; title: string; order: string; money: Money | null; currency: string; outcome: string; status: string; detail: string; effects: { what: string; lasting: boolean }[]; at: Time | null }
export interface DeadLetter { seq: number; type: string; subject: string; source: string; id: string; reason: string; at: Time; received_at: Time; listeners: boolean }
export interface Foreseen { seq: number; type: string; subject: string; taken: boolean; heard: number; text: string }
export interface Delivery { document: string; number: number; channel: string; state: string; detail: string; began_at: Time }
export interface Team { team: string; title: string; calendar: string; members: { user: string; away_until: Time | null; open: number }[]; open: number; unowned: number }
export interface Handover { id: string; number: string; given_by: string; to_owner: string | null; to_team: string; note: string; given_at: Time; seen_by: string | null; seen_at: Time | null; cases: { id: string; number: string; title: string; status: string; owner: string | null; priority: number; note: string }[] }
export interface TemplateText { language: string; subject: string; body: string }
export interface ReplyTemplate extends TemplateText { name: string; title: string; put_by: string; put_at: Time; others: TemplateText[] }
export interface CaseRules { name: string; version: string; document: Json; put_by: string; put_at: Time | null }
export interface ApprovalTable { version: number; document: Json; note: string; put_by: string; put_at: Time | null }
export interface ApprovalAddress { person: string; email: string; wanted: boolean }
export interface User { user: string; name: string; role: string }
export interface BusinessCalendar { name: string; version: number; title: string; time_zone: string }
export interface OutageMessage { token: string; letters: { name: string; to: string; orders: string[]; subject: string; body: string }[]; left_out: string[]; sent_at: Time | null }
export interface OutageTold { token: string; case: string; subject: string; body: string; audience: string; told: string[]; left_out: string[]; by: string; at: Time }
export interface UndoShown { counts: Record<string, number>; items: { case: string; number: string; title: string; order: string; becomes: string; text: string }[] }
export interface Incident {
  id: string; number: string; system: string; state: 'open' | 'resolved'; opened_at: Time; resolved_at: Time | null; orders: number;
  money: Money | null; title: string; detail: string;
}
export interface IncidentDetail extends Omit<Incident, 'orders'> { orders: (string | OrderSummary)[] | number }

export type ApprovalStatus = 'pending' | 'approved' | 'rejected' | 'expired' | 'void';
export interface Approval {
  id: string; number: string; title: string; kind: string; order: string | null; customer: string | null; amount: Money | null;
  currency: string | null; role: string; reason: string; rule: string | null; requested_at: Time; due_at: Time | null; status: ApprovalStatus;
  decided_by: string | null; decided_at: Time | null; note: string | null; hash: string; data: Json; can_decide: boolean; why_not: string | null;
  acts_for: string | null; overdue: boolean; in_sequence: boolean; table: string; again_of: string | null; changed: { where: string; was: Json; now: Json }[];
  steps: { role: string; people: string[]; need: number; missing: number; open: boolean }[];
  votes: { voter: string; right: string; who: string; step: number; outcome: string; note: string; way: string; at: Time; hash: string }[];
  expires_at: Time | null; reminded_at: Time | null; escalated_at: Time | null; escalated_to: string | null;
}
export interface Judged { id: string; number: string | null; title: string | null; amount: Money | null; currency: string | null; status: string | null; acts_for: string | null; why_not: string | null }
export interface ManyJudged { items: Judged[]; sums: { currency: string; amount: Money; count: number }[]; refused: number }
export interface Decider { name: string; display_name: string; role: Role; limit: Money | null; takers: string[] }
export interface StandIn { id: string; giver: string; taker: string; from_at: Time; until_at: Time; limit: Money | null; kinds: string[]; reason: string; state: 'coming' | 'active' | 'over' }
export interface Linked { tenant: string; tenant_name: string; person: string; sign_in: boolean; expires_at: Time; approval: Approval }
export interface ReleasedMany { items: { id: string; number: string | null; status: string | null; resumed: number; why_not: string | null }[]; resumed: number }
export interface AlertRule { name: string; document: Json; since: Time | null; put_by: string; put_at: Time; error: string }
export interface AlertChannel { name: string; document: Json; put_by: string; put_at: Time; waiting: number; failed: number; told_at: Time | null; error: string }
export type Scope = 'order' | 'customer' | 'item' | 'site' | 'partner';
export interface Hold {
  id: string; number: string; scope: Scope; key: string; kind: string; reason: string; evidence: Json; placed_by: string; placed_at: Time;
  release_role: string | null; expires_at: Time | null; status: string; orders: number; amount: Money | null; currency: string;
}

export interface Definition { namespace: string; name: string; version: string; title?: string | null; summary?: string | null; published_at?: Time | null; running?: number | null }
export interface DefinitionDetail extends Partial<Definition> { yaml: string; graph: { nodes: (Partial<FlowNode> & { id: string; label: string })[]; edges: FlowEdge[] } }
export interface AuditRecord { at: Time; actor: string; action: string; object: string; detail: Json }
export interface Alert { id: string; at: Time; title: string; state: 'firing' | 'resolved'; link: string | null; detail?: string; severity?: 'warning' | 'critical'; resolved_at?: Time | null }
export interface Hit { kind: 'order' | 'case' | 'document' | 'approval' | 'customer'; id: string; title: string; subtitle: string; link: string }
export interface Customer { customer_id: string; name: string; tier: string; ship_to?: Address | null; currency?: string | null }
export interface Item { sku: string; description: string; unit: string; list_price: Money }
export interface Instance extends InstanceRef {
  namespace: string; order: string; started_at: Time; updated_at: Time; ended_at: Time | null; error: string | null; message: string | null; pending: boolean;
}
export interface InstanceCall {
  at: string; task: string; function: string; system: string; key: string; state: string; attempt: number; abandoned: boolean; called_at: Time; answered_at: Time | null; undone_at: Time | null;
  attempts: { attempt: number; outcome: string; probe: boolean; detail: string; tried_at: Time; duration_ms: number | null }[];
}
export interface InstanceDetail extends Instance {
  state: Json; output: Json; failure: Json; standing: string[]; calls: InstanceCall[]; history: { seq: number; at: Time; kind: string; data: Json }[]; waits: Json; timers: Json; parent: string | null; trace_id: string | null;
}
export type OperationKind = 'suspend' | 'resume' | 'cancel' | 'retry' | 'restart' | 'migrate';
export interface Command { kind: OperationKind; reason?: string; compensate?: boolean; at?: string; data?: Json; repeat?: 'none' | 'chosen' | 'all'; runs?: string[]; version?: string }
export interface Selection { ids?: string[]; status?: string; definition?: string; version?: string; task?: string; error?: string; order?: string; q?: string }
export interface PreviewLine { at: string; task: string; function: string; system: string; key: string; state: string; fate: string; why: string; new_key: boolean }
export interface Preview { instance: string; order: string; definition: string; version: string; status: string; refused: string[]; notices: string[]; lines: PreviewLine[]; outcome: string; mark: string }
export interface Job { id: string; kind: OperationKind; status: string; by: string; previewed_at: Time; started_at: Time | null; ended_at: Time | null; counts: Record<string, number>; total: number }
export interface JobDetail extends Job { items: { instance: string; order: string; definition: string; status: string; detail: string; at: Time | null }[] }
export interface BulkPreview extends Job { token: string; fates: { function: string; system: string; fate: string; calls: number }[]; refusals: Record<string, number>; notices: Record<string, number>; instances: Preview[] }

export interface NewOrder {
  customer_id: string; po: string; currency: string; requested_on: string | null; ship_to: Address | null; notes: string;
  lines: { sku: string; quantity: string; unit: string; unit_price?: Money }[];
}
export interface NewOrderResult { document: string; order: string | null; status: string; errors: Finding[] }

export interface Figure {
  key: string; label: string; kind: 'share' | 'median'; unit: string; good: 'up' | 'down'; of: string; formula: string; excluded: string; clock: string;
  value: string | null; low: string | null; high: string | null; before: string | null; change: string | null; target: string | null; own_target: boolean; met: boolean | null;
  population: number; known: number; completeness: string | null; small: boolean; series: { day: string; value: string }[];
}
export interface Scorecard { since: string; until: string; time_zone: string; as_of: Time; behind_s: number; items: Figure[] }
export interface FigureRow { id: string; order: string; at: Time; hit: boolean | null; amount: string | null; customer: string; channel: string; total: Money | null; currency: string }
export interface LedgerLine { key: string; label: string; formula: string; per: string; actual: string; expected: string | null; saved: string | null; price: Money; money: Money | null; money_low: Money | null; money_high: Money | null }
export interface Basis { body: Record<string, unknown>; version: number; put_by: string; put_at: Time | null }
export interface Ledger {
  since: string; until: string; as_of: Time; effort: Record<string, string>; lines: LedgerLine[]; gross: Money | null; gross_low: Money | null; gross_high: Money | null; cost: Money; net: Money | null;
  assumptions: Basis; baseline: Basis | null;
}
export interface ReportDocument { to: string[]; every: string; at: string; weekday: number; day: number; days: number; channel?: string | null; customer?: string | null }
export interface Report { name: string; document: ReportDocument; put_by: string; put_at: Time; next_at: Time; sent_at: Time | null; attempts: number; error: string }
export interface Channel {
  channel: string; kind: string; direction: string; partner: string | null; enabled: boolean; usual: boolean; every_s: number; max_bytes: number; settings: Json; failures: number;
  last_success_at: Time | null; last_failure_at: Time | null; last_failure: string; case: string | null; last_arrival_at: Time | null; waiting: number;
}
export interface ChannelSetting { key: string; entered: 'text' | 'whole' | 'number' | 'flag' | 'choice' | 'list' | 'pairs'; required: boolean; default: Json; choices: string[]; least: number | null; most: number | null }
export interface ChannelKind { kind: string; directions: string[]; needs_partner: boolean; settings: ChannelSetting[] }
export interface DeclaredChannel { kind: string; direction: string; partner: string | null; settings: Record<string, Json>; every_s: number; max_bytes: number; usual: boolean }
export interface Certificate { partner: string | null; fingerprint: string; subject: string; key_secret: string | null; valid_from: Time; not_after: Time; withdrawn: boolean; usable: boolean }
export interface Quarantined { id: string; channel: string | null; way: string; sender: string; receiver: string; reason: string; name: string; size_bytes: number; times: number; state: string; arrived_at: Time; last_at: Time; ended_at: Time | null; ended_by: string | null; note: string }
export interface QuarantinedDetail extends Quarantined { sha256: string; text: string | null; more: boolean; headers: Record<string, string> }
export interface QuarantineRoom { items: number; bytes: number; most_items: number; most_bytes: number }
export interface Taken { documents: { document: string | null; type: string; status: string; po?: string | null }[] }
export interface Invited { id: string; link: string; token: string; expires_at: Time; mailed_to: string; mail_error: string }

/** A process that people may start, and its form. */
export interface StartSummary { namespace: string; name: string; version: string; title: string; summary: string; about: 'order' | 'customer' | 'partner' | 'none'; may: boolean }
export interface FieldSchema {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'; title?: string; description?: string; enum?: string[]; format?: string; maxLength?: number; minimum?: number; default?: Json;
  items?: FieldSchema; properties?: Record<string, FieldSchema>; required?: string[]; 'x-choose'?: string; 'x-long'?: boolean; 'x-labels'?: Record<string, string>;
}
export interface StartForm extends StartSummary { form: FieldSchema; given: Record<string, Json>; choices: Record<string, { value: string; label: string }[]>; last: Record<string, Json>[] }
export interface Started { instance: string; event: string; reference: string; new: boolean }
export interface QuoteLine { line: string; sku: string; description: string; quantity: string; unit: string; base_price: Money; unit_price: Money; amount: Money }
export type QuoteAnswer = 'accepted' | 'declined' | 'revise';
export interface Quote { quote: string; revision: number; state: string; customer_id: string; customer: string; currency: string; total: Money; discount_percent: string; lines: QuoteLine[]; valid_until: Time; sent_at: Time; answered_at: Time | null; answered_by: string; note: string; po: string | null; order: string | null; instance_id: string }
export interface LinkedQuote { quote: string; revision: number; state: string; customer: string; currency: string; total: Money; lines: QuoteLine[]; valid_until: Time; order: string | null; tenant_name: string }
