"""Word embeddings: block-wise skip-gram with negative sampling, in pure JAX."""
