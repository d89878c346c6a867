"""The engines as processes: each measurement starts a fresh one and reads JSON from it."""

import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy

from peers import peer

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_AT_MOST = 900
CALIBRATION_SAMPLES = 8


class Failed(Exception):
    """An engine cannot run a model; the text is its last line."""


class NotInstalled(Failed):
    pass


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no output"


def run(command, threads, environment=None):
    """The standard output of a program."""
    if shutil.which(command[0]) is None:
        raise Failed(f"cannot start '{command[0]}': {os.strerror(errno.ENOENT)}")
    process = subprocess.Popen(command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True,
                               env={**os.environ, "OMP_NUM_THREADS": str(threads),
                                    **(environment or {})})
    try:
        out, err = process.communicate(timeout=SECONDS_AT_MOST)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"still running after {SECONDS_AT_MOST} s") from late
    finally:
        if process.returncode is None:  # late or interrupted
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode == peer.NOT_INSTALLED:
        raise NotInstalled(last_line(err))
    if process.returncode != 0:
        raise Failed(last_line(err))
    return out


def rows_of(text):
    """The JSON objects of the lines, at least one."""
    rows = []
    for line in text.strip().splitlines() or [""]:
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise Failed(f"expected a line of JSON, got: {last_line(line)}") from error
    return rows


def commit_of(version):
    """What the build wrote into `plumb --version`: plumb 1.2.3 (COMMIT, COMPILER)."""
    found = re.search(r"\(([^,)]+)", version)
    return found.group(1) if found else "no commit"


def convolution_gflops(steps):
    """Operations of all convolutions of a profile over the time that they take together; None without
    any. A step's operations are those of the definition."""
    steps = [step for step in steps if re.search("Conv(?!Transpose)", step["operator"])]
    time = sum(step["ms"] for step in steps)
    return sum(step["gflops"] * step["ms"] for step in steps) / time if time else None


class Plumb:
    """`cache` is the folder of caches of a process, so that what this machine measured or kept before
    decides nothing."""
    name = "plumb"

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self.version = last_line(run([self.program, "--version"], 1))
        self.commit = commit_of(self.version)

    def command(self, case, setting, *length):
        words = [self.program, "bench", str(case.path), *self.model_options(case, setting),
                 "--batch", str(case.batch), "--format", "json", *self.shapes(case), *length]
        if setting.start == "cached":
            words.append("--cache")
        return words + ["--profile"] if setting.profile else words

    def model_options(self, case, setting):
        precision = ["--precision", "bf16"] if setting.precision == "bf16" else []
        return ["--threads", str(case.threads), *precision]

    def environment(self, setting, cache):
        forced = {"PLUMB_ISA": setting.forced_isa} if setting.forced_isa else {}
        return {"XDG_CACHE_HOME": str(cache), **forced}

    def shapes(self, case):
        return [word for name, array in case.feeds.items() if array.ndim > 0
                for word in ("--shape", f"{name}={'x'.join(map(str, array.shape))}")]

    def prepare(self, case, setting, cache, tune):
        """What comes before all processes of a setting: measured kernels, the start that keeps a
        compiled model."""
        environment = self.environment(setting, cache)
        if tune:
            run([self.program, "tune", str(case.path), *self.model_options(case, setting), "--batch",
                 str(case.batch), *self.shapes(case)], case.threads, environment)
        if setting.start == "cached":
            run(self.command(case, setting, "--iters", "1", "--warmup", "0"), case.threads,
                environment)

    def measure(self, case, setting, cache, seconds):
        row, *steps = rows_of(run(self.command(case, setting, "--seconds", str(seconds)),
                                  case.threads, self.environment(setting, cache)))
        if setting.start == "cached" and not row.get("cached"):
            raise Failed("it did not start from what the first start kept")
        row["memory_mb"] = row["peak_rss_mb"]
        if setting.profile:
            row["convolution_gflops"] = convolution_gflops(steps)
        return row

    def outputs(self, case, setting, cache):
        """By the names of the files that plumb writes, which have _ for /."""
        with tempfile.TemporaryDirectory() as folder:
            inputs = [word for name, path in peer.array_files(case.inputs).items()
                      for word in ("--input", f"{name}={path}")]
            run([self.program, "run", str(case.path), *self.model_options(case, setting),
                 "--output", folder, *inputs], case.threads, self.environment(setting, cache))
            return {path.stem: numpy.load(path) for path in pathlib.Path(folder).glob("*.npy")}

    def quantize(self, source, target):
        """Writes a QDQ file with a scale for each channel of a weight."""
        run([self.program, "quantize", str(source), "--samples", str(CALIBRATION_SAMPLES),
             "--random", "0", "--output", str(target)], 1)

    def machine(self):
        """(row of the processor, rows of its ceilings) of `plumb inspect --cpu`."""
        first, *rows = rows_of(run([self.program, "inspect", "--cpu", "--format", "json"], 1))
        return first, rows


class Peer:
    def __init__(self, name):
        self.name = name
        self.version = ""

    def command(self, case, seconds):
        return [sys.executable, "-m", f"peers.{self.name}", str(case.path), "--threads",
                str(case.threads), "--seconds", str(seconds), "--inputs", str(case.inputs)]

    def measure(self, case, seconds):
        """Its memory is what the engine added to Python and the inputs."""
        row = rows_of(run(self.command(case, seconds), case.threads))[-1]
        self.version = row["version"]
        row["memory_mb"] = row["peak_rss_mb"] - row["base_rss_mb"]
        return row

    def outputs(self, case):
        with tempfile.TemporaryDirectory() as folder:
            run([*self.command(case, 0), "--outputs", folder], case.threads)
            return peer.read_arrays(pathlib.Path(folder))
