"""From a released lesson to feedback: release, collect, grade, feedback, report, export.

``submissions`` is what students handed in, read and mended; ``judging`` what a worker does with
one of them, here or on a cluster; ``flagging`` what a person should look at; ``gradebook`` what is
kept, by one writer; ``pages`` what people open. Beside these: the class as a whole (``grade``,
``regrade``, ``tasks``, ``dispatch``, ``workers``), the course folder, and the commands.

nbgrader keeps the gradebook, the metadata and the Formgrader; our tables stand beside its own.
"""
