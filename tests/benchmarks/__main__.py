"""minidl beside its peers, in time and memory.

    python -m tests.benchmarks [W1 W2 …] [--peers torch,keras-jax] [--rounds 5]
                               [--threads 1,2] [--batches N] [--out DIR]
    python -m tests.benchmarks scaling
    python -m tests.benchmarks profile W3                  (both on the first of --threads)

--batches 1: every step has the same batch. Most rows of a table then never have a gradient,
and minidl leaves them out. Without the option steps take the batches of an epoch in turn.

Peers that are not installed are named and left out. Only ratios of one run count: absolute
times move by 20 % and more from run to run.
"""

import argparse

from tests.benchmarks import profiling, report, runner, scaling, worker
from tests.benchmarks.worker import PEERS
from tests.benchmarks.workloads import WORKLOADS


def chosen(text):
    """The peers of "torch,keras": a name, or the start of several."""
    names = text.split(",")
    found = [p for p in PEERS for name in names if p == name or p.startswith(f"{name}-")]
    unknown = [n for n in names if not any(p == n or p.startswith(f"{n}-") for p in PEERS)]
    if unknown:
        raise SystemExit(f"no peer {unknown[0]!r}: use some of {', '.join(PEERS)}")
    return list(dict.fromkeys(found))


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("what", nargs="*", help="workloads, or scaling, or profile W3")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", type=int)
    parser.add_argument("--out", default="benchmark-results")
    given = parser.parse_args()
    if given.batches is not None and given.batches < 1:
        raise SystemExit(f"--batches must be 1 or more, got {given.batches}")
    names = [name for name in given.what if name not in ("scaling", "profile")]
    for name in names:
        if name not in WORKLOADS:
            raise SystemExit(f"no workload {name!r}: use some of {', '.join(WORKLOADS)}")
    names = names or list(WORKLOADS)
    threads = [int(count) for count in given.threads.split(",")]
    environment = worker.environment("minidl", threads[0])
    if "scaling" in given.what:
        return runner.spawned(scaling.main, (given.out,), environment).join()
    if "profile" in given.what:
        return runner.spawned(profiling.main, (names,), environment).join()
    results = []
    for name in names:
        peers = chosen(given.peers)
        results.append(runner.run(name, peers, given.rounds, threads, given.batches))
        text = report.write(results, given.out)  # after each, as a long run may be stopped
    print(text)


if __name__ == "__main__":
    main()
