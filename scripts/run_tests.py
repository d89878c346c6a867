#!/usr/bin/env python3
"""Runs a suite of tests and counts every case in it.

  scripts/run_tests.py test     what `make test` runs: unit tests of C++, web/ and Python
  scripts/run_tests.py check    what `make check` runs: sanitizers, fuzz targets, slow and browser
                                tests, and the checks of the sources
  scripts/run_tests.py check --only lint,format    some of it

Prints a line per group, what failed and why, and at the end `N passed, N failed, N skipped`. Ends
with 1 when anything failed. The groups are listed at the end of this file.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"
CORES = len(os.sched_getaffinity(0))
LAST_LINES = 60  # of the output of something that failed


class Count:
    """Passed and skipped cases, and what failed: (name, output)."""

    def __init__(self):
        self.passed = 0
        self.skipped = []
        self.failed = []

    def add(self, other):
        self.passed += other.passed
        self.skipped += other.skipped
        self.failed += other.failed


def run(command, timeout=3000, cwd=ROOT, env=None):
    """(exit status, output) of a command; a hung one ends with 124."""
    try:
        done = subprocess.run(command, cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=None if env is None else {**os.environ, **env})
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
        return 124, f"{output}\nstill running after {timeout} s"
    except OSError as error:
        return 127, f"{command[0]}: {error.strerror}"
    return done.returncode, done.stdout.decode(errors="replace")


def one_case(name, command, **options):
    """A command that is one test case; exit status 77 means skipped."""
    count = Count()
    status, output = run(command, **options)
    if status == 0:
        count.passed = 1
    elif status == 77:
        count.skipped.append((name, last_line(output)))
    else:
        count.failed.append((name, output))
    return count


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def read_cases(path, prefix):
    """Counts the cases of a JUnit or GoogleTest XML file; None when it is missing or cut short."""
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return None
    count = Count()
    for case in tree.iter("testcase"):
        name = f"{prefix}: {case.get('classname')}.{case.get('name')}"
        problems = case.findall("failure") + case.findall("error")
        skips = case.findall("skipped")
        if problems:
            count.failed.append((name, "\n".join((p.text or p.get("message") or "").strip()
                                                 for p in problems)))
        elif skips or case.get("status") == "notrun":
            count.skipped.append((name, skips[0].get("message") or "" if skips else "disabled"))
        else:
            count.passed += 1
    return count


def configure_and_build(preset, targets=()):
    """The output of the step that failed, or None."""
    commands = [["cmake", "--preset", preset]]
    build = ["cmake", "--build", "--preset", preset, "-j", str(CORES)]
    commands.append(build + (["--target", *targets] if targets else []))
    for command in commands:
        status, output = run(command)
        if status != 0:
            return output
    return None


def ctest(folder, *selection):
    """Runs the ctest entries of a build folder and counts the cases inside each."""
    build = ROOT / folder
    results = build / "results"
    shutil.rmtree(results, ignore_errors=True)
    report = build / "ctest.xml"
    report.unlink(missing_ok=True)
    status, output = run(["ctest", "--test-dir", folder, "-j", str(CORES), "--output-junit",
                          str(report), "--test-output-size-failed", "200000",
                          "--test-output-truncation", "head", *selection])
    count = Count()
    try:
        entries = list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        count.failed.append((f"ctest in {folder}", output))
        return count
    if not entries:
        count.failed.append((f"ctest in {folder}", "no test was found"))
    for entry in entries:
        count.add(count_entry(entry, results))
    return count


def count_entry(entry, results):
    name = entry.get("name")
    output = entry.findtext("system-out") or ""
    count = Count()
    if entry.get("status") == "notrun" or entry.find("skipped") is not None:
        missing = "Unable to find executable" in output
        (count.failed if missing else count.skipped).append((name, last_line(output)))
        return count
    passed = entry.get("status") == "run"
    cases = read_cases(results / f"{name}.xml", name)
    if cases is None:
        cases = Count()
        if passed:
            cases.passed = 1
    if not passed and not cases.failed:  # crashed, hung, or a sanitizer spoke up at the end
        cases.failed.append((name, output))
    return cases


def cpp_tests():
    return ctest("build", "-LE", "slow|fuzz")


def slow_tests():
    if "slow" not in run(["ctest", "--test-dir", "build", "--print-labels"])[1].split():
        return Count()
    return ctest("build", "-L", "slow")


def built_and_tested(preset, folder, selection, targets=()):
    count = Count()
    problem = configure_and_build(preset, targets)
    if problem:
        count.failed.append((f"build of preset {preset}", problem))
        return count
    return ctest(folder, *selection)


def address_sanitizer():
    return built_and_tested("dev", "build-dev", ["-LE", "slow|fuzz"])


def thread_sanitizer():
    return built_and_tested("tsan", "build-tsan", ["-L", "threads"])


def fuzzing():
    """The fuzz targets are in the same build as the tests of the address sanitizer."""
    return built_and_tested("dev", "build-dev", ["-L", "fuzz"], targets=["fuzzers"])


def web_unit_tests():
    web = ROOT / "web"
    count = Count()
    if not (web / "package.json").is_file():
        return count
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "vitest.xml")
        status, output = run(["npx", "--no-install", "vitest", "run", "--reporter=junit",
                              f"--outputFile={report}"], cwd=web, timeout=300)
        cases = read_cases(report, "web")
    if cases is None or (status != 0 and not cases.failed):
        count.failed.append(("web unit tests", output))
        return count
    return cases


def browser_tests():
    if not (ROOT / "web" / "test" / "browser.mjs").is_file():
        return Count()
    name = "web browser tests"
    status, output = run(["npm", "run", "--silent", "test:browser"], cwd=ROOT / "web", timeout=600)
    summary = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", last_line(output))
    count = Count()
    if summary is None or (status != 0 and summary[2] == "0"):
        count.failed.append((name, output))
        return count
    count.passed = int(summary[1])
    count.failed += [(name, output if i == 0 else "") for i in range(int(summary[2]))]
    count.skipped += [(name, "")] * int(summary[3])
    return count


def python_tests():
    """Files named *_test.py, each run by unittest."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
                             "*_test.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    count = Count()
    for name in sorted(set(listed.stdout.split())):
        path = ROOT / name
        if path.is_file():
            count.add(python_file(path, name))
    return count


