"""Students' processes: where strangers' code runs, and how the grader talks to it.

``submission`` is the grader's side: a :class:`WarmParent` starts submissions, a
:class:`Submission` runs cells and calls functions. ``warm_parent``, ``warden``, ``state``,
``shell`` and ``answer`` run inside, from a staged copy of the package that holds no answer.
"""
