#!/usr/bin/env bash
# What the archive of the models ($1, a release build) needs and holds: from outside only memcpy, memset, memcmp, memmove and
# the assertion hook; of the archive itself only vtdpi_ names; no object that can change.
set -uo pipefail
archive=$1
[ -f "$archive" ] || { echo "$archive is not there"; exit 1; }
status=0

foreign=$(comm -23 \
    <(nm -u "$archive" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u) \
    <(nm --defined-only "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u) |
    grep -vxE 'memcpy|memset|memcmp|memmove|vtdpi_assert_failed|_GLOBAL_OFFSET_TABLE_')
[ -z "$foreign" ] || { echo "needs from outside: $foreign"; status=1; }

names=$(nm --defined-only --extern-only "$archive" 2>/dev/null | awk 'NF == 3 && $3 !~ /^vtdpi_/ { print $3 }')
[ -z "$names" ] || { echo "names without the prefix: $names"; status=1; }

mutable=$(size -A "$archive" | awk '
    / :$/ || /ex / { object = $1 }
    $1 ~ /^\.(data|bss|tdata|tbss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 { print object " " $1 " " $2 " bytes" }')
[ -z "$mutable" ] || { echo "objects that can change: $mutable"; status=1; }
exit $status
