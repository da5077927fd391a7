#!/usr/bin/env bash
# Each public header alone, as C11 and as C++17, with both compilers.
set -uo pipefail
alone() {
    local name=${1#include/}
    for language in "gcc c c11" "clang c c11" "g++ c++ c++17" "clang++ c++ c++17"; do
        read -r compiler kind standard <<<"$language"
        printf '#include "%s"\n' "$name" |
            "$compiler" -x "$kind" "-std=$standard" -Wall -Wextra -Wpedantic -Werror \
                -Wno-missing-field-initializers -Iinclude -fsyntax-only - || return 1
    done
}
export -f alone
# shellcheck disable=SC2016  # expanded by the inner shell
find include -name '*.h' -print0 | sort -z | xargs -0 -P "$(nproc)" -I {} bash -c 'alone "$1"' alone {}
