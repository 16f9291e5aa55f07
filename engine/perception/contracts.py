"""What recognisers promise. Pictures are RGB, uint8, (height, width, 3), upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import Box

__all__ = ["BeatListener", "Embedder", "FaceFinder", "FoundFace", "Transcriber", "Word"]

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class FoundFace:
    """A face in a picture; `box` in shares of its size, confidence 0 to 1."""

    box: Box
    pose: Literal["frontal", "profile"]
    confidence: float


@dataclass(frozen=True)
class Word:
    """A spoken word with its times in seconds."""

    text: str
    start_s: float
    end_s: float
    confidence: float


class FaceFinder(Protocol):
    def faces(self, picture: Picture, facing_right: bool = False) -> list[FoundFace]: ...

    def again(self, picture: Picture, known: Sequence[Box]) -> list[FoundFace]:
        """Frontal faces near where they were a moment before: far cheaper than to look everywhere."""
        ...

    def bodies(self, picture: Picture) -> list[Box]: ...


class Embedder(Protocol):
    """Pictures and texts to unit vectors of one space: float32 (n, dimensions)."""

    def pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]: ...

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Transcriber(Protocol):
    def words(self, samples: NDArray[np.float32], rate_hz: int) -> list[Word]: ...


class BeatListener(Protocol):
    """Music to curves of likelihood. name : which network with which weights, for the record."""

    @property
    def name(self) -> str: ...

    @property
    def rate_hz(self) -> int: ...

    @property
    def frames_per_s(self) -> float: ...

    def curves(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of a beat and of a downbeat in each frame, shape (frames, 2); frame k is centred on k / frames_per_s seconds."""
