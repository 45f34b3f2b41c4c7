"""Training by mini-batches: epochs, what is monitored, and which weights are kept.

    config.py       how to train: optimizers, schedules, `TrainingConfig`; the best epoch
    objective.py    what is minimized: network, loss, regularizer, metrics
    step.py         one step, an epoch of steps in one dispatch
    fit.py          the loop over epochs, and its progress bar
    checkpoints.py  interrupted trainings resume to the same bits
    evaluate.py     outputs, loss and metrics on other data

They know a network by the protocol of `layers`, and examples by that of `data`.
"""
