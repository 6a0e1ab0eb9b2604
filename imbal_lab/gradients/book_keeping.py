"""Book-keeping: all class gradients from one forward and one activation-only backward pass.

The ordinary backward pass computes, layer by layer, the gradients of the outputs (deltas) and
from them those of the weights. Here the deltas are computed alone. Class norms and products
follow from the deltas and the inputs that autograd saved; and once the rule has turned norms
into weights w_c, the sum of w_c g_c is the weight gradient of deltas scaled row by row. So
the ordinary weight gradient is replaced, not added, and no [classes, parameters] is held.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge

from imbal_lab.gradients.batch import ClassOrder
from imbal_lab.gradients.graph import Layer, NoRuleError, trained_layers
from imbal_lab.gradients.linear import LinearRule
from imbal_lab.gradients.tables import ConvolutionRule, NormRule

Rule = LinearRule | ConvolutionRule | NormRule

CANCELS = 1e-4  # squared norm over its absolute terms, below which the Gram sum is not trusted


class BookKeeping:
    """The class gradients g_c = grad of (1/n) sum_{i in c} loss_i for ``losses`` [n].

    ``y`` [n] labels, ``params`` the trained parameters. Raises NoRuleError where it would not
    be exact; nothing has been changed then. The graph is kept.
    """

    def __init__(
        self, losses: Tensor, y: Tensor, num_classes: int, params: Sequence[Tensor]
    ) -> None:
        layers = trained_layers(losses, params)
        if (y < 0).any():
            raise NoRuleError("some labels are negative: examples to be ignored")
        batch = ClassOrder(y, num_classes)
        self._like = losses
        self.rules: list[Rule] = []

        def take(layer: Layer, delta: Tensor) -> None:
            rule = RULES[layer.node.name()]
            self.rules.append(rule(layer, saved_input(layer), delta, batch))

        # The pass stops at the lowest layers and returns their deltas. The others are taken as
        # they come by: held together, those of a convolutional network would be all fresh memory.
        lowest = [layer for layer in layers if layer.lowest]
        hooks = [
            layer.node.register_prehook(lambda deltas, layer=layer: take(layer, deltas[0]))
            for layer in layers
            if not layer.lowest
        ]
        edges = [GradientEdge(layer.node, 0) for layer in lowest]
        each = torch.full_like(losses, 1 / len(losses))
        try:
            deltas = torch.autograd.grad(losses, edges, each, retain_graph=True)
        finally:
            for hook in hooks:
                hook.remove()
        for layer, delta in zip(lowest, deltas, strict=True):
            take(layer, delta)
        self.num_classes = num_classes

    def norms(self) -> Tensor:
        """Class norms [C]; zero for an absent class."""
        zero = self._like.new_zeros(self.num_classes)
        squared, slack = zero, zero
        for rule in self.rules:
            mine, bound = rule.squared_norms()
            squared, slack = squared + mine, slack + bound
        for c in torch.nonzero(squared < CANCELS * slack).flatten().tolist():
            squared[c] = torch.stack([rule.exact(c) for rule in self.rules]).sum()
        return squared.clamp_min(0).sqrt()

    def gram(self) -> Tensor:
        """The inner products of the class gradients, [C, C]."""
        return torch.stack([rule.gram() for rule in self.rules]).sum(dim=0)

    def weighted_sum(self, weights: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for every parameter the losses depend on."""
        return [pair for rule in self.rules for pair in rule.weighted(weights)]


def saved_input(layer: Layer) -> Tensor | None:
    """What autograd kept of the layer's input; None if no trained parameter needs it."""
    name, node = layer.node.name(), layer.node
    if name == "AddmmBackward0":
        return None if layer.weight is None else node._saved_mat1.detach()
    return (node._saved_self if name == "MmBackward0" else node._saved_input).detach()


RULES: dict[str, Callable[..., Rule]] = {
    "AddmmBackward0": LinearRule,
    "MmBackward0": LinearRule,
    "ConvolutionBackward0": ConvolutionRule,
    "NativeGroupNormBackward0": NormRule,
    "NativeLayerNormBackward0": NormRule,
}
