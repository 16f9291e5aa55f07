"""Logistic maximum a posteriori around a prior: few observations move it little, many decide. Newton's method, no library."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "Platt", "auc", "fit_logistic", "fit_platt", "log_loss", "sigmoid"]

Array = NDArray[np.float64]

ROUNDS = 30
CONVERGED = 1e-4


@dataclass(frozen=True, eq=False)
class Fit:
    """weights (d,) and their covariance (d, d) by the curvature at the optimum (Laplace)."""

    weights: Array
    covariance: Array


@dataclass(frozen=True)
class Platt:
    """log odds = slope * score + intercept (Platt 1999)."""

    slope: float = 1.0
    intercept: float = 0.0


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), safe for any z."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def fit_logistic(x: Array, y: Array, sample_weight: Array, prior: Array, precision: Array | float) -> Fit:
    """Weights that maximise weighted log likelihood plus a Gaussian prior.

    x : (n, d). y : (n,) 0 or 1. prior : (d,) mean. precision : (d,) or one number, 1 / variance of the prior.
    """
    with _libraries().limit(limits=1):  # these matrices are small: threads of the BLAS would only wait for each other
        return _newton(x, y, sample_weight, prior, precision)


@functools.lru_cache(maxsize=1)
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _newton(x: Array, y: Array, sample_weight: Array, prior: Array, precision: Array | float) -> Fit:
    size = x.shape[1]
    strength = np.broadcast_to(np.asarray(precision, float), (size,))
    weights = prior.astype(float).copy()
    hessian = np.diag(strength)
    for _ in range(ROUNDS):
        chance = sigmoid(x @ weights)
        gradient = x.T @ (sample_weight * (chance - y)) + strength * (weights - prior)
        hessian = (x * (sample_weight * chance * (1 - chance))[:, None]).T @ x + np.diag(strength)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step * min(1.0, 5.0 / max(1e-9, float(np.abs(step).max())))
        if float(np.abs(step).max()) < CONVERGED:
            break
    return Fit(weights, np.linalg.inv(hessian))


def fit_platt(scores: Array, labels: Array) -> Platt:
    """Calibration of scores by two numbers, held near slope 1 while there are few (precision 4 on the slope)."""
    if len(scores) == 0 or labels.min() == labels.max():
        return Platt()
    x = np.column_stack([scores, np.ones(len(scores))])
    fit = fit_logistic(x, labels, np.ones(len(scores)), np.array([1.0, 0.0]), np.array([4.0, 1e-3]))
    return Platt(float(max(0.05, fit.weights[0])), float(fit.weights[1]))


def auc(scores: Array, labels: Array) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half; NaN with one class alone."""
    positive, negative = scores[labels > 0], scores[labels <= 0]
    if not len(positive) or not len(negative):
        return float("nan")
    order = np.sort(negative)
    below = np.searchsorted(order, positive, side="left")
    equal = np.searchsorted(order, positive, side="right") - below
    return float((below + 0.5 * equal).mean() / len(negative))


def log_loss(chances: Array, labels: Array) -> float:
    """Mean negative log likelihood in nats."""
    safe = np.clip(chances, 1e-9, 1 - 1e-9)
    return float(-(labels * np.log(safe) + (1 - labels) * np.log(1 - safe)).mean()) if len(labels) else math.nan
