"""The MCP server: its tools, by the official client, and as a process over its pipes."""

import asyncio
import sys

import pytest

from textdl import Vectors
from textdl.errors import ProcessError
from textdl.serve.answers import Answers
from textdl.serve.mcp_server import make_mcp_server


def test_mcp_absent_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(ProcessError, match=r"pip install 'textdl\[mcp\]'"):
        make_mcp_server(Answers(Vectors(["a"], [[1.0]])))


def test_mcp_errors_of_the_family_reach_the_client():
    pytest.importorskip("mcp", reason="mcp is not installed")
    from mcp.server.mcpserver.exceptions import ToolError

    server = make_mcp_server(Answers(Vectors(["queen", "tree"], [[1.0], [2.0]])))
    with pytest.raises(ToolError, match="close spellings: queen"):
        asyncio.run(server.call_tool("similar_words", {"word": "quen"}))
    with pytest.raises(ToolError, match="topn is 0"):
        asyncio.run(server.call_tool("ask", {"expression": "tree", "topn": 0}))


@pytest.mark.full
def test_mcp_client_asks_over_pipes(tmp_path):
    mcp = pytest.importorskip("mcp", reason="mcp is not installed")
    from mcp.client.stdio import StdioServerParameters, stdio_client

    path = tmp_path / "v.safetensors"
    Vectors(["king", "man", "queen", "tree"], [[1, 1, 0], [1, 0, 0], [-1, 1, 0], [0, 0, 1]]).save(
        path
    )
    command = ["-m", "textdl", "mcp", str(path)]

    async def session():
        server = StdioServerParameters(command=sys.executable, args=command)
        async with (
            stdio_client(server) as (read, write),
            mcp.ClientSession(read, write) as client,
        ):
            await client.initialize()
            tools = {tool.name for tool in (await client.list_tools()).tools}
            odd = await client.call_tool("odd_one_out", {"words": ["king", "man", "tree"]})
            wrong = await client.call_tool("similar_words", {"word": "quen"})
            return tools, odd, wrong

    tools, odd, wrong = asyncio.run(asyncio.wait_for(session(), 60))
    assert tools == {
        "similar_words", "analogy", "similarity", "odd_one_out", "ask", "describe_vectors",
    }  # fmt: skip
    assert "tree" in odd.content[0].text
    assert "close spellings: queen" in wrong.content[0].text
