"""Final Cut Pro 7 XML (xmeml 4), as Premiere Pro reads it: sequence-grid positions, ticks, fill scale, exploded stereo song."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction

from engine.model.interchange import ExportOptions, Written
from engine.model.time import FrameRate, round_half_up
from engine.model.timeline import Timeline
from otio_adapters.fcp7_parts import (
    Files,
    fade_filter,
    item_head,
    link,
    motion_filter,
    picture,
    positions,
    rate_of,
    speed_filter,
    text,
    ticks,
)
from otio_adapters.framing import framings
from otio_adapters.layout import Join, Lane, Layout, Shot, Sound, layout
from otio_adapters.marks import LOCK_LABEL, LOCK_PREFIX, Mark, lock_marks, own_note, shot_marks, timeline_marks
from otio_adapters.places import record_start, xml_document
from otio_adapters.warnings import Carries, common_drops, common_warnings

__all__ = ["PREMIERE_COLOURS", "Fcp7Writer"]

CARRIES = Carries(crops=True, crop_moves=True, song_fades=True, speeds=True, joins=True, own_sound=True)
PREMIERE_COLOURS = {"BLUE": 0xFFFC8D42, "RED": 0xFF3518D2, "YELLOW": 0xFF2BADD0, "CYAN": 0xFFD6F419, "ORANGE": 0xFF0E72E3}
"""Marker colours as alpha, blue, green, red; a marker without one is green."""
LABEL = "Violet"
"""Premiere's label of clips that are not locked."""


