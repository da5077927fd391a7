#!/usr/bin/env bash
# Coverage of models/ and src/ by the tests: builds the preset cov, runs all tests but benchmarks, fuzzing and the long
# exploration, prints gcovr's tables and writes build/cov/coverage.html. models/ must have every line run, and 95 % of
# its branches taken; src/ is shown only. Exit status: not 0 if a test fails or models/ has less.
#
# Left out: branches of VTDPI_ASSERT and lines of VTDPI_UNREACHABLE, whose other side is a defect of ours, and the lines
# that left_out names.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
. tools/build.sh

branches_least=95

# Lines of models/ that no test runs: file|line, as it stands there|how many of them|why. A row that does not fit any
# more is a fault like a line that is not run.
left_out() {
    cat <<'ROWS'
models/cpu/microcode.c|VTDPI_END(f, 0);|1|a VM exit ends the frame
models/guest/guest.c|VTDPI_END(f, 0);|1|behind an endless loop
models/hypervisor/irte.c|VTDPI_END(f, 0);|1|behind an endless loop
models/hypervisor/kvm.c|VTDPI_END(f, 0);|1|behind an endless loop
models/hypervisor/kvm_pi.c|VTDPI_END(f, 0);|1|behind an endless loop
models/hypervisor/sched.c|VTDPI_END(f, 0);|2|behind an endless loop, and behind the call of one
models/hypervisor/user.c|VTDPI_END(f, 0);|2|behind an endless loop
models/hypervisor/xen.c|VTDPI_END(f, 0);|2|behind an endless loop
models/hypervisor/xen_pi.c|VTDPI_END(f, 0);|1|behind an endless loop
models/guest/guest.c|case VTDPI_STEP_REPEAT:|1|leads to VTDPI_UNREACHABLE
models/system/outside.c|case VTDPI_EVENT_COUNT:|1|leads to VTDPI_UNREACHABLE
models/system/unit.c|case VTDPI_RQ_FREE:|1|leads to VTDPI_UNREACHABLE
models/system/nonroot.c|vtdpi_sys_see(sys, VTDPI_EV_entry_failed, c, v, check, 0, 0);|1|leads to VTDPI_UNREACHABLE
models/system/guest_ops.c|default:|1|leads to an assertion: an operation that nobody knows
models/system/memory.c|default:|1|leads to an assertion: an operation that nobody knows
models/system/memory.c|return false;|1|leads to an assertion: an operation that nobody knows
models/system/nonroot.c|default:|1|leads to an assertion: an operation that nobody knows
models/system/nonroot.c|return false;|1|leads to an assertion: an operation that nobody knows
models/system/root.c|default:|1|leads to an assertion: an operation that nobody knows
models/system/root.c|return false;|1|leads to an assertion: an operation that nobody knows
models/system/timer.c|default:|1|leads to an assertion: an operation that nobody knows
models/system/timer.c|return false;|1|leads to an assertion: an operation that nobody knows
models/system/verbs.c|case NONE:|1|leads to an assertion: an operation that nobody knows
models/system/verbs.c|known = false;|1|leads to an assertion: an operation that nobody knows
models/system/sched.c|default:|1|leads to an assertion: an operation that nobody knows
models/system/sched.c|return false;|1|leads to an assertion: an operation that nobody knows
models/system/verbs.c|case ACTOR_CPU:|2|callers ask for CPUs elsewhere
models/system/verbs.c|return 0;|1|callers ask for CPUs elsewhere
models/system/verbs.c|break;|2|callers ask for CPUs elsewhere; an operation that nobody knows
models/system/guest_ops.c|case VTDPI_VAPIC_CLEAR_HI:|1|no step of a guest writes such a register
models/system/guest_ops.c|return false;|2|no step of a guest writes such a register; an operation that nobody knows
ROWS
}

# Judges gcovr's XML for models/ by the rows that stand before it.
gate() {
    awk -F'|' -v least="$branches_least" '
        function attribute(name) {
            return match($0, name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 3) : ""
        }
        function source(line,    n, text) {
            for (n = 0; n < line + 0 && (getline text < file) > 0; n++) {}
            close(file)
            gsub(/^ +| +$/, "", text)
            return text
        }
        FNR == NR { rows[++count] = $0; left[$1, $2] = $3; why[$1, $2] = $4; next }
        /<class / { file = attribute("filename") }
        /<line / {
            lines++
            if (attribute("hits") == 0) {
                text = source(attribute("number"))
                if ((file, text) in left) { left[file, text]--; lines--; next }
                printf "not run: %s:%d: %s\n", file, attribute("number"), text
                missed++
            }
            if (match($0, /\([0-9]+\/[0-9]+\)/)) {
                split(substr($0, RSTART + 1, RLENGTH - 2), of, "/")
                taken += of[1]
                branches += of[2]
            }
        }
        END {
            if (lines == 0 || branches == 0) { print "no lines of models/ were measured"; exit 1 }
            print "Left out of models/, and why:"
            for (i = 1; i <= count; i++) {
                split(rows[i], row, "|")
                printf "  %s: \"%s\"%s: %s\n", row[1], row[2], (row[3] > 1 ? " (" row[3] ")" : ""), row[4]
                if (left[row[1], row[2]] != 0) {
                    printf "does not fit: %d such lines are not run\n", row[3] - left[row[1], row[2]]
                    stale++
                }
            }
            printf "models/: %d of %d lines, %d of %d branches (%.2f %%)\n", lines - missed, lines, taken, branches,
                100 * taken / branches
            exit missed + stale > 0 || 100 * taken < least * branches
        }' <(left_out) "$1"
}

packages_install build test coverage
build_preset cov
find build/cov -name '*.gcda' -delete
ctest --preset cov --exclude-regex '^property\.explore$' --output-on-failure -j "$(nproc)"
gcovr --root . --filter models/ --filter src/ --exclude-branches-by-pattern '.*VTDPI_ASSERT.*' \
    --exclude-lines-by-pattern '.*VTDPI_UNREACHABLE.*' --exclude-unreachable-branches --exclude-throw-branches \
    --json build/cov/coverage.json build/cov
gcovr --root . --add-tracefile build/cov/coverage.json --txt - --html-details build/cov/coverage.html
gcovr --root . --add-tracefile build/cov/coverage.json --filter models/ --xml-pretty --xml build/cov/models.xml
gate build/cov/models.xml
