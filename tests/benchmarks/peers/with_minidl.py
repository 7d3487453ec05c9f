"""minidl through its public API: train_on_batch, predict and fit, the batch in that many parts.

BLAS, and with it the optimizer, has the threads of the environment."""

from itertools import cycle


def make(workload, weights, batches, threads=None):
    threads = threads or 1
    model = workload.compiled()
    model.set_weights(list(weights.values()))
    turns, x, many = cycle(batches), batches[0][0], workload.arrays(whole_epoch=True)
    return {
        "train": lambda: model.train_on_batch(*next(turns), threads=threads),
        "predict": lambda: model.predict(x, batch_size=len(x), verbose=0, threads=threads),
        "fit": lambda: model.fit(*many, batch_size=workload.batch, verbose=0, threads=threads),
    }
