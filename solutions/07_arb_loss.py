# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: ARB-Loss
#     paper: "Xie, Yang, Cai, He: Neural collapse inspired attraction-repulsion-balanced loss for imbalanced learning (Neurocomputing 2023, arXiv 2204.08735)"
#     kind: lesson
#     minutes: 70
#     level: 4
#     needs: [01_when_accuracy_lies, 02_learning_dynamics]
#     objectives:
#       - text: Split the gradient of the classifier's rows into attraction and repulsion
#         met_by: [check-attraction_and_repulsion]
#       - text: Predict from the class counts how hard a rare row is pushed
#         met_by: [quiz-ratio]
#       - text: Implement ARB-Loss, and say why it is balanced softmax
#         met_by: [check-arb_losses, quiz-same_loss]
#       - text: Say what counts of the batch change
#         met_by: [quiz-batch_counts]
#       - text: Measure a segmentation by its mean IoU
#         met_by: [check-mean_iou]
#       - text: Judge whether more recall is worth its false alarms, and whether a baseline was trained long enough
#         met_by: [essay-worth_it]
#     symbols:
#       - {symbol: "g_{ik}", is: "gradient at logit $k$ of example $i$", code: "pushes[i, k]", shape: number}
#       - {symbol: "p_{ik}", is: "probability that example $i$ gives to class $k$", code: "logits.softmax(dim=1)[i, k]", shape: number}
#       - {symbol: "y_i", is: "class of example $i$", code: "y[i]", shape: number}
#       - {symbol: "n", is: "examples in all", code: "len(y)", shape: number}
#       - {symbol: "A_k", is: "attraction of row $k$ to its own examples", code: "result[k, 0]", shape: number}
#       - {symbol: "R_k", is: "repulsion of row $k$ from all others", code: "result[k, 1]", shape: number}
#       - {symbol: "n_k", is: "training examples of class $k$", code: "counts[k]", shape: number}
#       - {symbol: "C", is: "number of classes", code: "logits.shape[1]", shape: number}
#       - {symbol: "\\ell_i", is: "the loss of example $i$", code: "result[i]", shape: number}
#       - {symbol: "z_{ik}", is: "logit $k$ of example $i$", code: "logits[i, k]", shape: number}
#       - {symbol: "J", is: "mean IoU", code: "result", shape: number}
#       - {symbol: "b_k", is: "pixels that are $k$ and are called $k$", code: "", shape: number}
#       - {symbol: "c_k", is: "pixels called $k$", code: "(predictions == k).sum()", shape: number}
#       - {symbol: "t_k", is: "pixels that are $k$", code: "(y == k).sum()", shape: number}
# ---

# %% [markdown] role="card"
# # 07 ARB-Loss
#
# The last layer of a network holds one vector for each class. You find out who pulls at these vectors and who pushes them, why the rare ones come off badly, and how a change of one term sets that right. Then you take it to segmentation, where it has a price.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up, from lesson 02. One example in a hundred belongs to class 1. At the start, when all examples have gradients of similar size, what part of the gradient of the mean loss comes from class 1?",
    {
        "about 1 %": "The mean is over all examples, so a class has as much say as it has examples.",
        "half of it, as there are two classes": "That would be so if each class had its own mean. The mean over all examples counts heads.",
        "most of it, since its loss is high": "At the start the losses are alike; what differs is the number of examples.",
    },
    right="about 1 %",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# The last layer computes the logit of class $k$ as $z_k=w_k\cdot h+b_k$. Here $h$ are the features of an example and $w_k$ is row $k$ of the weight matrix.
#
# On balanced data, theory says, long training tends to a beautiful end: the rows, taken from their mean, have equal lengths and stand at equal angles, as far apart as can be. That figure is called a **simplex**. With four classes every cosine in it is −1/3. What becomes of the rows of *rare* classes?

# %% role="predict" id="rows"
predict(
    "Four classes, ρ = 50 (largest count over smallest), cross-entropy. At the start the rows of the two rarest classes have a cosine of −0.26. After 300 steps it is ...",
    ["near −1/3, as in a simplex", "near −1: the two point apart", "near 0 or above: the two have drawn together"],
    truth="near 0 or above: the two have drawn together",
    id="rows",
)

# %% role="explore" id="ce"
explore("attraction", data="gauss2d", method="sgd", rho=50, prediction="rows")

