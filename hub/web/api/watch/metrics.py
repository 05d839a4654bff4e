"""``/metrics``: the figures of an installation in Prometheus's text format.

They are computed at each request from tables and log. So a restart resets nothing, and all hubs show the same figures:
use those of one hub, not their sum. A log or store that is away leaves out its figures and sets ``hub_up`` to 0. No
label holds a value that belongs to one person or application (P5).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool

from hub.grants.grant import Grant, today
from hub.ingest.control import Report
from hub.ports import Clock, RecordLog, Store
from hub.runtime.status import StageStatus
from hub.web.api.watch import figures
from hub.web.api.watch.figures import Ends, Latency, Tables
from hub.web.auth.access import Access, Door
from hub.web.cache import Cached, answer_of
from hub.web.queries import NoQuery, query_of

SCOPE = "metrics"
_LABELS = ("source", "kind")
MAX_AGE_S = 5.0
WAIT_S = 2.0


class Metrics(Collector):
    """The figures as Prometheus metrics. They are read at a scrape, and used for ``MAX_AGE_S`` seconds."""

    def __init__(
        self,
        log: RecordLog,
        store: Store,
        clock: Clock,
        sources: Sequence[str],
        grants: Mapping[str, Grant] = MappingProxyType({}),
    ) -> None:
        self._clock = clock
        self._grants = grants
        self._tables = Cached(partial(figures.of_tables, store, clock, sources), clock, MAX_AGE_S)
        self._ends = Cached(partial(figures.of_log, log), clock, MAX_AGE_S)

    def collect(self) -> Iterator[Metric]:
        """All metrics. Returns within ``WAIT_S`` seconds, also when log or store is away."""
        asked_tables, asked_ends = self._tables.ask(), self._ends.ask()
        both: list[Future[Any]] = [asked_tables, asked_ends]
        wait(both, WAIT_S)
        tables, ends = answer_of(asked_tables), answer_of(asked_ends)
        yield _gauge(
            "hub_up",
            "Whether this part answers: log, store.",
            ("part",),
            [(("log",), ends is not None), (("store",), tables is not None)],
        )
        yield from self._of_grants()
        if tables:
            yield from _of_records(tables)
            yield _of_dropped(tables)
            yield from _of_deliveries(tables)
            yield from _of_calendar(tables)
            yield from _of_connectors(tables, self._clock.process_ms())
            yield from _of_stages(tables.stages, self._clock.process_ms())
        if tables and ends:
            yield _lag(tables, ends)

    def _of_grants(self) -> Iterator[Metric]:
        day = today(self._clock)
        left = [((one.source,), one.days_left(day)) for one in self._grants.values()]
        yield _gauge(
            "hub_grant_days_left", "Days until the source's grant has ended; 1 on its last day.", ("source",), left
        )


def router(metrics: Metrics, access: Access) -> APIRouter:
    """The route ``/metrics``. It needs a token with the scope ``metrics``: behind a proxy, all callers have the address
    of the proxy."""
    registry = CollectorRegistry()
    registry.register(metrics)
    routes, door = APIRouter(), Door(access, SCOPE, WAIT_S)

    @routes.get("/metrics")
    async def show(request: Request) -> Response:
        """The installation's figures, for Prometheus."""
        await door.enter(request)
        query_of(request, NoQuery)
        text = await run_in_threadpool(generate_latest, registry)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes


def _of_records(tables: Tables) -> Iterator[Metric]:
    counters: tuple[tuple[str, str, Callable[[Any], int]], ...] = (
        ("received", "Records that came from this source.", attrgetter("received")),
        ("looked_up", "Of those received: answers to look-ups.", attrgetter("looked_up")),
        ("judged", "Of those received: how many have a verdict.", _judged),
        ("readings", "Records that were mapped again from their sealed original.", attrgetter("readings")),
    )
    for name, words, value in counters:
        family = CounterMetricFamily(f"hub_{name}", words, labels=("source", "kind"))
        for row in tables.tallies:
            family.add_metric((row.source, row.kind), value(row))
        yield family
    rejections = CounterMetricFamily(
        "hub_rejected",
        "Rejections by reason; a record with two reasons counts under both.",
        labels=("source", "kind", "code"),
    )
    for row in tables.reasons:
        rejections.add_metric((row.source, row.kind, row.code), row.verdicts)
    yield rejections
    unused = CounterMetricFamily(
        "hub_erased", "Of those received: records that were erased, because no application used them.", labels=_LABELS
    )
    for row in tables.erased:
        unused.add_metric((row.source, row.kind), row.records)
    yield unused
    # Gauges: a later verdict moves a record from one to another, and a falling counter looks like a restart.
    gauges: tuple[tuple[str, str, Callable[[Any], int]], ...] = (
        ("verified", "Records that every rule in force accepts.", attrgetter("verified")),
        ("rejected", "Rejected records that were not verified later.", attrgetter("rejected")),
        ("duplicate", "Records that had been received before.", attrgetter("duplicate")),
        ("revised", "Records with other content than the first under the same version.", attrgetter("revised")),
        ("pending", "Records received that have no verdict yet.", lambda row: row.received - _judged(row)),
    )
    for name, words, value in gauges:
        samples = [((row.source, row.kind), value(row)) for row in tables.tallies]
        yield _gauge(f"hub_{name}_records", words, ("source", "kind"), samples)


def _of_dropped(tables: Tables) -> Metric:
    family = CounterMetricFamily(
        "hub_grant_dropped_rows",
        "Rows from which this column was dropped: the source's grant does not have it.",
        labels=("source", "column"),
    )
    for source, counts in tables.dropped.items():
        for path, rows in counts.items():
            family.add_metric((source, path), rows)
    return family


