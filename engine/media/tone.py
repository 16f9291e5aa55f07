"""Footage that is no ordinary picture yet, made one before it is judged: HLG and PQ (ITU-R BT.2100), log by its curve or a LUT.

A transform is one table from RGB to RGB, looked up per pixel: cheap, the same for every source, and exact enough for measuring and proxies
(64 steps a channel; rendering goes through ffmpeg's own filters).
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.media.log_curves import CURVES
from engine.model.media import Colour

__all__ = ["applied", "lut_table", "table_for"]

STEPS = 64
PEAK_NITS = 1000.0
"""Highlights are rolled off from here on: what most HLG and PQ footage of cameras and phones is made for (BT.2100 nominal)."""
WHITE_NITS = 203.0
"""Diffuse white of HDR pictures (ITU-R BT.2408)."""
WHITE_REFLECTANCE, LOG_PEAK = 0.9, 8.0
"""White paper, and how many times as bright the highlights are that log footage keeps (three stops)."""
MOST_LUT_POINTS = 128
"""Points along an edge of a .cube beyond which a file is refused (the largest in use are 65)."""

Table = NDArray[np.uint8]


def table_for(colour: Colour, lut: Path | None = None) -> Table | None:
    """The table for a clip: its LUT where one is given, else its log curve undone, else tone mapping for HLG and PQ, else none."""
    if lut is not None:
        return lut_table(lut)
    if colour.log in CURVES:
        return _log_table(str(colour.log))
    return _hdr_table(colour.transfer) if colour.is_hdr else None


def applied(picture: NDArray[np.uint8], table: Table) -> NDArray[np.uint8]:
    """An RGB picture, uint8 (height, width, 3), through a table."""
    shift = 8 - STEPS.bit_length() + 1
    small = (picture >> shift).astype(np.int32)
    index = (small[..., 0] * STEPS + small[..., 1]) * STEPS + small[..., 2]
    return np.asarray(table.reshape(-1, 3)[index], np.uint8)


def _axes() -> NDArray[np.float64]:
    """Every colour of the table, 0 to 1 at the middle of its step: (STEPS, STEPS, STEPS, 3)."""
    at = (np.arange(STEPS) + 0.5) / STEPS
    return np.stack(np.meshgrid(at, at, at, indexing="ij"), axis=-1)


@functools.lru_cache(maxsize=2)
def _hdr_table(transfer: str) -> Table:
    signal = _axes()
    nits = _pq_nits(signal) if transfer == "smpte2084" else _hlg_nits(signal)
    return _as_bytes(_display(_rolled_off(_to_709(nits / WHITE_NITS))))


@functools.lru_cache(maxsize=8)
def _log_table(curve: str) -> Table:
    """Judged as it looks to an ordinary display; the wide colours of log footage are left as they are."""
    light = np.maximum(CURVES[curve](_axes()), 0) / WHITE_REFLECTANCE
    return _as_bytes(_display(_rolled_off(light, LOG_PEAK)))


def _pq_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084: light in cd/m2 of a PQ signal."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """ITU-R BT.2100: light in cd/m2 of an HLG signal on a screen of PEAK_NITS, system gamma 1.2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(PEAK_NITS * np.maximum(luminance, 1e-9)[..., None] ** 0.2 * scene)


def _to_709(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """BT.2020 primaries to BT.709 (ITU-R BT.2087), negative light cut off."""
    matrix = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
    return np.asarray(np.maximum(linear @ matrix.T, 0))


def _rolled_off(linear: NDArray[np.float64], peak: float = PEAK_NITS / WHITE_NITS) -> NDArray[np.float64]:
    """Reinhard's extended curve on the brightest channel: hues stay, `peak` becomes white."""
    brightest = np.maximum(linear.max(axis=-1, keepdims=True), 1e-9)
    mapped = brightest * (1 + brightest / peak**2) / (1 + brightest)
    return np.asarray(linear * (mapped / brightest))


def _display(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light to signal for a display of gamma 2.4 (ITU-R BT.1886)."""
    return np.asarray(np.clip(linear, 0, 1) ** (1 / 2.4))


def _as_bytes(values: NDArray[np.float64]) -> Table:
    return np.asarray((np.clip(values, 0, 1) * 255).round(), np.uint8)


def lut_table(path: Path) -> Table:
    """A .cube file (Adobe's format, 1D or 3D) as a table. Raises `InputError` (`lut_unreadable`) for anything else."""
    try:
        return _lut_table(path, path.read_text(encoding="utf-8", errors="replace"))
    except OSError as cause:
        raise InputError("lut_unreadable", f"{path} cannot be read: {cause.strerror}.", "Check --lut.", path=str(path)) from cause


@functools.lru_cache(maxsize=8)
def _lut_table(path: Path, text: str) -> Table:
    try:
        head, rows = _cube_rows(text)
        return _as_bytes(_cube_values(head, rows))
    except (ValueError, IndexError, KeyError) as cause:
        hint = "Give a .cube file with a 1D or 3D table."
        raise InputError("lut_unreadable", f"{path.name} is no LUT that can be read: {cause}.", hint, path=str(path)) from cause


def _cube_rows(text: str) -> tuple[dict[str, list[str]], NDArray[np.float64]]:
    if text.startswith("\ufeff"):  # ffmpeg, which renders through it, would not find its first line
        raise ValueError("it begins with a byte order mark; save it as UTF-8 without one")
    head: dict[str, list[str]] = {}
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if words[0][0].isalpha():
            head[words[0].upper()] = words[1:]
        else:
            rows.append(_numbers(words[:3], number))
    table = np.array(rows, float).reshape(-1, 3)
    if not np.isfinite(table).all():
        raise ValueError("it holds values that are no numbers")
    return head, table


def _numbers(words: list[str], number: int) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError:
        raise ValueError(f"line {number} is no row of numbers") from None


def _cube_values(head: dict[str, list[str]], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.array([float(word) for word in head.get("DOMAIN_MIN", ["0", "0", "0"])])
    high = np.array([float(word) for word in head.get("DOMAIN_MAX", ["1", "1", "1"])])
    at = np.clip((_axes() - low) / np.maximum(high - low, 1e-9), 0, 1)
    if "LUT_1D_SIZE" in head:
        size = int(head["LUT_1D_SIZE"][0])
        _expect_size(size, 2, 1 << 16, len(rows), size)
        grid = np.linspace(0, 1, size)
        return np.stack([np.interp(at[..., channel], grid, rows[:, channel]) for channel in range(3)], axis=-1)
    if "LUT_3D_SIZE" not in head:
        raise ValueError("it has no line LUT_1D_SIZE or LUT_3D_SIZE")
    size = int(head["LUT_3D_SIZE"][0])
    _expect_size(size, 2, MOST_LUT_POINTS, len(rows), size**3)
    return _trilinear(rows.reshape(size, size, size, 3).transpose(2, 1, 0, 3), at * (size - 1))


def _expect_size(size: int, least: int, most: int, rows: int, wanted: int) -> None:
    if not least <= size <= most or rows != wanted:
        raise ValueError(f"its table has {rows} rows where {wanted} belong")


def _trilinear(cube: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a cube (red, green, blue, 3) between its points."""
    low = np.clip(np.floor(at).astype(int), 0, cube.shape[0] - 2)
    part = at - low
    total = np.zeros(at.shape)
    for corner in np.ndindex(2, 2, 2):
        share = np.prod([part[..., k] if corner[k] else 1 - part[..., k] for k in range(3)], axis=0)
        total += share[..., None] * cube[low[..., 0] + corner[0], low[..., 1] + corner[1], low[..., 2] + corner[2]]
    return total
