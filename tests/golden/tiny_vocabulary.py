"""The vocabularies of the tiny models, and the keys that describe them in a file."""

NORMAL, CONTROL, USER, BYTE = 1, 3, 4, 6  # token types

QWEN2_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
                 r"\s+(?!\S)|\s+")


def spm_tokens():
    """(text, score, type) in the order of the real file's kinds: control, user-defined, bytes, pieces."""
    tokens = [(t, -1000.0, CONTROL) for t in ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>")]
    tokens += [(t, -1000.0, USER) for t in ("[multimodal]", "\n", "\n\n", "▁▁", "▁▁▁", "<b>")]
    tokens += [("<0x%02X>" % b, -1000.0, BYTE) for b in range(256)]
    pieces = ["▁t", "he", "▁the", "in", "er", "▁a", "an", "▁an", "and", "▁and", "ing", "ß", "中", "é"]
    letters = ["▁", "e", "t", "a", "n", "h", "i", "r", "d", "g", "s", "o", "."]
    tokens += [(t, -float(rank), NORMAL) for rank, t in enumerate(pieces + letters)]
    return tokens


def byte_characters():
    """The 256 characters that byte-level BPE writes bytes with, in the order of their ids in real vocabularies."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(len(hidden))]


def bpe_tokens():
    merges = ["Ġ t", "h e", "Ġt he", "i n", "e r", "Ġ a", "n d", "Ġa nd", "in g", "Ġ Ġ", "ĠĠ ĠĠ", "Ċ Ċ", "Ã Ł", "Ã ©",
              "ä ¸", "ä¸ Ń", "r e", "' re", "Ġ 1"]
    tokens = [(c, NORMAL) for c in byte_characters()] + [(m.replace(" ", ""), NORMAL) for m in merges]
    tokens += [(t, CONTROL) for t in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")] + [("<tool_call>", USER)]
    return tokens, merges


SPM = spm_tokens()
BPE, MERGES = bpe_tokens()


def general(writer, name, licence):
    writer.add_type("model")
    writer.add_name(name)
    writer.add_basename(name)
    writer.add_size_label("tiny")
    writer.add_license(licence)


def write_spm(writer, add_space_prefix=False):
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([t[0] for t in SPM])
    writer.add_token_scores([t[1] for t in SPM])
    writer.add_token_types([t[2] for t in SPM])
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(add_space_prefix)


def write_bpe(writer):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    texts = [t[0] for t in BPE]
    writer.add_token_list(texts)
    writer.add_token_types([t[1] for t in BPE])
    writer.add_token_merges(MERGES)
    writer.add_eos_token_id(texts.index("<|im_end|>"))
    writer.add_pad_token_id(texts.index("<|endoftext|>"))
    writer.add_bos_token_id(texts.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
