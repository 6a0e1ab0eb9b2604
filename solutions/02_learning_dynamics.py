# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: Learning dynamics, full batch
#     paper: "Francazi, Baity-Jesi, Lucchi: A theoretical analysis of the learning dynamics under class imbalance (ICML 2023, arXiv 2207.00391)"
#     kind: lesson
#     minutes: 75
#     level: 2
#     needs: [00_start_here]
#     objectives:
#       - text: Compute the gradient of each class
#         met_by: [check-class_gradients]
#       - text: Predict from two lengths and an angle whether gradient descent will raise the minority's loss
#         met_by: [quiz-criterion]
#       - text: Implement per-class normalised gradient descent (PCNGD)
#         met_by: [check-unit_directions, check-pcngd_step]
#       - text: Say what PCNGD guarantees for two classes, and what it does not for three
#         met_by: [quiz-three_classes]
#       - text: Judge when PCNGD is the worse choice
#         met_by: [essay-when_worse]
#     symbols:
#       - {symbol: "f", is: "the loss: the mean over all examples", code: "F.cross_entropy(...)", shape: number}
#       - {symbol: "f_l", is: "what class $l$ *contributes* to the loss", code: "", shape: number}
#       - {symbol: "n", is: "all examples of the step, here the whole training set", code: "len(y)", shape: number}
#       - {symbol: "y_i", is: "class of example $i$; class 0 is the majority", code: "y[i]", shape: number}
#       - {symbol: "\\ell_i", is: "cross-entropy of example $i$", code: 'F.cross_entropy(..., reduction="none")[i]', shape: number}
#       - {symbol: "g_l", is: "gradient of $f_l$, over all $P$ parameters", code: "grads[l]", shape: "[P]"}
#       - {symbol: "\\nabla f_l", is: "what autograd makes of $f_l$", code: "torch.autograd.grad", shape: "[P]"}
#       - {symbol: "\\alpha", is: "angle between the two class gradients", code: "", shape: number}
#       - {symbol: "\\theta_t", is: "all parameters after $t$ steps", code: "params", shape: "[P]"}
#       - {symbol: "\\eta", is: "step size", code: "lr", shape: number}
# ---

# %% [markdown] role="card"
# # 02 Learning dynamics, full batch
#
# Train a network on ten threes for every eight, and in the first steps something odd happens to the eights. In this lesson you find out what and why, and you write the remedy.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab import data, models
from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up. A training set has 1,000 threes and 100 eights. A model that answers 'three' to everything has an accuracy of 91 %. What is its balanced accuracy, the mean of the recalls?",
    {
        "91 %": "That is plain accuracy. Balanced accuracy gives each class the same say.",
        "50 %": "Recall, the share of a class that is recognised, is 1 for the threes and 0 for the eights.",
        "9 %": "That is the share of the minority, not a recall.",
    },
    right="50 %",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# Gradient descent goes downhill. With the whole training set in every step there is no noise, and with a small enough step size the loss falls at every step.
#
# So what happens to the loss of the *rarest* class in the first steps?

# %% role="predict" id="first_steps"
predict(
    "Ten threes for every eight (ρ = 10), gradient descent on all examples. In the first ten steps, the mean loss of the eights will ...",
    ["fall as fast as the loss of the threes", "fall, but more slowly", "stay where it is", "rise"],
    truth="rise",
    falls=[1, 0.3, 0, -0.4],
    id="first_steps",
)

# %% role="explore" id="gd"
explore("minority_drop", data="digits38", method="gd", rho=10, prediction="first_steps")

