"""Doctor: everything Cutprint needs, one cause and one fix a line."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.errors import CutprintError
from engine.studio.bundle import write_bundle
from engine.studio.checks_bridge import BRIDGE_CHECKS
from engine.studio.checks_resolve import NLE_CHECKS
from engine.studio.requests import DoctorRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["doctor"]

LEAST_FREE_GB = 2.0
"""Free space under which a job may not fit: a 60 s render with its segments takes about a tenth of it."""


def doctor(studio: Studio, request: DoctorRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `doctor`: `checks[]` with name, status (ok, warning, problem), what was found, and how to mend it."""
    every = {**_CHECKS, **BRIDGE_CHECKS, **NLE_CHECKS}
    checks = [_python(), *(_tried(name, check, studio) for name, check in every.items())]
    worst = "problem" if any(row["status"] == "problem" for row in checks) else "ok"
    held = write_bundle(studio, checks, request.bundle) if request.bundle else []
    bundle = {"file": str(request.bundle), "holds": held} if request.bundle else None
    return {"version": __version__, "status": worst, "checks": checks, "bundle": bundle}


def _row(name: str, status: str, found: str, fix: str = "") -> dict[str, str]:
    return {"name": name, "status": status, "found": found, "fix": fix}


def _tried(name: str, check: Callable[[Studio], dict[str, str]], studio: Studio) -> dict[str, str]:
    try:
        return check(studio)
    except CutprintError as error:
        return _row(name, "problem", error.message, error.hint)
    except ImportError as error:
        return _row(name, "problem", str(error), "Reinstall cutprint.")


def _python() -> dict[str, str]:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    good = (3, 10) <= sys.version_info[:2] <= (3, 13)
    return _row("python", "ok" if good else "warning", found, "" if good else "Use Python 3.10 to 3.13.")


def _ffmpeg(studio: Studio) -> dict[str, str]:
    from engine.media import ffmpeg

    tool = ffmpeg.find_ffmpeg()
    found = f"{tool.version[0]}.{tool.version[1]} ({tool.source}) at {tool.path}"
    missing = [name for name in ("libx264", "aac") if not ffmpeg.has_encoder(name)]
    if missing:
        fix = "Install a full ffmpeg, or unset CUTPRINT_FFMPEG to use the one that comes along."
        return _row("ffmpeg", "problem", f"{found} lacks {', '.join(missing)}", fix)
    if not ffmpeg.has_filter("zscale"):
        return _row("ffmpeg", "warning", f"{found}, without tone mapping", "For HDR clips install an ffmpeg with zscale (zimg).")
    return _row("ffmpeg", "ok", found)


def _faces(studio: Studio) -> dict[str, str]:
    import cv2

    from engine.perception import catalog

    catalog.face_finder()
    return _row("faces", "ok", f"OpenCV {cv2.__version__} with cascades")


def _pictures(studio: Studio) -> dict[str, str]:
    from engine.perception import catalog
    from engine.perception.open_clip import ClipChoice, check_choice

    if not studio.settings.clip_model:
        return _row("picture models", "ok", catalog.absences()["clip"])
    choice = ClipChoice.parse(studio.settings.clip_model)
    check_choice(choice)
    return _row("picture models", "ok", f"CLIP, {choice.model} with {choice.weights}")


def _workspace(studio: Studio) -> dict[str, str]:
    from engine.store.projects import check_writable

    check_writable(studio.workspace)
    free_gb = shutil.disk_usage(studio.workspace).free / 1e9
    found = f"{studio.workspace}, {free_gb:.0f} GB free"
    if free_gb < LEAST_FREE_GB:
        return _row("workspace", "warning", found, "Free some space or set CUTPRINT_WORKSPACE to another disk.")
    return _row("workspace", "ok", found)


def _cache(studio: Studio) -> dict[str, str]:
    info = studio.cache.info()
    return _row("cache", "ok", f"{info.entries} entries, {info.size_bytes / 1e6:.1f} MB of {studio.settings.cache_limit_gb:g} GB")


def _formats(studio: Studio) -> dict[str, str]:
    import opentimelineio

    found = f"OpenTimelineIO {opentimelineio.__version__}; writes {', '.join(sorted(studio.writers))}"
    return _row("timelines", "ok", found)


_CHECKS: dict[str, Callable[[Any], dict[str, str]]] = {
    "ffmpeg": _ffmpeg,
    "faces": _faces,
    "picture models": _pictures,
    "workspace": _workspace,
    "cache": _cache,
    "timelines": _formats,
}
