#!/usr/bin/env python3
"""Token ids of Premise beside llama.cpp's, on the vocabularies that come with llama.cpp: `vocabularies.py [--json]`.

  files   each models/ggml-vocab-*.gguf of llama.cpp's source (build_peer fetches it), every line of lines.py, control tokens
          read as text and as tokens; families that Premise does not have must be refused by name
  names   the vocabulary of GPT-2 under every name of a pre-tokenizer that Premise has: the whole corpus for one name of each
          pattern, data/lines.bin for the others

Prints a line per case, or one JSON object; exit status 1 when ids differ. Other scripts call compare_files and compare_names.
"""
import argparse
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
PEER = os.path.join(TREE, ".peers", "bin", "peer")
FILES = os.path.join(TREE, ".peers", "llama.cpp", "models", "ggml-vocab-*.gguf")
PROGRAM = os.path.join(TREE, "build", "release", "bin", "premise")
REFUSED = {"bert-bge": "bert", "nomic-bert-moe": "t5"}  # file: tokenizer.ggml.model
REFUSED_NAMES = {"chameleon", "gemma4", "granite-embed-multi-311m", "jais-2", "sarvam-moe", "superbpe", "whitespace"}
LEAST_FILES = 14


def rows(command):
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if answer.returncode:
        raise RuntimeError(f"{os.path.basename(command[0])}: {answer.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    return [json.loads(line) for line in answer.stdout.splitlines()]


def compare(path, lines, special):
    """Both programs on one file. A line that llama.cpp itself refuses is counted, not judged."""
    texts = open(lines, "rb").read().split(b"\n")[:-1]
    peer = rows([PEER, "tokenize", path, lines, "--special", "on" if special else "off"])
    ours = rows([PROGRAM, "tokenize", "-m", path, "-f", lines, "--lines", "--quiet"] + (["--special"] if special else []))
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
    for path in sorted(glob.glob(FILES)):
        name = os.path.basename(path)[len("ggml-vocab-"):-len(".gguf")]
        if name in REFUSED:
            results[name] = refusal(path, REFUSED[name])
            tell(name, results[name])
            continue
        for special in (False, True):
            key = name + (" special" if special else "")
            results[key] = compare(path, lines, special)
            tell(key, results[key])
    if sum("judged" in result for result in results.values()) < 2 * LEAST_FILES:
        raise RuntimeError(f"{FILES}: fewer than {LEAST_FILES} files: run tests/golden/build_peer")
    return results


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
            results[name] = compare(path, lines if name in first else os.path.join(HERE, "data", "lines.bin"), name in others)
            tell(name, results[name])
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("files", "names"))
    arguments = parser.parse_args()
    failed = False

    def tell(name, result):
        nonlocal failed
        wrong = result.get("different", 0 if result.get("refused") else 1)
        failed |= bool(wrong)
        if not arguments.json:
            print(f"{'FAIL' if wrong else 'pass'}: {name}: {json.dumps(result, ensure_ascii=False)}", flush=True)

    results = {}
    with tempfile.NamedTemporaryFile(suffix=".bin") as corpus:
        subprocess.run([os.path.join(HERE, "lines.py"), corpus.name], stdout=subprocess.DEVNULL, check=True)
        if arguments.only != "names":
            results["files"] = compare_files(corpus.name, tell)
        if arguments.only != "files":
            results["names"] = compare_names(corpus.name, tell)
    if arguments.json:
        print(json.dumps(results, ensure_ascii=False))
    sys.exit(failed)


if __name__ == "__main__":
    main()