# %% [markdown] role="given"
# The loss of the eights goes up first. Their recall goes down, which gave the effect its name: the **Minority Initial Drop**. The total loss (not drawn) falls all the while, because the threes are so many.
#
# Move ρ from 1 to 20. With ρ = 1 neither digit rises. As ρ grows, the eights climb higher and take longer to come back. (At 50 only two eights are left, and which two matters as much as ρ.) The two blobs in the data menu show the rise even more clearly. (The time axis is stretched up to step 10, since what matters happens early; a kink at 10 is only that.)
#
# ## The idea
#
# The loss is a sum of one part for each class, so its gradient is too. Think of each part as a rope tied to the parameters, with ten times as many people on the majority's. If the ropes pull in rather different directions, the step follows the majority and may go *against* the minority.
#
# ## One formula
#
# <!-- formula: class_parts -->
# $$f=\sum_l f_l,\qquad f_l=\frac1n\sum_{i\,:\,y_i=l}\ell_i,\qquad g_l=\nabla f_l$$
#
# <!-- symbols: class_parts criterion -->
#
# Note the $1/n$: $f_l$ is divided by the number of all examples, not by the class's own. That is why the $f_l$ add up to $f$, and why a rare class has a short gradient. (The plots show the mean over the class; it rises and falls together with $f_l$.)
#
# A small step $-\eta(g_0+g_1)$ changes the minority's part by about $-\eta\,g_1\cdot(g_0+g_1)$. With $\alpha$ the angle between the two gradients, the minority's loss **rises** when $\lVert g_1\rVert\lVert g_0\rVert\cos\alpha+\lVert g_1\rVert^2<0$, that is, when
#
# <!-- formula: criterion -->
# $$\cos\alpha<-\frac{\lVert g_1\rVert}{\lVert g_0\rVert}$$
#
# Early on the examples of both classes have gradients of similar size, so the right side is near $-1/\rho$: the rarer the class, the smaller the disagreement that hurts it.
#
# Look at the last panel of the explorer again. The thin line is the right side, the dashed line is $\cos\alpha$. The minority's loss peaks where they cross. Later the thin line may sink below -1 and out of the panel: then no angle hurts.
#
# The next cell draws the ropes, three people against one, each side on a scale of its own. The shaded steps lower both losses. Does gradient descent's step lie among them, and what if everybody pulls equally hard?

# %% role="extra" id="idea"
idea("ropes")

# %% role="quiz" id="criterion"
quiz(
    "The majority's gradient has length 8, the minority's has length 2, and the cosine between them is -0.2. After one small step of gradient descent, the minority's loss is ...",
    {
        "higher, because the cosine is negative": "A negative cosine is needed, but it is not enough: it must be below -2/8 = -0.25.",
        "lower": "-0.2 is above -0.25, so the minority's own pull still wins.",
        "higher, because its gradient is shorter": "Being short is not enough. At right angles even a very short gradient makes progress.",
        "the same": "It would be the same at exactly -2/8 = -0.25.",
    },
    right="lower",
    id="criterion",
)

# %% [markdown] role="given"
# ## A worked cousin
#
# Here is the gradient of the *whole* loss as one flat vector, and one step of plain gradient descent with it. Read it, run it, then go on to the classes.

# %% role="given"
def whole_gradient(model, x, y):
    """Gradient of the mean loss over all parameters, flat: [P]."""
    loss = F.cross_entropy(model(x), y)
    pieces = torch.autograd.grad(loss, tuple(model.parameters()))
    return torch.cat([piece.reshape(-1) for piece in pieces])


def gradient_step(params, gradient, lr):
    """Flat parameters [P] after one step down a flat gradient [P]."""
    return params - lr * gradient


digits = data.load("digits", classes=(3, 8), rho=10, n_max=100)
net = models.mlp([64, 24, 24, 2], seed=0)
print(digits)
print("parameters:", len(whole_gradient(net, digits.x, digits.y)))

# %% [markdown] role="task" ex="class_gradients" difficulty=2 minutes=10
# ## Exercise 1: class gradients
#
# Return the matrix whose row $l$ is $g_l$, over all parameters in the order of `model.parameters()`. If no example has label $l$, its row is zero: `num_classes` says how many rows there are.

# %% role="answer" ex="class_gradients"
def class_gradients(model, x, y, num_classes):
    """Row l is g_l. x [n, d], y [n]; returns [num_classes, P]."""
    ...

# %% role="check" ex="class_gradients" points=3

