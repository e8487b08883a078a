"""The seeded bugs, as data. `run.py` puts each into a copy of the code, and the tests named here must fail.

text occurs exactly once in file (below src); when the code there changes, the run says so and the text is renewed. A
mutant is one slip of the pen that passes formatting, lint and types (or nearly), and would do real harm: `means` says
which. tests: the narrowest that must each fail. by: the exceptions that count as the test's own word; pytest's Failed
is a `pytest.raises` to which nothing came.
"""

from dataclasses import dataclass

HOST = "tests/integration/engine/test_host.py::"
FENCE = "tests/integration/engine/test_fence.py::"
HANDED_ON = "tests/integration/engine/test_handed_on.py::"
INTAKE = "tests/integration/test_intake.py::"
CASES = "tests/integration/test_cases.py::"
SIMULATED = "tests/simulation/test_promises.py::test_promises_hold_while_workers_die"
GIVEN_BACK = "tests/integration/engine/test_given_back.py::"
HOST_SQL = "crossdock/migrations/sql/0017_hot_path.sql"  # write_turns and claim as they are now
TAKE_SQL = "crossdock/migrations/sql/0038_editors.sql"
ENGINE_SQL = "crossdock/migrations/sql/0002_engine.sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    name: str
    means: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]
    by: tuple[str, ...] = ("AssertionError", "Failed")


