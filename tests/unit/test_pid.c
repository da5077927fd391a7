/*
 * Posted-interrupt descriptor: layout, reserved bits, one posting.
 */
#include "vtdpi/pid.h"

#include "vtd_test.h"

/* VT-d, "Posted Interrupt Descriptor (PID)": every one of the 512 bits is a field or reserved, and
 * none is both. NDST8 and the xAPIC reserved bits divide NDST again.
 *
 * @shows vtd.pid.layout
 */
static void test_pid__layout_table__covers_each_bit_once(void **state)
{
    (void)state;
    uint64_t seen[VTDPI_LINE_WORDS] = {0};
    uint64_t xapic = 0;
#define VTDPI_FIELD(S, F, word, low, width, doc)                                                   \
    if (strcmp(#S "." #F, "PID.NDST8") == 0 || strcmp(#S, "PID_RSVD_XAPIC") == 0) {                \
        assert_int_equal(xapic &(vtdpi_mask(width) << (low)), 0);                                  \
        xapic |= vtdpi_mask(width) << (low);                                                       \
    } else {                                                                                       \
        assert_int_equal(seen[word] & (vtdpi_mask(width) << (low)), 0);                            \
        seen[word] |= vtdpi_mask(width) << (low);                                                  \
    }
#include "vtdpi/layout/pid.def"
#undef VTDPI_FIELD
    for (unsigned i = 0; i < VTDPI_LINE_WORDS; i++) {
        assert_true(seen[i] == UINT64_MAX);
    }
    assert_true(xapic == UINT64_C(0xFFFFFFFF00000000));
}

/* VT-d, "Posted Interrupt Descriptor (PID)": worked control words in both forms.
 *
 * @shows vtd.pid.layout, vtd.pid.ndst
 */
static void test_pid__ctl_words__have_the_worked_values(void **state)
{
    (void)state;
    vtdpi_pid_ctl_t xapic = {.nv = 0xF2, .ndst = vtdpi_pid_ndst_encode(5, false)};
    vtdpi_pid_ctl_t x2apic = {.nv = 0xF2, .on = true, .ndst = vtdpi_pid_ndst_encode(0x105, true)};
    assert_true(vtdpi_pid_ctl_make(xapic) == UINT64_C(0x0000050000F20000));
    assert_true(vtdpi_pid_ctl_make(x2apic) == UINT64_C(0x0000010500F20001));
    assert_int_equal(VTDPI_PID_CTL_WORD * 8, 32);
}

/* VT-d, "Posted Interrupt Descriptor (PID)": reading gives back what was made.
 *
 * @shows vtd.pid.layout
 */
static void test_pid__ctl_word__round_trips(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        vtdpi_pid_ctl_t in = {.nv = (uint8_t)(0x51U * i),
                              .on = (i & 1) != 0,
                              .sn = (i & 2) != 0,
                              .ndst = 0x89ABCDEFU};
        vtdpi_pid_ctl_t out = vtdpi_pid_ctl_read(vtdpi_pid_ctl_make(in) | UINT64_C(0xFF00FFFC));
        assert_memory_equal(&in, &out, sizeof in);
    }
}

/* VT-d, "Posted Interrupt Descriptor (PID)": NDST holds an 8-bit ID in bits 15:8, or a 32-bit ID.
 *
 * @shows vtd.pid.ndst
 */
static void test_pid__ndst__round_trips_in_both_forms(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < 256; id++) {
        assert_int_equal(vtdpi_pid_ndst_encode(id, false), id << 8);
        assert_int_equal(vtdpi_pid_ndst_decode((id << 8) | 0xFFFF00FFU, false), id);
    }
    assert_int_equal(vtdpi_pid_ndst_encode(0x80000001U, true), 0x80000001U);
    assert_int_equal(vtdpi_pid_ndst_decode(0xFFU, true), 0xFFU);
}

/* VT-d, "Interrupt-Posting Hardware Operation": a reserved bit that is set blocks the posting;
 * NDST's unused parts count in xAPIC mode, by a switch. The masks are typed in by hand.
 *
 * @shows vtd.pid.reserved, vtd.pid.ndst-reserved
 */
