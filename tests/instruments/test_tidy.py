"""Recordings as tidy frames, one number a row."""

import pandas as pd
import pytest
import seaborn as sns
import torch
from matplotlib.figure import Figure

from imbal_lab.instruments import LoopRecording, Recorder

COLUMNS = ["step", "class", "other", "quantity", "value"]


def value(frame: pd.DataFrame, quantity: str, step: int, c: int, other: int | None = None) -> float:
    """The one number; fails if there is not exactly one."""
    rows = frame[(frame.quantity == quantity) & (frame.step == step) & (frame["class"] == c)]
    rows = rows[rows.other.isna() if other is None else rows.other == other]
    (number,) = rows.value
    return number


def test_every_number_of_a_recording_once(model, dataset):
    recorder = Recorder(model, dataset)
    for step in (0, 7):
        recorder.record(step)
    recording = recorder.recording()
    frame = recording.to_frame()
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 2 * (3 + 3 + 3 + 9)
    for t, step in enumerate((0, 7)):
        for c in range(3):
            for name in ("loss", "recall", "grad_norm"):
                assert value(frame, name, step, c) == getattr(recording, name)[t, c].item()
            for other in range(3):
                found = value(frame, "cosine", step, c, other)
                assert found == recording.cosine[t, c, other].item()


@pytest.fixture
def watched() -> LoopRecording:
    """Steps 4 and 6, gradients in 6; class 1 is absent in step 4 and class 0 in step 6."""
    numbers = torch.arange(4.0).reshape(2, 2)
    pairs = torch.arange(4.0).reshape(1, 2, 2)
    examples = torch.tensor([[3.0, 0.0], [0.0, 2.0]])
    return LoopRecording(
        torch.tensor([4, 6]), examples, numbers, numbers + 10, numbers + 20,
        torch.tensor([6]), numbers[:1], pairs, numbers[:1], numbers[:1], pairs,
    )  # fmt: skip


def test_an_absent_class_has_no_row(watched):
    frame = watched.to_frame()
    assert list(frame.columns) == COLUMNS
    there = [(4, 0), (6, 1)]
    for name in ("loss", "recall", "feature_norm"):
        rows = frame[frame.quantity == name]
        assert list(zip(rows.step, rows["class"], strict=True)) == there
        expected = [getattr(watched, name)[0, 0].item(), getattr(watched, name)[1, 1].item()]
        assert rows.value.tolist() == expected
    assert frame[frame.quantity == "grad_norm"][["step", "class"]].values.tolist() == [[6, 1]]
    cosine = frame[frame.quantity == "cosine"]
    assert cosine[["step", "class", "other", "value"]].values.tolist() == [[6, 1, 1, 3.0]]
    assert (frame.quantity == "examples").sum() == 4
    assert (frame.quantity == "repulsion").sum() == 2  # an absent class is pushed all the same
    assert value(frame, "component", 6, 0, 1) == 1.0


def test_without_gradients_there_are_none(watched):
    none = torch.zeros(0, 2)
    bare = watched._replace(
        grad_step=torch.zeros(0, dtype=torch.int64), grad_norm=none, cosine=torch.zeros(0, 2, 2),
        attraction=none, repulsion=none, component=torch.zeros(0, 2, 2),
    )  # fmt: skip
    assert set(bare.to_frame().quantity) == {"examples", "loss", "recall", "feature_norm"}


def test_seaborn_draws_it_in_one_line(watched):
    axes = Figure().subplots()
    frame = watched.to_frame()
    sns.lineplot(frame.query("quantity == 'examples'"), x="step", y="value", hue="class", ax=axes)
    drawn = [line.get_ydata().tolist() for line in axes.lines if len(line.get_ydata())]
    assert drawn == [[3.0, 0.0], [0.0, 2.0]]
