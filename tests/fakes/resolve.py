"""A DaVinci Resolve for tests: the objects that our scripts talk to, with the behaviours that bite.

    resolve = fake_resolve("studio-20.3", fps="30")
    clip = resolve.pool.add("a.mp4", fps="30", frames=90)

Methods in CamelCase are Resolve's own (their signatures are checked against `fusionscript-stubs`); all in small letters is for tests.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.resolve_files import imported_tracks
from fakes.resolve_render import Rendering
from fakes.resolve_world import CLIP_COLOURS, MARKER_COLOURS, PROFILES, Remote, World, rate_of, ratio, timebase

PLACES = {"Pan": "Width", "Tilt": "Height"}
PAGES = ("media", "photo", "cut", "edit", "fusion", "color", "fairlight", "deliver")


def fake_resolve(profile: str = "studio-20.3", fps: str = "30", size: tuple[int, int] = (1920, 1080)) -> Resolve:
    """A running Resolve with an open, empty project."""
    return Resolve(World(PROFILES[profile]), fps, size)


class Marked(Remote):
    """What has markers: at most one a frame, of the marker palette only."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.markers: dict[int, dict[str, Any]] = {}

    def AddMarker(self, frameId, color, name, note, duration, customData=""):
        if frameId != int(frameId) or frameId < 0 or int(frameId) in self.markers or color not in MARKER_COLOURS:
            return False
        self.markers[int(frameId)] = {"color": color, "duration": duration, "note": note, "name": name, "customData": customData}
        return True

    def GetMarkers(self):
        return {float(frame): dict(mark) for frame, mark in self.markers.items()}

    def DeleteMarkerByCustomData(self, customData):
        found = [frame for frame, mark in self.markers.items() if mark["customData"] == customData]
        for frame in found[:1]:
            del self.markers[frame]
        return bool(found)

    def DeleteMarkerAtFrame(self, frameNum):
        return self.markers.pop(int(frameNum), None) is not None

    def UpdateMarkerCustomData(self, frameId, customData):
        if int(frameId) not in self.markers:
            return False
        self.markers[int(frameId)]["customData"] = customData
        return True


class Resolve(Remote):
    EXPORT_OTIO = 12.0
    EXPORT_FCPXML_1_10 = 10.0
    EXPORT_FCP_7_XML = 3.0
    EXPORT_DRT = 2.0
    EXPORT_NONE = 0.0

    def __init__(self, world: World, fps: str, size: tuple[int, int]) -> None:
        super().__init__(world)
        self.world = world
        self.project: Project | None = Project(world, fps, size)
        self.manager = ProjectManager(world, self)

    @property
    def pool(self) -> MediaPool:
        assert self.project is not None
        return self.project.pool

    def GetProjectManager(self):
        return self.manager

    def GetMediaStorage(self):
        return None

    def OpenPage(self, pageName):
        if pageName not in PAGES or self._world.modal:
            return False
        self._world.page = pageName
        return True

    def GetCurrentPage(self):
        return None if self._world.modal else self._world.page

    def GetProductName(self):
        return self._world.profile.product

    def GetVersion(self):
        return [*self._world.profile.version, 14, ""]

    def GetVersionString(self):
        return ".".join(map(str, self._world.profile.version))

    def IsStudio(self):
        return self._world.profile.studio


class ProjectManager(Remote):
    def __init__(self, world: World, resolve: Resolve) -> None:
        super().__init__(world)
        self.resolve = resolve

    def GetCurrentProject(self):
        return self.resolve.project

    def SaveProject(self):
        return self.resolve.project is not None and self.resolve.project.name != "Untitled Project"


class Project(Rendering):
    def __init__(self, world: World, fps: str, size: tuple[int, int]) -> None:
        super().__init__(world)
        self.name = "Reel"
        self.settings = {
            "timelineFrameRate": fps,
            "timelineResolutionWidth": str(size[0]),
            "timelineResolutionHeight": str(size[1]),
            "colorScienceMode": "davinciYRGB",
        }
        self.timelines: list[Timeline] = []
        self.current: Timeline | None = None
        self.pool = MediaPool(world, self)

    def GetMediaPool(self):
        return self.pool

    def GetTimelineCount(self):
        return len(self.timelines)

    def GetTimelineByIndex(self, idx):
        return self.timelines[idx - 1] if 1 <= idx <= len(self.timelines) else None

    def GetCurrentTimeline(self):
        return self.current

    def SetCurrentTimeline(self, timeline):
        if timeline not in self.timelines:
            return False
        self.current = timeline
        return True

    def GetName(self):
        return self.name

    def GetUniqueId(self):
        return self._uid

    def GetSetting(self, settingName=""):
        return dict(self.settings) if not settingName else self.settings.get(settingName, "")

    def SetSetting(self, settingName, settingValue):
        if settingName not in self.settings or not isinstance(settingValue, str):
            return False
        if settingName == "timelineFrameRate" and self.timelines:
            return False
        self.settings[settingName] = settingValue
        return True


