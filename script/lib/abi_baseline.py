"""What the C API promised, as lines of text, and whether a header keeps it: inside a major version there are only additions."""

import os

from abi_header import TREE
from ffi_lua import c_function, c_value

KEPT = os.path.join(TREE, 'tests/consumers/abi/premise.txt')
BINARY = os.path.join(TREE, 'tests/consumers/abi/premise.abi')


def promises(header):
    """{what: how}, in the header's order."""
    out = {name: str(value) for name, value in header.constants.items() if name != 'PRM_VERSION'}
    out |= {name: type_ for name, type_ in header.aliases.items()}
    out |= {name: 'handle' for name in header.handles}
    out |= {function.name: 'callback ' + c_function(function, '(*)') for function in header.callbacks.values()}
    for struct in header.structs.values():
        grows = any(value.name == 'struct_size' for value in struct.fields)
        out[struct.name] = 'grows' if grows else f'fixed, {struct.size} bytes'
        for value, offset in zip(struct.fields, struct.offsets):
            out[f'{struct.name}.{value.name}'] = f'at {offset}: {c_value(value)}'
    return out | {function.name: c_function(function, function.name) for function in header.functions}


def to_text(promised):
    return ''.join(f'{what} = {how}\n' for what, how in promised.items())


def read_kept():
    with open(KEPT, encoding='utf-8') as file:
        return dict(line.rstrip('\n').split(' = ', 1) for line in file)


def broken(kept, now):
    """What of `kept` does not hold any more."""
    return [f'{what} was "{how}", is {chr(34) + now[what] + chr(34) if what in now else "gone"}' for what, how in kept.items() if now.get(what) != how]
