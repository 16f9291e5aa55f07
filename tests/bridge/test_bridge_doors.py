"""The other doors: service files, assistants, doctor with its bundle, backup by command, finding a running bridge."""

from __future__ import annotations

import json
import os
import plistlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import footage
import pytest

from bridge_server.bootstrap import open_studio
from bridge_server.mcp import Desk, answer, tools
from bridge_server.pages import PAGES
from bridge_server.service import service_for
from bridge_server.serving import Bridge, running_bridge
from engine.errors import CutprintError
from engine.progress import SILENT
from engine.studio.bundle import bare_log
from engine.studio.catalog import USE_CASES
from engine.studio.context import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "ws"}) as one:
        yield one


def ask(studio: Studio, name: str, **values: Any) -> dict[str, Any]:
    case = USE_CASES[name]
    result = case.load()(studio, case.request(**values), SILENT)
    assert PAGES[name](result)
    return result


def test_a_unit_for_systemd(tmp_path: Path) -> None:
    service = service_for("linux", tmp_path, {}, Path('/data/50% "x" $y'), "/opt/my python/bin/python")
    assert service.path == tmp_path / ".config/systemd/user/cutprint-bridge.service"
    line = next(line for line in service.text.splitlines() if line.startswith("ExecStart="))
    assert '"/opt/my python/bin/python" "-m" "bridge_server" "serve"' in line and '50%% \\"x\\" $$y' in line
    assert "WantedBy=default.target" in service.text and service.begin[0] == ("systemctl", "--user", "daemon-reload")


@pytest.mark.needs_tool("systemd-analyze")
def test_systemd_itself_takes_the_unit(tmp_path: Path) -> None:
    def verdict(text: str) -> subprocess.CompletedProcess[str]:
        unit = tmp_path / "cutprint-bridge.service"
        unit.write_text(text, encoding="utf-8")
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        command = ["systemd-analyze", "verify", "--user", str(unit)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)

    text = service_for("linux", tmp_path, {}, Path('/data/50% "x" $y/ä b'), sys.executable).text
    taken = verdict(text)
    assert taken.returncode == 0 and not taken.stderr.strip(), taken.stderr
    assert verdict(text.replace('"-m"', '"-m')).returncode != 0, "and it would say what is wrong"


def test_an_agent_for_launchd(tmp_path: Path) -> None:
    service = service_for("darwin", tmp_path, {}, Path("/Users/a & b/ws"), "/usr/bin/python3")
    said = plistlib.loads(service.text.encode())
    assert said["ProgramArguments"] == ["/usr/bin/python3", "-m", "bridge_server", "serve", "--quiet", "--workspace", "/Users/a & b/ws"]
    assert said["RunAtLoad"] is True and service.path.name == f"{said['Label']}.plist"


def test_a_script_for_windows(tmp_path: Path) -> None:
    service = service_for("win32", tmp_path, {"APPDATA": str(tmp_path)}, Path("C:/a b"), "C:/Program Files/py.exe")
    assert service.path.parent.name == "Startup" and '""C:/Program Files/py.exe"" ""-m""' in service.text


def test_tools_of_an_assistant_are_the_table(studio: Studio, tmp_path: Path) -> None:
    found = {one["name"]: one for one in tools()}
    assert len(found) == sum(not case.local for case in USE_CASES.values()) + 2 and all(name.replace("_", "").isalnum() for name in found)
    assert found["show"]["annotations"]["readOnlyHint"] and not found["edit"]["annotations"]["readOnlyHint"]
    assert found["edit"]["inputSchema"]["required"] == ["clips", "song", "output"]
    desk = Desk(studio)
    for name, arguments, code in (
        ("dance", {}, "bad_request"),
        ("backup", {"file": "/x"}, "bad_request"),
        ("show", {}, "bad_request"),
        ("show", {"timeline": "/etc/passwd"}, "path_outside"),
        ("edit", {"clips": ["/etc"], "song": "/etc/passwd", "output": "/tmp/x"}, "path_outside"),
        ("job", {}, "bad_request"),
        ("job", {"id": "none"}, "job_unknown"),
        ("cancel_job", {"id": "none"}, "job_unknown"),
    ):
        with pytest.raises(CutprintError) as refused:
            desk.begin(name, arguments)
        assert refused.value.code == code
    said = desk.begin("report", {})
    assert isinstance(said, dict) and said["aggregate"]["total_sessions"] == 0


def test_an_assistants_own_client_gets_through(tmp_path: Path) -> None:
    import anyio
    from mcp.client.session import ClientSession
    from mcp.client.stdio import StdioServerParameters, stdio_client

    order = ["-m", "bridge_server", "mcp", "--quiet", "--workspace", str(tmp_path / "ws")]
    server = StdioServerParameters(command=sys.executable, args=order, env=dict(os.environ))

    async def talk() -> None:
        async with stdio_client(server) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
            await session.initialize()
            listed = (await session.list_tools()).tools
            assert {"edit", "show", "report"} <= {one.name for one in listed}
            said = await session.call_tool("report", {})
            assert not said.is_error and said.structured_content["aggregate"]["total_sessions"] == 0
            assert (await session.call_tool("show", {"timeline": "/etc/passwd"})).is_error
            long = await session.call_tool("song", {"file": str(tmp_path / "song.wav")}, progress_callback=heard)
            assert not long.is_error and long.structured_content["job"]["status"] == "done", long.structured_content
            assert abs(long.structured_content["tempo"] - 120) < 2
            again = await session.call_tool("job", {"id": long.structured_content["job"]["id"]})
            assert again.structured_content["beats"] == long.structured_content["beats"]
            wrong = await session.call_tool("song", {"file": str(tmp_path / "none.wav")})
            assert wrong.is_error and wrong.structured_content["error"]["code"] == "song_missing"

    stages: list[str] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        stages.append(str(message))

    footage.click_song(tmp_path / "song.wav", bpm=120, seconds=8)
    with open_studio({"workspace": tmp_path / "ws"}) as studio:
        studio.store.folders.open_root(tmp_path, studio.now())
    anyio.run(talk)
    assert any("song" in stage for stage in stages), stages
    with open_studio({"workspace": tmp_path / "ws"}) as studio:
        assert {job.door for job in studio.store.jobs.recent()} == {"mcp"}