def python_file(path, name):
    status, output = run([PYTHON, "-m", "unittest", "-v", path.stem], cwd=path.parent, timeout=300,
                         env={"PYTHONDONTWRITEBYTECODE": "1"})
    count = Count()
    ran = re.search(r"^Ran (\d+) tests? in", output, re.M)
    summary = last_line(output)
    numbers = dict(re.findall(r"(failures|errors|skipped|expected failures)=(\d+)", summary))
    failed = int(numbers.get("failures", 0)) + int(numbers.get("errors", 0))
    skipped = int(numbers.get("skipped", 0))
    if ran is None or (status != 0 and failed == 0):
        count.failed.append((name, output))
        return count
    for i in range(failed):
        count.failed.append((name, output if i == 0 else ""))
    count.skipped += [(name, "")] * skipped
    count.passed = max(0, int(ran[1]) - failed - skipped)
    return count


def script_check(name, command):
    return lambda: one_case(name, command)


# What a user who only runs models need not have.
NOT_FOR_INFERENCE = ["CLI11", "yaml-cpp", "nlohmann_json", "PkgConfig"]


def installed_package():
    """Installs into an empty folder and uses what is there: the projects of tests/install build
    against it, no header of a test is among it, the program runs the installed application and
    compiles a model."""
    with tempfile.TemporaryDirectory() as folder:
        prefix, all_of_it, inference = (f"{folder}/{name}" for name in ("prefix", "all", "inference"))
        faces = f"{prefix}/share/plumbline/apps/faces/faces.yaml"
        embedder = f"{prefix}/share/plumbline/apps/faces/models/embedder.onnx"
        configure = ["cmake", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                     f"-DCMAKE_PREFIX_PATH={prefix}"]
        without = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in NOT_FOR_INFERENCE]
        count = Count()
        for name, command, where in [
                ("install", ["cmake", "--install", "build", "--prefix", prefix], ROOT),
                ("configure inference",
                 [*configure, *without, "-S", "tests/install/inference", "-B", inference], ROOT),
                ("build inference", ["cmake", "--build", inference], ROOT),
                ("run inference", [f"{inference}/readme"], ROOT / "apps" / "faces" / "models"),
                ("configure all", [*configure, "-S", "tests/install/all", "-B", all_of_it], ROOT),
                ("build all", ["cmake", "--build", all_of_it], ROOT),
                ("run all", [f"{all_of_it}/consumer", faces], ROOT),
                ("run the application",
                 [f"{prefix}/bin/plumb", "pipeline", "run", faces, "--report", f"{folder}/out"],
                 folder),
                ("compile a model",
                 [f"{prefix}/bin/plumb", "compile", embedder, "--output", f"{folder}/embedder"],
                 folder),
                ("run the compiled model", [f"{folder}/embedder/main"], folder)]:
            status, output = run(command, cwd=where)
            if status != 0:
                count.failed.append((f"installed package: {name}", output))
                return count
            count.passed += 1
        tests = [str(path) for path in pathlib.Path(prefix).rglob("*.h")
                 if path.name.endswith("_test.h") or "testing" in path.parts]
        if tests:
            count.failed.append(("installed package: headers of tests", "\n".join(tests)))
        return count


