"""Recalls and macro-F1 against scikit-learn, and what each does when the mix changes."""

import pytest
import torch
from sklearn.metrics import f1_score, recall_score

from imbal_lab.instruments import class_means
from imbal_lab.methods import class_recalls, macro_f1


def drawn(seed, n=60, classes=5, num_classes=7):
    """Guesses and labels in which the last classes do not occur."""
    generator = torch.Generator().manual_seed(seed)
    return (*torch.randint(classes, (2, n), generator=generator), num_classes)


@pytest.mark.parametrize("seed", range(20))
def test_as_scikit_learn_with_all_labels_named(seed):
    guesses, y, num_classes = drawn(seed, n=8 + 10 * seed)
    named = {"labels": range(num_classes), "zero_division": 0}
    recalls = recall_score(y, guesses, average=None, **named)
    torch.testing.assert_close(class_recalls(guesses, y, num_classes), torch.from_numpy(recalls))
    f1 = f1_score(y, guesses, average="macro", **named)
    assert macro_f1(guesses, y, num_classes).item() == pytest.approx(f1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_recalls_are_the_class_means_of_the_hits_to_the_last_bit(dtype):
    """So measurements in single precision did not change when they came to use this."""
    for seed in range(200):
        guesses, y, num_classes = drawn(seed, n=5 + 7 * seed)
        hits = class_means((guesses == y).to(dtype), y, num_classes)
        assert torch.equal(class_recalls(guesses, y, num_classes).to(dtype), hits)


def test_by_hand():
    y = torch.tensor([0] * 4 + [1] * 2)
    guesses = torch.tensor([0, 0, 0, 1, 1, 0])
    assert class_recalls(guesses, y, 2).tolist() == [0.75, 0.5]
    assert macro_f1(guesses, y, 2).item() == pytest.approx((0.75 + 0.5) / 2)  # P = R here


def test_the_recalls_do_not_see_the_mix_and_f1_does():
    """Nine more copies of every example of class 0: the same classifier, another mix."""
    y, guesses = torch.tensor([0, 0, 0, 0, 1, 1]), torch.tensor([0, 0, 0, 1, 1, 1])
    copies = torch.where(y == 0, 10, 1)
    more = guesses.repeat_interleave(copies), y.repeat_interleave(copies)
    assert torch.equal(class_recalls(guesses, y, 2), class_recalls(*more, 2))
    assert macro_f1(*more, 2) < macro_f1(guesses, y, 2) - 0.1