class Folder(Remote):
    def __init__(self, world: World, name: str) -> None:
        super().__init__(world)
        self.name, self.clips, self.folders = name, [], []

    def GetClipList(self):
        return list(self.clips)

    def GetSubFolderList(self):
        return list(self.folders)

    def GetName(self):
        return self.name

    def GetUniqueId(self):
        return self._uid

    def everything(self) -> list[MediaPoolItem]:
        return [*self.clips, *(clip for one in self.folders for clip in one.everything())]


class MediaPoolItem(Marked):
    def __init__(self, world: World, path: str, fps: str, frames: int, kind: str, start: int = 0, online: bool = True) -> None:
        super().__init__(world)
        self.path, self.fps, self.frames, self.kind, self.start, self.online = path, fps, frames, kind, start, online
        self.name = Path(path).name
        self.colour = ""
        self.flags: list[str] = []
        self.third: dict[str, str] = {}
        self.marks: tuple[int, int] | None = None
        self.timeline: Timeline | None = None

    def GetName(self):
        return self.name

    def GetUniqueId(self):
        return self._uid

    def GetMediaId(self):
        return self._uid

    def GetClipColor(self):
        return self.colour

    def SetClipColor(self, colorName):
        if colorName not in CLIP_COLOURS:
            return False
        self.colour = colorName
        return True

    def GetFlagList(self):
        return list(self.flags)

    def AddFlag(self, color):
        if color not in MARKER_COLOURS:
            return False
        self.flags.append(color)
        return True

    def GetClipProperty(self, propertyName=None):
        values = {
            "File Path": self.path if self.timeline is None else "",
            "File Name": self.name,
            "FPS": round(rate_of(self.fps).fps, 3),
            "Frames": str(self.frames),
            "Type": self.kind,
            "Online Status": "Online" if self.online else "Offline",
            "Start TC": timecode(self.start, self.fps),
            "Clip Color": self.colour,
            "In": "" if self.marks is None else timecode(self.start + self.marks[0], self.fps),
            "Out": "" if self.marks is None else timecode(self.start + self.marks[1], self.fps),
        }
        return values if propertyName is None else values.get(propertyName, "")

    def GetThirdPartyMetadata(self, metadataType=None):
        return dict(self.third) if metadataType is None else self.third.get(metadataType, "")

    def SetThirdPartyMetadata(self, metadataType, metadataValue=None):
        self.third.update(metadataType if isinstance(metadataType, dict) else {metadataType: metadataValue})
        return True

    def GetMarkInOut(self):
        return {} if self.marks is None else {"video": {"in": self.marks[0], "out": self.marks[1]}}

    def SetMarkInOut(self, mark_in, mark_out, type="all"):
        self.marks = (mark_in, mark_out)
        return True

    def has_sound(self) -> bool:
        return self.kind in ("Audio", "Video + Audio")


