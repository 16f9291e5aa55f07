"""Everything about one clip in one decode pass.

Every frame is scaled in the decoder and looked at for change, light and signature; camera motion every thirtieth of a second;
sharpness about ten times a second; faces once a second; colour every half second (docs/clip_analysis.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import colour, motion, quality, shots, sound
from engine.analysis.flow import FlowMeter
from engine.analysis.framing import framing
from engine.analysis.look import Look, subjects_of
from engine.media.fingerprint import fingerprint
from engine.media.proxy import ProxyWriter
from engine.media.scan import Scan
from engine.model.analysis import ClipAnalysis, Curve, Prints, Shot, no_prints
from engine.model.media import Media, VideoStream
from engine.perception import catalog
from engine.progress import SILENT, Progress

__all__ = ["ANALYSER_VERSION", "FIRST_LOOK", "NO_SOUND", "AnalysisOptions", "analyse_clip"]

ANALYSER_VERSION = "14"
"""Raise when any measured figure changes, so that cached analyses are made anew."""
NO_SOUND = "sound: the clip has none"
FIRST_LOOK = "motion, cuts, sound: first look at key frames only"

SHARPNESS_PER_S = 10
"""How often sharpness is measured: a third of the frames at 30 fps, which moves a clip's mean by 0.4 %."""
PRINTS_PER_S = 30
ADVANCE_FRAMES = 15
"""Progress is told every so many frames."""


@dataclass(frozen=True)
class AnalysisOptions:
    """How a clip is measured. working_px : long side of the small picture. draft : key frames only. lut : for log footage.
    part : of the picture, in shares (x, y, width, height), where strips of nothing lie around it."""

    working_px: int = 320
    faces: bool = True
    draft: bool = False
    lut: str | None = None
    part: tuple[float, float, float, float] | None = None

    def key(self) -> str:
        """What a cached analysis depends on beside content and version."""
        lut = f" lut={fingerprint(Path(self.lut))}" if self.lut else ""
        part = f" part={','.join(f'{one:.4f}' for one in self.part)}" if self.part else ""
        return f"{self.working_px}{'f' if self.faces else ''}{'d' if self.draft else ''}{lut}{part}"


def analyse_clip(
    media: Media, options: AnalysisOptions = AnalysisOptions(), progress: Progress = SILENT, proxy: Path | None = None
) -> ClipAnalysis:
    """Facts of the clip. Raises `MediaError` where nothing can be decoded, `Cancelled` when progress says so.

    proxy : where to write the clip's small copy for preview on the way (`engine.media.proxy`); not with a first look.
    """
    import cv2

    cv2.setNumThreads(1)  # workers share the cores; OpenCV would start a pool of its own in each
    video = media.video
    scan = Scan(
        media,
        working_px=options.working_px,
        full_luma_every=1 if options.draft else max(1, round((video.rate.fps if video else 30.0) / SHARPNESS_PER_S)),
        first_look=options.draft,
        lut=Path(options.lut) if options.lut else None,
        part=options.part,
    )
    look = _new_look(media, options)
    writer = ProxyWriter(proxy, media.video) if proxy is not None and not options.draft else None
    try:
        _watch(scan, look, writer, progress)
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    if writer is not None:
        writer.close(media.duration_s)
    heard = sound.Sound() if options.draft else sound.measured(media, look.frames[-1] + 1)
    return _Facts(media, options, look, heard).result(tuple(scan.warnings))


def _new_look(media: Media, options: AnalysisOptions) -> Look:
    wants_faces = options.faces and "faces" not in catalog.absences()
    finder = catalog.face_finder() if wants_faces else None
    video = media.video
    meter = FlowMeter(video.rotation, video.mirrored) if video else FlowMeter()
    return Look(finder, follows_motion=not options.draft, matrix=video.colour.matrix if video else "unknown", meter=meter)


