#!/usr/bin/env python3
"""Small tokenizers, trained and asked by the tokenizers package: `tiny_tokenizers.py data/tokenizers`.

Writes texts.json (a list), and for each tokenizer NAME.json (a tokenizer.json) and NAME.ids.json (the ids of each text, with what its
template puts around them): bytes in words of three patterns, characters with each kind of space in front. Needs ./make_venv.
"""
import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from tiny_vocabulary import QWEN2_PATTERN

HERE = pathlib.Path(__file__).resolve().parent
LLAMA3_PATTERN = QWEN2_PATTERN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
OWN = ["", " ", "a", " a", "  two  spaces  ", "\n\n\n", "tab\tand\r\nline", "<s>", "<s> a</s>b", "x <|user|>  y", "x  <mark>y", "<mark>",
       "12345 67", "I'LL we've", "e\u0301 caf\u00e9", "\u4e2d\u6587\U0001f600", "▁▁", " ▁x", "a▁b", "<0x41>", "def f(x):\n    return x\n"]


def whole_lines():
    found = []
    for line in (HERE / "data/lines.bin").read_bytes().split(b"\n"):
        try:
            found.append(line.decode())
        except UnicodeDecodeError:
            continue
    return found


def add_tokens(tokenizer):
    tokenizer.add_tokens([AddedToken(t, special=True, normalized=False) for t in ("<s>", "</s>")])
    tokenizer.add_tokens([AddedToken("<|user|>", special=True, normalized=False, rstrip=True)])
    tokenizer.add_tokens([AddedToken("<mark>", special=False, normalized=False, lstrip=True)])


def of_bytes(corpus, pattern, ignore_merges):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    steps = [pre_tokenizers.ByteLevel(add_prefix_space=False)] if pattern is None else [
        pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps) if len(steps) > 1 else steps[0]
    trainer = trainers.BpeTrainer(vocab_size=480, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    add_tokens(tokenizer)
    return tokenizer


def of_characters(corpus, style):
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    learner.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=260, limit_alphabet=90, show_progress=False))
    learned = json.loads(learner.to_str())["model"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *sorted(learned["vocab"], key=learned["vocab"].get)]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[tuple(m) for m in learned["merges"]],
                                     byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    replace = normalizers.Replace(" ", "▁")
    if style == "every":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace])
    elif style == "never":
        tokenizer.normalizer = replace
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=style, split=False)
    add_tokens(tokenizer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    corpus = whole_lines()
    texts = OWN + corpus[::2]
    made = {"bytes-qwen2": of_bytes(corpus, QWEN2_PATTERN, False), "bytes-llama3": of_bytes(corpus, LLAMA3_PATTERN, True),
            "bytes-gpt2": of_bytes(corpus, None, False),
            **{f"characters-{style}": of_characters(corpus, style) for style in ("every", "never", "first", "always")}}
    (folder / "texts.json").write_text(json.dumps(texts) + "\n")
    for name, tokenizer in made.items():
        tokenizer.save(str(folder / f"{name}.json"), pretty=False)
        ids = [tokenizer.encode(text).ids for text in texts]
        (folder / f"{name}.ids.json").write_text(json.dumps(ids, separators=(",", ":")) + "\n")
        print(f"{name}: {tokenizer.get_vocab_size()} tokens, {sum(map(len, ids))} ids of {len(texts)} texts")


if __name__ == "__main__":
    main()
