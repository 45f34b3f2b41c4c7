"""A saved file of vectors as a service: over HTTP, over MCP, and for the shell.

    expressions.py  `king - man + woman`: the questions of a shell, as data
    answers.py      what is answered, as JSON values; every way in asks here
    schemas.py      what requests may hold: checked against JSON Schema, which is also documented
    endpoints.py    the paths, what each takes, how it is answered; the OpenAPI document
    limits.py       bodies, memory and time that requests may take
    joining.py      threads that compute answers; questions that wait are answered together
    metrics.py      counters and times, as Prometheus reads them
    app.py          the endpoints as an ASGI application, within the limits
    server.py       the application in one process or several, until a signal stops it
    protocol.py     connections that send next to nothing, or read nothing, are closed
    mcp_server.py   the same answers as tools of an MCP server

Expressions and answers need NumPy alone; HTTP needs ``pip install 'textdl[serve]'``, MCP
``pip install 'textdl[mcp]'``.
"""
