"""Docstrings read from a syntax tree."""

from corpora.pydocs.docstrings import docstrings, topics

SOURCE = b'''
"""Module."""
import a_module_that_does_not_exist
class Basket:
    """Class."""
    if True:
        def weigh(self):
            "Method."
            async def inner():
                """Nested."""
try:
    def function(): 'Function.'
except ImportError:
    def fallback(): 'Fallback.'
add_newdoc("basket", ("weigh", """
    Added
    later."""))
basket.add_newdoc("x", "short")
not_a_docstring = """Assigned."""
f"""Formatted {1}."""
'''


def test_docstrings_come_in_the_order_of_the_text() -> None:
    found = list(docstrings(SOURCE))
    assert found == [
        "Module.",
        "Class.",
        "Method.",
        "Nested.",
        "Function.",
        "Fallback.",
        "Added\nlater.",
    ]


def test_bad_escapes_of_others_are_not_our_warning() -> None:
    # Warnings are errors in this test suite.
    assert list(docstrings(b'"A bad \\d escape."')) == ["A bad \\d escape."]


def test_topics_are_read_as_literals() -> None:
    assert list(topics(b"topics: dict[str, str] = {'a': 'One.', 'b': 'Two.'}\nx = 1")) == [
        "One.",
        "Two.",
    ]
