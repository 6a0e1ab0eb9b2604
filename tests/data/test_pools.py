import numpy as np
import pytest

from imbal_lab.data.pools import from_one_pool, from_two_pools

POOL = np.arange(20)


def rng():
    return np.random.default_rng(5)


def test_one_pool_is_used_at_most_once_and_from_both_ends():
    train, test = from_one_pool(POOL, 15, 5, rng(), "numbers")
    assert sorted([*train, *test]) == list(POOL)
    assert np.array_equal(from_one_pool(POOL, 4, 5, rng(), "numbers")[0], train[:4])
    assert np.array_equal(from_one_pool(POOL, 15, 2, rng(), "numbers")[0], train)
    assert np.array_equal(from_one_pool(POOL, 15, 2, rng(), "numbers")[1], test[3:])
    assert list(train) != sorted(train)


def test_two_pools_keep_to_their_own():
    train, test = from_two_pools(POOL, POOL + 100, 20, 3, rng(), "numbers")
    assert sorted(train) == list(POOL)
    assert list(test) == [100, 101, 102]
    assert np.array_equal(from_two_pools(POOL, POOL, 4, 1, rng(), "numbers")[0], train[:4])


@pytest.mark.parametrize(
    ("function", "sizes", "message"),
    [
        (from_one_pool, (1, 20), r"n_test asks for 20 test numbers, one kept .* at most 19"),
        (from_one_pool, (16, 5), r"n_max.* asks for 16 training numbers \(20 in all.*at most 15"),
    ],
)
def test_too_many(function, sizes, message):
    with pytest.raises(ValueError, match=message):
        function(POOL, *sizes, rng(), "numbers")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((21, 1), r"n_max .*asks for 21 training numbers, and there are 20; use at most 20"),
        ((1, 8), r"n_test asks for 8 test numbers, and there are 7; use at most 7"),
    ],
)
def test_too_many_of_two(sizes, message):
    with pytest.raises(ValueError, match=message):
        from_two_pools(POOL, POOL[:7], *sizes, rng(), "numbers")
