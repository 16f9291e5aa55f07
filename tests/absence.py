"""What a test does when something it needs is not there."""

from __future__ import annotations

import os

import pytest

IN_CI = os.environ.get("CI") == "true"


def absent(what: str) -> None:
    """Skips, or fails in CI, because `what` is not there."""
    if IN_CI:
        pytest.fail(f"{what} is absent, and in CI nothing may be skipped for that")
    pytest.skip(f"{what} is absent")
