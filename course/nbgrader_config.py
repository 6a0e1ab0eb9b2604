"""nbgrader's settings for this course.

Read by `imbal-lab`, and by `nbgrader` and the Formgrader when they are started in this folder.
"""

import os

c = get_config()  # noqa: F821  (traitlets runs this file and provides the name)

c.CourseDirectory.course_id = "imbal-lab"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
# Folders and the database keep nbgrader's default names: source, release, submitted, autograded,
# feedback and gradebook.db, all beside this file.

# source/ gets a copy of the released notebook, which holds no answer. So nothing is cleared here:
# the preprocessors that cut out solutions, hidden tests and marking schemes must not run, because
# ClearSolutions replaces the whole of an answer cell in which it finds no marker.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]

c.Execute.timeout = 60  # seconds a cell; a check takes under 2, the first torch import up to 20
c.Execute.iopub_timeout = 20  # seconds; the default of 4 is short on a busy machine

# The Formgrader shows outputs of students' cells on the Jupyter origin. Ours are plain text and
# PNG; this cleans the HTML of notebooks that something else executed. It does not reach Markdown
# cells (nbgrader's template forgets them), so `imbal-lab grade` writes those free of HTML.
c.HTMLExporter.sanitize_html = True
