#!/usr/bin/env bash
# Runs every benchmark program of a build folder, one after the other.
set -euo pipefail
folder=$1
export GANTRY_PROGRAM="$folder/gantry"
found=0
for program in "$folder"/bench/*_bench; do
  [ -x "$program" ] || continue
  found=1
  echo "== $(basename "$program")"
  "$program"
done
[ $found -eq 1 ] || { echo "no benchmarks were built in $folder" >&2; exit 1; }