def timecode(frame: int, fps: str) -> str:
    """Non-drop."""
    base = timebase(fps)
    seconds, rest = divmod(frame, base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"


class MediaPool(Remote):
    def __init__(self, world: World, project: Project) -> None:
        super().__init__(world)
        self.project = project
        self.root = Folder(world, "Master")
        self.folder = self.root
        self.selected: list[MediaPoolItem] = []

    # for tests

    def add(self, path: str | Path, fps: str = "30", frames: int = 90, kind: str = "Video", start: int = 0) -> MediaPoolItem:
        """A clip in the current folder, with the facts that Resolve would have read out of the file."""
        item = MediaPoolItem(self._world, str(path), fps, frames, kind, start)
        self.folder.clips.append(item)
        return item

    def by_path(self, path: str) -> MediaPoolItem | None:
        return next((one for one in self.root.everything() if one.path == path and one.timeline is None), None)

    def new_timeline(self, name: str) -> Timeline | None:
        if not name or any(one.name == name for one in self.project.timelines):
            return None
        made = Timeline(self._world, name, self.project)
        self.project.timelines.append(made)
        self.project.current = made
        item = MediaPoolItem(self._world, name, made.fps, 0, "Timeline")
        item.timeline = made
        self.folder.clips.append(item)
        return made

    # Resolve's own

    def GetRootFolder(self):
        return self.root

    def GetCurrentFolder(self):
        return self.folder

    def SetCurrentFolder(self, folder):
        self.folder = folder
        return True

    def AddSubFolder(self, folder, name):
        made = Folder(self._world, name)
        folder.folders.append(made)
        self.folder = made
        return made

    def ImportMedia(self, items):
        if not all(isinstance(one, str) for one in items):
            return []
        return [self.add(one) for one in items if Path(one).exists()]

    def GetSelectedClips(self):
        return list(self.selected)

    def SetSelectedClip(self, mediaPoolItem):
        self.selected = [mediaPoolItem]
        return True

    def CreateEmptyTimeline(self, name):
        return self.new_timeline(name)

    def DeleteTimelines(self, timeline):
        for one in timeline:
            self.project.timelines.remove(one)
        self.project.current = self.project.timelines[-1] if self.project.timelines else None
        return True

    def RelinkClips(self, mediaPoolItem, folderPath):
        return True

    def DeleteClips(self, clips):
        return True

    def AppendToTimeline(self, clips, *args):
        timeline = self.project.current
        if timeline is None:
            return []
        rows = [
            one if isinstance(one, dict) else {"mediaPoolItem": one} for one in ([*clips] if isinstance(clips, list) else [clips, *args])
        ]
        numbers = [row[key] for row in rows for key in ("startFrame", "endFrame", "recordFrame", "trackIndex", "mediaType") if key in row]
        if any(isinstance(one, bool) or not isinstance(one, int) for one in numbers):
            return None  # one fraction and the whole batch is refused
        if self._world.errored_chunk:
            self._world.errored_chunk = False
            return [Ghost(self._world) for _ in rows]
        made = [timeline.place(row) for row in rows]
        return [] if made and all(one is None for one in made) else made

    def ImportTimelineFromFile(self, filePath, importOptions=None):
        options = importOptions or {}
        name = options.get("timelineName") or Path(filePath).stem
        folders = options.get("sourceClipsFolders", [])
        if any(not isinstance(one, Folder) for one in folders) or any(one.name == name for one in self.project.timelines):
            return None
        found = imported_tracks(Path(filePath), self._world.profile)
        if found is None:
            return None
        timeline = self.new_timeline(name)
        assert timeline is not None
        timeline.fill(found, duplicate=options.get("importSourceClips", True))
        return timeline


@dataclass
class FakeTrack:
    kind: str
    name: str
    items: list[TimelineItem] = field(default_factory=list)
    enabled: bool = True
    locked: bool = False


class Timeline(Marked):
    def __init__(self, world: World, name: str, project: Project) -> None:
        super().__init__(world)
        self.name, self.project = name, project
        self.settings = dict(project.settings)
        self.settings["useCustomSettings"] = "0"
        self.tracks = {"video": [FakeTrack("video", "Video 1")], "audio": [FakeTrack("audio", "Audio 1")], "subtitle": []}
        self.marks: tuple[int, int] | None = None
        self.playhead = self.start
        self.selected: list[TimelineItem] = []

    @property
    def fps(self) -> str:
        return self.settings["timelineFrameRate"]

    @property
    def start(self) -> int:
        """01:00:00:00."""
        return 3600 * timebase(self.fps)

    def every_item(self) -> list[TimelineItem]:
        return [item for rows in self.tracks.values() for track in rows for item in track.items]

    def track(self, kind: str, index: int) -> FakeTrack | None:
        rows = self.tracks.get(kind, [])
        return rows[index - 1] if 1 <= index <= len(rows) else None

    def place(self, row: dict[str, Any]) -> TimelineItem | None:
        """One clip of AppendToTimeline."""
        media: MediaPoolItem = row["mediaPoolItem"]
        kinds = {1: ["video"], 2: ["audio"], None: ["video", "audio"]}[row.get("mediaType")]
        kinds = [kind for kind in kinds if (media.has_sound() if kind == "audio" else media.kind != "Audio")]
        start = row.get("startFrame", 0)
        end = row.get("endFrame", media.frames) + (1 if self._world.profile.end_inclusive and "endFrame" in row else 0)
        if not kinds or not 0 <= start < end or end > media.frames + (1 if self._world.profile.end_inclusive else 0):
            return None
        duration = math.floor((end - start) * ratio(self.fps, media.fps))  # whole frames of the timeline, rounded down
        made = []
        for kind in kinds:
            track = self.track(kind, row.get("trackIndex", 1))
            if track is None or track.locked or duration < 1:
                return None
            at = row.get("recordFrame", max([item.end for item in track.items], default=self.start))
            if any(at < item.end and item.start < at + duration for item in track.items):
                made.append(Ghost(self._world))  # what is there already stays; the later one is dropped without a word
                continue
            item = TimelineItem(self._world, self, kind, media, at, at + duration, start)
            track.items.append(item)
            track.items.sort(key=lambda one: one.start)
            made.append(item)
        links = [one for one in made if isinstance(one, TimelineItem)]
        for item in links:
            item.linked = [one for one in links if one is not item]
        return made[0]

    def fill(self, found: dict[str, Any], duplicate: bool) -> None:
        """Tracks of an imported file."""
        self.settings["timelineFrameRate"] = found["fps"] if not self.project.timelines[:-1] else self.fps
        pool = self.project.pool
        brought: dict[str, MediaPoolItem] = {}
        for kind in ("video", "audio"):
            self.tracks[kind] = []
            for row in found[kind]:
                track = FakeTrack(kind, row["name"], locked=row["locked"])
                self.tracks[kind].append(track)
                for one in row["items"]:
                    media = None if duplicate else pool.by_path(one["path"])
                    if duplicate and one["path"] and Path(one["path"]).exists():
                        media = brought.get(one["path"]) or pool.add(one["path"], one["fps"], one["frames"])
                        brought[one["path"]] = media
                    item = TimelineItem(
                        self._world, self, one["kind"], media, self.start + one["start"], self.start + one["end"], one["left"]
                    )
                    item.name, item.speed, item.enabled = one["name"], one["speed"], one["enabled"]
                    item.properties.update({name: value * self.unit(name) for name, value in one["properties"].items()})
                    item.moves = one["moves"]
                    item.markers = {mark["frame"]: mark for mark in one["markers"]}
                    track.items.append(item)
        self.markers = {mark["frame"]: mark for mark in found["markers"]}

    def unit(self, name: str) -> int:
        """Files count places in shares of the frame, the API in its pixels."""
        return int(self.settings[f"timelineResolution{PLACES[name]}"]) if name in PLACES else 1

    def GetName(self):
        return self.name

    def SetName(self, timelineName):
        if any(one.name == timelineName for one in self.project.timelines):
            return False
        self.name = timelineName
        return True

    def GetUniqueId(self):
        return self._uid

    def GetStartFrame(self):
        return self.start

    def GetEndFrame(self):
        return max([item.end for item in self.every_item()], default=self.start)

    def GetStartTimecode(self):
        return "01:00:00:00"

    def GetTrackCount(self, trackType):
        return len(self.tracks[trackType])

    def GetTrackName(self, trackType, trackIndex):
        return self.track(trackType, trackIndex).name

    def SetTrackName(self, trackType, trackIndex, name):
        self.track(trackType, trackIndex).name = name
        return True

    def AddTrack(self, trackType, subTrackType=""):
        self.tracks[trackType].append(FakeTrack(trackType, f"{trackType.title()} {len(self.tracks[trackType]) + 1}"))
        return True

    def GetItemListInTrack(self, trackType, index):
        track = self.track(trackType, index)
        return None if track is None else list(track.items)

    def GetIsTrackLocked(self, trackType, trackIndex):
        return self.track(trackType, trackIndex).locked

    def SetTrackLock(self, trackType, trackIndex, Bool):
        self.track(trackType, trackIndex).locked = Bool
        return True

    def GetIsTrackEnabled(self, trackType, trackIndex):
        return self.track(trackType, trackIndex).enabled

    def SetTrackEnable(self, trackType, trackIndex, Bool):
        self.track(trackType, trackIndex).enabled = Bool
        return True

    def GetCurrentVideoItem(self):
        under = [item for track in self.tracks["video"] for item in track.items if item.start <= self.playhead < item.end]
        return under[-1] if under else None

    def GetCurrentTimecode(self):
        return timecode(self.playhead, self.fps)

    def SetCurrentTimecode(self, timecode):
        hours, minutes, seconds, frames = (int(part) for part in timecode.replace(";", ":").split(":"))
        self.playhead = (hours * 3600 + minutes * 60 + seconds) * timebase(self.fps) + frames
        return True

    def GetSelectedClips(self):
        return list(self.selected)

    def GetMediaPoolItem(self):
        return next((one for one in self.project.pool.root.everything() if one.timeline is self), None)

    def GetMarkInOut(self):
        """Relative to the timeline's start."""
        return {} if self.marks is None else {"video": {"in": self.marks[0], "out": self.marks[1]}}

    def SetMarkInOut(self, mark_in, mark_out, type="all"):
        self.marks = (mark_in, mark_out)
        return True

    def ClearMarkInOut(self, type="all"):
        self.marks = None
        return True

    def GetSetting(self, settingName=""):
        return dict(self.settings) if not settingName else self.settings.get(settingName, "")

    def SetSetting(self, settingName, settingValue):
        if not isinstance(settingValue, str):
            return False
        if settingName == "useCustomSettings":
            self.settings["colorScienceMode"] = ""  # switching over resets what it should not
        elif self.settings["useCustomSettings"] != "1" or settingName == "timelinePlaybackFrameRate":
            return False
        if settingName == "timelineFrameRate" and (self.every_item() or self._world.profile.version[:2] < (21, 1)):
            return settingValue == self.fps
        self.settings[settingName] = settingValue
        return True

    def DuplicateTimeline(self, timelineName=None):
        name = timelineName or f"{self.name} copy"
        if any(one.name == name for one in self.project.timelines):
            return None
        made = Timeline(self._world, name, self.project)
        made.settings, made.marks, made.markers = dict(self.settings), self.marks, copy.deepcopy(self.markers)
        for kind, rows in self.tracks.items():
            made.tracks[kind] = [
                FakeTrack(kind, row.name, [one.copy_to(made) for one in row.items], row.enabled, row.locked) for row in rows
            ]
        self.project.timelines.append(made)
        item = MediaPoolItem(self._world, name, made.fps, 0, "Timeline")
        item.timeline = made
        self.project.pool.folder.clips.append(item)
        return made

    def DeleteClips(self, timelineItems, Bool=False):
        if self._world.page != "edit":
            return False
        if self._world.profile.first_delete_false and not self._world.deleted_once:
            self._world.deleted_once = True
            return False
        for track in (track for rows in self.tracks.values() for track in rows):
            if track.locked and any(one in track.items for one in timelineItems):
                return False
        for item in timelineItems:
            for track in (track for rows in self.tracks.values() for track in rows):
                if item in track.items:
                    track.items.remove(item)  # its linked sound stays
        return True

    def SetClipsLinked(self, timelineItems, Bool):
        for item in timelineItems:
            item.linked = [one for one in timelineItems if one is not item] if Bool else []
        return True

    def Export(self, fileName, exportType, exportSubtype):
        if not isinstance(exportType, float):
            return False
        path = Path(fileName)
        if exportType == Resolve.EXPORT_FCPXML_1_10:  # a folder, and never over an earlier one
            if path.exists():
                return False
            path.mkdir()
            path = path / "Info.fcpxml"
        path.write_text("export", encoding="utf-8")
        return True

    # what a person does, for tests

    def insert_title(self, at: int, duration: int, track: int = 2) -> TimelineItem:
        while len(self.tracks["video"]) < track:
            self.AddTrack("video")
        item = TimelineItem(self._world, self, "generator", None, at, at + duration, 0)
        item.name = "Text+"
        item.fusion = 1
        self.tracks["video"][track - 1].items.append(item)
        return item


class TimelineItem(Marked):
    def __init__(self, world: World, timeline: Timeline, kind: str, media: MediaPoolItem | None, start: int, end: int, left: int) -> None:
        super().__init__(world)
        self.timeline, self.kind, self.media, self.start, self.end, self.left = timeline, kind, media, start, end, left
        self.name = media.name if media else kind
        self.speed = 1.0
        self.enabled = True
        self.colour = ""
        self.properties: dict[str, Any] = {
            "Pan": 0.0,
            "Tilt": 0.0,
            "ZoomX": 1.0,
            "ZoomY": 1.0,
            "ZoomGang": True,
            "Scaling": 0,
            "Opacity": 100.0,
        }
        self.moves: dict[str, dict[int, float]] = {}
        """Keyframes by property, which the API neither shows nor sets."""
        self.fades = {"FadeIn": 0, "FadeOut": 0}
        self.linked: list[TimelineItem] = []
        self.grade = ""
        self.fusion = 0

    def copy_to(self, timeline: Timeline) -> TimelineItem:
        made = TimelineItem(self._world, timeline, self.kind, self.media, self.start, self.end, self.left)
        for name in ("name", "speed", "enabled", "colour", "grade", "fusion"):
            setattr(made, name, getattr(self, name))
        made.properties, made.markers = dict(self.properties), copy.deepcopy(self.markers)
        made.moves, made.fades = copy.deepcopy(self.moves), dict(self.fades)
        return made

    def GetName(self):
        return self.name

    def SetName(self, name):
        self.name = name
        return True

    def GetUniqueId(self):
        return self._uid

    def GetStart(self, subframe_precision=False):
        return self.start

    def GetEnd(self, subframe_precision=False):
        return self.end

    def GetDuration(self, subframe_precision=False):
        return self.end - self.start

    def GetLeftOffset(self, subframe_precision=False):
        return self.left

    def GetRightOffset(self, subframe_precision=False):
        return 0 if self.media is None else max(0, self.media.frames - self.left - self.source_frames())

    def source_frames(self) -> int:
        if self.media is None:
            return self.end - self.start
        return math.ceil((self.end - self.start) * self.speed / ratio(self.timeline.fps, self.media.fps))

    def GetSourceStartFrame(self):
        if self.media is None:
            return None
        noise = 1 if self._world.profile.rounds_source and self.start % 3 == 1 else 0  # one off now and then
        return self.left + noise

    def GetSourceEndFrame(self):
        return None if self.media is None else self.left + self.source_frames() - 1

    def GetTrackTypeAndIndex(self):
        for kind, rows in self.timeline.tracks.items():
            for index, track in enumerate(rows):
                if self in track.items:
                    return [kind, index + 1]
        return None

    def GetMediaPoolItem(self):
        return self.media

    def GetLinkedItems(self):
        return list(self.linked)

    def GetType(self):
        return self.kind

    def GetClipColor(self):
        return self.colour

    def SetClipColor(self, colorName):
        if colorName not in CLIP_COLOURS:
            return False
        if self.media is not None:  # on titles it says True and does nothing
            self.colour = colorName
        return True

    def ClearClipColor(self):
        self.colour = ""
        return True

    def GetFlagList(self):
        return [] if self.media is None else list(self.media.flags)  # shared by all uses of a source

    def AddFlag(self, color):
        return bool(self.media and self.media.AddFlag(color))

    def ClearFlags(self, color):
        if self.media:
            self.media.flags = []
        return True

    def GetClipEnabled(self):
        return self.enabled

    def SetClipEnabled(self, Bool):
        self.enabled = Bool
        return True

    def GetProperty(self, propertyKey=None):
        if self.kind == "transition":
            return {}
        return dict(self.properties) if propertyKey is None else self.properties.get(propertyKey)

    def SetProperty(self, propertyKey, propertyValue):
        if propertyKey not in self.properties:
            return False
        self.properties[propertyKey] = propertyValue
        return True

    def CopyGrades(self, tgtTimelineItems):
        for one in tgtTimelineItems:
            one.grade = self.grade
        return True

    def GetFusionCompCount(self):
        return self.fusion

    def GetSpeed(self):
        return {"Percentage": self.speed * 100}

    def SetSpeed(self, speedInfo):
        self.speed = speedInfo["Percentage"] / 100
        return True

    def GetFades(self):
        return dict(self.fades)

    def SetFades(self, fadesInfo):
        """In frames, inside the clip."""
        if any(not isinstance(one, int) or not 0 <= one <= self.end - self.start for one in fadesInfo.values()):
            return False
        self.fades.update(fadesInfo)
        return True

    def AddTransition(self, transitionInfo):
        index = self.GetTrackTypeAndIndex()
        track = self.timeline.track(*index)
        length = int(transitionInfo["duration"])
        at = self.end if transitionInfo.get("position") == "end" else self.start
        made = TimelineItem(self._world, self.timeline, "transition", None, at - length // 2, at - length // 2 + length, 0)
        made.name = "Cross Dissolve"
        track.items.append(made)
        track.items.sort(key=lambda one: one.start)
        return made


class Ghost(TimelineItem):
    """What AppendToTimeline hands back for a clip that it did not place: all its methods answer None."""

    def __init__(self, world: World) -> None:
        Marked.__init__(self, world)
        self.media = None

    def __getattribute__(self, name: str) -> Any:
        return (lambda *_arguments, **_named: None) if name[:1].isupper() else object.__getattribute__(self, name)
