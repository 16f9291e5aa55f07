"""Routes of the bridge, one module per theme. They translate between HTTP and the studio and decide nothing."""

from __future__ import annotations

from flask import Blueprint

__all__ = ["blueprints"]


def blueprints() -> list[Blueprint]:
    """All of them."""
    from bridge_server.routes import activities, agents, calls, front, jobs, media, uploads

    return [front.ROUTES, calls.ROUTES, jobs.ROUTES, media.ROUTES, uploads.ROUTES, agents.ROUTES, activities.ROUTES]
