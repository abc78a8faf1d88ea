"""A span of OpenTelemetry for each request, where the extra `traces` is installed and asked for.

`OTEL_EXPORTER_OTLP_ENDPOINT` says where spans go, as everywhere; without it there are none. A span
has the operation, the route as it was declared and the status, and is part of the trace that the
request names, if it does (`traceparent`). Nothing of paths, queries and bodies goes with it.
"""

from __future__ import annotations

import os
from time import time_ns
from typing import TYPE_CHECKING

from starlette.types import Scope

from yibao.api.access import Served
from yibao.errors import CannotRead

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from yibao.api.access import Tell

WHERE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def tracing() -> list[Tell]:
    """Return what makes spans, where they are asked for; raises CannotRead without the extra."""
    if WHERE not in os.environ:
        return []
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise CannotRead(f"{WHERE}: install yibao[traces] / 请安装 yibao[traces]") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "yibao"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return [spans(provider)]


def spans(provider: TracerProvider) -> Tell:
    """Return what makes a span of a request that has been served."""
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    tracer, propagator = provider.get_tracer("yibao"), TraceContextTextMapPropagator()

    def tell(served: Served, scope: Scope) -> None:
        named = {k.decode(): v.decode("latin-1") for k, v in scope["headers"] if k in _NAMES}
        ended = time_ns()
        span = tracer.start_span(
            served.operation,
            context=propagator.extract(named),
            kind=SpanKind.SERVER,
            start_time=ended - int(served.seconds * 1e9),
            attributes={
                "http.request.method": served.method,
                "http.route": served.route,
                "http.response.status_code": served.status,
            },
        )
        if served.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    return tell


_NAMES = frozenset({b"traceparent", b"tracestate"})
