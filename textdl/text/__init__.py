"""Reading text: corpora, tokenizers, vocabulary and the token store."""
