"""The engines as processes: each measurement starts a fresh one and reads a line of JSON from it."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

from peers import peer

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_AT_MOST = 900


class Failed(Exception):
    """An engine cannot run a model; the text is its last line."""


class NotInstalled(Failed):
    pass


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no output"


def run(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False,
                              timeout=SECONDS_AT_MOST, env=environment)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"still running after {SECONDS_AT_MOST} s") from late
    except OSError as error:
        raise Failed(f"cannot start '{command[0]}': {error.strerror}") from error
    if done.returncode == peer.NOT_INSTALLED:
        raise NotInstalled(last_line(done.stderr))
    if done.returncode != 0:
        raise Failed(last_line(done.stderr))
    return done.stdout


def json_of(text):
    try:
        return json.loads(last_line(text))
    except ValueError as error:
        raise Failed(f"expected a line of JSON, got: {last_line(text)}") from error


def commit_of(version):
    """What the build wrote into `plumb --version`: plumb 1.2.3 (COMMIT, COMPILER)."""
    found = re.search(r"\(([^,)]+)", version)
    return found.group(1) if found else "no commit"


class Plumb:
    name = "plumb"

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self.version = last_line(run([self.program, "--version"], 1))
        self.commit = commit_of(self.version)

    def command(self, case, seconds):
        return [self.program, "bench", str(case.path), "--threads", str(case.threads), "--batch",
                str(case.batch), "--seconds", str(seconds), "--format", "json", *self.shapes(case)]

    def shapes(self, case):
        return [word for name, array in case.feeds.items() if array.ndim > 0
                for word in ("--shape", f"{name}={'x'.join(map(str, array.shape))}")]

    def measure(self, case, seconds):
        return json_of(run(self.command(case, seconds), case.threads))

    def outputs(self, case):
        """By the names of the files that plumb writes, which have _ for /."""
        with tempfile.TemporaryDirectory() as folder:
            inputs = [word for name, path in peer.array_files(case.inputs).items()
                      for word in ("--input", f"{name}={path}")]
            run([self.program, "run", str(case.path), "--threads", str(case.threads), "--output",
                 folder, *inputs], case.threads)
            return {path.stem: numpy.load(path) for path in pathlib.Path(folder).glob("*.npy")}

    def ceilings(self):
        """The ceilings among the JSON rows of `plumb inspect --cpu`; the first row is of the
        processor."""
        text = run([self.program, "inspect", "--cpu", "--format", "json"], 1)
        return [row for row in map(json.loads, text.splitlines()) if "ceiling" in row]


class Peer:
    def __init__(self, name):
        self.name = name
        self.version = ""

    def command(self, case, seconds):
        return [sys.executable, "-m", f"peers.{self.name}", str(case.path), "--threads",
                str(case.threads), "--seconds", str(seconds), "--inputs", str(case.inputs)]

    def measure(self, case, seconds):
        row = json_of(run(self.command(case, seconds), case.threads))
        self.version = row["version"]
        return row

    def outputs(self, case):
        with tempfile.TemporaryDirectory() as folder:
            run([*self.command(case, 0), "--outputs", folder], case.threads)
            return peer.read_arrays(pathlib.Path(folder))
