"""Services: serve (HTTP) and mcp (over standard input and output)."""

from __future__ import annotations

import argparse
from typing import Any

from textdl.cli.options import Option, add_parameters, add_vectors, describe, given_parameters
from textdl.serve.server import ServerConfig
from textdl.text.tokenizers import TOKENIZERS

_ARGUMENT = ("vectors",)  # is no option
_CHANGED = {
    "tokenizer": Option(choices=tuple(TOKENIZERS), metavar="NAME"),  # asked for with the first text
    "classifier": Option(metavar="MODEL"),
    "host": Option(metavar="ADDRESS"),
}


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl serve``."""
    describe(
        parser,
        "Answer over HTTP until Ctrl-C or SIGTERM: /similar, /analogy, /similarity, /odd, /ask, "
        "/embed and, with a classifier, /classify take JSON; /v1/embeddings and /v1/models are "
        "those of OpenAI's interface; /docs describes all. Only this machine can connect unless "
        "--host says otherwise; there is no password.",
        "textdl serve vectors.safetensors --port 8000",
        "serving on http://127.0.0.1:8000, documentation at http://127.0.0.1:8000/docs; Ctrl-C "
        "stops",
    )
    add_vectors(parser)
    add_parameters(parser, ServerConfig, exclude=_ARGUMENT, changed=_CHANGED)
    parser.set_defaults(run=serve_vectors)


def add_mcp(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl mcp``."""
    describe(
        parser,
        "Be an MCP server: a program with a language model starts it, and asks it over standard "
        "input and output for similar words, analogies, similarities and odd ones out.",
        "textdl mcp vectors.safetensors",
        "(waits for requests on standard input)",
    )
    add_vectors(parser)
    parser.set_defaults(run=serve_mcp)


def serve_vectors(options: argparse.Namespace) -> None:
    """Serve until a signal comes."""
    from textdl.serve.server import print_url, run_server  # not for a help text

    given: dict[str, Any] = given_parameters(options, ServerConfig)
    run_server(ServerConfig(**given), print_url)


def serve_mcp(options: argparse.Namespace) -> None:
    """Answer a language model's program."""
    from textdl.serve.answers import Answers
    from textdl.serve.mcp_server import run_mcp_server  # not for a help text

    run_mcp_server(Answers.load(options.vectors))
