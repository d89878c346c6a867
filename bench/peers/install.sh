#!/usr/bin/env bash
# Installs the engines that `make bench` measures beside plumb. One that cannot be installed is said;
# the comparison leaves it out.
set -u
cd "$(dirname "$0")" || exit 1

if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
  npm ci --ignore-scripts || echo "ONNX Runtime cannot be installed (npm ci in bench/peers)"
  touch -c node_modules/.package-lock.json
fi
../../scripts/install_packages.sh bench || echo "OpenCV cannot be installed (python3-opencv)"
exit 0
