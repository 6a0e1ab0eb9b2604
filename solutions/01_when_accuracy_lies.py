# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: When accuracy lies
#     paper: "Menon, Jayasumana, Rawat, Jain, Veit, Kumar: Long-tail learning via logit adjustment (ICLR 2021, arXiv 2007.07314)"
#     kind: lesson
#     minutes: 60
#     level: 1
#     needs: [00_start_here]
#     objectives:
#       - text: Compute the recall of each class, and macro-F1
#         met_by: [check-class_recalls, check-macro_f1]
#       - text: Move a model's probabilities from one class mix to another
#         met_by: [check-shifted_probabilities]
#       - text: Say which simple remedy can help on which kind of data, and why
#         met_by: [quiz-fitted, quiz-jumps]
#       - text: Choose a measure and a remedy for a purpose
#         met_by: [essay-which_remedy]
#     symbols:
#       - {symbol: "A", is: "accuracy where class $k$ has the share $\\pi_k$", code: "", shape: number}
#       - {symbol: "\\pi_k", is: "share of class $k$ in training", code: "train_prior[k]", shape: number}
#       - {symbol: "R_k", is: "recall: the share of class $k$ that is found", code: "class_recalls(...)[k]", shape: number}
#       - {symbol: "H_k", is: "hits: examples of class $k$ that are called $k$", code: "((y == k) & (predictions == k)).sum()", shape: number}
#       - {symbol: "N_k", is: "examples of class $k$", code: "(y == k).sum()", shape: number}
#       - {symbol: "G_k", is: "guesses: examples that are called $k$, right or wrong", code: "(predictions == k).sum()", shape: number}
#       - {symbol: "F_k", is: "F1 of class $k$", code: "", shape: number}
#       - {symbol: "F", is: "macro-F1", code: "macro_f1(...)", shape: number}
#       - {symbol: "C", is: "number of classes", code: "num_classes", shape: number}
#       - {symbol: "p_{ik}", is: "what the model says: probability of class $k$ for example $i$", code: "probs[i, k]", shape: number}
#       - {symbol: "\\nu_k", is: "share of class $k$ where the model is used", code: "test_prior[k]", shape: number}
#       - {symbol: "q_{ik}", is: "the probability there", code: "shifted_probabilities(...)[i, k]", shape: number}
# ---

# %% [markdown] role="card"
# # 01 When accuracy lies
#
# A model can be right nearly always and never find what you are looking for. In this lesson you write the measures that show it, try the remedies that everyone tries first, and see why none of them wins everywhere.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up. A training set has 400, 108, 29 and 8 examples of its four classes. How large is the imbalance ratio ρ?",
    {
        "about 0.73": "That is the majority's share of all examples, 400 of 545.",
        "about 3.7": "That is each count over the next one. ρ compares the two ends.",
        "50": "The largest count over the smallest: 400 / 8.",
        "392": "That is the difference. The ratio divides.",
    },
    right="50",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# Imbalance has a shape. **Long-tailed** counts fall class by class, as 400, 108, 29, 8 do. With **step** imbalance they fall in steps: some classes have many examples each, others equally few.
#
# Take those four long-tailed classes, points in the plane that overlap a little, and train a small network with plain SGD. After 300 steps it is right for 93 % of new examples, if these come in the same mix.

# %% role="predict" id="rarest"
predict(
    "Accuracy 93 %, in the mix 400 : 108 : 29 : 8. What share of the rarest class does this network recognise?",
    ["about 90 %", "about 60 %", "about 30 %", "hardly any"],
    truth="hardly any",
    id="rarest",
)

# %% role="explore" id="remedies"
explore("remedies", data="gauss2d", method="sgd", rho=50, prediction="rarest")

