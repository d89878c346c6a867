"""The files that the checks look at: what git tracks, and what it would track if it were added."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def source_files(suffixes, under=""):
    """Paths relative to ROOT, sorted, of existing files whose names end with one of `suffixes`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    listed = subprocess.run(command + [under or "."], cwd=ROOT, check=True, capture_output=True)
    names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    return [n for n in names if n.endswith(tuple(suffixes)) and (ROOT / n).is_file()]


def read_lines(name):
    return (ROOT / name).read_text(encoding="utf-8").splitlines()
