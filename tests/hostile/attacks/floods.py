"""Output without end, by every way out."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import ITS_EXERCISE, LOST, as_answer, flooded, in_cell

flood = {"harm": flooded, "deserves": ITS_EXERCISE, "control": "plain"}


@in_cell(**flood)
def print_gigabytes():
    for _ in range(300):
        print("x" * 10**6)


@in_cell(**flood)
def print_a_million_lines():
    for k in range(10**6):
        print("line", k)


@in_cell(**flood)
def complain_without_end():
    for _ in range(300):
        sys.stderr.write("x" * 10**6)


@in_cell(**flood)
def write_to_every_descriptor():
    for number in range(20):
        with contextlib.suppress(OSError):
            for _ in range(50):
                os.write(number, b"x" * 10**5)


@in_cell(**flood, caught=False, answer="")
def an_error_of_a_hundred_megabytes():
    raise ValueError("x" * 10**8)


@as_answer(flooded, LOST, "plain")
def print_in_every_call(grads):
    for _ in range(30):
        print("x" * 10**6)
    raise ValueError("x" * 10**7)


@as_answer(flooded, LOST, "plain")
def a_result_of_a_gigabyte(grads):
    print("x" * 10**7)
    return torch.zeros(2**27)
