# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: Class-dependent temperatures
#     paper: "Ye, Chen, Zhan, Chao: Identifying and compensating for feature deviation in imbalanced deep learning (2020, arXiv 2001.01385)"
#     kind: lesson
#     minutes: 60
#     level: 3
#     needs: [01_when_accuracy_lies, 02_learning_dynamics]
#     objectives:
#       - text: Measure how far test features have moved, without mistaking few examples for a move
#         met_by: [check-feature_deviation, quiz-few_examples]
#       - text: Compute class-dependent temperatures from the class counts
#         met_by: [check-cdt_temperatures]
#       - text: Implement the CDT loss, and say which logits are used at test time
#         met_by: [check-cdt_loss, quiz-at_test]
#       - text: Judge when temperatures are the wrong remedy
#         met_by: [essay-when_worse]
#     symbols:
#       - {symbol: "D", is: "feature deviation of one class", code: "feature_deviation(...)", shape: number}
#       - {symbol: "R", is: "how many draws", code: "len(draws)", shape: number}
#       - {symbol: "K", is: "how many training examples in a draw", code: "draws.shape[1]", shape: number}
#       - {symbol: "z_{rk}", is: "features of example $k$ of draw $r$", code: "train[draws][r, k]", shape: "[d]"}
#       - {symbol: "M", is: "test examples of the class", code: "len(test)", shape: number}
#       - {symbol: "t_j", is: "features of its test example $j$", code: "test[j]", shape: "[d]"}
#       - {symbol: "a_c", is: "temperature of class $c$, 1 or more", code: "cdt_temperatures(counts, gamma)[c]", shape: number}
#       - {symbol: "n_c", is: "training examples of class $c$, in the whole training set", code: "counts[c]", shape: number}
#       - {symbol: "n_{\\max}", is: "the largest count of a class", code: "counts.max()", shape: number}
#       - {symbol: "\\gamma", is: "how strong the temperatures are; the paper tries 0 to 0.4", code: "gamma", shape: number}
#       - {symbol: "L", is: "the training loss", code: "cdt_loss(...)", shape: number}
#       - {symbol: "B", is: "examples in the batch", code: "len(y)", shape: number}
#       - {symbol: "s_{ic}", is: "logit of example $i$ for class $c$", code: "logits[i, c]", shape: number}
#       - {symbol: "y_i", is: "class of example $i$", code: "y[i]", shape: number}
# ---

# %% [markdown] role="card"
# # 05 Class-dependent temperatures
#
# A network gets every training image of a rare digit right, and a third to a half of its test images wrong. In this lesson you measure where the test images went, and you write a loss that leaves them room.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab import data, models
from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up, from lesson 02. One class has 20 times as many examples as another (ρ = 20). At the start of training, how long is the gradient that the rare class contributes, compared with the frequent one's?",
    {
        "About as long": "Single examples of both have gradients of similar size, but the sum over a class has 20 times fewer terms.",
        "About 1/20 as long": "A class's sum is divided by the number of *all* examples, so few examples make a short gradient.",
        "About 20 times as long": "That is what class weights of 1 / n would have to make up for, not what there is.",
    },
    right="About 1/20 as long",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# In lesson 02 rare classes were learnt late. Now train until nothing is left to learn: ten digits, from 100 training images down to 5, until *every* training image is recognised.
#
# The **features** of an image are what the last hidden layer makes of it; the classifier draws its lines there. Where will the test images of the rarest digits lie, compared with their training images?

# %% role="predict" id="where"
predict(
    "Ten digits, ρ = 20, cross-entropy until all training images are right. The features of the rarest digits' test images will lie, on average, ...",
    [
        "where their training images lie",
        "further out than those",
        "back towards the middle, among other classes",
        "off to one side, the same for all digits",
    ],
    truth="back towards the middle, among other classes",
    id="where",
)

# %% role="explore" id="cross_entropy"
explore("temperatures", method="sgd", prediction="where")

# %% [markdown] role="given"
# Look at the last panel. The arrows lead from the training mean (filled) to the test mean (hollow) of each class. Those of the rare digits point inwards; the text under the picture has the distances. The plane shows only about half of the spread between the class means, and a mean of 5 is compared with a mean of 100, so this is a first look; a fair measure follows.
#
# Then look at the loss: the rare digits end near 0. They are not under-fitted. They are learnt by heart, and their recall still stops far below that of the others. The paper calls this **feature deviation**.
#
# ## The idea
#
# A class with five images is pushed across the boundary image by image. Other images of the class start on the frequent side, too, and are pushed only as far as they resemble those five.

# %% role="given"
idea("room_to_slide")

