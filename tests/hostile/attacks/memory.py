"""More memory than a course needs. Zeroes that nobody looks at cost the machine nothing."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import in_cell, word_seen


@in_cell(word_seen)
def one_big_tensor():
    torch.empty(6 * 2**30, dtype=torch.uint8)
    tell()


@in_cell(word_seen)
def a_list_that_grows():
    kept = [bytes(2**28) for _ in range(24)]
    if len(kept) == 24:
        tell()


@in_cell(word_seen)
def shared_memory():
    mmap.mmap(-1, 2**31)
    tell()


@in_cell(word_seen)
def memory_as_a_file():
    os.ftruncate(os.memfd_create("hoard"), 2**33)
    tell()


@in_cell(word_seen)
def private_mapping():
    mmap.mmap(-1, 6 * 2**30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    tell()
