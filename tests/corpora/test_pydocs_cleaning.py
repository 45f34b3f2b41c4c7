"""From docstrings written here to the prose that is left of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.pydocs.blocks import paragraphs
from corpora.pydocs.prose import prose

NUMPYDOC = """Weigh the apples of a basket.

The scale is read twice and the
readings are averaged.

Parameters
----------
basket : array_like of shape (n,), optional
    The apples that are to be weighed.
scale, spare : Scale
    The scales that are used for it.

Returns
-------
float
    The weight of the basket in grams.

See Also
--------
count : Count the apples that are in a basket.

Examples
--------
The basket of the example is small:

>>> weigh([1, 2])
array([1.5])
"""

GOOGLE = """Water the garden in the evening.

Args:
  hose (Hose): the hose that is to be used, which
    may be as long as you like.
  *cans: how many of the cans are to be filled.

Returns:
  The amount of water that was used.
"""

SPHINX = """Paint the fence that is in the garden.

:param colour: the name of a colour in the box
:type colour: str
:return: the time that it will take to dry
:rtype: float
"""

CODE = """The loop is run as it is written::

    for paint in the_box_of_paint:
        use it for the fence

The result is the same in the end.

.. code-block:: python

   this is the code that is not to be read

.. note::
   The note is to be read with the text.

.. warning:: The warning is to be read
   with the text.

```python
this is also code that is not to be read
```

======  =====
left    right
======  =====
the of the of the table that is here
======  =====
"""


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (
            NUMPYDOC,
            [
                "Weigh the apples of a basket.",
                "The scale is read twice and the readings are averaged.",
                "The apples that are to be weighed.",
                "The scales that are used for it.",
                "The weight of the basket in grams.",
                "The basket of the example is small:",
            ],
        ),
        (
            GOOGLE,
            [
                "Water the garden in the evening.",
                "the hose that is to be used, which may be as long as you like.",
                "how many of the cans are to be filled.",
                "The amount of water that was used.",
            ],
        ),
        (
            SPHINX,
            [
                "Paint the fence that is in the garden.",
                "the name of a colour in the box",
                "the time that it will take to dry",
            ],
        ),
        ("- the first of the items\n- the second\n  of the items", None),
        (
            CODE,
            [
                "The loop is run as it is written:",
                "The result is the same in the end.",
                "The note is to be read with the text.",
                "The warning is to be read with the text.",
            ],
        ),
    ],
    ids=["numpydoc", "google", "sphinx", "bullets", "code"],
)
def test_prose_of_a_docstring(docstring: str, expected: list[str] | None) -> None:
    expected = expected or ["the first of the items", "the second of the items"]
    assert [text for text in map(prose, paragraphs(docstring)) if text] == expected


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("It is a :class:`~collections.abc.Mapping` of names.", "It is a Mapping of names."),
        ("It is ``None`` or a `list`_ of *the* **names**.", "It is None or a list of the names."),
        ("If ``axis=None`` the array is used as it is.", "If the array is used as it is."),
        ("See `the guide <https://a.org/b>`_ for all of it.", "See the guide for all of it."),
        ("See [the guide](https://a.org) for all of it.", "See the guide for all of it."),
        ("It is in https://a.org/b?c=d and in the book [1]_.", "It is in and in the book."),
        ('The "__debug__" name is set to "True" here.', "The __debug__ name is set to True here."),
        ("The norm :math:`|x|^2` of the vector is used.", "The norm of the vector is used."),
        (
            "The input/output of *args and \\*kwargs is used.",
            "The input output of args and kwargs is used.",
        ),
        (
            "Use np.linalg.solve() or the setup.py (e.g. in a shell).",
            "Use solve or the setup.py (e.g. in a shell).",
        ),
        (
            "It is a 2-D array with 3 rows, in version 1.2.3 of it.",
            "It is a 2-D array with 3 rows, in version of it.",
        ),
    ],
)
def test_inline_markup(marked: str, plain: str) -> None:
    assert prose(marked) == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Deprecated.",
        "x = y[0] + f(z)",
        "csr csc coo lil dok bsr dia",
        "1 2 3 4 5 6 7 8 the of",
        "a_b c_d e_f g_h the of in to i_j k_l m_n",
    ],
)
def test_what_is_no_prose_is_dropped(text: str) -> None:
    assert prose(text) == ""


@given(st.text())
def test_any_text_is_cleaned_to_single_lines(text: str) -> None:
    for paragraph in paragraphs(text):
        cleaned = prose(paragraph)
        assert cleaned == " ".join(cleaned.split())
        assert "`" not in cleaned
        assert "\0" not in cleaned
