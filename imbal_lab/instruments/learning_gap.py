"""Learning gap: how far the frequent classes run ahead while a network trains.

Ye, Zhan, Chao, ICCV 2021 (arXiv 2104.01769), compare the training accuracy of major and minor
classes over the epochs. One number for it, the course's own:

    gap AUC = mean over epochs of (mean accuracy of the major - of the minor classes)

Measure on the training set as it is, in eval mode: neither mixed nor augmented. 0 is equal
progress, which is not yet a good network; 1 means that no minor class was ever learnt.
"""

from torch import Tensor


def accuracy_gap(accuracy: Tensor, num_major: int) -> Tensor:
    """``accuracy`` [T, C] over epochs and classes -> gap [T]; ranks below ``num_major`` are major.

    Raises ValueError unless some classes are major and some are minor.

    >>> import torch
    >>> accuracy_gap(torch.tensor([[0.9, 0.7, 0.0, 0.2], [1.0, 1.0, 0.8, 0.8]]), num_major=2)
    tensor([0.7000, 0.2000])
    """
    major, minor = major_minor(accuracy, num_major)
    return major - minor


def gap_auc(accuracy: Tensor, num_major: int) -> Tensor:
    """The gap AUC, a scalar, of ``accuracy`` [T, C]; see :func:`accuracy_gap`."""
    return accuracy_gap(accuracy, num_major).mean()


def major_minor(values: Tensor, num_major: int) -> tuple[Tensor, Tensor]:
    """Means over the major and over the minor classes of ``values`` [T, C]: [T] each."""
    if values.ndim != 2 or not 0 < num_major < values.shape[1]:
        raise ValueError(
            f"num_major={num_major!r} with values of shape {tuple(values.shape)}: give [T, C], one "
            "row an epoch, and 0 < num_major < C"
        )
    return values[:, :num_major].mean(dim=1), values[:, num_major:].mean(dim=1)
