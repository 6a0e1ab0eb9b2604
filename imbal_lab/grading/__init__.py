"""From a released lesson to feedback: release, collect, grade, feedback, export.

nbgrader keeps the gradebook, the metadata and the Formgrader; the executor stands behind a seam
(`executor.Executor`), and what lies behind a score is kept in tables of our own.
"""
