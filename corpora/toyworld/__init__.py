"""A corpus generated from a small grammar, whose word relations are known exactly."""