# %% [markdown] role="given"
# The lower left panel shows the cosines; the rarest classes stand last. Their two rows draw together, and the recall of the rarest class (the share of it that is found) stays near 0. Here the cosine ends at 0.14; over eight seeds at 0.04 [−0.06, 0.14]; with ρ = 1 at −0.20 [−0.23, −0.17], on its way to the simplex. (Brackets are 95 % intervals.)
#
# ## The idea
#
# An example of class $k$ *pulls* row $k$ towards its features. An example of any other class *pushes* row $k$ away from its own features. A rare class has few to pull, and everybody else to push. Two rare rows are pushed by the same crowd, and so in the same direction.

# %% role="given"
idea("attraction")

# %% [markdown] role="given"
# Arrows are drawn to scale, for counts 12, 2, 2 and equal logits. The weak push between the two rare classes is left out; with it, 3 becomes 3.5.
#
# ## The formula
#
# The gradient on row $k$ is a sum over the examples, $\sum_i g_{ik}h_i$, where $g_{ik}$ is the gradient of the loss at the logit. A step goes downhill: example $i$ moves the row by $-g_{ik}h_i$, towards $h_i$ where $g_{ik}$ is negative. For mean cross-entropy, with the bracket 1 where it is true and 0 elsewhere,
#
# <!-- formula: forces -->
# $$g_{ik}=\frac{p_{ik}-[y_i=k]}{n},\qquad A_k=-\sum_{i:\,y_i=k}g_{ik},\qquad R_k=\sum_{i:\,y_i\neq k}g_{ik}$$
#
# <!-- symbols: forces -->
#
# If all logits are equal, every $p_{ik}$ is $1/C$, and
#
# <!-- formula: ratio -->
# $$\frac{R_k}{A_k}=\frac{n-n_k}{(C-1)\,n_k}$$
#
# <!-- symbols: ratio balance -->

# %% role="quiz" id="ratio"
quiz(
    "Ten classes with 331 examples in all; the rarest has 2. All logits are equal. How many times as hard is the rarest row pushed as it is pulled?",
    {
        "about 165 times": "There are 165 times as many others, but each of them shares its push among the nine rows that are not its own.",
        "about 18 times": "(331 − 2) / (9 · 2) is about 18.",
        "as hard as it is pulled": "That holds for all rows together, and for every single one when the counts are equal.",
        "about an 18th as hard": "That is upside down: few pull, many push.",
    },
    right="about 18 times",
    id="ratio",
)

# %% role="given"
# A worked cousin: the gradient at the logits by the formula, and by autograd.
def gradient_at_logits(logits, y):
    """(p - [y = k]) / n of mean cross-entropy: [n, C]."""
    pushes = logits.softmax(dim=1)
    pushes[torch.arange(len(y)), y] -= 1
    return pushes / len(y)


y = torch.tensor([0] * 12 + [1] * 2 + [2] * 2)
logits = torch.zeros(16, 3, requires_grad=True)
(pushes,) = torch.autograd.grad(F.cross_entropy(logits, y), logits)
print("the same:", torch.allclose(pushes, gradient_at_logits(logits.detach(), y)))
print("an example of class 0 acts on the three rows by", pushes[0])

# %% [markdown] role="task" ex="attraction_and_repulsion" difficulty=2 minutes=9
# ## Exercise 1: attraction and repulsion
#
# Given the gradient at the logits, of any loss, return $A_k$ and $R_k$ of every class: row $k$ holds attraction, then repulsion. Not every loss is cross-entropy: entries may have either sign, so go by `y`. A class of which no example is there has attraction 0; it is pushed all the same.

# %% role="answer" ex="attraction_and_repulsion"
def attraction_and_repulsion(pushes, y):
    """pushes [n, C], the gradient at the logits; y [n]. Returns [C, 2]: attraction, repulsion."""
    ...

# %% role="check" ex="attraction_and_repulsion" points=3

# %% [markdown] role="hint" ex="attraction_and_repulsion"
# 1. Everything about row $k$ stands in column $k$ of `pushes`. Which of its entries belong to examples of class $k$?
# 2. Sum these and turn the sign; sum the others as they are. A sum over nothing is 0: a missing class needs no special case.
# 3. Loop over `range(pushes.shape[1])` with the mask `y == k`, and keep pairs; or make one mask `[n, C]` for all classes and sum over `dim=0`. `torch.stack` puts the two columns side by side.

# %% [markdown] role="task" ex="arb_losses" difficulty=2 minutes=13
# ## Exercise 2: ARB-Loss
#
# The remedy: in the sum below the line of the softmax, let rival $k$ count $n_k/n_{y_i}$ times. A rival rarer than the label is then pushed less, a more frequent one more.
#
# <!-- formula: arb -->
# $$\ell_i=-\log\frac{e^{z_{iy_i}}}{\sum_k\frac{n_k}{n_{y_i}}e^{z_{ik}}}$$
#
# <!-- symbols: arb same -->
#
# Return the loss of each example. Every label has a count of at least 1. A class with count 0 drops out, however large its logit. Logits may be in the thousands, and `exp` of them is infinite. The counts are those of the training set, whatever the batch holds.

