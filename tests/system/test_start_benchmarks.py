"""One command measures hot paths and the whole program."""
import json
import os
import subprocess

import harness

RUN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "bench", "run")


def bench(*arguments):
    done = subprocess.run([RUN, *arguments, "--build-dir", os.path.dirname(harness.PROGRAM)], capture_output=True, text=True,
                          timeout=500)
    assert done.returncode == 0, (arguments, done.stdout[-500:], done.stderr[-2000:])
    return done.stdout


def test_GRAPH_08_one_command_prints_ratios_to_a_yardstick_and_the_hot_paths():
    figures = json.loads(bench("--quick", "--json", "bulk", "micro"))
    assert figures["wide_copy_rows_s"] > 0 and figures["bulk_events_s"] > 0, figures
    ratio = figures["bulk_events_s"] / figures["wide_copy_rows_s"]
    assert abs(figures["bulk_over_wide_copy"] - ratio) < 0.01 * ratio, figures
    assert figures["normaliser_mb_s"] > 0 and figures["wire_to_fingerprint_events_s"] > 0, figures


def test_GRAPH_08_every_figure_says_what_it_means():
    listed = bench("--list")
    for figure in ("bulk_over_wide_copy", "single_over_nginx", "normaliser_mb_s", "drain_ratio"):
        assert figure in listed, figure
    assert "yardstick" in listed
