"""One peer in a process of its own: it builds its model and answers the runner's questions."""

import importlib
import os
import time
import traceback

OURS, PARTS = "minidl", "minidl-parts"  # PARTS: not only BLAS in threads, the batch too
PEERS = {
    OURS: ("with_minidl", None),
    PARTS: ("with_minidl", None),
    "torch": ("with_torch", None),
    "torch-fused": ("with_torch", "fused"),
    "keras-torch": ("with_keras", "torch"),
    "keras-jax": ("with_keras", "jax"),
    "jax": ("with_jax", None),
    "autograd": ("with_autograd", None),
    "dezero": ("with_dezero", None),
    "numpy-ml": ("with_numpy_ml", None),
}


def environment(peer, threads):
    """Variables to be set before the process starts: NumPy reads them when it is imported."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    found = {name: str(threads) for name in names} | {"JAX_PLATFORMS": "cpu"}
    if peer.startswith("keras"):
        found["KERAS_BACKEND"] = PEERS[peer][1]
    return found


def work(connection, peer, threads, name, epoch, weights):
    """Build, take five steps, then time what is asked for: (action, seconds)."""
    cores = os.sched_getaffinity(0)
    if threads < len(cores):  # pools that are made now get that many threads
        os.sched_setaffinity(0, sorted(cores)[-threads:])
    try:
        from tests.benchmarks.workloads import workload_of

        module, variant = PEERS[peer]
        module = importlib.import_module(f"tests.benchmarks.peers.{module}")
        workload = workload_of(name, epoch)
        batches = workload.batches()
        before = peak_memory(reset=True)
        variant = threads if peer == PARTS else variant
        actions = module.make(workload, weights, batches, variant)
        losses = [float(actions["train"]()) for _ in range(5)]
        memory = peak_memory() - before
        free_all_threads(cores)
        connection.send({"losses": losses, "outputs": actions["predict"](), "memory": memory,
                         "actions": list(actions)})  # fmt: skip
    except KeyError as error:
        return connection.send({"absent": f"does not have {error}"})
    except ImportError as error:
        return connection.send({"absent": f"not installed: {error}"})
    except Exception:
        return connection.send({"failed": traceback.format_exc()})
    while (question := connection.recv()) is not None:
        action, seconds = question
        connection.send(timed(actions[action], seconds))


def timed(f, seconds):
    """Times of single calls for that long, 3 at least; two calls before are not counted."""
    f(), f()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return times


def least(f, count, clock=time.perf_counter):
    """The least seconds of a call; two calls before are not counted."""
    f(), f()
    times = []
    for _ in range(count):
        start = clock()
        f()
        times.append(clock() - start)
    return min(times)


def peak_memory(reset=False):
    """The largest resident size so far (since a reset) in bytes; Linux alone can reset it."""
    if reset:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def free_all_threads(cores):
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cores)
