"""Files, knowing nothing of text or vectors: complete or absent, checked when they are read.

archive            the one scheme of every saved object
safetensors        the container that archives are written in
strict_json        the JSON in it
checksums          whether what is read is what was written
checkpoints        numbered archives of a run, in a folder that one process holds
atomic             output that is complete or absent, also after a power cut
scratch, locks     unfinished work, which the next run removes where its own was killed
compression        files as streams of bytes, decompressed
compilation_cache  compiled programs, kept on disk from one run to the next
"""
