"""OpenTimelineIO's adapter for `timeline.json` (see plugin_manifest.json): plain OTIO tools, `otioconvert` first, read and write it."""

from __future__ import annotations

import datetime
from typing import Any

from engine.model import documents
from engine.model.timeline import Timeline
from otio_adapters.adopting import adopted
from otio_adapters.otio_files import plain_json
from otio_adapters.read_otio import OtioReader
from otio_adapters.untrusted import unknown

__all__ = ["read_from_string", "write_to_string"]


def read_from_string(input_str: str) -> Any:
    """An `opentimelineio.schema.Timeline`, with the whole document in its metadata. Raises `DocumentError`."""
    import opentimelineio as otio

    timeline = documents.decode(documents.loads(input_str))
    if not isinstance(timeline, Timeline):
        unknown("The file", "timeline.json", "it is another document of Cutprint")
    return otio.adapters.read_from_string(plain_json(timeline).decode(), "otio_json")


def write_to_string(input_otio: Any) -> str:
    """The text of a `timeline.json`.

    What came from one and was not changed is that one again, to the last field. Anything else becomes a new edit of what the
    OTIO timeline shows, with what its metadata still say of the media.
    """
    import opentimelineio as otio

    if isinstance(input_otio, otio.schema.SerializableCollection):
        input_otio = next(iter(input_otio.find_children(descended_from_type=otio.schema.Timeline)), input_otio)
    cuts = OtioReader().read(otio.adapters.write_to_string(input_otio, "otio_json").encode(), "the timeline")
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return documents.dumps(documents.encode(adopted(cuts, now)))
