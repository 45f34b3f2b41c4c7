"""How long a request to `textdl serve` takes, with one client and with a thousand.

Starts the service on random vectors, and asks `/similar` for ten neighbors of one word over
connections that stay open: every client sends its next request when it has its answer. Prints a
Markdown table of times, and of the service's processor time per request and memory, and writes
``bench/serve.json``.

    python scripts/bench_serve.py                     # 100,000 x 100; 1, 10, 100 and 1,000 clients
    python scripts/bench_serve.py --clients 1000 --requests 5 --workers 2
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import headline, write_results

from textdl import Vectors

HEAD = "POST /similar HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{}"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=100)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 100, 1_000])
    parser.add_argument("--requests", type=int, default=3, help="of each client, at least")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors.safetensors")
        draw = np.random.default_rng(0)
        matrix = draw.standard_normal((options.rows, options.dimensions), dtype=np.float32)
        Vectors([str(row) for row in range(options.rows)], matrix).save(path)
        results = measure(path, options)
    print(headline())
    print(f"{options.rows:,} x {options.dimensions}, workers: {options.workers}")
    print("| clients | requests | per second | p50, ms | p99, ms | CPU ms | not 200 | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for it in results:
        print(
            f"| {it['clients']:,} | {it['requests']:,} | {it['rate']:.0f} | {it['p50']:.1f} "
            f"| {it['p99']:.1f} | {it['cpu']:.2f} | {it['failed']} | {it['peak_mb']:.0f} |"
        )
    write_results("serve", {**vars(options), "results": results})


def measure(path: Path, options: argparse.Namespace) -> list[dict[str, float]]:
    """One row per number of clients."""
    command = [sys.executable, "-m", "textdl", "serve", str(path), "--port", "0"]
    command += ["--workers", str(options.workers), "--timeout", "120"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        try:
            port = int(service.stderr.readline().split()[2].rstrip(",").rpartition(":")[2])
            asyncio.run(ask_all(port, 4, 1, options.rows))  # the service warms up
            time.sleep(5)
            return [
                measured(service.pid, port, clients, options.requests, options.rows)
                for clients in options.clients
            ]
        finally:
            service.send_signal(signal.SIGTERM)


def measured(pid: int, port: int, clients: int, requests: int, rows: int) -> dict[str, float]:
    """What a number of clients see."""
    each = max(requests, 200 // clients)
    processor_time = cpu_seconds(pid)
    began = time.perf_counter()
    found = asyncio.run(ask_all(port, clients, each, rows))
    seconds = time.perf_counter() - began
    processor_time = cpu_seconds(pid) - processor_time
    times = np.array([time for time, _ in found]) * 1000
    return {
        "clients": clients,
        "requests": len(found),
        "rate": len(found) / seconds,
        "p50": float(np.percentile(times, 50)),
        "p99": float(np.percentile(times, 99)),
        "cpu": 1000 * processor_time / len(found),
        "failed": sum(status != b"200" for _, status in found),
        "peak_mb": peak_memory(pid),
    }


async def ask_all(port: int, clients: int, each: int, rows: int) -> list[tuple[float, bytes]]:
    """Time and status of every request."""
    found = await asyncio.gather(*(ask(port, number, each, rows) for number in range(clients)))
    return [one for some in found for one in some]


async def ask(port: int, number: int, each: int, rows: int) -> list[tuple[float, bytes]]:
    """One client, which sends a request when it has the answer to the last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for turn in range(each):
        body = json.dumps({"words": [str((number * 7919 + turn * 104729) % rows)], "topn": 10})
        began = time.perf_counter()
        writer.write(HEAD.format(len(body), body).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split()[0])
        await reader.readexactly(size)
        found.append((time.perf_counter() - began, head.split()[1]))
    writer.close()
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time of a process so far, without workers; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return 0.0
    user, system = status.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> float:
    """The largest resident memory of a process so far, in MB; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1024


if __name__ == "__main__":
    main()
