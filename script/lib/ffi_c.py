"""A C program that asks the compiler whether premise.h was understood: it compiles only where every type is the header's, and
prints constants, sizes and offsets, one `name value` a line. `facts` is what it has to print."""

from ffi_lua import c_function

TOP = '''#include <premise/premise.h>
#include <stdio.h>
#define SHOW(name, value) printf("%s %lld\\n", name, (long long)(value))
'''


def pointer_to(value, name):
    if value.count:
        return f'{value.type} (*{name})[{value.count}]'
    return f'{value.type} *{name}'


def emit(header):
    out = [TOP]
    own = [function for name, function in header.callbacks.items() if name.startswith('prm_host_')]  # the header gives them no name
    out += ['typedef ' + c_function(function, f'(*{function.name})') for function in own]
    out += ['int main(void) {']
    out += [f'    SHOW("{name}", {name});' for name in header.constants]
    for function in header.functions:
        out.append('    { ' + c_function(function, '(*same)')[:-1] + f' = {function.name}; (void)same; }}')
    for name in set(header.callbacks) - {function.name for function in own}:
        out.append('    { ' + c_function(header.callbacks[name], '(*same)')[:-1] + f' = ({name})0; (void)same; }}')
    for struct in header.structs.values():
        out.append(f'    SHOW("{struct.name}", sizeof({struct.name}));')
        for value in struct.fields:
            out.append(f'    SHOW("{struct.name}.{value.name}", offsetof({struct.name}, {value.name}));')
            out.append(f'    {{ static {struct.name} s; {pointer_to(value, "same")} = &s.{value.name}; (void)same; }}')
    return '\n'.join(out + ['    return 0;', '}', ''])


def facts(header):
    out = [f'{name} {value}' for name, value in header.constants.items()]
    for struct in header.structs.values():
        out.append(f'{struct.name} {struct.size}')
        out += [f'{struct.name}.{value.name} {offset}' for value, offset in zip(struct.fields, struct.offsets)]
    return out
