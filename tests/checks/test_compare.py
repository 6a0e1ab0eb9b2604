"""Where two results part: the borders of the tolerance, and what is said of odd values."""

import pytest
import torch

from imbal_lab.checks import Other
from imbal_lab.checks.compare import difference, equal

NAN, INF = float("nan"), float("inf")
AXES = ("class", "parameter")


def t(rows, dtype=torch.float64):
    return torch.tensor(rows, dtype=dtype)


@pytest.mark.parametrize(
    ("expected", "got", "text"),
    [
        # equal
        (t([[1.0, 2.0]]), t([[1.0, 2.0]]), None),
        (t([[NAN, 2.0]]), t([[NAN, 2.0]]), None),
        (t([[INF, -INF]]), t([[INF, -INF]]), None),
        (torch.zeros(0, 3), torch.zeros(0, 3), None),
        (torch.zeros(2, 0), torch.zeros(2, 0), None),
        (t([[3.0, 0.0]]), t([[3, 0]], torch.int64), None),
        # a value
        (t([[1.0, 2.0]]), t([[1.0, 2.5]]), "class 0, parameter 1: expected 2, got 2.5"),
        (t([[1.0], [2.0]]), t([[1.0], [-2.0]]), "class 1, parameter 0: expected 2, got -2"),
        (t([[1 / 3, 0.0]]), t([[0.0, 1.0]]), "class 0, parameter 0: expected 0.3333, got 0"),
        (t([[1.0, 2.0]]), t([[1.0, NAN]]), "class 0, parameter 1: expected 2, got nan"),
        (t([[NAN, 2.0]]), t([[0.0, 2.0]]), "class 0, parameter 0: expected nan, got 0"),
        (t([[1.0, 2.0]]), t([[1.0, INF]]), "class 0, parameter 1: expected 2, got inf"),
        (t([[INF, 2.0]]), t([[-INF, 2.0]]), "class 0, parameter 0: expected inf, got -inf"),
        (t([[INF, 2.0]]), t([[INF, 2.1]]), "class 0, parameter 1: expected 2, got 2.1"),
        (t([[0.0, 0.0]]), t([[0.0, 1e-9]]), "class 0, parameter 1: expected 0, got 1e-09"),
        # a shape
        (
            t([[1.0, 2.0]]),
            t([[1.0], [2.0]]),
            "expected a tensor of shape [1, 2], got a tensor of shape [2, 1]",
        ),
        (
            torch.zeros(2, 3),
            torch.zeros(0, 3),
            "expected a tensor of shape [2, 3], got a tensor of shape [0, 3]",
        ),
        (t([[1.0]]), t(1.0), "expected a tensor of shape [1, 1], got a number"),
        (
            t([[1.0]]),
            t([[[1.0]]]),
            "expected a tensor of shape [1, 1], got a tensor of shape [1, 1, 1]",
        ),
        # another kind of value
        (t([[1.0]]), None, "expected a tensor of shape [1, 1], got None"),
        (t([[1.0]]), Other("list"), "expected a tensor of shape [1, 1], got the type list"),
        (t([[1.0]]), Other("ndarray"), "expected a tensor of shape [1, 1], got the type ndarray"),
        (t([[1.0]]), t([[1.0]], torch.complex64), "expected real numbers, got complex ones"),
    ],
)
def test_where_they_part(expected, got, text):
    assert difference(expected, got, AXES) == text


@pytest.mark.parametrize(
    ("expected", "got", "text"),
    [
        (t(4.0), t(4.0), None),
        (t(4.0), t(5.0), "the result: expected 4, got 5"),
        (t(4.0), t([4.0]), "expected a number, got a tensor of shape [1]"),
        (t(4.0), Other("str"), "expected a number, got the type str"),
    ],
)
def test_a_single_number_has_no_axes(expected, got, text):
    assert difference(expected, got, ()) == text


BORDERS = [
    (torch.float64, 1e-5),
    (torch.float32, 1e-4),
    (torch.float16, 1e-4),  # half precision earns no more
    (torch.bfloat16, 1e-4),
]


@pytest.mark.parametrize(("dtype", "tolerance"), BORDERS)
def test_the_tolerance_is_that_of_the_coarser_dtype(dtype, tolerance):
    """Entries 0 and 1: errors count relative to the largest entry of the row, here 8."""
    result = torch.zeros(1, 2, dtype=dtype)
    for sign in (-1, 1):
        for share, fits in ((0.9, True), (1.1, False)):
            expected = t([[sign * 8 * tolerance * share, 8.0]])
            result[0, 1] = 8.0
            assert (difference(expected, result, AXES) is None) is fits
            assert (difference(result, expected, AXES) is None) is fits


def test_a_loud_row_does_not_excuse_a_quiet_one():
    expected = t([[1e6, 1e6], [1e-6, 1e-6]])
    got = expected.clone()
    got[1, 0] *= 1.001
    assert difference(expected, got, AXES) == "class 1, parameter 0: expected 1e-06, got 1.001e-06"


def test_a_row_of_zeros_leaves_room_for_rounding_only():
    zeros = torch.zeros(1, 2, dtype=torch.float64)
    assert difference(zeros, zeros + 9e-13, AXES) is None
    assert difference(zeros, zeros + 2e-12, AXES) is not None
    assert difference(zeros, zeros.float() + 2e-12, AXES) is not None


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.uint8, torch.int8, torch.int64, torch.float16, torch.bfloat16],
    ids=str,
)
def test_every_dtype_has_words(dtype):
    """The entry is there as a number, whatever it was stored as."""
    got = torch.ones(1, 2, dtype=dtype)
    assert difference(t([[1.0, 1.0]]), got, AXES) is None
    text = difference(t([[1.0, 5.0]]), got, AXES)
    assert text == "class 0, parameter 1: expected 5, got 1"


def test_shapes_are_compared_before_any_number_is_touched():
    """These would take exabytes if anything were computed."""
    huge = torch.zeros(1).expand(2**60)
    assert "got a tensor of shape" in difference(t([[1.0]]), huge, AXES)
    assert not equal(huge, t([1.0]))


def test_of_a_tensor_with_many_axes_the_first_are_named():
    text = difference(t([[1.0]]), torch.zeros([1] * 60), AXES)
    assert text.endswith("got a tensor of shape [1, 1, 1, 1, 1, 1, 1, 1, ...]")


def test_equal_takes_any_two_shapes():
    assert equal(t([[1.0]]), t([[1.0]]))
    assert not equal(t([[1.0]]), t([1.0]))
    assert not equal(t([[1.0]]), t([[1.0 + 1e-4]]))
    assert not equal(t([[1.0]]), t([[1.0]], torch.complex64))
    assert not equal(t([[1.0]], torch.complex64), t([[1.0]], torch.complex64))
    assert equal(t([[NAN]]), t([[NAN]], torch.float32))
