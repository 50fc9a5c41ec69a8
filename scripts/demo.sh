#!/usr/bin/env bash
# demo.sh: plays the story on a running installation with the command line and
# tells it. A second run changes nothing that the first has settled.
#
#   OSTIARY_LANG=en|zh-CN   language, by default that of the terminal
#   OSTIARY_PASSWORD        of admin; asked for when nobody is signed in
set -euo pipefail
cd "$(dirname "$0")/.."

ostiary="$PWD/bin/ostiary"
files=docs/examples
language="${OSTIARY_LANG:-}"
if [ -z "$language" ]; then
	case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in zh*) language=zh-CN ;; *) language=en ;; esac
fi

tell() { if [ "$language" = zh-CN ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n\033[1m%s\033[0m\n' "$2"; fi; }

run() {
	printf '  $ ostiary %s\n' "$*"
	"$ostiary" --lang "$language" "$@" | sed 's/^/    /'
}

if ! "$ostiary" status >/dev/null 2>&1; then
	code=0
	"$ostiary" status >/dev/null 2>&1 || code=$?
	if [ "$code" -eq 5 ]; then
		tell "没有正在运行的司阍。请先在另一个终端运行 make up。" "Ostiary is not running. Start it in another terminal: make up"
		exit 5
	fi
	tell "请以 admin 登录（口令由 make up 打印一次）。" "Sign in as admin (make up printed the password once)."
	if [ -n "${OSTIARY_PASSWORD:-}" ]; then
		printf '%s\n' "$OSTIARY_PASSWORD" | "$ostiary" --lang "$language" login --user admin --password-stdin
	else
		"$ostiary" --lang "$language" login --user admin
	fi
fi

tell "一、规则：哪个岗位因何得到什么。" "1. The rules: which position has what, and why."
if "$ostiary" policy show >/dev/null 2>&1; then
	run policy show
else
	run policy apply "$files/pack.yaml" --wait 60s
fi

tell "二、十一月的人事文件：十二个人入职，岗位权限在真实的数据库中生效。" \
	"2. HR's file of November: twelve people join; what their posts give appears in a real database."
if "$ostiary" person show E0043 >/dev/null 2>&1; then
	tell "    （已导入过，跳过）" "    (imported before; skipped)"
else
	run hr import "$files/people-2026-11.csv" --map "$files/map.yaml" --dry-run
	run hr import "$files/people-2026-11.csv" --map "$files/map.yaml" --wait 120s
fi
run person show E0043
run access list --role orders/reader

tell "三、吴俊杰为什么有写权限？每一环都可以在历史中重读。" "3. Why may Wu Junjie write orders? Every link can be read again in the history."
run access why --person E0043 --role orders/writer

tell "四、十二月的文件：一人离职，两人变动，一人入职。" "4. December's file: one leaves, two move, one joins."
run hr import "$files/people-2026-12.csv" --map "$files/map.yaml" --wait 120s
run access list --person E0043
run access list --person E0044

tell "五、离职者：一切都已在目标系统上收回并回读确认，人事的门才打开。" \
	"5. The leaver: everything is taken back and read back on the target; only then HR's gate opens."
run clearance show E0043
run access why --person E0043 --role orders/writer

tell "六、历史，以及它未被改动的证明。" "6. The history, and the proof that nobody changed it."
run history --person E0043
run audit verify

tell "完。接着可以看：ostiary status，README.md，docs/philosophy.md。" "The end. Next: ostiary status, README.md, docs/philosophy.md."
