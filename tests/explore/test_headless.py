"""A notebook run by nbclient: the picture and its text are in the file, nothing on stderr."""

import base64
import io

import nbformat
from nbclient import NotebookClient
from PIL import Image

CELLS = [
    "from imbal_lab.explore import explore, predict, quiz",
    "explore(rho=20)",
    "def pcngd_step(params, grads, lr):\n    raise NotImplementedError()",
    "explore(step=pcngd_step)",
    "predict('What rises?', ['this', 'that'], id='p')",
    "quiz('Which?', {'a': 'yes', 'b': 'no'}, right='a', id='q')",
    "explore('absgd', beside='sgd')",
]


def test_explore_cells_end_in_a_picture_with_text(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": tmp_path}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in outputs} == {"execute_result"}  # no stream at all
    data = [cell.outputs[0].data if cell.outputs else None for cell in notebook.cells]
    for k, said in [(1, "Minority loss rises"), (3, "○ not started: pcngd_step")]:
        assert said in data[k]["text/plain"]
        assert Image.open(io.BytesIO(base64.b64decode(data[k]["image/png"]))).size == (888, 495)
        assert "application/vnd.jupyter.widget-view+json" in data[k]
    assert "predict(..., choice=1)" in data[4]["text/plain"]
    assert "quiz(..., choice=1)" in data[5]["text/plain"]
    assert "ABSGD: Step 300:" in data[6]["text/plain"]
