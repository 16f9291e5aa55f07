"""Final Cut Pro 7 XML (xmeml 4), as Premiere Pro reads it: sequence-grid positions, ticks, fill scale, exploded stereo song."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from fractions import Fraction

from engine.model.interchange import ExportOptions, Written
from engine.model.media import Media
from engine.model.time import FrameRate, round_half_up
from engine.model.timeline import CropKey, Placement, SongUse, Timeline
from otio_adapters.places import file_url, marker_rows, record_start, source_on_grid, xml_document
from otio_adapters.warnings import common_drops, common_warnings

__all__ = ["TICKS_PER_S", "Fcp7Writer", "basic_motion"]

TICKS_PER_S = 254_016_000_000
"""Premiere's clock."""


class Fcp7Writer:
    """One sequence with one video track, and the song as a stereo pair of mono tracks."""

    name = "fcp7"
    suffix = ".xml"
    description = "Final Cut Pro 7 XML for Premiere Pro"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file. Crops are carried as Basic Motion (scale and centre) of their first key."""
        root = ET.Element("xmeml", version="4")
        sequence = ET.SubElement(root, "sequence", id="sequence-1")
        # The same revision gives the same file, so the id is made from what it is.
        _text(sequence, "uuid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"cutprint:{timeline.project_id}:{timeline.revision}")))
        _text(sequence, "name", options.name)
        _text(sequence, "duration", timeline.duration_frames)
        _rate(sequence, timeline.rate)
        _timecode(sequence, timeline.rate, record_start(timeline.rate), False)
        for frame, name, note, _ in marker_rows(timeline, options.markers):
            _marker(sequence, name, note, frame)
        media = ET.SubElement(sequence, "media")
        written: set[str] = set()
        self._video(ET.SubElement(media, "video"), timeline, options, written)
        self._audio(ET.SubElement(media, "audio"), timeline, written)
        content = xml_document(root, "xmeml")
        hint = "Premiere Pro: File > Import, choose {file}."
        return Written(content, tuple(common_drops(timeline, crops=True)), hint, common_warnings(timeline))

    def _video(self, video: ET.Element, timeline: Timeline, options: ExportOptions, written: set[str]) -> None:
        form = ET.SubElement(ET.SubElement(video, "format"), "samplecharacteristics")
        _rate(form, timeline.rate)
        _picture(form, timeline.width, timeline.height)
        track = ET.SubElement(video, "track")
        for number, clip in enumerate(timeline.clips):
            self._clip(track, timeline, clip, number, options, written)
        _text(track, "enabled", "TRUE")
        _text(track, "locked", "FALSE")

    def _clip(self, track: ET.Element, timeline: Timeline, clip: Placement, number: int, options: ExportOptions, written: set[str]) -> None:
        media = timeline.media_of(clip)
        video = media.video
        assert video is not None
        rate = timeline.rate
        item = ET.SubElement(track, "clipitem", id=f"clipitem-{number + 1}")
        begin = source_on_grid(clip, rate)
        _item_head(item, media, round_half_up(video.rate.seconds(video.duration_frames) * rate.fraction), rate, clip.enabled)
        _positions(item, clip.span.start, clip.span.end, begin, clip.duration_frames)
        # No retimes are written, so the ticks tell of as many frames as in and out do, not of the retimed span.
        _ticks(item, clip.source_start_s, clip.source_start_s + rate.seconds(clip.duration_frames))
        _file(item, media, written)
        _motion_filter(item, timeline, clip, media)
        if options.markers in ("reasons", "all"):
            _marker(item, f"{clip.id} {clip.facts.ai_confidence:.2f}", clip.facts.ai_reasoning, begin + clip.duration_frames // 2)
        info = ET.SubElement(item, "logginginfo")
        _text(info, "lognote", f"cutprint {clip.id}")
        source = ET.SubElement(item, "sourcetrack")
        _text(source, "mediatype", "video")

    def _audio(self, audio: ET.Element, timeline: Timeline, written: set[str]) -> None:
        _text(audio, "numOutputChannels", 2)
        form = ET.SubElement(ET.SubElement(audio, "format"), "samplecharacteristics")
        _text(form, "depth", 16)
        _text(form, "samplerate", 48000)
        outputs = ET.SubElement(audio, "outputs")
        for channel in (1, 2):
            group = ET.SubElement(outputs, "group")
            _text(group, "index", channel)
            _text(group, "numchannels", 1)
            _text(group, "downmix", 0)
            _text(ET.SubElement(group, "channel"), "index", channel)
        if timeline.song is None:
            return
        media = next(row for row in timeline.media if row.media_id == timeline.song.media_id)
        channels = min(2, media.audio.channels) if media.audio else 2
        for channel in range(channels):
            self._song(audio, timeline, timeline.song, media, channel, channels, written)

    def _song(
        self, audio: ET.Element, timeline: Timeline, song: SongUse, media: Media, channel: int, channels: int, written: set[str]
    ) -> None:
        rate = timeline.rate
        stereo = {"premiereTrackType": "Stereo", "currentExplodedTrackIndex": str(channel), "totalExplodedTrackCount": str(channels)}
        track = ET.SubElement(audio, "track", stereo if channels == 2 else {"premiereTrackType": "Mono"})
        item = ET.SubElement(
            track, "clipitem", {"id": f"clipitem-song-{channel + 1}", "premiereChannelType": "stereo" if channels == 2 else "mono"}
        )
        start = Fraction(song.source_start_s)
        begin = round_half_up(start * rate.fraction)
        _item_head(item, media, round_half_up(Fraction(song.duration_s) * rate.fraction), rate, True)
        _positions(item, 0, timeline.duration_frames, begin, timeline.duration_frames)
        _ticks(item, start, start + timeline.duration_s)
        _file(item, media, written)
        source = ET.SubElement(item, "sourcetrack")
        _text(source, "mediatype", "audio")
        _text(source, "trackindex", channel + 1)
        for other in range(channels if channels == 2 else 0):
            link = ET.SubElement(item, "link")
            _text(link, "linkclipref", f"clipitem-song-{other + 1}")
            _text(link, "mediatype", "audio")
            _text(link, "trackindex", other + 1)
            _text(link, "clipindex", 1)
            _text(link, "groupindex", 1)
        _text(track, "enabled", "TRUE")
        _text(track, "locked", "FALSE")
        _text(track, "outputchannelindex", channel + 1)


def _text(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)


def _rate(parent: ET.Element, rate: FrameRate) -> None:
    element = ET.SubElement(parent, "rate")
    _text(element, "timebase", rate.timebase)
    _text(element, "ntsc", "TRUE" if rate.is_ntsc else "FALSE")


def _timecode(parent: ET.Element, rate: FrameRate, frame: int, drop: bool) -> None:
    element = ET.SubElement(parent, "timecode")
    _rate(element, rate)
    _text(element, "string", rate.timecode(frame, drop))
    _text(element, "frame", frame)
    _text(element, "displayformat", "DF" if drop else "NDF")


def _marker(parent: ET.Element, name: str, note: str, frame: int) -> None:
    element = ET.SubElement(parent, "marker")
    _text(element, "comment", note)
    _text(element, "name", name)
    _text(element, "in", frame)
    _text(element, "out", -1)


def _picture(parent: ET.Element, width: int, height: int) -> None:
    _text(parent, "width", width)
    _text(parent, "height", height)
    _text(parent, "anamorphic", "FALSE")
    _text(parent, "pixelaspectratio", "square")
    _text(parent, "fielddominance", "none")


def _item_head(item: ET.Element, media: Media, length: int, rate: FrameRate, enabled: bool) -> None:
    _text(item, "masterclipid", f"masterclip-{media.media_id}")
    _text(item, "name", media.name)
    _text(item, "enabled", "TRUE" if enabled else "FALSE")
    _text(item, "duration", length)
    _rate(item, rate)


def _positions(item: ET.Element, start: int, end: int, begin: int, length: int) -> None:
    _text(item, "start", start)
    _text(item, "end", end)
    _text(item, "in", begin)
    _text(item, "out", begin + length)


def _ticks(item: ET.Element, start: Fraction, end: Fraction) -> None:
    _text(item, "pproTicksIn", round_half_up(start * TICKS_PER_S))
    _text(item, "pproTicksOut", round_half_up(end * TICKS_PER_S))


def _file(item: ET.Element, media: Media, written: set[str]) -> None:
    """The file in full at its first use, by its id after."""
    name = f"file-{media.media_id}"
    element = ET.SubElement(item, "file", id=name)
    if name in written:
        return
    written.add(name)
    video = media.video
    rate = video.rate if video is not None else FrameRate(30)
    _text(element, "name", media.name)
    _text(element, "pathurl", file_url(media.path, "localhost"))
    _rate(element, rate)
    _text(element, "duration", video.duration_frames if video is not None else rate.frames(media.duration_s))
    kinds = ET.Element("media")
    if video is not None and media.kind != "audio":
        _timecode(element, rate, video.start_frame, video.drop_frame)
        form = ET.SubElement(ET.SubElement(kinds, "video"), "samplecharacteristics")
        _rate(form, rate)
        _picture(form, video.stored_width, video.stored_height)
    elif media.audio is not None:
        audio = ET.SubElement(kinds, "audio")
        form = ET.SubElement(audio, "samplecharacteristics")
        _text(form, "depth", 16)
        _text(form, "samplerate", media.audio.sample_rate_hz)
        _text(audio, "channelcount", media.audio.channels)
    element.append(kinds)


def basic_motion(key: CropKey, media: Media, width: int, height: int) -> tuple[float, float, float, int]:
    """(scale in %, centre x, centre y, rotation in degrees) that show crop `key` of the media in a frame of width x height.

    Premiere maps stored pixels 1:1 and ignores rotation flags, so the turn is carried too. The centre is in xmeml's units: shares of the
    frame (-0.5 to 0.5 spans the frame's width and height), how far the picture's middle lies from the frame's.
    """
    video = media.video
    assert video is not None
    scale = width / (video.display_width * key.width)
    x = (0.5 - key.x - key.width / 2) * video.display_width * scale / width
    y = (0.5 - key.y - key.height / 2) * video.display_height * scale / height
    return round(scale * 100, 4), round(x, 6), round(y, 6), video.rotation


def _motion_filter(item: ET.Element, timeline: Timeline, clip: Placement, media: Media) -> None:
    if not clip.crop:
        return
    scale, x, y, rotation = basic_motion(clip.crop[0], media, timeline.width, timeline.height)
    effect = ET.SubElement(ET.SubElement(item, "filter"), "effect")
    for tag, word in (("name", "Basic Motion"), ("effectid", "basic"), ("effectcategory", "motion"), ("effecttype", "motion")):
        _text(effect, tag, word)
    _text(effect, "mediatype", "video")
    _parameter(effect, "scale", "Scale", scale)
    _parameter(effect, "rotation", "Rotation", rotation)
    centre = ET.SubElement(effect, "parameter", authoringApp="PremierePro")
    _text(centre, "parameterid", "center")
    _text(centre, "name", "Center")
    value = ET.SubElement(centre, "value")
    _text(value, "horiz", x)
    _text(value, "vert", y)


def _parameter(effect: ET.Element, identity: str, name: str, value: float) -> None:
    element = ET.SubElement(effect, "parameter", authoringApp="PremierePro")
    _text(element, "parameterid", identity)
    _text(element, "name", name)
    _text(element, "value", value)
