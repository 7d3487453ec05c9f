"""Freed memory is kept: an array as large as the last one brings no page faults."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
{}
def faults(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        np.ones(1 << 20, "f4")  # 4 MB are 1,024 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(2)
print(faults(20))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's rule")
def test_arrays_of_four_megabytes_cost_no_page_faults():
    code = FAULTS.format("from minidl import memory\nmemory.keep_freed_blocks()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1024  # of 20 x 1,024
