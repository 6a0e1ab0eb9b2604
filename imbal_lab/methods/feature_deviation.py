"""Feature deviation of one class: how far its test features lie from its training features.

Ye, Chen, Zhan, Chao, 2020 (arXiv 2001.01385). With S_r the r-th of R draws of K training features
z of the class, and M test features z':

    dev = (1/R) sum_r || (1/K) sum_(i in S_r) z_i - (1/M) sum_j z'_j ||

Draw the same K for every class: the mean of few examples lies far from any other mean by chance
alone. One draw of all training examples gives the plain distance of the two means. For all
classes at once, with draws of its own and the null beside it, see
:mod:`imbal_lab.instruments.feature_deviation`.
"""

from torch import Tensor


def feature_deviation(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    """dev, a scalar: ``train`` [n, d], ``test`` [m, d], row numbers of ``train`` ``draws`` [R, K].

    >>> import torch
    >>> train, test = torch.tensor([[3.0, 4.0], [6.0, 8.0]]), torch.zeros(5, 2)
    >>> feature_deviation(train, test, torch.tensor([[0], [1]]))
    tensor(7.5000)
    """
    means = train[draws].mean(dim=1)  # [R, K, d] to [R, d]
    return (means - test.mean(dim=0)).norm(dim=1).mean()
