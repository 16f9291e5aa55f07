"""Failures that a user can cause or fix.

::

    CutprintError
    |-- UsageError          2   the command or request is wrong
    |   |-- UnknownSetting      a setting nobody reads
    |   `-- BadOption           a value outside its range
    |-- InputError          3   an input cannot be used
    |   |-- MediaError          a media file: missing, not media, truncated, no picture, no sound
    |   |-- SongError           a song: too short, protected, silent where that matters
    |   |-- FootageError        clips do not suffice for what was asked
    |   |-- NotFoundError       nothing is known under that id (HTTP 404)
    |   |-- DocumentError       a timeline, profile or interchange file that is broken or newer
    |   `-- OutputError         the place to write to: read-only, full, a file where a folder should be
    |-- MissingToolError    4   ffmpeg, a model, an extra that is not installed
    |-- RefusedError        5   understood, but nothing was changed (locks, old parents, somebody else's file)
    |   |-- UnauthorizedError   no valid token or session (HTTP 401)
    |   `-- ForbiddenError      not allowed for who asks: origin, folder (HTTP 403)
    `-- Cancelled         130   stopped by the user

Anything else that escapes is a bug. Each error has a `code` (snake_case, stable: scripts match on it), a `message` (one
sentence: what is wrong) and a `hint` (one sentence: what to do). `details` holds JSON values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "BadOption",
    "Cancelled",
    "CutprintError",
    "DocumentError",
    "FootageError",
    "ForbiddenError",
    "InputError",
    "MediaError",
    "MissingToolError",
    "NotFoundError",
    "OutputError",
    "RefusedError",
    "SongError",
    "UnauthorizedError",
    "UnknownSetting",
    "UsageError",
]


class CutprintError(Exception):
    """Base of every failure a user can act on.

    Parameters
    ----------
    code : snake_case name of the failure; stable.
    message : one sentence saying what is wrong.
    hint : one sentence saying what to do about it; may be empty.
    details : JSON-able facts (paths, limits, measured values).
    """

    exit_code = 70
    http_status = 500

    def __init__(self, code: str, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details: Mapping[str, Any] = details

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders: exceptions pickle by positional args, which would lose code and hint.
        return _rebuild, (type(self), self.code, self.message, self.hint, dict(self.details))

    def as_json(self) -> dict[str, Any]:
        """The one shape of an error for JSON output and HTTP."""
        body = {"code": self.code, "message": self.message, "hint": self.hint, "details": dict(self.details)}
        return {"error": body}


def _rebuild(kind: type[CutprintError], code: str, message: str, hint: str, details: dict[str, Any]) -> CutprintError:
    return kind(code, message, hint, **details)


class UsageError(CutprintError):
    exit_code = 2
    http_status = 400


class UnknownSetting(UsageError):
    pass


class BadOption(UsageError):
    pass


class InputError(CutprintError):
    exit_code = 3
    http_status = 422


class MediaError(InputError):
    pass


class SongError(InputError):
    pass


class FootageError(InputError):
    pass


class DocumentError(InputError):
    pass


class NotFoundError(InputError):
    http_status = 404


class OutputError(InputError):
    pass


class MissingToolError(CutprintError):
    exit_code = 4
    http_status = 503


class RefusedError(CutprintError):
    exit_code = 5
    http_status = 409


class UnauthorizedError(RefusedError):
    http_status = 401


class ForbiddenError(RefusedError):
    http_status = 403


class Cancelled(CutprintError):
    exit_code = 130
    http_status = 409

    def __init__(self, code: str = "cancelled", message: str = "Stopped before it was done.", hint: str = "", **details: Any) -> None:
        super().__init__(code, message, hint, **details)
