# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: Learning dynamics, mini-batch
#     paper: "Francazi, Baity-Jesi, Lucchi: A theoretical analysis of the learning dynamics under class imbalance (ICML 2023, arXiv 2207.00391)"
#     kind: lesson
#     minutes: 65
#     level: 3
#     needs: [02_learning_dynamics]
#     objectives:
#       - text: Measure how noisy each class's mini-batch direction is
#         met_by: [check-projections]
#       - text: Say why a class-weighted loss does not quiet that noise
#         met_by: [quiz-class_weights]
#       - text: Implement the rescaled step of PCNSGD+R
#         met_by: [check-rescaled_step]
#       - text: Oversample, and say what it changes in a mini-batch
#         met_by: [check-sampling_weights, quiz-four_times]
#       - text: Choose between the repairs, knowing what each costs
#         met_by: [essay-which_repair]
#     symbols:
#       - {symbol: "\\tilde g_l", is: "gradient of class $l$ in the mini-batch", code: "grads[l]", shape: "[P]"}
#       - {symbol: "g_l", is: "gradient of class $l$ in the whole training set", code: "full_grads[l]", shape: "[P]"}
#       - {symbol: "p_l", is: "projection of class $l$", code: "projections(grads, full_grads)[l]", shape: number}
#       - {symbol: "\\theta_t", is: "all parameters after $t$ steps", code: "params", shape: "[P]"}
#       - {symbol: "\\eta", is: "step size", code: "lr", shape: number}
#       - {symbol: "\\varepsilon", is: "smallest projection that is divided by", code: "floor", shape: number}
#       - {symbol: "w_i", is: "probability of drawing example $i$", code: "sampling_weights(y)[i]", shape: number}
#       - {symbol: "y_i", is: "class of example $i$", code: "y[i]", shape: number}
#       - {symbol: "C", is: "number of classes that occur", code: "", shape: number}
#       - {symbol: "n_l", is: "examples of class $l$; $n_{y_i}$ is that of example $i$", code: "", shape: number}
# ---

# %% [markdown] role="card"
# # 03 Learning dynamics, mini-batch
#
# In lesson 02 every class got a direction of length one, and the Minority Initial Drop was gone. Real training sees a few examples at a time, and there the rare class falls behind again. You will measure why, and write two repairs.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up from lesson 02. Two classes have unit directions with the cosine -0.5. How long is the PCNGD step, the sum of both, for step size 1?",
    {
        "2": "Two it would be if they agreed. Where they disagree, they partly cancel.",
        "1": "The squared length is 1 + 1 + 2 (-0.5) = 1.",
        "0": "They cancel wholly only if they are opposite, with the cosine -1.",
    },
    right="1",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# **PCNSGD** is PCNGD in mini-batches. Every batch holds every class, in natural proportions, and the direction of each class is divided by its length. All classes pull equally hard, so imbalance should be gone.
#
# Here are four classes with ρ = 20, in batches of 64. Of the rarest, two examples are in a batch. Compare the direction that a class has *in the batch* with the one that it has *in the whole training set*. How much of its length points that way?

# %% role="predict" id="one_unit"
predict(
    "Of the length 1 of a class's mini-batch direction, the part that points the way of its full-batch direction is ...",
    [
        "all of it, in every class",
        "about the same part in every class",
        "smallest in the rarest class",
        "smallest in the most frequent class",
    ],
    truth="smallest in the rarest class",
    id="one_unit",
)

# %% role="explore" id="noise"
explore("noise", data="gauss2d", method="pcnsgd", rho=20, lr=0.05, batch=64, prediction="one_unit")

