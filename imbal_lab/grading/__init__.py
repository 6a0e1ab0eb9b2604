"""From a released lesson to feedback: release, collect, grade, feedback, report, export.

nbgrader keeps the gradebook, the metadata and the Formgrader. Students' code runs in processes of
its own (`imbal_lab.student_process`); workers judge it (`grade_submission`: plain data in, plain
data out) behind `concurrent.futures`, and one writer enters the results, here. What lies behind a
score is kept in tables of our own.
"""
