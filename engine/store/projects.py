"""Projects as documents in a folder: the head revision, its predecessors, and exports that belong to the head.

Everything appears atomically and nothing that a person made is overwritten: a small manifest remembers what Cutprint wrote,
and a file that differs from it is somebody else's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DocumentError, OutputError, RefusedError
from engine.model import documents
from engine.model.timeline import Timeline
from engine.store.locks import release, try_lock

__all__ = ["HEAD", "REVISIONS", "ProjectFolder", "atomic_write", "check_writable", "load_timeline", "timeline_path"]

HEAD = "timeline.json"
REVISIONS = "revisions"
MANIFEST = ".cutprint.json"
LOCK = ".cutprint.lock"
LOCKED_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""How long to wait for a program that holds a file (chosen: scanners let go within a second)."""


def timeline_path(given: Path) -> Path:
    """The timeline document meant by a file or a project folder."""
    return given / HEAD if given.is_dir() else given


def load_timeline(given: Path) -> tuple[Timeline, Path]:
    """The timeline in a file or project folder, and the document's path. Raises `DocumentError`."""
    path = timeline_path(given)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        hint = "Give a timeline.json, or the folder that `cutprint edit` wrote."
        raise DocumentError("timeline_missing", f"There is no timeline at {path}.", hint, path=str(path)) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise DocumentError("timeline_unreadable", f"{path} cannot be read as a timeline.", "Check the file.", path=str(path)) from cause
    timeline = documents.decode(documents.loads(text))
    if not isinstance(timeline, Timeline):
        raise DocumentError("not_a_timeline", f"{path} is a document of another kind.", "Give a timeline.json.", path=str(path))
    return timeline, path


def atomic_write(path: Path, content: bytes) -> None:
    """Puts `content` at `path`, whole or not at all. Raises `OutputError`."""
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}-", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())
            _replace(Path(name), path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def check_writable(folder: Path) -> None:
    """Makes `folder` and tries a small file in it, so that long work does not end at a closed door. Raises `OutputError`."""
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".cutprint-", dir=folder)
        os.close(handle)
        os.unlink(name)


