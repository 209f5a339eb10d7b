#!/bin/sh
# Installs the Codex that the real suite was written for, from npm, and prints the path of its binary.
#   tests/agents/install-codex.sh [FOLDER]        default: target/agents
# Use: HOLDPOINT_REAL_CODEX=$(tests/agents/install-codex.sh) cargo test --test real_codex
set -eu
version=0.169.0
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$here/target/agents}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
binary() { find "$folder/node_modules/@openai" -path '*/vendor/*/bin/codex' -type f 2>/dev/null | head -n 1; }
if ! { [ -n "$(binary)" ] && grep -q "\"version\": \"$version\"" "$folder/node_modules/@openai/codex/package.json"; } 2>/dev/null; then
  npm install --no-fund --no-audit --loglevel=error --prefix "$folder" "@openai/codex@$version" >&2
fi
path=$(binary)
[ -n "$path" ] || { echo "npm did not bring a codex binary for this machine" >&2; exit 1; }
echo "$path"
