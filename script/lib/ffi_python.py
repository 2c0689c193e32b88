"""premise_abi.py: the C API for ctypes."""

PATH = 'examples/ffi/python/premise_abi.py'
NUMBERS = {'int32_t': 'c_int32', 'uint32_t': 'c_uint32', 'int64_t': 'c_int64', 'uint64_t': 'c_uint64', 'size_t': 'c_size_t', 'float': 'c_float', 'double': 'c_double'}
TOP = '''"""The C API of Premise for ctypes: constants, structs, callbacks, functions. script/ffi wrote this from premise.h."""

from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, sizeof
'''


def python_type(header, type_, text):
    """`text`: what NUL-terminated strings are; a callback's text is no such string."""
    type_ = header.plain(type_)
    if type_ == 'void':
        return 'None'
    if type_ in NUMBERS:
        return NUMBERS[type_]
    if type_ in header.callbacks or type_ in header.structs:
        return type_
    base = type_.replace('const ', '').replace('*', '').strip()
    stars = type_.count('*')
    if base == 'char':
        return text if type_.startswith('const') else 'c_void_p'
    if base == 'void' or base in header.handles:
        return 'c_void_p' if stars == 1 else 'POINTER(c_void_p)'
    return f'POINTER({NUMBERS.get(base, base)})'


def signature(header, function, text):
    types = [python_type(header, value.type, text) for value in function.parameters]
    return python_type(header, function.result, 'c_char_p'), types


def emit(header):
    out = [TOP]
    out += [f'{name} = {2**64 - 1 if name == "PRM_NUL" else value}' for name, value in header.constants.items()]
    written, waiting = set(), dict(header.callbacks)
    for struct in header.structs.values():
        out.append('')
        for name in [name for name in waiting if structs_of(header, waiting[name]) <= written]:
            out += callback(header, waiting.pop(name))
        written.add(struct.name)
        out += ['', f'class {struct.name}(Structure):', '    _fields_ = [']
        for value in struct.fields:
            type_ = python_type(header, value.type, 'c_char_p')
            out.append(f"        ('{value.name}', {type_}{f' * {value.count}' if value.count else ''}),")
        out += ['    ]', '', '', f'assert sizeof({struct.name}) == {struct.size}']
    out += ['', '# name: (result, parameters)', 'FUNCTIONS = {']
    for function in header.functions:
        result, types = signature(header, function, 'c_char_p')
        out.append(f"    '{function.name}': ({result}, [{', '.join(types)}]),")
    return '\n'.join(out + ['}', ''])


def structs_of(header, function):
    return {base for value in function.parameters if (base := value.type.replace('const ', '').replace(' *', '')) in header.structs}


def callback(header, function):
    result, types = signature(header, function, 'c_void_p')
    return [f'{function.name} = CFUNCTYPE({", ".join([result, *types])})']
