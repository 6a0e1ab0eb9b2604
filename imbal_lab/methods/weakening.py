"""The two formulas of Major Feature Weakening, in the size that learners write them.

What they mean, and what is not known of the paper's own, is in :mod:`~imbal_lab.methods.mfw`,
which calls them on inputs that it has looked at:

    lam_c = 1 - (1 - lam_min) (ln n_c - ln n_min) / (ln n_max - ln n_min)
    h_i <- lam_{y_i} h_i + (1 - lam_{y_i}) h_{p(i)}
"""

import torch
from torch import Tensor


def class_strengths(counts: Tensor, lam_min: float) -> Tensor:
    """lam [C]: the share of itself that an example of each class keeps.

    ``counts`` [C] holds the training examples of each class, all above zero. ``lam_min`` for
    the largest class, 1 for the smallest, and 1 for all where the counts are equal.

    >>> class_strengths(torch.tensor([5000, 500, 50]), lam_min=0.7)
    tensor([0.7000, 0.8500, 1.0000])
    """
    log_n = counts.log()
    above = log_n - log_n.min()
    if not above.any():
        return torch.ones_like(above)
    return 1 - (1 - lam_min) * above / above.max()


def weaken_features(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    """The mixed features [n, d]; the ones given stay as they are.

    ``features`` [n, d], ``y`` [n] labels, ``partner`` [n] row numbers of the same batch,
    ``strengths`` [C].

    >>> h, y = torch.tensor([[10.0], [0.0]]), torch.tensor([0, 1])
    >>> weaken_features(h, y, torch.tensor([1, 0]), strengths=torch.tensor([0.7, 1.0]))
    tensor([[7.],
            [0.]])
    """
    lam = strengths[y].unsqueeze(1)
    return lam * features + (1 - lam) * features[partner]
