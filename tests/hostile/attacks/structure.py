"""Notebooks whose cells and metadata say what is not so."""

import copy

from attacks.attack import (
    ITS_OWN,
    LOST,
    RIGHT,
    WRONG,
    as_notebook,
    cell,
    changed,
    not_ended,
    overpaid,
    paid,
    secret_seen,
    with_answer,
)

LIE = {"name": "stdout", "output_type": "stream", "text": "✓ unit_directions: shown."}


def code(id: str, source: str) -> dict:
    made = {"cell_type": "code", "id": id, "metadata": {}, "source": source}
    return made | {"execution_count": None, "outputs": []}


def place_of(notebook: dict, id: str) -> int:
    return notebook["cells"].index(cell(notebook, id))


@as_notebook(overpaid, LOST, "trusting")
def points_in_the_metadata(notebook, here):
    cell(notebook, "answer-unit_directions")["source"] = WRONG
    for of in ("imbalance_ratio", "pcngd_step"):
        cell(notebook, f"check-{of}")["metadata"]["nbgrader"]["points"] = 1000


@as_notebook(paid, LOST, "trusting")
def a_check_that_checks_nothing(notebook, here):
    cell(notebook, "answer-unit_directions")["source"] = WRONG
    cell(notebook, "check-unit_directions")["source"] = "print('all right')"


@as_notebook(paid, LOST, "trusting")
def another_function_called_check(notebook, here):
    cell(notebook, "answer-unit_directions")["source"] = "check = lambda *a, **k: None\n" + WRONG


@as_notebook(overpaid, LOST, "trusting")
def the_same_check_many_times(notebook, here):
    cell(notebook, "answer-unit_directions")["source"] = WRONG
    at = place_of(notebook, "check-imbalance_ratio")
    for k in range(5):
        copied = copy.deepcopy(notebook["cells"][at])
        copied["id"] += f"-{k}"
        notebook["cells"].insert(at + 1, copied)


@as_notebook(paid, LOST, "trusting")
def the_check_of_another_exercise(notebook, here):
    """The grade id of one check on the call of another."""
    cell(notebook, "answer-unit_directions")["source"] = WRONG
    cell(notebook, "check-unit_directions")["source"] = 'check("imbalance_ratio", points=2)'


@as_notebook(overpaid, LOST, "trusting")
def outputs_that_claim_points(notebook, here):
    cell(notebook, "answer-unit_directions")["source"] = WRONG
    of = cell(notebook, "check-unit_directions")
    of["outputs"] = [copy.deepcopy(LIE)]
    of["metadata"]["nbgrader"] |= {"points": 2, "checksum": "0" * 32, "grade": False}
    report = {"exercise": "unit_directions", "state": "done", "score": 2.0, "points": 2.0}
    mime = {"application/vnd.imbal-lab.check+json": report}
    of["outputs"].append({"output_type": "display_data", "data": mime, "metadata": {}})
    cell(notebook, "check-pcngd_step")["metadata"]["nbgrader"]["points"] = 90


@as_notebook(paid, LOST, "trusting")
def a_cell_in_between_that_replaces_the_check(notebook, here):
    cell(notebook, "answer-unit_directions")["source"] = WRONG
    at = place_of(notebook, "check-unit_directions")
    notebook["cells"].insert(at, code("swap", "check = lambda *a, **k: None"))


@as_notebook(changed)
def a_kernel_that_is_a_command(notebook, here):
    with_answer(notebook, here, RIGHT + f"\nopen({here.outside + '/kernel'!r}, 'w')")
    notebook["metadata"]["kernelspec"] = {
        "argv": ["/bin/sh", "-c", f"touch {here.outside}/kernelspec"],
        "name": "../../../../bin/sh",
        "display_name": "x",
        "language": "bash",
    }
    source = cell(notebook, "answer-unit_directions")["source"]
    cell(notebook, "answer-unit_directions")["source"] = source.replace(
        "\nopen(", "\nimport contextlib\nwith contextlib.suppress(OSError): open("
    )


@as_notebook(changed)
def magics_that_write(notebook, here):
    with_answer(notebook, here, RIGHT)
    for k, source in enumerate(
        (
            f"%%writefile {here.outside}/magic\nhere",
            f"%%file {here.outside}/magic\nhere",
            f"%%sh\ntouch {here.outside}/magic",
            f"%system touch {here.outside}/magic",
            f"%save -f {here.outside}/saved.py 1",
            f"%logstart {here.outside}/log.py",
            f"%bookmark here {here.outside}",
        )
    ):
        notebook["cells"].insert(1, code(f"magic-{k}", source))


@as_notebook(secret_seen)
def magics_that_read(notebook, here):
    with_answer(notebook, here, RIGHT)
    for k, source in enumerate(
        (
            f"%load {here.diary}",
            f"%run {here.diary}",
            f"%cat {here.diary}",
            f"%pycat {here.diary}",
            f"%sx cat {here.diary}",
            "%env",
            f"!!cat {here.diary}",
            f"%load_ext {here.diary}",
            "%load_ext autoreload\n%autoreload 2",
        )
    ):
        notebook["cells"].insert(1, code(f"magic-{k}", source))


@as_notebook(secret_seen)
def questions_that_nobody_answers(notebook, here):
    """input() and friends; a shell line tells the secret if one waits for nobody."""
    with_answer(notebook, here, RIGHT)
    asks = "input('?')", "import getpass\ngetpass.getpass()", "%debug", "breakpoint()"
    for k, source in enumerate((*asks, f"!read x; cat {here.diary}")):
        notebook["cells"].insert(1, code(f"ask-{k}", source))


@as_notebook(not_ended, ITS_OWN, "trusting")
def a_hundred_thousand_cells(notebook, here):
    notebook["cells"][2:2] = [code(f"cell-{k}", "x = 1") for k in range(100_000)]


@as_notebook(secret_seen)
def attachments_that_point_elsewhere(notebook, here):
    with_answer(notebook, here, f"{RIGHT}\nfrom IPython.display import display, FileLink, Image\n"
        f"display(FileLink({here.diary!r}))\n"
        f"!cat {here.diary}")  # fmt: skip
    essay = cell(notebook, "essay-when_worse")
    essay["attachments"] = {"../../x.png": {"image/png": f"file://{here.diary}"}}
    essay["source"] = f"![x](attachment:../../x.png) ![y](file://{here.diary})"