# %% role="answer" ex="arb_losses"
def arb_losses(logits, y, counts):
    """logits [n, C], y [n], counts [C]; returns the loss of each example [n]."""
    ...

# %% role="check" ex="arb_losses" points=3

# %% [markdown] role="hint" ex="arb_losses"
# 1. Multiply the fraction by $n_{y_i}$ above and below. Which count does each term have then?
# 2. A factor in front of $e^z$ can move into the exponent: $n\,e^z=e^{z+\log n}$. So the fraction is a softmax, of other logits.
# 3. Make these logits, all $C$ of them, and hand them to `F.cross_entropy`, with `reduction="none"` for one loss an example. The log of 0 is minus infinity, which is right here.

# %% [markdown] role="given"
# ## Your code in the picture, and does it hold?
#
# The explorer trains with the mean of your losses; the library's is pale. Choose "SGD" in the menu for contrast. One predicts with the raw logits: with the counts they fit a training set in which rare classes are rare; alone they suit a test in which all classes count alike.
#
# At equal logits your fraction is $n_{y_i}/n$, and pull equals push for every class:
#
# <!-- formula: balance -->
# $$A_k=R_k=\frac{n_k(n-n_k)}{n^2}$$
#
# The cell after the explorer repeats the paper's figure with your functions, at small scale: ten digits, six seeds. Left: R/A before the first step. Middle: the slope of $\log R/A$ over $\log n_k$; −1 where R/A falls like $1/n_k$, 0 in balance. The last tick puts rows and features on a simplex, with large logits. There your loss draws all rows out equally; cross-entropy draws one 8.7 times as hard as another.

# %% role="explore" id="own"
def arb_loss(logits, y, counts):
    return arb_losses(logits, y, counts).mean()


explore("attraction", mine=arb_loss, data="gauss2d", rho=50)

# %% role="extra" id="acceptance"
acceptance("attraction_balances", losses=arb_losses, forces=attraction_and_repulsion)

# %% [markdown] role="task" ex="mean_iou" difficulty=2 minutes=9
# ## Exercise 3: mean IoU
#
# In **segmentation** every pixel gets a class: a pixel is an example. Our images hold discs and squares in four textures. Most pixels are background; the rarest texture is in a tenth as many images as the commonest. Recall asks how many pixels of a class are found; false alarms cost it nothing. Intersection over union, IoU, sees both: of the pixels that are $k$ *or* are called $k$, the share that is both.
#
# <!-- formula: iou -->
# $$J=\frac1C\sum_k\frac{b_k}{c_k+t_k-b_k}$$
#
# <!-- symbols: iou -->
#
# Here $C$ counts the classes that occur, in `y` or in `predictions`; others are left out. All images count together.

# %% role="answer" ex="mean_iou"
def mean_iou(predictions, y, num_classes):
    """predictions and y hold classes, in any one shape; returns a number from 0 to 1."""
    ...

# %% role="check" ex="mean_iou" points=3

# %% [markdown] role="hint" ex="mean_iou"
# 1. For one class make two masks: where it is called, and where it is.
# 2. `&` of two masks is their intersection, `|` their union; `.sum()` counts.
# 3. Loop over the classes, skip one whose union is empty, keep the quotients in a list, and return their mean. A class that is called but nowhere to be found has IoU 0, and stays.

# %% role="extra" id="segmentation"
acceptance("iou_or_recall", losses=arb_losses, iou=mean_iou)

