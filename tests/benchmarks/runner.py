"""Runs a workload on all peers side by side: in turns, so that all meet the same noise."""

import multiprocessing
import os
from functools import cached_property

import numpy as np

from tests.benchmarks import worker
from tests.benchmarks.worker import OURS, PARTS
from tests.benchmarks.workloads import workload_of

SLOT = 0.25  # seconds a peer is timed in a round, for each of train, predict and fit
TOLERANCE = 2e-4  # of five losses and of the outputs after them, in float32


class Contestant:
    """A peer's process at a number of threads."""

    agrees = True  # until its numbers are another computation's

    def __init__(self, peer, threads, workload, weights):
        self.peer, self.threads, self.times = peer, threads, {}
        self.pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        arguments = (theirs, peer, threads, workload.name, workload.epoch, weights)
        self.process = spawned(worker.work, arguments, worker.environment(peer, threads))
        theirs.close()

    @cached_property
    def start(self):
        """What the process says when it has built its model and made five steps."""
        return self.answer()

    def answer(self):
        try:
            return self.pipe.recv()
        except EOFError:
            return {"failed": f"the process ended with {self.process.exitcode}"}

    def take_turn(self, action):
        """Times of one slot; (min, median) is kept."""
        self.pipe.send((action, SLOT))
        times = self.answer()
        self.times.setdefault(action, []).append((min(times), float(np.median(times))))

    def stop(self):
        if self.process.is_alive():
            self.pipe.send(None)
        self.process.join(5)


def spawned(function, arguments, environment):
    """A started process that runs the function with these environment variables."""
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=function, args=arguments, daemon=True)
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        process.start()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return process


def run(name, peers, rounds=5, threads=(1, 2), epoch=None, say=print):
    """{"peers": {peer: {threads: {…}}}, "absent": {peer: why}, …} of one workload."""
    workload = workload_of(name, epoch)
    weights = {n: a.copy() for n, a in workload.model().params.items()}
    result = {"workload": name, "text": workload.text, "batch": workload.batch,
              "epoch": workload.epoch, "peers": {}, "absent": {}}  # fmt: skip
    names = [OURS, PARTS, *(p for p in peers if p not in (OURS, PARTS))]
    pairs = [(p, t) for p in names for t in threads if t > 1 or p != PARTS]
    contestants = [Contestant(p, t, workload, weights) for p, t in pairs]
    try:
        present = [each for each in contestants if is_present(each, result)]
        check_agreement(present, result, say)
        for turn in range(rounds):
            say(f"{name}: round {turn + 1} of {rounds}", flush=True)
            for action in ("train", "predict", "fit"):
                for each in present:
                    if action in each.start["actions"]:
                        each.take_turn(action)
    finally:
        for each in contestants:
            each.stop()
    for each in present:
        kept = {"losses": each.start["losses"], "memory": each.start["memory"], **each.times}
        peer = OURS if each.peer == PARTS else each.peer
        way = f"{each.threads} parts" if each.peer == PARTS else str(each.threads)
        result["peers"].setdefault(peer, {})[way] = kept
    return result


def is_present(contestant, result):
    """Has it come to the start? If not, `result` is told why."""
    why = contestant.start.get("absent") or contestant.start.get("failed")
    if why is not None:
        result["absent"][contestant.peer] = why
    return why is None


def check_agreement(present, result, say):
    """Five losses, and the outputs after them, as minidl's: else it is another computation.

    A peer may differ at one number of threads alone, and then only that is left out."""
    ours = present[0].start
    for each in present[1:]:
        losses = relative(each.start["losses"], ours["losses"])
        outputs = relative(each.start["outputs"], ours["outputs"])
        say(f"{result['workload']} {each.peer}: losses differ by {losses:.1e}", flush=True)
        if max(losses, outputs) > TOLERANCE:
            why = f"another result: losses differ by {losses:.1e}, outputs by {outputs:.1e}"
            result["absent"][f"{each.peer}, threads {each.threads}"] = why
            each.agrees = False
    present[:] = [each for each in present if each.agrees]


def relative(found, expected):
    """The largest difference over the largest expected number."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        return np.inf
    return float(np.abs(found - expected).max() / np.abs(expected).max())
