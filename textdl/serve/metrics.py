"""Counters and times of requests, in the text format of Prometheus.

Reference: https://prometheus.io/docs/instrumenting/exposition_formats
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

# Upper bounds, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ServiceMetrics:
    """What one process counts; its number is a label, as every worker counts for itself.

    Example:
        >>> metrics = ServiceMetrics()
        >>> metrics.observe("/similar", 200, 0.002)
        >>> [line for line in metrics.text({}).splitlines() if line.startswith("textdl_requests")]
        ... # doctest: +ELLIPSIS
        ['textdl_requests_total{path="/similar",status="200",worker="..."} 1']
    """

    def __init__(self) -> None:
        self._started = time.time()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self.in_flight = 0

    def observe(self, path: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            path: of its endpoint; one name for all that there are not.
            status: of the response.
            seconds: from the first byte of the request to the last of the response.
        """
        self._requests[path, status] += 1
        place = next((i for i, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
        self._times[place] += 1
        self._seconds += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """The exposition, with further gauges by name."""
        worker = f'worker="{os.getpid()}"'
        lines = ["# HELP textdl_requests_total Requests.", "# TYPE textdl_requests_total counter"]
        for (path, status), count in sorted(self._requests.items()):
            labels = f'path="{path}",status="{status}",{worker}'
            lines.append(f"textdl_requests_total{{{labels}}} {count}")
        name = "textdl_request_seconds"
        lines += [f"# HELP {name} Times of requests.", f"# TYPE {name} histogram"]
        for bound, count in zip((*BUCKETS, "+Inf"), accumulate(self._times), strict=True):
            lines.append(f'{name}_bucket{{le="{bound}",{worker}}} {count}')
        lines.append(f"{name}_sum{{{worker}}} {self._seconds:.6f}")
        lines.append(f"{name}_count{{{worker}}} {sum(self._times)}")
        values: dict[str, Any] = {"in_flight": self.in_flight, "start_seconds": self._started}
        for gauge, value in {**values, **gauges}.items():
            lines += [f"# TYPE textdl_{gauge} gauge", f"textdl_{gauge}{{{worker}}} {value}"]
        return "\n".join(lines) + "\n"
