"""Reads the declarations of include/premise/premise.h: what script/ffi writes for other languages is made of it alone.

It knows the C that the header is written in, and stops at anything else: a declaration that was not understood would be
one that other languages get wrong.
"""

import ast
import dataclasses
import os
import re

from accept_tools import TREE

HEADER = os.path.join(TREE, 'include/premise/premise.h')
SIZES = {'int32_t': 4, 'uint32_t': 4, 'int64_t': 8, 'uint64_t': 8, 'size_t': 8, 'float': 4, 'double': 8, 'char': 1}  # on 64-bit systems
POINTER = 8


@dataclasses.dataclass
class Value:
    """A parameter (count 0), or a field, which may be an array of `count`."""

    type: str  # 'int32_t', 'const char *', 'prm_model **'
    name: str
    count: int = 0


@dataclasses.dataclass
class Function:
    name: str
    result: str
    parameters: list


@dataclasses.dataclass
class Struct:
    name: str
    fields: list
    offsets: list = dataclasses.field(default_factory=list)
    size: int = 0


class Header:
    def __init__(self, text):
        self.constants = {}  # name: value, in order
        self.aliases = {}  # prm_status: int32_t
        self.handles = []  # structs that nobody outside looks into
        self.structs = {}
        self.callbacks = {}  # name: Function; of a field without a type of its own, STRUCT_FIELD
        self.functions = []
        for name, value in re.findall(r'^#define +(PRM_\w+) +(.+)$', without_comments(text), re.M):
            if name not in ('PRM_API', 'PRM_INIT', 'PRM_TEXT'):
                self.add_constant(name, value.replace('(size_t)', ''))
        for statement in statements(text):
            self.read(statement)
        for struct in self.structs.values():
            self.lay_out(struct)

    def add_constant(self, name, value):
        value = re.sub(r'\bPRM_\w+', lambda match: str(self.constants[match.group()]), value)
        self.constants[name] = constant(ast.parse(value.strip(), mode='eval').body, name)

    def read(self, text):
        if text.startswith('enum {'):
            for entry in text[6:-1].split(','):
                if entry.strip():
                    self.add_constant(*entry.strip().split(' = '))
            return
        if match := re.fullmatch(r'typedef struct (\w+) \1', text):
            self.handles.append(match.group(1))
        elif match := re.fullmatch(r'typedef struct (\w+) \{(.*)\} \1', text):
            self.structs[match.group(1)] = Struct(match.group(1), self.fields(match.group(1), match.group(2)))
        elif match := re.fullmatch(r'typedef (.+?) ?\(\*(\w+)\)\((.*)\)', text):
            self.callbacks[match.group(2)] = self.function(match.group(2), match.group(1), match.group(3))
        elif match := re.fullmatch(r'typedef (\w+) (\w+)', text):
            self.aliases[match.group(2)] = match.group(1)
        elif match := re.fullmatch(r'PRM_API (.+?) ?(?<=[ *])(prm_\w+)\((.*)\)', text):
            self.functions.append(self.function(match.group(2), match.group(1), match.group(3)))
        else:
            raise ValueError(f'premise.h: not understood: {text}')

    def function(self, name, result, parameters):
        listed = [] if parameters == 'void' else [self.value(one) for one in parameters.split(',')]
        return Function(name, self.known(result.strip()), listed)

    def fields(self, struct, text):
        out = []
        for one in filter(None, (part.strip() for part in text.split(';'))):
            if match := re.fullmatch(r'(.+?) ?\(\*(\w+)\)\((.*)\)', one):  # its own callback type
                name = f'{struct}_{match.group(2)}_fn'
                self.callbacks[name] = self.function(name, match.group(1), match.group(3))
                out.append(Value(name, match.group(2)))
            else:
                out.append(self.value(one))
        return out

    def value(self, text):
        match = re.fullmatch(r'(.+?) ?(?<=[ *])(\w+)(?:\[(\w+)\])?', text.strip())
        if not match:
            raise ValueError(f'premise.h: not understood: {text}')
        count = match.group(3) or 0
        return Value(self.known(match.group(1).strip()), match.group(2), int(self.constants.get(count, count)))

    def known(self, type_):
        base = re.sub(r'^const | ?\*+$', '', type_)
        if base not in SIZES and base != 'void' and base not in self.aliases and base not in self.structs and base not in self.handles:
            if base not in self.callbacks:
                raise ValueError(f'premise.h: a type that nobody declared: {type_}')
        return type_

    def plain(self, type_):
        """A type without the names that are other words for numbers."""
        return self.aliases.get(type_, type_)

    def size_align(self, type_):
        type_ = self.plain(type_)
        if type_.endswith('*') or type_ in self.callbacks:
            return POINTER, POINTER
        if type_ in self.structs:
            inner = self.structs[type_]
            return inner.size, max(self.size_align(field.type)[1] for field in inner.fields)
        return SIZES[type_], SIZES[type_]

    def lay_out(self, struct):
        end = widest = 0
        for field in struct.fields:
            size, align = self.size_align(field.type)
            if end % align:
                raise ValueError(f'premise.h: hidden padding before {struct.name}.{field.name}')
            struct.offsets.append(end)
            end += size * (field.count or 1)
            widest = max(widest, align)
        if end % widest:
            raise ValueError(f'premise.h: hidden padding at the end of {struct.name}')
        struct.size = end


def constant(node, name):
    """The value of the integer expressions that enums hold."""
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -constant(operand, name)
        case ast.BinOp(left=left, op=ast.LShift(), right=right):
            return constant(left, name) << constant(right, name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return constant(left, name) + constant(right, name)
    raise ValueError(f'premise.h: {name}: not an integer that is understood')


def without_comments(text):
    return re.sub(r'[ \t]*/\*.*?\*/', '', text, flags=re.S)


def statements(text):
    """Declarations between the linkage brackets, each on one line, without its semicolon."""
    text = without_comments(text)
    text = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$', '', text, flags=re.M)
    text = re.sub(r'extern "C" \{|^\}\s*$', '', text, flags=re.M)
    depth, start = 0, 0
    for at, sign in enumerate(text):
        depth += {'{': 1, '}': -1}.get(sign, 0)
        if sign == ';' and depth == 0:
            yield re.sub(r'\s+', ' ', text[start:at]).strip()
            start = at + 1
    if text[start:].strip():
        raise ValueError(f'premise.h: not understood: {text[start:].strip()[:80]}')


def read_header(path=HEADER):
    with open(path, encoding='utf-8') as file:
        return Header(file.read())