# %% [markdown] role="given"
# The panel "Projection p" has the answer. The most frequent class keeps nearly its whole length, the rarest little more than half. It misses sideways, elsewhere in every batch. (Dotted: the rarest class's loss at the start.)
#
# Move ρ to 1, and the four come close together. Back at ρ = 20, take batches of 256: all four rise. The number of examples is not everything: at first north, with 147, keeps less than west with 54.
#
# ## The idea
#
# A mini-batch direction is a mean over a few examples. Many examples agree on a direction, and two may each have their own. Dividing by the length repairs how *hard* a class pulls, and not how well it *aims*.
#
# The next cell draws it. All arrows of a fan have length one. What moves the class on is the shadow $p$ that an arrow casts on the full-batch direction; the strong arrow casts the class's mean shadow. **+R** stretches each arrow until its shadow is 1. **+O** takes more examples of the rare class, and the fan gets narrow.

# %% role="extra" id="idea"
idea("fans")

# %% [markdown] role="given"
# ## One formula, and a worked cousin
#
# The shadow is a cosine, one for each class:
#
# <!-- formula: projection -->
# $$p_l=\frac{\tilde g_l}{\lVert\tilde g_l\rVert}\cdot\frac{g_l}{\lVert g_l\rVert}$$
#
# <!-- symbols: projection -->
#
# An arrow of length 1 goes $p_l$ forward and $\sqrt{1-p_l^2}$ sideways. Sideways over forward, squared, is $(1-p_l^2)/p_l^2=1/p_l^2-1$, and this we call the class's *noise*. With $m$ examples in the batch it falls about as $1/m$. The next cell shows this law on arrows that are made up: 100 numbers each, a common target, and errors drawn by chance. Read it, run it, and multiply size and noise.

# %% role="given"
def cosine(a, b):
    """Cosine of the angle between two vectors [P], neither of them zero."""
    return a @ b / (a.norm() * b.norm())


generator = torch.Generator().manual_seed(0)
target = torch.ones(100)
for size in (1, 2, 10, 20):
    errors = 1.6 * torch.randn(300, size, 100, generator=generator)
    means = target + errors.mean(dim=1)
    p = torch.stack([cosine(mean, target) for mean in means]).mean()
    print(f"{size:2} examples: p = {p:.2f}, noise = {1 / p**2 - 1:.2f}")

# %% [markdown] role="task" ex="projections" difficulty=2 minutes=8
# ## Exercise 1: projections
#
# Return $p_l$ for every class. Row $l$ of `grads` is $\tilde g_l$, row $l$ of `full_grads` is $g_l$. A class without a gradient on one of the sides, because a batch missed it by chance or it is fitted to the last digit, has $p_l=0$, not NaN. If you guard against 0/0, guard each *length*, by at most `1e-8`: the product of two short lengths is tiny itself.

# %% role="answer" ex="projections"
def projections(grads, full_grads):
    """grads [C, P] of a mini-batch, full_grads [C, P] of the training set; returns p [C]."""
    ...

# %% role="check" ex="projections" points=3

# %% [markdown] role="hint" ex="projections"
# 1. The cousin does it for one pair of vectors. Here row 0 belongs to row 0, row 1 to row 1: no class is compared with another.
# 2. Multiply the two matrices entry by entry and sum along each row: C dot products. Then divide by C products of two lengths.
# 3. Lengths of rows: `torch.linalg.vector_norm(grads, dim=1)`. `torch.where` takes 0 where a product of lengths is 0. PyTorch also knows the whole thing: look for "cosine" in `torch.nn.functional`.

# %% role="quiz" id="class_weights"
quiz(
    "ρ = 10, batches of 20 threes and 2 eights. A colleague multiplies the loss of every eight by 10. What happens to the projection p of the eights?",
    {
        "It grows, since eights now count as much as threes": "They count as much in the sum. But two examples stay two examples: their mean aims no better.",
        "It falls, since the sideways part is multiplied by 10": "It is, and so is the forward part. A cosine does not notice.",
        "It stays as it is": "The class's gradients in the batch and in the training set both get ten times longer, and neither turns. PCNSGD even divides the factor out.",
    },
    right="It stays as it is",
    id="class_weights",
)

