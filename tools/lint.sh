#!/usr/bin/env bash
# Formatting of all sources, layers, and clang-tidy on the files that a change touches (all with LINT_ALL=1).
#   lint.sh BUILD_FOLDER
set -euo pipefail
folder=$1
git ls-files '*.cpp' '*.h' | xargs clang-format --dry-run --Werror
python3 tools/check_layers.py
base=$(git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)
if [ -n "${LINT_ALL:-}" ]; then files=$(git ls-files 'src/*.cpp'); else files=$(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp'); fi
[ -z "$files" ] && { echo "no sources changed"; exit 0; }
echo "$files" | xargs -P "$(nproc)" -n 4 clang-tidy -p "$folder" --quiet
