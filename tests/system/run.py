#!/usr/bin/env python3
"""Runs one system test, or starts and stops the server that tests share.

    run.py --program build/mesher --state FILE test_ingestion test_INGEST_01_...
    run.py --program build/mesher --state FILE --start-shared | --stop-shared
"""
import argparse
import importlib
import inspect
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import harness


def start_shared(state_file):
    server = harness.Server()
    server.start()
    with open(state_file, "w", encoding="utf-8") as out:
        json.dump({"pid": server.process.pid, "base": server.base, "data": server.data, "log": server.log_path}, out)
    server.detach()


def has_ended(pid):
    """Also where nobody collects what its parent has left behind, as in a container whose first process is no init."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def stop_shared(state_file):
    with open(state_file, encoding="utf-8") as text:
        state = json.load(text)
    os.remove(state_file)
    os.kill(state["pid"], signal.SIGTERM)
    for _ in range(600):
        if has_ended(state["pid"]):
            break
        time.sleep(0.05)
    else:
        sys.exit("the shared server does not end on SIGTERM")
    harness.remove_tree(state["data"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--state", required=True)
    parser.add_argument("--start-shared", action="store_true")
    parser.add_argument("--stop-shared", action="store_true")
    parser.add_argument("module", nargs="?")
    parser.add_argument("function", nargs="?")
    arguments = parser.parse_args()
    harness.PROGRAM = os.path.abspath(arguments.program)
    if arguments.start_shared:
        start_shared(arguments.state)
        return
    if arguments.stop_shared:
        stop_shared(arguments.state)
        return
    function = getattr(importlib.import_module(arguments.module), arguments.function)
    wanted = inspect.signature(function).parameters
    with harness.Cleanup() as cleanup:
        given = {}
        if "project" in wanted:  # a fresh project on the shared server
            given["project"] = harness.SharedServer(arguments.state).new_project()
        if "cleanup" in wanted:
            given["cleanup"] = cleanup
        function(**given)
    print("ok")


main()
