"""premise_abi.lua: the C API for LuaJIT's ffi, which reads C itself."""

PATH = 'examples/ffi/lua/premise_abi.lua'
TOP = '''-- The C API of Premise for LuaJIT: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
local ffi = require("ffi")

ffi.cdef [['''


def c_value(value):
    space = '' if value.type.endswith('*') else ' '
    return f'{value.type}{space}{value.name}' + (f'[{value.count}]' if value.count else '')


def c_function(function, name):
    parameters = ', '.join(map(c_value, function.parameters)) or 'void'
    space = '' if function.result.endswith('*') else ' '
    return f'{function.result}{space}{name}({parameters});'


def emit(header):
    out = [TOP]
    out += [f'typedef {type_} {name};' for name, type_ in header.aliases.items()]
    out += [f'typedef struct {name} {name};' for name in header.handles]
    out += [f'typedef struct {name} {name};' for name in header.structs]
    out += ['typedef ' + c_function(function, f'(*{function.name})') for function in header.callbacks.values()]
    for struct in header.structs.values():
        out += [f'struct {struct.name} {{'] + [f'    {c_value(value)};' for value in struct.fields] + ['};']
    out += [c_function(function, function.name) for function in header.functions] + [']]', '']
    out += [f'assert(ffi.sizeof("{struct.name}") == {struct.size})' for struct in header.structs.values()]
    out += ['', 'return {']
    out += [f'    {name} = {"ffi.cast(" + chr(34) + "size_t" + chr(34) + ", -1)" if name == "PRM_NUL" else value},' for name, value in header.constants.items()]
    return '\n'.join(out + ['}', ''])
