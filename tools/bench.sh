#!/usr/bin/env bash
# Runs every benchmark program of a build folder, one after the other: those of the engine, whose figures
# docs/performance.md explains, then those of single parts.
set -euo pipefail
folder=$1
export GANTRY_PROGRAM="$folder/gantry"
found=0
for program in "$folder"/bench/{engine,http_tool,recovery,sleep}_bench "$folder"/bench/*_bench; do
  [ -x "$program" ] || continue
  case " ${done_already:-} " in *" $program "*) continue ;; esac
  done_already="${done_already:-} $program"
  found=1
  echo "== $(basename "$program")"
  "$program"
done
[ $found -eq 1 ] || { echo "no benchmarks were built in $folder" >&2; exit 1; }