def packages_there():
    """What make installs is there afterwards: every line looks for what its package brings."""
    count = Count()
    status, output = run(["scripts/install_packages.sh", "--list", "build", "test", "check"])
    if status != 0 or output.strip():
        count.failed.append(("packages.txt", f"still missing after installing:\n{output}"))
    else:
        count.passed = 1
    return count


SUITES = {
    "test": {
        "c++": cpp_tests,
        "web": web_unit_tests,
        "python": python_tests,
    },
    "check": {
        "layers": script_check("layers", [PYTHON, "scripts/check_layers.py"]),
        "sizes": script_check("sizes", [PYTHON, "scripts/check_size.py"]),
        "text": script_check("text", [PYTHON, "scripts/check_text.py"]),
        "format": script_check("format", ["scripts/check_format.sh"]),
        "symbols": script_check("symbols", [PYTHON, "scripts/check_symbols.py", "build"]),
        "packages": packages_there,
        "lint": script_check("lint", [PYTHON, "scripts/lint.py", "build"]),
        "install": installed_package,
        "slow": slow_tests,
        "browser": browser_tests,
        "asan": address_sanitizer,
        "tsan": thread_sanitizer,
        "fuzz": fuzzing,
    },
}


def tail(output):
    lines = output.rstrip().splitlines()
    cut = ["..."] if len(lines) > LAST_LINES else []
    return "\n".join("    " + line[:300] for line in cut + lines[-LAST_LINES:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--only", help="groups to run, separated by commas")
    arguments = parser.parse_args()
    groups = SUITES[arguments.suite]
    wanted = arguments.only.split(",") if arguments.only else list(groups)
    for name in wanted:
        if name not in groups:
            parser.error(f"no group '{name}' in {arguments.suite}; there are: {', '.join(groups)}")

    # What was measured on this machine before decides nothing.
    caches = tempfile.TemporaryDirectory(prefix="plumb_cache_")
    os.environ["XDG_CACHE_HOME"] = caches.name

    total = Count()
    for name in wanted:
        began = time.monotonic()
        count = groups[name]()
        total.add(count)
        print(f"{name:10} {count.passed:6} passed {len(count.failed):4} failed "
              f"{len(count.skipped):4} skipped  {time.monotonic() - began:7.1f} s", flush=True)
        for case, output in count.failed:
            print(f"  FAILED {case}\n{tail(output)}", flush=True)
    for case, reason in total.skipped:
        print(f"skipped {case}: {reason}")
    for case, _ in total.failed:
        print(f"failed {case}")
    print(f"{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