# %% [markdown] role="hint" ex="class_gradients"
# 1. Only the examples of class $l$ play a part in $f_l$. A mask picks them: `y == l`.
# 2. Sum the losses of those examples and divide by the size of the whole batch. A sum over no examples is 0, so a missing class takes care of itself.
# 3. Loop over the class numbers. For each, do what the cousin does with its loss, and keep the flat vector in a list; `torch.stack` turns the list into a matrix. If you reuse one forward pass for all classes, autograd must keep its graph: `retain_graph=True`.

# %% [markdown] role="task" ex="unit_directions" difficulty=1 minutes=6
# ## Exercise 2: unit directions
#
# The remedy is to let every class pull with the same strength. Divide each class gradient by its length, one L2 norm over all parameters together. A class that is missing has length zero: its row stays zero, not NaN. If you avoid 0/0 by adding a small number to the length, let it be at most `1e-12`: a real gradient can be very short.

# %% role="answer" ex="unit_directions"
def unit_directions(grads):
    """grads [C, P]; returns [C, P] with rows of length 1, or 0 where the gradient is 0."""
    ...

# %% role="check" ex="unit_directions" points=2

# %% [markdown] role="hint" ex="unit_directions"
# 1. You need one number for each row: the root of the sum of its squares.
# 2. `torch.linalg.vector_norm` takes `dim=1`; with `keepdim=True` the result has shape `[C, 1]` and divides the rows.
# 3. `torch.where` chooses, entry by entry, between the quotient and zero, depending on whether the length is positive.

# %% [markdown] role="task" ex="pcngd_step" difficulty=1 minutes=6
# ## Exercise 3: the PCNGD step
#
# Per-class normalised gradient descent walks along the *sum* of the unit directions:
#
# <!-- formula: step -->
# $$\theta_{t+1}=\theta_t-\eta\sum_l\frac{g_l}{\lVert g_l\rVert}$$
#
# <!-- symbols: step -->
#
# `grads` `[C, P]` holds the $g_l$ as its rows. Return the new parameters and leave the old ones as they are.

# %% role="answer" ex="pcngd_step"
def pcngd_step(params, grads, lr):
    """params [P], grads [C, P], lr a number; returns the new parameters [P]."""
    ...

# %% role="check" ex="pcngd_step" points=2

# %% [markdown] role="hint" ex="pcngd_step"
# 1. Compare the formula with `gradient_step` above: only the direction is new.
# 2. The direction is one vector `[P]`: the rows of your `unit_directions`, added up. A sum, not a mean.
# 3. Down the loss means minus. Build a new tensor; an operation like `-=` would overwrite the caller's parameters.

# %% [markdown] role="given"
# ## Your code in the picture
#
# The strong lines are *your* step with *your* class gradients; the wide pale bands behind them are the reference. Choose "Gradient descent" in the menu for the contrast: the step size is the same.
#
# Is it the size of the step after all? Make gradient descent's step ten times smaller and see whether the eights still rise.

# %% role="explore" id="own"
explore("minority_drop", mine=pcngd_step, gradients=class_gradients, data="digits38", rho=10)

# %% [markdown] role="given"
# ## Does it hold?
#
# With a tenth of the step the eights rise almost as high, to 0.75 in place of 0.78, only ten times later: it is the direction, not the size.
#
# One picture proves little. The next cell trains with eight seeds (each draws its own examples and its own network), once with gradient descent and once with your step. The table says how far the minority's mean loss rises above its start, in how many steps each class's loss grew ("up-steps", added up over the seeds), and how far the minority's recall fell below its start, with 95 % intervals over the seeds.

# %% role="extra" id="acceptance"
acceptance("minority_initial_drop", step=pcngd_step, gradients=class_gradients)