@dataclass(frozen=True)
class ProjectFolder:
    """One project's folder. Use `locked` around anything that changes it."""

    folder: Path

    @property
    def head(self) -> Path:
        return self.folder / HEAD

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process; a folder that was made for work that failed goes away again.

        Raises `RefusedError` when another process is at work in it.
        """
        made = _missing_folders(self.folder)
        check_writable(self.folder)
        path = self.folder / LOCK  # stays there in a folder that is used: two processes must not hold two different files
        with _disk_errors(path):
            file = path.open("a+b")
        with file:
            if not try_lock(file.fileno()) or not _is_at(file.fileno(), path):
                hint = "Wait until it is done, or choose another output folder with -o."
                raise RefusedError("output_busy", f"Another Cutprint is writing to {self.folder}.", hint, path=str(self.folder))
            try:
                yield
            except BaseException:
                _unmake(made, path)
                raise
            finally:
                release(file.fileno())

    def current(self) -> Timeline | None:
        """The head revision, or None in a new folder. Raises `RefusedError` for a timeline.json that is not ours."""
        if not self.head.exists():
            return None
        try:
            return load_timeline(self.head)[0]
        except DocumentError as cause:
            hint = "Choose another output folder with -o, or move that file away."
            raise RefusedError("output_not_ours", f"{self.head} is not an edit that can be continued: {cause.message}", hint) from cause

    def written(self) -> set[str]:
        """Names in the folder that Cutprint wrote, the folder of old revisions among them; empty where it is no project."""
        known = self._manifest()
        return {*known, REVISIONS} if known else set()

    def foreign(self, names: list[str]) -> list[str]:
        """Which of `names` exist in the folder and were not written by Cutprint, or were changed since."""
        known = self._manifest()
        return [name for name in names if (self.folder / name).exists() and not _same(self.folder / name, known.get(name))]

    def refuse_foreign(self, names: list[str]) -> None:
        """Raises `RefusedError` if writing `names` would overwrite what a person made."""
        theirs = self.foreign(names)
        if theirs:
            message = (
                f"{', '.join(theirs)} in {self.folder} {'was' if len(theirs) == 1 else 'were'} not written by Cutprint, or changed since."
            )
            raise RefusedError("output_not_ours", message, "Choose another output folder with -o, or move the file away.", files=theirs)

    def commit(self, timeline: Timeline, exports: Mapping[str, bytes], redo: Sequence[int] = ()) -> None:
        """Makes `timeline` the head with its exports; the old head and its exports move to `revisions/`.

        Exports that the new revision does not rewrite (an older render, say) are renamed with their revision. A revision that is kept
        already (gone back to, say) keeps its frozen copy. redo : revisions that were undone on the way here, the last one last.
        """
        self.refuse_foreign([HEAD, *exports])
        before = self.current()
        known = self._manifest()
        document = documents.encode(timeline)
        documents.validate(document)  # nothing leaves that others could not read
        body = documents.dumps(document).encode()
        if before is not None:
            self._retire(before.revision, set(known) - {HEAD})
        new = {**exports, HEAD: body}
        digests = {name: [_digest(content)] for name, content in new.items()}
        # Both states count as ours while the files change, so that a kill in between locks nobody out.
        self._write_manifest({name: digests.get(name, []) + known.get(name, []) for name in {**known, **digests}})
        if timeline.revision not in self.revisions():
            atomic_write(self.folder / REVISIONS / _revision_name(timeline.revision), body)
        for name, content in new.items():  # the head goes last: it says which revision the folder holds
            atomic_write(self.folder / name, content)
        self._write_manifest(digests, redo)

    def note(self, timeline: Timeline) -> None:
        """Writes what became of the head (its `final_status`) into it: the same revision, so its exports stay current.

        The frozen copy in `revisions/` keeps what the revision was when it was made. Raises `RefusedError` for another revision.
        """
        with self.locked():
            before = self.current()
            if before is None or before.replace(final_status=timeline.final_status) != timeline:
                hint = "Load the timeline again, then repeat it."
                raise RefusedError("output_changed", f"The edit in {self.folder} has changed meanwhile.", hint, path=str(self.folder))
            self.refuse_foreign([HEAD])
            document = documents.encode(timeline)
            documents.validate(document)
            body = documents.dumps(document).encode()
            known = self._manifest()
            self._write_manifest({**known, HEAD: [_digest(body), *known.get(HEAD, [])]})
            atomic_write(self.head, body)
            self._write_manifest({**known, HEAD: [_digest(body)]})

    def undone(self) -> list[int]:
        """Revisions that were undone to get to the head, the last one last; empty after anything else."""
        try:
            rows = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8")).get("undone", [])
            return [int(one) for one in rows]
        except (OSError, ValueError, TypeError, AttributeError):
            return []

    def revisions(self) -> list[int]:
        """Numbers of the revisions kept, ascending."""
        names = (path.stem.rpartition(".r")[2] for path in (self.folder / REVISIONS).glob("timeline.r*.json"))
        return sorted(int(name) for name in names if name.isdigit())

    def revision(self, number: int) -> Timeline:
        """One of them. Raises `DocumentError` (`revision_unknown` where it is not kept)."""
        path = self.folder / REVISIONS / _revision_name(number)
        if not path.exists():
            known = ", ".join(str(one) for one in self.revisions())
            raise DocumentError("revision_unknown", f"There is no revision {number} of this edit.", f"Kept are {known or 'none'}.")
        return load_timeline(path)[0]

    def keep(self, timeline: Timeline) -> None:
        """Puts a revision beside the others without making it the head (a variant)."""
        document = documents.encode(timeline)
        documents.validate(document)
        atomic_write(self.folder / REVISIONS / _revision_name(timeline.revision), documents.dumps(document).encode())

    def remember(self, name: str) -> None:
        """Records a finished file (a render) as written by Cutprint for the head revision."""
        self._write_manifest({**self._manifest(), name: [_file_digest(self.folder / name)]})

    def _retire(self, revision: int, names: set[str]) -> None:
        for name in sorted(names):
            path = self.folder / name
            if path.is_file() and _same(path, self._manifest().get(name)):
                target = self.folder / REVISIONS / f"{path.stem}.r{revision:04d}{path.suffix}"
                with _disk_errors(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _replace(path, target)

    def _manifest(self) -> dict[str, list[str]]:
        try:
            rows = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))["files"]
            return {str(name): [str(digest) for digest in digests] for name, digests in rows.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write_manifest(self, files: Mapping[str, list[str]], undone: Sequence[int] | None = None) -> None:
        """undone : None leaves what is there."""
        note = "What Cutprint wrote here, so that it never overwrites what you made."
        rows = self.undone() if undone is None else list(undone)
        body = json.dumps({"note": note, "files": dict(sorted(files.items())), "undone": rows}, indent=2, ensure_ascii=False)
        atomic_write(self.folder / MANIFEST, body.encode())


def _missing_folders(folder: Path) -> list[Path]:
    """Which of `folder` and those above it do not exist yet, the innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one at `path`: a job that failed may just have taken its folder away."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _unmake(made: list[Path], lock: Path) -> None:
    """Removes folders that nobody has put anything into but our lock."""
    with contextlib.suppress(OSError):  # Windows keeps an open file, and with it the folder
        if made and [one.name for one in made[0].iterdir()] == [lock.name]:
            lock.unlink()
        for one in made:
            one.rmdir()


