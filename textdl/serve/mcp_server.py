"""The same answers as tools of an MCP server, over standard input and output.

Reference: https://modelcontextprotocol.io
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from textdl.errors import ProcessError, TextdlError
from textdl.serve.answers import Answers
from textdl.serve.limits import ServiceLimits
from textdl.serve.schemas import Schema, check_value

_INSTRUCTIONS = "Word vectors: which words are similar, and what is odd. Ask for words one by one."


def make_mcp_server(answers: Answers) -> Any:
    """An MCP server whose tools are the questions to vectors.

    Raises:
        ProcessError: the package mcp is not installed.
    """
    try:
        from mcp.server import MCPServer  # an extra
    except ImportError:
        raise ProcessError(
            "an MCP server needs the package mcp; pip install 'textdl[mcp]'"
        ) from None
    limits = ServiceLimits()
    server: Any = MCPServer("textdl", instructions=_INSTRUCTIONS, log_level="ERROR")
    topn_schema: Schema = {"type": "integer", "minimum": 1, "maximum": limits.max_topn}

    def similar_words(word: str, topn: int = 10) -> list[dict[str, Any]]:
        """The words nearest to a word, with their cosines."""
        check_value("topn", topn, topn_schema)
        return answers.similar([word], topn)

    def analogy(a: str, b: str, c: str, topn: int = 10) -> list[dict[str, Any]]:
        """What is to c as b is to a?"""
        check_value("topn", topn, topn_schema)
        return answers.analogy(a, b, c, topn)

    def similarity(a: str, b: str) -> dict[str, float]:
        """The cosine of two words: 1 for the same direction, 0 for orthogonal ones."""
        return answers.similarity(a, b)

    def odd_one_out(words: list[str]) -> dict[str, str]:
        """The word of three or more that does not belong."""
        return answers.odd(words)

    def ask(expression: str, topn: int = 10) -> dict[str, Any]:
        """Answer `king - man + woman`, `cat ~ dog` or `odd: breakfast lunch cat`."""
        check_value("topn", topn, topn_schema)
        return answers.ask(expression, topn)

    def describe_vectors() -> dict[str, Any]:
        """The size of the vocabulary and of the vectors."""
        return answers.describe()

    for tool in (similar_words, analogy, similarity, odd_one_out, ask, describe_vectors):
        server.tool()(_with_shown_errors(tool))
    return server


def _with_shown_errors(tool: Callable[..., Any]) -> Callable[..., Any]:
    """A tool whose errors of the family reach the client, which others do not."""
    from mcp.server.mcpserver.exceptions import ToolError  # an extra

    @wraps(tool)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return tool(*arguments, **named)
        except TextdlError as error:
            raise ToolError(str(error)) from None

    return call


def run_mcp_server(answers: Answers) -> None:
    """Answer over standard input and output until the client closes them."""
    make_mcp_server(answers).run("stdio")
