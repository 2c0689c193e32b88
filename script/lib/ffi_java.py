"""PremiseAbi.java: the C API for the JVM, by JNA."""

PATH = 'examples/ffi/java/PremiseAbi.java'
NUMBERS = {'int32_t': 'int', 'uint32_t': 'int', 'int64_t': 'long', 'uint64_t': 'long', 'size_t': 'SizeT', 'float': 'float', 'double': 'double', 'void': 'void'}
TOP = '''// The C API of Premise by JNA: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
import com.sun.jna.Callback;
import com.sun.jna.IntegerType;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.ByReference;
import com.sun.jna.ptr.PointerByReference;

interface PremiseAbi extends Library {
    class SizeT extends IntegerType {
        public SizeT() { this(0); }
        public SizeT(long value) { super(Native.SIZE_T_SIZE, value, true); }
    }

    class SizeTByReference extends ByReference {
        public SizeTByReference() { super(Native.SIZE_T_SIZE); }
        public long getValue() { return Native.SIZE_T_SIZE == 8 ? getPointer().getLong(0) : getPointer().getInt(0) & 0xffffffffL; }
    }
'''


def java_type(header, type_, parameter=False):
    type_ = header.plain(type_)
    if type_ in header.callbacks or type_ in header.structs:
        return type_
    if '*' not in type_:
        return NUMBERS[type_]
    base = type_.replace('const ', '').replace('*', '').strip()
    if type_.count('*') == 2 and base in header.handles:
        return 'PointerByReference'
    if parameter and type_ == 'size_t *':
        return 'SizeTByReference'
    if parameter and base in header.structs:
        return base
    if parameter and type_ == 'const char *':
        return 'String'
    return 'Pointer'


def signature(header, function, name, parameter):
    parameters = ', '.join(f'{java_type(header, value.type, parameter)} {value.name}' for value in function.parameters)
    result = 'String' if function.result == 'const char *' else java_type(header, function.result)
    return f'{result} {name}({parameters});'


def emit(header):
    out = [TOP]
    for name, value in header.constants.items():
        out.append(f'    {"long" if name == "PRM_NUL" else "int"} {name} = {value};')
    out.append('')
    for function in header.callbacks.values():
        out.append(f'    interface {function.name} extends Callback {{ {signature(header, function, "invoke", False)} }}')
    for struct in header.structs.values():
        names = ', '.join(f'"{value.name}"' for value in struct.fields)
        growing = 'struct_size' in names
        out += ['', f'    @FieldOrder({{{names}}})', f'    class {struct.name} extends Structure {{']
        for value in struct.fields:
            type_ = java_type(header, value.type)
            out.append(f'        public {type_}{f"[] {value.name} = new {type_}[{value.count}]" if value.count else f" {value.name}"};')
        out += [f'        public {struct.name}() {{', f'            if (size() != {struct.size}) throw new IllegalStateException("{struct.name} has " + size() + " bytes, not {struct.size}");']
        out += (['            struct_size = size();'] if growing else []) + ['        }', '    }']
    out.append('')
    out += [f'    {signature(header, function, function.name, True)}' for function in header.functions]
    return '\n'.join(out + ['}', ''])
