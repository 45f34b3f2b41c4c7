"""The English prose that every installation of textdl already carries, as a training corpus."""