def _revision_name(number: int) -> str:
    return f"timeline.r{number:04d}.json"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _file_digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _same(path: Path, digests: list[str] | None) -> bool:
    try:
        return bool(digests) and path.is_file() and _file_digest(path) in (digests or ())
    except OSError:
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise disk_error(path, cause) from cause


def is_locked(cause: OSError) -> bool:
    """Whether another program holds the file (Windows: sharing or lock violation); elsewhere files are never held like that."""
    return getattr(cause, "winerror", None) in (32, 33)


def _replace(source: Path, target: Path) -> None:
    """`os.replace`, patient with programs that look at every new file for a moment (Windows)."""
    for pause_s in LOCKED_PAUSES_S:
        try:
            os.replace(source, target)
        except OSError as cause:
            if not is_locked(cause):
                raise
            time.sleep(pause_s)
        else:
            return
    os.replace(source, target)


def disk_error(path: Path, cause: OSError) -> OutputError:
    """The user's view of a failed write at `path`."""
    import errno

    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError("disk_full", f"There is no space left for {path}.", "Free some space or choose another disk.", path=str(path))
    if is_locked(cause):
        hint = "Close it there (a player, an NLE, Excel), then try again."
        return OutputError("output_locked", f"{path} is open in another program.", hint, path=str(path))
    if cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "Choose a folder you may write to with -o."
        return OutputError("output_read_only", f"{path} cannot be written: it is read-only for you.", hint, path=str(path))
    if cause.errno in (errno.EEXIST, errno.ENOTDIR):
        return OutputError(
            "output_not_a_folder", f"{path} cannot be a folder: a file is in its way.", "Choose another folder.", path=str(path)
        )
    return OutputError("output_failed", f"{path} cannot be written: {cause.strerror or cause}.", "Check the disk.", path=str(path))


def refuse_overwrite(output: Path, project: Path) -> None:
    """Raises `RefusedError` where `output` exists and was not written by Cutprint for the project in folder `project`.

    Outputs inside the project's folder are in its manifest; others are remembered there by their full path.
    """
    if not output.exists():
        return
    if output.is_dir():
        raise OutputError("output_is_folder", f"{output} is a folder.", "Give a file name with -o.", path=str(output))
    folder = ProjectFolder(project)
    if folder.foreign([_output_name(output, project)]):
        message = f"{output} exists and was not written by Cutprint, or changed since."
        raise RefusedError("output_not_ours", message, "Choose another name with -o.", path=str(output))


def remember_output(output: Path, project: Path) -> None:
    """Records a finished output, so that the next one may take its place. A read-only project folder forgets."""
    with contextlib.suppress(OutputError):
        ProjectFolder(project).remember(_output_name(output, project))


def _output_name(output: Path, project: Path) -> str:
    full, home = output.absolute(), project.absolute()
    return full.name if full.parent == home else str(full)