# %% [markdown] role="given"
# Left: in training the rare class is just safe, at test it slides back and is lost. Right: training asks for a logit $s_1$ that is $a$ times as large (the picture shows positive logits). The slide is the same, but now there is room for it. The axes are logits, a linear map of the features.
#
# We cannot stop the slide this way. We *compensate* for it.
#
# ## First, measure it
#
# How far apart are the mean of the training features and the mean of the test features? Careful: a mean of five examples lies far from any other mean by chance alone, with no slide at all. So take the same number $K$ of training examples from every class, many times, and average the distances:
#
# <!-- formula: deviation -->
# $$D=\frac1R\sum_r\left\lVert\frac1K\sum_k z_{rk}-\frac1M\sum_j t_j\right\rVert$$
#
# <!-- symbols: deviation -->
#
# ## A worked cousin
#
# The cell below takes draws of $K$ rows, too (pixels stand in for features), but asks something else: how *wide* is the cloud? It measures how far the examples of a draw lie from the mean of their own draw. Watch the shapes.

# %% role="given"
def width(cloud, draws):
    """cloud [n, d], draws [R, K] of row numbers: mean distance from a draw's own mean."""
    drawn = cloud[draws]  # [R, K, d]
    middle = drawn.mean(dim=1, keepdim=True)  # [R, 1, d]
    return (drawn - middle).norm(dim=2).mean()  # lengths [R, K], then one number


digits = data.load("digits", rho=20, n_max=100)
cloud = digits.x[digits.y == 0]
draws = torch.stack([torch.randperm(len(cloud))[:5] for _ in range(200)])
print("draws:", list(draws.shape), " drawn:", list(cloud[draws].shape))
print("width of class 0:", round(width(cloud, draws).item(), 1))

# %% [markdown] role="task" ex="feature_deviation" difficulty=2 minutes=8
# ## Exercise 1: feature deviation
#
# Return $D$ for one class. `train` `[n, d]` and `test` `[m, d]` hold the features of that class alone; row $r$ of `draws` `[R, K]`, which is given, names the training rows of draw $r$.

# %% role="answer" ex="feature_deviation"
def feature_deviation(train, test, draws):
    """train [n, d], test [m, d], draws [R, K] of row numbers of train; returns one number."""
    ...

# %% role="check" ex="feature_deviation" points=2

# %% [markdown] role="hint" ex="feature_deviation"
# 1. Three steps: a mean over the $K$ examples of each draw, a length for each draw, a mean over the draws. The order matters.
# 2. `train[draws]` has shape `[R, K, d]`, as in the cousin. Which axis counts the examples of a draw? All test examples are used, so their mean is one vector `[d]`.
# 3. The means of the draws are `[R, d]`; subtracting `[d]` works row by row. `.norm(dim=1)` gives one length a row.

# %% [markdown] role="given"
# ## Second, leave room
#
# Class-dependent temperatures (CDT) divide every logit by the temperature of *its own* class, and then take cross-entropy as ever:
#
# <!-- formula: temperatures -->
# $$a_c=\left(\frac{n_{\max}}{n_c}\right)^\gamma$$
#
# <!-- formula: cdt -->
# $$L=-\frac1B\sum_i\log\frac{e^{s_{iy_i}/a_{y_i}}}{\sum_c e^{s_{ic}/a_c}}$$
#
# <!-- symbols: temperatures cdt -->
#
# The largest class has $a_c=1$. A rare class with $a_c=2$ needs twice the logit to look as convincing. With $\gamma=0$ this is plain cross-entropy.
#
# **In training only.** At test time the prediction is the largest *raw* logit. Divide there too, and the room is gone.

# %% [markdown] role="task" ex="cdt_temperatures" difficulty=1 minutes=4
# ## Exercise 2: temperatures
#
# Return all $a_c$. The largest count need not stand first.

# %% role="answer" ex="cdt_temperatures"
def cdt_temperatures(counts, gamma):
    """counts [C], training examples of each class; gamma a number; returns [C]."""
    ...

# %% role="check" ex="cdt_temperatures" points=1

# %% [markdown] role="hint" ex="cdt_temperatures"
# 1. Work out one by hand: counts 5000 and 50, $\gamma=0.3$. The ratio is 100, the temperature about 4.
# 2. `counts.max()` is one number; dividing it by `counts` gives a ratio for each class at once.
# 3. `**` is the power. It binds tighter than `/`, so the ratio needs brackets.

# %% [markdown] role="task" ex="cdt_loss" difficulty=2 minutes=8
# ## Exercise 3: the CDT loss
#
# Return $L$ for a batch. `counts` are those of the training set: a batch may lack a class, and its temperature stays. Logits can be in the thousands; let torch take the logarithm of the sum of exponentials.

# %% role="answer" ex="cdt_loss"
def cdt_loss(logits, y, counts, gamma):
    """logits [B, C], y [B], counts [C] of the training set, gamma; returns one number."""
    ...

# %% role="check" ex="cdt_loss" points=2

# %% [markdown] role="hint" ex="cdt_loss"
# 1. The formula is cross-entropy of other logits. Which ones? Only one line is new.
# 2. `logits` is `[B, C]` and your temperatures are `[C]`: a division works column by column, whatever the labels.
# 3. `F.cross_entropy` takes logits (not probabilities) and labels, and returns the mean over the batch.

