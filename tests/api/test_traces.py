"""Spans of requests: what they have, of which trace they are, and nothing personal."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from yibao.api.access import Served
from yibao.api.traces import WHERE, spans, tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SCOPE = {
    "path": "/persons/P-SECRET",
    "query_string": b"name=P-SECRET",
    "headers": [
        (b"traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode()),
        (b"authorization", b"Bearer P-SECRET"),
    ],
}


def test_a_span_is_of_the_trace_that_the_request_names_and_tells_nothing_personal() -> None:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tell = spans(provider)
    tell(Served("GET", "/persons/{person_id}", "getPerson", 200, 0.25), SCOPE)
    tell(Served("GET", "-", "-", 500, 0.1), {**SCOPE, "headers": [(b"traceparent", b"\xff")]})
    first, second = kept.get_finished_spans()
    assert first.name == "getPerson"
    assert f"{first.context.trace_id:032x}" == TRACE
    assert first.end_time - first.start_time == 250_000_000
    assert first.status.is_ok or first.status.is_unset
    assert not second.status.is_ok
    assert second.parent is None
    assert "P-SECRET" not in first.to_json() + second.to_json()


def test_spans_go_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WHERE, raising=False)
    assert tracing() == []
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            came.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(WHERE, f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    [tell] = tracing()
    tell(Served("GET", "-", "-", 404, 0.1), {"headers": []})
    for _ in range(200):
        if came:
            break
        Event().wait(0.05)
    server.shutdown()
    assert came == ["/v1/traces"]
