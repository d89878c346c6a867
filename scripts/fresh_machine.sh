#!/usr/bin/env bash
# Proves `make demo` and `make test` on a clean Debian 12: makes a minimal root with debootstrap in
# FOLDER, clones this checkout (what is committed) into it, runs both there as root, and prints how
# long each took. The packages come from where this machine's apt gets them.
#
#   scripts/fresh_machine.sh FOLDER [COMMAND...]     default: "make demo" "make test"
#
# Needs root, debootstrap and about 8 GB in FOLDER, which must be missing or empty; it is left there
# to be looked at and may be removed afterwards.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm

fail() {
  echo "fresh_machine.sh: $*" >&2
  exit 1
}

if [[ $# -lt 1 ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
[[ $(id -u) -eq 0 ]] || fail "needs root, for debootstrap and chroot"
command -v debootstrap > /dev/null || fail "debootstrap is missing: apt-get install debootstrap"
root=$1
shift
commands=("$@")
[[ ${#commands[@]} -gt 0 ]] || commands=("make demo" "make test")
mkdir -p "$root"
root=$(cd "$root" && pwd)
[[ -z $(ls -A "$root") ]] || fail "$root is not empty"

# The first package archive that apt is configured with, for this release.
archive=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
  awk -v suite="$suite" '$2 == suite { print $1; exit }')
[[ -n $archive ]] || fail "apt has no source for $suite (apt-get indextargets)"

mounted=()
clean_up() {
  local i
  for ((i = ${#mounted[@]} - 1; i >= 0; --i)); do umount -l "${mounted[i]}" || true; done
}
trap clean_up EXIT

began=$SECONDS
debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$root" "$archive" \
  > "$root.debootstrap.log" 2>&1 || fail "debootstrap failed; see $root.debootstrap.log"
rm -f "$root.debootstrap.log"
echo "debootstrap: $((SECONDS - began)) s"

# How this machine reaches archives and registries: apt's sources, keys and options, certificates,
# name resolution, npm's configuration.
rm -f "$root/etc/apt/sources.list"
for item in apt/sources.list apt/sources.list.d apt/keyrings apt/trusted.gpg.d apt/apt.conf.d \
  apt/preferences.d resolv.conf hosts ssl/certs; do
  if [[ -e /etc/$item ]]; then
    rm -rf "${root:?}/etc/$item"
    cp -aL "/etc/$item" "$root/etc/$item" 2> /dev/null || cp -a "/etc/$item" "$root/etc/$item"
  fi
done
for item in /usr/local/share/ca-certificates /usr/share/keyrings; do
  if [[ -d $item ]]; then mkdir -p "$root$item" && cp -a "$item/." "$root$item/"; fi
done
npm_settings=(NPM_CONFIG_REGISTRY="$(npm config get registry 2> /dev/null || true)")
if [[ -z ${npm_settings[0]#*=} ]]; then npm_settings=(); fi
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY NODE_EXTRA_CA_CERTS; do
  if [[ -n ${!name:-} ]]; then npm_settings+=("$name=${!name}"); fi
done

for item in proc sys dev; do
  mount --rbind "/$item" "$root/$item"
  mount --make-rslave "$root/$item"
  mounted+=("$root/$item")
done
# Settings that may hold passwords are lent while this runs, never copied.
lend() {
  if [[ -d $1 ]]; then mkdir -p "$root$2"; else touch "$root$2"; fi
  mount --bind "$1" "$root$2"
  mounted+=("$root$2")
}
if [[ -d /etc/apt/auth.conf.d ]]; then lend /etc/apt/auth.conf.d /etc/apt/auth.conf.d; fi
if [[ -f ${HOME:-}/.npmrc ]]; then lend "$HOME/.npmrc" /srv/.npmrc; fi

git clone -q --no-hardlinks "$here" "$root/srv/plumbline"

in_root() {
  chroot "$root" /usr/bin/env -i HOME=/srv LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${npm_settings[@]}" \
    /bin/bash -c "cd /srv/plumbline && $1"
}

status=0
summary=()
for command in "${commands[@]}"; do
  echo "== $command"
  began=$SECONDS
  result=passed
  in_root "$command" || { result=failed; status=1; }
  summary+=("$command: $result in $((SECONDS - began)) s")
done
echo "== on a clean Debian 12 with $(nproc) cores"
printf '%s\n' "${summary[@]}"
exit "$status"
