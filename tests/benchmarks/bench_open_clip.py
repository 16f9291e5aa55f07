"""CLIP on the device that Cutprint chooses against the CPU: `python tests/benchmarks/bench_open_clip.py [MODEL ...]` (needs `[clip]`).

The real network with random weights, which cost what trained ones do. Pictures a second, how much of that is spent on preparing pictures
(on the CPU, always), and the least cosine between what the two make of the same pictures and texts: 1 where the device changes nothing.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np

PICTURES, ON_CPU = 256, 64


def main() -> None:
    if importlib.util.find_spec("open_clip") is None:
        print("skipped: the extra [clip] is not installed here")
        return
    for model in sys.argv[1:] or ["ViT-B-32"]:
        measure(model)


def measure(model: str) -> None:
    import open_clip
    import torch

    from engine.perception.open_clip import PROMPTS, ClipChoice, _loaded

    pictures = [np.random.default_rng(k).integers(0, 256, (180, 320, 3), dtype=np.uint8) for k in range(PICTURES)]
    texts = list(itertools.chain.from_iterable(itertools.chain.from_iterable(rows.values()) for rows in PROMPTS.values()))
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        weights = Path(folder) / "random.pt"
        torch.save(open_clip.create_model(model).state_dict(), weights)
        choice = ClipChoice(model, str(weights))
        chosen, seen, read, seconds = _used(choice, pictures, texts)
        prepared = _preparing(choice, pictures)
        _loaded.cache_clear()
        with mock.patch("torch.cuda.is_available", lambda: False), mock.patch("torch.backends.mps.is_available", lambda: False):
            plain, plain_seen, plain_read, plain_seconds = _used(choice, pictures[:ON_CPU], texts)
        _loaded.cache_clear()
    rates = PICTURES / seconds, ON_CPU / plain_seconds
    print(f"{model}: {chosen} {rates[0]:.0f} pictures/s ({prepared / seconds:.0%} of it preparing), {plain} {rates[1]:.0f} pictures/s")
    likeness = [float((a[: len(b)] * b).sum(axis=1).min()) for a, b in ((seen, plain_seen), (read, plain_read))]
    print(f"{model}: least cosine between the two, pictures {likeness[0]:.6f}, texts {likeness[1]:.6f}")


def _used(choice, pictures, texts):  # type: ignore[no-untyped-def]
    """Device, vectors of the pictures and of the texts, and seconds for the pictures, warm."""
    from engine.perception.open_clip import BATCH, OpenClip, _loaded

    embedder = OpenClip(choice)
    embedder.pictures(pictures[:BATCH])
    began = time.perf_counter()
    seen = embedder.pictures(pictures)
    seconds = time.perf_counter() - began
    return _loaded(choice)[3], seen, embedder.texts(texts), seconds


def _preparing(choice, pictures) -> float:  # type: ignore[no-untyped-def]
    from PIL import Image

    from engine.perception.open_clip import _loaded

    transform = _loaded(choice)[1]
    began = time.perf_counter()
    for picture in pictures:
        transform(Image.fromarray(picture))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
