#!/usr/bin/env python3
"""Token ids of Premise beside llama.cpp's, on the vocabularies that come with llama.cpp: `vocabularies.py [--json] [--only WHAT]`.

  files   each models/ggml-vocab-*.gguf of llama.cpp's source (build_peer fetches it), every line of lines.py, control tokens
          read as text and as tokens; families that Premise does not have must be refused by name
  names   the vocabulary of GPT-2 under every name of a pre-tokenizer that Premise has: the whole corpus for one name of each
          pattern, data/lines.bin for the others

  golden  ids of data/lines.bin against vocabularies.txt, without llama.cpp's program: NAME[+special] and a hash a line, as in
          words.txt (`--write` makes it)

Prints a line per case, or one JSON object; exit status 1 when ids differ. Other scripts call compare_files, compare_names and
compare_golden.
"""
import argparse
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

from words import fingerprint

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
PEER = os.path.join(TREE, ".peers", "bin", "peer")
FILES = os.path.join(TREE, ".peers", "llama.cpp", "models", "ggml-vocab-*.gguf")
PROGRAM = os.path.join(TREE, "build", "release", "bin", "premise")
GOLDEN = os.path.join(HERE, "vocabularies.txt")
SAMPLE = os.path.join(HERE, "data", "lines.bin")
REFUSED = {"bert-bge": "bert", "nomic-bert-moe": "t5"}  # file: tokenizer.ggml.model
REFUSED_NAMES = {"chameleon", "gemma4", "granite-embed-multi-311m", "jais-2", "sarvam-moe", "superbpe", "whitespace"}
LEAST_FILES = 17


def rows(command):
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if answer.returncode:
        raise RuntimeError(f"{os.path.basename(command[0])}: {answer.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    return [json.loads(line) for line in answer.stdout.splitlines()]


def peer_rows(path, lines, special):
    return rows([PEER, "tokenize", path, lines, "--special", "on" if special else "off"])


def our_rows(path, lines, special):
    return rows([PROGRAM, "tokenize", "-m", path, "-f", lines, "--lines", "--quiet"] + (["--special"] if special else []))


def vocabularies():
    """[(name, path, special)] of the files of families that Premise has."""
    names = [(os.path.basename(path)[len("ggml-vocab-"):-len(".gguf")], path) for path in sorted(glob.glob(FILES))]
    found = [(name + "+special" * special, path, special) for name, path in names if name not in REFUSED for special in (False, True)]
    if len(found) < 2 * LEAST_FILES:
        raise RuntimeError(f"{FILES}: fewer than {LEAST_FILES} files: run tests/golden/build_peer")
    return found


def compare(path, lines, special):
    """Both programs on one file. A line that llama.cpp itself refuses is counted, not judged."""
    texts = open(lines, "rb").read().split(b"\n")[:-1]
    peer, ours = peer_rows(path, lines, special), our_rows(path, lines, special)
    if not len(texts) == len(peer) == len(ours):
        raise RuntimeError(f"{path}: {len(texts)} lines, {len(peer)} from llama.cpp, {len(ours)} from Premise")
    wrong = [i for i, ids in enumerate(peer) if ids is not None and ids != ours[i]]
    result = {"lines": len(texts), "judged": sum(ids is not None for ids in peer), "different": len(wrong)}
    if wrong:
        i = wrong[0]
        result["first"] = {"text": repr(texts[i][:80]), "llama.cpp": peer[i][:40], "premise": ours[i][:40]}
    return result


def refusal(path, family):
    answer = subprocess.run([PROGRAM, "tokenize", "-m", path, "-p", "x", "--quiet"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, check=False)
    told = answer.stderr.decode("utf-8", "replace").strip()
    return {"refused": answer.returncode == 1 and f"'{family}'" in told and "is not supported" in told, "told": told[:200]}


def compare_files(lines, tell=lambda name, result: None):
    """{name: result} of every vocabulary file; raises when there are too few."""
    results = {}
    for name, path, special in vocabularies():
        results[name] = compare(path, lines, special)
        tell(name, results[name])
    for name, family in REFUSED.items():
        results[name] = refusal(FILES.replace("*", name), family)
        tell(name, results[name])
    return results


def compare_golden(tell=lambda name, result: None):
    """{name: result} against vocabularies.txt."""
    golden = dict(line.split() for line in open(GOLDEN, encoding="ascii"))
    results = {}
    for name, path, special in vocabularies():
        ours, hashes = our_rows(path, SAMPLE, special), golden[name]
        theirs = [hashes[i:i + 8] for i in range(0, len(hashes), 8)]
        wrong = [i for i, (ids, expected) in enumerate(zip(ours, theirs)) if expected != "--------" and fingerprint(ids) != expected]
        results[name] = {"lines": len(theirs), "different": len(wrong) + abs(len(ours) - len(theirs))} | ({"first": wrong[0] + 1} if wrong else {})
        tell(name, results[name])
    return results


def write_golden():
    with open(GOLDEN, "w", encoding="ascii") as file:
        for name, path, special in vocabularies():
            file.write(name + " " + "".join(map(fingerprint, peer_rows(path, SAMPLE, special))) + "\n")


def with_text(data, key, value):
    """A GGUF file without tensors, with another text under `key`."""
    at = data.index(struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", 8)) + 8 + len(key) + 4
    (size,) = struct.unpack_from("<Q", data, at)
    return data[:at] + struct.pack("<Q", len(value)) + value.encode() + data[at + 8 + size:]


def names_by_pattern():
    """The names that llama.cpp has, first those whose pattern none before them had."""
    first, others = [], []
    with open(os.path.join(HERE, "words.txt"), encoding="ascii") as file:
        for line in file:
            names = [name.split(":")[0] for name in line.split(" ")[0].split(",")]
            first.append(names[0])
            others += names[1:]
    return first, others


def compare_names(lines, tell=lambda name, result: None):
    """{name: result} of every pre-tokenizer that Premise has."""
    base = open(FILES.replace("*", "gpt-2"), "rb").read()
    first, others = names_by_pattern()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "named.gguf")
        for name in first + others:
            with open(path, "wb") as file:
                file.write(with_text(base, "tokenizer.ggml.pre", name))
            if name in REFUSED_NAMES:
                results[name] = refusal(path, name)
                tell(name, results[name])
                continue
            results[name] = compare(path, lines if name in first else SAMPLE, name in others)
            tell(name, results[name])
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("files", "names", "golden"))
    parser.add_argument("--write", action="store_true", help="make vocabularies.txt from llama.cpp's ids")
    arguments = parser.parse_args()
    if arguments.write:
        write_golden()
        return
    failed = False

    def tell(name, result):
        nonlocal failed
        wrong = result.get("different", 0 if result.get("refused") else 1)
        failed |= bool(wrong)
        if not arguments.json:
            print(f"{'FAIL' if wrong else 'pass'}: {name}: {json.dumps(result, ensure_ascii=False)}", flush=True)

    results = {}
    with tempfile.NamedTemporaryFile(suffix=".bin") as corpus:
        if arguments.only != "golden":
            subprocess.run([os.path.join(HERE, "lines.py"), corpus.name], stdout=subprocess.DEVNULL, check=True)
        for what, run in (
            ("golden", lambda: compare_golden(tell)),
            ("files", lambda: compare_files(corpus.name, tell)),
            ("names", lambda: compare_names(corpus.name, tell)),
        ):
            if arguments.only in (None, what):
                results[what] = run()
    if arguments.json:
        print(json.dumps(results, ensure_ascii=False))
    sys.exit(failed)


if __name__ == "__main__":
    main()