def _judged(row: Any) -> int:
    return int(row.verified + row.rejected + row.duplicate)


def _of_deliveries(tables: Tables) -> Iterator[Metric]:
    yield _gauge("hub_deliveries", "Pieces by sink and state.", ("sink", "state"), list(tables.deliveries.items()))
    yield _gauge(
        "hub_delivery_oldest_seconds",
        "How long the sink's oldest piece that may be delivered has waited.",
        ("sink",),
        [((sink,), waiting.oldest_s) for sink, waiting in tables.undelivered.items()],
    )
    yield _gauge(
        "hub_sink_failing_pieces",
        "Pieces of the sink whose last attempt failed.",
        ("sink",),
        [((one.name,), one.failing) for one in tables.sinks],
    )
    yield _gauge(
        "hub_sink_trouble_timestamp_seconds",
        "When a delivery to the sink failed last; 0 when none has.",
        ("sink",),
        [((one.name,), one.trouble_ms / 1000) for one in tables.sinks],
    )
    yield _latency(tables.latency)
    yield _gauge(
        "hub_applications_waiting",
        "Registered applications that lack evidence.",
        (),
        [((), tables.applications_waiting)],
    )
    yield _gauge("hub_outbox_rows", "Events decided and not yet on the log.", (), [((), tables.outbox.pieces)])
    yield _gauge("hub_outbox_age_seconds", "How long the oldest of them waits.", (), [((), tables.outbox.oldest_s)])


def _of_calendar(tables: Tables) -> Iterator[Metric]:
    provisional = [((), tables.applications_provisional)]
    yield _gauge("hub_applications_provisional", "Applications with a provisional date that runs.", (), provisional)
    days = {"known": tables.ahead.known_until, "reach": tables.ahead.reaches_to}
    words = {"known": "working days are known", "reach": "the longest limit that begins today ends"}
    for name, day in days.items():
        yield _gauge(
            f"hub_calendar_{name}_days", f"Days from today until {words[name]}.", (), [((), (day - tables.today).days)]
        )


def _latency(latency: Latency) -> Metric:
    bounds = [*(f"{float(bound)}" for bound in figures.LATENCY_S), "+Inf"]
    family = GaugeHistogramMetricFamily(
        "hub_delivery_latency_seconds",
        f"Decided to acknowledged, of what was acknowledged in the last {figures.LATENCY_WINDOW_S} s.",
        labels=(),
    )
    family.add_metric((), list(zip(bounds, (*latency.within, latency.total), strict=True)), latency.sum_s)
    return family


def _of_connectors(tables: Tables, now_ms: int) -> Iterator[Metric]:
    reports = tables.connectors
    named = ("connector",)
    yield _gauge(
        "hub_connector_state",
        "1 for the state that the source's feed is in.",
        ("connector", "state"),
        [((one.name, one.state), 1) for one in reports],
    )
    yield _gauge(
        "hub_connector_failures", "Failures in a row.", named, [((one.name,), one.failures) for one in reports]
    )
    yield _gauge(
        "hub_connector_fetched_timestamp_seconds",
        "When the last fetch worked; 0 when none has.",
        named,
        [((one.name,), one.fetched_ms / 1000) for one in reports],
    )
    yield _gauge(
        "hub_connector_trouble_timestamp_seconds",
        "When a fetch failed last; 0 when none has. `hub connectors status` has the reason.",
        named,
        [((one.name,), one.last_trouble_ms / 1000) for one in reports],
    )
    behind = [((one.name,), (now_ms - one.behind_ms) / 1000 if one.behind_ms else 0.0) for one in reports]
    yield _gauge(
        "hub_connector_behind_seconds",
        "How long rows have waited at the source, seconds.",
        named,
        behind,
    )
    quotas = [((one.name,), one.quota_left) for one in reports if one.quota_left is not None]
    yield _gauge("hub_connector_quota_left", "Calls left today, where the source has a quota.", named, quotas)
    yield from _of_progress(reports)


def _of_progress(reports: Sequence[Report]) -> Iterator[Metric]:
    named = ("connector",)
    told: list[tuple[str, str, Callable[[Report], float | None]]] = [
        ("done", "Rows taken since ever.", attrgetter("done")),
        ("total", "Rows that the source has, where it can count them.", attrgetter("total")),
        ("per_second", "Rows read in a second, in the last minute.", attrgetter("rate_per_s")),
    ]
    for name, about, read in told:
        found = [((one.name,), value) for one in reports if (value := read(one)) is not None]
        yield _gauge(f"hub_connector_rows_{name}", about, named, found)


def _of_stages(stages: Sequence[StageStatus], now_ms: int) -> Iterator[Metric]:
    named = ("worker", "stage")
    records = CounterMetricFamily("hub_stage_records", "Records taken since the process began.", labels=named)
    for one in stages:
        records.add_metric((one.worker, one.stage), one.records)
    yield records
    ages = [((one.worker, one.stage), (now_ms - one.last_step_ms) / 1000) for one in stages]
    yield _gauge("hub_stage_age_seconds", "Since the last step that worked.", named, ages)
    states = [((one.worker, one.stage, one.state), 1) for one in stages]
    yield _gauge("hub_stage_state", "1 for the state that the stage is in.", (*named, "state"), states)


def _lag(tables: Tables, ends: Ends) -> Metric:
    lags = figures.lags(ends, tables.projected).items()
    return _gauge(
        "hub_lag_records",
        "Offsets that a stage has yet to read; on Kafka a transaction's marker counts as one.",
        ("group", "topic", "partition"),
        [((group, topic, str(partition)), lag) for (group, topic, partition), lag in lags],
    )


def _gauge(
    name: str, words: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
