"""Networks of one architecture side by side as one, each with its own weights and inputs.

K networks become one whose convolutions have K groups; nothing passes from one group to another.
Unlike the ensemble of :mod:`imbal_lab.training` it takes convolutions and normalisations, lets
one step in after a layer, and gives the features.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

After = Callable[[str, Tensor], Tensor]


class SideBySide(nn.Module):
    """``models`` as one: inputs [n, K, d] to logits [n, K, C]. Their weights are copied.

    Raises ValueError for a layer that has no such form.
    """

    def __init__(self, models: Sequence[nn.Sequential]) -> None:
        super().__init__()
        self.k = len(models)
        names = [name for name, _ in models[0].named_children()]
        rows = {name: _wide([model.get_submodule(name) for model in models]) for name in names}
        self.layers = nn.ModuleDict({"input": nn.Identity(), **rows})

    def forward(self, x: Tensor, after: After | None = None) -> Tensor:
        """``after(layer, h)`` may replace an output h [n K, ...], the K rows of one n together.

        Its layers have the models' names, and "input" comes before them.
        """
        h = self._grouped(x)
        for name, layer in self.layers.items():
            h = layer(h)
            if after is not None:
                h = after(name, h.view(len(x) * self.k, -1, h.shape[2])).view_as(h)
        return h.view(len(x), self.k, -1)

    def features(self, x: Tensor) -> Tensor:
        """What goes into the last layer: [n, K, d]."""
        h = self._grouped(x)
        for layer in list(self.layers.values())[:-1]:
            h = layer(h)
        return h.view(len(x), self.k, -1)

    @property
    def classifiers(self) -> Tensor:
        """Weights of the last layers: [K, C, d]."""
        *_, last = self.layers.values()
        assert isinstance(last, nn.Conv1d)
        return last.weight.detach().view(self.k, -1, last.weight.shape[1])

    def _grouped(self, x: Tensor) -> Tensor:
        """K groups of channels: a curve of one channel each, or d numbers without a length."""
        first = next(m for m in self.modules() if isinstance(m, nn.Conv1d))
        return x.reshape(len(x), first.in_channels, -1)


def _wide(mates: Sequence[nn.Module]) -> nn.Module:
    """One layer that does what ``mates``, each on its group of channels, would do."""
    one, k = mates[0], len(mates)
    if isinstance(one, nn.Sequential):
        return nn.Sequential(*(_wide(row) for row in zip(*mates, strict=True)))
    if isinstance(one, nn.Flatten | nn.Unflatten):
        return nn.Identity()
    if not list(one.parameters()):
        return one
    made = _blank(one, k)
    for name, wide in made.state_dict(keep_vars=True).items():
        own = [mate.state_dict()[name] for mate in mates]
        wide.data = torch.cat(own).view_as(wide) if wide.ndim else own[0]
    return made


def _blank(one: nn.Module, k: int) -> nn.Module:
    """The layer that ``k`` like ``one`` become, without values; no random number is drawn."""
    blank = nn.utils.skip_init
    match one:
        case nn.Linear():
            return blank(nn.Conv1d, k * one.in_features, k * one.out_features, 1, groups=k)
        case nn.Conv1d(groups=1, dilation=(1,), bias=Tensor()):
            channels, window = (k * one.in_channels, k * one.out_channels), one.kernel_size
            moves = {"stride": one.stride, "padding": one.padding}
            return blank(nn.Conv1d, *channels, window, groups=k, **moves)
        case nn.BatchNorm1d():
            return blank(nn.BatchNorm1d, k * one.num_features)
        case nn.GroupNorm():
            return blank(nn.GroupNorm, k * one.num_groups, k * one.num_channels)
    raise ValueError(f"models: {type(one).__name__} has no form for many side by side")
