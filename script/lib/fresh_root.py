"""A fresh root: debootstrap's minbase in a temporary folder, the tree copied in, one command run in it by chroot.

What a machine's owner would set up by hand comes from this machine: package sources and proxies of apt, settings and
proxies of pip, certificates, name resolution. An overlay folder can add to it.
"""

import os
import re
import shutil
import subprocess
import tempfile

TREE = 'srv/premise'
CERTIFICATES = 'etc/ssl/outside.pem'
PROXIES = ('http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY')
PIP_SETTINGS = ('index-url', 'extra-index-url', 'trusted-host', 'proxy', 'default-timeout', 'timeout', 'retries')


class NoSystem(Exception):
    """What this machine lacks to make a fresh root."""


def output_of(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def package_sources(mirror, suite):
    """(mirror, suite, text of sources.list), as apt here is set up, or as asked for."""
    if mirror and suite:
        return mirror, suite, f'deb {mirror} {suite} main\n'
    targets = output_of(
        ['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages']
    )
    rows = list(dict.fromkeys(tuple(line.split()) for line in targets.splitlines() if len(line.split()) == 3))
    codename = re.search(r'^VERSION_CODENAME=(\w+)', open('/etc/os-release', encoding='utf-8').read(), re.M)
    suite = suite or (codename.group(1) if codename else '')
    found = [uri for uri, release, component in rows if release == suite and component == 'main']
    if not found:
        raise NoSystem(f'no package source for {suite or "this system"} is set up in apt: give --mirror and --suite')
    rows = [row for row in rows if row[1].split('-')[0] == suite]  # with updates and security, without others' archives
    return mirror or found[0], suite, ''.join(f'deb {uri} {release} {component}\n' for uri, release, component in rows)


def environment():
    settings = {
        'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'HOME': '/' + TREE,
        'LANG': 'C.UTF-8',
    }
    settings.update({name: os.environ[name] for name in PROXIES if name in os.environ})
    for line in output_of(['python3', '-m', 'pip', 'config', 'list']).splitlines():
        match = re.match(r"(?:global|download|:env:)\.([\w-]+)='(.*)'$", line)
        if match and match.group(1) in PIP_SETTINGS:
            settings['PIP_' + match.group(1).upper().replace('-', '_')] = match.group(2)
    for name in ('PIP_CERT', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'):
        settings[name] = '/' + CERTIFICATES
    return settings


def write_settings(root, sources):
    def write(path, text):
        with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
            file.write(text)

    write('etc/apt/sources.list', sources)
    proxies = [
        line for line in output_of(['apt-config', 'dump']).splitlines() if re.match(r'Acquire::(http|https)::', line)
    ]
    write('etc/apt/apt.conf.d/90outside', ''.join(line + '\n' for line in proxies))
    for path in ('etc/resolv.conf', 'etc/hosts'):
        if os.path.exists('/' + path):
            shutil.copyfile('/' + path, os.path.join(root, path))
    os.makedirs(os.path.join(root, 'etc/ssl'), exist_ok=True)
    bundles = [os.environ.get('SSL_CERT_FILE', ''), '/etc/ssl/certs/ca-certificates.crt']
    for bundle in bundles:
        if bundle and os.path.isfile(bundle):
            shutil.copyfile(bundle, os.path.join(root, CERTIFICATES))
            break


def copy_tree(tree, root):
    """What git would commit, with the changes of the work tree; no build, no model."""
    names = subprocess.run(
        ['git', '-C', tree, 'ls-files', '-co', '--exclude-standard', '-z'], capture_output=True, check=True
    ).stdout
    kept = b'\0'.join(n for n in names.split(b'\0') if n and os.path.exists(os.path.join(os.fsencode(tree), n)))
    target = os.path.join(root, TREE)
    os.makedirs(target)
    packed = subprocess.Popen(
        ['tar', '-C', tree, '--null', '-T', '-', '-c'], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    unpack = subprocess.Popen(['tar', '-C', target, '-x', '--no-same-owner'], stdin=packed.stdout)
    packed.stdin.write(kept)
    packed.stdin.close()
    if packed.wait() or unpack.wait():
        raise RuntimeError('the tree could not be copied')


def run(tree, command, mirror='', suite='', overlay='', talk=None):
    """Runs a command of the tree in a fresh root; returns (status, stdout, the packages that were not there before)."""
    for tool in ('debootstrap', 'unshare', 'chroot', 'tar'):
        if not shutil.which(tool, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin'):
            raise NoSystem(f'{tool} is missing: run script/bootstrap --accept')
    if os.geteuid() != 0:
        raise NoSystem('a fresh root needs root: run script/accept as root')
    mirror, suite, sources = package_sources(mirror, suite)
    root = tempfile.mkdtemp(prefix='premise-root-')
    try:
        os.chmod(root, 0o755)
        subprocess.run(['debootstrap', '--variant=minbase', suite, root, mirror], stdout=talk, stderr=talk, check=True)
        write_settings(root, sources)
        if overlay:
            shutil.copytree(overlay, root, dirs_exist_ok=True, symlinks=True)
        copy_tree(tree, root)
        absent = [
            t
            for t in ('sudo', 'git', 'curl', 'python3', 'cmake', 'c++')
            if subprocess.run(
                ['chroot', root, 'sh', '-c', f'command -v {t}'], capture_output=True, check=False
            ).returncode
        ]
        # The mounts live and die with a mount space of their own.
        inside = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && cd "$0" && exec chroot "$0" "$@"'
        settings = [f'{name}={value}' for name, value in environment().items()]
        done = subprocess.run(
            [
                'unshare',
                '--mount',
                'sh',
                '-c',
                inside,
                root,
                'env',
                '-i',
                *settings,
                'bash',
                '-c',
                f'cd /{TREE} && exec "$@"',
                'bash',
                *command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=talk,
            text=True,
            errors='replace',
            check=False,
        )
        return done.returncode, done.stdout, absent
    finally:
        subprocess.run(['rm', '-rf', '--one-file-system', root], check=False)
