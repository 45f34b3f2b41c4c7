"""How text is counted fast: on arrays of bytes and ids, without a Python object per token.

    analysis    what the parameters of text mean, step by step, in plain Python
    documents   how documents are read, in chunks
    counting    the pipeline: documents -> chunks -> counts of each chunk -> counts of the corpus
    words       scanner: words as runs of bytes; also words that Python code has cut
    characters  scanner: characters, of documents or within words
    terms       terms as ids: hash table, n-grams, names
    matrix      sparse matrices of counts, and what is done to their entries

`terms` holds the hash table together with what its keys mean, both ways (n-grams are pairs of
ids, names are read off the keys): one is not understood without the other.
"""
