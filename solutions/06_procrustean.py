# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: Procrustean training
#     paper: "Ye, Zhan, Chao: Procrustean training for imbalanced deep learning (ICCV 2021, arXiv 2104.01769)"
#     kind: lesson
#     minutes: 60
#     level: 4
#     needs: [05_temperatures]
#     objectives:
#       - text: Measure how hard each class pulls at the features, from logits and the classifier alone
#         met_by: [check-feature_gradients]
#       - text: Implement Major Feature Weakening (MFW)
#         met_by: [check-class_strengths, check-weaken_features]
#       - text: Tell under-fitting first from over-fitting last by training and test accuracy
#         met_by: [quiz-two_failures]
#       - text: Explain why equal progress alone is not enough
#         met_by: [quiz-not_enough]
#       - text: Judge from measurements where MFW helps and where it does not
#         met_by: [essay-where]
#     symbols:
#       - {symbol: "g_i", is: "gradient of example $i$'s own loss on its features", code: "", shape: "[d]"}
#       - {symbol: "W", is: "weight of the last layer, a row a class", code: "weight", shape: "[C, d]"}
#       - {symbol: "p_i", is: "softmax of the logits", code: "logits.softmax(dim=1)[i]", shape: "[C]"}
#       - {symbol: "e_c", is: "1 at class $c$, 0 elsewhere", code: "F.one_hot(...)", shape: "[C]"}
#       - {symbol: "y_i", is: "class of example $i$", code: "y[i]", shape: number}
#       - {symbol: "G_c", is: "the pull of class $c$: mean length of its $g_i$", code: "feature_gradients(...)[c]", shape: number}
#       - {symbol: "n_c", is: "examples of class $c$ in `y`", code: "(y == c).sum()", shape: number}
#       - {symbol: "n_{\\min}", is: "the smallest of the $n_c$", code: "counts.min()", shape: number}
#       - {symbol: "n_{\\max}", is: "the largest of the $n_c$", code: "counts.max()", shape: number}
#       - {symbol: "\\lambda_c", is: "share of itself that an example of class $c$ keeps", code: "strengths[c]", shape: number}
#       - {symbol: "\\lambda_{\\min}", is: "share that the largest class keeps", code: "lam_min", shape: number}
#       - {symbol: "h_i", is: "features of example $i$, after some layer", code: "features[i]", shape: "[d]"}
#       - {symbol: "\\tilde h_i", is: "what the next layer sees instead", code: "result[i]", shape: "[d]"}
#       - {symbol: "m_i", is: "row number of the partner, drawn at random", code: "partner[i]", shape: number}
# ---

# %% [markdown] role="card"
# # 06 Procrustean training
#
# Procrustes made every guest fit his bed. Here the guests are classes and the bed is training progress: nobody may be finished first. You measure who pulls at a network's features, and you write the stretcher.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab import data, models
from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up. In full-batch gradient descent with ten threes for every eight, why does the loss of the eights rise at first?",
    {
        "The step size is too large": "It also rises with a ten times smaller step; the total loss falls all the while.",
        "The network over-fits the eights": "That comes much later, if at all: here they are not fitted yet.",
        "The step follows the majority's gradient, which points against the eights": "Each class pulls, the majority pulls harder, and the two disagree.",
    },
    right="The step follows the majority's gradient, which points against the eights",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# Ten kinds of curves. Five kinds have 90 training examples each (call them *major*), five have 9 (*minor*). A small convolutional network learns them with mini-batches.
#
# Neural networks with many parameters can fit every training example, rare ones too. So what goes wrong with the minor classes: are they fitted too little, or too much? Watch the *features*, the numbers that go into the last layer. The loss pulls at the features of each example; how long that gradient is says how much is still to be done.

# %% role="predict" id="who_pulls"
predict(
    "After 100 of 200 steps: whose features have the longer gradients, on average for one example?",
    ["the rare classes'", "the frequent classes'", "about equal", "all are zero by then"],
    truth="the rare classes'",
    id="who_pulls",
)

# %% role="explore" id="plain"
explore("weakening", data="curves", method="sgd", rho=10, prediction="who_pulls")

