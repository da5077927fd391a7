#!/usr/bin/env bash
# The table of the manuals' rules, from the tags in models, headers and tests. From the top of a tree:
#
#   tools/checks/conformance.sh check   prints what is wrong with the tags; exit status 1 if anything is
#   tools/checks/conformance.sh page    prints docs/conformance.md
set -uo pipefail
mode=${1:?check or page}
here=$(dirname "$0")
mapfile -t sources < <(
    {
        find models src/conform -name '*.c' -o -name '*.h' -o -name '*.def'
        find include/vtdpi -name '*.h' -o -name '*.def'
        find tests -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.def'
    } 2>/dev/null | LC_ALL=C sort
)
LC_ALL=C exec awk -v mode="$mode" -f "$here/tags.awk" -f "$here/conformance.awk" "${sources[@]}"
