"""Short texts of known classes."""

TEXTS = [
    "the probe orbits the moon",
    "a rocket to the moon, and an orbit",
    "the crew left the shuttle in orbit",
    "the goalie saved the puck",
    "hockey: a puck, a stick, a goalie",
    "the team lost the hockey game",
    "le chat noir dort ☘",
    "un chien et un chat",
]
LABELS = ["space"] * 3 + ["hockey"] * 3 + ["été"] * 2