def _watch(scan: Scan, look: Look, writer: ProxyWriter | None, progress: Progress) -> None:
    for count, frame in enumerate(scan):
        if count % ADVANCE_FRAMES == 0:
            progress.advance(min(ADVANCE_FRAMES, count))
        look.see(frame)
        if writer is not None:
            writer.see(frame.time_s, frame.medium, frame.scaled)
    look.finish()


@dataclass(frozen=True)
class _Facts:
    """What was noted -> what is known."""

    media: Media
    options: AnalysisOptions
    look: Look
    heard: sound.Sound

    @property
    def video(self) -> VideoStream:
        assert self.media.video is not None
        return self.media.video

    @property
    def aspect(self) -> float:
        """Width by height of what is measured."""
        _, _, width, height = self.options.part or (0.0, 0.0, 1.0, 1.0)
        return self.video.display_width * width / (self.video.display_height * height)

    def result(self, warnings: tuple[str, ...]) -> ClipAnalysis:
        look, video = self.look, self.video
        path = self._camera_path()
        shake = motion.shake_curve(path)
        kinds = motion.kind_probabilities(path, shake, self.aspect)
        curves = self._curves(path, shake)
        light = self._light(curves, shake)
        subject = max((one.box.height for one in look.movers), default=None)
        frame = framing(look.faces, look.looks, [one.box for one in look.bodies], kinds, "", subject)  # by content alone: `with_names`
        return ClipAnalysis(
            media_id=self.media.media_id,
            analyser_version=ANALYSER_VERSION,
            options=self.options.key(),
            rate=video.rate,
            duration_frames=video.duration_frames,
            shots=self._shots(),
            shot_type=frame.shot_type,
            angle=frame.angle,
            motion=kinds,
            motion_intensity=_finite(curves["motion"].mean()),
            **light,
            color_variance=float(np.mean(look.colours)) if look.colours else 0.0,
            palette=colour.palette(look.pictures),
            white_balance=colour.white_balance(look.casts),
            flow=_finite(curves["flow"].mean()) if look.flows else None,
            camera=motion.camera_means(path, self.aspect),
            faces=tuple(sorted((*look.faces, *look.followed), key=lambda one: one.frame)),
            bodies=tuple(look.bodies),
            subjects=subjects_of(look),
            loudness_lufs=self.heard.loudness_lufs,
            speech=self.heard.speech,
            curves=curves,
            signatures=_on_grid(look.frames, np.array(look.signatures, np.uint64), video.duration_frames),
            prints=self._prints(),
            evidence=frame.evidence,
            missing=self._missing(),
            warnings=(*self.media.warnings, *warnings, *self._remarks()),
        )

    def _light(self, curves: Mapping[str, Curve], shake: NDArray[np.float64]) -> dict[str, Any]:
        """Blur, light and steadiness of the whole clip, and the quality that follows."""
        look = self.look
        blur, smeared = _finite(curves["blur"].mean()), _finite(curves["motion_blur"].mean())
        lit, clipped = float(np.mean(look.lits)), float(np.mean(look.clipped))
        shake_mean = float(np.sqrt((shake**2).mean())) if len(shake) else 0.0
        flicker = quality.flicker_of(np.array(look.exposures, np.float32))
        score, parts = quality.visual_quality(blur, lit, clipped, quality.shake_share(shake_mean), flicker)
        return {
            "visual_quality": score,
            "quality_parts": parts,
            "blur": blur,
            "motion_blur": smeared,
            "focus_blur": max(0.0, blur - smeared),
            "detail": float(np.mean(look.details)) if look.details else 0.0,
            "exposure": float(np.mean(look.exposures)),
            "lit": lit,
            "clipped": clipped,
            "flicker": flicker,
            "shake_per_height": shake_mean,
        }

    def _camera_path(self) -> motion.CameraPath:
        at = self.look.step_frames
        gaps = np.diff(at) if len(at) > 1 else np.array([1])
        seconds = max(float(np.median(gaps)), 1.0) * float(self.video.rate.frame_duration)
        return motion.CameraPath.of(self.look.steps[1:], seconds)

    def _curves(self, path: motion.CameraPath, shake: NDArray[np.float64]) -> dict[str, Curve]:
        look, count = self.look, self.video.duration_frames
        every = np.arange(count)
        at = np.array(look.step_frames[1:] or [0])
        aspect = self.aspect

        def stepped(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.interp(every, at, values if len(values) else np.zeros(1))

        amount = np.array([step.overall for step in look.steps[1:]])
        speed = np.array([step.speed for step in look.steps[1:]])
        own = np.array([step.subject for step in look.steps[1:]])
        exposure = np.interp(every, look.frames, look.exposures)
        blur = np.interp(every, look.sharp_frames or [0], [quality.blur_share(one) for one in look.blurs] or [np.nan])
        trembling = 1 - np.exp(-stepped(shake) / quality.SHAKE_SCALE)
        light = quality.exposure_scores(np.interp(every, look.frames, look.lits))
        table = {
            "motion": stepped(np.asarray(motion.motion_intensity(amount / path.seconds))),
            "subject_motion": stepped(np.asarray(motion.motion_intensity(own / path.seconds))),
            "sharpness": 1 - blur,
            "blur": blur,
            "motion_blur": blur * motion.smear_share(stepped(speed) * float(self.video.rate.frame_duration) / path.seconds),
            "detail": np.interp(every, look.sharp_frames or [0], look.details or [np.nan]),
            "flow": np.interp(every, look.flow_frames or [0], look.flows or [np.nan]),
            "exposure": exposure,
            "clipped": np.interp(every, look.frames, look.clipped),
            "flicker": np.interp(every, look.frames, quality.flicker_curve(np.array(look.exposures, np.float32))),
            "shake": trembling,
            "quality": (1 - blur) ** 0.5 * light**0.6 * (1 - trembling) ** 0.25,
            "change": np.interp(every, look.frames, look.changes),
            "edge_balance": np.interp(every, look.frames, look.edge_balances),
            **{name: stepped(values) for name, values in path.per_second(aspect).items()},
            **(self.heard.curves or {}),
        }
        return {name: Curve(_fitted(values, count)) for name, values in table.items()}

    def _shots(self) -> tuple[Shot, ...]:
        duration = self.video.duration_frames
        if self.options.draft:
            return (Shot(0, duration),)
        return shots.find_shots(self._seen(), duration)

    def _seen(self) -> shots.Seen:
        look = self.look
        small = np.asarray(np.array(look.prints, np.float32).reshape(len(look.prints), -1) / 255, np.float32)
        light = np.array(look.exposures, np.float32)
        return shots.Seen(np.array(look.frames, np.int64), small, np.array(look.histograms), light)

    def _prints(self) -> Prints:
        if self.options.draft:
            return no_prints()
        values = _on_grid(self.look.frames, np.array(self.look.prints), self.video.duration_frames)
        step = max(1, round(self.video.rate.fps / PRINTS_PER_S))
        return Prints(values[::step], step)

    def _missing(self) -> tuple[str, ...]:
        absent = [f"{name}: {why}" for name, why in catalog.absences().items()]
        if self.options.draft:
            absent.append(FIRST_LOOK)
        if self.media.audio is None:
            absent.append(NO_SOUND)
        return tuple(absent)

    def _remarks(self) -> list[str]:
        seen, duration = self.look.frames[-1] + 1, self.video.duration_frames
        if self.options.draft or seen >= duration * 0.9:
            return []
        return [f"Only {seen} of {duration} frames could be decoded."]


def _on_grid(frames: list[int], values: NDArray[Any], duration: int) -> NDArray[Any]:
    """The value on screen at every frame of the nominal grid."""
    shown = np.clip(np.searchsorted(np.array(frames), np.arange(duration), side="right") - 1, 0, len(frames) - 1)
    return values[shown]


def _fitted(values: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    short = count - len(values)
    return np.asarray(np.pad(values, (0, short)) if short > 0 else values[:count], np.float32)


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0
