"""Parts of README.md that programs write: between a line that names the program and the next line that ends a part."""

import os
import re

from accept_tools import TREE

README = os.path.join(TREE, 'README.md')
END = '<!-- end -->'


def begin(name):
    return f'<!-- {name}: begin -->'


def pattern(name):
    return re.compile(re.escape(begin(name)) + r'\n+(.*?)\n+' + re.escape(END), re.S)


def replaced(text, name, body):
    """The text with another body in the part of that name."""
    if not pattern(name).search(text):
        raise RuntimeError(f'README.md has no lines {begin(name)} and {END}')
    return pattern(name).sub(lambda _: f'{begin(name)}\n\n{body}\n\n{END}', text, count=1)


def read_block(name):
    with open(README, encoding='utf-8') as file:
        found = pattern(name).search(file.read())
    if not found:
        raise RuntimeError(f'README.md has no lines {begin(name)} and {END}')
    return found.group(1)


def write_block(name, body):
    with open(README, encoding='utf-8') as file:
        text = file.read()
    with open(README, 'w', encoding='utf-8') as file:
        file.write(replaced(text, name, body))
