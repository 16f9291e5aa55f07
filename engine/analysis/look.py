"""The running measurement of one clip: what is noted while its frames go by. `engine.analysis.clip` makes facts of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.analysis import colour, motion, prints, quality, shots
from engine.analysis.flow import FlowMeter
from engine.analysis.saliency import salient_box
from engine.media.scan import ScanFrame
from engine.model.analysis import Box, Face, Subject
from engine.perception.contracts import FaceFinder

__all__ = ["Look"]

TOGETHER = 30
"""Frames measured one after the other, one kind of fact at a time, so that its code stays in the processor's caches, as does the decoder's:
frame by frame they would push each other out, which costs a tenth of all."""
MOTION_STEP_S = 1 / 30
FACE_EVERY_S = 1.0
AGAIN_EVERY_S = 0.25
"""How often faces are looked for again where they were, between two looks at the whole picture."""
COLOUR_EVERY_S = 0.5
FLOW_EVERY_S = 0.2
SAME_PICTURE = 0.006
"""Mean difference (share of full scale) to the last picture looked at for faces under which nothing has moved: sensor noise leaves .004."""
MOVER_EVERY = 8
"""Motion steps between two looks for what moves by itself."""
BODY_SURE = 0.6
"""Confidence of a body that the finder reports (chosen: under any face's that is seen plainly)."""
MOST_PICTURES = 60
"""Small pictures kept for the palette: half a minute's."""


@dataclass
class Look:
    """Everything noted so far. `finder` is None where no faces are looked for."""

    finder: FaceFinder | None = None
    follows_motion: bool = True
    matrix: str = "bt709"
    tracker: motion.GridTracker = field(default_factory=motion.GridTracker)
    meter: FlowMeter = field(default_factory=FlowMeter)
    frames: list[int] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    histograms: list[NDArray[np.float32]] = field(default_factory=list)
    exposures: list[float] = field(default_factory=list)
    lits: list[float] = field(default_factory=list)
    edge_balances: list[float] = field(default_factory=list)
    clipped: list[float] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    prints: list[NDArray[np.uint8]] = field(default_factory=list)
    sharp_frames: list[int] = field(default_factory=list)
    blurs: list[float] = field(default_factory=list)
    details: list[float] = field(default_factory=list)
    flows: list[float] = field(default_factory=list)
    flow_frames: list[int] = field(default_factory=list)
    steps: list[motion.Step] = field(default_factory=list)
    step_frames: list[int] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    followed: list[Face] = field(default_factory=list)
    bodies: list[Subject] = field(default_factory=list)
    movers: list[Subject] = field(default_factory=list)
    striking: list[Subject] = field(default_factory=list)
    looks: int = 0
    colours: list[float] = field(default_factory=list)
    casts: list[tuple[float, float]] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    _waiting: list[ScanFrame] = field(default_factory=list)
    _sharp: list[NDArray[np.uint8]] = field(default_factory=list)
    _latest: ScanFrame | None = None
    _before: NDArray[np.uint8] | None = None
    _looked_at: NDArray[np.uint8] | None = None
    _last: tuple[list[Face], list[Subject], list[Subject]] = field(default_factory=lambda: ([], [], []))
    _facing_right: bool = False
    _next_face_s: float = 0.0
    _next_again_s: float = 0.0
    _next_colour_s: float = 0.0
    _next_flow_s: float = 0.0
    _next_motion_s: float = 0.0

    def see(self, frame: ScanFrame) -> None:
        """Notes one frame, at the latest by `finish`; frames come in the order they are shown."""
        if frame.full is not None:
            self.sharp_frames.append(frame.index)
            self.details.append(quality.detail_of(frame.full))  # at once: holding whole frames takes memory
            self._sharp.append(frame.medium[0])
            self._see_flow(frame, frame.full)
            frame = replace(frame, full=None)
        self._latest = frame
        self._waiting.append(frame)
        if len(self._waiting) >= TOGETHER:
            self.finish()

    def finish(self) -> None:
        """Notes what is still waiting."""
        waiting, sharp, self._waiting, self._sharp = self._waiting, self._sharp, [], []
        self.blurs += [quality.blur_effect(one) for one in sharp]
        before = self._before
        for frame in waiting:
            self._see_light(frame, before)
            before = frame.luma
        before = self._before
        for frame in waiting:
            self._see_motion(frame, before)
            before = frame.luma
        for frame in waiting:
            self._see_colour(frame)
            self._see_people(frame)
        self._before = before

    def _see_light(self, frame: ScanFrame, before: NDArray[np.uint8] | None) -> None:
        import cv2

        luma = frame.luma
        levels = np.ravel(cv2.calcHist([luma], [0], None, [256], [0, 256])) / luma.size
        self.frames.append(frame.index)
        self.histograms.append(shots.histogram(levels, *frame.medium[1:]))
        change = 0.0 if before is None else cv2.norm(luma, before, cv2.NORM_L1) / (255 * luma.size)
        self.changes.append(change)
        self.exposures.append(float(levels @ _LEVELS))
        self.lits.append(quality.lit_of(levels))
        self.clipped.append(quality.clipped_of(levels))
        self.edge_balances.append(_edge_balance(luma))
        small = prints.print_of(luma)
        self.prints.append(small)
        self.signatures.append(_signature(small))

    def _see_flow(self, frame: ScanFrame, full: NDArray[np.uint8]) -> None:
        before = self._latest
        if before is None or not self.follows_motion or frame.time_s + 1e-6 < self._next_flow_s:
            return
        self._next_flow_s = frame.time_s + FLOW_EVERY_S
        self.flows.append(self.meter.flow(before.luma, frame.luma, full, frame.time_s - before.time_s))
        self.flow_frames.append(frame.index)

    def _see_motion(self, frame: ScanFrame, before: NDArray[np.uint8] | None) -> None:
        if not self.follows_motion or frame.time_s + 1e-6 < self._next_motion_s:
            return
        self._next_motion_s = frame.time_s + MOTION_STEP_S * 0.75
        self.steps.append(self.tracker.step(frame.luma))
        self.step_frames.append(frame.index)
        if before is not None and len(self.steps) % MOVER_EVERY == 0:
            mover = motion.moving_box(frame.luma, before)
            if mover is not None:
                self.movers.append(Subject(frame.index, *mover))

    def _see_colour(self, frame: ScanFrame) -> None:
        if frame.time_s + 1e-6 < self._next_colour_s:
            return
        self._next_colour_s = frame.time_s + COLOUR_EVERY_S
        picture = colour.small_rgb(frame.medium, self.matrix)
        self.colours.append(colour.colour_variance(picture))
        cast = colour.cast_of(picture)
        if cast is not None:
            self.casts.append(cast)
        if len(self.pictures) < MOST_PICTURES:
            self.pictures.append(picture)

    def _see_people(self, frame: ScanFrame) -> None:
        if self.finder is None:
            return
        if frame.time_s + 1e-6 < self._next_face_s:
            self._follow_faces(self.finder, frame)
            return
        self._next_again_s = frame.time_s + AGAIN_EVERY_S
        self._next_face_s = frame.time_s + FACE_EVERY_S * (1 if self.follows_motion else 2)  # a first look has to be cheap
        self.looks += 1
        if not self._is_as_before(frame.luma):
            self._last = self._people(self.finder, frame.medium[0], frame.luma)
            self._looked_at = frame.luma
        faces, bodies, striking = self._last
        self.faces += [Face(frame.index, one.box, one.pose, one.confidence) for one in faces]
        self.bodies += [Subject(frame.index, one.box, one.confidence) for one in bodies]
        self.striking += [Subject(frame.index, one.box, one.confidence) for one in striking]

    def _follow_faces(self, finder: FaceFinder, frame: ScanFrame) -> None:
        """People move within a second: where their faces are is looked up again between two looks."""
        known = self._last[0]
        if not known or not self.follows_motion or frame.time_s + 1e-6 < self._next_again_s:
            return
        self._next_again_s = frame.time_s + AGAIN_EVERY_S
        if not self._is_as_before(frame.luma):
            known = [Face(0, one.box, one.pose, one.confidence) for one in finder.again(frame.medium[0], [face.box for face in known])]
            if known:
                self._last, self._looked_at = (known, *self._last[1:]), frame.luma
        self.followed += [Face(frame.index, one.box, one.pose, one.confidence) for one in known]

    def _is_as_before(self, luma: NDArray[np.uint8]) -> bool:
        import cv2

        before = self._looked_at
        return before is not None and cv2.norm(luma, before, cv2.NORM_L1) / (255 * luma.size) < SAME_PICTURE

    def _people(
        self, finder: FaceFinder, medium: NDArray[np.uint8], luma: NDArray[np.uint8]
    ) -> tuple[list[Face], list[Subject], list[Subject]]:
        """Faces; bodies where there is none; what stands out where there is neither."""
        found = finder.faces(medium, self._facing_right)
        if not found:
            self._facing_right = not self._facing_right  # the sides in turn, until one is seen
        faces = [Face(0, one.box, one.pose, one.confidence) for one in found]
        bodies = [] if found else [Subject(0, box, BODY_SURE) for box in finder.bodies(luma)]
        striking = None if found or bodies else salient_box(luma)
        return faces, bodies, [] if striking is None else [Subject(0, *striking)]


_LEVELS = np.arange(256) / 255


EDGE_FLOOR = 0.001
"""Share of full scale added to edges, so that bare walls have no balance to speak of."""


def _edge_balance(luma: NDArray[np.uint8]) -> float:
    """Log of the edges across the picture over those down it: motion blur takes those across its way."""
    import cv2

    across = cv2.norm(luma[:, 1:], luma[:, :-1], cv2.NORM_L1) / (255 * luma.size)
    down = cv2.norm(luma[1:], luma[:-1], cv2.NORM_L1) / (255 * luma.size)
    return float(np.log((across + EDGE_FLOOR) / (down + EDGE_FLOOR)))


def _signature(small: NDArray[np.uint8]) -> int:
    """64-bit difference hash of a print: is each of 8 x 8 cells brighter than its right neighbour."""
    import cv2

    cells = cv2.resize(small, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes(), "big")


def subjects_of(look: Look) -> tuple[Subject, ...]:
    """One thing to look at per looked-at frame: the largest face, else a body, else what moves, else what stands out."""
    by_frame: dict[int, Subject] = {}
    for one in (*look.striking, *look.movers, *look.bodies):
        by_frame[one.frame] = one
    for face in (*look.faces, *look.followed):
        known = by_frame.get(face.frame)
        if known is None or known.confidence < 0.9 or face.box.height > known.box.height:
            by_frame[face.frame] = Subject(face.frame, Box(face.box.x, face.box.y, face.box.width, face.box.height), 0.9)
    return tuple(by_frame[at] for at in sorted(by_frame))
