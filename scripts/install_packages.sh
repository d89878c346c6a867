#!/usr/bin/env bash
# Installs the Debian packages of the groups given whose command, header, module or file is missing.
#
#   scripts/install_packages.sh build [test] [check] [demo] [bench] [train]
#   scripts/install_packages.sh --list build ...    prints what is missing and installs nothing
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

list_only=false
if [[ ${1:-} == --list ]]; then
  list_only=true
  shift
fi
if [[ $# -eq 0 ]]; then
  echo "usage: $0 [--list] GROUP...  (build, demo, test, check, bench, train)" >&2
  exit 2
fi
groups=" $* "
python=python3
if [[ -x /usr/bin/python3 ]]; then python=/usr/bin/python3; fi

# Says whether the compiler finds the header; without one, whether a usual folder has it.
has_header() {
  if command -v g++ > /dev/null; then
    printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" |
      g++ -std=c++20 -E -x c++ -o /dev/null - 2> /dev/null
  else
    compgen -G "/usr/include/$1" > /dev/null || compgen -G "/usr/include/*/$1" > /dev/null ||
      compgen -G "/usr/local/include/$1" > /dev/null
  fi
}

is_there() {
  local name=${1#*:}
  case $1 in
    cmd:*) command -v "$name" > /dev/null ;;
    header:*) has_header "$name" ;;
    python:*) "$python" -c "import importlib.util as u, sys; sys.exit(u.find_spec('$name') is None)" \
      2> /dev/null ;;
    file:*) compgen -G "$name" > /dev/null ;;
    *)
      echo "scripts/packages.txt: '$1': expected cmd:, header:, python: or file:" >&2
      exit 1
      ;;
  esac
}

missing=()
while read -r looked_for package group rest; do
  if [[ -z $looked_for || $looked_for == \#* ]]; then continue; fi
  if [[ -z $group || -n $rest ]]; then
    echo "scripts/packages.txt: '$looked_for $package': expected three columns" >&2
    exit 1
  fi
  if [[ $groups == *" $group "* ]] && ! is_there "$looked_for"; then missing+=("$package"); fi
done < "$here/packages.txt"
if [[ ${#missing[@]} -eq 0 ]]; then exit 0; fi
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if $list_only; then
  printf '%s\n' "${missing[@]}"
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo > /dev/null || ! sudo -v; then
    echo "These Debian packages are missing and only root can install them. Please run:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
if ! command -v apt-get > /dev/null; then
  echo "Missing, and this system has no apt-get; the Debian packages are: ${missing[*]}" >&2
  exit 1
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends "${missing[@]}"
