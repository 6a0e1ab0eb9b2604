# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: Start here
#     kind: tour
#     minutes: 10
#     level: 1
#     needs: []
#     objectives:
#       - text: Compute the imbalance ratio
#         met_by: [check-imbalance_ratio]
#       - text: Say why accuracy hides a rare class
#         met_by: [quiz-accuracy]
# ---

# %% [markdown] role="card"
# # 00 Start here
#
# Welcome. This course is about what happens when a network sees some classes often and others rarely, and what can be done about it. Every lesson works like this one: you guess, you look, you write a few lines, and you are told at once what they show.
#
# Run a cell with **Shift + Enter**. Start with the next one.

# %% role="given"
import torch

from imbal_lab.checks import check
from imbal_lab.explore import explore, predict, quiz

# %% [markdown] role="given"
# ## Guess first
#
# Say what you expect before you look: then the picture can surprise you. Nobody marks it.

# %% role="predict" id="rare"
predict(
    "A network learns to tell threes from eights. We keep all the threes and take away more and more eights. The share of test eights that it recognises will ...",
    ["hardly change", "fall"],
    truth="fall",
    id="rare",
)

# %% role="explore" id="tour"
explore("minority_drop", data="digits38", method="gd", rho=50, prediction="rare")

# %% [markdown] role="given"
# For now look only at *Recall*, top right: the share of a class's test examples that the model recognises. The other three panels are for later lessons.
#
# ρ, the **imbalance ratio**, is 50: fifty threes for every eight, which leaves two eights to learn from. At the last step about half of the test eights are recognised. Move the slider of ρ down to 1, where both digits are equally many, with the mouse or the arrow keys: how large is the share there, and from which ρ on do you see it fall? Blue and solid is always the most frequent class; the dashed orange one is the rarest. The line below the picture says in words what it shows.

# %% role="quiz" id="accuracy"
quiz(
    "At ρ = 50, a model could call everything a three. How would its accuracy look on data with the same mix?",
    {
        "About 50 %, since one of two classes is always wrong": "That is the mean of the recalls. Plain accuracy counts examples, and few of them are eights.",
        "About 98 %, so accuracy hides the rare class": "50 of 51 examples are threes. That is why this course shows every class on its own.",
    },
    right="About 98 %, so accuracy hides the rare class",
    id="accuracy",
)

# %% [markdown] role="task" ex="imbalance_ratio" difficulty=1 minutes=4
# ## Your first exercise
#
# The imbalance ratio is $\rho=n_{\max}/n_{\min}$: the count of the most frequent class over that of the rarest one *that occurs*. Replace the line that raises `NotImplementedError`, run the cell, then run the check below it.
#
# A check answers with ○ (not started), ✗ (not yet, with a reason and something to try) or ✓ (done, and what that shows). You may try as often as you like. Parts that "will be checked at grading" are for courses with a teacher; if you study alone, never mind them.

# %% role="answer" ex="imbalance_ratio"
def imbalance_ratio(y):
    """y [n] integer labels, in any order; returns a number, at least 1."""
    ...

# %% role="check" ex="imbalance_ratio" points=1

# %% [markdown] role="hint" ex="imbalance_ratio"
# 1. First count how often each label occurs.
# 2. `torch.unique` can return, as a second result, the counts of the values that it finds.
# 3. Divide the largest of the counts by the smallest. `.item()` makes a plain number of a tensor with one entry.

# %% [markdown] role="given"
# ## When you are stuck
#
# Help comes in steps. Open the first hint, try again, and only then open the one inside it. The third hint nearly says it all; the answer itself is never in the notebook.
#
# ## What every lesson has
#
# A question on earlier lessons, a puzzle and your guess, a picture to play with, the idea as a drawing and as a formula, and two to four exercises like the one above. Then *your* functions drive the picture, with the reference pale behind them, and a small experiment over several seeds shows whether it holds. Each lesson ends with when the technique is the worse choice, and with what did not show here.
#
# Your work is saved in your own copy of the course, and updates of the course never overwrite it.
#
# Next: [01 When accuracy lies](../01_when_accuracy_lies/01_when_accuracy_lies.ipynb).
