#!/usr/bin/env python3
"""The house rules of CONTRIBUTING.md that a machine can check, over every tracked source; clocks, sleeps
and files behind their seams are the business of tests/unit/seams_are_kept.cmake.

Each rule is a function from one file (path, text) to complaints; the first thing a run does is to
show every rule a file that breaks it, so that a rule that has gone blind is itself a failure.
"""
import collections
import re
import subprocess
import sys

MAX_LINES = 400
CODE = (".cc", ".h")
SCRIPTS = (".py", ".sh")

# Who may include what; everything not named here may not.
ADAPTERS = {
    "grpcpp/": ("common/rpc/", "node-agent/link/", "node-agent/enrol/", "server/driver/",
                "server/enrolment/", "cli/client.", "tests/"),
    "sqlite3.h": ("server/store/", "tests/"),
    "curl/": ("common/os/",),
    "common/os/posix_": ("common/os/", "node-agent/driver/", "server/driver/", "cli/", "tests/"),
}
# Which folder may not look into which: dependencies point one way.
FORBIDDEN = {
    "common/": ("node-agent/", "server/", "cli/"),
    "node-agent/": ("server/", "cli/"),
    "server/": ("node-agent/", "cli/"),
    "cli/": ("server/",),
}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|GTEST_" r"SKIP)\b")
MACHINE = re.compile(r"(?<![\w/.-])/(work|root)/\w")
INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.M)
TYPE = re.compile(r"^(?:struct|class|enum class)\s+(?:[A-Z_]+\([^)]*\)\s+)?([A-Z]\w+)\b(?!::)(?!.*;$)", re.M)


def starts(path, prefixes):
    return any(path.startswith(p) for p in prefixes)


def long_file(path, text):
    lines = text.count("\n")
    if path.endswith(CODE + SCRIPTS) and lines > MAX_LINES:
        yield f"{lines} lines; split it where its second idea begins (limit {MAX_LINES})"


def includes(path, text):
    if not path.endswith(CODE):
        return
    for header in INCLUDE.findall(text):
        for prefix, allowed in ADAPTERS.items():
            if header.startswith(prefix) and not starts(path, allowed):
                yield f"includes {header}, which only {', '.join(allowed)} may"
        for folder, others in FORBIDDEN.items():
            if path.startswith(folder) and header.startswith(others) and not allowed_edge(path, header):
                yield f"includes {header}: {folder} must not know {header.split('/')[0]}/"


def allowed_edge(path, header):
    """belayctl edits, renders and compares offline with the agent's pure editor."""
    return path.startswith("cli/") and header.startswith("node-agent/")


def unfinished(path, text):
    for found in UNFINISHED.finditer(text):
        yield f"{found.group(0)}: finish it, or put it into an issue"


def machine_paths(path, text):
    for found in MACHINE.finditer(text):
        yield f"{found.group(0)}: a path of one machine"


RULES = [long_file, includes, unfinished, machine_paths]

# One file that breaks each rule.
BROKEN = {
    long_file: ("common/a.cc", "x\n" * (MAX_LINES + 1)),
    includes: ("server/rollout/a.cc", '#include "node-agent/link/a.h"\n#include <grpcpp/grpcpp.h>\n'),
    unfinished: ("cli/a.cc", "// TO" "DO later\n"),
    machine_paths: ("cli/a.cc", 'open("/wor' 'k/x");\n'),
}


def named_types(path, text):
    """Types that another translation unit can collide with: in headers, and outside of unnamed namespaces."""
    if not path.endswith(CODE) or path.startswith("tests/"):
        return []
    if path.endswith(".cc"):
        text = re.sub(r"^namespace \{$.*?^\}  // namespace$", "", text, flags=re.M | re.S)
    return TYPE.findall(re.sub(r"^template.*\n", "", text, flags=re.M))


def twice(files):
    """Two types of one name are undefined behaviour where both are linked, and no compiler says so."""
    where = collections.defaultdict(set)
    for path, text in files:
        space = re.search(r"^namespace (belay[\w:]*) \{", text, flags=re.M)
        for name in named_types(path, text):
            where[f"{space.group(1) if space else 'belay'}::{name}"].add(path)
    return [f"{', '.join(sorted(paths))}: each defines a type {name}"
            for name, paths in sorted(where.items()) if len(paths) > 1]


def tracked(root):
    names = subprocess.run(["git", "-C", root, "ls-files"], check=True, capture_output=True, text=True)
    for name in names.stdout.splitlines():
        if name.startswith("tests/golden/") or name.startswith("tests/fuzz/seeds/"):
            continue
        try:
            with open(f"{root}/{name}", encoding="utf-8") as file:
                yield name, file.read()
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # binary, or just being removed


def main(root):
    for rule, (path, text) in BROKEN.items():
        if not list(rule(path, text)):
            sys.exit(f"rule {rule.__name__} does not see {path} break it")
    if not twice([("a/x.h", "struct Same {\n"), ("b/y.h", "class Same final {\n")]):
        sys.exit("rule twice does not see two types of one name")

    files = list(tracked(root))
    complaints = [f"{path}: {why}" for path, text in files for rule in RULES for why in rule(path, text)]
    complaints += twice(files)
    for complaint in complaints:
        print(complaint)
    print(f"house rules: {len(RULES) + 1} rules, {len(files)} files, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main(sys.argv[1])
