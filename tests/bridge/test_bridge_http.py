"""The face of the bridge: calls, one shape of error, uploads, the outbox, media, and OpenAPI that a stranger's tool believes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import factories
import footage
import pytest
from client import Client

from bridge_server.serving import Bridge
from engine.media.probe import probe
from engine.model import documents
from engine.store.projects import ProjectFolder
from engine.studio.catalog import USE_CASES


@pytest.fixture
def timeline(media: Path) -> Path:
    """A project's folder with one revision, inside the open folder."""
    folder = ProjectFolder(media / "edit")
    with folder.locked():
        folder.commit(factories.timeline(), {})
    return media / "edit"


def test_the_catalog_is_the_table(client: Client) -> None:
    rows = {row["name"]: row for row in client.get("/v1/catalog").json["use_cases"]}
    assert set(rows) == {name for name, case in USE_CASES.items() if not case.local}
    assert rows["edit"]["request"]["required"] == ["clips", "song", "output"] and rows["edit"]["long"]
    assert rows["show"]["read_only"] and rows["edit"]["request"]["properties"]["aspect"]["enum"]


def test_a_call_answers_like_the_command(client: Client, timeline: Path) -> None:
    answer = client.post("/v1/call/show", {"timeline": str(timeline)})
    assert answer.status == 200 and len(answer.json["clips"]) == len(factories.timeline().clips)
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "raw", "kind", "status", "code"),
    [
        ("POST", "/v1/call/show", b"{", "application/json", 400, "bad_json"),
        ("POST", "/v1/call/show", b'{"timeline": NaN}', "application/json", 400, "bad_json"),
        ("POST", "/v1/call/show", b'{"timeline": 1e999}', "application/json", 400, "bad_json"),
        ("POST", "/v1/call/show", b"[" * 100_000, "application/json", 400, "bad_json"),
        ("POST", "/v1/call/show", b"\xff\xfe", "application/json", 400, "bad_json"),
        ("POST", "/v1/call/show", b"[]", "application/json", 400, "bad_request"),
        ("POST", "/v1/call/show", b"{}", "application/json", 400, "bad_request"),
        ("POST", "/v1/call/show", b'{"timeline": "/x", "more": 1}', "application/json", 400, "bad_request"),
        ("POST", "/v1/call/show", b'{"timeline": 5}', "application/json", 400, "bad_request"),
        ("POST", "/v1/call/show", b'{"timeline": "/a\\u0000b"}', "application/json", 400, "bad_request"),
        ("POST", "/v1/call/show", b"{}", "text/plain", 415, "not_json"),
        ("POST", "/v1/call/show", b"timeline=x", "application/x-www-form-urlencoded", 415, "not_json"),
        ("POST", "/v1/call/show", b'{"a":"' + b"x" * 5_000_000 + b'"}', "application/json", 413, "too_large"),
        ("POST", "/v1/call/dance", b"{}", "application/json", 404, "not_found"),
        ("GET", "/v1/call/show", None, "application/json", 405, "method_not_allowed"),
        ("TRACE", "/v1/jobs", None, "application/json", 405, "method_not_allowed"),
        ("GET", "/v1/jobs/none", None, "application/json", 404, "job_unknown"),
        ("GET", "/v1/jobs?limit=0", None, "application/json", 400, "bad_request"),
        ("GET", "/v1/media/none/proxy", None, "application/json", 404, "media_unknown"),
        ("GET", "/v1/outbox?agent=resolve", None, "application/json", 400, "bad_request"),
        ("GET", "/v1/outbox?agent=word&by=x", None, "application/json", 400, "bad_request"),
    ],
)
def test_errors_have_one_shape(client: Client, method: str, path: str, raw: bytes | None, kind: str, status: int, code: str) -> None:
    answer = client.ask(method, path, raw=raw, Content_Type=kind)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"


def test_what_the_server_itself_refuses_has_that_shape_too(client: Client) -> None:
    huge = client.ask("POST", "/v1/call/show", raw=b"{}", Content_Length=str(10**9), Content_Type="application/json")
    assert (huge.status, huge.code) == (413, "too_large"), "refused by its length, before a byte of it is read"
    assert client.get("/healthz", X_Long="x" * 40_000).code == "headers_too_large"


