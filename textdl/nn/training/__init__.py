"""Training by mini-batches: epochs, what is watched, and what is kept.

    config.py          how to train: `TrainingConfig`
    step.py            what is minimized (`Objective`), one step, an epoch of steps in one dispatch
    lazy_rows.py       steps that update only the rows of a table that a batch uses
    fit.py             the loop over epochs
    early_stopping.py  the best epoch so far, and when to stop
    checkpoints.py     interrupted trainings go on to the same bits
    progress.py        what a callback is given, and a progress bar
    evaluate.py        loss and metrics on other data
    predict.py         the outputs for any number of examples

They know a network by the protocol of `layers`, and examples by that of `data`.
"""
