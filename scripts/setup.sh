#!/usr/bin/env bash
# setup.sh: sees to what Ostiary needs beside Go and make: the programs of a
# PostgreSQL server, 15 or newer, and a C compiler for the race detector. As
# root on Debian or Ubuntu it installs what is missing; otherwise it prints the
# one command to run and fails.
set -euo pipefail

oldest=15

have_postgres() {
	[ -z "${DATABASE_URL:-}" ] || return 0
	local initdb major
	for initdb in ${OSTIARY_PG_BIN:+"$OSTIARY_PG_BIN/initdb"} "$(command -v initdb || true)" \
		/usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /usr/libexec/postgresql*/initdb \
		/opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb \
		/Applications/Postgres.app/Contents/Versions/*/bin/initdb /usr/local/pgsql/bin/initdb; do
		[ -x "$initdb" ] || continue
		major="$("$initdb" --version | sed -E 's/.* ([0-9]+).*/\1/;s/ .*//')"
		[ "${major:-0}" -ge "$oldest" ] && return 0
	done
	return 1
}

have_gcc() { command -v gcc >/dev/null || command -v clang >/dev/null; }

missing=()
have_postgres || missing+=(postgresql)
have_gcc || missing+=(gcc libc6-dev)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
	case "$(uname -s)" in
	Darwin) command="brew install postgresql@17" ;;
	*) command="sudo dnf install postgresql-server gcc" ;;
	esac
	echo "Missing · 缺少: ${missing[*]}. Please run · 请运行:  $command" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "Missing · 缺少: ${missing[*]}. Please run · 请运行:  sudo apt-get install -y ${missing[*]}" >&2
	exit 1
fi

echo "Installing · 正在安装: ${missing[*]}"
# Ostiary runs a cluster of its own; a second one of the system would only
# take memory and a port.
if [[ " ${missing[*]} " == *" postgresql "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
	mkdir -p /etc/postgresql-common
	echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}" </dev/null >/dev/null

if ! have_postgres; then
	echo "This release offers only PostgreSQL older than $oldest; see https://www.postgresql.org/download/ · 本系统提供的 PostgreSQL 低于 $oldest" >&2
	exit 1
fi
