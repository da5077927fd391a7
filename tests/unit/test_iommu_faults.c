/*
 * Fault recording with several registers, effects of commands, and the defaults of the unit's
 * configuration.
 */
#include "iommu_fixture.h"

static fixture_t with_records(uint8_t count, bool collapse)
{
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.frcd_count = count;
    cfg.fault_collapse = collapse;
    fixture_t x = fresh_with(cfg);
    poke(&x, VTDPI_REG_FEDATA, 0x51);
    poke(&x, VTDPI_REG_FECTL, 0);
    return x;
}

static vtdpi_record_t record(fixture_t *x, uint16_t sid)
{
    vtdpi_record_t r =
        vtdpi_iommu_record(&x->unit, &x->cfg, vtdpi_iommu_fault(0x22, sid, sid, false));
    assert_true(vtdpi_iommu_check(&x->unit, &x->cfg));
    return r;
}

static uint64_t frcd(const fixture_t *x, uint32_t n, uint32_t half)
{
    return vtdpi_iommu_read(&x->unit, &x->cfg, VTDPI_FRCD_OFFSET + (16 * n) + (8 * half), 8);
}

static void clear_f(fixture_t *x, uint32_t n)
{
    vtdpi_iommu_write(&x->unit, &x->cfg, VTDPI_FRCD_OFFSET + (16 * n) + 8, 8, UINT64_C(1) << 63);
}

/* VT-d, "Primary Fault Logging": every number of registers fills in order and goes round; each
 * record stays where it is until software clears its F, in whatever order.
 *
 * @shows vtd.fault.ring, vtd.fault.record, vtd.fault.fri, vtd.regs.frcd
 */
static void test_iommu_faults__each_number_of_registers__fills_in_turn(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= VTDPI_FRCD_MAX; count++) {
        fixture_t x = with_records((uint8_t)count, false);
        for (uint32_t i = 0; i < 3 * count; i++) {
            uint32_t n = i % count;
            assert_true(record(&x, (uint16_t)i).recorded);
            assert_true(frcd(&x, n, 1) == (UINT64_C(0x8000002200000000) | i));
            assert_true(frcd(&x, n, 0) == (uint64_t)i << 48);
            assert_int_equal(peek(&x, VTDPI_REG_FSTS), 2 | n << 8);
            clear_f(&x, n);
            assert_int_equal(peek(&x, VTDPI_REG_FSTS) & 2, 0);
            assert_true(frcd(&x, n, 1) == (UINT64_C(0x2200000000) | i));
        }
    }
}

/* VT-d, "Fault Recording Registers": what lies past the last register is none, whatever the unit
 * keeps there.
 *
 * @shows vtd.regs.read
 */
static void test_iommu_faults__past_the_last_register__reads_0(void **state)
{
    (void)state;
    fixture_t x = with_records(2, true);
    record(&x, 0x1234);
    memset(x.unit.arch.frcd[2], 0xFF, sizeof x.unit.arch.frcd[2]);
    assert_int_equal(frcd(&x, 2, 0), 0);
    clear_f(&x, 2);
    assert_true(x.unit.arch.frcd[2][1] == UINT64_MAX);
    assert_true(record(&x, UINT16_MAX).recorded);
    clear_f(&x, 0);
    clear_f(&x, 1);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS) & 2, 0);
    assert_int_equal(peek(&x, VTDPI_REG_COUNT), 0);
}

/* VT-d, "Primary Fault Logging": the ring goes on where it is: a register that is still pending
 * overflows although others are free.
 *
 * @shows vtd.fault.overflow, vtd.fault.overflow-stops
 */
static void test_iommu_faults__next_register_pending__overflows_with_others_free(void **state)
{
    (void)state;
    fixture_t x = with_records(3, false);
    for (uint16_t n = 0; n < 3; n++) {
        record(&x, n);
    }
    clear_f(&x, 1);
    clear_f(&x, 2);
    vtdpi_record_t lost = record(&x, 9);
    assert_true(lost.overflow && !lost.recorded && !lost.event.send);
    clear_f(&x, 0);
    assert_false(record(&x, 9).recorded);
    poke(&x, VTDPI_REG_FSTS, 1);
    vtdpi_record_t again = record(&x, 9);
    assert_true(again.recorded && again.frcd == 0);
}

/* VT-d, "Fault Status Register": an overflow changes PFO alone.
 *
 * @shows vtd.fault.overflow
 */
static void test_iommu_faults__overflow__leaves_the_other_status(void **state)
{
    (void)state;
    fixture_t x = with_records(2, false);
    record(&x, 1);
    clear_f(&x, 0);
    record(&x, 2);
    record(&x, 3);
    vtdpi_iommu_queue_error(&x.unit, &x.cfg, VTDPI_IQEI_TYPE);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x112);
    assert_true(record(&x, 4).overflow);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x113);
    poke(&x, VTDPI_REG_FSTS, 1);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x112);
    poke(&x, VTDPI_REG_FSTS, 0x10);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x102);
}

/* VT-d, "Primary Fault Logging": collapsing drops what would overflow too, so that PFO stays 0
 * while one requester alone faults.
 *
 * @shows vtd.fault.collapse
 */
