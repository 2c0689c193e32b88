# shellcheck disable=SC2034
# Shared by the scripts of this folder: where the tree is, how they talk, how they become root. Sourced, never run.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
me=script/$(basename "$0")

# Colour only for a person at a terminal who did not turn it off; talk goes to stderr, results to stdout.
bold='' red='' green='' yellow='' plain=''
if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
fi
say() { printf '%s\n' "${bold}$me:${plain} $*" >&2; }
warn() { printf '%s\n' "${yellow}$me:${plain} $*" >&2; }
die() { printf '%s\n' "${red}$me:${plain} $*" >&2; exit 1; }
wrong_usage() { printf '%s\n' "${red}$me:${plain} $* (see $me --help)" >&2; exit 2; }

# The help text of a script is the comment block under its first line.
print_help() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p;}' "$0"; exit 0; }

have() { command -v "$1" >/dev/null 2>&1; }

# A password can be asked for only where a person sits; sudo asks on the terminal itself.
person=''
if [[ -t 0 && -t 2 ]]; then person=1; fi
need_root() {
  [[ $EUID -eq 0 ]] && return
  have sudo || die "$* needs root, and there is no sudo: run $me as root"
  if [[ -n $person ]]; then sudo -v; else sudo -n true 2>/dev/null; fi ||
    die "$* needs root: run $me as root, or in a terminal where sudo can ask for the password"
}
as_root() { if [[ $EUID -eq 0 ]]; then "$@"; else sudo -n "$@"; fi; }

# Prints the program that runs Windows programs. Debian keeps it beside the path.
find_wine() { command -v wine64 || command -v wine64-stable || { [[ -x /usr/lib/wine/wine64 ]] && echo /usr/lib/wine/wine64; }; }

cpu_count() { nproc 2>/dev/null || echo 1; }