# %% [markdown] role="given"
# Look at the recalls, top right: the rarer the class, the lower, and of the rarest nothing is found. In the map its land is a small wedge that misses its examples.
#
# Now try the remedies in the menu: **class weights** (a rare example's loss counts more), **SGD+O** (oversampling: every batch has equally many of each class), **logit adjustment** (we come to it; the others can wait). All three find far more of the rarest class. What does the majority's recall do meanwhile? Then take the data "Seven states" with ρ = 100, a small copy of what comes below: which remedy misses state 5?
#
# ## The idea
#
# Accuracy is a mean over *examples*, so common classes decide:
#
# <!-- formula: accuracy -->
# $$A=\sum_k\pi_kR_k$$
#
# Class $k$, counted from 0, has the share $\pi_k$ and the recall $R_k$. At these counts the rarest class has the share $\pi_3=8/545$: losing it whole costs accuracy 1.5 points.
#
# Below are two classifiers with the same accuracy. Rows are the true classes. Which one would you rather have in a hospital?

# %% role="given"
idea("accuracy_and_recall")

# %% [markdown] role="given"
# ## Two measures
#
# **Balanced accuracy** is the plain mean of the recalls. It asks what is found, and not at what price: every false alarm is some other class's miss, but a thousand of 100,000 common examples called rare hardly dent the common recall. **F1** counts false alarms as well; macro-F1 is the mean over classes.
#
# <!-- formula: measures -->
# $$R_k=\frac{H_k}{N_k},\qquad F_k=\frac{2H_k}{N_k+G_k},\qquad F=\frac1C\sum_kF_k$$
#
# <!-- symbols: accuracy measures -->
#
# $F_k$ is the harmonic mean of recall and **precision** $H_k/G_k$. A recall does not care how common its class is. Precision and F1 do: make the common class ten times larger, and the same classifier raises ten times as many false alarms.
#
# ## A worked cousin
#
# Precision of one class, for the right-hand classifier of the drawing. `clamp_min(1)` makes 0/1 of 0/0: a class that is never called, as on the left of the drawing, has precision 0, and not NaN. In this course **absent means zero**.

# %% role="given"
def precision_of(predictions, y, k):
    """Share of the examples called k that are of class k; 0 if nothing is called k."""
    hits = ((predictions == k) & (y == k)).sum()
    called = (predictions == k).sum()
    return (hits / called.clamp_min(1)).item()


confusion = torch.tensor([[66, 10, 4], [0, 14, 1], [0, 0, 5]])
pairs = torch.arange(9).repeat_interleave(confusion.flatten())
labels, guesses = pairs // 3, pairs % 3  # a hundred of each
print("accuracy", (guesses == labels).float().mean().item())
print("precision", [round(precision_of(guesses, labels, k), 2) for k in range(3)])

# %% [markdown] role="task" ex="class_recalls" difficulty=1 minutes=6
# ## Exercise 1: recalls
#
# Return the recalls as one tensor, one number a class in the order of the labels. `num_classes` says how many there are; a class that does not occur in `y` has recall 0.

# %% role="answer" ex="class_recalls"
def class_recalls(predictions, y, num_classes):
    """predictions [n], y [n] integer labels; returns [num_classes]."""
    ...

# %% role="check" ex="class_recalls" points=2

# %% [markdown] role="hint" ex="class_recalls"
# 1. For each class two counts are needed: its hits, and its examples. Guesses that are wrong play no part.
# 2. `torch.bincount` counts how often each label occurs; its argument `minlength` keeps a place for labels that do not. A mask picks the examples that were guessed right: `y[predictions == y]`.
# 3. Divide the counts of the hits by the counts of `y`, entry by entry; `clamp_min(1)` below the fraction bar takes care of 0/0.

# %% [markdown] role="task" ex="macro_f1" difficulty=2 minutes=8
# ## Exercise 2: macro-F1
#
# Return $F$, one number. The mean runs over all `num_classes`. A class that is never found has F1 zero and counts; so does one that neither occurs nor is called.

# %% role="answer" ex="macro_f1"
def macro_f1(predictions, y, num_classes):
    """predictions [n], y [n] integer labels; returns a number."""
    ...

# %% role="check" ex="macro_f1" points=2

# %% [markdown] role="hint" ex="macro_f1"
# 1. Three counts for each class: hits, examples, and guesses. First the F1 of every class, then their mean.
# 2. The guesses are counted as the examples are, with `torch.bincount`.
# 3. Twice the hits over the sum of the other two counts, with `clamp_min(1)` below the bar, then `.mean()`.

