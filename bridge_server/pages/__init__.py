"""Results as text for people, one function per use case, one module per theme; `PAGES` is their sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bridge_server.pages import (
    doors,
    footage,
    keeping,
    main_job,
    nle,
    rendering,
    revising,
    styles,
    telemetry,
)
from bridge_server.pages.layout import Result

__all__ = ["PAGES"]

PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        **main_job.PAGES,
        **doors.PAGES,
        **footage.PAGES,
        **keeping.PAGES,
        **nle.PAGES,
        **rendering.PAGES,
        **revising.PAGES,
        **styles.PAGES,
        **telemetry.PAGES,
    }
)
"""Use case -> its page."""
