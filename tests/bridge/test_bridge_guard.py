"""Who gets in, from where, to which files. Everything here is what an attacker or a bad page would try."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
from pathlib import Path

import pytest
from client import Client

from bridge_server.guard import COOKIE, DISCOVERY, LINK_S, SESSION_S, Guard, PathRules, write_discovery
from bridge_server.serving import Bridge
from engine.errors import CutprintError, ForbiddenError, UnauthorizedError
from engine.studio.catalog import USE_CASES

SHOW = "/v1/call/show"


def test_without_a_token_only_the_sign_of_life(stranger: Client) -> None:
    assert stranger.get("/healthz").json["status"] == "ok"
    paths = ["/", "/v1/catalog", "/v1/openapi.json", "/v1/jobs", "/v1/jobs/x", "/v1/jobs/x/events", "/v1/outbox", "/v1/folders", "/nothing"]
    paths += [f"/v1/media/x/{part}" for part in ("proxy", "thumbnail", "waveform")]
    for path in paths:
        assert stranger.get(path).status == 401, path
        assert stranger.get(path).code == "unauthorized"
    for path in [f"/v1/call/{name}" for name in USE_CASES] + ["/v1/uploads", "/v1/outbox", "/v1/links", "/v1/folders"]:
        assert stranger.post(path, {}).status == 401, path


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {token} y",
        "Bearer \u00e9",
        "bearer{token}",
    ],
)
def test_bad_tokens(bridge: Bridge, stranger: Client, given: str) -> None:
    header = given.replace("{token}", bridge.said["token"])
    assert stranger.get("/v1/jobs", Authorization=header).status == 401


def test_the_token_lies_where_only_its_owner_reads(bridge: Bridge) -> None:
    path = bridge.studio.workspace / DISCOVERY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = json.loads(path.read_text(encoding="utf-8"))
    assert len(said["token"]) >= 43 and said["port"] == bridge.port and said["url"].startswith("http://127.0.0.1:")
    again = write_discovery(bridge.studio.workspace, 1234, "127.0.0.1")
    assert again["token"] == said["token"], "agents keep working after a restart"
    assert write_discovery(bridge.studio.workspace / "new", 1, "127.0.0.1")["token"] != said["token"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""])
def test_rebound_names_are_refused(bridge: Bridge, client: Client, host: str) -> None:
    for path in ("/healthz", "/v1/jobs", "/open?code=x"):
        answer = client.get(path, Host=host.format(port=bridge.port))
        assert answer.status in (400, 403), path
    for good in (f"127.0.0.1:{bridge.port}", f"localhost:{bridge.port}"):
        assert client.get("/v1/jobs", Host=good).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "file://"])
def test_pages_of_other_sites_are_refused(client: Client, origin: str) -> None:
    answer = client.post(SHOW, {"timeline": "/x"}, Origin=origin)
    assert (answer.status, answer.code) == (403, "forbidden_origin")
    assert not {name.lower() for name in answer.headers} & {"access-control-allow-origin", "access-control-allow-credentials"}
    assert client.ask("OPTIONS", SHOW, Origin=origin).status == 403
    for site in ("cross-site", "same-site"):
        assert client.get("/v1/jobs", Sec_Fetch_Site=site).status == 403


def test_a_link_opens_one_session_once(bridge: Bridge, client: Client, stranger: Client) -> None:
    link = client.post("/v1/links", {}).json["url"]
    path = link.removeprefix(f"http://127.0.0.1:{bridge.port}")
    opened = stranger.get(path)
    assert opened.status == 303 and opened.headers["Location"] == "/"
    cookie = opened.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert stranger.get(path).code == "link_used"
    assert stranger.get("/open?code=guess").status == 401
    pair = cookie.partition(";")[0]
    page = stranger.get("/", Cookie=pair)
    assert (
        page.status == 200
        and b"<h1>Cutprint</h1>" in page.body
        and "script" not in page.headers["Content-Security-Policy"].partition(";")[0]
    )
    assert stranger.get("/v1/jobs", Cookie=pair).status == 200
    assert stranger.get("/v1/jobs", Cookie=pair, Sec_Fetch_Site="cross-site").status == 403
    for path, body in (("/v1/links", {}), ("/v1/folders", {"path": "/"})):
        assert stranger.post(path, body, Cookie=pair).code == "token_needed", "a page must not widen what pages may do"
    tampered = [pair + "0", pair.replace("=", "=9", 1), f"{COOKIE}=", f"{COOKIE}=1.x.y", f"{COOKIE}=\u00e9.\u00e9"]
    assert all(stranger.get("/v1/jobs", Cookie=one).status == 401 for one in tampered)
    assert stranger.get("/v1/jobs", Cookie=pair, Authorization="Bearer wrong").status == 401


def test_links_and_sessions_grow_old() -> None:
    now = [1000.0]
    guard = Guard("t" * 43, 1, clock=lambda: now[0], wall=lambda: now[0])
    code = guard.new_link()
    now[0] += LINK_S + 1
    with pytest.raises(UnauthorizedError):
        guard.open_session(code)
    cookie = guard.open_session(guard.new_link())
    assert guard.who(None, cookie) == "session"
    other = Guard("u" * 43, 1, wall=lambda: now[0])
    with pytest.raises(UnauthorizedError):
        other.who(None, cookie)
    for jump in (SESSION_S + 1, -SESSION_S * 3):  # a clock set forward ends it; set far back, it is not good for longer
        now[0] += jump
        with pytest.raises(UnauthorizedError):
            guard.who(None, cookie)


TRAVERSALS = [
    "{root}/../secret/timeline.json",
    "{root}/./../secret/timeline.json",
    "{root}/sub/../../secret/timeline.json",
    "{root}/link/timeline.json",
    "{root}/link-to-file.json",
    "{root}/loop/timeline.json",
    "{root}-evil/timeline.json",
    "{root}/..%2fsecret/../../secret/timeline.json",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "//etc/passwd",
    "/",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_paths_that_lead_out(tmp_path: Path, media: Path, client: Client, path: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "timeline.json").write_text("{}", encoding="utf-8")
    (tmp_path / "media-evil").mkdir()
    (media / "sub").mkdir()
    (media / "link").symlink_to(secret)
    (media / "link-to-file.json").symlink_to(secret / "timeline.json")
    (media / "loop").symlink_to(media / "loop")
    asked = path.replace("{root}", str(media))
    for name, body in (("show", {"timeline": asked}), ("export", {"timeline": str(media / "t.json"), "to": "edl", "output": asked})):
        answer = client.post(f"/v1/call/{name}", body)
        assert (answer.status, answer.code) == (403, "path_outside"), body
    answer = client.post("/v1/call/edit", {"clips": [str(media), asked], "song": str(media / "s.wav"), "output": str(media / "o")})
    assert answer.code == "path_outside"
    assert client.get("/v1/jobs").json["jobs"] == []


@pytest.mark.parametrize("path", ["timeline.json", "../x", "~/x", "C:x", ""])
def test_paths_that_are_not_full(client: Client, path: str) -> None:
    answer = client.post(SHOW, {"timeline": path})
    assert answer.status == 400 and answer.code in ("path_not_absolute", "bad_request")


def test_paths_inside_are_let_through(media: Path, client: Client, tmp_path: Path) -> None:
    assert client.post(SHOW, {"timeline": str(media / "none")}).code == "timeline_missing"
    extra = tmp_path / "more"
    assert client.post("/v1/folders", {"path": str(extra)}).code == "no_folder"
    extra.mkdir()
    assert client.post(SHOW, {"timeline": str(extra / "x")}).status == 403
    assert str(extra) in client.post("/v1/folders", {"path": str(extra)}).json["open"]
    assert client.post(SHOW, {"timeline": str(extra / "x")}).code == "timeline_missing"


def test_rules_follow_a_root_that_is_itself_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    rules = PathRules(lambda: [tmp_path / "alias"])
    rules.check("x", tmp_path / "alias" / "a.mp4")
    rules.check("x", tmp_path / "real" / "a.mp4")
    with pytest.raises(ForbiddenError):
        rules.check("x", tmp_path / "a.mp4")
    with pytest.raises(CutprintError):
        PathRules(list).check("x", tmp_path)


def test_it_listens_on_the_loopback_only(bridge: Bridge) -> None:
    address = bridge.server._server.socket.getsockname()
    assert address[0] == "127.0.0.1"
    others: set[object] = set()
    with contextlib.suppress(socket.gaierror):  # a machine need not know its own name
        others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for other in others:
        with socket.socket() as probe:
            probe.settimeout(1)
            assert other.startswith("127.") or probe.connect_ex((str(other), bridge.port)) != 0
