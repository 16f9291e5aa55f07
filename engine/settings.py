"""Settings: defaults, then a TOML file, then `CUTPRINT_*` in the environment, then what the command line says.

Unknown keys are refused with the nearest known name. Standard library only, because every command loads this.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadOption, InputError, UnknownSetting

__all__ = ["Settings", "default_workspace", "load_settings"]

ENVIRONMENT_PREFIX = "CUTPRINT_"
OTHER_VARIABLES = frozenset({"CUTPRINT_FFMPEG", "CUTPRINT_TEST_MEDIA"})
"""Variables with our prefix that are read elsewhere and are no settings."""


def _setting(default: Any, description: str) -> Any:
    return field(default=default, metadata={"help": description})


@dataclass(frozen=True)
class Settings:
    """What a user may set once for all jobs."""

    workspace: Path = _setting(Path(), "Folder for caches, profiles and logs; default: the platform's data folder.")
    workers: int = _setting(0, "Processes for heavy work; 0: one per core.")
    executor: str = _setting("", "dask://host:port: heavy work goes to that cluster (extra [dask]); default: processes of this machine.")
    cache_limit_gb: float = _setting(20.0, "Size at which the oldest cached analyses go, in GB.")
    database_url: str = _setting("", "PostgreSQL for shared use (postgresql://...); default: SQLite in the workspace.")
    proxy_limit_gb: float = _setting(5.0, "Size at which the longest unused preview copies of clips go, in GB.")
    port: int = _setting(8719, "Port of the bridge on 127.0.0.1.")
    beat_weights: str = _setting("", "Weights of Beat This! (a .ckpt file) to find beats with; needs the extra [beats]. Default: our own.")
    clip_model: str = _setting("", "CLIP model to judge pictures with, such as ViT-B-32 or ViT-B-32:/weights.pt; needs the extra [clip].")
    resolve_wishes: str = _setting(
        "Green=must_use, Brown=avoid, Yellow=first, Purple=last, marks=range",
        "What clip colours in Resolve's media pool mean (must_use, avoid, first, last, none), and in and out marks (range, none).",
    )
    resolve_lock_colour: str = _setting("Lime", "Clip colour in Resolve that locks a clip of a timeline.")
    resolve_folder: str = _setting("", "Folder for edits that are started in Resolve; default: resolve in the workspace.")
    resolve_creator: str = _setting("", "Whose style Resolve's menu takes the first time; later the one used last.")
    resolve_ask: str = _setting("yes", "no: start at once from Resolve's menu, with what was used last; yes: show it first.")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR, for the log file in the workspace.")

    def __post_init__(self) -> None:
        if not 0 <= self.workers <= 256:
            raise BadOption("bad_setting", f"workers must be 0 to 256, not {self.workers}.")
        if self.executor and not re.fullmatch(r"dask://[^\s/]+:\d{1,5}", self.executor):
            raise BadOption("bad_setting", f"executor cannot be {self.executor!r}.", "Use dask://host:port, or leave it out.")
        if not 0 < self.cache_limit_gb < 1e6:
            raise BadOption("bad_setting", f"cache_limit_gb must be positive, not {self.cache_limit_gb}.")
        if not 0 <= self.proxy_limit_gb < 1e6:
            raise BadOption("bad_setting", f"proxy_limit_gb must not be negative, not {self.proxy_limit_gb}.")
        if not 1 <= self.port <= 65535:
            raise BadOption("bad_setting", f"port must be 1 to 65535, not {self.port}.")
        if self.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise BadOption("bad_setting", f"log_level cannot be {self.log_level!r}.", "Use DEBUG, INFO, WARNING or ERROR.")

    @property
    def worker_count(self) -> int:
        """How many worker processes to start."""
        return self.workers or available_cores()


def available_cores() -> int:
    """Cores this process may use (respects CPU affinity where the system tells)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def default_workspace() -> Path:
    """The platform's data folder for Cutprint."""
    import platformdirs

    return Path(platformdirs.user_data_dir("cutprint", appauthor=False))


def load_settings(
    overrides: Mapping[str, Any] | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from all sources; later sources win.

    Raises `InputError` where `config` cannot be read, `UnknownSetting` and `BadOption` for its content.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    outside = _from_environment(os.environ if environment is None else environment)
    workspace = Path(given.get("workspace") or outside.get("workspace") or default_workspace()).expanduser()
    merged = {**_from_file(config, workspace), **outside, **given, "workspace": workspace}
    return Settings(**{name: _typed(name, value) for name, value in merged.items()})


def _from_file(config: Path | None, workspace: Path) -> dict[str, Any]:
    path = config or workspace / "settings.toml"
    if config is None and not path.is_file():
        return {}
    try:
        values = _read_toml(path)
    except OSError as cause:
        raise InputError("config_unreadable", f"{path} cannot be read.", "Check --config.", path=str(path)) from cause
    except ValueError as cause:
        raise InputError("config_malformed", f"{path} is not valid TOML: {cause}", "Correct that line.", path=str(path)) from cause
    for name in values:
        _known(name, str(path))
    return values


def _read_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    with path.open("rb") as file:
        return tomllib.load(file)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name, value in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name in OTHER_VARIABLES or not value:
            continue
        key = name[len(ENVIRONMENT_PREFIX) :].lower()
        _known(key, f"the environment ({name})")
        found[key] = value
    return found


def _known(name: str, where: str) -> None:
    names = [one.name for one in dataclasses.fields(Settings)]
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known settings: {', '.join(names)}."
    raise UnknownSetting("unknown_setting", f"{where} sets {name!r}, which Cutprint does not know.", hint)


def _typed(name: str, value: Any) -> Any:
    kinds = {"workspace": Path, "workers": int, "port": int, "cache_limit_gb": float, "proxy_limit_gb": float}
    try:
        return kinds.get(name, str)(value)
    except (TypeError, ValueError) as cause:
        raise BadOption("bad_setting", f"{name} cannot be {value!r}.", f"It takes a {kinds.get(name, str).__name__}.") from cause