# %% [markdown] role="given"
# ## Read it twice
#
# Your loss has the better recall throughout. Its mean IoU is better *early* and worse *late*: cross-entropy only needed longer. Whoever stops at step 100 reports a triumph. More recall with less IoU means more false alarms.
#
# The paper reports gains. A gain in mean IoU depends on how far plain cross-entropy was trained. ARB-Loss minus cross-entropy elsewhere (ten seeds, percentage points): with a convolutional network and ρ = 3, **+40.9** [31.9, 49.9] after 100 steps, **+1.0** [−2.5, 4.5], not clear, after 600. With the cell's network and more noise, so that classes overlap, mean IoU −10.6 [−13.5, −7.7], but mean recall +20.0 [17.8, 22.3].
#
# ## Which loss is it?
#
# Multiply the fraction above and below by $n_{y_i}$, and write $n\,e^z$ as $e^{z+\log n}$:
#
# <!-- formula: same -->
# $$\ell_i=-\log\frac{e^{z_{iy_i}+\log n_{y_i}}}{\sum_k e^{z_{ik}+\log n_k}}$$
#
# This softmax of $z+\log n$ is **balanced softmax**. The paper's code counts each *batch* instead: a class that it lacks drops out.
#
# ## What did not reproduce, and what does as well
#
# Ten digits, ten other seeds; points of balanced accuracy:
#
# - The balance is one of the *start*. In the last epoch the slopes are +0.14 and, with ARB-Loss, −0.08. $R_k-A_k$ is the gradient of the bias $b_k$, so R/A tends to 1 as the bias settles, under any loss.
# - From pair to pair of classes the gradients differ *more* than with cross-entropy: the opposite of the claim.
# - The rows end no nearer to a simplex, and rare ones no farther apart (cosine +0.01 [−0.02, 0.04]). On the explorer's four classes they did, by 0.09.
# - Batch counts lose a little: −0.7 points [−1.3, −0.2].
# - Taking $\log n$ off the logits *after* training with cross-entropy does as well: ARB-Loss is ahead by 0.5 points [−0.3, 1.4].
# - Class weights balance R/A at the start too. ARB-Loss is ahead of them by 5.2 points [4.0, 6.4] on MNIST-1D, on digits not clearly.
#
# No number here is the paper's: none could be verified.

# %% [markdown] role="essay" id="worth_it" points=3
# ## Is it worth it?
#
# A colleague shows you a table: a network that marks tumours, 2 % of the pixels, trained for one hour with each loss. Mean IoU 41 with cross-entropy, 58 with ARB-Loss. "We switch," she says. In five to eight sentences: what does the table show, what does it not, and what would you do and ask before you agree? Support one claim with a number from this notebook.
# <!-- rubric -->
# One point each for:
#
# - the gain may be one of speed: asks for cross-entropy trained to its end (curves, several seeds), with a number such as the crossing in the segmentation cell or +40.9 against +1.0;
# - recall and IoU may part: ARB-Loss finds more of the rare class and calls more of the background rare, so asks for recall and false alarms (precision) separately, with a number;
# - lets the choice depend on costs: what a missed tumour and a false alarm cost; or compares with simpler means to the same end, such as subtracting log n after training, or another threshold.

# %% [markdown] role="given"
# ## Take-away
#
# - A row is pulled by its own examples and pushed by all others. At equal logits a rare one is pushed $(n-n_k)/((C-1)n_k)$ times as hard as it is pulled.
# - ARB-Loss lets rival $k$ count $n_k/n_y$ times; then, at equal logits, push and pull are equal for every class.
# - It finds more of rare classes, with more false alarms: where classes overlap, mean IoU pays.
# - Ask how long a baseline was trained before you believe a gain.
#
# **Further reading.** The paper: [arXiv 2204.08735](https://arxiv.org/abs/2204.08735). Balanced softmax: [arXiv 2007.10740](https://arxiv.org/abs/2007.10740). Logit adjustment: [arXiv 2007.07314](https://arxiv.org/abs/2007.07314). Why rare rows merge: Fang, He, Long, Su, [arXiv 2101.12699](https://arxiv.org/abs/2101.12699).

# %% role="quiz" id="same_loss"
quiz(
    "Without looking back: balanced softmax trains with the softmax of z + log n; so does logit adjustment at full strength (its factor τ = 1). With the counts of the training set, how does ARB-Loss differ from it?",
    {
        "It weighs the examples of rare classes more": "Those are class weights: they turn pull and pushes of an example up alike.",
        "It changes only the rivals, not the label's own logit": "It looks so, but multiply the fraction by the label's count above and below: every class has its own count then.",
        "Not at all": "The label's count cancels. What the paper adds is another reason for the same loss.",
        "It also takes log n from the logits at test time": "Neither does: both are used with raw logits.",
    },
    right="Not at all",
    id="same_loss",
)

# %% role="quiz" id="batch_counts"
quiz(
    "Count the classes in each batch instead. A batch happens to hold examples of class 3 only. What is the ARB-Loss of its examples?",
    {
        "0, with no gradient": "The counts of all rivals are 0, so nothing is left below the line but the label's own term.",
        "that of cross-entropy": "Equal counts would give cross-entropy. Here the rivals' counts are 0.",
        "infinite": "It would be, if the label's own count were 0; but the label is always in its batch.",
    },
    right="0, with no gradient",
    id="batch_counts",
)
