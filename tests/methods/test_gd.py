import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import class_gradients, gd_step


def test_equals_torch_sgd_on_the_mean_loss(model, batch, params_of, moved):
    """Five steps with class gradients, five with the library everyone trusts."""
    start, own = params_of(model), params_of(model)
    for _ in range(5):
        own = gd_step(own, class_gradients(moved(model, own), *batch, 3), 0.3)
    moved(model, start)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(5):
        optimizer.zero_grad()
        F.cross_entropy(model(batch[0]), batch[1]).backward()
        optimizer.step()
    torch.testing.assert_close(own, params_of(model), rtol=0, atol=1e-12)
    assert (own - start).norm() > 0.1


def test_by_hand():
    params, grads = torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0], [3.0, -2.0]])
    assert gd_step(params, grads, 0.5).tolist() == [-1.0, 3.0]
    assert params.tolist() == [1.0, 2.0]
