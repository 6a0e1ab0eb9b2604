"""Models whose class gradients we do not give without being told: batch statistics, shared layers.

Batch normalisation in training mode makes every loss depend on all examples, so that "the
gradient of one class" is no longer a sum over its examples. A layer used twice is exact only
with one backward pass a class, which is slow enough to be asked for.
"""

from typing import Any

from torch import Tensor

from imbal_lab.gradients.graph import BATCH_NORMS, COPY, LAYERS, is_leaf


def entangled(losses: Tensor) -> str:
    """Which of the two it is, with the remedy; empty for a model with neither."""
    weights = []
    for node in whole_graph(losses):
        if node.name() in BATCH_NORMS and node._saved_training:
            return (
                "batch normalisation in training mode mixes the classes of a batch; use "
                "nn.GroupNorm, put the layer in eval mode"
            )
        if node.name() in LAYERS:
            weights.append(weight_leaf(node))
    shared = [leaf for leaf in weights if leaf is not None and weights.count(leaf) > 1]
    return "a layer is used more than once; give each use a layer of its own" if shared else ""


def whole_graph(losses: Tensor) -> set[Any]:
    """Every node that ``losses`` depend on."""
    seen: set[Any] = set()
    waiting = [losses.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [child for child, _ in node.next_functions]
    return seen


def weight_leaf(layer: Any) -> Any:
    """The leaf that a layer's weight is, under the transpose and autocast's copy; else None."""
    node = layer.next_functions[LAYERS[layer.name()][1]][0]
    while node is not None and node.name() in ("TBackward0", COPY):
        node = node.next_functions[0][0]
    return node if is_leaf(node) else None
