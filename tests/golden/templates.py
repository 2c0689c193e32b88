#!/usr/bin/env python3
"""templates.py LIBRARY MODEL... [--only NAME] [--show]: chat templates as jinja2 renders them beside Premise.

The templates are those that come with llama.cpp's source (build_peer --source), and those in the models. Each is rendered for every
conversation of conversations.py by jinja2, set up as transformers does it, and by prm_prompt_render of LIBRARY: equal bytes,
or a refusal by both. Ends with `N passed, N failed, N skipped`.
"""

import argparse
import copy
import ctypes
import datetime
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

from conversations import CONVERSATIONS

ROOT = pathlib.Path(__file__).resolve().parents[2]
WHEN = datetime.datetime(2026, 11, 28, 9, 30)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TAG = "CONTINUE_FINAL_MESSAGE_TAG "
CONTINUE = 4
HEADER_ONLY = 1
VERSION = 1000


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Message(ctypes.Structure):
    _fields_ = [("role", ctypes.c_char_p), ("text", Text), ("extra_json", ctypes.c_char_p), ("reserved", ctypes.c_uint64 * 2)]


class Prompt(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("text", Text), ("tokens", ctypes.c_void_p), ("token_count", ctypes.c_size_t),
                ("messages", ctypes.POINTER(Message)), ("message_count", ctypes.c_size_t), ("tools_json", ctypes.c_char_p),
                ("template_text", ctypes.c_char_p), ("template_json", ctypes.c_char_p)]


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("flags", ctypes.c_uint32)]


class Generation(jinja2.ext.Extension):
    """{% generation %}: the text between the tags, as it is."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = lambda form: WHEN.strftime(form)
    return env


def expected(template, messages, more):
    """What transformers' apply_chat_template gives."""
    messages = copy.deepcopy(messages)
    last = messages[-1]["content"] if more.get("continues") else None
    if last is not None:
        messages[-1]["content"] = last + TAG
    values = {"add_generation_prompt": last is None, "documents": None, **TOKENS, **more.get("values", {})}
    text = template.render(messages=messages, tools=more.get("tools"), **values)
    if last is None:
        return text
    if last.strip() not in text or TAG.strip() not in text:
        raise ValueError("the last message is not kept")
    at = text.rindex(TAG.strip())
    return text[:at] if text[at:at + len(TAG)] == TAG else text[:at].rstrip()


class Premise:
    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        self.lib.prm_last_error.restype = ctypes.c_char_p
        self.lib.prm_status_name.restype = ctypes.c_char_p
        self.engine = ctypes.c_void_p()
        self.check(self.lib.prm_engine_open(VERSION, None, ctypes.byref(self.engine)))

    def check(self, status):
        if status:
            raise RuntimeError(f"{self.lib.prm_status_name(status).decode()}: {self.lib.prm_last_error().decode(errors='replace')}")

    def open(self, path):
        model, options = ctypes.c_void_p(), ModelOptions(ctypes.sizeof(ModelOptions), HEADER_ONLY)
        self.check(self.lib.prm_model_open(self.engine, str(path).encode(), ctypes.byref(options), None, ctypes.byref(model)))
        return model

    def render(self, model, template, messages, more):
        array = (Message * len(messages))()
        for to, message in zip(array, messages):
            extra = {k: v for k, v in message.items() if k not in ("role", "content")}
            to.role = message["role"].encode()
            if isinstance(message.get("content"), str):
                data = message["content"].encode()
                to.text = Text(data, len(data))
            elif "content" in message:
                extra = {"content": message["content"], **extra}
            if extra:
                to.extra_json = json.dumps(extra).encode()
        values = {**TOKENS, "strftime_now": str(WHEN), **more.get("values", {})}
        prompt = Prompt(ctypes.sizeof(Prompt), CONTINUE if more.get("continues") else 0, messages=array, message_count=len(messages),
                        template_text=template, template_json=json.dumps(values).encode())
        if more.get("tools") is not None:
            prompt.tools_json = json.dumps(more["tools"]).encode()
        size, buffer = ctypes.c_size_t(), ctypes.create_string_buffer(1 << 18)
        self.check(self.lib.prm_prompt_render(model, ctypes.byref(prompt), buffer, ctypes.c_size_t(len(buffer)), ctypes.byref(size)))
        return buffer.raw[:size.value].decode()


def attempt(call, *arguments):
    """The text, or the error."""
    try:
        return call(*arguments), None
    except Exception as error:  # noqa: BLE001: templates raise what they like
        return None, f"{type(error).__name__}: {error}"


def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"at {at}: jinja2 {a[max(0, at - 40):at + 60]!r}, premise {b[max(0, at - 40):at + 60]!r}"


def own_template(path):
    """tokenizer.chat_template of a GGUF file, by its key: enough for the files that script/model fetches."""
    with open(path, "rb") as file:
        head = file.read(32 << 20)
    key = b"tokenizer.chat_template"
    at = head.find(key)
    if at < 0:
        return None
    at += len(key) + 4
    size = int.from_bytes(head[at:at + 8], "little")
    return head[at + 8:at + 8 + size]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("library")
    parser.add_argument("models", nargs="+", help="GGUF files; the first one serves for the templates that belong to none")
    parser.add_argument("--only", default="", help="templates with this in their names")
    parser.add_argument("--show", action="store_true", help="print what both refuse")
    flags = parser.parse_args()
    premise = Premise(flags.library)
    models = [premise.open(path) for path in flags.models]
    cases = [(path.stem, path.read_bytes(), models[0], path.read_bytes())
             for path in sorted((ROOT / ".peers/llama.cpp/models/templates").glob("*.jinja"))]
    cases += [(pathlib.Path(path).stem, own, model, None) for path, model in zip(flags.models, models) if (own := own_template(path))]
    env = environment()
    passed = failed = refused = skipped = 0
    for name, source, model, given in cases:
        if flags.only not in name:
            continue
        template, error = attempt(env.from_string, source.decode())
        if template is None:
            print(f"{name}: skipped: jinja2 itself cannot read it: {error}")
            skipped += 1
            continue
        for conversation, (messages, more) in CONVERSATIONS.items():
            ours, ours_error = attempt(premise.render, model, given, messages, more)
            theirs, theirs_error = attempt(expected, template, messages, more)
            if ours == theirs and (ours is None) == (theirs is None):
                passed += 1
                refused += ours is None
                if flags.show and ours is None:
                    print(f"{name}, {conversation}: refused: {theirs_error} | {ours_error}")
                continue
            failed += 1
            if ours is not None and theirs is not None:
                print(f"{name}, {conversation}: {first_difference(theirs, ours)}")
            else:
                print(f"{name}, {conversation}: jinja2 {theirs_error or 'renders it'}; premise {ours_error or 'renders it'}")
    print(f"{len(cases)} templates, {len(CONVERSATIONS)} conversations each; {refused} of those passed are refused by both")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