MUTANTS: tuple[Mutant, ...] = (
    # ── the engine: who may write ───────────────────────────────────────────────────────────────────────────────────
    Mutant(
        name="fence-dropped",
        means="a worker that was cut off, or stood still, writes after its lease ran out",
        file=HOST_SQL,
        text="where w.worker_id = p_worker and w.lease_until > clock_timestamp() for key share;\n  if not found then",
        replacement="where w.worker_id = p_worker for key share;\n  if not found and p_worker is null then",
        tests=(FENCE + "test_a_worker_whose_lease_ran_out_writes_nothing_though_nobody_has_buried_it_yet",),
    ),
    Mutant(
        name="lease-not-checked",
        means="a worker writes an order that another one has in hand",
        file=HOST_SQL,
        text="where i.ctid = s.place and i.revision = s.base and s.holder = p_worker\n",
        replacement="where i.ctid = s.place and i.revision = s.base and s.holder is not null\n",
        tests=(FENCE + "test_a_worker_writes_no_instance_that_another_holds_and_its_others_are_written",),
    ),
    Mutant(
        name="revision-not-checked",
        means="a step that was computed from an old state overwrites a newer one",
        file=HOST_SQL,
        text="where i.ctid = s.place and i.revision = s.base and s.holder = p_worker\n",
        replacement="where i.ctid = s.place and s.holder = p_worker\n",
        tests=(FENCE + "test_a_turn_that_began_before_what_is_stored_now_is_refused",),
    ),
    Mutant(
        name="unsigned-lease-renewal",
        means="a worker whose orders others have taken comes back under its own name, and goes on beside them",
        file="crossdock/engine/engine.sql",
        text="update crossdock.worker set lease_until = clock_timestamp() + $2 where worker_id = $1",
        replacement=(
            "insert into crossdock.worker (worker_id, host, pid, lease_until)\n"
            "values ($1, '', 0, clock_timestamp() + $2)\n"
            "on conflict (worker_id) do update set lease_until = excluded.lease_until"
        ),
        tests=(FENCE + "test_a_worker_that_others_buried_ends_instead_of_renewing",),
    ),
    Mutant(
        name="the-buried-claim",
        means="a worker that was declared dead takes new orders, and nobody ever takes them back",
        file=HOST_SQL,
        text="""  share as (select greatest(1, n / greatest(1, count(tenants.tenant_id)))::int as k from tenants),
  -- a worker that was buried meanwhile claims nothing: nobody would ever bury it again
  alive as materialized (select k.worker_id from worker k where k.worker_id = w for key share),""",
        replacement="""  share as (select greatest(1, n / greatest(1, count(tenants.tenant_id)))::int as k
            from tenants),
  alive as (select w as worker_id),""",
        tests=(FENCE + "test_a_buried_worker_claims_nothing",),
    ),
    Mutant(
        name="leases-of-the-dead-kept",
        means="the orders of a worker that died stand still for ever",
        file="crossdock/migrations/sql/0016_findings.sql",
        text="with freed as (delete from lease l where l.worker_id = dead returning",
        replacement="with freed as (delete from lease l where l.worker_id = dead and false returning",
        tests=(HOST + "test_a_vanished_worker_loses_its_instances_and_its_late_commit_is_refused",),
    ),
    # ── the engine: nothing lost, nothing twice ─────────────────────────────────────────────────────────────────────
    Mutant(
        name="acknowledged-before-commit",
        means="a system is told 202 while the commit is still to come; when that fails, its news is lost",
        file="crossdock/gateway/events.py",
        text="""    async with state.services.db.transaction(tenant) as tx:
        for event in events:
            heard.append(Received(id=event["id"], status=await inbox.receive(tx, tenant, event)))
""",
        replacement="""    import asyncio

    async def store() -> None:
        async with state.services.db.transaction(tenant) as tx:
            for event in events:
                await inbox.receive(tx, tenant, event)

    later = asyncio.create_task(store())
    later.add_done_callback(lambda done: done.exception())
    heard += [Received(id=event["id"], status="accepted") for event in events]
""",
        tests=(
            "tests/integration/gateway/test_acknowledgement.py::test_a_webhook_whose_commit_fails_is_not_acknowledged",
        ),
    ),
    Mutant(
        name="mail-taken-before-commit",
        means="a worker empties an order's mailbox when it reads it; if it dies before its commit, the facts are gone",
        file=TAKE_SQL,
        text="""      from crossdock.fact x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id) m;
""",
        replacement="""      from crossdock.fact x where x.tenant_id = c.tenant_id and x.instance_id = c.instance_id) m;
  delete from crossdock.fact f using unnest(tenants, instances) as c (tenant_id, instance_id)
  where f.tenant_id = c.tenant_id and f.instance_id = c.instance_id;
""",
        tests=(SIMULATED,),
    ),
    Mutant(
        name="outbox-row-skipped",
        means="of several events of one commit only the first is handed on",
        file=HOST_SQL,
        text="select e.tenant_id, e.seq, e.source, e.id, true from e;",
        replacement="select e.tenant_id, e.seq, e.source, e.id, true from e limit 1;",
        tests=(FENCE + "test_every_event_of_a_commit_is_handed_on",),
    ),
    Mutant(
        name="published-without-outbox",
        means="what people decided is in the log, and reaches neither workflows nor projections",
        file="crossdock/events/events.sql",
        text="select $1, e.seq, $2, $3, $8 from e returning seq)",
        replacement="select $1, e.seq, $2, $3, $8 from e where not $8 returning seq)",
        tests=(HANDED_ON + "test_what_is_published_with_a_commit_is_handed_on_once",),
    ),
    Mutant(
        name="early-event-dropped",
        means="a shipment that is told before its order listens is never heard of",
        file="crossdock/events/correlation.py",
        text="    if not heard and not started:\n",
        replacement="    if not heard and started:\n",
        tests=(HOST + "test_an_event_before_its_listener_is_heard_and_a_repeated_one_is_not",),
    ),
    Mutant(
        name="early-event-given-twice",
        means="one early payment closes two orders",
        file="crossdock/engine/engine.sql",
        text="where e.tenant_id = c.tenant_id and e.seq = c.seq\n",
        replacement="where e.tenant_id = c.tenant_id and e.seq < c.seq\n",
        tests=(HANDED_ON + "test_an_early_event_that_one_order_took_is_not_given_to_the_next",),
    ),
    Mutant(
        name="inbox-key-ignored",
        means="a webhook that is delivered twice counts twice",
        file="crossdock/events/events.sql",
        text="on conflict do nothing\n  returning seq),",
        replacement="on conflict (tenant_id, source, id) do update set body = excluded.body\n  returning seq),",
        tests=(HOST + "test_an_event_before_its_listener_is_heard_and_a_repeated_one_is_not",),
        by=("AssertionError", "UniqueViolationError"),  # the outbox still holds the first
    ),
    Mutant(
        name="unknown-repeated-after-a-crash",
        means="a call of a worker that died is made again, though it may have reserved the goods already",
        file="crossdock/engine/live.py",
        text="                call.state = CallState.UNKNOWN\n                self.mail.append",
        replacement="                call.state = CallState.RETRY\n                self.mail.append",
        tests=(
            "tests/unit/engine/test_live.py::test_after_a_crash_a_sent_call_is_probed_and_not_made_again",
            SIMULATED,
        ),
    ),
    Mutant(
        name="given-back-with-a-request-under-way",
        means="another worker looks for an effect that is still on its way, finds none, and has it a second time",
        file="crossdock/engine/worker.py",
        text="return self._requests.get((live.tenant_id, live.instance_id), set())",
        replacement="return set()",
        tests=(GIVEN_BACK + "test_after_a_passing_database_error_an_instance_is_kept_until_its_requests_are_over",),
    ),
    Mutant(
        name="looked-up-too-early",
        means="a worker that lost an order has its request still on the way when the next one looks for the effect",
        file="crossdock/engine/live.py",
        text="        self.taken_over = any(",
        replacement="        self.taken_over = not self.calls and any(",
        tests=(GIVEN_BACK + "test_a_lost_instance_is_looked_at_when_its_worker_has_cut_its_requests_off",),
    ),
    Mutant(
        name="unknown-repeated-blindly",
        means="a call whose answer was lost is made again instead of looked up",
        file="crossdock/engine/live.py",
        text="            call.state = CallState.UNKNOWN\n            if answer.outage:",
        replacement="            call.state = CallState.RETRY\n            if answer.outage:",
        tests=(HOST + "test_a_lost_answer_is_probed_and_not_repeated",),
        by=("AssertionError", "TimeoutError"),
    ),
    Mutant(
        name="key-of-each-attempt",
        means="a system that honours keys sees a new one with each try, and does its work again",
        file="crossdock/connect/operation.py",
        text='headers["Idempotency-Key"] = idempotency_key(call.key)',
        replacement='headers["Idempotency-Key"] = idempotency_key(f"{call.key}.{call.attempt}")',
        tests=("tests/unit/connect/test_keys.py::test_a_call_that_is_made_again_has_the_same_key",),
    ),
    Mutant(
        name="compensation-lost",
        means="an order is cancelled and what was reserved for it stays reserved",
        file="crossdock/engine/engine.sql",
        text="state = 'done' and undo is not null and undone_at is null",
        replacement="state = 'sent' and undo is not null and undone_at is null",
        tests=(HOST + "test_cancellation_undoes_effects_in_reverse_order_after_learning_the_outcome_of_the_last",),
    ),
    Mutant(
        name="compensation-forward",
        means="effects are undone in the order in which they happened: the reservation before the booking on it",
        file="crossdock/engine/engine.sql",
        text="order by answered_at desc, at desc limit 1",
        replacement="order by answered_at, at limit 1",
        tests=(HOST + "test_cancellation_undoes_effects_in_reverse_order_after_learning_the_outcome_of_the_last",),
    ),
    Mutant(
        name="timer-early",
        means="a promise is called broken, a payment overdue, hours before its time",
        file=HOST_SQL,
        text="select p_tenant[t.n], p_instance[t.n], t.at, t.timer, t.due from unnest",
        replacement="select p_tenant[t.n], p_instance[t.n], t.at, t.timer, t.due - interval '2 hours' from unnest",
        tests=(HOST + "test_a_wait_ends_when_business_time_reaches_it_and_not_before",),
    ),
    Mutant(
        name="history-out-of-step",
        means="of several facts that one step takes up only the last is recorded: folding history gives another state",
        file="crossdock/engine/live.py",
        text="self._turn.history.append((self._seq, fact, exactjson.dumps(step.trace)))",
        replacement="self._turn.history[:] = [(self._seq, fact, exactjson.dumps(step.trace))]",
        tests=(HOST + "test_a_loop_that_answers_its_own_calls_a_thousand_times_is_one_turn",),
    ),
    # ── money ───────────────────────────────────────────────────────────────────────────────────────────────────────
    Mutant(
        name="float-json",
        means="0.10 becomes a binary fraction wherever a document is read",
        file="crossdock/exactjson.py",
        text="_decoder = msgspec.json.Decoder(float_hook=Decimal)",
        replacement="_decoder = msgspec.json.Decoder()",
        tests=("tests/unit/test_exactjson.py::test_a_fraction_keeps_every_digit",),
    ),
    Mutant(
        name="float-price",
        means="quantity times price is off by a fraction of a cent that no two systems share",
        file="crossdock/canonical/order.py",
        text="else self.quantity * self.unit_price",
        replacement="else Decimal(float(self.quantity) * float(self.unit_price))",
        tests=("tests/unit/canonical/test_order.py::test_a_line_is_quantity_times_price_to_the_last_digit",),
    ),
    Mutant(
        name="half-even",
        means="half cents are rounded to the even cent, as no invoice does",
        file="crossdock/rules/pricing.py",
        text="return value.quantize(CENT, ROUND_HALF_UP)",
        replacement='return value.quantize(CENT, "ROUND_HALF_EVEN")',
        tests=("tests/unit/rules/test_rounding.py::test_half_a_cent_is_rounded_up_as_on_an_invoice",),
    ),
    Mutant(
        name="parts-drift",
        means="each part of a delivery is rounded by itself, and the parts bill more or less than was agreed",
        file="crossdock/rules/pricing.py",
        text="amount = money(total * (done + quantity) / whole) - paid",
        replacement="amount = money(total * quantity / whole)",
        tests=("tests/unit/rules/test_arithmetic.py::test_bills_of_parts_add_up_to_the_agreed_amount",),
    ),
    Mutant(
        name="higher-price",
        means="a customer pays the dearer of stated and contract price",
        file="crossdock/rules/pricing.py",
        text='line["stated_amount"] < amount:',
        replacement='line["stated_amount"] > amount:',
        tests=(
            "tests/unit/rules/test_arithmetic.py::test_the_lower_of_stated_and_contract_price_is_charged_line_by_line",
        ),
    ),
    Mutant(
        name="tax-not-added-up",
        means="a tax that is not the sum of its lines is billed",
        file="crossdock/connect/sandbox/tax.py",
        text="Decimal(0)) != quote.total_tax:",
        replacement="Decimal(0)) < quote.total_tax * 0:",
        tests=("tests/unit/connect/test_tax.py::test_a_tax_that_is_not_the_sum_of_its_lines_is_refused",),
    ),
    # ── tenants and people ──────────────────────────────────────────────────────────────────────────────────────────
    Mutant(
        name="row-security-off",
        means="one table shows every tenant's rows to whoever forgets to ask for one tenant's",
        file="crossdock/migrations/sql/0001_base.sql",
        text="  execute format('alter table %s enable row level security', t);\n",
        replacement=(
            "  if t::text not like '%instance' then\n"
            "    execute format('alter table %s enable row level security', t);\n  end if;\n"
        ),
        tests=("tests/integration/test_schema.py::test_row_security_is_enabled_and_forced_on_every_tenants_table",),
    ),
    Mutant(
        name="row-security-for-all",
        means="row security is on, and its policy lets everybody through",
        file="crossdock/migrations/sql/0001_base.sql",
        text="to crossdock_app using (tenant_id = any ((select crossdock.tenants())::text[]))",
        replacement="to crossdock_app using (true or tenant_id = any ((select crossdock.tenants())::text[]))",
        tests=("tests/integration/test_database.py::test_a_transaction_sees_only_its_tenants",),
    ),
    Mutant(
        name="tenants-outlive-transaction",
        means="a connection that goes back to the pool still sees the tenant it was last used for",
        file="crossdock/db.py",
        text="\"select set_config('crossdock.tenants', $1, true)\"",
        replacement="\"select set_config('crossdock.tenants', $1, false)\"",
        tests=("tests/integration/test_database.py::test_a_connection_forgets_whose_it_was",),
    ),
    Mutant(
        name="route-without-gate",
        means="an address of the API answers whoever asks, of whatever tenant",
        file="crossdock/gateway/incidents.py",
        text="async def one(incident: UUID, caller: Reader) -> IncidentDetail:",
        replacement="async def one(incident: UUID, caller: Any = None) -> IncidentDetail:",
        tests=("tests/integration/gateway/test_access.py::test_every_route_says_what_it_needs",),
        by=("AssertionError", "CrossdockBug"),  # the application refuses to start
    ),
    Mutant(
        name="default-allow",
        means="what no policy speaks of is permitted",
        file="crossdock/policy/decision.py",
        text='    return Denied(", ".join(named) or',
        replacement='    return Allowed("default") if not named else Denied(", ".join(named) or',
        tests=("tests/unit/policy/test_decide.py::test_the_matrix_and_nothing_else",),
    ),
    Mutant(
        name="other-tenants-allowed",
        means="policy does not ask whether the thing belongs to the caller's tenant",
        file="crossdock/policy/decision.py",
        text='what: dict[str, Any] = {"tenant": resource.tenant_id,',
        replacement='what: dict[str, Any] = {"tenant": principal.tenant_id,',
        tests=("tests/unit/policy/test_decide.py::test_nobody_reaches_another_tenant",),
    ),
    # ── partners ────────────────────────────────────────────────────────────────────────────────────────────────────
    Mutant(
        name="number-outside-transaction",
        means="a control number is used up by a document that was never sent, and the partner looks for the lost one",
        file="crossdock/partners/numbering.py",
        text='last: int = await tx.fetchval(SQL["take"], tenant_id, sender, receiver, Direction.OUT, level, count)',
        replacement=(
            'given: dict[object, int] = globals().setdefault("_given", {})\n'
            "        last = given[sender, receiver, level] = given.get((sender, receiver, level), 0) + count"
        ),
        tests=("tests/integration/test_partner_documents.py::test_a_number_that_was_not_used_is_given_again",),
    ),
    Mutant(
        name="997-accepts-the-incomplete",
        means="an 855 without its mandatory BAK is acknowledged as good",
        file="crossdock/partners/edi/walk.py",
        text="        if not item.mandatory or not top.place",
        replacement="        if item.mandatory or not top.place",
        tests=("tests/unit/partners/test_walk.py::test_each_fault_has_its_code_in_997_and_999",),
        by=("AssertionError", "StopIteration"),
    ),
    Mutant(
        name="997-accepts-the-rejected",
        means="a set that we reject is acknowledged as accepted, and its sender never sends it again",
        file="crossdock/partners/x12/acknowledge.py",
        text='    outcome = "R" if s.rejected else "E" if s.faults else "A"\n    return SetAnswer',
        replacement='    outcome = "E" if s.faults else "A"\n    return SetAnswer',
        tests=("tests/unit/partners/test_x12.py::test_each_fault_is_named_and_acknowledged_by_its_code",),
    ),
    Mutant(
        name="interchange-twice",
        means="an interchange that is sent again is not told from a new one",
        file="crossdock/partners/deciding.py",
        text='"new" if before is None else "same" if before == interchange.digest else "other"',
        replacement='"new" if before is None or before == interchange.digest else "other"',
        tests=(INTAKE + "test_the_same_interchange_again_is_a_duplicate_and_is_told_so",),
    ),
    Mutant(
        name="order-twice",
        means="the same purchase order under a new interchange number is delivered twice",
        file="crossdock/partners/deciding.py",
        text='if before is not None and "order.po.reused" not in released:',
        replacement='if before is not None and "order.po.reused" in released:',
        tests=(INTAKE + "test_two_arrivals_of_one_order_at_once_start_one_order",),
        by=("AssertionError", "UniqueViolationError"),  # the table's key is the last guard
    ),
    # ── cases and balance ───────────────────────────────────────────────────────────────────────────────────────────
    Mutant(
        name="approval-not-bound",
        means="somebody approves 500 and the 50,000 that it has become meanwhile goes through",
        file="crossdock/cases/approvals.py",
        text="    if hash != approval.hash:\n",
        replacement="    if not hash:\n",
        tests=(CASES + "test_what_was_seen_is_what_is_decided",),
    ),
    Mutant(
        name="hash-without-amount",
        means="an approval binds to the words and not to the money",
        file="crossdock/cases/approvers.py",
        text='exactjson.canonical({"title": title, "amount": plain, "data": data})',
        replacement='exactjson.canonical({"title": title, "data": data})',
        tests=(CASES + "test_the_hash_sees_every_digit_and_no_order_of_members",),
    ),
    Mutant(
        name="four-eyes-shut",
        means="who typed the order in approves it",
        file="crossdock/cases/approvers.py",
        text='not_by=tuple(row["not_by"])',
        replacement="not_by=()",
        tests=(CASES + "test_who_must_not_decide_is_told_why",),
        by=("AssertionError", "TypeError"),  # it is told nothing
    ),
    Mutant(
        name="hold-forgotten",
        means="of two holds on an order the release of one lets it go",
        file="crossdock/cases/holds.sql",
        text="select exists (select from crossdock.hold_wait w\n",
        replacement="select false and exists (select from crossdock.hold_wait w\n",
        tests=(CASES + "test_holds_stack",),
    ),
    Mutant(
        name="trail-not-chained",
        means="what an audited action was about can be changed afterwards, and nobody sees it",
        file="crossdock/audit.py",
        text="hashlib.sha256(before.encode() + exactjson.canonical(row))",
        replacement="hashlib.sha256(before.encode() + exactjson.canonical(row[:4]))",
        tests=(
            "tests/integration/test_audit_trail.py::test_a_sealed_row_that_was_changed_in_any_of_its_parts_breaks_the_chain",
        ),
    ),
    Mutant(
        name="double-not-balanced",
        means="the balance of the day does not notice that the warehouse shipped twice",
        file="crossdock/cli/balance.py",
        text="            if n > 1:\n",
        replacement="            if n > 2:\n",
        tests=("tests/unit/cli/test_balance.py::test_a_doubled_effect_is_found_and_counted",),
    ),
    Mutant(
        name="lost-not-balanced",
        means="an order that was sent and never stored is missing from the balance as well",
        file="crossdock/cli/balance.py",
        text="                report.lost += 1\n",
        replacement="                report.lost += 0\n",
        tests=("tests/unit/cli/test_balance.py::test_an_order_that_never_reached_the_store_is_lost",),
    ),
)
