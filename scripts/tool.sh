#!/usr/bin/env bash
# tool.sh FAMILY PACKAGE: builds a pinned tool from tools/FAMILY into bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
out="$PWD/bin/$(basename "$2")"
echo "building $(basename "$2") (once; kept in bin/)"
mkdir -p bin
GOWORK=off go -C "tools/$1" build -trimpath -ldflags='-s -w' -o "$out" "$2"
touch "$out" # make compares its age with go.mod
