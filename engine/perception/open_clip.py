"""CLIP by open_clip: pictures and texts in one space, and shot type and angle by comparing with described ones (zero-shot).

The model and its weights load when something is first asked, on CUDA, else Apple's MPS, else the CPU. open_clip fetches named weights once,
checks their hash and keeps them; offline, a name whose weights were never fetched is a clear error, a local file always works.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingToolError
from engine.perception.contracts import Picture

__all__ = ["DEFAULT_MODEL", "PROMPTS", "ClipChoice", "OpenClip", "check_choice", "zero_shot"]

Array = NDArray[np.float32]

DEFAULT_MODEL, DEFAULT_WEIGHTS = "ViT-B-32", "laion2b_s34b_b79k"
"""Weights under the MIT licence that one CPU core runs at a few pictures a second."""
BATCH = 32
"""Pictures that go through the model at once (ViT-L-14 then takes 2.8 GB of a GPU, ViT-B-32 .7 GB)."""
LOGIT_SCALE = 100.0
"""What CLIP multiplies cosines with before the softmax (its trained temperature, Radford et al. 2021)."""

PROMPTS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "shot_type": {
            "close_up": ("a close-up shot of a face", "a close-up of hands or an object", "an extreme close-up detail shot"),
            "medium": ("a medium shot of a person from the waist up", "a medium shot of people"),
            "wide": ("a wide shot of a person from head to toe", "a wide establishing shot of a place", "a wide landscape shot"),
        },
        "angle": {
            "front": ("a person facing the camera", "a front view of the subject"),
            "side": ("a person in profile", "a side view of the subject"),
            "overhead": ("an overhead shot from directly above", "a top-down view of a table", "an aerial drone shot looking down"),
            "other": ("a person from behind", "a low angle shot looking up"),
        },
    }
)
"""Attribute -> value -> descriptions of it; the mean of their vectors stands for it. A zoom is motion and cannot be seen in a still."""


@dataclass(frozen=True)
class ClipChoice:
    """Which model. weights : a name open_clip knows (`open_clip.list_pretrained()`), or the path of a file."""

    model: str = DEFAULT_MODEL
    weights: str = DEFAULT_WEIGHTS

    @classmethod
    def parse(cls, text: str) -> ClipChoice:
        """`MODEL`, `MODEL:WEIGHTS` or `MODEL:/path/of/weights.safetensors`; empty gives the default."""
        model, _, weights = text.partition(":")
        return cls(model or DEFAULT_MODEL, weights or (DEFAULT_WEIGHTS if model in ("", DEFAULT_MODEL) else ""))

    @property
    def key(self) -> str:
        """What cached results depend on; a file counts by its name, size and time, not by its folder."""
        path = Path(self.weights)
        if self.weights and path.is_file():
            state = path.stat()
            return f"{self.model}:{path.name}:{state.st_size}:{state.st_mtime_ns}"
        return f"{self.model}:{self.weights}"


class OpenClip:
    """An `Embedder` (`engine.perception.contracts`). Loads nothing before it is first asked."""

    def __init__(self, choice: ClipChoice = ClipChoice()) -> None:
        self.choice = choice

    def load(self) -> None:
        """Loads the model now. Raises `MissingToolError` where it or its weights are not to be had."""
        _loaded(self.choice)

    def pictures(self, pictures: Sequence[Picture]) -> Array:
        """RGB pictures -> unit vectors, float32 (n, dimensions)."""
        model, transform, _, device = _loaded(self.choice)
        blocks = [self._batch(model, transform, device, pictures[at : at + BATCH]) for at in range(0, len(pictures), BATCH)]
        return np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)

    def texts(self, texts: Sequence[str]) -> Array:
        """Texts -> unit vectors of the same space."""
        model, _, tokenise, device = _loaded(self.choice)  # first: it says what to install
        import torch

        with torch.inference_mode():
            return _unit(model.encode_text(tokenise(list(texts)).to(device)))

    @staticmethod
    def _batch(model: Any, transform: Any, device: str, pictures: Sequence[Picture]) -> Array:
        import torch
        from PIL import Image

        batch = torch.stack([transform(Image.fromarray(picture)) for picture in pictures]).to(device)
        with torch.inference_mode():
            return _unit(model.encode_image(batch))


def _unit(vectors: Any) -> Array:
    values = np.asarray(vectors.float().cpu().numpy(), np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9), np.float32)


def check_choice(choice: ClipChoice) -> None:
    """Raises `MissingToolError` where it can be told without loading anything that the model will not load."""
    if importlib.util.find_spec("open_clip") is None:
        raise _not_installed(choice)
    if not choice.weights:
        hint = f"Write {choice.model}:WEIGHTS, a name or a file."
        raise MissingToolError("clip_unknown", f"No weights were named for {choice.model}: it would guess.", hint)
    if os.path.sep in choice.weights and not Path(choice.weights).is_file():
        raise _cannot_load(choice, FileNotFoundError("there is no such file"))


def _not_installed(choice: ClipChoice) -> MissingToolError:
    return MissingToolError("clip_missing", f"CLIP ({choice.model}) is not installed.", 'Install it: pip install "cutprint[clip]".')


@functools.lru_cache(maxsize=2)
def _loaded(choice: ClipChoice) -> tuple[Any, Any, Any, str]:
    check_choice(choice)
    try:
        import open_clip
        import torch
    except ImportError as cause:
        raise _not_installed(choice) from cause
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    _check_known(open_clip, choice)
    try:
        with _quietly():
            model, _, transform = open_clip.create_model_and_transforms(choice.model, pretrained=choice.weights or None, device=device)
            tokenise = open_clip.get_tokenizer(choice.model)
    except Exception as cause:  # downloads, hashes and files each fail in their own way, all of which the user can mend
        raise _cannot_load(choice, cause) from cause
    model.eval()
    return model, transform, tokenise, device


def _check_known(open_clip: Any, choice: ClipChoice) -> None:
    if choice.model not in open_clip.list_models():
        near = ", ".join(name for name in open_clip.list_models() if choice.model.split("-")[0].lower() in name.lower())[:200]
        raise MissingToolError("clip_unknown", f"open_clip knows no model {choice.model!r}.", f"Use {DEFAULT_MODEL}, or one of: {near}.")


def _cannot_load(choice: ClipChoice, cause: Exception) -> MissingToolError:
    if os.path.sep in choice.weights or Path(choice.weights).exists():
        message = f"The CLIP weights in {choice.weights} cannot be loaded: {str(cause)[:160]}"
        return MissingToolError("clip_weights_unreadable", message, f"Give weights of {choice.model} as open_clip writes them.")
    message = f"The CLIP weights {choice.weights} could not be fetched: {str(cause)[:160]}"
    hint = "Connect once so that they can be fetched, or give a local file: clip_model = MODEL:/path/of/weights."
    return MissingToolError("clip_weights_missing", message, hint)


@contextlib.contextmanager
def _quietly() -> Any:
    """open_clip reports through the root logger and standard error, which belong to the command."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def zero_shot(embedder: OpenClip, seen: Array) -> dict[str, dict[str, float]]:
    """Attribute of PROMPTS -> value -> probability, the mean over the pictures.

    seen : what `OpenClip.pictures` makes of them, (n, dimensions); nothing for no pictures.
    """
    if not len(seen):
        return {}
    return {attribute: _chances(seen, _described(embedder.choice, attribute)) for attribute in PROMPTS}


@functools.lru_cache(maxsize=16)
def _described(choice: ClipChoice, attribute: str) -> tuple[tuple[str, ...], Array]:
    """Names of the values and their unit vectors: (values, dimensions)."""
    rows = PROMPTS[attribute]
    means = np.stack([OpenClip(choice).texts(texts).mean(axis=0) for texts in rows.values()])
    return tuple(rows), np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


def _chances(seen: Array, described: tuple[tuple[str, ...], Array]) -> dict[str, float]:
    names, vectors = described
    logits = LOGIT_SCALE * seen @ vectors.T
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    return {name: round(float(share), 6) for name, share in zip(names, shares)}
