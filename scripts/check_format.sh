#!/usr/bin/env bash
# Checks the C++ sources with clang-format; --fix rewrites them.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(--dry-run --Werror)
if [[ ${1:-} == --fix ]]; then mode=(-i); fi
git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' |
  while IFS= read -r -d '' file; do if [[ -f $file ]]; then printf '%s\0' "$file"; fi; done |
  xargs -0 -r -n 16 -P "$(nproc)" clang-format-14 "${mode[@]}"
echo "format: the C++ sources are as clang-format writes them"
