"""MFW: Major Feature Weakening, so that frequent classes are not learnt first.

Ye, Zhan, Chao, "Procrustean Training for Imbalanced Deep Learning", ICCV 2021 (arXiv
2104.01769). Of the paper, its abstract: the *features* of major-class examples are mixed with
those of other data in the mini-batch, which weakens them on purpose. The formula is the
course's reading of that sentence; the paper's exact schedule, layers and partner are not known
to us. With h_i the output of one named layer, another example p(i) of the batch drawn at
random, and n_c training examples in class c:

    h_i <- lam_{y_i} h_i + (1 - lam_{y_i}) h_{p(i)}
    lam_c = 1 - (1 - lam_min) (ln n_c - ln n_min) / (ln n_max - ln n_min)

so lam_c is lam_min for the largest class, 1 (untouched) for the smallest, and 1 for all where
the counts are equal. The label stays y_i; :mod:`~imbal_lab.methods.mixed_labels` mixes it too.

Traps. Where the gain was found here, on a small CNN, the layer was an early one (the first block
or the input) and the network had batch normalisation; after the later blocks, and with group
normalisation, there was none, and in an MLP on digits every layer lost. The counts are those of
the training set, not of the batch. The mixing is for training only: in eval mode nothing is mixed
and no random number drawn. A weakened example sends a share (1 - lam) of its gradient into its
partner, so the loss of one class depends on the others' inputs, and per-class gradients take the
slow, exact road.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.methods.loss_inputs import Counts, as_counts, check_labels, readable
from imbal_lab.methods.named_layer import named_layer
from imbal_lab.methods.weakening import class_strengths, weaken_features

Mix = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def mfw_strengths(counts: Counts, lam_min: float = 0.7) -> Tensor:
    """lam [C] in double precision, of training examples per class [C]: the share each keeps.

    ``lam_min`` in [0.5, 1]; below one half the partner would outweigh the example itself.
    Raises ValueError otherwise, and for counts below one.

    >>> mfw_strengths((5000, 500, 50), lam_min=0.7)
    tensor([0.7000, 0.8500, 1.0000], dtype=torch.float64)
    """
    if not 0.5 <= lam_min <= 1:
        raise ValueError(f"lam_min={lam_min!r}: use 0.5 <= lam_min <= 1, such as 0.7")
    return class_strengths(as_counts(counts), lam_min)


def weaken(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    """The mixed features, as many as before: ``features`` [n, ...], ``y`` [n] labels,
    ``partner`` [n] row numbers of the batch, ``strengths`` [C]. The input is left as it is.

    Raises ValueError for labels or partners that do not fit the features, or are out of range.

    >>> h, y = torch.tensor([[10.0], [0.0]]), torch.tensor([0, 1])
    >>> weaken(h, y, partner=torch.tensor([1, 0]), strengths=torch.tensor([0.7, 1.0]))
    tensor([[7.],
            [0.]])
    """
    _check_rows(y, features)
    check_labels(y, len(strengths))
    check_partner(partner, len(y))
    return _mixed(weaken_features, features, y, partner, strengths)


def check_partner(partner: Tensor, n: int) -> None:
    """ValueError unless ``partner`` holds ``n`` row numbers of a batch of ``n``."""
    if partner.shape != (n,):
        raise ValueError(
            f"partner: shape {tuple(partner.shape)}, but there are {n} examples; give one row "
            "number for each"
        )
    if readable(partner) and not ((partner >= 0) & (partner < n)).all():
        raise ValueError(
            f"partner: {partner.tolist()}; the row numbers of {n} examples are 0 to {n - 1}"
        )


def _mixed(mix: Mix, features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    """``mix`` of the features as rows [n, d], in the shape that they came in."""
    flat = features.flatten(1)
    rows = mix(flat, y, partner, strengths.to(features))
    if not isinstance(rows, Tensor) or rows.shape != flat.shape:
        gave = list(rows.shape) if isinstance(rows, Tensor) else type(rows).__name__
        raise ValueError(f"features: must return a tensor of shape {list(flat.shape)}, gave {gave}")
    if flat.requires_grad and not rows.requires_grad:
        raise ValueError(
            "features: came back cut off from those given, so the layers before could not learn; "
            "leave out detach(), no_grad() and numpy"
        )
    return rows.view_as(features)


class MajorFeatureWeakening(nn.Module):
    """Weakens the output of ``layer`` while ``model`` trains; the model's code stays as it is.

    ``layer`` is a name out of ``model.named_modules()`` whose output is one tensor [n, ...];
    ``counts`` [C] and ``lam_min`` as in :func:`mfw_strengths`. Tell the labels of each batch
    before the forward pass; they serve for one pass. ``partner`` [n] is that of the last
    training batch, None after a pass in eval mode (the model's mode counts, not ours). Another
    function ``mix(features [n, d], y, partner, strengths) -> [n, d]`` may stand in for
    :func:`weaken_features`, and other ``strengths`` [C] be copied into ours.

    In a loop you did not write, tell the labels from its callback: ``on_batch_begin`` of
    skorch and ``on_train_batch_start`` of Lightning get the batch. ``remove()``, or the end of
    a ``with`` block, leaves the model as before. Partners come from a generator of our own,
    whose state is in ``state_dict()``. A deep copy or pickle of the model takes a weakening of
    its own along; copy ``(model, weakening)`` together to hold on to it.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> weakening = MajorFeatureWeakening(model, layer="0", counts=(90, 10))
    >>> for x, y in [(torch.ones(3, 4), torch.tensor([0, 1, 0]))]:
    ...     weakening.tell(y)
    ...     nn.functional.cross_entropy(model(x), y).backward()
    """

    strengths: Tensor

    def __init__(
        self,
        model: nn.Module,
        layer: str,
        counts: Counts,
        lam_min: float = 0.7,
        seed: int = 0,
        mix: Mix = weaken_features,
    ) -> None:
        super().__init__()
        self.register_buffer("strengths", mfw_strengths(counts, lam_min).float())
        self.partner: Tensor | None = None
        self._told: Tensor | None = None
        self._mix = mix
        self._generator = torch.Generator().manual_seed(seed)
        self._model = (model,)  # in a tuple, so that its parameters are not ours as well
        self._hook = named_layer(model, layer).register_forward_hook(self._after_layer)

    def tell(self, y: Tensor) -> None:
        """``y`` [n], the labels of the batch that comes next; ValueError if out of range."""
        check_labels(y, len(self.strengths))
        self._told = y

    def remove(self) -> None:
        """Take the hook off the model again."""
        self._hook.remove()
        self._told = self.partner = None

    def __enter__(self) -> "MajorFeatureWeakening":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def get_extra_state(self) -> Tensor:
        """The generator's state, for ``state_dict()``."""
        return self._generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        """The generator's state, from ``load_state_dict()``."""
        self._generator.set_state(state.cpu())

    def _after_layer(self, layer: nn.Module, inputs: Any, features: Tensor) -> Tensor | None:
        self.partner = None
        if not self._model[0].training:
            return None  # the layer's output, as it is
        y, self._told = self._told, None
        if y is None:
            raise RuntimeError(
                "labels: the model was called in training mode without them; call tell(y) before "
                "each forward pass, model.eval() to measure, or remove() to stop"
            )
        _check_rows(y, features)
        self.partner = self._draw_partner(len(y)).to(features.device)
        return _mixed(self._mix, features, y, self.partner, self.strengths)

    def _draw_partner(self, n: int) -> Tensor:
        """Each row's partner in a random ring through the batch, so nobody is its own."""
        ring = torch.randperm(n, generator=self._generator)
        return torch.empty_like(ring).scatter_(0, ring, ring.roll(1))


def _check_rows(y: Tensor, features: Any) -> None:
    if not isinstance(features, Tensor) or features.ndim < 2:
        found = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(
            f"features: {found}; weaken a layer whose output is one tensor with a row an "
            "example, [n, ...]"
        )
    if y.shape != features.shape[:1]:
        raise ValueError(
            f"y: shape {tuple(y.shape)}, but the features hold {len(features)} examples; give one "
            f"label for each, [{len(features)}]"
        )