# %% [markdown] role="given"
# The explorer draws ten classes as three groups: *many* are major classes, *few* minor ones, *medium* holds both kinds. The loss of the rare ones shoots up first and comes down last. Meanwhile they pull at the features harder than the others. Move ρ to 1: little of the difference is left.
#
# In the measurements of this course (ρ = 20, 8 seeds, 95 % intervals in brackets), plain training sends *every* minor training example to a major class after one epoch; after two none is right yet. The network under-fits minor classes **first**. In the first third of training their feature gradients are 2.7 [2.1, 3.2] times as long as those of major ones, with balanced data 0.9 [0.7, 1.0]. After 60 epochs the training accuracy of minor classes is 0.53 [0.46, 0.60] above their test accuracy, that of major ones 0.035. The network over-fits minor classes **last**.
#
# ## The idea
#
# The paper's remedy: take the easy examples' ease away. After some layer, mix the features of major examples with those of a partner, another example of the batch drawn at random, but let them keep their label. They stay hard, go on pulling, and the minor classes have time to come along. This is **Major Feature Weakening** (MFW).

# %% role="given"
idea("equal_beds")

# %% [markdown] role="given"
# In the drawing nearly all partners are minor. In a batch most are major; those of *other* classes lie beyond a boundary too.
#
# ## How hard does a class pull?
#
# <!-- formula: pulls -->
# $$g_i=(p_i-e_{y_i})\,W,\qquad G_c=\frac{1}{n_c}\sum_{i:y_i=c}\lVert g_i\rVert$$
#
# <!-- symbols: pulls -->
#
# It is the gradient of each example's *own* cross-entropy, so no $1/n$ of a batch is in it. First lengths, then the mean: examples of a class may pull in opposite directions.
#
# ## A worked cousin
#
# One layer up there are the gradients on the *logits*. The cell compares the formula with autograd.

# %% role="given"
def logit_gradients(logits, y):
    """Row i is the gradient of example i's own cross-entropy on its logits: [n, C]."""
    return logits.softmax(dim=1) - torch.eye(logits.shape[1])[y]


curves = data.load("mnist1d", rho=10, profile="step", n_max=90)
net = models.cnn1d(seed=0, norm="batch").eval()
body, last = net[:-1], net[-1]
z = body(curves.x).detach()
logits = last(z).detach().requires_grad_()
F.cross_entropy(logits, curves.y, reduction="sum").backward()
print(curves)
print("features:", list(z.shape), " weight:", list(last.weight.shape))
by_formula = logit_gradients(logits.detach(), curves.y)
print("formula = autograd:", torch.allclose(logits.grad, by_formula, atol=1e-6))

# %% [markdown] role="task" ex="feature_gradients" difficulty=3 minutes=11
# ## Exercise 1: feature gradients
#
# Return $G_c$ for every class. `logits` `[n, C]` are what the last layer made, `weight` `[C, d]` is its weight. A class without examples has 0. You may use the formula or autograd; the features themselves are not needed.

# %% role="answer" ex="feature_gradients"
def feature_gradients(logits, y, weight):
    """Mean length of the feature gradients of each class: [C]."""
    ...

# %% role="check" ex="feature_gradients" points=4

# %% [markdown] role="hint" ex="feature_gradients"
# 1. You have the gradients on the logits from the cousin, `[n, C]`. What carries them back through a linear layer to its input?
# 2. A product with `weight`, `[n, C]` times `[C, d]`, gives a row $g_i$ for each example. Then one length a row: `dim=1`.
# 3. The rest is the mean of the lengths in each class. Loop over the classes with a mask `y == c`, or multiply the lengths by the one-hot matrix `[n, C]` as floats. For a class without examples divide by 1.

# %% [markdown] role="task" ex="class_strengths" difficulty=2 minutes=7
# ## Exercise 2: who keeps how much
#
# The largest class keeps $\lambda_{\min}$ of itself, the smallest keeps all; between them the share goes down with the logarithm of the count. If all counts are equal, nobody is major and everybody keeps 1.
#
# <!-- formula: strengths -->
# $$\lambda_c=1-(1-\lambda_{\min})\frac{\log n_c-\log n_{\min}}{\log n_{\max}-\log n_{\min}}$$
#
# <!-- symbols: strengths -->
#
# The $n_c$ are now `counts[c]`, those of the training set, not of a batch. Example: 5000, 500, 50 with $\lambda_{\min}=0.7$ gives 0.7, 0.85, 1.

