#!/usr/bin/env bash
# Runs every fuzz target of a build folder for some seconds each, several at a time; fails when one has a finding.
#   fuzz.sh FOLDER SECONDS JOBS
set -uo pipefail
folder=$1 seconds=$2 jobs=$3
mkdir -p "$folder/findings" "$folder/corpus"
run_target() {
  local program=$1 name
  name=$(basename "$program" _fuzz)
  mkdir -p "$folder/corpus/$name"
  if "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -max_len=65536 -print_final_stats=1 \
      -artifact_prefix="$folder/findings/$name-" "$folder/corpus/$name" "fuzz/corpus/$name" > "$folder/findings/$name.log" 2>&1; then
    echo "$name: no finding, $(grep -a 'number_of_executed_units' "$folder/findings/$name.log" | awk '{print $2}') runs in $seconds s"
  else
    echo "$name: FINDING, see $folder/findings/$name.log"
    return 1
  fi
}
export -f run_target
export folder seconds
printf '%s\n' "$folder"/fuzz/*_fuzz | xargs -P "$jobs" -I{} bash -c 'run_target {}'
