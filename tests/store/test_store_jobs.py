"""Jobs as rows: one owner at a time, nothing lost, nothing run twice; and commands for editing programs."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import CutprintError, InputError, NotFoundError, OutputError, RefusedError
from engine.store.jobs import MOST_RUNS, Job, JobStore
from engine.store.outbox import EXPIRES_AFTER_S, Outbox
from engine.store.store import Store
from engine.store.uploads import UNFINISHED_S

NOW = "2026-03-01T00:00:00Z"


def submit(jobs: JobStore, name: str = "edit", **more: object) -> Job:
    return jobs.submit(name, {"seed": 1}, door="http", **more)  # type: ignore[arg-type]


def test_a_job_from_its_beginning_to_its_end(store: Store) -> None:
    jobs = store.jobs
    made = submit(jobs)
    assert (made.status, made.attempts, made.request) == ("queued", 0, {"seed": 1})
    claimed = jobs.claim("bridge-a")
    assert claimed is not None and claimed.job_id == made.job_id and claimed.status == "running" and claimed.started_at
    assert jobs.report(made.job_id, "bridge-a", "Measuring", 0.25, 12.0)
    seen = jobs.get(made.job_id)
    assert (seen.stage, seen.fraction, seen.remaining_s) == ("Measuring", 0.25, 12.0) and seen.changes > claimed.changes
    assert jobs.finish(made.job_id, "bridge-a", "done", {"shots": 12})
    done = jobs.get(made.job_id)
    assert done.is_finished and done.result == {"shots": 12} and done.finished_at and done.owner is None
    assert jobs.claim("bridge-a") is None
    with pytest.raises(InputError, match="no job"):
        jobs.get("nothing")


def test_priority_then_age(store: Store) -> None:
    first, second, urgent = submit(store.jobs), submit(store.jobs), submit(store.jobs, priority=5)
    assert store.jobs.claim("a", least_priority=9) is None
    order = [store.jobs.claim("a") for _ in range(3)]
    assert [job.job_id for job in order if job] == [urgent.job_id, first.job_id, second.job_id]


def test_an_idempotency_key_means_one_request(store: Store) -> None:
    first = submit(store.jobs, key="k1")
    assert submit(store.jobs, key="k1").job_id == first.job_id
    with pytest.raises(RefusedError, match="another request"):
        store.jobs.submit("render", {"seed": 1}, door="http", key="k1")
    assert len(store.jobs.recent()) == 1


def test_who_lost_a_job_can_do_nothing_with_it(store: Store) -> None:
    made = submit(store.jobs)
    lost = store.jobs.claim("dead")
    assert lost is not None
    assert store.jobs.alive(made.job_id, "dead")
    assert not store.jobs.take_from(lost), "it has shown a sign of life since"
    assert store.jobs.take_from(store.jobs.running()[0])
    again = store.jobs.claim("alive")
    assert again is not None and again.attempts == 2
    assert not store.jobs.report(made.job_id, "dead", "x", None, None)
    assert not store.jobs.finish(made.job_id, "dead", "done", {})
    assert not store.jobs.give_back(made.job_id, "dead")
    assert store.jobs.finish(made.job_id, "alive", "done", {})


def test_a_job_that_always_takes_its_bridge_down_is_given_up(store: Store) -> None:
    made = submit(store.jobs)
    for number in range(MOST_RUNS):
        lost = store.jobs.claim(f"bridge-{number}")
        assert lost is not None and store.jobs.take_from(lost)
    assert store.jobs.claim("next") is None
    ended = store.jobs.get(made.job_id)
    assert ended.status == "failed" and ended.error is not None and ended.error["code"] == "job_crashed"


def test_cancelling(store: Store) -> None:
    waiting = store.jobs.ask_cancel(submit(store.jobs).job_id)
    assert waiting.status == "cancelled" and waiting.error is not None
    running = submit(store.jobs)
    store.jobs.claim("a")
    assert store.jobs.ask_cancel(running.job_id).status == "running"
    assert store.jobs.get(running.job_id).cancel_asked
    store.jobs.finish(running.job_id, "a", "cancelled")
    assert store.jobs.ask_cancel(running.job_id).status == "cancelled"


def test_many_bridges_never_share_a_job(store: Store, tmp_path: Path, url: str) -> None:
    for _ in range(24):
        submit(store.jobs)
    gate = threading.Barrier(4)

    def work(name: str) -> list[str]:
        one = Store(tmp_path, url)
        gate.wait()
        taken = []
        while (job := one.jobs.claim(name)) is not None:
            taken.append(job.job_id)
        one.close()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [job for part in pool.map(work, "abcd") for job in part]
    assert len(taken) == 24 == len(set(taken))


def test_old_jobs_go_and_active_ones_stay(store: Store) -> None:
    for _ in range(4):
        submit(store.jobs)
        job = store.jobs.claim("a")
        assert job is not None
        store.jobs.finish(job.job_id, "a", "done")
    waiting = submit(store.jobs)
    assert store.jobs.prune(keep=1) == 3
    assert [len(store.jobs.recent(active=active)) for active in (True, False)] == [1, 1]
    assert store.jobs.recent()[0].job_id == waiting.job_id


def test_a_command_is_done_once(store: Store) -> None:
    outbox = store.outbox
    first = outbox.post("resolve", "build_timeline", {"project": "p"}, "c1")
    assert outbox.post("resolve", "build_timeline", {"project": "p"}, "c1") == first
    with pytest.raises(RefusedError, match="other content"):
        outbox.post("resolve", "build_timeline", {"project": "q"}, "c1")
    outbox.post("resolve", "lock", {})
    assert outbox.claim("premiere", "x") is None
    claimed = outbox.claim("resolve", "agent-1")
    assert claimed is not None and claimed.command_id == "c1" and claimed.claimed_by == "agent-1"
    with pytest.raises(RefusedError, match="not claimed"):
        outbox.acknowledge("c1", "agent-2", "done", {})
    assert outbox.acknowledge("c1", "agent-1", "done", {"placed": 42}).result == {"placed": 42}
    assert outbox.acknowledge("c1", "agent-1", "failed", {}).status == "done", "the first report stays"
    second = outbox.claim("resolve", "agent-1")
    assert second is not None and second.kind == "lock"
    with pytest.raises(InputError, match="no command"):
        outbox.acknowledge("c9", "agent-1", "done", {})


@pytest.mark.parametrize("claimed", [False, True])
def test_old_commands_expire(store: Store, claimed: bool) -> None:
    now = [1000.0]
    outbox = Outbox(store.database, lambda: now[0])
    outbox.post("resolve", "lock", {}, "c1")
    if claimed:
        outbox.claim("resolve", "a")
    now[0] += EXPIRES_AFTER_S + 1
    assert outbox.claim("resolve", "b") is None
    assert outbox.get("c1").status == "expired"
    with pytest.raises(RefusedError, match="expired"):
        outbox.acknowledge("c1", "a", "done", {})


def test_an_upload_in_pieces(store: Store) -> None:
    content = bytes(range(256)) * 40
    import hashlib

    made = store.uploads.create("..\\..\\etc/my clip ü.mp4", len(content), "2026-03-01T00:00:00Z", hashlib.sha256(content).hexdigest())
    assert made.name == "my clip ü.mp4" and Path(made.path).is_relative_to(store.uploads.folder)

    def breaking() -> object:
        yield content[:1000]
        raise ConnectionError

    with pytest.raises(OutputError):
        store.uploads.append(made.upload_id, 0, breaking())  # type: ignore[arg-type]
    assert store.uploads.get(made.upload_id).received == 1000, "what arrived stays"
    with pytest.raises(RefusedError) as wrong:
        store.uploads.append(made.upload_id, 0, [content])
    assert wrong.value.details["received"] == 1000
    with pytest.raises(RefusedError, match="of 10240"):
        store.uploads.finish(made.upload_id)
    with pytest.raises(InputError, match="More than"):
        store.uploads.append(made.upload_id, 1000, [content])
    store.uploads.append(made.upload_id, 1000, [content[1000:5000], content[5000:]])
    done = store.uploads.finish(made.upload_id)
    assert done.status == "done" and Path(done.path).read_bytes() == content
    assert store.uploads.finish(made.upload_id) == done
    with pytest.raises(RefusedError, match="complete"):
        store.uploads.append(made.upload_id, len(content), [b"x"])


def test_uploads_that_are_refused(store: Store) -> None:
    for name, size in (("..", 5), ("a" * 300, 5), ("x.mp4", 0), ("x.mp4", 10**15)):
        with pytest.raises(CutprintError):
            store.uploads.create(name, size, "2026-03-01T00:00:00Z")
    bad = store.uploads.create("x.mp4", 3, "2026-03-01T00:00:00Z", "0" * 64)
    store.uploads.append(bad.upload_id, 0, [b"abc"])
    with pytest.raises(InputError, match="SHA-256"):
        store.uploads.finish(bad.upload_id)
    assert not Path(bad.path).exists()


def test_first_answers_are_kept(store: Store) -> None:
    store.answers.keep("k", "d", 200, {"a": 1}, "2026-03-01T00:00:00Z")
    store.answers.keep("k", "d", 500, {"a": 2}, "2026-03-01T00:00:01Z")
    assert store.answers.find("k", "d") == (200, {"a": 1})
    assert store.answers.find("other", "d") is None
    with pytest.raises(RefusedError):
        store.answers.find("k", "e")
    assert store.answers.prune() == 0


def test_unfinished_uploads_do_not_pile_up(store: Store) -> None:
    uploads = store.uploads
    old, young, done = (uploads.create(f"{name}.mp4", 5, NOW) for name in ("old", "young", "done"))
    uploads.append(done.upload_id, 0, [b"12345"])
    uploads.finish(done.upload_id)
    (Path(old.path).parent / "somebody else's.txt").write_text("x", encoding="utf-8")
    for one in (old, young):
        os.utime(f"{one.path}.part", (1e9, 1e9 + UNFINISHED_S * (one is young)))
    assert uploads.prune(1e9 + UNFINISHED_S + 1) == 1
    with pytest.raises(NotFoundError):
        uploads.get(old.upload_id)
    assert uploads.get(young.upload_id).status == "open" and Path(done.path).read_bytes() == b"12345", "finished ones are the user's"
    assert [path.name for path in Path(old.path).parent.iterdir()] == ["somebody else's.txt"]
    assert uploads.remove(done.upload_id).received == 5 and not Path(done.path).parent.exists()


def test_unfinished_uploads_are_counted_with_the_room_they_were_promised(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    store.uploads.create("a.mp4", 700, NOW)
    with pytest.raises(OutputError, match="free for it"):
        store.uploads.create("b.mp4", 400, NOW)
    assert len(list(store.uploads.folder.iterdir())) == 1
    monkeypatch.setattr("engine.store.uploads.MOST_OPEN", 1)
    with pytest.raises(RefusedError, match="unfinished"):
        store.uploads.create("c.mp4", 1, NOW)