def test_a_bug_is_reported_by_its_number(client: Client, media: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("engine.studio.showing.show", broken)
    with caplog.at_level("CRITICAL"):
        answer = client.post("/v1/call/show", {"timeline": str(media)})
    assert (answer.status, answer.code) == (500, "bug") and "secret" not in answer.body.decode()
    assert answer.json["error"]["details"]["id"] in caplog.text
    caplog.clear()


def test_a_repeated_key_gets_the_first_answer(client: Client, timeline: Path, media: Path) -> None:
    body = {"timeline": str(timeline), "to": "edl", "output": str(media / "a.edl")}
    first = client.post("/v1/call/export", body, Idempotency_Key="k1")
    assert first.status == 200
    (media / "a.edl").unlink()
    again = client.post("/v1/call/export", body, Idempotency_Key="k1")
    assert again.json == first.json and not (media / "a.edl").exists(), "it was not done again"
    assert client.post("/v1/call/export", {**body, "to": "otio"}, Idempotency_Key="k1").code == "idempotency_conflict"
    assert client.post("/v1/call/export", body, Idempotency_Key="x" * 300).status == 400
    failed = client.post("/v1/call/show", {"timeline": str(media / "none")}, Idempotency_Key="k2")
    assert failed.status == 422
    assert client.post("/v1/call/show", {"timeline": str(timeline)}, Idempotency_Key="k2").status == 200, "an error is no answer to keep"


def test_events_say_which_door_was_used(client: Client, stranger: Client, bridge: Bridge, timeline: Path, media: Path) -> None:
    def export(who: Client, name: str, **headers: str) -> int:
        return who.post("/v1/call/export", {"timeline": str(timeline), "to": "edl", "output": str(media / name)}, **headers).status

    link = client.post("/v1/links", {}).json["url"].partition(str(bridge.port))[2]
    cookie = stranger.get(link).headers["Set-Cookie"].partition(";")[0]
    assert export(client, "a.edl") == 200 and export(client, "b.edl", Cutprint_Door="nle") == 200
    assert export(stranger, "c.edl", Cookie=cookie, Cutprint_Door="nle") == 200, "a page is the panel, whatever it says"
    assert export(client, "d.edl", Cutprint_Door="back") == 400
    assert [event.door for event in bridge.studio.store.events.read()] == ["http", "nle", "panel"]
    job = client.post("/v1/call/song", {"file": str(media / "none.wav")}, Cutprint_Door="nle").json["job"]["id"]
    assert bridge.studio.store.jobs.get(job).door == "nle"


def test_an_upload_survives_a_break_and_becomes_usable(client: Client, bridge: Bridge, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    made = client.post("/v1/uploads", {"name": "../clip.mp4", "size_bytes": len(content)})
    assert made.status == 201
    path = made.headers["Location"]
    assert client.ask("PATCH", f"{path}?offset=0", raw=content[:100_000], Content_Type="application/octet-stream").status == 200
    assert client.ask("PATCH", f"{path}?offset=0", raw=b"x", Content_Type="application/octet-stream").code == "upload_offset"
    assert client.ask("POST", f"{path}/finish").code == "upload_incomplete"
    received = client.get(path).json["upload"]["received"]
    assert received == 100_000
    client.ask("PATCH", f"{path}?offset={received}", raw=content[received:], Content_Type="application/octet-stream")
    done = client.ask("POST", f"{path}/finish").json["upload"]
    assert done["status"] == "done" and Path(done["path"]).read_bytes() == content
    assert client.post("/v1/call/show", {"timeline": done["path"]}).code != "path_outside"
    gone = client.ask("DELETE", path)
    assert gone.status == 200 and not Path(done["path"]).exists() and client.get(path).code == "upload_unknown"
    assert client.ask("DELETE", path).status == 404


def test_an_agent_gets_its_command_while_it_waits(client: Client) -> None:
    got: list[Any] = []
    agent = threading.Thread(target=lambda: got.append(client.get("/v1/outbox?agent=resolve&by=a1&wait=10").json["command"]))
    agent.start()
    made = client.post("/v1/outbox", {"agent": "resolve", "kind": "ping", "payload": {"n": 1}, "id": "c1"})
    assert made.status == 201
    agent.join(15)
    assert got[0]["id"] == "c1" and got[0]["payload"] == {"n": 1} and 100 < got[0]["expires_in_s"] <= 120
    done = client.post("/v1/outbox/c1", {"by": "a1", "status": "done", "result": {"ok": True}})
    assert done.json["command"]["status"] == "done" and client.get("/v1/outbox/c1").json["command"]["result"] == {"ok": True}
    assert client.get("/v1/outbox?agent=resolve&by=a1").json == {"command": None}
    assert client.post("/v1/outbox", {"agent": "resolve", "kind": "eval", "payload": {}}).status == 400, "verbs, never code"


def test_media_by_content(client: Client, bridge: Bridge, media: Path) -> None:
    footage.coded_video(media / "a.mp4", source=1, frames=20, size=(160, 120))
    known = probe(media / "a.mp4")
    bridge.studio.store.library.remember_media([known], bridge.studio.now())
    base = f"/v1/media/{known.media_id}"
    whole = client.get(f"{base}/proxy")
    assert whole.status == 200 and whole.body == (media / "a.mp4").read_bytes() and whole.headers["Content-Type"] == "video/mp4"
    part = client.get(f"{base}/proxy", Range="bytes=100-199")
    assert part.status == 206 and part.body == whole.body[100:200]
    assert client.get(f"{base}/proxy", Range=f"bytes={len(whole.body)}-").status == 416
    assert client.get(f"{base}/thumbnail?t=0.3&width=160").body[:3] == b"\xff\xd8\xff"
    assert client.get(f"{base}/waveform").code == "media_no_audio"
    assert client.get(f"{base}/thumbnail?t=nan").status == 400
    footage.click_song(media / "s.wav", bpm=120, seconds=2)
    song = probe(media / "s.wav")
    bridge.studio.store.library.remember_media([song], bridge.studio.now())
    peaks = client.get(f"/v1/media/{song.media_id}/waveform?points=40").json["peaks"]
    assert len(peaks) == 40 and max(peaks) > 0.3 and min(peaks) >= 0
    (media / "a.mp4").write_bytes(b"another file now")
    assert client.get(f"{base}/proxy").code == "media_moved"


def test_the_schemas_accept_what_the_command_line_takes() -> None:
    from bridge_server.schemas import request_from_json, shown_value

    for case in USE_CASES.values():
        import dataclasses
        import typing

        hints = typing.get_type_hints(case.request)
        needed = {
            one.name: (Path("/a"),) if str(hints[one.name]).startswith("tuple") else (one.metadata.get("choices") or [Path("/a")])[0]
            for one in dataclasses.fields(case.request)
            if one.default is dataclasses.MISSING
        }
        if any(hints[name] not in (Path, tuple[Path, ...]) and not isinstance(value, str) for name, value in needed.items()):
            continue
        request = case.request(**needed)
        body = documents.loads(
            documents.dumps({one.name: shown_value(getattr(request, one.name)) for one in dataclasses.fields(request)})
        )  # through real JSON
        assert request_from_json(case, body) == request, case.name


def test_schemathesis_finds_nothing(bridge: Bridge) -> None:
    """Every operation with valid and with broken data: no server error, documented statuses and types only, broken data refused."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation.modes import GenerationMode
    from schemathesis.specs.openapi import checks

    from bridge_server.openapi import document

    schema = schemathesis.openapi.from_dict(document())
    schema.config.update(base_url=f"http://127.0.0.1:{bridge.port}")
    schema.config.generation.modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
        checks.ignored_auth,
        checks.unsupported_method,
    ]
    headers = {"Authorization": f"Bearer {bridge.said['token']}"}
    seen = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        waits = operation.path.endswith("/events") or (operation.method, operation.path) == ("get", "/v1/outbox")
        if waits or operation.path in ("/v1/call/doctor", "/v1/call/demo"):  # streams have no end; the two do real work for nothing
            continue
        seen += 1

        @settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def probe_it(case: Any) -> None:
            response = case.call(headers=headers)
            case.validate_response(response, checks=wanted, headers=headers)

        probe_it()
    assert seen > 15
