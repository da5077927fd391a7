#!/usr/bin/env bash
# Same scenario and seed, same bytes: runs every scenario with the command of each build folder and compares the output
# folders, all files but host.json.
#
#   tools/determinism.sh BUILD BUILD...
set -uo pipefail
cd "$(dirname "$0")/.." || exit 3
[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mapfile -t scenarios < <(find scenarios -name '*.yaml' -not -path 'scenarios/profiles/*' | LC_ALL=C sort)
[ ${#scenarios[@]} -gt 0 ] || { echo "determinism: no scenario found" >&2; exit 1; }

# Runs scenario $1 with the command of every other argument; prints what differs.
# shellcheck disable=SC2317  # xargs calls it
compare() {
    local scenario=$1 base build name out status first='' first_status=''
    shift
    base=${scenario#scenarios/}
    base=${base%.yaml}
    for build in "$@"; do
        name=${build//\//_}
        out=$scratch/$name/$base
        mkdir -p "$(dirname "$out")"
        "$build/vtdpi" run -o "$out" "$scenario" >"$out.stdout" 2>"$out.stderr"
        status=$?
        if [ "$status" -gt 1 ]; then
            echo "$scenario: $build exits with $status"
            cat "$out.stderr"
            return 1
        fi
        if [ -z "$first" ]; then
            first=$out first_status=$status
            [ -f "$out/events.jsonl" ] || { echo "$scenario: $build wrote no log"; return 1; }
            continue
        fi
        [ "$status" = "$first_status" ] || { echo "$scenario: exit $first_status against $status"; return 1; }
        diff -rq --exclude=host.json "$first" "$out" || return 1
        rm -rf "$out"
    done
    rm -rf "$first"
}
export -f compare
export scratch

echo "== the same bytes from $*"
# shellcheck disable=SC2016  # expanded by the inner shell
printf '%s\0' "${scenarios[@]}" | xargs -0 -P "$(nproc)" -I {} bash -c 'compare "$@"' compare {} "$@"
status=$?
[ $status = 0 ] && echo "   ${#scenarios[@]} scenarios, $# builds: identical"
exit $((status != 0))
