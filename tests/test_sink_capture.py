"""The sink judges as PostHog's capture does: v1, multipart, replays, tokens, beacons, versions of decide."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.test_sink import ENVELOPE, ONE, TWO, U1, U2, as_json, send
from wizard.sink import Sink

V1 = {
    "Authorization": "Bearer phc_v1",
    "PostHog-Sdk-Info": "posthog-node/5.70.0",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": "r",
    "PostHog-Request-Timestamp": "2026-01-01T00:00:00Z",
}
BATCH = {"created_at": "2026-01-01T00:00:00Z", "batch": [ONE, TWO]}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def test_v1_answers_with_a_result_per_event(sink: Sink) -> None:
    nobody = {"event": "x", "uuid": "01890a5d-ac96-774b-bcce-b302099a8059"}
    body = gzip.compress(as_json({**BATCH, "batch": [ONE, TWO, nobody]}))
    status, answer, _ = send(sink, "/i/v1/analytics/events", body, {**V1, "Content-Encoding": "gzip"})
    results = json.loads(answer)["results"]
    assert (status, results[U1], results[U2]) == (200, {"result": "ok"}, {"result": "ok"})
    assert results[nobody["uuid"]] == {"result": "drop", "details": "missing_distinct_id"}
    assert [item.token for item in sink.received] == ["phc_v1"] * 3


@pytest.mark.parametrize(
    ("headers", "body", "status", "error"),
    [
        pytest.param({"PostHog-Attempt": ""}, BATCH, 400, "missing_required_headers", id="header-missing"),
        pytest.param({"Authorization": ""}, BATCH, 401, "invalid_api_token", id="no-token"),
        pytest.param({"Authorization": "Bearer phx_secretsecret"}, BATCH, 401, "invalid_api_token", id="secret"),
        pytest.param({}, {**BATCH, "batch": [ONE, ONE]}, 400, "duplicate_event_uuid", id="uuid-twice"),
        pytest.param({}, {**BATCH, "batch": [{**ONE, "uuid": None}]}, 400, "invalid_event_uuid", id="no-uuid"),
        pytest.param({}, {**BATCH, "batch": []}, 400, "empty_batch", id="empty"),
        pytest.param({}, {"batch": [ONE]}, 400, "invalid_payload", id="no-created-at"),
        pytest.param({}, [ONE], 400, "invalid_payload", id="array"),
        pytest.param({}, {**BATCH, "batch": [7]}, 400, "invalid_payload", id="no-object"),
        pytest.param({"Content-Encoding": "br"}, BATCH, 415, "unsupported_encoding", id="brotli"),
    ],
)
def test_v1_refuses_in_json(sink: Sink, headers: dict[str, str], body: Any, status: int, error: str) -> None:
    found, answer, _ = send(sink, "/i/v1/analytics/events", as_json(body), {**V1, **headers})
    said = json.loads(answer)
    assert (found, said["error"], set(said)) == (status, error, {"error", "error_description", "error_uri"})
    assert [item.kind for item in sink.received] == ["refused"]
    assert "secretsecret" not in answer.decode() + repr(sink.received)


@pytest.mark.parametrize("secret", ["phx_", "phs_", "pha_"])
def test_a_secret_key_is_refused_and_told_but_not_kept(sink: Sink, secret: str) -> None:
    key = f"{secret}abcdefghijk"
    for path, body in (("/e/", {**ONE, "api_key": key}), ("/flags/", {"token": key, "distinct_id": "a"})):
        status, answer, headers = send(sink, path, as_json(body))
        assert (status, answer) == (401, b"API key is not valid: personal_api_key")
        assert headers["Content-Type"].startswith("text/plain")
    assert send(sink, f"/array/{key}/config.js", method="GET")[0] == 401
    assert [(item.kind, item.leak, item.token) for item in sink.received] == [("refused", True, None)] * 3
    assert "abcdefghijk" not in repr(sink.received)


def test_a_personal_key_where_it_belongs_is_no_leak(sink: Sink) -> None:
    bearer = {"Authorization": "Bearer phx_abcdefghijk"}
    assert send(sink, "/flags/definitions?token=phc_t", method="GET", headers=bearer)[0] == 200
    [item] = sink.received
    assert (item.leak, item.token, item.note) == (False, "phc_t", "local evaluation: flag definitions")
    assert "abcdefghijk" not in repr(item)


def test_beacon_gets_no_content(sink: Sink) -> None:
    status, answer, headers = send(sink, "/e/?compression=gzip-js&beacon=1", gzip.compress(as_json(ENVELOPE)))
    assert (status, answer, headers["Content-Length"]) == (204, b"", None)
    assert len(sink.received) == 2


def test_llm_event_in_parts(sink: Sink) -> None:
    parts = [
        ("event", "application/json", as_json({"event": "$ai_generation", "distinct_id": "ann", "uuid": U1})),
        ("event.properties", "application/json", as_json({"token": "phc_t", "$ai_model": "m"})),
        ("event.properties.$ai_input", "text/plain", b"-\r\n--x\0\xff"),
    ]
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, kind, data in parts
    )
    headers = {"Content-Type": 'multipart/form-data; boundary="b"', "Authorization": "Bearer phc_t"}
    assert send(sink, "/i/v0/ai", body + b"--b--\r\n", headers)[0] == 200
    [item] = sink.received
    assert item.event is not None
    assert item.event["properties"]["$ai_input"] == "(text/plain, 8 bytes)"
    assert (item.event["event"], item.event["properties"]["$ai_model"]) == ("$ai_generation", "m")


@pytest.mark.parametrize("listed", [False, True], ids=["single", "array"])
def test_replay_is_summed_up(sink: Sink, listed: bool) -> None:
    shots = [{"type": 2, "timestamp": 1000, "data": {"html": "x" * 9000}}, {"type": 3, "timestamp": 5250}]
    event = {"event": "$snapshot", "properties": {"token": "phc_t", "$session_id": "s1", "$snapshot_data": shots}}
    body = gzip.compress(as_json([event] if listed else event))
    assert send(sink, "/s/?compression=gzip-js", body)[0] == 200
    [item] = sink.received
    assert (item.kind, item.token, item.event) == ("replay", "phc_t", None)
    assert item.detail == {"session": "s1", "snapshots": 2, "bytes": len(body), "seconds": 4.25}
    assert item.note.startswith("2 snapshots, ")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/decide/", list), ("/decide/?v=1", list), ("/decide/?v=2", dict), ("/decide/?v=4", dict), ("/flags/", dict)],
)
def test_flags_as_their_version_wants_them(sink: Sink, path: str, kind: type) -> None:
    answer = json.loads(send(sink, path, as_json({"token": "phc_t", "distinct_id": "ann"}))[1])
    assert (type(answer["featureFlags"]), answer["flags"]) == (kind, {})


@pytest.mark.parametrize(
    ("method", "path", "status", "note", "key"),
    [
        ("GET", "/api/surveys/?token=phc_t", 200, "surveys", "surveys"),
        ("GET", "/api/early_access_features/?token=phc_t", 200, "early access features", "earlyAccessFeatures"),
        ("GET", "/api/feature_flag/local_evaluation/?send_cohorts", 200, "local evaluation", "flags"),
        (
            "GET",
            "/api/projects/@current/feature_flags/x/remote_config?token=phc_t",
            200,
            "a flag's remote config",
            None,
        ),
        ("POST", "/i/v1/logs", 200, "logs (OTLP)", None),
        ("POST", "/i/v1/metrics?token=phc_t", 200, "metrics (OTLP)", None),
        ("GET", "/static/array.js", 404, "posthog-js itself", None),
        ("GET", "/array/phc_t/array.js", 404, "posthog-js itself", None),
        ("GET", "/static/1.2.3/surveys.js", 404, "surveys.js: a part of posthog-js", None),
        ("GET", "/flags", 200, "a GET, which proves nothing", "flags"),
        ("GET", "/e/", 200, "no event", "status"),
        ("GET", "/", 200, "a look at the host", None),
        ("DELETE", "/e/", 405, "DELETE is no method", None),
    ],
)
def test_names_what_is_no_event(sink: Sink, method: str, path: str, status: int, note: str, key: str | None) -> None:
    found, answer, _ = send(sink, path, b"\x1f\x8b??" if method == "POST" else b"", method=method)
    assert found == status
    assert key is None or key in json.loads(answer)
    [item] = sink.received
    assert item.note.startswith(note)
    assert item.event is None


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_head_is_a_get_without_its_body(sink: Sink, method: str) -> None:
    status, body, headers = send(sink, "/array/phc_t/config", method=method)
    assert (status, bool(body)) == (200, method == "GET")
    assert int(headers["Content-Length"]) > 100


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        pytest.param(
            {"Origin": "https://app.test", "Access-Control-Request-Private-Network": "true"},
            {"Access-Control-Allow-Origin": "https://app.test", "Access-Control-Allow-Private-Network": "true",
             "Access-Control-Allow-Credentials": "true", "Vary": "Origin"},
            id="private-network",
        ),
        pytest.param({}, {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": None}, id="no-one"),
        pytest.param(
            {"Origin": "null", "Access-Control-Request-Method": "PUT"},
            {"Access-Control-Allow-Origin": "null", "Access-Control-Allow-Methods": "PUT"}, id="file-page",
        ),
    ],
)  # fmt: skip
def test_preflight(sink: Sink, headers: dict[str, str], wanted: dict[str, str | None]) -> None:
    status, _, found = send(sink, "/i/v1/analytics/events", method="OPTIONS", headers=headers)
    assert (status, {name: found[name] for name in wanted}) == (204, wanted)
    assert sink.received == []


def test_errors_can_be_read_by_the_page(sink: Sink) -> None:
    for path in ("/e/", "/nowhere"):
        headers = send(sink, path, b"?", {"Origin": "http://localhost:3000"})[2]
        assert headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
