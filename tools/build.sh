# Building a preset. To be sourced from a script that stands in the project's folder.
#
#   build_preset NAME [TARGET...]   configures and builds; shows progress
# shellcheck shell=bash

build_preset() {
    local preset=$1 log started=$SECONDS
    shift
    echo "== build/$preset"
    log=$(mktemp) # configured each time: a package may have come since
    cmake --preset "$preset" >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        return 1
    }
    rm -f "$log"
    if [ -t 1 ]; then
        cmake --build --preset "$preset" ${1:+--target "$@"} || return 1
    else # in a pipe: every twentieth step, and whatever is not a step
        cmake --build --preset "$preset" ${1:+--target "$@"} |
            awk '!/^\[[0-9]+\/[0-9]+\]/ || ++steps % 20 == 1 { print; fflush() }'
        [ "${PIPESTATUS[0]}" = 0 ] || return 1
    fi
    echo "   done in $((SECONDS - started)) s"
}
