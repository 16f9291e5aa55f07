"""The plain page at `/`: what runs, what is watched, where to go on. No script; it renews itself."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from engine import __version__
from engine.store.jobs import Job

__all__ = ["STYLE", "signed_out", "status_page"]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --strong: #2f6f4f; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.sub { margin: .2rem 0 0; opacity: .7; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
progress { width: 8rem; accent-color: var(--strong); } code { background: var(--soft); padding: .1rem .3rem; border-radius: .2rem; }
a { color: #2a5db0; } #fix { font-weight: 600; } #lines { overflow-wrap: anywhere; }
#bar { width: 100%; max-width: 26rem; height: .8rem; }
#form label { display: block; max-width: 26rem; } #form input, #form select { display: block; width: 100%; box-sizing: border-box; }
button, #form input, #form select { font: inherit; min-height: 2.5rem; padding: .3rem .8rem; margin: .2rem .3rem .2rem 0; }
button[type=submit] { background: var(--strong); color: #fff; border: 1px solid var(--strong); border-radius: .3rem; }
.failed { color: #b3261e; } .done { color: var(--strong); } .none { opacity: .7; }
@media (prefers-color-scheme: dark) { a { color: #9ec1ff; } .failed { color: #ff8a80; } .done { color: #8fd3ae; } }
"""

_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cutprint</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">{more}<link rel="stylesheet" href="/style.css"></head><body><main>'
)


def signed_out() -> str:
    """What a browser without a session sees."""
    words = "<h1>Cutprint</h1><p>This page opens with <code>cutprint open</code>, which signs the browser in.</p>"
    return f"{_HEAD.format(more='')}{words}</main></body></html>"


def status_page(*, jobs: Sequence[Job], watched: Sequence[Path], opened: Sequence[Path], up_s: float, url: str) -> str:
    """The page as HTML; everything that came from outside is escaped."""
    parts = [
        _HEAD.format(more='<meta http-equiv="refresh" content="5">'),
        f'<h1>Cutprint</h1><p class="sub">Version {__version__} at {escape(url)}, running for {_clock(up_s)}.</p>',
        "<h2>Jobs</h2>",
        _jobs(jobs),
        "<h2>Watched folders</h2>",
        _paths(watched, "None yet: <code>cutprint watch DIR</code> adds one."),
        "<h2>Folders programs may use</h2>",
        _paths(opened, "None yet: <code>cutprint folders add DIR</code> opens one."),
        '<p class="sub"><a href="/v1/openapi.json">What programs can call</a></p></main></body></html>',
    ]
    return "".join(parts)


def _clock(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _jobs(jobs: Sequence[Job]) -> str:
    if not jobs:
        return '<p class="none">None yet.</p>'
    rows = "".join(
        f"<tr><td>{escape(job.use_case)}</td><td>{escape(job.created_at[:19].replace('T', ' '))}</td>"
        f'<td class="{escape(job.status)}">{escape(job.status)}</td><td>{_where(job)}</td></tr>'
        for job in jobs
    )
    return (
        f"<table><thead><tr><th>What</th><th>Asked (UTC)</th><th>State</th><th>Where it is</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _where(job: Job) -> str:
    if job.error:
        return escape(str(job.error.get("message", "")))
    if job.status != "running":
        return ""
    bar = "" if job.fraction is None else f' <progress value="{job.fraction:.3f}" max="1">{job.fraction:.0%}</progress>'
    left = "" if job.remaining_s is None else f" about {_clock(job.remaining_s)} left in this step"
    return f"{escape(job.stage)}{bar}{left}"


def _paths(paths: Sequence[Path], none: str) -> str:
    if not paths:
        return f'<p class="none">{none}</p>'
    return "<ul>" + "".join(f"<li><code>{escape(str(path))}</code></li>" for path in paths) + "</ul>"
