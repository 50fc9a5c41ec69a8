#!/usr/bin/env bash
# check.sh: generates, tidies, formats and lints everything, and fails when
# that changed a file or made one. On a clean checkout this is "no git diff";
# on a working tree it judges only what the check itself has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

state() {
	git ls-files --cached --others --exclude-standard -z | sort -z |
		while IFS= read -r -d '' file; do [ -f "$file" ] && printf '%s\0' "$file"; done |
		xargs -0 sha256sum
}

before="$(mktemp)" after="$(mktemp)"
trap 'rm -f "$before" "$after"' EXIT
state >"$before"

make generate
make tidy
make format
make lint

# Events and APIs that were released may grow and never change.
if released="$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null)"; then
	buf breaking proto --against ".git#tag=$released,subdir=proto"
fi

state >"$after"
if ! changed="$(diff "$before" "$after")"; then
	echo "make check changed these files; commit what it made:" >&2
	echo "$changed" | awk '/^[<>]/ {print "  " $3}' | sort -u >&2
	exit 1
fi
echo "check: everything is generated, tidy, formatted and linted"
