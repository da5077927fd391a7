#!/usr/bin/env bash
# Every rule of the house that a machine can check, one line each. A rule that is not here is not a rule.
#
#   tools/check.sh             everything
#   tools/check.sh --changed   format and clang-tidy on changed files only (for the pre-commit hook)
#
# Exit status: 0 if all hold.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 3
. tools/packages.sh
. tools/build.sh

changed_only=false
case ${1:-} in
'') ;;
--changed) changed_only=true ;;
*) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

packages_install build test check
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# check NAME COMMAND...: prints ok or FAIL and the time; what the command prints only if it fails.
check() {
    local name=$1 started=${EPOCHREALTIME/./}
    shift
    if "$@" >"$scratch/output" 2>&1; then
        printf 'ok    %-34s %5d ms\n' "$name" $(((${EPOCHREALTIME/./} - started) / 1000))
    else
        printf 'FAIL  %s\n' "$name"
        head -200 "$scratch/output" | sed 's/^/      /'
        failures=$((failures + 1))
    fi
}

# files GLOB...: files of the tree, tracked or new; not what git ignores.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r path; do
        [ ! -f "$path" ] || printf '%s\n' "$path"
    done
}

mapfile -t code < <(files '*.c' '*.h' '*.cpp')
mapfile -t sources < <(files '*.c' '*.cpp' | grep -v '^docs/\|^tests/fuzz/')
mapfile -t public < <(files 'include/*.h')
mapfile -t scripts < <(files 'tools/*.sh' 'tests/*.sh' tools/run tools/test tools/hooks/pre-commit .ci/run)
mapfile -t text < <(files | grep -vE '\.(png|gz|svg)$|^LICENSE$')
looked_at=("${code[@]}")
tidied=("${sources[@]}")
if $changed_only; then
    mapfile -t changed < <({ git diff --name-only HEAD; git ls-files --others --exclude-standard; } | sort -u)
    only_changed() { comm -12 <(printf '%s\n' "$@" | sort) <(printf '%s\n' "${changed[@]}"); }
    mapfile -t looked_at < <(only_changed "${code[@]}")
    mapfile -t tidied < <(only_changed "${sources[@]}")
fi

# Pages made from tables: "page|command that prints it". Each must exist and be what the command prints.
generated=(
    "docs/statistics.md|build/release/vtdpi doc stats"
    "docs/events.md|build/release/vtdpi doc events"
    "docs/scenario-reference.md|build/release/vtdpi doc keys"
    "docs/timing-profiles.md|build/release/vtdpi doc profiles"
    "docs/conformance.md|tools/checks/conformance.sh page"
    "scenarios/schema.json|build/release/vtdpi doc schema"
)

format() {
    local wrong
    [ ${#looked_at[@]} -eq 0 ] && return 0
    wrong=$(printf '%s\0' "${looked_at[@]}" | xargs -0 -n 10 -P "$(nproc)" clang-format --dry-run 2>&1 |
        sed -n 's/^\([^ ]*\):[0-9]*:[0-9]*: warning:.*/\1/p' | sort | uniq -c)
    [ -z "$wrong" ] || { printf 'places in files that clang-format -i would change:\n%s\n' "$wrong"; return 1; }
}

tidy() {
    [ ${#tidied[@]} -eq 0 ] && return 0
    cmake --preset clang-release >"$scratch/configure" 2>&1 || { cat "$scratch/configure"; return 1; }
    printf '%s\0' "${tidied[@]}" | xargs -0 -r -n 4 -P "$(nproc)" tools/checks/tidy.sh build/clang-release
}

layers() {
    local units
    units=$(find models -mindepth 1 -maxdepth 1 -type d -not -name system -printf '%f ')
    awk -v units="$units memory" -f tools/checks/layers.awk tools/checks/layers.allowed "${code[@]}"
}

only_pump_is_cpp() {
    local stray
    stray=$(files '*.cpp' '*.cc' '*.hpp' | grep -v '^src/engine/timed/\|^tests/bench/')
    [ -z "$stray" ] || { echo "C++ outside src/engine/timed/: $stray"; return 1; }
}

headers_alone() { tools/checks/headers.sh; }
docstrings() { awk -f tools/checks/docstrings.awk "${public[@]}"; }
specs() { awk -f tools/checks/specs.awk include/vtdpi/layout/*.def; }
sizes() { awk -f tools/checks/sizes.awk "${code[@]}"; }
rules() { tools/checks/conformance.sh check; }
rules_check() { tools/checks/conformance_test.sh; }
purity() { tools/checks/purity.sh build/release/lib/libvtdpi_models.a; }

generated_pages() {
    local row page status=0
    for row in "${generated[@]}"; do
        page=${row%%|*}
        [ -f "$page" ] || { echo "$page is not there"; status=1; continue; }
        ${row#*|} >"$scratch/page" || { echo "${row#*|} failed"; status=1; continue; }
        cmp -s "$scratch/page" "$page" || { echo "$page is stale: ${row#*|} >$page"; status=1; }
    done
    return $status
}

# absent PATTERN WHAT: no line of a text file matches.
absent() { ! printf '%s\0' "${text[@]}" | xargs -0 grep -nIE -e "$1" | head -20 | grep . ; }
no_tabs() { absent $'\t'; }
no_trailing_space() { absent ' +$'; }
no_absolute_paths() { absent '(^|[^A-Za-z0-9_.}/-])/(wor[k]|hom[e]|roo[t]|far[m]|tm[p]/bash)/'; }
no_stubs() { ! grep -nwE 'TOD[O]|FIXM[E]|XX[X]|HAC[K]' "${code[@]}" "${scripts[@]}" CMakeLists.txt; }

# Each NOLINT says why, on its line or the one above.
reasons() {
    awk '/NOLINT/ && !/NOLINT[A-Z]*(\([^)]*\))?[:, ]+[a-z]/ && !/NOLINTEND/ && above !~ /(\/\*|\/\/|\*\/)/ {
             print FILENAME ":" FNR ": NOLINT without a reason"; bad = 1 }
         { above = $0 } END { exit bad }' "${code[@]}"
}

shell() { shellcheck -x "${scripts[@]}"; }

release_built=true
build_preset release || { release_built=false; failures=$((failures + 1)); }

check "format" format
check "include layers" layers
check "C++ in the pump only" only_pump_is_cpp
check "headers alone, C11 and C++17" headers_alone
check "docstrings" docstrings
check "section title in each table row" specs
check "rules of the manuals have tests" rules
check "what finds faults in their tags" rules_check
check "sizes" sizes
check "no tabs" no_tabs
check "no trailing space" no_trailing_space
check "no absolute paths" no_absolute_paths
check "nothing left unfinished" no_stubs
check "a reason for each NOLINT" reasons
check "shell scripts" shell
if $release_built; then
    check "purity of models" purity
    check "generated pages" generated_pages
else
    echo "FAIL  release build: purity of models and generated pages could not be checked"
fi
check "clang-tidy" tidy

[ $failures -eq 0 ] || { echo "$failures of the checks failed"; exit 1; }
