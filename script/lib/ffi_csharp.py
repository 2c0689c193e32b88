"""PremiseAbi.cs: the C API for .NET and Mono."""

PATH = 'examples/ffi/csharp/PremiseAbi.cs'
NUMBERS = {'int32_t': 'int', 'uint32_t': 'uint', 'int64_t': 'long', 'uint64_t': 'ulong', 'size_t': 'UIntPtr', 'float': 'float', 'double': 'double', 'void': 'void'}
TOP = '''// The C API of Premise: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
// Pointers are IntPtr; a callback in a struct is what Marshal.GetFunctionPointerForDelegate gives for its delegate.
using System;
using System.Runtime.InteropServices;

static class PremiseAbi
{'''
KEYWORDS = {'out', 'in', 'ref', 'object', 'string', 'base', 'params', 'lock', 'event', 'is', 'as'}


def named(name):
    return '@' + name if name in KEYWORDS else name


def field_type(header, type_):
    type_ = header.plain(type_)
    if '*' in type_ or type_ in header.callbacks:
        return 'IntPtr'
    return NUMBERS.get(type_, type_)


def parameter(header, value):
    """Structs and numbers that a function writes or reads by pointer are `ref`s where null has no meaning that is used here."""
    type_ = header.plain(value.type)
    base = type_.replace('const ', '').replace('*', '').strip()
    if type_.count('*') == 2 and base in header.handles:
        return f'out IntPtr {named(value.name)}'
    if type_ == 'size_t *':
        return f'out UIntPtr {named(value.name)}'
    if type_.count('*') == 1 and base in header.structs and value.name in ('out', 'prompt', 'options', 'info'):
        return f'ref {base} {named(value.name)}'
    return f'{field_type(header, type_)} {named(value.name)}'


def emit(header):
    out = [TOP]
    for name, value in header.constants.items():
        out.append(f'    public const int {name} = {value};' if name != 'PRM_NUL' else '    public static readonly UIntPtr PRM_NUL = new UIntPtr(ulong.MaxValue);')
    for function in header.callbacks.values():
        parameters = ', '.join(f'{field_type(header, value.type)} {named(value.name)}' for value in function.parameters)
        out += ['', '    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]', f'    public delegate {field_type(header, function.result)} {function.name}({parameters});']
    for struct in header.structs.values():
        out += ['', '    [StructLayout(LayoutKind.Sequential)]', f'    public struct {struct.name}', '    {']
        for value in struct.fields:
            type_ = field_type(header, value.type)
            array = f'[MarshalAs(UnmanagedType.ByValArray, SizeConst = {value.count})] ' if value.count else ''
            out.append(f'        {array}public {type_}{"[]" if value.count else ""} {named(value.name)};')
        out.append('    }')
    for function in header.functions:
        parameters = ', '.join(parameter(header, value) for value in function.parameters)
        out += ['', '    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]', f'    public static extern {field_type(header, function.result)} {function.name}({parameters});']
    out += ['', '    // Throws where this run time lays a struct out in another way than C does.', '    public static void CheckLayouts()', '    {']
    out += [f'        CheckSize(typeof({struct.name}), {struct.size});' for struct in header.structs.values()]
    out += ['    }', '', '    static void CheckSize(Type type, int size)', '    {', '        if (Marshal.SizeOf(type) != size) throw new TypeLoadException(type.Name + " has " + Marshal.SizeOf(type) + " bytes, not " + size);', '    }']
    return '\n'.join(out + ['}', ''])
