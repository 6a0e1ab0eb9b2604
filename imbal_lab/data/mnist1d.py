"""Ten curves of 40 points that stand for the ten digits, after MNIST-1D.

Greydanus and Kobak, "Scaling down deep learning with MNIST-1D" (ICML 2024, arXiv 2011.14439).
The templates and the recipe's numbers are theirs (Apache-2.0, see NOTICE); the code is our own
and makes any number of examples at once. One example: pad the template with a random number of
zeros, stretch to 72 points, scale, rotate to a random place, fill the padding with smooth noise,
add white noise, shear, resample to 40 points, standardise with the constants below.
"""

import numpy as np

from imbal_lab.data.source import Source, generated

# Twelve heights for each digit, as published.
_HEIGHTS = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
# Every curve has spread 1/6 and starts and ends at height 0.
TEMPLATES = (_HEIGHTS - _HEIGHTS[:, :1]) / (6 * _HEIGHTS.std(1, keepdims=True))  # [10, 12]

PADDING = (36, 60)  # zeros after the template, both ends possible
LENGTH = 72  # points while the example is made
POINTS = 40  # points of the finished example
SCALE = 0.4  # factor between 1 - SCALE/2 and 1 + SCALE/2
SHIFTS = 48  # places to rotate to
SMOOTH_NOISE, SMOOTH_WIDTH = 0.25, 2  # size before smoothing; width of the Gaussian filter
WHITE_NOISE = 0.02
SHEAR = 0.75  # slope between -SHEAR/2 and SHEAR/2 over the whole length

# Mean and spread of all heights in a balanced set of a million examples.
MEAN, SPREAD = -0.00603, 0.1547


def curves(label: int, uniform: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Examples of one digit from their random numbers, not yet standardised: [n, 40].

    `uniform` [n, 4] in [0, 1) sets padding, scale, place and shear; `normal` [n, 2, 72] is the
    smooth and the white noise (zeros give the bare curve).
    """
    low, high = PADDING
    template = np.append(TEMPLATES[label], 0.0)
    stretch = (template.size - 2 + low + np.floor(uniform[:, :1] * (high - low + 1))) / (LENGTH - 1)
    shift = np.floor(uniform[:, 2:3] * SHIFTS)
    place = (np.arange(LENGTH) - shift) % LENGTH * stretch  # [n, 72], in template points
    scale = 1 + SCALE * (uniform[:, 1:2] - 0.5)
    heights = scale * np.interp(place, np.arange(template.size), template)

    smooth = SMOOTH_NOISE * _smoothed(normal[:, 0])
    x = np.where(place < template.size - 1, heights, smooth) + WHITE_NOISE * normal[:, 1]
    x -= SHEAR * (uniform[:, 3:] - 0.5) * np.linspace(-0.5, 0.5, LENGTH)
    return _resampled(x)


# Sums over shifted copies, no matrix product: a threaded BLAS takes 20 times as long for these
# small ones on a busy machine.
def _smoothed(x: np.ndarray) -> np.ndarray:
    """Gaussian filter along the rows, cut at four widths, mirrored at both ends."""
    reach = 4 * SMOOTH_WIDTH
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTH_WIDTH) ** 2)
    weights /= weights.sum()
    mirrored = np.pad(x, ((0, 0), (reach, reach)), mode="symmetric")
    return sum(w * mirrored[:, k : k + LENGTH] for k, w in enumerate(weights))


def _resampled(x: np.ndarray) -> np.ndarray:
    """Linear interpolation from 72 to 40 points, both ends kept: [n, 72] -> [n, 40]."""
    place = np.linspace(0, LENGTH - 1, POINTS)
    left = np.minimum(place.astype(int), LENGTH - 2)
    share = place - left
    return (1 - share) * x[:, left] + share * x[:, left + 1]


def _sample(label: int, n: int, rng: np.random.Generator) -> np.ndarray:
    # Two streams, each read example by example: the first examples do not depend on n.
    settings, noise = rng.spawn(2)
    x = curves(label, settings.random((n, 4)), noise.standard_normal((n, 2, LENGTH)))
    return (x - MEAN) / SPREAD


MNIST1D = Source(
    name="mnist1d",
    class_names=tuple("0123456789"),
    hard_order=(6, 0, 3, 8, 7, 5, 2, 9, 1, 4),  # recall of a balanced MLP, 5 seeds
    n_max=1000,
    n_test=200,
    make=generated(_sample),
)