# %% [markdown] role="given"
# ## When the mix changes
#
# A network trained on the mix $\pi$ learns how probable each class is *in that mix*. Suppose it is used where the shares are $\nu$, equal ones for instance, and a class looks the same as ever. Nothing needs training again. By Bayes' rule a class's probability is proportional to its share times how often that class looks like this example. Only the share has changed: divide by the old one, multiply by the new one, and the line between two classes moves.

# %% role="given"
idea("prior_shift")

# %% [markdown] role="task" ex="shifted_probabilities" difficulty=2 minutes=8
# ## Exercise 3: shift the probabilities
#
# Multiply every probability by new share over old share, then let each example's probabilities sum to 1 again:
#
# <!-- formula: shift -->
# $$q_{ik}=\frac{p_{ik}\frac{\nu_k}{\pi_k}}{\sum_lp_{il}\frac{\nu_l}{\pi_l}}$$
#
# <!-- symbols: shift -->
#
# Of a class with $\pi_k=0$ the model knows nothing: its probability is 0. Leave `probs` as it is, and use torch's operations throughout: a loss will be made of the result, and its gradient must find the way back to `probs`.

# %% role="answer" ex="shifted_probabilities"
def shifted_probabilities(probs, train_prior, test_prior):
    """probs [n, C], train_prior [C], test_prior [C], shares that sum to 1; returns [n, C]."""
    ...

# %% role="check" ex="shifted_probabilities" points=3

# %% [markdown] role="hint" ex="shifted_probabilities"
# 1. The factor is the same for every example, one number a class. Broadcasting multiplies `[n, C]` by `[C]`.
# 2. Divide each row by its own sum: `sum(dim=1)` has shape `[n]` and does not fit, `sum(dim=1, keepdim=True)` has `[n, 1]`.
# 3. `torch.where(condition, this, that)` chooses entry by entry: the quotient where the old share is positive, else 0. Write `probs * factor` rather than `probs *= factor`.

# %% [markdown] role="given"
# ## Your code in the picture
#
# Shifting after training ("shifted after" in the table below) is called **post-hoc** logit adjustment. The same function fits *inside* the loss ("adjusted loss"; in the menu "Logit adjustment"), turned round: say that the network's own probabilities are for equal shares, shift them to the training mix, and ask there how probable the labels are. Whoever uses the network leaves the shift out.
#
# The strong lines are yours, the pale bands the library's logit-adjusted loss. Do they agree?

# %% role="explore" id="own"
def my_loss(logits, y, counts):
    """logits [n, C], y [n], counts [C] of the training set; returns a scalar."""
    train = counts / counts.sum()
    equal = torch.full_like(train, 1 / len(train))
    probs = shifted_probabilities(logits.softmax(dim=1), equal, train)
    return F.nll_loss(probs.log(), y)


explore("remedies", mine=my_loss, data="gauss2d", rho=50)

# %% [markdown] role="given"
# ## Does it hold?
#
# Guess first, aloud: which remedy wins on overlapping blobs? On seven states that lie far apart, the rarest with 5 of 29,000 examples? On 1-D curves of ten classes (ρ = 100) that a network learns by heart?
#
# The next cell trains six networks for each remedy and data set, with *your* three functions as measures and as shift, and takes ten to twenty seconds on an idle machine. Gains are in points of balanced accuracy over plain training, with 95 % intervals. "Sure minus right" is the mean of the largest probability minus the accuracy, both with equal shares: near zero means **calibrated**. Hollow squares in the picture are accuracies at the *training* mix.

# %% role="extra" id="acceptance"
acceptance("which_remedy_wins", recalls=class_recalls, f1=macro_f1, shift=shifted_probabilities)

