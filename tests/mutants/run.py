#!/usr/bin/env python3
"""Breaks the source on purpose, one line at a time, and requires a test to fail.  Format: README.md."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

KEYS = ("mutant", "file", "find", "replace", "test", "args")
CAUGHT, HANG, SURVIVED, ERROR = "caught", "caught (hang)", "SURVIVED", "ERROR"


class BadList(Exception):
    pass


def read_list(path):
    mutants, block, first = [], {}, 0

    def close():
        nonlocal block
        if block:
            missing = [k for k in KEYS if k not in block and k != "args"]
            if missing:
                raise BadList(f"{path}:{first}: without {', '.join(missing)}")
            if not block["find"]:
                raise BadList(f"{path}:{first}: 'find' is empty")
            block["area"] = path.stem
            mutants.append(block)
        block = {}

    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            close()
            continue
        match = re.match(r"(\w+):(?: (.*))?$", line)
        if not match or match[1] not in KEYS or match[1] in block:
            raise BadList(f"{path}:{number}: not a 'key: value' line of its own: {line}")
        if not block:
            first = number
        block[match[1]] = (match[2] or "").strip()
    close()
    return mutants


class Build:
    """What the build directory knows: how each source is compiled and each test linked."""

    def __init__(self, build, source):
        self.build, self.source = build, source
        entries = json.loads((build / "compile_commands.json").read_text())
        self.compile = {pathlib.Path(e["file"]).resolve(): e for e in entries}
        self.link = {}

    def learn(self, tests):
        subprocess.run(["ninja", "-C", str(self.build), *tests], check=True,
                       stdout=subprocess.DEVNULL)
        for test in tests:
            commands = subprocess.run(["ninja", "-C", str(self.build), "-t", "commands", test],
                                      check=True, capture_output=True, text=True).stdout
            last = commands.strip().splitlines()[-1]
            # CMake wraps a link in ": && command && :".
            words = shlex.split(last)
            parts, part = [], []
            for word in words + ["&&"]:
                if word == "&&":
                    parts.append(part)
                    part = []
                else:
                    part.append(word)
            links = [p for p in parts if "-o" in p]
            if len(links) != 1:
                raise BadList(f"no link command of {test}")
            self.link[test] = links[0]

    def program(self, test):
        command = self.link[test]
        return self.build / command[command.index("-o") + 1]


def run(command, limit, **how):
    """(exit code or None after the limit, output)."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=limit, errors="replace", **how)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return None, "no end within the limit"


def run_test(program, mutant, limit, folder):
    environment = dict(os.environ, BELAY_STOP_AT_FIRST="1", GTEST_FAIL_FAST="1")
    command = [str(program), *shlex.split(mutant.get("args", ""))]
    return run(command, limit, cwd=folder, env=environment)


def last_line(text):
    lines = [l for l in text.strip().splitlines() if l.strip()]
    wanted = [l for l in lines if "error:" in l or "Failure" in l or "FAILED" in l]
    return (wanted or lines or [""])[0].strip()[:160]


def try_mutant(build, mutant, number, limit):
    source = build.source / mutant["file"]
    if not source.is_file():
        return ERROR, "there is no such file"
    text = source.read_text()
    if text.count(mutant["find"]) != 1:
        return ERROR, f"the text is there {text.count(mutant['find'])} times, not once"
    entry = build.compile.get(source.resolve())
    if entry is None:
        return ERROR, "the file is not compiled (headers cannot be mutated)"
    folder = build.build / "mutants" / str(number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    changed, broken = folder / source.name, folder / "mutant.o"
    changed.write_text(text.replace(mutant["find"], mutant["replace"]))

    words = shlex.split(entry["command"])
    ours = words.index("-o") + 1
    original = words[ours]
    words[ours] = str(broken)
    words[words.index(entry["file"])] = str(changed)
    words += ["-I", str(source.parent)]
    code, output = run(words, 600, cwd=entry["directory"])
    if code != 0:
        return ERROR, "does not compile: " + last_line(output)

    link = list(build.link[mutant["test"]])
    program = folder / mutant["test"]
    link[link.index("-o") + 1] = str(program)
    if original in link:
        link[link.index(original)] = str(broken)
    else:  # in front of the libraries: its symbols are then never looked for in them
        objects = [i for i, word in enumerate(link) if word.endswith(".o")]
        link.insert(objects[0], str(broken))
    code, output = run(link, 600, cwd=build.build)
    if code != 0:
        return ERROR, "does not link: " + last_line(output)

    code, output = run_test(program, mutant, limit, folder)
    if code == 0:
        return SURVIVED, ""  # the folder stays for a look
    shutil.rmtree(folder, ignore_errors=True)
    if code is None:
        return HANG, ""
    return CAUGHT, ""


def baseline(build, mutant, limit):
    folder = build.build / "mutants" / "unchanged"
    folder.mkdir(parents=True, exist_ok=True)
    code, output = run_test(build.program(mutant["test"]), mutant, limit * 5, folder)
    return "" if code == 0 else "the unchanged test fails: " + last_line(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--source", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent.parent)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=120, help="seconds for one test run")
    parser.add_argument("--only", default="", help="mutants whose area or name holds this text")
    parser.add_argument("lists", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    options.build = options.build.resolve()
    lists = options.lists or sorted((options.source / "tests/mutants").glob("*.mutants"))
    try:
        mutants = [m for path in lists for m in read_list(path)]
        names = [m["mutant"] for m in mutants]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise BadList(f"named twice: {', '.join(twice)}")
        mutants = [m for m in mutants if options.only in m["area"] + ": " + m["mutant"]]
        if not mutants:
            raise BadList("no mutants")
        build = Build(options.build, options.source.resolve())
        build.learn(sorted({m["test"] for m in mutants}))
    except (BadList, OSError, subprocess.CalledProcessError, ValueError) as why:
        print(f"mutants: {why}", file=sys.stderr)
        return 2

    def one(number):
        begun = time.monotonic()
        mutant = mutants[number]
        why = broken[mutant["test"], mutant.get("args", "")]
        result = (ERROR, why) if why else try_mutant(build, mutant, number, options.limit)
        return (*result, time.monotonic() - begun)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        unchanged = {(m["test"], m.get("args", "")): m for m in mutants}
        checks = pool.map(lambda m: baseline(build, m, options.limit), unchanged.values())
        broken = dict(zip(unchanged, checks))
        results = list(pool.map(one, range(len(mutants))))

    width = max(len(m["mutant"]) for m in mutants)
    print(f"{'area':12} {'mutant':{width}} {'result':14} seconds")
    for mutant, (result, why, seconds) in zip(mutants, results):
        print(f"{mutant['area']:12} {mutant['mutant']:{width}} {result:14} {seconds:7.1f} {why}")
    caught = sum(r[0] in (CAUGHT, HANG) for r in results)
    print(f"{caught} of {len(mutants)} mutants caught")
    return 0 if caught == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