static void test_pid__each_bit_alone__is_reserved_or_not(void **state)
{
    (void)state;
    const uint64_t common = UINT64_C(0x00000000FF00FFFC);
    const uint64_t xapic = UINT64_C(0xFFFF00FF00000000);
    for (unsigned bit = 0; bit < 512; bit++) {
        uint64_t line[VTDPI_LINE_WORDS] = {0};
        line[bit / 64] = UINT64_C(1) << (bit % 64);
        bool upper = bit / 64 > 4;
        bool in_common = upper || (bit / 64 == 4 && (line[4] & common) != 0);
        bool in_xapic = bit / 64 == 4 && (line[4] & xapic) != 0;
        assert_int_equal(vtdpi_pid_reserved_ok(line, true, true), !in_common);
        assert_int_equal(vtdpi_pid_reserved_ok(line, false, false), !in_common);
        assert_int_equal(vtdpi_pid_reserved_ok(line, false, true), !in_common && !in_xapic);
    }
}

/** One row of the manual's table: inputs, ON after, notification. */
typedef struct {
    bool on, sn, urg, on_after, notify;
} post_row_t;

/* VT-d, "Interrupt-Posting Hardware Operation": all eight combinations of ON, SN and URG, whatever
 * PIR held before.
 *
 * @shows vtd.post.notify, vtd.post.coalesced, vtd.post.suppressed, vtd.post.urgent,
 * vtd.post.merged, vtd.post.sampled
 */
static void test_pid__post__follows_the_truth_table(void **state)
{
    (void)state;
    static const post_row_t rows[] = {
        {0, 0, 0, 1, 1},                  /* running, or blocked with wake-up vector */
        {0, 0, 1, 1, 1}, {0, 1, 0, 0, 0}, /* preempted: ON stays 0 */
        {0, 1, 1, 1, 1},                  /* urgent to preempted */
        {1, 0, 0, 1, 0},                  /* coalesced */
        {1, 0, 1, 1, 0},                  /* urgent does not override ON */
        {1, 1, 0, 1, 0}, {1, 1, 1, 1, 0},
    };
    for (unsigned i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        post_row_t row = rows[i / 2];
        bool pir = i % 2 != 0;
        vtdpi_pid_ctl_t ctl = {.ndst = 0x700, .nv = 0xF2, .on = row.on, .sn = row.sn};
        uint64_t line[VTDPI_LINE_WORDS] = {[1] = pir ? 2 : 0, [4] = vtdpi_pid_ctl_make(ctl)};
        vtdpi_pid_post_t post = vtdpi_pid_post(line, 0x41, row.urg);
        assert_int_equal(post.notify, row.notify);
        assert_int_equal(post.pir_was_set, pir);
        assert_int_equal(post.on_was, row.on);
        assert_int_equal(post.sn_was, row.sn);
        assert_int_equal(post.nv, 0xF2);
        assert_int_equal(post.ndst, 0x700);
        ctl.on = row.on_after;
        assert_true(line[1] == 2 && line[4] == vtdpi_pid_ctl_make(ctl));
    }
}

/* VT-d, "Interrupt-Posting Hardware Operation": bit VV of PIR is set, vectors below 16 included,
 * and nothing but ON beside it.
 *
 * @shows vtd.post.atomic, vtd.post.low-vectors
 */
static void test_pid__post_of_each_vector__sets_one_bit(void **state)
{
    (void)state;
    for (unsigned vv = 0; vv < VTDPI_VECTORS; vv++) {
        uint64_t line[VTDPI_LINE_WORDS] = {0};
        uint64_t want[VTDPI_LINE_WORDS] = {[4] = VTDPI_PID_ON};
        want[vv / 64] = UINT64_C(1) << (vv % 64);
        vtdpi_pid_post(line, vv, false);
        assert_memory_equal(line, want, sizeof line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pid__layout_table__covers_each_bit_once),
        cmocka_unit_test(test_pid__ctl_words__have_the_worked_values),
        cmocka_unit_test(test_pid__ctl_word__round_trips),
        cmocka_unit_test(test_pid__ndst__round_trips_in_both_forms),
        cmocka_unit_test(test_pid__each_bit_alone__is_reserved_or_not),
        cmocka_unit_test(test_pid__post__follows_the_truth_table),
        cmocka_unit_test(test_pid__post_of_each_vector__sets_one_bit),
    };
    return cmocka_run_group_tests_name("pid", tests, NULL, NULL);
}
