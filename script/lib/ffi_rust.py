"""ffi.rs: the C API for Rust."""

PATH = 'examples/ffi/rust/src/ffi.rs'
NUMBERS = {'int32_t': 'i32', 'uint32_t': 'u32', 'int64_t': 'i64', 'uint64_t': 'u64', 'size_t': 'usize', 'float': 'f32', 'double': 'f64', 'char': 'c_char', 'void': 'c_void'}
TOP = '''//! The C API of Premise: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
#![allow(non_camel_case_types, dead_code)]
use std::mem::size_of;
use std::os::raw::{c_char, c_void};
'''


def rust_type(header, type_):
    type_ = header.plain(type_)
    if type_ in header.callbacks:
        return f'Option<{type_}>'
    base = type_.replace('const ', '').replace('*', '').strip()
    pointer = '*const ' if type_.startswith('const') else '*mut '
    return pointer * type_.count('*') + NUMBERS.get(base, base)


def signature(header, function):
    parameters = ', '.join(f'{value.name}: {rust_type(header, value.type)}' for value in function.parameters)
    return f'({parameters})' + ('' if function.result == 'void' else f' -> {rust_type(header, function.result)}')


def emit(header):
    out = [TOP]
    for name, value in header.constants.items():
        out.append('pub const PRM_NUL: usize = usize::MAX;' if name == 'PRM_NUL' else f'pub const {name}: i32 = {value};')
    out.append('')
    for name in header.handles:
        out += ['#[repr(C)]', f'pub struct {name} {{', '    _private: [u8; 0],', '}']
    for function in header.callbacks.values():
        out.append(f'pub type {function.name} = unsafe extern "C" fn{signature(header, function)};')
    for struct in header.structs.values():
        out += ['', '#[repr(C)]', '#[derive(Clone, Copy)]', f'pub struct {struct.name} {{']
        for value in struct.fields:
            type_ = rust_type(header, value.type)
            out.append(f'    pub {value.name}: {f"[{type_}; {value.count}]" if value.count else type_},')
        out += ['}', f'const _: () = assert!(size_of::<{struct.name}>() == {struct.size});']
    out += ['', 'extern "C" {']
    out += [f'    pub fn {function.name}{signature(header, function)};' for function in header.functions]
    return '\n'.join(out + ['}', ''])
