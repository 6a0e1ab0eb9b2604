"""Prior shift against Bayes' rule on densities that are known, and against logit adjustment."""

import pytest
import torch
from torch.distributions import Normal

from imbal_lab.methods import logit_adjusted_loss, posthoc_logits, shifted_probabilities

TRAIN, TEST = torch.tensor([0.9, 0.1, 0.0]).double(), torch.tensor([0.2, 0.3, 0.5]).double()
COUNTS = torch.tensor([600, 30, 1]).double()


@pytest.fixture
def logits():
    return torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_it_is_the_posterior_of_the_new_mix():
    """Two normal densities: p at one mix, moved to another, is Bayes' rule there."""
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)[:, None]
    density = Normal(torch.tensor([-1.0, 1.0]).double(), 1.0).log_prob(x).exp()
    old, new = torch.tensor([0.99, 0.01]).double(), torch.tensor([0.3, 0.7]).double()

    def posterior(prior):
        return density * prior / (density @ prior)[:, None]

    torch.testing.assert_close(shifted_probabilities(posterior(old), old, new), posterior(new))


def test_to_equal_shares_it_is_post_hoc_logit_adjustment(logits):
    equal = torch.full((3,), 1 / 3, dtype=torch.float64)
    found = shifted_probabilities(logits.softmax(dim=1), COUNTS / COUNTS.sum(), equal)
    torch.testing.assert_close(found, posthoc_logits(logits, COUNTS).softmax(dim=1))


def test_from_equal_shares_inside_the_loss_it_is_the_logit_adjusted_loss(logits):
    equal = torch.full((3,), 1 / 3, dtype=torch.float64)
    y = torch.arange(50) % 3
    found = shifted_probabilities(logits.softmax(dim=1), equal, COUNTS / COUNTS.sum())
    loss = torch.nn.functional.nll_loss(found.log(), y)
    torch.testing.assert_close(loss, logit_adjusted_loss(logits, y, COUNTS))


def test_there_and_back_again(logits):
    probs, old, new = logits.softmax(dim=1), COUNTS / COUNTS.sum(), TEST
    back = shifted_probabilities(shifted_probabilities(probs, old, new), new, old)
    torch.testing.assert_close(back, probs)


def test_a_class_without_training_examples_gets_zero(logits):
    found = shifted_probabilities(logits.softmax(dim=1), TRAIN, TEST)
    assert not found[:, 2].any()
    torch.testing.assert_close(found.sum(dim=1), torch.ones(50, dtype=torch.float64))
