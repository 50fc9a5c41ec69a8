#!/usr/bin/env bash
# build.sh [NAME…]: builds programs of services/*/cmd into bin/, all when none
# is named. cmd/policy becomes ostiary-policy.
# They are static, so that an image needs nothing beside them.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin
for folder in services/*/cmd/*/; do
	name="$(basename "$folder")"
	case "$name" in ostiary | ostiary-*) ;; *) name="ostiary-$name" ;; esac
	if [ $# -eq 0 ] || [[ " $* " == *" $name "* ]]; then
		CGO_ENABLED=0 go build -trimpath -o "bin/$name" "./$folder"
		built="${built:-} $name"
	fi
done
for name in "$@"; do
	[[ " ${built:-} " == *" $name "* ]] || { echo "no program is called $name" >&2; exit 2; }
done
