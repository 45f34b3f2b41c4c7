"""Files, knowing nothing of text or vectors: complete or absent, checked when they are read.

archive            the one scheme of every saved object
safetensors        the container that archives are written in
strict_json        the JSON in it
checksums          whether what is read is what was written
checkpoints        numbered archives of a run, in a folder that one process holds
atomic             output that is complete or absent, and what killed runs left of it
locks              locks on files that end with the process that holds them
compression        files as streams of bytes, decompressed
compilation_cache  the persistent compilation cache of JAX, in a folder that nobody else can write
"""