# %% role="answer" ex="class_strengths"
def class_strengths(counts, lam_min):
    """counts [C], lam_min a number; returns the share that each class keeps, [C]."""
    ...

# %% role="check" ex="class_strengths" points=3

# %% [markdown] role="hint" ex="class_strengths"
# 1. Put the fraction alone first: 0 for the smallest class, 1 for the largest. Try it on the example by hand.
# 2. `counts.log()` works on all classes at once; subtract its minimum, then divide by what is then the maximum.
# 3. Where that maximum is 0 all counts are equal: return a tensor of ones. Do not rely on the order of the classes.

# %% [markdown] role="task" ex="weaken_features" difficulty=2 minutes=7
# ## Exercise 3: weaken
#
# <!-- formula: mix -->
# $$\tilde h_i=\lambda_{y_i}h_i+(1-\lambda_{y_i})h_{m_i}$$
#
# <!-- symbols: mix -->
#
# These are features of an inner layer, flattened to one row an example. The example's own class decides the share, whoever the partner is. The label $y_i$ stays. Return new features `[n, d]` and leave those given as they are. Gradients must go back through your result, or the layers before cannot learn.

# %% role="answer" ex="weaken_features"
def weaken_features(features, y, partner, strengths):
    """features [n, d], y [n], partner [n] row numbers, strengths [C]; returns [n, d]."""
    ...

# %% role="check" ex="weaken_features" points=3

# %% [markdown] role="hint" ex="weaken_features"
# 1. Two things are looked up: each example's share, by its label, and its partner's features, by row number.
# 2. A tensor can be indexed with a tensor of numbers: `strengths[y]` has n entries, `features[partner]` n rows.
# 3. n shares must multiply n rows: give them the shape `[n, 1]`. The two factors of a row add up to 1.

# %% [markdown] role="given"
# ## Your code in the picture
#
# Strong lines: your `weaken_features` after the first block, while the network trains, with $\lambda_{\min}=0.7$; pale: the reference. Choose "SGD" for plain training. What happens to the gradients of *many*, and what does it cost them?
#
# Recall jumps from step to step, since here the step size never falls: what *few* gain may be less than what *many* lose. Below, the step size falls towards the end and seeds are averaged.
#
# Then choose "Ten digits", a network without convolutions, at ρ = 50. Is anything gained there?

# %% role="explore" id="own"
explore("weakening", mine=weaken_features, data="curves", rho=10)

# %% [markdown] role="given"
# ## Does it hold?
#
# Five seeds, ρ = 20, 14 epochs, plainly and with your three functions ($\lambda_{\min}=0.7$, first block). *Lead of major*: how far the training accuracy of the major classes runs ahead, mean over epochs. *Pull ratio*: $G$ of the minor over that of the major classes, mean over epochs. *Minor overfit*: their training minus test accuracy at the end. Does it shrink?

# %% role="extra" id="acceptance"
acceptance(
    "weakened_major_features",
    strengths=class_strengths,
    weaken=weaken_features,
    gradients=feature_gradients,
)

# %% [markdown] role="given"
# ## What is known, and what is not
#
# **The formula is ours.** Of the paper this course had the abstract: it says *that* features of major classes are mixed with those of other data in the batch. The shares, the layer and the partner above are the course's reading.
#
# **What held here** (curves, CNN with batch normalisation, ρ = 20, 8 seeds, 20 epochs; [low, high] is a 95 % interval of MFW minus plain): the lead of the major classes shrank by 0.24 [0.20, 0.29], minor test accuracy rose by 0.16 [0.08, 0.23], balanced by 0.06 [0.02, 0.09]. Weakening the *minor* classes instead cost them 0.23 [0.16, 0.30] against plain training. Minor over-fitting shrank in long runs only, by 0.10 [0.05, 0.15] after 60 epochs: before, plain training has not fitted all minor examples.
#
# **What did not.** MFW was not better than reweighting the classes for the last 30 % of the epochs: -0.01 [-0.03, 0.01] balanced. Under a long tail there was no balanced gain: -0.01 [-0.03, 0.02]. Mixed after the second block, minor accuracy fell by 0.02 [0.00, 0.05], after the last by 0.06 [0.02, 0.10]. With group normalisation there was no gain: -0.01 [-0.04, 0.03] minor after 60 epochs. On digits, in a network without convolutions, every layer tried lost balanced accuracy (half kept). The paper's benchmarks were not run.
#
# **Not shown**: that under-fitting first *causes* over-fitting last. Showing each minor example more often (oversampling) takes the lead of the major classes away altogether, yet minor classes end 0.07 [0.02, 0.11] *below* MFW on test data.

