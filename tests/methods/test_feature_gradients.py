"""Feature gradients against autograd, one example at a time; more in tests/instruments."""

import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import feature_gradients


def test_class_means_of_lengths_by_autograd():
    generator = torch.Generator().manual_seed(5)
    z = torch.randn(7, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 3, 0, 1, 1, 0, 3])
    lengths = []
    for i in range(7):
        (grad,) = torch.autograd.grad(F.cross_entropy((z @ weight.T)[i : i + 1], y[i : i + 1]), z)
        lengths.append(grad[i].norm())
    rows = ([0, 2, 5], [3, 4], [], [1, 6], [])
    expected = [sum(lengths[i] for i in own) / max(len(own), 1) for own in rows]
    found = feature_gradients((z @ weight.T).detach(), y, weight)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))