# %% [markdown] role="task" ex="rescaled_step" difficulty=2 minutes=9
# ## Exercise 2: the rescaled step
#
# The paper's PCNSGD+R divides every direction by its projection, so that each class advances by $\eta$ along its own full-batch direction:
#
# <!-- formula: rescaled -->
# $$\theta_{t+1}=\theta_t-\eta\sum_l\frac{1}{\max(p_l,\varepsilon)}\frac{\tilde g_l}{\lVert\tilde g_l\rVert}$$
#
# <!-- symbols: rescaled -->
#
# The floor $\varepsilon$ is ours: dividing by a tiny $p_l$ would throw the parameters far away, and by a negative one turn the class round. A class without a gradient in the batch adds nothing. You may use your `projections`.

# %% role="answer" ex="rescaled_step"
def rescaled_step(params, grads, full_grads, lr, floor=0.05):
    """params [P], grads and full_grads [C, P], lr and floor numbers; returns the new params [P]."""
    ...

# %% role="check" ex="rescaled_step" points=3

# %% [markdown] role="hint" ex="rescaled_step"
# 1. Without $p_l$ this is the step of lesson 02, with the gradients of the mini-batch. The full-batch ones serve for measuring only.
# 2. `clamp_min` sets what is below a number to that number. Give the result the shape `[C, 1]`, and it divides the rows of a matrix.
# 3. In order: p with its floor; the rows of `grads` with length 1, a zero row left at zero (your `unit_directions` of lesson 02 may be copied into the cell); their quotient; the sum over `dim=0`; `params` minus `lr` times that.

# %% [markdown] role="task" ex="sampling_weights" difficulty=1 minutes=6
# ## Exercise 3: oversampling
#
# +O needs no full gradient. It draws the examples of a batch at random, with replacement, such that every class comes equally often on average. So the probabilities of each class's examples add up to $1/C$:
#
# <!-- formula: weights -->
# $$w_i=\frac{1}{C\,n_{y_i}}$$
#
# <!-- symbols: weights -->
#
# Return them for all examples. PyTorch's `WeightedRandomSampler` takes such numbers as they are. The labels may skip numbers: a class that never occurs gets no share.

# %% role="answer" ex="sampling_weights"
def sampling_weights(y):
    """y [n] integer labels, in any order; returns the probability of each example, [n]."""
    ...

# %% role="check" ex="sampling_weights" points=2

# %% [markdown] role="hint" ex="sampling_weights"
# 1. Work it out for the labels 0, 0, 0, 1: three numbers that add up to a half, then one that is a half.
# 2. `torch.unique` gives the counts of the classes that occur, if you ask for `return_counts`; their number is $C$.
# 3. With `return_inverse` it also says, for each example, where its class stands among the counts. Indexing the counts with that gives $n_{y_i}$ for every $i$.

# %% [markdown] role="given"
# ## Your code in the picture
#
# The strong lines are *your* rescaled step on threes and eights, the wide pale bands behind them the reference. Choose "PCNSGD" in the menu Method, then "PCNSGD+O". In which of the three do the eights fall behind the threes, and what does p do?
#
# Then go back to your step and choose "Four classes, 2-D". The classes overlap, and the rarest has no more than two examples in a batch. What happens to the losses, and what with PCNSGD+O?

# %% role="explore" id="own"
explore("noise", mine=rescaled_step, data="digits38", rho=10, lr=0.005, batch=32)

# %% [markdown] role="given"
# With PCNSGD the eights fall behind. +R does nothing to p but divide by it. +O raises it to almost 1, because all ten eights are in every batch.
#
# ## Does it hold?
#
# The next cell trains on 150 threes and 15 eights in batches of 22, with eight seeds. Your `projections` measure the noise after 30 steps of PCNGD: in natural batches (20 + 2), in the same with class weights, and in batches drawn with your `sampling_weights`. Noise that falls exactly as $1/m$ has the log-log slope -1.
#
# Then SGD, PCNSGD, your rescaled step and PCNSGD with your oversampling are trained. A class is learnt when its mean loss is below 0.35. The *lag* is log2 of the eights' time over the threes': 1 means twice as long. SGD has another step size, 0.1 in place of 0.01: compare its lag, not its times.

