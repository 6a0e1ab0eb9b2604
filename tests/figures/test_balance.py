"""The pictures of two losses over seeds say what they were given."""

import pytest
import torch

from imbal_lab.figures.balance import balance, interval
from imbal_lab.figures.two_losses import two_losses

COUNTS = (120, 77, 50, 32, 21, 13, 8, 5, 3, 2)


def test_interval_is_that_of_the_mean():
    mean, half = interval(torch.tensor([[1.0, 4.0], [2.0, 4.0], [3.0, 4.0]]))
    assert mean.tolist() == [2, 4]
    assert half.tolist() == pytest.approx([4.302653 / 3**0.5, 0], abs=1e-5)  # t at 2 degrees


def test_three_panels_with_both_losses():
    generator = torch.Generator().manual_seed(0)
    ratios = {name: 1 + torch.rand(4, 10, generator=generator) for name in ("plain", "own")}
    slopes = {name: torch.rand(4, 7, generator=generator) for name in ("plain", "own")}
    recalls = {name: torch.rand(4, 10, generator=generator) for name in ("plain", "own")}
    left, middle, right = balance(COUNTS, ratios, slopes, recalls).axes
    by_name = {line.get_label(): line for line in left.lines}
    for name, ratio in ratios.items():
        expected = ratio.double().log().mean(dim=0).exp()
        assert by_name[name].get_xdata().tolist() == list(COUNTS)
        assert by_name[name].get_ydata() == pytest.approx(expected.numpy(), rel=1e-6)
    by_name = {line.get_label(): line for line in middle.lines}
    assert by_name["own"].get_ydata() == pytest.approx(slopes["own"].mean(dim=0).numpy())
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["plain", "own"]
    assert {text.get_text() for text in right.texts} == {"many", "medium", "few"}


def test_a_panel_a_measure():
    values = {"plain": torch.zeros(3, 5), "own": torch.ones(3, 5)}
    figure = two_losses(100, {"Mean IoU": values, "Mean recall": values})
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Mean IoU", "Mean recall"]
    plain, own = figure.axes[1].lines
    assert plain.get_xdata().tolist() == [0, 100, 200, 300, 400]
    assert own.get_ydata().tolist() == [1] * 5
    assert {text.get_text() for text in figure.axes[0].get_legend().get_texts()} == {"plain", "own"}
