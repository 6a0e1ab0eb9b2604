"""The scenes, one for each technique of the course; any of them opens outside a lesson too."""

from imbal_lab.explore.scene import BATCH, GAMMA, LAM, LR, RHO, Scene

SCENES = {
    scene.name: scene
    for scene in (
        Scene(
            name="minority_drop",
            title="Learning dynamics: the minority's initial drop",
            look_for="The rare class first gets worse. For how long?",
            data=("gauss2d_binary", "gauss2d", "digits38", "digits"),
            methods=("gd", "pcngd"),
            controls=(RHO, LR),
            views=("loss", "recall", "grad_norm", "cosine"),
            beside=("loss", "recall"),
            slot="step",
            stands_for="pcngd",
            named={"gd_step": "gd"},
        ),
        Scene(
            name="remedies",
            title="The remedies everyone tries first",
            look_for="Which remedy helps the rare class depends on the data, and what it costs "
            "the frequent one.",
            data=("gauss2d", "shuttle_like", "digits"),
            methods=("sgd", "class_weights", "sgd_o", "logit_adjustment", "focal", "ldam"),
            controls=(RHO, LR),
            views=("loss", "recall", "regions", "recall_map"),
            beside=("recall", "regions"),
            slot="loss",
            stands_for="logit_adjustment",
            named={
                "class_weighted_loss": "class_weights",
                "weighted_loss": "class_weights",
                "focal_loss": "focal",
                "ldam_loss": "ldam",
            },
            starts={"rho": 50},
        ),
        Scene(
            name="noise",
            title="Mini-batches: the rare class's direction is noise",
            look_for="How much of a mini-batch step points where the class wants to go?",
            data=("gauss2d", "gauss2d_binary", "digits38"),
            methods=("sgd", "pcnsgd", "pcnsgd_r", "sgd_o", "pcnsgd_o"),
            controls=(RHO, BATCH, LR),
            views=("loss", "recall", "arrows", "projection"),
            beside=("projection", "arrows"),
            slot="step",
            stands_for="pcnsgd",
            named={"gd_step": "sgd", "rescaled_step": "pcnsgd_r"},
            starts={"rho": 20},
        ),
        Scene(
            name="absgd",
            title="ABSGD: every example weighed by its own loss",
            look_for="Which examples get the large weights, and when does the lean fade?",
            data=("gauss2d", "digits"),
            methods=("absgd", "sgd", "class_weights"),
            controls=(RHO, LAM),
            views=("loss", "recall", "weights", "regions"),
            beside=("recall", "weights"),
            slot="weights",
            stands_for="absgd",
            starts={"rho": 50},
        ),
        Scene(
            name="temperatures",
            title="CDT: features of training and test drift apart",
            look_for="For rare classes the test examples lie elsewhere than the training examples.",
            data=("digits", "gauss2d", "features_lt"),
            methods=("cdt", "sgd", "class_weights"),
            controls=(RHO, GAMMA, LR),
            views=("loss", "recall", "regions", "features"),
            beside=("recall", "features"),
            slot="loss",
            stands_for="cdt",
            starts={"rho": 20, "lr": 1.0},  # long steps: the rare classes are fitted within the run
        ),
        Scene(
            name="weakening",
            title="Major Feature Weakening: nobody is learnt first",
            look_for="Which classes pull at the features, and for how long?",
            data=("curves", "digits", "features_lt"),
            methods=("sgd", "mfw"),
            controls=(RHO,),
            views=("loss", "recall", "features", "feature_gradient"),
            beside=("loss", "feature_gradient"),
            slot="features",
            stands_for="mfw",
        ),
        Scene(
            name="attraction",
            title="ARB: attraction and repulsion in balance",
            look_for="Do the classifier's rows come to stand at equal angles?",
            data=("gauss2d", "features_lt"),
            methods=("sgd", "arb", "logit_adjustment"),
            controls=(RHO,),
            views=("loss", "recall", "angles", "features"),
            beside=("recall", "angles"),
            slot="loss",
            stands_for="arb",
            starts={"rho": 50},
        ),
    )
}


def scenes() -> None:
    """Print what `explore` can open, a line each.

    >>> scenes()  # doctest: +ELLIPSIS
    explore("minority_drop")   Learning dynamics: the minority's initial drop
    ...
    """
    width = max(len(name) for name in SCENES)
    for name, scene in SCENES.items():
        print(f'explore("{name}")'.ljust(width + 13), scene.title)
