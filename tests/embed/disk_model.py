"""What a disk may hold after a kill or a power cut, from a recording of what a run did to it.

A recording patches the calls that make, rename, remove and sync files, and looks at the whole tree
before and after each. From it come:

- the states that a killed process leaves: all it wrote is there, the last file perhaps in part;
- the states that a power cut leaves. A file has the content it was last synced with; what was
  written later may be there, in part, as zeros, or not at all. A folder has the names it had when
  it was last synced, or those of any moment since. This is weaker than what journals promise.
"""

import os
from pathlib import Path
from typing import NamedTuple

CALLS = ("mkdir", "replace", "rename", "unlink", "remove", "rmdir", "fsync")
ROOT = 0


class Moment(NamedTuple):
    """The tree at a moment; files and folders by number, which is never used twice."""

    folders: dict[int, dict[str, int]]  # the names in each
    files: dict[int, bytes]


class Recording:
    """A recording of the folder `root`."""

    def __init__(self, root, patch):
        self.root, self.calls = root, 0
        self.moments, self.synced = [], []  # (position in moments, number)
        self._numbers, self._next = {}, ROOT
        self.look()
        for name in CALLS:
            patch.setattr(os, name, self._recorded(name, getattr(os, name)))

    def _recorded(self, name, call):
        def recorded(*arguments, **options):
            self.look()
            number = self._number_of(arguments[0]) if name == "fsync" else None
            result = call(*arguments, **options)
            self.calls += 1
            self.look()
            if number is not None:
                self.synced.append((len(self.moments) - 1, number))
            return result

        return recorded

    def _number_of(self, descriptor):
        return self._numbers.get(os.fstat(descriptor).st_ino)

    def look(self):
        """Add the present to the moments."""
        folders, files, numbers = {}, {}, {}

        def visit(path):
            inode = path.stat().st_ino
            # The system gives the number of a removed file to the next; here they stay apart.
            if inode not in self._numbers:
                self._numbers[inode] = self._next
                self._next += 1
            number = numbers[inode] = self._numbers[inode]
            if path.is_dir():
                folders[number] = {it.name: visit(it) for it in sorted(path.iterdir())}
            else:
                files[number] = path.read_bytes()
            return number

        visit(self.root)
        self._numbers = numbers
        self.moments.append(Moment(folders, files))


def killed_states(recording):
    """What every kill leaves, each once: before and after every call, and amid what was written."""
    seen, before = set(), recording.moments[0]
    for moment in recording.moments:
        written = [n for n, data in moment.files.items() if before.files.get(n, b"") != data]
        for number in written:
            half = moment.files[number][: len(moment.files[number]) // 2]
            yield from _once(seen, _tree(moment.folders, moment.files | {number: half}))
        yield from _once(seen, _tree(moment.folders, moment.files))
        before = moment


def power_cut_state(recording, position, draw):
    """One of the states that a power cut at a moment may leave."""
    moments = recording.moments[: position + 1]
    last_synced = {n: at for at, n in recording.synced if at <= position}
    versions, files = {}, {}
    for at, moment in enumerate(moments):
        for number, names in moment.folders.items():
            if at < last_synced.get(number, 0):
                continue
            versions.setdefault(number, []).append(names)
        files |= moment.files
    folders = {n: some[draw.integers(len(some))] for n, some in versions.items()}
    for number, data in files.items():
        at = last_synced.get(number)
        safe = b"" if at is None else moments[at].files.get(number, data)
        if safe != data:
            choices = [safe, data, data[: len(data) // 2], bytes(len(data)), b""]
            files[number] = choices[draw.integers(len(choices))]
    return _tree(folders, files)


def write_tree(tree, folder):
    """Make the files of a state in an empty folder."""
    for name, data in tree:
        path = folder / name
        if data is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(data)


def _once(seen, tree):
    if tree not in seen:
        seen.add(tree)
        yield tree


def _tree(folders, files):
    """A state as the paths of its folders, with None, and of its files, with their contents."""
    found = []

    def visit(path, number):
        for name, inner in folders.get(number, {}).items():
            data = files.get(inner)
            found.append((str(path / name), data))
            if data is None:
                visit(path / name, inner)

    visit(Path(), ROOT)
    return tuple(found)