static void test_iommu_faults__one_requester_with_collapsing__never_overflows(void **state)
{
    (void)state;
    fixture_t x = with_records(1, true);
    assert_true(record(&x, 7).recorded);
    for (unsigned i = 0; i < 3; i++) {
        vtdpi_record_t r = record(&x, 7);
        assert_true(!r.recorded && !r.overflow);
    }
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 2);
    assert_true(record(&x, 8).overflow);
}

/* VT-d, "Global Command Register": two levels that change in one write both have their effect.
 *
 * @shows vtd.regs.several-commands, vtd.regs.levels
 */
static void test_iommu_faults__two_levels_in_one_write__have_both_effects(void **state)
{
    (void)state;
    fixture_t x = remapping(3, true);
    uint32_t effects = command(&x, (uint32_t)GCMD_QIE, (uint32_t)GCMD_IRE).effects;
    assert_int_equal(effects, VTDPI_EFFECT_ENABLE | VTDPI_EFFECT_QUEUE | VTDPI_EFFECT_MISUSE);
    assert_true(peek(&x, VTDPI_REG_GSTS) == 0x05000000);
}

/* VT-d, "Register Descriptions": an 8-byte write of GCMD and GSTS has the effects of its low half.
 *
 * @shows vtd.regs.halves
 */
static void test_iommu_faults__command_in_8_bytes__has_its_effects(void **state)
{
    (void)state;
    fixture_t x = with_records(1, false);
    vtdpi_iommu_write_t w = vtdpi_iommu_write(&x.unit, &x.cfg, 0x18, 8, (uint32_t)GCMD_SIRTP);
    assert_int_equal(w.effects, VTDPI_EFFECT_TABLE);
    assert_true(peek(&x, VTDPI_REG_GSTS) == 0x01000000);
}

/* VT-d, "Interrupt Remapping Table Address Register": the greatest table is as good as any.
 *
 * @shows vtd.regs.sirtp
 */
static void test_iommu_faults__greatest_table__passes_the_check(void **state)
{
    (void)state;
    fixture_t x = remapping(15, true);
    assert_int_equal(x.unit.arch.irta_s, 15);
    assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
}

/** A row of the table of fields. */
typedef struct {
    const char *structure, *field;
    unsigned word, low, width;
} field_row_t;

/* VT-d, "Register Descriptions": fields of one register do not overlap and stay within its size; FI
 * of a fault record is read again as the index.
 *
 * @shows vtd.regs.cap, vtd.regs.ecap
 */
static void test_iommu_faults__fields_of_a_register__do_not_overlap(void **state)
{
    (void)state;
    static const field_row_t rows[] = {
#define VTDPI_FIELD(S, F, word, low, width, doc) {#S, #F, word, low, width},
#include "vtdpi/layout/vtd_regs.def"
#undef VTDPI_FIELD
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t bits = vtdpi_mask(rows[i].width) << rows[i].low;
        assert_true(rows[i].low + rows[i].width <= 64);
        for (size_t j = 0; j < i && strcmp(rows[i].field, "INDEX") != 0; j++) {
            bool same = strcmp(rows[i].structure, rows[j].structure) == 0 &&
                        rows[i].word == rows[j].word && strcmp(rows[j].field, "INDEX") != 0;
            assert_true(!same || ((vtdpi_mask(rows[j].width) << rows[j].low) & bits) == 0);
        }
    }
}

/* Every switch of the model begins at the manual's side; each has a test of both settings beside
 * the rule that it belongs to.
 *
 * @shows vtd.pid.ndst-reserved, vtd.remap.index-wrap, vtd.irte.dlm, vtd.fault.collapse,
 * vtd.remap.svt-reserved, vtd.remap.check-order
 */
static void test_iommu_faults__defaults__are_the_manuals_side(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    assert_true(cfg.pid_ndst_check && cfg.dlm_check);
    assert_false(cfg.index_wrap16 || cfg.fault_collapse);
    assert_int_equal(cfg.svt3_code, VTDPI_SVT3_26H);
    assert_int_equal(cfg.irte_check_order, VTDPI_CHECK_SOURCE_FIRST);
    assert_true(cfg.pi && cfg.ir && cfg.eim && cfg.coherent && cfg.wide_queue);
    assert_false(cfg.cm || cfg.esirtps || cfg.register_only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_faults__each_number_of_registers__fills_in_turn),
        cmocka_unit_test(test_iommu_faults__past_the_last_register__reads_0),
        cmocka_unit_test(test_iommu_faults__next_register_pending__overflows_with_others_free),
        cmocka_unit_test(test_iommu_faults__overflow__leaves_the_other_status),
        cmocka_unit_test(test_iommu_faults__one_requester_with_collapsing__never_overflows),
        cmocka_unit_test(test_iommu_faults__two_levels_in_one_write__have_both_effects),
        cmocka_unit_test(test_iommu_faults__command_in_8_bytes__has_its_effects),
        cmocka_unit_test(test_iommu_faults__greatest_table__passes_the_check),
        cmocka_unit_test(test_iommu_faults__fields_of_a_register__do_not_overlap),
        cmocka_unit_test(test_iommu_faults__defaults__are_the_manuals_side),
    };
    return cmocka_run_group_tests_name("iommu_faults", tests, NULL, NULL);
}