# %% [markdown] role="essay" id="which_remedy" points=3
# ## It depends on the data
#
# - **Overlap.** Only the mix is wrong, and every remedy corrects it. Shifted probabilities are calibrated for the new mix. But at the *training* mix all remedies cost accuracy (the squares), and macro-F1 falls with the shift.
# - **Rare and apart.** Of the two rarest states there is next to no evidence to shift: the network has hardly learnt to look. It must see them more often. Class weights ask for the same *on average*, as rare batches with enormous steps; at this step size that destroys the network. (In the explorer the largest weight is 46, and they did well; here it is 828.) With a 25th of the step they find the rare states, but accuracy at the mix is 59 %.
# - **Memorised.** Early on oversampling gains (last panel), and perhaps weights. Once nearly every example is fitted, its loss is near zero, and a hundred times nearly nothing is still little. The shift goes on working, but these networks are far too sure of themselves, so it corrects too little.
#
# **What did not come out.** In the limit of long training weights should do nothing at all (Byrd and Lipton, 2019). Look at the digits: there every training example is fitted too, and weights that acted *from the start* still gain. Nor does balanced accuracy prove a remedy good: at the mix of the blobs plain training is the most accurate.
#
# **Essay.** A factory's camera sees faults, rare ones, in the same mix as in training. A colleague reports 99.8 % accuracy; another one proposes class weights. In six to ten sentences: what do you ask to see, which remedy do you try first and what would make you change it, and when would you leave plain training as it is? Support one claim with a row of the table.
# <!-- rubric -->
# One point each for:
#
# - measure: asks for recalls (or the confusion) of the rare classes and for their false alarms at the mix of use, with how many test examples they rest on; says why accuracy hides them;
# - remedy: ties it to the data: overlap (shift or any), rare and apart (oversampling, or weights with small steps), memorised (shift or adjusted loss, as weights fade); supported by a row of the table;
# - limits: at the same mix as in training the plain model has the better accuracy, and macro-F1 can fall; so the choice depends on what a miss and a false alarm cost, or on the mix of use.

# %% [markdown] role="given"
# ## Take-away
#
# - Accuracy weighs recalls by shares. Show every class.
# - Balanced accuracy ignores the mix; F1 depends on it. Say at which mix you measured.
# - A wrong mix is corrected after training, by one multiplication, as far as the probabilities are right.
# - No remedy wins everywhere: ask whether the rare classes overlap with others, are hardly seen, or are learnt by heart.
#
# ## Further reading
#
# - Saerens, Latinne, Decaestecker: *Adjusting the outputs of a classifier to new a priori probabilities*, Neural Computation 14 (2002).
# - Menon and others: *Long-tail learning via logit adjustment*, ICLR 2021, [arXiv 2007.07314](https://arxiv.org/abs/2007.07314).
# - Byrd, Lipton: *What is the effect of importance weighting in deep learning?*, ICML 2019, [arXiv 1812.03372](https://arxiv.org/abs/1812.03372).
#
# Two questions to end with; then lesson [02](../02_learning_dynamics/02_learning_dynamics.ipynb) asks what imbalance does to the very first steps.

# %% role="quiz" id="fitted"
quiz(
    "Without looking back: a network has fitted all its training examples, with losses near zero. You multiply the loss of the rare class by 100 and go on training. What happens to its recall on new data?",
    {
        "It rises clearly, as with weights from the start": "From the start they act while losses are large. Now a hundred times nearly nothing moves the network little.",
        "It changes little": "Fitted examples hardly pull any more, whatever their weight. A shift of the probabilities would still act.",
        "It falls, since the rare examples are fitted too closely": "They are fitted already, and their loss is near zero: there is little left to push.",
    },
    right="It changes little",
    id="fitted",
)

# %% role="quiz" id="jumps"
quiz(
    "A class has 5 of 29,000 examples. Weighing its loss 800-fold, or drawing its examples 800 times as often: the mean gradient over many batches is the same. What is not?",
    {
        "The mean loss": "It is the same, too: each example's share of it has grown 800-fold either way.",
        "How much the steps jump": "With weights most batches hold no such example, and the rare batch that does takes one huge step.",
        "Nothing: they are the same method": "In the mean they are. A network takes single steps, and on the 29,000 examples of the seven states large ones destroyed it.",
    },
    right="How much the steps jump",
    id="jumps",
)