# %% role="extra" id="acceptance"
acceptance(
    "minibatch_noise",
    projections=projections,
    rescaled_step=rescaled_step,
    sampling_weights=sampling_weights,
)

# %% [markdown] role="given"
# ## What is shown, and what is not
#
# With PCNSGD the eights' loss never rises above its start, and yet they come late. Both repairs bring the lag down to that of balanced data, or below. It is not zero there either: the eights are the harder digit.
#
# **+O evens the noise out only early.** Look at the row of step 100: now the *threes* have the smaller p. The law has a second factor, how much a class's examples disagree. One explanation is that most threes are learnt by then, and the few hard ones decide.
#
# Your sampler may draw an eight twice. In our measurement (12 seeds) batches held 11 *different* ones of each digit, and 11 of all 15 eights aim better: p of the threes minus p of the eights was -0.05 [-0.06, -0.03] at step 30 already, and -0.20 [-0.24, -0.17] at step 100.
#
# **+R has its price.** Stretching makes the sideways part longer too. In our measurement, over 250 steps, the loss of the threes grew in 5 % of the steps with PCNSGD, and in 29 % [20 %, 38 %] with +R. It also needs the gradients of the whole training set in every step. And on the four classes, which overlap, you saw it push losses up. It is there to explain, not to train with.
#
# Deep networks and the paper's image data were not tried here.

# %% [markdown] role="essay" id="which_repair" points=3
# ## Which repair?
#
# A training set has 4,000 photographs in ten classes, 40 of them of the rarest. In batches of 200 PCNSGD learns that class late. Three colleagues propose: multiply the rare class's loss by 100; rescale, as +R does; oversample. In five to eight sentences: what does each do to the rare class's direction, what does it cost, and which would you take? What would you watch while it trains? Support one claim with a number from your table or a reading of the explorer.
# <!-- rubric -->
# One point each for:
#
# - class weights: they change the length of the class's gradient, not p; PCNSGD divides the factor out;
# - +R: brings the class's advance to the step size but needs full-batch gradients in every step and stretches the noise by 1/p; with a number or a reading;
# - +O: more examples of the class in a batch raise p; the same 40 come again and again, so p on the training set says nothing of new photographs; a choice, with something to watch (recall on held-out data, p or the loss of the other classes).

# %% [markdown] role="given"
# ## Take-away
#
# - Normalising repairs how hard a class pulls. The projection p says how well it aims.
# - The noise $1/p^2-1$ falls about as one over the class's examples in the batch. Class weights leave it as it is.
# - +R divides p out, at the price of full gradients and a longer way sideways. +O takes more examples: this is more than a weighted loss does.
#
# **Further reading.** The paper: [arXiv 2207.00391](https://arxiv.org/abs/2207.00391), appendix F for all variants. In the library: `imbal_lab.data.ClassBatches` deals batches that hold every class, natural or oversampled, and `course/CLAIMS.md` has what was measured, with intervals.

# %% role="quiz" id="four_times"
quiz(
    "Without looking back: a class has 3 examples in each batch, and you oversample so that it has 12. What becomes of its noise 1/p² - 1?",
    {
        "A quarter": "A mean over four times as many examples has a quarter of this noise, as long as the class has enough different ones.",
        "Half": "That is sideways over forward, the root of the noise. 1/p² - 1 is its square.",
        "Nothing, it depends on ρ only": "ρ plays a part only because it decides how many examples of the class are in a batch.",
    },
    right="A quarter",
    id="four_times",
)

# %% role="quiz" id="why_not_train"
quiz(
    "Why is PCNSGD+R a way to explain and not one to train with?",
    {
        "It brings the Minority Initial Drop back": "It does not; it starts from PCNSGD's directions of length one.",
        "To know p, it needs the whole training set in every step": "With those gradients at hand you could take the PCNGD step at once, without any noise.",
        "It favours the rare class over the frequent one": "All classes advance by the same amount. What the rare class has more of is noise.",
    },
    right="To know p, it needs the whole training set in every step",
    id="why_not_train",
)
