"""Read the autograd graph of the losses: which layers hold the parameters, and is it exact?

Book-keeping needs two things of a model: the loss of an example depends on that example's
rows alone, and every parameter is used once, by a layer that we have a rule for. Both are
proved on the graph itself, from the losses [n] backwards: every node on the way is on one
of the short lists below, and its shapes keep the examples apart. Whatever is not on a list
is answered with NoRuleError, and the caller takes the slow road. No hook is set on the model.

What autograd does not show: a hook of yours on an activation that no layer keeps as its input
(one before a ReLU, say). It is then run once, on the deltas of all classes together, which is
the same only if it is linear and treats examples one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

COPY = "ToCopyBackward0"  # to another dtype, as autocast does
SAME_SHAPE = {
    "AddBackward0",
    "SubBackward0",
    "MulBackward0",
    "DivBackward0",
    "NegBackward0",
    "CloneBackward0",
    "NativeDropoutBackward0",
    "ReluBackward0",
    "LeakyReluBackward0",
    "EluBackward0",
    "GeluBackward0",
    "SiluBackward0",
    "MishBackward0",
    "HardswishBackward0",
    "HardtanhBackward0",
    "SoftplusBackward0",
    "SigmoidBackward0",
    "TanhBackward0",
    COPY,
}
RESHAPE = {"ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0"}
ALONG_DIMS = {  # exact unless the first dimension is among them
    "LogSoftmaxBackward0",
    "SoftmaxBackward0",
    "MeanBackward1",
    "SumBackward1",
    "SqueezeBackward1",
    "UnsqueezeBackward0",
}
EACH_EXAMPLE = {
    "NllLossBackward0",
    "MaxPool2DWithIndicesBackward0",
    "AvgPool2DBackward0",
    "AdaptiveAvgPool2DBackward0",
}
# Layers: where input, weight and bias stand among the inputs of the node.
LAYERS = {
    "AddmmBackward0": (1, 2, 0),  # nn.Linear
    "MmBackward0": (0, 1, None),  # nn.Linear without bias
    "ConvolutionBackward0": (0, 1, 2),
    "NativeBatchNormBackward0": (0, 1, 2),  # in eval mode
    "NativeGroupNormBackward0": (0, 1, 2),
    "NativeLayerNormBackward0": (0, 1, 2),
}
SAVED_INPUT = {"AddmmBackward0": "_saved_mat1", "MmBackward0": "_saved_self"}
LINEAR = {"AddmmBackward0", "MmBackward0"}
KNOWN = SAME_SHAPE | RESHAPE | ALONG_DIMS | EACH_EXAMPLE | LAYERS.keys()
BATCH_NORMS = {"NativeBatchNormBackward0", "CudnnBatchNormBackward0", "MiopenBatchNormBackward0"}


class NoRuleError(Exception):
    """Book-keeping would not be exact, or there is no rule; the message says why."""


@dataclass(frozen=True)
class Layer:
    """One use of a weight and a bias (None: there is none, or it is not trained)."""

    node: Any
    weight: Tensor | None
    bias: Tensor | None
    lowest: bool  # no other trained layer stands between this one and the data

    @property
    def trained(self) -> list[Tensor]:
        """Weight and bias, of those that are trained."""
        return [p for p in (self.weight, self.bias) if p is not None]

    @property
    def sizes(self) -> list[int]:
        """How many numbers they hold."""
        return [p.numel() for p in self.trained]

    def shaped(self, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
        """``flat`` [P] cut into (parameter, its part)."""
        pairs = zip(self.trained, flat.split(self.sizes), strict=True)
        return [(p, part.view_as(p)) for p, part in pairs]


def trained_layers(losses: Tensor, params: Sequence[Tensor]) -> list[Layer]:
    """The layers that hold ``params``, found from ``losses`` [n]; NoRuleError if not exact."""
    if losses.dim() != 1:
        raise NoRuleError(f"the losses have {losses.dim()} dimensions, not one an example")
    if not len(losses):
        raise NoRuleError("the batch is empty")
    n, wanted = len(losses), {id(p) for p in params}
    for param in params:
        if param._backward_hooks:
            raise NoRuleError("a parameter has a hook of its own")
    parents = nodes_below(losses.grad_fn, n)
    found = {node: pair for node in parents if (pair := trained_by(node, wanted))}
    used = [id(p) for pair in found.values() for p in pair if p is not None]
    if len(used) > len(set(used)):
        raise NoRuleError("a layer or parameter is used more than once")
    if not found:
        raise NoRuleError("the losses depend on no trained layer")
    if any(x is not None and x._backward_hooks for x in map(saved_input, found)):
        raise NoRuleError("an activation has a hook of its own")
    higher = ancestors(list(found), parents)
    return [Layer(node, *pair, lowest=node not in higher) for node, pair in found.items()]


def nodes_below(top: Any, n: int) -> dict[Any, list[Any]]:
    """Every node between losses and parameters, each proved exact, with the nodes above it."""
    parents: dict[Any, list[Any]] = {top: []}
    waiting = [top]
    while waiting:
        node = waiting.pop()
        for child in data_inputs(node, n):
            if child not in parents:
                parents[child] = []
                waiting.append(child)
            parents[child].append(node)
    return parents


def ancestors(nodes: list[Any], parents: dict[Any, list[Any]]) -> set[Any]:
    """Every node above one of ``nodes``."""
    found: set[Any] = set()
    waiting = [parent for node in nodes for parent in parents[node]]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += parents[node]
    return found


def data_inputs(node: Any, n: int) -> list[Any]:
    """The nodes whose outputs flow through ``node``; NoRuleError if it may mix examples."""
    name = node.name()
    if name not in KNOWN:
        raise NoRuleError(f"there is no rule for {name.removesuffix('Backward0')}")
    if name in BATCH_NORMS and node._saved_training:
        raise NoRuleError("batch normalisation in training mode mixes the examples of the batch")
    edges = node.next_functions
    if name in LAYERS:
        edges = [edges[LAYERS[name][0]]]
    inputs, after = [], shape_of(node)
    for child, k in edges:
        if child is None:
            continue
        if is_leaf(child):
            if name not in LAYERS and isinstance(child.variable, torch.nn.Parameter):
                raise NoRuleError(f"a parameter is used outside a layer, in {name}")
        elif k or not keeps_apart(node, name, shape_of(child), after, n):
            raise NoRuleError(f"{name} may mix the examples of the batch")
        else:
            inputs.append(child)
    return inputs


def keeps_apart(
    node: Any, name: str, before: tuple[int, ...], after: tuple[int, ...], n: int
) -> bool:
    """Whether block i of n equal blocks of rows comes from block i of the input alone."""
    if not before or not after or before[0] % n or after[0] % n:
        return False
    if name in RESHAPE:
        return True
    if name in SAME_SHAPE:
        return before == after
    if name in ALONG_DIMS:
        dims = node._saved_dim if isinstance(node._saved_dim, tuple) else (node._saved_dim,)
        size = max(len(before), len(after))
        # autograd shows a negative dimension as an unsigned 64-bit number
        return bool(dims) and all((d - (d >> 63 << 64)) % size for d in dims)
    return before[0] == after[0]


def trained_by(node: Any, wanted: set[int]) -> tuple[Tensor | None, Tensor | None] | None:
    """Weight and bias if ``node`` is a layer that trains one of them, else None."""
    name = node.name()
    if name not in LAYERS:
        return None
    if name == "AddmmBackward0" and (node._saved_alpha, node._saved_beta) != (1, 1):
        raise NoRuleError("a linear layer is scaled")
    bias_at = LAYERS[name][2]
    bias = None if bias_at is None else uncopied(node.next_functions[bias_at][0])
    found = leaf(weight_of(node), wanted), leaf(bias, wanted)
    if name == "AddmmBackward0" and found[1] is not None and found[1].dim() != 1:
        raise NoRuleError("a linear layer adds a bias that is not a vector")
    return found if any(p is not None for p in found) else None


def weight_of(node: Any) -> Any:
    """Where the weight of the layer ``node`` comes from; a linear layer turns it first."""
    weight = node.next_functions[LAYERS[node.name()][1]][0]
    if node.name() in LINEAR and weight is not None:
        if weight.name() != "TBackward0":
            raise NoRuleError("a matrix product is not that of a linear layer")
        weight = weight.next_functions[0][0]
    return uncopied(weight)


def uncopied(node: Any) -> Any:
    """Autocast hands a layer a copy of its parameter in half precision; this is the original."""
    return node.next_functions[0][0] if node is not None and node.name() == COPY else node


def saved_input(node: Any) -> Tensor | None:
    """What autograd kept of a layer's input; None if no trained parameter needs it."""
    return getattr(node, SAVED_INPUT.get(node.name(), "_saved_input"))


def leaf(node: Any, wanted: set[int]) -> Tensor | None:
    """The parameter at ``node``; None if it is not trained by us; NoRuleError if computed."""
    if node is None:
        return None
    if not is_leaf(node):
        raise NoRuleError("a layer computes its weight from other parameters")
    return node.variable if id(node.variable) in wanted else None


def is_leaf(node: Any) -> bool:
    return node is not None and node.name() == "torch::autograd::AccumulateGrad"


def shape_of(node: Any) -> tuple[int, ...]:
    return tuple(node._input_metadata[0].shape)
