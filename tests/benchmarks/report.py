"""From times to ratios, and from ratios to a table and a picture."""

import json
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ACTIONS = {"train": "training step", "predict": "inference", "fit": "fit, an epoch"}
PARTS = ("min", "median")


def better(by_threads, action):
    """(threads, [(min, median) a round]) of the thread count with the lower median time."""
    timed = {t: found[action] for t, found in by_threads.items() if action in found}
    if not timed:
        return None
    return min(timed.items(), key=lambda item: median(pair[1] for pair in item[1]))


def ratio(theirs, ours):
    """{"ratio", "low", "high"} of peer's median time / minidl's, round by round; "of_min"."""
    by_round = [t[1] / o[1] for t, o in zip(theirs, ours)]
    of_min = min(t[0] for t in theirs) / min(o[0] for o in ours)
    found = {"ratio": median(by_round), "low": min(by_round), "high": max(by_round)}
    return found | {"of_min": of_min}


def ratios(result):
    """{action: {peer: ratio}} of one workload, and the threads that were the better ones."""
    found = {action: {} for action in ACTIONS}
    for action in ACTIONS:
        ours = better(result["peers"]["minidl"], action)
        for peer, by_threads in result["peers"].items():
            theirs = better(by_threads, action)
            if peer != "minidl" and theirs is not None:
                found[action][peer] = ratio(theirs[1], ours[1]) | {
                    "threads": f"{theirs[0]}/{ours[0]}"
                }
    return found


def memory(result):
    """{peer: its least peak memory over minidl's least}."""
    least = {p: min(t["memory"] for t in ts.values()) for p, ts in result["peers"].items()}
    return {peer: bytes_ / max(least["minidl"], 1) for peer, bytes_ in least.items()}


def milliseconds(result, action):
    found = better(result["peers"]["minidl"], action)
    return median(pair[1] for pair in found[1]) * 1e3 if found else float("nan")


def table(results):
    """Markdown: for each action a row a peer and a column a workload."""
    names = [result["workload"] for result in results]
    peers = list(dict.fromkeys(p for r in results for p in r["peers"] if p != "minidl"))
    lines = []
    for action, title in ACTIONS.items():
        lines += [f"### {title}: time of the peer / time of minidl (lowest to highest round)",
                  "", row(["peer", *names]), row(["---"] * (len(names) + 1))]  # fmt: skip
        for peer in peers:
            cells = [cell(ratios(result)[action].get(peer)) for result in results]
            if any(cells):
                lines.append(row([peer, *cells]))
        ours = [f"{milliseconds(result, action):.3g} ms" for result in results]
        lines += [row(["minidl itself", *ours]), ""]
    lines += ["### peak memory of five training steps: the peer's / minidl's", ""]
    lines += [row(["peer", *names]), row(["---"] * (len(names) + 1))]
    for peer in peers:
        cells = [memory(result).get(peer) for result in results]
        lines.append(row([peer, *("" if c is None else f"{c:.2f}" for c in cells)]))
    absent = [f"- {r['workload']} {peer}: {why.strip().splitlines()[-1]}"
              for r in results for peer, why in r["absent"].items()]  # fmt: skip
    return "\n".join([*lines, "", *(["Left out:", *absent] if absent else [])]) + "\n"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def cell(found):
    if found is None:
        return ""
    return f"{found['ratio']:.2f} ({found['low']:.2f}–{found['high']:.2f})"


def picture(results, path):
    """Ratios on a logarithmic axis, one panel an action; right of the line minidl is faster."""
    peers = list(dict.fromkeys(p for r in results for p in r["peers"] if p != "minidl"))
    figure, axes = plt.subplots(1, len(ACTIONS), figsize=(13, 1.5 + 0.6 * len(results)),
                                sharey=True, layout="constrained")  # fmt: skip
    for ax, (action, title) in zip(axes, ACTIONS.items()):
        for k, peer in enumerate(peers):
            marks = [(i, ratios(r)[action].get(peer)) for i, r in enumerate(results)]
            marks = [(i, found) for i, found in marks if found]
            rows = [i + 0.7 * (k / max(1, len(peers) - 1) - 0.5) for i, _ in marks]
            values = [found["ratio"] for _, found in marks]
            spread = [[f["ratio"] - f["low"] for _, f in marks],
                      [f["high"] - f["ratio"] for _, f in marks]]  # fmt: skip
            ax.errorbar(values, rows, xerr=spread, fmt="o", ms=4, lw=1, label=peer)
        for i in range(1, len(results)):
            ax.axhline(i - 0.5, color="0.9", lw=0.8, zorder=0)
        ax.axvline(1, color="black", lw=1)
        ax.set(xscale="log", title=title, xlabel="time of the peer / time of minidl")
    axes[0].set_yticks(range(len(results)), [r["workload"] for r in results])
    axes[0].invert_yaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def write(results, out):
    """benchmarks.json, benchmarks.md and benchmarks.png in a folder; returns the table."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    kept = [result | {"ratios": ratios(result), "memory": memory(result)} for result in results]
    (out / "benchmarks.json").write_text(json.dumps(kept, indent=1))
    text = table(results)
    (out / "benchmarks.md").write_text(text)
    picture(results, out / "benchmarks.png")
    return text
