"""xgboost as a residual on a linear margin, and its JSON opened as a stranger's: checked node by node before the library sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DocumentError

__all__ = ["MOST_BYTES", "Trees", "checked", "fit_residual"]

Array = NDArray[np.float64]

MOST_BYTES = 4 << 20
"""JSON of a residual beyond this is refused (chosen: 40 trees of depth 3 need about 40 kB)."""
MOST_TREES, MOST_NODES, MOST_FEATURES = 400, 512, 500
SHAPE = {"max_depth": 3, "eta": 0.08, "lambda": 4.0, "subsample": 1.0, "tree_method": "hist", "max_bin": 64}
"""Small trees, slowly: a correction of the linear model, not a model of its own."""
ROUNDS = 40
FEW_ROWS, LEAST_CHILD_FEW, LEAST_CHILD_MANY = 200, 2.0, 8.0


class Trees:
    """A fitted residual: rows in, log odds to add to the margin out."""

    def __init__(self, document: Mapping[str, Any], features: int) -> None:
        import xgboost

        self._features = features
        body = json.dumps(checked(document, features)).encode()
        self._booster = xgboost.Booster(params={"nthread": 1})
        try:
            self._booster.load_model(bytearray(body))
        except xgboost.core.XGBoostError as cause:
            raise _refused("xgboost cannot read it") from cause

    def residual(self, rows: Array) -> Array:
        """(n, features) -> (n,)."""
        import xgboost

        data = xgboost.DMatrix(rows, base_margin=np.zeros(len(rows)), nthread=1)
        return np.asarray(self._booster.predict(data, output_margin=True), float)

    def importance(self, names: Sequence[str]) -> dict[str, float]:
        """Feature -> its share of the gain; they sum to 1 where there is any."""
        gains: dict[str, Any] = self._booster.get_score(importance_type="total_gain")
        total = sum(float(value) for value in gains.values()) or 1.0
        return {names[int(name[1:])]: float(value) / total for name, value in gains.items()}


def fit_residual(
    rows: Array, labels: Array, margin: Array, weight: Array, groups: Sequence[int] | None = None, monotone: Sequence[int] | None = None
) -> dict[str, Any]:
    """xgboost's JSON of trees that correct `margin`.

    groups : sizes of the projects, in order, for ranking within each (`rank:pairwise`); None fits probabilities (`binary:logistic`).
    monotone : per feature -1, 0 or 1.
    """
    import xgboost

    data = xgboost.DMatrix(rows, label=labels, base_margin=margin, nthread=1)
    few = len(rows) < FEW_ROWS
    params: dict[str, Any] = {**SHAPE, "seed": 0, "nthread": 1, "min_child_weight": LEAST_CHILD_FEW if few else LEAST_CHILD_MANY}
    if groups is not None:
        data.set_group(list(groups))
        params |= {"objective": "rank:pairwise", "lambdarank_pair_method": "mean", "lambdarank_num_pair_per_sample": 4}
    else:
        data.set_weight(weight)
        params["objective"] = "binary:logistic"
        params["base_score"] = 0.5
    if monotone is not None and any(monotone):
        params["monotone_constraints"] = "(" + ",".join(str(one) for one in monotone) + ")"
    booster = xgboost.train(params, data, num_boost_round=ROUNDS)
    document: dict[str, Any] = json.loads(bytes(booster.save_raw(raw_format="json")))
    return document


def checked(document: Mapping[str, Any], features: int) -> dict[str, Any]:
    """The document, rebuilt from what a tree model of this size may hold and nothing else.

    Raises `DocumentError` (`model_unsafe`): xgboost trusts indices in its files, so a crafted one could read beyond its arrays.
    """
    try:
        if len(json.dumps(document)) > MOST_BYTES:
            raise _refused("it is too large")
        learner = document["learner"]
        model = learner["gradient_booster"]["model"]
        trees = model["trees"]
        if learner["gradient_booster"]["name"] != "gbtree" or not 0 < len(trees) <= MOST_TREES:
            raise _refused("it is no small forest")
        if int(learner["learner_model_param"]["num_feature"]) != features or not 0 < features <= MOST_FEATURES:
            raise _refused("it is about other features")
        if int(learner["learner_model_param"].get("num_class", "0")) > 1 or int(learner["learner_model_param"].get("num_target", "1")) != 1:
            raise _refused("it has several outputs")
        if any(int(one) != 0 for one in model["tree_info"]) or len(model["tree_info"]) != len(trees):
            raise _refused("its trees belong to no output")
        for number, tree in enumerate(trees):
            _check_tree(tree, features, number)
        if int(model["gbtree_model_param"]["num_trees"]) != len(trees):
            raise _refused("it counts its trees wrongly")
        pointers = [int(one) for one in model.get("iteration_indptr", range(len(trees) + 1))]
        if pointers != list(range(len(trees) + 1)):
            raise _refused("its rounds do not match its trees")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as cause:
        raise _refused("it is not whole") from cause
    return dict(document)


def _check_tree(tree: Mapping[str, Any], features: int, number: int) -> None:
    left, right, parents = ([int(one) for one in tree[name]] for name in ("left_children", "right_children", "parents"))
    nodes = len(left)
    others = [tree[name] for name in ("split_indices", "split_conditions", "default_left", "base_weights", "loss_changes", "sum_hessian")]
    if not 0 < nodes <= MOST_NODES or len(right) != nodes or len(parents) != nodes or any(len(one) != nodes for one in others):
        raise _refused("a tree's arrays differ in length")
    if int(tree["tree_param"]["num_nodes"]) != nodes or int(tree["tree_param"]["num_feature"]) != features or int(tree["id"]) != number:
        raise _refused("a tree counts its nodes wrongly")
    if any(tree.get(name) for name in ("categories", "categories_nodes", "categories_segments", "categories_sizes")):
        raise _refused("a tree splits by categories")
    if any(int(one) != 0 for one in tree.get("split_type", [])) or len(tree.get("split_type", others[0])) != nodes:
        raise _refused("a tree splits by categories")
    for node, (a, b) in enumerate(zip(left, right)):
        leaf = a == -1 and b == -1
        if not leaf and not (node < a < nodes and node < b < nodes and a != b):  # children come after parents: no circles
            raise _refused("a tree's nodes run in circles")
        if not leaf and not (parents[a] == node and parents[b] == node):
            raise _refused("a tree's nodes disagree")
    if any(not 0 <= int(one) < features for one in tree["split_indices"]):
        raise _refused("a tree asks for features that do not exist")
    if not all(np.isfinite([float(one) for one in values]).all() for values in (tree["split_conditions"], tree["base_weights"])):
        raise _refused("a tree holds numbers that are none")


def _refused(why: str) -> DocumentError:
    return DocumentError("model_unsafe", f"This model is not opened: {why}.", "Ask its owner to export the profile again.")