# %% [markdown] role="given"
# ## Your code in the picture
#
# Strong lines are *your* loss, the wide pale ones behind them the library's. Choose "SGD" in the menu for plain cross-entropy. Compare the recall of "few", and then the distances in the text: did they shrink? Hardly: CDT makes room, it does not stop the slide.
#
# Now set the step size to 0.1 and compare both again. The rare classes are not learnt within these 300 steps, and CDT falls *behind*. At the start, with all logits near 0, the gradient at a class's logit is $(p_c-[c=y])/a_c$: temperatures first slow rare classes down. Only a network that fits its training set gets the gain.

# %% role="explore" id="own"
explore("temperatures", mine=cdt_loss)

# %% [markdown] role="given"
# ## Does it hold?
#
# The next cell trains a wider network on five digits with 100 images each and five with 5, eight times, each seed with its own draw. The first two columns are recalls of the rare digits: with raw logits, and with test logits divided as well. The others are *ratios* of *your* deviation, rare over frequent (the picture has the distances): with all training examples at once, with five drawn of every class, and, as the **null**, five test examples against the other test examples. A wide cloud has a large null with no slide at all: only what lies above the null is the slide.

# %% role="extra" id="acceptance"
acceptance("feature_deviation_and_cdt", loss=cdt_loss, deviation=feature_deviation)

# %% [markdown] role="essay" id="when_worse" points=3
# ## When is it worse?
#
# What we measured elsewhere, with other seeds (95 % intervals; the essay needs no more than this):
#
# - Rare classes gain, and frequent ones pay. Balanced accuracy rises with $\gamma$ to about 0.2 or 0.3, and at $\gamma=1$ it is 15 points *below* plain training [10, 19].
# - Logistic regression on overlapping classes does not over-fit rare classes. It under-fits them, in training as at test.
# - **Not reproduced here:** that CDT beats class weights, as reported on CIFAR. The difference is 0.5 points [-0.9, 2.0]. Logit adjustment (lesson 01's shift, inside the loss) was about as good on digits, and 9 points better than CDT on the data "curves".
# - **Not tested here:** CIFAR, ResNets, and the margins at the end of very long training.
#
# Two colleagues want CDT. One fine-tunes a large network on a long-tailed photo collection until all training photos are right. The other fits logistic regression to overlapping classes. In five to eight sentences: what would you tell each, and what would you try beside CDT? Support one claim with a reading of the explorer.
# <!-- rubric -->
# One point each for:
#
# - the first colleague: the network over-fits rare classes and their test features slide, so larger training logits can help; $\gamma$ small and chosen on validation data, raw logits at test; what the frequent classes pay is looked at;
# - the second colleague: rare classes are under-fitted, training and test agree, so there is no slide to make up for, and temperatures slow the rare classes down (explorer: step size 0.1, or four classes);
# - a comparison beside CDT (class weights or logit adjustment), because its lead over them did not reproduce here; supported by a setting and a reading.

# %% [markdown] role="given"
# ## Take-away
#
# - A network can know all training examples of a rare class and lose its test examples: their features slide back towards the other classes.
# - Measure the slide with equally many examples of every class, and against a null. Otherwise small counts look like a slide.
# - CDT divides each logit by $a_c=(n_{\max}/n_c)^\gamma$, in training only. It makes up for the slide and does not remove it.
# - It helps where rare classes are over-fitted. Where they are not yet learnt, it slows them down.

# %% role="quiz" id="few_examples"
quiz(
    "Training and test features of two classes follow the very same law. One class has 100 training examples, the other 5; both have 50 test examples. You take all of them and measure the distance between training mean and test mean. It is, on average, ...",
    {
        "zero for both": "Only with infinitely many examples. Two finite means of the same law never meet.",
        "the same for both": "That would be so if the same number were drawn from both, which is why we draw.",
        "larger for the rare class": "The mean of 5 scatters far more than the mean of 100. Without drawing, few examples look like a slide.",
        "larger for the frequent class": "More examples make a mean steadier, not more distant.",
    },
    right="larger for the rare class",
    id="few_examples",
)

# %% role="quiz" id="at_test"
quiz(
    "A network was trained with temperatures 1 (class 0) and 4 (class 1). For a test image its logits are 2.0 and 2.1. What does it predict?",
    {
        "Class 0, since 2.1 / 4 is less than 2.0": "That is the boundary of training. Used at test, it takes back the room that training made.",
        "Class 1": "At test time the largest raw logit wins. Temperatures belong to training.",
        "It depends on the class counts": "Counts made the temperatures, and these play no part once training is over.",
    },
    right="Class 1",
    id="at_test",
)

# %% [markdown] role="given"
# ## Further reading
#
# - The paper: [arXiv 2001.01385](https://arxiv.org/abs/2001.01385). Figure 1 shows the clouds of an imbalanced CIFAR-10.
# - [arXiv 2103.01550](https://arxiv.org/abs/2103.01550) (Kini and others, NeurIPS 2021) proves for linear classifiers that dividing logits, unlike class weights, still matters at the end of training, and finds that at the start it can harm rare classes.
# - In the library: `CDTLoss` in `imbal_lab.methods` fits into any training loop; `imbal_lab.instruments.null_deviation` is the null above.
