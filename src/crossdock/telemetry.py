"""What the machine says about itself: logs, traces and metrics, none of which ever carries a secret.

Logs are one JSON object a line with tenant, instance and trace, taken from the context that `bound` set. Traces are
OpenTelemetry: one trace follows an order from bytes to invoice, carried between processes as a W3C traceparent that is
stored with the instance. Metrics are Prometheus series with bounded labels and no tenant label (no tenant may see
another's); each process keeps its own and hands out snapshots, which `exposition` adds up.

Redaction happens at the exits (the log formatter, outbound's recorder), so that no caller can forget it.
"""

import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO, cast

import msgspec
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry
from prometheus_client import Counter as _Counter
from prometheus_client import Gauge as _Gauge
from prometheus_client import Histogram as _Histogram
from prometheus_client.metrics import MetricWrapperBase

from crossdock import exactjson

# ── redaction ────────────────────────────────────────────────────────────────────────────────────────────────────

REDACTED = "[redacted]"

# Whole words of a name, so that `tokens_used`, `author` and `monkey` stay readable.
_SECRET_NAME = re.compile(
    r"(^|[-_.])(authori[sz]ation|cookie|password|passwd|passphrase|pwd|secrets?|token|api[-_]?key|access[-_]?key"
    r"|private[-_]?key|client[-_]?secret|credentials?|signature|pin|cvv|card[-_]?number)$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_SECRET_TEXT = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic|digest)\s+(?!realm\b)[\w~+/.=-]{6,}"), rf"\1 {REDACTED}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), REDACTED),  # a JSON Web Token
    (re.compile(r"(?<=://)[^/\s@:]*:[^/\s@]+(?=@)"), REDACTED),  # user:password@ of a URL
    # Our own links: who holds one answers a quote, approves or reads an order as the person it was made for.
    (re.compile(r"(?<=/quote#)[\w.~-]+|(?<=/approve#)[\w.~-]+|(?<=/shared/)[\w.~-]{16,}"), REDACTED),
    (
        re.compile(
            r"(?i)((?:authorization|password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key"
            r"|signature)[\"']?\s*[:=]\s*)(?!\s*(?:bearer|basic|digest)\b)(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&})\]]+)"
        ),
        rf"\1{REDACTED}",
    ),
)


@lru_cache(4096)  # asked of every header of every call; names are few, and a stranger's push out only one another
def secret_name(name: str) -> bool:
    """Whether a field, header or parameter of this name holds a secret: `apiKey`, `X-Api-Key`, `client_secret`."""
    return _SECRET_NAME.search(_CAMEL.sub("_", name)) is not None


def redact_text(text: str) -> str:
    """The text without what looks like a secret in it."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, depth: int = 0) -> Any:
    """A JSON-like value with secrets replaced: by the name of their field, else by their looks."""
    if depth > 40:
        return "[too deep]"
    if isinstance(value, Mapping):
        items = cast(Mapping[Any, Any], value)  # JSON-like: any keys, any values
        return {
            str(k): REDACTED if secret_name(str(k)) and v not in (None, "") else redact(v, depth + 1)
            for k, v in items.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact(v, depth + 1) for v in cast(Sequence[Any], value)]
    return redact_text(value) if isinstance(value, str) else value


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_bound: ContextVar[Mapping[str, str]] = ContextVar("crossdock_bound", default={})  # noqa: B039 (never mutated)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def bound(**words: str) -> Generator[None]:
    """Every log line within carries these words: `bound(tenant="acme", instance=str(id), order="SO-10001")`."""
    token = _bound.set({**_bound.get(), **words})
    try:
        yield
    finally:
        _bound.reset(token)


def bound_words() -> Mapping[str, str]:
    return _bound.get()


class JsonFormatter(logging.Formatter):
    """One JSON object a line; the only way out for a log line, hence the place where secrets are removed."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(_bound.get())
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace"] = trace.format_trace_id(context.trace_id)
            line["span"] = trace.format_span_id(context.span_id)
        line.update({k: v for k, v in vars(record).items() if k not in _PLAIN})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        try:
            return exactjson.text(redact(line))
        except TypeError:  # an extra that JSON does not know: its text is better than losing the line
            return exactjson.text(redact({k: v if isinstance(v, str) else str(v) for k, v in line.items()}))


