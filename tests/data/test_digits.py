"""Digits: the images are scikit-learn's, and the split uses all of them at most once."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from imbal_lab.data import load, make_digits


def test_images_are_scikit_learns_standardised_by_pixel():
    images, labels = load_digits(return_X_y=True)
    expected = torch.from_numpy(StandardScaler().fit_transform(images)).float()
    data = load("digits", classes=(3, 8), counts=(133, 124))
    assert data.counts == (133, 124)
    for rank, digit in enumerate((3, 8)):
        ours = torch.cat([data.x[data.y == rank], data.x_test[data.y_test == rank]])
        theirs = expected[torch.from_numpy(labels == digit)]
        # The same images in another order: distances from ours to the nearest of theirs.
        nearest = torch.cdist(ours, theirs).min(1)
        assert nearest.values.max() < 1e-2
        assert len(set(nearest.indices.tolist())) == len(theirs)


def test_test_size_does_not_change_the_training_images():
    small, large = load("digits", n_test=5), load("digits", n_test=50)
    assert torch.equal(small.x, large.x)


def test_defaults_fit_every_digit():
    for seed in range(3):
        assert load("digits", seed=seed).counts == (120,) * 10


def test_the_embedded_file_is_made_from_scikit_learns_copy(tmp_path):
    make_digits.make(tmp_path / "digits.npz")
    made, kept = (
        np.load(tmp_path / "digits.npz"),
        np.load(make_digits.__file__.replace("make_digits.py", "digits.npz")),
    )
    images, labels = load_digits(return_X_y=True)
    for stored in (made, kept):
        assert np.array_equal(stored["images"], images)
        assert np.array_equal(stored["labels"], labels)
