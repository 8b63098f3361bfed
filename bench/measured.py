"""Measuring: a median with its interval, pairs of runs taken in turn, and on what machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = [
        line.split(":", 1)[1].strip()
        for line in (Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": model[0] if model else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def spread(samples: list[float], digits: int = 2) -> dict[str, Any]:
    """Median, the distribution-free 95 % interval of the median, p95 and n."""
    ordered = sorted(samples)
    n = len(ordered)
    reach = int(0.98 * n**0.5) + 1
    low, high = max(0, n // 2 - reach), min(n - 1, n // 2 + reach)
    return {
        "median": round(statistics.median(ordered), digits),
        "interval": [round(ordered[low], digits), round(ordered[high], digits)],
        "p95": round(ordered[min(n - 1, int(0.95 * n))], digits),
        "n": n,
    }


def in_turn(first: Callable[[], object], second: Callable[[], object], n: int) -> tuple[list[float], list[float]]:
    """Milliseconds of both, run alternately so that the load of the machine hits both alike."""
    left, right = [], []
    for _ in range(n):
        left.append(milliseconds(first))
        right.append(milliseconds(second))
    return left, right


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000
