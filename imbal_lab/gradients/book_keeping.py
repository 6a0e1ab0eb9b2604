"""Book-keeping: all class gradients from one forward and one activation-only backward pass.

The ordinary backward pass computes, layer by layer, the gradients of the outputs (deltas) and
from them those of the weights. Here the deltas are computed alone. Class norms and products
follow from the deltas and the inputs that autograd saved; and once the rule has turned norms
into weights w_c, the sum of w_c g_c is the weight gradient of deltas scaled row by row. So
the ordinary weight gradient is replaced, not added, and no [classes, parameters] is held.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge

from imbal_lab.gradients.batch import ClassOrder
from imbal_lab.gradients.class_by_class import unscaled
from imbal_lab.gradients.convolution import ConvolutionRule
from imbal_lab.gradients.graph import LINEAR, Layer, NoRuleError, saved_input, trained_layers
from imbal_lab.gradients.linear import LinearRule
from imbal_lab.gradients.normalisation import NormRule

Rule = LinearRule | ConvolutionRule | NormRule

CANCELS = 1e-4  # squared norm over its absolute terms, below which the Gram sum is not trusted


class BookKeeping:
    """The class gradients g_c = grad of (1/n) sum_{i in c} loss_i for ``losses`` [n].

    ``y`` [n] labels, ``params`` the trained parameters. Raises NoRuleError where it would not
    be exact; nothing has been changed then. The deltas are computed for ``scale`` * losses,
    so that half-precision ones do not underflow; norms and products are those of the losses.
    The graph is kept unless ``free_graph``. Sums are made in single precision at least.
    """

    note = ""  # it never has to explain itself: see OneBackwardAClass

    def __init__(
        self,
        losses: Tensor,
        y: Tensor,
        num_classes: int,
        params: Sequence[Tensor],
        *,
        scale: Tensor | None = None,
        free_graph: bool = False,
    ) -> None:
        layers = trained_layers(losses, params)
        if (y < 0).any():
            raise NoRuleError("some labels are negative: examples to be ignored")
        self.num_classes = num_classes
        self._batch = ClassOrder(y, num_classes)
        self._dtype = torch.promote_types(losses.dtype, torch.float32)
        one = torch.ones((), dtype=self._dtype, device=losses.device)
        self._scale = one if scale is None else scale.to(one)
        self._linear: dict[int, LinearRule] = {}  # by number of rows
        self._rules: list[Rule] = []
        self._one_pass(losses, layers, free_graph)
        del self._batch

    def _one_pass(self, losses: Tensor, layers: list[Layer], free_graph: bool) -> None:
        """Take every layer's inputs and deltas in one backward pass.

        It stops at the lowest layers and returns their deltas. The others are taken as they
        come by: held together, those of a convolutional network would be all fresh memory.
        """
        lowest = [layer for layer in layers if layer.lowest]
        hooks = [
            layer.node.register_prehook(lambda deltas, layer=layer: self._take(layer, deltas[0]))
            for layer in layers
            if not layer.lowest
        ]
        edges = [GradientEdge(layer.node, 0) for layer in lowest]
        each = (self._scale / len(losses)).to(losses.dtype).expand_as(losses)
        try:
            deltas = torch.autograd.grad(losses, edges, each, retain_graph=not free_graph)
        finally:
            for hook in hooks:
                hook.remove()
        for layer, delta in zip(lowest, deltas, strict=True):
            self._take(layer, delta)

    def _take(self, layer: Layer, delta: Tensor) -> None:
        """Hand inputs and deltas of ``layer`` to its rule, in single precision at least."""
        inputs, delta = saved_input(layer.node), delta.to(self._dtype)
        inputs = None if inputs is None else inputs.detach().to(self._dtype)
        if layer.node.name() in LINEAR:
            self._linear_rule(len(delta)).add(layer, inputs, delta)
        else:
            self._rules.append(RULES[layer.node.name()](layer, inputs, delta, self._batch))

    def _linear_rule(self, rows: int) -> LinearRule:
        """The rule of the linear layers that see ``rows`` rows."""
        if rows not in self._linear:
            batch, each = self._batch, rows // len(self._batch.y)
            if each > 1:
                batch = ClassOrder(batch.y.repeat_interleave(each), batch.num_classes)
            self._linear[rows] = LinearRule(batch)
            self._rules.append(self._linear[rows])
        return self._linear[rows]

    def norms(self) -> Tensor:
        """Class norms [C]; zero for an absent class."""
        squared, slack = self._rules[0].squared_norms()
        for rule in self._rules[1:]:
            mine, bound = rule.squared_norms()
            squared, slack = squared + mine, slack + bound
        for c, cancels in enumerate((squared < CANCELS * slack).tolist()):
            if cancels:
                squared[c] = torch.stack([rule.exact(c) for rule in self._rules]).sum()
        return unscaled(squared.clamp_min(0).sqrt(), self._scale.abs())

    def gram(self) -> Tensor:
        """The inner products of the class gradients, [C, C]; the norms then cost nothing."""
        products = torch.stack([rule.gram() for rule in self._rules]).sum(dim=0)
        return unscaled(products, self._scale.square())

    def weighted_sum(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, scale * sum_c w_c g_c) for every parameter the losses depend on.

        Comes last, and once: what is held for a layer goes as soon as its sum is made.
        """
        weights = weights.to(self._dtype)
        while self._rules:
            for param, total in self._rules.pop().weighted(weights):
                yield param, total.to(param.dtype)


RULES: dict[str, Callable[..., ConvolutionRule | NormRule]] = {
    "ConvolutionBackward0": ConvolutionRule,
    "NativeBatchNormBackward0": NormRule,
    "NativeGroupNormBackward0": NormRule,
    "NativeLayerNormBackward0": NormRule,
}
