#!/usr/bin/env python3
"""Holds Premise's answers against llama.cpp's. Prints one JSON object; exit code 1 when they differ.

  check.py lines PEER OURS LINES     two outputs of one JSON array a line, and the corpus that they are of
  check.py greedy GOLDEN -- COMMAND  runs COMMAND --raw -p PROMPT -n N --temp 0 --json for each line of the golden file

lines: a line that llama.cpp itself refuses (null) is counted, not judged. greedy: the ids are equal, or the first
difference stands where llama.cpp's own top two logits are less than 0.05 apart; ours may end where its end token stands.
"""
import argparse
import json
import subprocess
import sys

CLOSE = 0.05


def lines(arguments):
    texts = open(arguments.lines, "rb").read().split(b"\n")[:-1]
    peer, ours = ([json.loads(line) for line in open(path)] for path in (arguments.peer, arguments.ours))
    if not len(texts) == len(peer) == len(ours):
        print(json.dumps({"error": "counts differ", "lines": len(texts), "peer": len(peer), "ours": len(ours)}))
        return False
    judged = [(i, *row) for i, row in enumerate(zip(texts, peer, ours)) if row[1] is not None]
    wrong = [row for row in judged if row[2] != row[3]]
    for i, text, theirs, mine in wrong[:arguments.show]:
        print(f"check.py: line {i + 1}: {text[:80]!r}\n  llama.cpp {theirs[:40]}\n  ours      {mine and mine[:40]}", file=sys.stderr)
    print(json.dumps({"lines": len(texts), "judged": len(judged), "refused_by_peer": len(texts) - len(judged), "different": len(wrong)}))
    return not wrong


def greedy(arguments):
    report, passed = [], True
    for line in open(arguments.golden):
        golden = json.loads(line)
        ids, margins = golden["ids"], golden["margins"]
        command = arguments.command + ["--special" if golden.get("special") else "--raw", "-p", golden["prompt"], "-n", str(len(ids)),
                                       "--temp", "0", "--json"]
        answer = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        if answer.returncode:
            report.append({"prompt": golden["prompt"], "error": answer.stdout.decode("utf-8", "replace")[:300]})
            passed = False
            continue
        tokens = json.loads(answer.stdout)["tokens"]
        # A run ends at the model's end token, and may or may not count it among its tokens.
        wanted = ids[:golden["stop"]]
        tokens = tokens[:len(wanted)]
        at = next((i for i, (a, b) in enumerate(zip(tokens, wanted)) if a != b), len(tokens))
        equal = at == len(wanted)
        ok = equal or (at < len(tokens) and margins[at] < CLOSE)
        passed &= ok
        report.append({"prompt": golden["prompt"][:40], "equal": at, "of": len(wanted), "ok": ok} |
                      ({} if equal else {"margin": margins[at], "theirs": wanted[at], "ours": tokens[at] if at < len(tokens) else None}))
    print(json.dumps({"ok": passed, "prompts": report}, ensure_ascii=False))
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    mode = modes.add_parser("lines")
    mode.add_argument("peer")
    mode.add_argument("ours")
    mode.add_argument("lines")
    mode.add_argument("--show", type=int, default=10, help="differences printed")
    mode = modes.add_parser("greedy")
    mode.add_argument("golden")
    mode.add_argument("command", nargs="+", help="after --: premise run -m MODEL")
    arguments = parser.parse_args()
    sys.exit(0 if {"lines": lines, "greedy": greedy}[arguments.mode](arguments) else 1)


if __name__ == "__main__":
    main()