# %% [markdown] role="given"
# ## What is promised, and what is not
#
# For **two** classes, one short PCNGD step changes each $f_l$ by $-\eta\,g_l\cdot(\hat g_0+\hat g_1)=-\eta\lVert g_l\rVert(1+\cos\alpha)$, with $\hat g_l=g_l/\lVert g_l\rVert$. That is never positive: both losses fall until the gradients are exactly opposite.
#
# There PCNGD stops. Gradient descent goes on until they are opposite *and* equally long, where the total loss is flat; PCNGD aims elsewhere. In the explorer, train the two blobs with PCNGD and compare the two norms at step 300.
#
# For **more** classes nothing is promised to each one. Try PCNGD on "Four classes, 2-D" with ρ = 50, and follow *west* after step 60: its loss grows again. And all this is about short steps without noise: what mini-batches change is lesson 03.
#
# The paper reports the same for deep networks on CIFAR. That was not tried here, nor how fast PCNGD converges: to both this lesson says neither yes nor no.

# %% role="quiz" id="three_classes"
quiz(
    "Three classes. Two have the same unit direction e, the third has -e. PCNGD takes a short step. What happens to the third class's loss?",
    {
        "It falls: PCNGD lowers every class": "That holds for two classes. Here the sum is e + e - e = e, which is against the third class.",
        "It stays: the classes cancel": "Only one pair cancels. One e is left over.",
        "It rises": "With three classes or more, two can outvote one, even when every class pulls with the same strength.",
    },
    right="It rises",
    id="three_classes",
)

# %% [markdown] role="essay" id="when_worse" points=3
# ## When is it worse?
#
# Your model will be used where classes are as rare as in training, and where they overlap. A colleague proposes PCNGD. In five to eight sentences: what will it do better than gradient descent, what worse, and what would you ask before you decide? Think of what a missed rare example costs, and what a false alarm.
#
# Support one claim with "Four classes, 2-D", whose classes overlap, at ρ = 50 and the same step size for both methods. The recalls below the picture are those of a balanced test set. For the accuracy at the training mix, multiply each recall by its class's n from the labels, add up, and divide by the sum of the n.
# <!-- rubric -->
# One point each for:
#
# - better: no initial drop, classes learn at similar speed, higher recall of rare classes and balanced accuracy after the same steps; supported by a setting and a reading of the explorer;
# - worse: it balances the gradients instead of minimising the total loss, so with overlap the majority pays and accuracy at the training mix falls (`python -m imbal_lab.training.trade_off` prints by how much); or: one gradient a class, short steps, no promise for more than two classes;
# - asks what the two kinds of error cost, or which measure counts, and lets the choice depend on it.

# %% [markdown] role="given"
# ## Take-away
#
# - The loss is a sum over classes; so is its gradient. Imbalance makes the minority's share short.
# - Gradient descent raises the minority's loss when $\cos\alpha<-\lVert g_1\rVert/\lVert g_0\rVert$.
# - PCNGD gives every class a direction of length one. For two classes and small steps, both losses fall.
# - It is not a free lunch: it aims at another point than the total loss does.
#
# ## Further reading
#
# - The paper: [arXiv 2207.00391](https://arxiv.org/abs/2207.00391), section 4.4 for the experiments, appendix F for the algorithms. It uses networks and data far larger than ours; the numbers above are from the cells you ran.
# - In the library: `imbal_lab.methods` holds the reference implementations, and `PerClass` there brings PCNGD into an ordinary training loop with any optimizer.
#
# ## Without looking back
#
# Why must $f_l$ be divided by $n$ and not by the class's own size, if the criterion is to hold as it stands?
#
# <details>
# <summary>Answer</summary>
#
# The criterion compares the two lengths, and the gradient of the loss is the sum of exactly those contributions. Divided by the class's own size, the minority's gradient would be longer than its share in the step.
#
# </details>
#
# And one more:

# %% role="quiz" id="retrieval"
quiz(
    "Without looking back: if you multiply the minority's loss by 100, what happens to a PCNGD step?",
    {
        "It turns towards the minority": "That is what class weights do to gradient descent. PCNGD divides the factor out.",
        "It gets 100 times longer": "Each class contributes a direction of length one, whatever its loss is multiplied by.",
        "Nothing": "The length of a class gradient plays no part, and the factor changes only the length.",
    },
    right="Nothing",
    id="retrieval",
)
