"""Gradient descent, written with class gradients so that it can be compared.

theta_{t+1} = theta_t - lr * sum_l g_l          (full batch; sum_l g_l = grad f)
"""

from torch import Tensor


def gd_step(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    """The parameters after one step of gradient descent.

    ``params`` [P] flat, ``grads`` [C, P] from :func:`class_gradients`; returns [P].
    """
    return params - lr * grads.sum(dim=0)
