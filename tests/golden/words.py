#!/usr/bin/env python3
"""Word ends of every pre-tokenizer of llama.cpp on data/lines.bin: `words.py PEER LLAMA_CPP OUT`.

Names, traits and regular expressions are read from LLAMA_CPP/src/llama-vocab.cpp; `PEER words` runs llama.cpp's own splitter
over them. OUT, the golden of tests/unit/text, has a line per pattern:

  NAME[:TRAITS][,NAME[:TRAITS]...] HASHES

TRAITS: w words that are tokens are taken whole, b a begin token where the file does not say. HASHES: eight hexadecimal digits
for each two neighbouring lines (`peer words` tells how they are joined), 32-bit FNV-1a over the ends, four bytes each, low byte
first; "--------": llama.cpp refuses the text.
"""
import ast
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def without_comments(text):
    return re.sub(r"^\s*//.*$|\s//[^\"\n]*$", "", text, flags=re.MULTILINE)


def read_patterns(source):
    """{type: [expressions]} from the switch of llm_tokenizer_bpe."""
    begin = source.index("struct llm_tokenizer_bpe :")
    body = without_comments(source[begin:source.index("std::vector<std::string> regex_exprs;", begin)])
    patterns, waiting = {}, []
    for label, default, block in re.findall(r"case LLAMA_VOCAB_PRE_TYPE_(\w+):|(default):|regex_exprs = \{(.*?)\};", body, re.DOTALL):
        if label or default:
            waiting.append(label or "DEFAULT")
            continue
        literals = re.findall(r'"(?:[^"\\]|\\.)*"', block)
        for name in waiting:
            patterns[name] = [ast.literal_eval(literal) for literal in literals]
        waiting = []
    return patterns


def read_names(source):
    """[(name, type, traits)] from the chain of comparisons that follows in llama_vocab::impl::load."""
    begin = source.index('tokenizer_pre == "default"')
    body = without_comments(source[begin:source.index("unknown pre-tokenizer type", begin)])
    names = []
    for condition, block in re.findall(r"(tokenizer_pre == .*?)\{(.*?)\}", body, re.DOTALL):
        kind = re.search(r"LLAMA_VOCAB_PRE_TYPE_(\w+)", block).group(1)
        traits = ("w" if "ignore_merges = true" in block else "") + ("b" if "add_bos = true" in block else "")
        names += [(name, kind, traits) for name in re.findall(r'tokenizer_pre == "([^"]+)"', condition)]
    return names


def fingerprint(ends):
    if ends is None:
        return "--------"
    value = 0x811C9DC5
    for byte in b"".join(struct.pack("<I", end) for end in ends):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{value:08x}"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    peer, tree, out = sys.argv[1:]
    source = open(os.path.join(tree, "src", "llama-vocab.cpp"), encoding="utf-8").read()
    patterns = read_patterns(source)
    by_pattern = {}
    for name, kind, traits in read_names(source):
        by_pattern.setdefault(json.dumps(patterns[kind]), []).append(name + (":" + traits if traits else ""))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({names[0]: json.loads(passes) for passes, names in by_pattern.items()}, file)
        file.flush()
        answer = subprocess.run([peer, "words", file.name, os.path.join(HERE, "data", "lines.bin")], stdout=subprocess.PIPE, check=True)
    lines = answer.stdout.splitlines()
    assert len(lines) == len(by_pattern)
    with open(out, "w", encoding="ascii") as file:
        for names, line in zip(by_pattern.values(), lines):
            file.write(",".join(names) + " " + "".join(map(fingerprint, json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
