"""The points of linking and of other languages: each returns (value, why); why is empty when the point is passed."""

import re

from accept_tools import build, call, last_line, output_of


def outcome(command, environment=None):
    """The last line of a program that ends with its counts; nothing may fail, nor be skipped."""
    status, out = output_of(command, environment)
    value = last_line(out)
    if status or not re.fullmatch(r'[1-9]\d* passed, 0 failed(, 0 skipped)?', value):
        wrong = [line for line in out.splitlines() if re.match(r'\s*(FAIL|ERROR|skip)', line)]
        return value, f'{" ".join(command)}: status {status}: {value}; ' + '; '.join(wrong)[:600]
    return value, ''


def line_consumers(_):
    """Guests by CMake, pkg-config, as a subfolder and from the packages, beside another fmt and another version."""
    call(['script/bootstrap', '--link'])
    build()
    return outcome(['tests/full/linking'])


def line_dlopen(_):
    """Loaded, used and unloaded 100 times under ASan, twice."""
    call(['script/build', 'dev', '--target', 'test_dlopen'])
    return outcome(['build/dev/bin/test_dlopen'], {'ASAN_OPTIONS': 'detect_leaks=1:allocator_may_return_null=1'})


def line_abidiff(_):
    call(['script/bootstrap', '--link'])
    return outcome(['script/abi'])


def line_languages(_):
    call(['script/bootstrap', '--ffi'])
    build()
    return outcome(['tests/full/languages'])