def log_json(stream: TextIO | None = None, level: str = "INFO") -> None:
    """Sends all logging of this process through JsonFormatter to one stream (stderr), replacing what was set up."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):  # they bring handlers of their own
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


# ── traces ───────────────────────────────────────────────────────────────────────────────────────────────────────

_propagator = TraceContextTextMapPropagator()


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A finished span as we store it."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    started_at: datetime
    ended_at: datetime
    failed: bool
    attributes: Mapping[str, Any]


SpanSink = Callable[[Sequence[SpanRow]], None]


class _SinkExporter(SpanExporter):
    def __init__(self, sink: SpanSink) -> None:
        self.sink = sink

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.sink([_row(s) for s in spans])
        return SpanExportResult.SUCCESS


def _row(span: ReadableSpan) -> SpanRow:
    context = span.get_span_context()
    assert context is not None
    return SpanRow(
        trace_id=trace.format_trace_id(context.trace_id),
        span_id=trace.format_span_id(context.span_id),
        parent_id=trace.format_span_id(span.parent.span_id) if span.parent else None,
        name=span.name,
        kind=span.kind.name.lower(),
        started_at=datetime.fromtimestamp((span.start_time or 0) / 1e9, UTC),
        ended_at=datetime.fromtimestamp((span.end_time or 0) / 1e9, UTC),
        failed=span.status.status_code is StatusCode.ERROR,
        attributes=redact(dict(span.attributes or {})),
    )


def trace_to(service: str, *, sink: SpanSink | None = None) -> Callable[[], None]:
    """Sets up tracing for this process; returns what flushes and stops it.

    sink: gets finished spans in batches, on a thread of its own. With OTEL_EXPORTER_OTLP_ENDPOINT set they also go
    there (OTLP over HTTP); OpenTelemetry's other variables (sampler, headers) hold as well.
    """
    # Created before the provider, so that a second call in one process (tests) fails nowhere but in OpenTelemetry.
    processors: list[SpanProcessor] = []
    if sink is not None:
        processors.append(BatchSpanProcessor(_SinkExporter(sink), schedule_delay_millis=1000))
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        processors.append(BatchSpanProcessor(OTLPSpanExporter()))
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    return provider.shutdown


def traced() -> bool:
    """Whether this process makes spans; where it does not, hot paths pass identifiers on by hand."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@contextmanager
def span(
    name: str, traceparent: str | None = None, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: Any
) -> Generator[Span]:
    """A span for what happens within, a child of `traceparent` where given, else of the current span."""
    context = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    with trace.get_tracer("crossdock").start_as_current_span(
        name, context, kind, {k: v for k, v in attributes.items() if v is not None}, record_exception=False
    ) as current:
        yield current