# %% role="quiz" id="not_enough"
quiz(
    "Oversampling balances the training accuracies of the classes even better than MFW, but ends with lower test accuracy of minor classes. What follows?",
    {
        "Equal progress alone is not sufficient: it matters how it is reached": "Oversampling fits the same few minor examples again and again; MFW slows the major classes down.",
        "Equal progress is not what counts at all": "Too much: with MFW smaller gaps and better test accuracy came together. What is not sufficient need not be useless.",
        "The training accuracies were measured wrongly": "They were measured alike, on clean training data in eval mode.",
    },
    right="Equal progress alone is not sufficient: it matters how it is reached",
    id="not_enough",
)

# %% [markdown] role="essay" id="where" points=3
# ## Where would you use it?
#
# A colleague has read that MFW is state of the art and wants it in every layer of a network without normalisation, for long-tailed data. In five to eight sentences: what would you tell them, on what evidence, and what would you measure first? Use one reading of your own from the explorer or the acceptance table, and one result of the section above that did *not* hold.
# <!-- rubric -->
# One point each for:
#
# - a reading of one's own, with its setting: for example a smaller gap or ratio on the curves, or no gain on "Ten digits";
# - a limit that fits the colleague's plan, quoted as measured and no further: long tail without a balanced gain, late layers or group normalisation without one, not better than deferred reweighting, benchmarks not run;
# - a test before use: plain training and a simple remedy as baselines, several seeds, balanced or minor test accuracy and not only the training gap.

# %% role="quiz" id="two_failures"
quiz(
    "Without looking back. A minor class has training accuracy 0 after two epochs. After sixty it has 1.0 in training and 0.4 on test data. In this order, it was ...",
    {
        "under-fitted all the time": "A training accuracy of 1.0 is no under-fitting. Compare training with test.",
        "over-fitted, then under-fitted": "The other way round: at training accuracy 0 nothing has been fitted yet.",
        "under-fitted, then over-fitted": "First not even its training examples were learnt; at the end they were, and little else.",
    },
    right="under-fitted, then over-fitted",
    id="two_failures",
)

# %% role="quiz" id="shares"
quiz(
    "And: three classes with 900, 30 and 1 examples, lam_min = 0.6. About how much of itself does an example of the middle class keep?",
    {
        "0.99": "That goes by counts: 29 of 899. The formula goes by logarithms.",
        "0.8": "30 is half-way between 1 and 900 on a logarithmic scale, so half of the 0.4 is taken away.",
        "0.5": "No share is below lam_min. Half-way from 1 down to 0.6 is meant.",
    },
    right="0.8",
    id="shares",
)

# %% [markdown] role="given"
# ## Take-away
#
# - Plain training under-fits minor classes first and over-fits them last; in between they have the longer feature gradients.
# - $g_i=(p_i-e_{y_i})\,W$: the pull of an example is long while it is not fitted.
# - MFW keeps major examples hard: features mixed, label kept, minor examples untouched.
# - Here it helped in an early layer of one kind of network. That is a result with a setting, not a law.
#
# ## Further reading
#
# - The paper: [arXiv 2104.01769](https://arxiv.org/abs/2104.01769). Read how it chooses what is mixed, and compare with the formulas above.
# - Mixing examples *with* their labels: mixup, [arXiv 1710.09412](https://arxiv.org/abs/1710.09412). In the library, `MajorFeatureWeakening` works on any named layer, and `MixedLabelLoss` mixes the labels too.
# - All measurements quoted here, with seeds and intervals: section MFW of the course's page of claims.