def test_an_assistant_that_does_not_wait_gets_the_job_and_one_that_calls_off_stops_it(studio: Studio, tmp_path: Path) -> None:
    import anyio

    async def silent(_changes: int, _words: str) -> None:
        pass

    (tmp_path / "song.wav").write_bytes(b"")
    studio.store.folders.open_root(tmp_path, studio.now())
    desk = Desk(studio)
    desk._see_to = lambda: None  # type: ignore[method-assign]  # nobody runs it

    async def talk() -> None:
        said, wrong = await answer(desk, "song", {"file": str(tmp_path / "song.wav")}, silent, wait_s=0.2)
        assert not wrong and said["job"]["status"] == "queued" and "job" in said["hint"]
        with anyio.move_on_after(0.3):
            await answer(desk, "job", {"id": said["job"]["id"]}, silent)
        assert studio.store.jobs.get(said["job"]["id"]).status == "cancelled"
        ended, wrong = await answer(desk, "job", {"id": said["job"]["id"]}, silent)
        assert wrong and ended["error"]["code"] == "cancelled"

    anyio.run(talk)


def test_doctor_looks_at_the_bridge_and_its_bundle_tells_no_names(studio: Studio, tmp_path: Path) -> None:
    bridge = Bridge(studio)
    said = {row["name"]: row for row in ask(studio, "doctor")["checks"]}
    assert {"database", "token", "port", "jobs", "watched folders", "styles", "picture models", "ffmpeg"} <= set(said)
    assert said["database"]["status"] == "ok" and said["token"]["status"] == "ok"
    studio.store.folders.watch(tmp_path / "unplugged disk", studio.now())
    (studio.workspace / "bridge.json").chmod(0o644)
    log = studio.workspace / "logs" / "cutprint.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(
        "2026-03-01 10:00:00,123 INFO bridge_server.cli: media_missing: /Users/Anna Secret/Wedding Film/clip 1.mp4 does not exist. {}\n"
        "2026-03-01 10:00:01,123 CRITICAL bridge_server.app: bug 0123abcd in POST /v1/call/edit\nTraceback (most recent call last):\n"
        '  File "/home/anna/.local/lib/python3.11/site-packages/engine/edit/make.py", line 12, in make_edit\n    raise ValueError(secret)\n'
        f"ValueError: Wedding Film of Anna\n2026-03-01 10:00:02,123 INFO x: token {bridge.said['token']}\n",
        encoding="utf-8",
    )
    report = ask(studio, "doctor", bundle=tmp_path / "support.zip")
    rows = {row["name"]: row["status"] for row in report["checks"]}
    assert rows["token"] == "problem" and rows["watched folders"] == "warning"
    with zipfile.ZipFile(tmp_path / "support.zip") as bag:
        texts = {name: bag.read(name).decode() for name in bag.namelist()}
    assert {"checks.json", "versions.json", "settings.json", "logs/cutprint.log"} <= set(texts)
    whole = "\n".join(texts.values())
    for secret in ("Anna", "anna", "Wedding", "clip 1", bridge.said["token"], str(tmp_path), "unplugged"):
        assert secret not in whole, secret
    assert "media_missing" in whole and "bug 0123abcd" in whole and "engine/edit/make.py:12 in make_edit" in whole and "ValueError" in whole
    assert json.loads(texts["versions.json"])["packages"]
    bridge.server._server.close()


def test_a_bare_log_drops_what_it_does_not_know() -> None:
    assert list(bare_log("some line\nhello /home/x/secret.mp4\n")) == []


def test_backup_and_folders_by_command(studio: Studio, tmp_path: Path) -> None:
    assert ask(studio, "folders.add", folder=tmp_path)["open"] == [str(tmp_path)]
    ask(studio, "backup", file=tmp_path / "b.zip")
    assert ask(studio, "folders.remove", folder=tmp_path)["open"] == []
    assert ask(studio, "folders.list")["open"] == []
    ask(studio, "restore", file=tmp_path / "b.zip", replace=True)
    assert ask(studio, "folders.list")["open"] == [str(tmp_path)]
    with pytest.raises(CutprintError, match="no folder"):
        ask(studio, "folders.add", folder=tmp_path / "none")


def test_open_finds_or_starts_a_bridge(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bridge_server", "open", "--print", "--json", "--workspace", str(tmp_path / "ws")]
    environment = {**os.environ, "CUTPRINT_PORT": "8931"}
    first = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=90, env=environment).stdout)
    running = running_bridge(tmp_path / "ws")
    assert running is not None
    try:
        assert first["started"] and "/open?code=" in first["url"]
        second = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=90, env=environment).stdout)
        assert not second["started"] and second["url"] != first["url"]
        refused = subprocess.run([*command[:3], "serve", *command[-2:]], capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 5 and "runs at" in refused.stderr
    finally:
        os.kill(running["pid"], 2)