def traceparent() -> str:
    """The current span as a W3C traceparent, or "" outside any."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")


def trace_id(header: str | None = None) -> str:
    """The trace id of a traceparent, or of the current span; "" if there is none."""
    parts = (header if header is not None else traceparent()).split("-")
    return parts[1] if len(parts) == 4 else ""


def mark_failed(current: Span, detail: str) -> None:
    current.set_status(Status(StatusCode.ERROR, redact_text(detail)))


# ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────

REGISTRY = CollectorRegistry()
OTHER = "other"
MAX_LABEL_VALUES = 200  # per label: beyond it a label was fed with data, and a series per value would fill the memory

FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
HOURS_S = (60, 300, 900, 3600, 4 * 3600, 8 * 3600, 24 * 3600, 3 * 86400, 7 * 86400, 30 * 86400)


class _Series:
    """A Prometheus series with declared labels, of which each takes at most MAX_LABEL_VALUES values."""

    kind: type[MetricWrapperBase]

    def __init__(self, name: str, help: str, labels: Sequence[str] = (), **options: Any) -> None:
        if "tenant" in labels:
            raise ValueError(f"{name}: expected labels without 'tenant': one tenant must not see another's series")
        self._metric: Any = self.kind(name, help, tuple(labels), registry=REGISTRY, **options)
        self._labels = tuple(labels)
        self._seen: dict[str, set[str]] = {label: set() for label in labels}
        self._children: dict[tuple[str, ...], Any] = {}
        self._lock = threading.Lock()

    def _child(self, labels: Mapping[str, str]) -> Any:
        if not self._labels:
            return self._metric
        asked = tuple(labels[label] for label in self._labels)
        child = self._children.get(asked)
        if child is None:
            child = self._bounded(labels)
            if len(self._children) < MAX_LABEL_VALUES**2:
                self._children[asked] = child
        return child

    def _bounded(self, labels: Mapping[str, str]) -> Any:
        values: list[str] = []
        for label in self._labels:
            value, seen = labels[label], self._seen[label]
            if value not in seen:
                with self._lock:
                    if len(seen) >= MAX_LABEL_VALUES:
                        value = OTHER
                    seen.add(value)
            values.append(value)
        return self._metric.labels(*values)


class Counter(_Series):
    kind = _Counter

    def add(self, amount: float = 1, **labels: str) -> None:
        self._child(labels).inc(amount)


class Gauge(_Series):
    kind = _Gauge

    def set(self, value: float, **labels: str) -> None:
        self._child(labels).set(value)


class Histogram(_Series):
    kind = _Histogram

    def observe(self, value: float, **labels: str) -> None:
        self._child(labels).observe(value)


# Technical series
calls = Counter("crossdock_calls", "Calls to systems, by outcome", ("system", "operation", "outcome"))
call_seconds = Histogram("crossdock_call_seconds", "Duration of calls", ("system", "operation"), buckets=FAST_S)
breaker_changes = Counter("crossdock_breaker_changes", "Circuit breaker changes", ("system", "state"))
advances = Counter("crossdock_advances", "Steps of instances made durable", ("definition",))
advance_seconds = Histogram("crossdock_commit_seconds", "Duration of one group commit", buckets=FAST_S)
backlog = Gauge("crossdock_backlog", "What waits to be worked on", ("queue",))
requests = Counter("crossdock_requests", "HTTP requests answered", ("route", "status"))
request_seconds = Histogram("crossdock_request_seconds", "Duration of HTTP requests", ("route",), buckets=FAST_S)

# Business series
documents_received = Counter("crossdock_documents_received", "Documents taken in", ("type", "format", "status"))
orders_received = Counter("crossdock_orders_received", "Orders taken in", ("channel",))
orders_finished = Counter("crossdock_orders_finished", "Orders at their end", ("outcome",))
order_cycle_seconds = Histogram("crossdock_order_cycle_seconds", "Intake to end in business time", buckets=HOURS_S)
release_seconds = Histogram("crossdock_release_seconds", "Intake to release in real time", buckets=FAST_S)
cases_opened = Counter("crossdock_cases_opened", "Exceptions opened", ("kind",))
approvals_asked = Counter("crossdock_approvals_asked", "Approvals asked for", ("kind",))


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one process at one moment."""

    name: str
    help: str
    kind: str  # counter, gauge, histogram
    samples: list[tuple[str, dict[str, str], float]]


def snapshot() -> bytes:
    """All series of this process as JSON, for a table from which the gateway reads every process's."""
    return msgspec.json.encode(
        [
            Family(
                name=metric.name,
                help=metric.documentation,
                kind=metric.type,
                # *_created is a gauge in disguise: adding it up over processes would be nonsense.
                samples=[(s.name, dict(s.labels), s.value) for s in metric.samples if not s.name.endswith("_created")],
            )
            for metric in REGISTRY.collect()
        ]
    )


def exposition(snapshots: Iterable[bytes]) -> str:
    """The Prometheus text format of several processes' snapshots, added up sample by sample."""
    families: dict[str, Family] = {}
    totals: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for data in snapshots:
        for family in msgspec.json.decode(data, type=list[Family]):
            families.setdefault(family.name, family)
            sums = totals.setdefault(family.name, {})
            for name, labels, value in family.samples:
                key = (name, tuple(labels.items()))
                sums[key] = sums.get(key, 0.0) + value
    return "".join(_lines(families[name], totals[name]) for name in sorted(families))


def _lines(family: Family, samples: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]) -> str:
    name = family.name + ("_total" if family.kind == "counter" else "")
    lines = [f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n"]
    for (sample, labels), value in samples.items():
        inner = ",".join(f'{k}="{_escape(v)}"' for k, v in labels)
        number = str(int(value)) if value.is_integer() else repr(value)
        lines.append(f"{sample}{{{inner}}} {number}\n" if inner else f"{sample} {number}\n")
    return "".join(lines)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
