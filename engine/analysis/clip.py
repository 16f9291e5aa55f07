"""Everything about one clip in one decode pass.

Every frame is scaled in the decoder and looked at for change, light and a signature; camera motion every thirtieth of a second;
sharpness on the whole luma plane every third frame; faces once a second; colour every half second (docs/clip_analysis.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.analysis import colour, motion, quality, shots
from engine.analysis.framing import framing
from engine.analysis.saliency import salient_box
from engine.media.decode import Frame, FrameReader
from engine.model.analysis import Box, ClipAnalysis, Curve, Face, Shot, Subject
from engine.model.media import Media
from engine.perception import catalog
from engine.perception.contracts import FaceFinder
from engine.progress import SILENT, Progress

__all__ = ["ANALYSER_VERSION", "AnalysisOptions", "analyse_clip"]

ANALYSER_VERSION = "2"
"""Raise when any measured figure changes, so that cached analyses are made anew."""

MOTION_STEP_S = 1 / 30
FACE_EVERY_S = 1.0
COLOUR_EVERY_S = 0.5
FULL_LUMA_EVERY = 3


@dataclass(frozen=True)
class AnalysisOptions:
    """How a clip is measured. working_px : long side of the small picture. draft : key frames only."""

    working_px: int = 320
    faces: bool = True
    draft: bool = False

    def key(self) -> str:
        """What a cached analysis depends on beside content and version."""
        return f"{self.working_px}{'f' if self.faces else ''}{'d' if self.draft else ''}"


def analyse_clip(media: Media, options: AnalysisOptions = AnalysisOptions(), progress: Progress = SILENT) -> ClipAnalysis:
    """Facts of the clip. Raises `MediaError` where nothing can be decoded, `Cancelled` when progress says so."""
    import cv2

    cv2.setNumThreads(1)  # workers share the cores; OpenCV would start a pool of its own in each
    reader = FrameReader(
        media,
        max_side_px=options.working_px,
        pixel="rgb",
        full_luma_every=1 if options.draft else FULL_LUMA_EVERY,
        key_frames_only=options.draft,
        progress=progress,
    )
    look = _Look(media, options)
    for frame in reader:
        progress.check()
        look.see(frame)
    return look.result(tuple(reader.warnings))


@dataclass
class _Look:
    """The running measurement of one clip."""

    media: Media
    options: AnalysisOptions
    finder: FaceFinder | None = None
    tracker: motion.GridTracker = field(default_factory=motion.GridTracker)
    frames: list[int] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    histograms: list[NDArray[np.float32]] = field(default_factory=list)
    exposures: list[float] = field(default_factory=list)
    clipped: list[float] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    blurs: list[tuple[int, float]] = field(default_factory=list)
    steps: list[motion.Step] = field(default_factory=list)
    step_frames: list[int] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    bodies: list[tuple[int, Box]] = field(default_factory=list)
    looks: int = 0
    colours: list[float] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    movers: list[tuple[int, Box, float]] = field(default_factory=list)
    striking: list[tuple[int, Box, float]] = field(default_factory=list)
    before: NDArray[np.uint8] | None = None
    next_face_s: float = 0.0
    next_colour_s: float = 0.0
    next_motion_s: float = 0.0

    def __post_init__(self) -> None:
        if self.options.faces and "faces" not in catalog.absences():
            self.finder = catalog.face_finder()

    def see(self, frame: Frame) -> None:
        import cv2

        luma = np.asarray(cv2.cvtColor(frame.picture, cv2.COLOR_RGB2GRAY), np.uint8)
        self.frames.append(frame.index)
        self.histograms.append(shots.histogram(frame.picture))
        change = 0.0 if self.before is None else float(cv2.absdiff(luma, self.before).mean()) / 255
        self.changes.append(change)
        self.exposures.append(float(luma.mean()) / 255)
        self.clipped.append(quality.clipped_share(luma))
        self.signatures.append(_signature(luma))
        if frame.luma is not None:
            self.blurs.append((frame.index, quality.blur_effect(frame.luma)))
        self._see_motion(frame, luma)
        self._see_now_and_then(frame, luma)
        self.before = luma

    def _see_motion(self, frame: Frame, luma: NDArray[np.uint8]) -> None:
        if self.options.draft or frame.time_s + 1e-6 < self.next_motion_s:
            return
        self.next_motion_s = frame.time_s + MOTION_STEP_S * 0.75
        self.steps.append(self.tracker.step(luma))
        self.step_frames.append(frame.index)
        if self.before is not None and len(self.steps) % 8 == 0:
            mover = _moving_box(luma, self.before)
            if mover is not None:
                self.movers.append((frame.index, *mover))

    def _see_now_and_then(self, frame: Frame, luma: NDArray[np.uint8]) -> None:
        if frame.time_s + 1e-6 >= self.next_colour_s:
            self.next_colour_s = frame.time_s + COLOUR_EVERY_S
            self.colours.append(colour.colour_variance(frame.picture))
            if len(self.pictures) < 60:
                self.pictures.append(frame.picture[::4, ::4])
        if self.finder is not None and frame.time_s + 1e-6 >= self.next_face_s:
            self.next_face_s = frame.time_s + FACE_EVERY_S
            self.looks += 1
            found = self.finder.faces(frame.picture)
            self.faces += [Face(frame.index, one.box, one.pose, one.confidence) for one in found]
            bodies = [] if found else self.finder.bodies(frame.picture)
            self.bodies += [(frame.index, box) for box in bodies]
            if not found and not bodies and (striking := salient_box(luma)) is not None:
                self.striking.append((frame.index, *striking))

    def result(self, warnings: tuple[str, ...]) -> ClipAnalysis:
        video = self.media.video
        assert video is not None
        duration = video.duration_frames
        if self.frames[-1] + 1 < duration * 0.9 and not self.options.draft:
            warnings = (*warnings, f"Only {self.frames[-1] + 1} of {duration} frames could be decoded.")
        rate_s = float(video.rate.frame_duration)
        path = self._camera_path(rate_s)
        shake = motion.shake_curve(path)
        kinds = motion.kind_probabilities(path, shake)
        curves = self._curves(duration, shake, path.seconds)
        blur = curves["blur"].mean()
        exposure = float(np.mean(self.exposures))
        clipped = float(np.mean(self.clipped))
        shake_mean = float(np.sqrt((shake**2).mean())) if len(shake) else 0.0
        flicker = quality.flicker_of(np.array(self.exposures, np.float32))
        score, parts = quality.visual_quality(blur, exposure, clipped, quality.shake_share(shake_mean), flicker)
        subject = max((box.height for _, box, _ in self.movers), default=None)
        frame = framing(self.faces, self.looks, [box for _, box in self.bodies], kinds, self.media.path, subject)
        missing = tuple(f"{name}: {why}" for name, why in catalog.absences().items())
        return ClipAnalysis(
            media_id=self.media.media_id,
            analyser_version=ANALYSER_VERSION,
            options=self.options.key(),
            rate=video.rate,
            duration_frames=duration,
            shots=self._shots(duration),
            shot_type=frame.shot_type,
            angle=frame.angle,
            motion=kinds,
            motion_intensity=_finite(curves["motion"].mean()),
            visual_quality=score,
            quality_parts=parts,
            blur=_finite(blur),
            exposure=exposure,
            shake_per_height=shake_mean,
            color_variance=float(np.mean(self.colours)) if self.colours else 0.0,
            palette=colour.palette(self.pictures),
            clipped=clipped,
            flicker=flicker,
            camera=_camera_means(path, video.display_width / video.display_height),
            faces=tuple(self.faces),
            subjects=self._subjects(),
            curves=curves,
            signatures=_on_grid(np.array(self.frames), np.array(self.signatures, np.uint64), duration),
            evidence=frame.evidence,
            missing=(*missing, *(["motion: key frames only"] if self.options.draft else [])),
            warnings=(*self.media.warnings, *warnings),
        )

    def _camera_path(self, frame_s: float) -> motion.CameraPath:
        gaps = np.diff(self.step_frames) if len(self.step_frames) > 1 else np.array([1])
        seconds = max(float(np.median(gaps)), 1.0) * frame_s
        return motion.CameraPath.of(self.steps[1:], seconds)

    def _curves(self, duration: int, shake: NDArray[np.float64], step_s: float) -> dict[str, Curve]:
        frames = np.array(self.frames)
        every = np.arange(duration)
        exposure = np.interp(every, frames, self.exposures)
        blurs = self.blurs or [(0, float("nan"))]
        blur = np.interp(every, [at for at, _ in blurs], [quality.blur_share(value) for _, value in blurs])
        at = np.array(self.step_frames[1:] or [0])
        speed = np.array([step.overall for step in self.steps[1:]] or [0.0]) / step_s
        moving = np.interp(every, at, motion.motion_intensity(speed))
        trembling = np.interp(every, at, 1 - np.exp(-(shake if len(shake) else np.zeros(1)) / quality.SHAKE_SCALE))
        light = np.array([quality.exposure_score(float(value)) for value in exposure])
        good = (1 - blur) ** 0.5 * light**0.6 * (1 - trembling) ** 0.25
        table = {"motion": moving, "sharpness": 1 - blur, "blur": blur, "exposure": exposure, "shake": trembling, "quality": good}
        return {name: Curve(values.astype(np.float32)) for name, values in table.items()}

    def _shots(self, duration: int) -> tuple[Shot, ...]:
        if self.options.draft:
            return (Shot(0, duration),)
        return shots.find_shots(np.array(self.changes, np.float32), np.array(self.histograms), np.array(self.frames, np.int64), duration)

    def _subjects(self) -> tuple[Subject, ...]:
        by_frame: dict[int, Subject] = {}
        for at, box, confidence in (*self.striking, *self.movers):
            by_frame[at] = Subject(at, box, confidence)
        for at, box in self.bodies:
            by_frame[at] = Subject(at, box, 0.6)
        for face in self.faces:
            known = by_frame.get(face.frame)
            if known is None or known.confidence < 0.9 or face.box.height > known.box.height:
                by_frame[face.frame] = Subject(face.frame, face.box, 0.9)
        return tuple(by_frame[at] for at in sorted(by_frame))


def _signature(luma: NDArray[np.uint8]) -> int:
    """64-bit difference hash: is each of 8 x 8 cells brighter than its right neighbour."""
    import cv2

    cells = cv2.resize(luma, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes(), "big")


def _moving_box(luma: NDArray[np.uint8], before: NDArray[np.uint8]) -> tuple[Box, float] | None:
    """Where most of the change is: the box of its middle 80 %, and how concentrated it is (0 to 0.5)."""
    import cv2

    change = cv2.blur(cv2.absdiff(luma, before), (5, 5)).astype(np.float32)
    change[change < 6] = 0
    total = float(change.sum())
    if total < luma.size * 0.15:
        return None
    spans = []
    for axis, size in ((0, luma.shape[1]), (1, luma.shape[0])):
        share = np.cumsum(change.sum(axis=axis)) / total
        low, high = np.searchsorted(share, (0.1, 0.9))
        spans.append((float(low) / size, float(max(high, low + 1)) / size))
    (x0, x1), (y0, y1) = spans
    return Box(x0, y0, x1 - x0, y1 - y0), 0.5 * (1 - (x1 - x0) * (y1 - y0))


def _camera_means(path: motion.CameraPath, aspect: float) -> dict[str, float]:
    if not len(path.dx):
        return {"pan": 0.0, "tilt": 0.0, "zoom": 0.0, "roll": 0.0}
    per_s = 1.0 / path.seconds
    return {
        "pan": float(path.dx.mean() * per_s / aspect),
        "tilt": float(path.dy.mean() * per_s),
        "zoom": float(np.exp(path.zoom.mean() * per_s) - 1.0),
        "roll": float(path.roll.mean() * per_s),
    }


def _on_grid(frames: NDArray[np.int64], values: NDArray[np.uint64], duration: int) -> NDArray[np.uint64]:
    """The value on screen at every frame of the nominal grid."""
    shown = np.clip(np.searchsorted(frames, np.arange(duration), side="right") - 1, 0, len(frames) - 1)
    return np.asarray(values[shown], np.uint64)


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0
