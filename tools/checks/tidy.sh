#!/usr/bin/env bash
# clang-tidy on each file $2..., with the compile commands of folder $1. A file that passed is not looked at again until
# what the compiler sees of it, its comments or the configuration change.
set -uo pipefail
database=$1
shift
cache=build/tidy-cache
mkdir -p "$cache"
status=0
for file in "$@"; do
    case $file in
    *.cpp) compiler=clang++ standard=c++17 ;;
    *) compiler=clang standard=c11 ;;
    esac
    key=$({
        cat .clang-tidy models/.clang-tidy tests/.clang-tidy "$file"
        "$compiler" -std=$standard -E -P -CC -D_POSIX_C_SOURCE=200809L -Iinclude -Isrc -Imodels -Itests -Itests/support "$file"
    } 2>/dev/null | sha256sum)
    stamp=$cache/${key%% *}
    [ -e "$stamp" ] && continue
    if output=$(clang-tidy --quiet -p "$database" "$file" 2>&1); then
        touch "$stamp"
    else
        grep -v 'warnings generated\|warnings treated as errors\|Suppressed\|Use -header-filter' <<<"$output"
        status=1
    fi
done
exit $status