class Fcp7Writer:
    """One sequence: the edit, tracks above it, the song as mono tracks of a pair, the clips' own sound below where the edit has it."""

    name = "fcp7"
    suffix = ".xml"
    description = "Final Cut Pro 7 XML for Premiere Pro"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file. Crops are Basic Motion (scale, centre, rotation), moving ones with keyframes; speeds are Time Remap."""
        root = ET.Element("xmeml", version="4")
        sequence = ET.SubElement(root, "sequence", id="sequence-1")
        # The same revision gives the same file, so the id is made from what it is.
        text(sequence, "uuid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"cutprint:{timeline.project_id}:{timeline.revision}")))
        text(sequence, "name", options.name)
        text(sequence, "duration", timeline.duration_frames)
        rate_of(sequence, timeline.rate)
        code = ET.SubElement(sequence, "timecode")
        _timecode(code, timeline.rate, record_start(timeline.rate))
        for mark in timeline_marks(timeline, options.markers):
            _marker(sequence, mark, mark.frame)
        media = ET.SubElement(sequence, "media")
        plan = layout(timeline, options.alternates)
        writing = _Writing(timeline, options, plan)
        writing.pictures(ET.SubElement(media, "video"))
        writing.sounds(ET.SubElement(media, "audio"))
        content = xml_document(root, "xmeml")
        hint = "Premiere Pro: File > Import, choose {file}."
        return Written(content, tuple(common_drops(timeline, CARRIES, options)), hint, common_warnings(timeline))


class _Writing:
    """One file being written: what it is of, files already declared, and the number of each item."""

    def __init__(self, timeline: Timeline, options: ExportOptions, plan: Layout) -> None:
        self.timeline, self.options, self.plan, self.rate = timeline, options, plan, timeline.rate
        self.files = Files()
        self.own = {one.of: number for number, one in enumerate(plan.own)}

    # --- pictures

    def pictures(self, video: ET.Element) -> None:
        form = ET.SubElement(ET.SubElement(video, "format"), "samplecharacteristics")
        rate_of(form, self.rate)
        picture(form, self.timeline.width, self.timeline.height)
        for level, lane in enumerate(self.plan.lanes):
            self._lane(ET.SubElement(video, "track"), lane, level)

    def _lane(self, track: ET.Element, lane: Lane, level: int) -> None:
        for number, shot in enumerate(lane.shots):
            before, after = lane.join_before(number), lane.join_before(number + 1)
            if before is not None:
                _transition(track, before, self.rate)
            self._shot(track, shot, f"clipitem-{level}-{number + 1}", before, after, level)
        text(track, "enabled", "TRUE" if lane.enabled else "FALSE")
        text(track, "locked", "FALSE")

    def _shot(self, track: ET.Element, shot: Shot, identity: str, before: Join | None, after: Join | None, level: int) -> None:
        rate, video = self.rate, shot.media.video
        item = ET.SubElement(track, "clipitem", id=identity)
        length = rate.frames(video.rate.seconds(video.duration_frames) / shot.speed) if video is not None else shot.duration
        written = lock_marks(shot, self.options.markers, "label", "name", "marker")
        item_head(item, shot.media, f"{LOCK_PREFIX}{shot.media.name}" if shot.locked else shot.media.name, length, rate, shot.enabled)
        head, tail = before.before if before else 0, after.after if after else 0
        # In and out are in the clip's own time, which a speed stretches; the ticks tell the true source.
        begin = round_half_up(shot.source_s / shot.speed * rate.fraction) - head
        positions(item, -1 if before else shot.start, -1 if after else shot.end, begin, shot.duration + head + tail)
        first = shot.source_s - rate.seconds(head) * shot.speed
        ticks(item, first, first + rate.seconds(shot.duration + head + tail) * shot.speed)
        self.files.declare(item, shot.media)
        speed_filter(item, shot)
        motion_filter(item, framings(shot, self.timeline.width, self.timeline.height), begin + head)
        for mark in shot_marks(shot, self.options.markers, written):
            _marker(item, mark, begin + head + mark.frame)
        text(ET.SubElement(item, "logginginfo"), "lognote", own_note(shot, written))
        text(ET.SubElement(item, "labels"), "label2", LOCK_LABEL if shot.locked else LABEL)
        text(ET.SubElement(item, "sourcetrack"), "mediatype", "video")
        if level == 0 and shot.id in self.own:
            self._links(item, identity, self.own[shot.id])

    def _links(self, item: ET.Element, identity: str, number: int) -> None:
        """A shot and the channels of its own sound, as one clip."""
        link(item, identity, "video", 1, 1)
        first = len(self._channels(self.plan.song)) + 1
        for channel in self._channels(self.plan.own[number : number + 1]):
            link(item, f"clipitem-own-{number + 1}-{channel + 1}", "audio", first + channel, number + 1)

    # --- sound

    def sounds(self, audio: ET.Element) -> None:
        text(audio, "numOutputChannels", 2)
        form = ET.SubElement(ET.SubElement(audio, "format"), "samplecharacteristics")
        text(form, "depth", 16)
        text(form, "samplerate", 48000)
        outputs = ET.SubElement(audio, "outputs")
        for channel in (1, 2):
            group = ET.SubElement(outputs, "group")
            text(group, "index", channel)
            text(group, "numchannels", 1)
            text(group, "downmix", 0)
            text(ET.SubElement(group, "channel"), "index", channel)
        self._channel_tracks(audio, self.plan.song, "clipitem-song")
        self._channel_tracks(audio, self.plan.own, "clipitem-own")

    def _channels(self, row: Sequence[Sound]) -> range:
        """Channels that the tracks of a row of sounds have: one or two."""
        return range(max((min(2, one.media.audio.channels) if one.media.audio else 2 for one in row), default=0))

    def _channel_tracks(self, audio: ET.Element, row: Sequence[Sound], stem: str) -> None:
        """A row of sounds as one mono track for each channel."""
        channels = self._channels(row)
        for channel in channels:
            stereo = {"currentExplodedTrackIndex": str(channel), "totalExplodedTrackCount": str(len(channels))}
            kind = {"premiereTrackType": "Stereo", **stereo} if len(channels) == 2 else {"premiereTrackType": "Mono"}
            track = ET.SubElement(audio, "track", kind)
            for number, sound in enumerate(row):
                own = self._channels([sound])
                if channel < len(own):
                    self._sound(track, sound, stem, number, channel, len(own))
            text(track, "enabled", "TRUE")
            text(track, "locked", "FALSE")
            text(track, "outputchannelindex", channel + 1)

    def _sound(self, track: ET.Element, sound: Sound, stem: str, number: int, channel: int, channels: int) -> None:
        rate = self.rate
        identity = {"id": f"{stem}-{number + 1}-{channel + 1}", "premiereChannelType": "stereo" if channels == 2 else "mono"}
        item = ET.SubElement(track, "clipitem", identity)
        item_head(item, sound.media, sound.media.name, rate.frames(Fraction(sound.media.duration_s)), rate, True)
        begin = round_half_up(sound.source_s * rate.fraction)
        positions(item, sound.start, sound.start + sound.duration, begin, sound.duration)
        ticks(item, sound.source_s, sound.source_s + rate.seconds(sound.duration))
        self.files.declare(item, sound.media)
        fade_filter(item, sound, begin, rate)
        source = ET.SubElement(item, "sourcetrack")
        text(source, "mediatype", "audio")
        text(source, "trackindex", channel + 1)
        if sound.of is not None:
            shots = [one.id for one in self.plan.lanes[0].shots]
            if sound.of in shots:
                link(item, f"clipitem-0-{shots.index(sound.of) + 1}", "video", 1, shots.index(sound.of) + 1)
        first = 1 if stem.endswith("song") else len(self._channels(self.plan.song)) + 1
        for other in range(channels if channels == 2 or sound.of is not None else 0):
            link(item, f"{stem}-{number + 1}-{other + 1}", "audio", first + other, number + 1)


def _timecode(element: ET.Element, rate: FrameRate, frame: int) -> None:
    rate_of(element, rate)
    text(element, "string", rate.timecode(frame))
    text(element, "frame", frame)
    text(element, "displayformat", "NDF")


def _marker(parent: ET.Element, mark: Mark, frame: int) -> None:
    element = ET.SubElement(parent, "marker")
    text(element, "comment", mark.note)
    text(element, "name", mark.name)
    text(element, "in", frame)
    text(element, "out", -1)
    if mark.colour in PREMIERE_COLOURS:
        text(element, "pproColor", PREMIERE_COLOURS[mark.colour])


def _transition(track: ET.Element, join: Join, rate: FrameRate) -> None:
    """A dissolve; the clips beside it have -1 at that end, and show as much more of their files."""
    element = ET.SubElement(track, "transitionitem")
    text(element, "start", join.at - join.before)
    text(element, "end", join.at + join.after)
    text(element, "alignment", "center")
    rate_of(element, rate)
    effect = ET.SubElement(element, "effect")
    words = (("name", "Cross Dissolve"), ("effectid", "Cross Dissolve"), ("effectcategory", "Dissolve"), ("effecttype", "transition"))
    for tag, word in (*words, ("mediatype", "video")):
        text(effect, tag, word)
