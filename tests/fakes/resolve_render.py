"""The Deliver page of the fake Resolve: settings that hold all or nothing and stay, ids instead of labels, jobs that take their time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fakes.resolve_world import Remote, World

FORMATS = {"MP4": "mp4", "QuickTime": "mov"}
"""Label -> id. Labels are refused where an id is wanted."""
CODECS = {"mp4": {"H.264": "H264", "H.265": "H265"}, "mov": {"Apple ProRes 422 HQ": "ProRes422HQ", "H.264": "H264"}}
PRESETS = ("H.264 Master", "YouTube - 1080p")
SETTINGS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("SelectAllFrames", "ExportVideo", "ExportAudio", "NetworkOptimization", "ReplaceExistingFilesInPlace"), bool),
    **dict.fromkeys(("MarkIn", "MarkOut", "FormatWidth", "FormatHeight", "AudioBitDepth", "AudioSampleRate"), int),
    **dict.fromkeys(("TargetDir", "CustomName", "AudioCodec"), str),
    "FrameRate": (int, float),
    "VideoQuality": (int, str),
}
STEPS = 4
"""Looks at a job's status until it is done."""


class Rendering(Remote):
    """What a project renders with."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.form, self.codec, self.preset = "mov", "H264", ""
        self.rendering: dict[str, Any] = {"ExportVideo": True, "ExportAudio": True}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.renders = ""

    def GetRenderFormats(self):
        return dict(FORMATS)

    def GetRenderCodecs(self, renderFormat):
        return dict(CODECS.get(renderFormat, {}))

    def GetCurrentRenderFormatAndCodec(self):
        return {"format": self.form, "codec": self.codec}

    def SetCurrentRenderFormatAndCodec(self, format, codec):
        if codec not in CODECS.get(format, {}).values():
            return False
        self.form, self.codec = format, codec
        return True

    def GetRenderPresetList(self):
        return list(PRESETS)

    def LoadRenderPreset(self, presetName):
        if presetName not in PRESETS:
            return False
        self.preset = presetName
        self.rendering = {"ExportVideo": True, "ExportAudio": True}  # only this takes back what was set before
        return True

    def SetRenderSettings(self, settings):
        if not all(name in SETTINGS and _is(value, SETTINGS[name]) for name, value in settings.items()):
            return False  # one wrong key, and none of them holds
        self.rendering.update(settings)
        return True

    def AddRenderJob(self):
        target = self.rendering.get("TargetDir", "")
        if self.GetCurrentTimeline() is None or not target or not Path(target).is_dir():
            return ""
        identity = self._world.new_id()
        self.jobs[identity] = {"JobId": identity, **self.rendering, "Format": self.form, "Codec": self.codec}
        return identity

    def GetRenderJobList(self):
        return [dict(one) for one in self.jobs.values()]

    def DeleteRenderJob(self, jobId):
        return self.jobs.pop(jobId, None) is not None

    def DeleteAllRenderJobs(self):
        self.jobs.clear()
        return True

    def StartRendering(self, jobIds, isInteractiveMode=False):
        wanted = [jobIds] if isinstance(jobIds, str) else list(jobIds)
        if self.renders or not wanted or any(one not in self.jobs for one in wanted):
            return False
        self.renders = wanted[0]
        self.looks[self.renders] = 0
        return True

    def IsRenderingInProgress(self):
        return bool(self.renders)

    def StopRendering(self):
        self.renders = ""

    def GetRenderJobStatus(self, jobId):
        job = self.jobs.get(jobId)
        if job is None:
            return {}
        if self.renders == jobId:
            self.looks[jobId] += 1
            if self.looks[jobId] >= STEPS:
                self.renders = ""
                (Path(job["TargetDir"]) / f"{job.get('CustomName', 'Render')}.{self.form}").write_bytes(b"film")
        done = 100 * min(STEPS, self.looks.get(jobId, 0)) // STEPS
        kind = "Complete" if done == 100 else "Rendering" if self.renders == jobId else "Cancelled" if done else "Ready"
        return {"JobStatus": kind, "CompletionPercentage": done}


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    """True and 1 are two things there."""
    return isinstance(value, kind) and (isinstance(value, bool) == (kind is bool))
