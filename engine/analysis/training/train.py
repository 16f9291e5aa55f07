"""Trains the beat network on a folder of examples: `python -m engine.analysis.training.train FOLDER OUT.npz STEPS [MINUTES [SEED]]`.

Needs torch, which the product does not. One thread; the same folder, seed and torch version give the same weights.
"""

from __future__ import annotations

import math
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.analysis.beats_network import BANDS, FRAMES_PER_S, POSITIVE_WEIGHT, with_rises

EXCERPT = round(15 * FRAMES_PER_S)
BATCH, RATE, BLOCKS, WIDTH, FRONT = 8, 3e-3, 11, 24, 64
DOWNBEAT_WEIGHT = 2.0


class Network(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    def __init__(self, mean: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.front0 = nn.Conv1d(2 * BANDS, FRONT, 3, padding=1)
        self.front1 = nn.Conv1d(FRONT, WIDTH, 3, padding=1)
        self.gates = nn.ModuleList(nn.Conv1d(WIDTH, 2 * WIDTH, 5, padding=2 * 2**k, dilation=2**k) for k in range(BLOCKS))
        self.mixes = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(BLOCKS))
        self.out = nn.Conv1d(WIDTH, 2, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = (x - self.mean[:, None]) * self.scale[:, None]
        x = self.drop(nn.functional.elu(self.front0(x)))
        x = self.drop(nn.functional.elu(self.front1(x)))
        total = torch.zeros_like(x)
        for gate, mix in zip(self.gates, self.mixes):
            a, b = gate(x).chunk(2, dim=1)
            part = self.drop(mix(torch.tanh(a) * torch.sigmoid(b)))
            x, total = x + part, total + part
        return self.out(nn.functional.elu(total))


def exported(network: Network) -> dict[str, Any]:
    """Weights under the names that `beats_network.forward` reads, as float16."""
    found = {}
    for key, value in network.state_dict().items():
        name = re.sub(r"^(gate|mix)e?s\.(\d+)", r"\1\2", key)
        found[name] = value.numpy().astype(np.float16 if value.ndim > 1 else np.float32)
    return found


def loss_of(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    each = nn.functional.binary_cross_entropy_with_logits(
        logits, wanted, pos_weight=torch.tensor([[POSITIVE_WEIGHT], [POSITIVE_WEIGHT]]), reduction="none"
    )
    return each[:, 0].mean() + DOWNBEAT_WEIGHT * each[:, 1].mean()


def read(folder: Path, kind: str) -> list[tuple[np.ndarray, np.ndarray]]:
    examples = []
    for path in sorted(folder.glob(f"{kind}_*.npz")):
        if path.name.endswith(".part.npz"):
            continue
        with np.load(path) as stored:
            examples.append((stored["levels"], stored["targets"]))
    return examples


def batch(examples: list[tuple[np.ndarray, np.ndarray]], rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    xs, ys = [], []
    for _ in range(BATCH):
        levels, wanted = examples[rng.randrange(len(examples))]
        start = rng.randrange(max(1, len(levels) - EXCERPT))
        part, want = levels[start : start + EXCERPT].astype(np.float32), wanted[start : start + EXCERPT].astype(np.float32)
        short = EXCERPT - len(part)
        x = with_rises(np.log1p(np.expm1(part) * np.float32(10 ** rng.uniform(-0.4, 0.2))))  # as a quieter or louder master
        xs.append(np.pad(x, ((0, short), (0, 0))).T)
        ys.append(np.pad(want, ((0, short), (0, 0))).T)
    return torch.from_numpy(np.stack(xs)), torch.from_numpy(np.stack(ys))


def main(folder: Path, out: Path, steps: int, minutes: float, seed: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    examples, held = read(folder, "train"), read(folder, "test")
    sample = np.concatenate([with_rises(levels.astype(np.float32)) for levels, _ in examples[::9]])
    network = Network(torch.from_numpy(sample.mean(0)), torch.from_numpy(1 / (sample.std(0) + 1e-3)))
    print(len(examples), "examples", sum(p.numel() for p in network.parameters()), "weights", flush=True)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    began, running, at, share = time.time(), 0.0, 0, 0.0
    while share < 1.0:
        share = max(at / steps, (time.time() - began) / 60 / minutes)  # the clock may end it early; the decay follows
        optimiser.param_groups[0]["lr"] = RATE * min(1, (at + 1) / 100) * max(0.003, 0.5 * (1 + math.cos(math.pi * min(1, share))))
        x, y = batch(examples, rng)
        loss = loss_of(network(x), y)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        running = 0.98 * running + 0.02 * float(loss) if at else float(loss)
        at += 1
        if at % 250 == 0 or share >= 1:
            report(network, held, at, running, began)
            np.savez_compressed(out, **exported(network))


def report(network: Network, held: list[tuple[np.ndarray, np.ndarray]], at: int, running: float, began: float) -> None:
    network.eval()
    with torch.no_grad():
        losses = []
        for levels, wanted in held[::4]:
            x = torch.from_numpy(with_rises(levels.astype(np.float32)).T[None])
            losses.append(float(loss_of(network(x), torch.from_numpy(wanted.astype(np.float32).T[None]))))
    network.train()
    print(f"step {at} loss {running:.4f} left-out styles {np.mean(losses):.4f} {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    given = [*sys.argv[1:], *["1e9", "1"][len(sys.argv) - 4 :]]
    main(Path(given[0]), Path(given[1]), int(given[2]), float(given[3]), int(given[4]))
