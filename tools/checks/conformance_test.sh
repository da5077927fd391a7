#!/usr/bin/env bash
# Shows that conformance.sh finds each fault of a tag, and what stands beside a tag. Each specimen is a tree of its own.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree" || exit 3
status=0

# A tree without a fault, whose rules stand beside every kind of thing.
specimen() {
    rm -rf "${tree:?}"/*
    mkdir -p models/a include/vtdpi/layout src/conform tests/unit
    cat >models/a/a.c <<'C'
#include "vtdpi/a.h"
/* @rule sdm.one | SDM 3C | EOI Virtualization | VISR[SVI] is cleared; a | b is
 * one word.
 *
 * Not part of it. */
static const char *const text = "no /* comment";
/* @rule sdm.wrapped | SDM 3A | Local Vector
 * Table | Two lines. @rule sdm.chosen | SDM 3C | EOI Virtualization | Choice: none.
 * @rule sdm.other | SDM 3C | IPI Virtualization | Another title, no misspelling. */
static uint64_t
long_name(int x)
{
    /* @rule vtd.inside | VT-d | Interrupt Remapping | Inside a function. */
    return x;
}

static const row_t table[] = {
    {1}, /* @rule vtd.table | VT-d | Interrupt Remapping | In a table. */
};
C
    cat >include/vtdpi/a.h <<'C'
extern "C" {
/**
 * A promise. @rule vtd.prototype | VT-d | Fault Status Register | A prototype.
 */
VTDPI_API vtdpi_a_t vtdpi_a_verb(int x,
                                 int y);

/** @rule vtd.type | VT-d | Fault Status Register | A type. */
typedef struct {
    int x; /* a member */
} vtdpi_a_t;

/** @rule vtd.constant | VT-d | Fault Status Register | An enumeration. */
enum { VTDPI_A_FIRST = 1, VTDPI_A_SECOND };
}
C
    cat >include/vtdpi/layout/a.def <<'C'
/* @rule vtd.field | VT-d | Fault Status Register | A field. */
VTDPI_FIELD(FSTS, PFO, 0, 0, 1, "primary fault overflow; Fault Status Register")
/* @rule vtd.row | VT-d | Fault Status Register | A row. */
VTDPI_ROW(0x20, REQUEST, "a (b)")
C
    cat >src/conform/groups.def <<'C'
/* @shows sdm.one */
VTDPI_GROUP(eoi, "EOI virtualization")
C
    cat >src/conform/replay.c <<'C'
/* A replay.
 * @shows sdm.one
 */
#include "conform.h"
C
    cat >tests/unit/test_a.c <<'C'
/* EOI. @shows sdm.one, sdm.wrapped */
static void test_a__eoi(void **state)
{
}
/* The rest.
 * @shows sdm.chosen, sdm.other, vtd.inside, vtd.table, vtd.prototype, vtd.type, vtd.constant,
 * vtd.field vtd.row */
static void test_a__rest(void **state)
{
}
C
}

fail() {
    echo "$1"
    status=1
}

# page TEXT...: the page of the specimen has each text.
page() {
    local text
    "$here/conformance.sh" page >output || fail "no page"
    for text in "$@"; do
        grep -qF -- "$text" output || fail "not in the page: $text"
    done
}

# fault FILE SED TEXT...: after the change there is a fault with each text, and status 1.
fault() {
    local file=$1 change=$2 text
    shift 2
    specimen
    sed -i "$change" "$file"
    "$here/conformance.sh" check >output && fail "no fault after $change"
    for text in "$@"; do
        grep -qF -- "$text" output || fail "after $change: no \"$text\" but: $(cat output)"
    done
}

specimen
"$here/conformance.sh" check >output || fail "the good specimen has faults: $(cat output)"
# shellcheck disable=SC2016  # backticks of Markdown
page '| `sdm.one` | VISR[SVI] is cleared; a \| b is one word. | `text`' \
    '[tests/unit/test_a.c](../tests/unit/test_a.c): `test_a__eoi`' \
    '[src/conform/groups.def](../src/conform/groups.def): `eoi`<br>[src/conform/replay.c](../src/conform/replay.c): `replay`<br>' \
    '| `sdm.wrapped` | Two lines. | `long_name` [models/a/a.c](../models/a/a.c) |' \
    '| `sdm.chosen` | **Choice:** none. | `long_name`' \
    '| `vtd.inside` | Inside a function. | `long_name`' '| `vtd.table` | In a table. | `table`' \
    '| `vtd.prototype` | A prototype. | `vtdpi_a_verb`' '| `vtd.type` | A type. | `vtdpi_a_t`' \
    '| `vtd.constant` | An enumeration. | `VTDPI_A_FIRST`' '| `vtd.field` | A field. | `FSTS.PFO`' \
    '| `vtd.row` | A row. | `REQUEST`' '### Local Vector Table' '| together | 11 | 1 |' '2 tests show them.'

fault models/a/a.c 's/| In a table/In a table/' 'models/a/a.c:18: @rule with 3 parts, expected: id | document'
fault models/a/a.c 's/vtd\.inside/vtd.Inside/' 'id "vtd.Inside", expected' 'test_a.c:6: no rule vtd.inside, nearest is '
fault models/a/a.c 's/vtd\.inside/vtd.table/' 'rule vtd.table is at models/a/a.c:13 already'
fault models/a/a.c 's/SDM 3A/SDM 3E/' 'document "SDM 3E", expected one of VT-d, SDM 2, SDM 3A'
fault models/a/a.c 's/| In a table\./| /' 'rule vtd.table has no paraphrase'
fault models/a/a.c 's/@rule vtd\.inside/@rules vtd.inside/' 'a.c:13: tag @rules, expected @rule or @shows'
fault models/a/a.c 's/Inside a function\./A function. *Spec:* X./' 'rule vtd.inside: another part of the docstring'
fault models/a/a.c '$ a /* @rule sdm.late | SDM 3C | EOI Virtualization | Late. */' 'rule sdm.late stands beside nothing' \
    'a.c:20: rule sdm.late without a test, expected @shows sdm.late above one in tests/'
fault models/a/a.c '$ a /* @shows sdm.one */\nint x;' '@shows outside tests/ and src/conform/'
fault models/a/a.c '1i /* @rule sdm.file | SDM 3C | EOI Virtualization | X. */' 'rule sdm.file stands beside a file, expected'
fault models/a/a.c '$ a /* no end' 'a.c:20: a comment without an end'
fault include/vtdpi/a.h '8s/Register/Registers/' '"Fault Status Registers" is spelt "Fault Status Register" at'
fault tests/unit/test_a.c 's/sdm\.wrapped/sdm.wraped/' 'test_a.c:1: no rule sdm.wraped, nearest is sdm.wrapped'
fault tests/unit/test_a.c 's/sdm\.one, //' 'models/a/a.c:2: rule sdm.one without a test'
fault tests/unit/test_a.c 's/void test_a__eoi/int helper/' '@shows beside helper, expected a test function below it'
fault tests/unit/test_a.c 's/@shows sdm.one.*/@shows *\//' '@shows without an id'
fault tests/unit/test_a.c '$ a /* @rule sdm.test | SDM 3C | EOI Virtualization | X. */\nint x;' 'rule sdm.test in a test'
exit $status
