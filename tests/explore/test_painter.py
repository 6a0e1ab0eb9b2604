"""The painter's picture: always the same size, small, and the same as a fresh drawing."""

import io

import numpy as np
import pytest
from PIL import Image

from imbal_lab.data import load
from imbal_lab.explore.painter import Painter
from imbal_lab.instruments import Recording
from imbal_lab.methods import METHODS
from imbal_lab.models import mlp
from imbal_lab.training import train

DATA = load("gauss2d_binary", rho=10, n_max=100, n_test=20)


@pytest.fixture(scope="module")
def run():
    return Recording.of(train(DATA, mlp([2, 8, 2], seed=0), METHODS["gd"].step, lr=0.1, steps=20))


def part(run, length):
    return Recording(*(column[:length] for column in run))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_size_is_constant(run):
    painter = Painter()
    pictures = [painter.paint("", None, DATA, 20)]
    pictures += [painter.paint(f"{k}", part(run, k), DATA, 20) for k in (1, 2, 21)]
    assert {pixels(png).shape for png in pictures} == {(*painter.size[::-1], 3)}
    assert len({bytes(png) for png in pictures}) == 4


def test_a_blitted_paint_equals_a_fresh_one(run):
    painter = Painter()
    for length in (3, 9, 15):
        painter.paint("same", part(run, length), DATA, 20)
    blitted = painter.paint("same", run, DATA, 20, part(run, 5))
    assert blitted == Painter().paint("same", run, DATA, 20, part(run, 5))


def test_it_is_small_and_stands_on_white(run):
    png = Painter().paint("", run, DATA, 20)
    assert Image.open(io.BytesIO(png)).mode == "P"
    assert len(png) < 60_000
    assert pixels(png)[0, 0].tolist() == [255, 255, 255]


def test_no_artists_pile_up(run):
    painter = Painter()
    painter.paint("", run, DATA, 20)
    before = [len(ax.get_children()) for ax in painter.figure.axes]
    for _ in range(5):
        painter.paint("", run, DATA, 20)
    assert [len(ax.get_children()) for ax in painter.figure.axes] == before


def test_panels_can_be_chosen(run):
    assert Painter(["loss", "recall"]).size[1] < Painter().size[1]
