"""The vectorised recipe against the recipe step by step, and against the original's numbers."""

import numpy as np
import pytest
import torch
from scipy.interpolate import interp1d
from scipy.ndimage import gaussian_filter1d

from imbal_lab.data import load, mnist1d


def resampled(values, points):
    line = interp1d(np.linspace(0, 1, len(values)), values)
    return line(np.linspace(0, 1, points))


def one_by_one(label, uniform, normal):
    """One example as the paper tells it, with lists and SciPy."""
    zeros = 36 + int(uniform[0] * 25)
    padded = list(mnist1d.TEMPLATES[label] + 1e-8) + [0.0] * zeros  # marks what is not padding
    long = resampled(padded, 72) * (0.8 + 0.4 * uniform[1])
    long = np.roll(long, int(48 * uniform[2]))
    smooth = gaussian_filter1d(0.25 * normal[0], 2)
    noisy = np.array([h if h != 0 else s for h, s in zip(long, smooth, strict=True)])
    noisy = noisy + 0.02 * normal[1]
    slope = 0.75 * (uniform[3] - 0.5)
    return resampled(noisy - slope * np.linspace(-0.5, 0.5, 72), 40)


@pytest.mark.parametrize("label", range(10))
def test_curves_equal_the_recipe_step_by_step(label):
    rng = np.random.default_rng(label)
    uniform, normal = rng.random((25, 4)), rng.standard_normal((25, 2, 72))
    uniform[0], uniform[1] = 0.0, np.nextafter(1, 0)  # both ends of every range
    expected = [one_by_one(label, u, z) for u, z in zip(uniform, normal, strict=True)]
    assert np.allclose(mnist1d.curves(label, uniform, normal), expected, atol=1e-7)


def test_without_noise_the_template_is_there():
    """No padding noise, no shift, factor 1, no shear: the template, then zeros."""
    uniform = np.array([[0.0, 0.5, 0.0, 0.5]])
    for label, template in enumerate(mnist1d.TEMPLATES):
        curve = mnist1d.curves(label, uniform, np.zeros((1, 2, 72)))[0]
        where = np.arange(40) * 47 / 39  # 12 + 36 template points over 40
        expected = np.interp(where, np.arange(12), template, right=0.0)
        steepest = np.abs(np.diff(template)).max()
        assert np.abs(curve - expected).max() < steepest / 2  # corners are cut, nothing more


def test_templates_have_one_size_and_return_to_zero():
    assert np.allclose(mnist1d.TEMPLATES.std(1), 1 / 6)
    assert np.allclose(mnist1d.TEMPLATES[:, [0, -1]], 0)


def test_heights_are_distributed_as_in_the_original():
    """Quantiles of 10,000 examples made by the authors' package (mnist1d 0.0.2, seed 0)."""
    original = {0.01: -0.436, 0.1: -0.187, 0.5: -0.003, 0.9: 0.171, 0.99: 0.416}
    x = load("mnist1d").x.numpy() * mnist1d.SPREAD + mnist1d.MEAN
    for q, height in original.items():
        assert np.quantile(x, q) == pytest.approx(height, abs=0.008)


def test_constants_standardise():
    x = torch.cat([load("mnist1d", seed=seed).x for seed in (0, 1)])
    assert x.shape == (20_000, 40)
    assert x.mean().item() == pytest.approx(0, abs=0.01)
    assert x.std().item() == pytest.approx(1, abs=0.01)
