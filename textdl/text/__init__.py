"""Text: from files to tokens, and from tokens to ids.

The map, in the order in which a text runs through it:

    files.py       files found, opened, decoded, and cut into lines
    records.py     rows of tables: TSV, CSV, JSON lines, fastText's lines
    parquet.py     rows of Parquet, which needs pyarrow
    corpus.py      whatever can be a corpus, as chunks of documents
    tokenizers/    a text in, a list of tokens out; one per file, and the table of their names
    encode.py      chunks as token ids, on all cores
    white_space.py what stands between white space as ids, without an object per word
    hash_table.py  distinct keys as ids, in arrays
    word_table.py  words as ids, by their bytes
    vocabulary.py  words by falling count
    char_ngrams.py subwords, in the buckets of fastText
    store.py       the token store: a corpus as ids on disk
    source.py      the parameters of reading text, and whether two corpora are the same text
    phrases.py     words that belong together: learned, joined in any text, saved

What `Phrases` is made of: `word_pairs.py` (neighbors and the connector words between them),
`collocations.py` (counted), `collocation_scores.py` (scored), `phrase_joining.py` (joined in
text), `phrase_files.py` (saved), `phrase_parameters.py`.
"""
