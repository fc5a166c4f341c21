"""How well `mesher fingerprint` groups recorded failures: B-cubed F1 against the bug that each belongs to."""
import collections
import gzip
import json
import os
import subprocess

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "java-failures-sample.jsonl.gz")

# The same bug shows as different assertions in different tests: those are no ground truth.
ASSERTIONS = ("AssertionFailedError", "AssertionError", "ComparisonFailure")
# What Sentry's Java SDK marks as not in_app by itself.
SYSTEM_PACKAGES = ("java.", "javax.", "sun.", "com.sun.", "jdk.")


def f1(groups, truth):
    """`groups` and `truth`: the group and the class of each item."""
    both = collections.Counter(zip(groups, truth))
    group_sizes, class_sizes = collections.Counter(groups), collections.Counter(truth)
    pairs = list(zip(groups, truth))
    precision = sum(both[pair] / group_sizes[pair[0]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / class_sizes[pair[1]] for pair in pairs) / len(pairs)
    return 2 * precision * recall / (precision + recall)


def frame(call):
    made = {"module": call["cls"], "function": call["fn"], "filename": call["file"]}
    if call["line"]:
        made["lineno"] = call["line"]
    if call["cls"].startswith(SYSTEM_PACKAGES):
        made["in_app"] = False
    return made


def exception(text):
    kind, _, value = text.partition(": ")
    module, _, name = kind.rpartition(".")
    return {"type": name, "module": module, "value": value}


def event(failure):
    """The event that an SDK would send for a recorded failure: causes first, oldest frame first."""
    module, _, name = failure["type"].rpartition(".")
    values = [exception(cause) for cause in reversed(failure["causes"])]
    values.append({"type": name, "module": module, "value": failure["message"],
                   "stacktrace": {"frames": [frame(call) for call in reversed(failure["frames"])]}})
    return {"platform": "java", "level": "error", "exception": {"values": values}}


def read(path):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as lines:
        failures = [json.loads(line) for line in lines]
    return [failure for failure in failures if not failure["type"].endswith(ASSERTIONS)]


def of_corpus(build, notes):
    failures = read(build.corpus or SAMPLE)
    text = "".join(json.dumps(event(failure)) + "\n" for failure in failures)
    answer = subprocess.run([build.mesher, "fingerprint"], input=text, check=True, capture_output=True, text=True)
    groups = answer.stdout.splitlines()
    if len(groups) != len(failures):
        raise RuntimeError(f"{len(groups)} fingerprints for {len(failures)} events")
    notes["grouping_java_b3"] = f"{len(failures)} exceptions{'' if build.corpus else ' of the small sample'}"
    return f1(groups, [failure["bucket"] for failure in failures])
