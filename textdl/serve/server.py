"""The service in one process or several, until a signal stops it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from textdl.errors import OutputError, ProcessError
from textdl.parameters import check_parameters, parameter
from textdl.serve.answers import Answers
from textdl.serve.limits import ServiceLimits

_SETTINGS = "TEXTDL_SERVE_SETTINGS"  # in the environment, for workers
_BACKLOG = 2_048  # connections that wait to be accepted


@dataclass(frozen=True)
class ServerConfig(ServiceLimits):
    """Where the service listens, what it serves, and its limits."""

    vectors: str = parameter("", "a file of vectors")
    classifier: str | None = parameter(None, "a saved classifier of texts")
    tokenizer: str = parameter("nltk", "name of what cuts texts into words")
    host: str = parameter("127.0.0.1", "address to listen on; 0.0.0.0: every network")
    port: int = parameter(8000, "to listen on; 0: any that is free", minimum=0, maximum=65535)
    workers: int = parameter(
        1, "processes; they share the memory of a mapped file", minimum=1, maximum=256
    )
    idle_timeout: int = parameter(
        10,
        "seconds that a connection may send nothing, or take to send the headers of a request",
        minimum=1,
    )
    grace: int = parameter(
        10, "seconds that requests have to end when the service is stopped", minimum=0
    )


def run_server(config: ServerConfig, on_start: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests that have begun are answered before it ends.

    Args:
        config: what to serve, and where.
        on_start: is called with the URL when connections are accepted.

    Raises:
        ProcessError: Starlette or uvicorn is not installed.
        OutputError: the address cannot be listened on.
        FileFormatError: a file is missing or damaged.
    """
    check_parameters(config)
    uvicorn = _require_uvicorn()
    answers = Answers.load(config.vectors, config.classifier, config.tokenizer)
    listener = _listen(config)
    options: dict[str, Any] = {
        "http": "textdl.serve.protocol:ImpatientH11Protocol",
        "ws": "none",
        "log_level": "error",
        "access_log": False,
        "server_header": False,
        "limit_concurrency": config.max_connections,
        "backlog": _BACKLOG,
        "timeout_keep_alive": config.idle_timeout,
        "timeout_graceful_shutdown": config.grace,
        "h11_max_incomplete_event_size": 1 << 14,
    }
    if on_start is not None:
        on_start(_url(listener))
    with listener, _StoppedQuietly():
        if config.workers == 1:
            from textdl.serve.app import Service  # Starlette, an extra

            answers.warm_up()
            _use_one_thread_per_product()
            settings = uvicorn.Config(Service(answers, config), **options)
            uvicorn.Server(settings).run(sockets=[listener])
            return
        from uvicorn.supervisors import Multiprocess  # an extra

        del answers  # every worker maps the file itself
        os.environ[_SETTINGS] = json.dumps(asdict(config))
        settings = uvicorn.Config(
            "textdl.serve.server:app_of_worker", factory=True, workers=config.workers, **options
        )
        Multiprocess(settings, sockets=[listener]).run()


def app_of_worker() -> Any:
    """The application of a worker, by the settings of the process that started it."""
    from textdl.serve.app import Service  # Starlette, an extra

    config = ServerConfig(**json.loads(os.environ[_SETTINGS]))
    answers = Answers.load(config.vectors, config.classifier, config.tokenizer)
    answers.warm_up()
    _use_one_thread_per_product()
    return Service(answers, config)


def _use_one_thread_per_product() -> None:
    """Leave the cores to requests: threads of BLAS, which wait for each other, take them away.

    On two busy cores a product of 128 questions took a third of the processor time, and less time.
    """
    from threadpoolctl import threadpool_limits  # not for a help text

    threadpool_limits(1, "blas")


class _StoppedQuietly:
    """In this block the signals that stop a service end the process without an error.

    uvicorn handles them, and raises them again when it has ended.
    """

    def __enter__(self) -> None:
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, _ignore) for number in numbers}

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _ignore(number: int, frame: object) -> None:
    """Do nothing; unlike SIG_IGN, it is not inherited by workers."""


def _require_uvicorn() -> Any:
    try:
        import starlette  # noqa: F401  # an extra
        import uvicorn
    except ImportError:
        raise ProcessError(
            "serving needs the packages starlette and uvicorn; pip install 'textdl[serve]'"
        ) from None
    return uvicorn


def _listen(config: ServerConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # asyncio sends without delay (TCP_NODELAY) where the protocol is named: else the body of an
    # answer waits 40 ms for the client to acknowledge the head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
        listener.listen(_BACKLOG)  # who connects now waits until the application is ready
    except OSError as error:
        listener.close()
        raise OutputError(
            f"cannot listen on {config.host} port {config.port} ({error.strerror or error}); "
            "choose another --port, or a --host of this machine"
        ) from None
    listener.set_inheritable(True)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def print_url(url: str) -> None:
    """Say on stderr where the service listens."""
    print(f"serving on {url}, documentation at {url}/docs; Ctrl-C stops", file=sys.stderr)
