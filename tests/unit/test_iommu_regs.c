/*
 * The register page: reset values, access rules, the command protocol, fault recording and the
 * fault event.
 */
#include "iommu_fixture.h"

static uint64_t read32(const fixture_t *x, uint32_t offset)
{
    return vtdpi_iommu_read(&x->unit, &x->cfg, offset, 4);
}

static uint64_t read64(const fixture_t *x, uint32_t offset)
{
    return vtdpi_iommu_read(&x->unit, &x->cfg, offset, 8);
}

static vtdpi_iommu_write_t write32(fixture_t *x, uint32_t offset, uint32_t value)
{
    return vtdpi_iommu_write(&x->unit, &x->cfg, offset, 4, value);
}

static vtdpi_record_t record(fixture_t *x, uint8_t code, uint16_t sid, uint32_t index)
{
    vtdpi_record_t r =
        vtdpi_iommu_record(&x->unit, &x->cfg, vtdpi_iommu_fault(code, sid, index, false));
    assert_true(vtdpi_iommu_check(&x->unit, &x->cfg));
    return r;
}

/** A unit with [count] fault recording registers and the fault event unmasked, vector 51h to
 * APIC 1. */
static fixture_t recording(uint8_t count)
{
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.frcd_count = count;
    fixture_t x = fresh_with(cfg);
    poke(&x, VTDPI_REG_FEADDR, 0xFEE01000);
    poke(&x, VTDPI_REG_FEDATA, 0x51);
    poke(&x, VTDPI_REG_FECTL, 0);
    return x;
}

/** Clears F of fault recording register [n]. */
static void clear_f(fixture_t *x, uint32_t n)
{
    write32(x, VTDPI_FRCD_OFFSET + (16 * n) + 12, 0x80000000);
}

/** Registers as the manual lists them, by hand: offset, bytes, value after reset, writable bits. */
static const struct {
    uint32_t offset, bytes;
    uint64_t reset, writable;
} reg_rows[] = {
    {0x00, 4, 0x10, 0},
    {0x08, 8, UINT64_C(0x08000000222D0000), 0},
    {0x10, 8, UINT64_C(0xF00F1B), 0},
    {0x18, 4, 0, 0},
    {0x1C, 4, 0, 0},
    {0x20, 8, 0, UINT64_C(0xFFFFFFFFFFFFFC00)},
    {0x34, 4, 0, 0},
    {0x38, 4, 0x80000000, 0x80000000},
    {0x3C, 4, 0, 0xFFFF},
    {0x40, 4, 0, 0xFFFFFFFC},
    {0x44, 4, 0, 0xFFFFFFFF},
    {0x80, 8, 0, 0},
    {0x88, 8, 0, 0x7FFF0},
    {0x90, 8, 0, UINT64_C(0xFFFFFFFFFFFFF807)},
    {0x9C, 4, 0, 0},
    {0xA0, 4, 0x80000000, 0x80000000},
    {0xA4, 4, 0, 0xFFFF},
    {0xA8, 4, 0, 0xFFFFFFFC},
    {0xAC, 4, 0, 0xFFFFFFFF},
    {0xB0, 8, 0, 0},
    {0xB8, 8, 0, UINT64_C(0xFFFFFFFFFFFFF80F)},
};

/* VT-d, "Register Descriptions": each register's place, reset value and writable bits, by the
 * accesses that it allows.
 *
 * @shows vtd.regs.power-good, vtd.regs.attributes
 */
static void test_iommu_regs__each_register__has_its_reset_value_and_writable_bits(void **state)
{
    (void)state;
    assert_int_equal(sizeof reg_rows / sizeof reg_rows[0], VTDPI_REG_COUNT);
    for (unsigned i = 0; i < VTDPI_REG_COUNT; i++) {
        fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
        uint32_t at = reg_rows[i].offset;
        uint32_t bytes = reg_rows[i].bytes;
        uint64_t fixed = reg_rows[i].reset & ~reg_rows[i].writable;
        assert_int_equal(vtdpi_reg_offset((vtdpi_reg_t)i), at);
        assert_true(vtdpi_iommu_read(&x.unit, &x.cfg, at, bytes) == reg_rows[i].reset);
        if (at == 0x18) {
            continue; /* GCMD: a write is a command, see below */
        }
        vtdpi_iommu_write(&x.unit, &x.cfg, at, bytes, UINT64_MAX);
        assert_true(vtdpi_iommu_read(&x.unit, &x.cfg, at, bytes) == (fixed | reg_rows[i].writable));
        vtdpi_iommu_write(&x.unit, &x.cfg, at, bytes, 0);
        assert_true(vtdpi_iommu_read(&x.unit, &x.cfg, at, bytes) == fixed);
        assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
    }
}

/* VT-d, "Capability Register", "Extended Capability Register": each capability shows in its bit.
 *
 * @shows vtd.regs.cap, vtd.regs.ecap
 */
static void test_iommu_regs__capabilities__show_the_configuration(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = {.frcd_count = 8, .haw = 39, .mhmv = 5};
    fixture_t x = fresh_with(cfg);
    assert_true(read64(&x, 0x08) == UINT64_C(0x0000070022260000));
    assert_true(read64(&x, 0x10) == UINT64_C(0x500F02));
    cfg = (vtdpi_iommu_cfg_t){.frcd_count = 1, .haw = 64, .pi = true, .cm = true, .esirtps = true};
    x = fresh_with(cfg);
    assert_true(read64(&x, 0x08) == UINT64_C(0x48000000223F0080));
    cfg =
        (vtdpi_iommu_cfg_t){.frcd_count = 1, .haw = 39, .ir = true, .eim = true, .coherent = true};
    x = fresh_with(cfg);
    assert_true(read64(&x, 0x10) == UINT64_C(0x000F1B));
}

/* Limits: each member of the configuration on both sides of its bounds. */
static void test_iommu_regs__configuration__is_bounded(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t ok = vtdpi_iommu_cfg_default();
    assert_true(vtdpi_iommu_cfg_ok(&ok));
    for (unsigned i = 0; i < 8; i++) {
        vtdpi_iommu_cfg_t at = ok;
        vtdpi_iommu_cfg_t past = ok;
        at.frcd_count = i == 0 ? 1 : i == 1 ? VTDPI_FRCD_MAX : ok.frcd_count;
        past.frcd_count = i == 0 ? 0 : i == 1 ? VTDPI_FRCD_MAX + 1 : ok.frcd_count;
        at.haw = i == 2 ? 32 : i == 3 ? 64 : ok.haw;
        past.haw = i == 2 ? 31 : i == 3 ? 65 : ok.haw;
        past.mhmv = i == 4 ? 16 : ok.mhmv;
        past.svt3_code = i == 5 ? 2 : 0;
        past.irte_check_order = i == 6 ? 2 : 0;
        at.iec_entries = i == 7 ? VTDPI_IEC_MAX : ok.iec_entries;
        past.iec_entries = i == 7 ? VTDPI_IEC_MAX + 1 : ok.iec_entries;
        assert_true(vtdpi_iommu_cfg_ok(&at));
        assert_false(vtdpi_iommu_cfg_ok(&past));
    }
}

/* VT-d, "Register Descriptions": halves of a 64-bit register are written and read alone; what is no
 * register reads 0.
 *
 * @shows vtd.regs.halves, vtd.regs.read
 */
static void test_iommu_regs__halves_and_holes__are_separate(void **state)
{
    (void)state;
    fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
    write32(&x, 0xBC, 0x12345678);
    assert_true(read64(&x, 0xB8) == UINT64_C(0x1234567800000000));
    write32(&x, 0xB8, 0xABCDE003);
    assert_true(read64(&x, 0xB8) == UINT64_C(0x12345678ABCDE003));
    assert_true(read32(&x, 0xBC) == 0x12345678);
    assert_int_equal(write32(&x, 0x8C, 0).effects & (uint32_t)VTDPI_EFFECT_TABLE, 0);
    write32(&x, 0xF00, 0xFFFFFFFF);
    assert_int_equal(read64(&x, 0xF00), 0);
    assert_int_equal(read32(&x, 0x04), 0);
    assert_int_equal(read64(&x, VTDPI_FRCD_OFFSET + 16), 0);
    vtdpi_iommu_write(&x.unit, &x.cfg, 0x38, 8, UINT64_C(0x0000004100000000));
    assert_int_equal(read64(&x, 0x38), UINT64_C(0x0000004100000000));
    assert_int_equal(peek(&x, VTDPI_REG_COUNT), 0);
    assert_int_equal(vtdpi_reg_offset(VTDPI_REG_COUNT), 0);
}

/* VT-d, "Interrupt Remapping Table Address Register": base, S and EIME count from SIRTP on, not
 * from the write; base bits at or above the host address width are ignored.
 *
 * @shows vtd.regs.sirtp, vtd.regs.table-haw, vtd.regs.eime-change
 */
static void test_iommu_regs__table_pointer__is_latched_by_sirtp(void **state)
{
    (void)state;
    fixture_t x = remapping(3, false);
    poke(&x, VTDPI_REG_IRTA, UINT64_C(0xFFFFC00000000000) | 0x5000 | 0x80F);
    assert_true(x.unit.arch.irta_base == TABLE_BASE && x.unit.arch.irta_s == 3 &&
                !x.unit.arch.eime);
    vtdpi_iommu_write_t w = command(&x, GCMD_SIRTP, 0);
    assert_true(x.unit.arch.irta_base == 0x5000 && x.unit.arch.irta_s == 15 && x.unit.arch.eime);
    assert_true((w.effects & VTDPI_EFFECT_TABLE) != 0);
    /* "EIME must not change while IRES = 1." */
    assert_true((w.effects & VTDPI_EFFECT_MISUSE) != 0);
    assert_int_equal(command(&x, GCMD_SIRTP, 0).effects, VTDPI_EFFECT_TABLE);
}

/* VT-d, "Interrupt Remapping Table Address Register": EIME is reserved when ECAP.EIM = 0.
 *
 * @shows vtd.regs.eim-absent
 */
static void test_iommu_regs__eime_without_eim__stays_0(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.eim = false;
    fixture_t x = remapping_with(cfg, 3, true);
    assert_int_equal(peek(&x, VTDPI_REG_IRTA), TABLE_BASE | 3);
    assert_false(x.unit.arch.eime);
    assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
}

/* VT-d, "Global Command Register": each command by itself, and what GSTS shows.
 *
 * @shows vtd.regs.levels, vtd.regs.one-shot, vtd.regs.sirtp
 */
static void test_iommu_regs__each_command__shows_in_the_status(void **state)
{
    (void)state;
    fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
    assert_int_equal(command(&x, GCMD_SIRTP, 0).effects, VTDPI_EFFECT_TABLE);
    assert_true(read32(&x, 0x1C) == 0x01000000);
    assert_int_equal(command(&x, GCMD_IRE, 0).effects, VTDPI_EFFECT_ENABLE);
    assert_true(read32(&x, 0x1C) == 0x03000000);
    assert_int_equal(command(&x, GCMD_CFI, 0).effects, 0);
    assert_true(read32(&x, 0x1C) == 0x03800000);
    assert_int_equal(command(&x, GCMD_QIE, 0).effects, VTDPI_EFFECT_QUEUE);
    assert_true(read32(&x, 0x1C) == 0x07800000);
    assert_int_equal(command(&x, 1U << 30U, 0).effects, 0);
    assert_true(read32(&x, 0x1C) == 0x47800000);
    assert_int_equal(command(&x, 1U << 31U, 0).effects, 0);
    assert_true(read32(&x, 0x1C) == 0xC7800000);
    assert_int_equal(command(&x, 1U << 27U, 0).effects, 0);
    assert_int_equal(command(&x, 0, GCMD_IRE).effects, VTDPI_EFFECT_ENABLE);
    assert_int_equal(command(&x, 0, GCMD_CFI).effects, 0);
    assert_true(read32(&x, 0x1C) == 0xC5000000);
    assert_int_equal(read32(&x, 0x18), 0);
}

/* VT-d, "Global Command Register": several changes in one write are software's error; they happen
 * all the same, the table first.
 *
 * @shows vtd.regs.several-commands
 */
static void test_iommu_regs__several_commands_at_once__are_misuse(void **state)
{
    (void)state;
    fixture_t x = fresh_with(vtdpi_iommu_cfg_default());
    uint32_t effects = command(&x, (uint32_t)GCMD_SIRTP | (uint32_t)GCMD_IRE, 0).effects;
    assert_int_equal(effects, VTDPI_EFFECT_TABLE | VTDPI_EFFECT_ENABLE | VTDPI_EFFECT_MISUSE);
    assert_true(read32(&x, 0x1C) == 0x03000000);
}

/* VT-d, "Extended Capability Register", IR: a unit without interrupt remapping takes none of its
 * commands.
 *
 * @shows vtd.regs.ir-absent
 */
static void test_iommu_regs__without_ir__commands_of_remapping_do_nothing(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.ir = false;
    fixture_t x = remapping_with(cfg, 3, true);
    command(&x, GCMD_CFI, 0);
    assert_int_equal(read32(&x, 0x1C), 0);
    assert_int_equal(admit(&x, vtdpi_msi_address(0, false), 0, 1).kind, VTDPI_ADMIT_FORWARD);
    assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
}

/* VT-d, "Interrupt Remapping Table Address Register": reserved where there is no interrupt
 * remapping.
 *
 * @shows vtd.regs.ir-absent */
static void test_iommu_regs__without_ir__the_table_register_is_reserved(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.ir = false;
    fixture_t x = fresh_with(cfg);
    poke(&x, VTDPI_REG_IRTA, UINT64_MAX);
    assert_int_equal(read64(&x, 0xB8), 0);
    assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
}

/* VT-d, "Extended Capability Register", QI: without it the queue's registers and its command are
 * reserved.
 *
 * @shows vtd.regs.qi-absent */
static void test_iommu_regs__without_qi__the_queue_is_reserved(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.register_only = true;
    fixture_t x = fresh_with(cfg);
    assert_int_equal(read64(&x, 0x10) & 2, 0);
    for (uint32_t at = 0x80; at < 0xB8; at += 4) {
        write32(&x, at, UINT32_MAX);
        assert_int_equal(read32(&x, at), 0);
    }
    assert_int_equal(command(&x, GCMD_QIE, 0).effects, 0);
    assert_int_equal(read32(&x, 0x1C), 0);
    assert_int_equal(vtdpi_iommu_queue_next(&x.unit, &x.cfg).kind, VTDPI_QUEUE_IDLE);
    assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
}

/* VT-d, "Fault Recording Registers": worked value; each field but F is read-only.
 *
 * @shows vtd.fault.record, vtd.regs.frcd
 */
static void test_iommu_regs__record__has_the_worked_value(void **state)
{
    (void)state;
    fixture_t x = recording(1);
    vtdpi_record_t r = record(&x, 0x22, 0x18, 0x1234);
    assert_true(r.recorded && r.frcd == 0 && !r.overflow);
    assert_true(read64(&x, 0x220) == UINT64_C(0x1234000000000000));
    assert_true(read64(&x, 0x228) == UINT64_C(0x8000002200000018));
    vtdpi_iommu_write(&x.unit, &x.cfg, 0x220, 8, UINT64_MAX);
    vtdpi_iommu_write(&x.unit, &x.cfg, 0x228, 8, UINT64_C(0x7FFFFFFFFFFFFFFF));
    assert_true(read64(&x, 0x220) == UINT64_C(0x1234000000000000));
    assert_true(read64(&x, 0x228) == UINT64_C(0x8000002200000018));
    vtdpi_iommu_write(&x.unit, &x.cfg, 0x228, 8, UINT64_C(0x8000000000000000));
    assert_true(read64(&x, 0x228) == UINT64_C(0x0000002200000018));
}

/* VT-d, "Primary Fault Logging": the ring fills in order; a fault that finds its register taken
 * sets PFO and is lost.
 *
 * @shows vtd.fault.ring, vtd.fault.overflow, vtd.fault.overflow-stops, vtd.fault.ppf,
 * vtd.fault.next
 */
static void test_iommu_regs__full_ring__overflows(void **state)
{
    (void)state;
    fixture_t x = recording(3);
    for (uint8_t n = 0; n < 3; n++) {
        vtdpi_record_t r = record(&x, 0x22, n, n);
        assert_true(r.recorded && r.frcd == n);
        assert_int_equal(r.event.send, n == 0);
        assert_int_equal(read32(&x, 0x34), 2);
    }
    vtdpi_record_t lost = record(&x, 0x22, 9, 9);
    assert_true(!lost.recorded && lost.overflow && !lost.event.send);
    assert_int_equal(read32(&x, 0x34), 3);
    /* While PFO is set nothing is recorded, even with room. */
    for (uint32_t n = 0; n < 3; n++) {
        clear_f(&x, n);
    }
    assert_int_equal(read32(&x, 0x34), 1);
    lost = record(&x, 0x22, 9, 9);
    assert_true(!lost.recorded && !lost.overflow);
    write32(&x, 0x34, 1);
    assert_int_equal(read32(&x, 0x34), 0);
    vtdpi_record_t again = record(&x, 0x22, 9, 9);
    assert_true(again.recorded && again.frcd == 0 && again.event.send);
}

/* VT-d, "Fault Status Register", FRI: the first record since PPF was 0, not the newest.
 *
 * @shows vtd.fault.fri
 */
static void test_iommu_regs__fault_record_index__names_the_first_pending(void **state)
{
    (void)state;
    fixture_t x = recording(4);
    record(&x, 0x22, 1, 1);
    clear_f(&x, 0);
    assert_int_equal(read32(&x, 0x34) & 2, 0);
    record(&x, 0x22, 2, 2);
    record(&x, 0x22, 3, 3);
    assert_int_equal(read32(&x, 0x34), 0x102);
    clear_f(&x, 1);
    assert_int_equal(read32(&x, 0x34) & 2, 2);
}

/* VT-d, "Primary Fault Logging": a qualified fault of an entry with FPD = 1 leaves no trace.
 *
 * @shows vtd.fault.fpd, vtd.fault.unqualified
 */
static void test_iommu_regs__fault_with_fpd__is_not_recorded(void **state)
{
    (void)state;
    fixture_t x = recording(1);
    vtdpi_fault_t quiet = vtdpi_iommu_fault(0x26, 1, 1, true);
    vtdpi_record_t r = vtdpi_iommu_record(&x.unit, &x.cfg, quiet);
    assert_true(!r.recorded && !r.overflow && !r.event.send);
    assert_int_equal(read32(&x, 0x34), 0);
    vtdpi_fault_t loud = vtdpi_iommu_fault(0x23, 1, 1, true);
    assert_true(vtdpi_iommu_record(&x.unit, &x.cfg, loud).recorded);
}

/* VT-d, "Primary Fault Logging": hardware may collapse faults of a requester that has a pending
 * one; a switch.
 *
 * @shows vtd.fault.collapse
 */
static void test_iommu_regs__second_fault_of_a_requester__collapses_by_a_switch(void **state)
{
    (void)state;
    for (unsigned collapse = 0; collapse < 2; collapse++) {
        fixture_t x = recording(2);
        x.cfg.fault_collapse = collapse != 0;
        record(&x, 0x22, 7, 1);
        assert_int_equal(record(&x, 0x24, 7, 2).recorded, collapse == 0);
        assert_int_equal(record(&x, 0x24, 8, 2).recorded, collapse != 0);
        clear_f(&x, 0);
        clear_f(&x, 1);
        write32(&x, 0x34, 1);
        assert_true(record(&x, 0x24, 7, 2).recorded);
        assert_true(record(&x, 0x24, 8, 2).recorded);
    }
}

/* VT-d, "Fault Event Control Register": the message is built from its registers; in x2APIC mode the
 * upper address adds the ID's upper bits; trigger mode and level are 0 and DLM is bit 8 alone.
 *
 * @shows vtd.event.message, vtd.event.upper-address
 */
static void test_iommu_regs__fault_event__is_built_from_its_registers(void **state)
{
    (void)state;
    for (unsigned eime = 0; eime < 2; eime++) {
        fixture_t x = remapping(3, eime != 0);
        poke(&x, VTDPI_REG_FEADDR, 0xFEE0500C);
        poke(&x, VTDPI_REG_FEUADDR, 0x12345678);
        poke(&x, VTDPI_REG_FEDATA, 0xC751);
        poke(&x, VTDPI_REG_FECTL, 0);
        vtdpi_intr_msg_t want = {.dest = eime != 0 ? 0x12345605 : 5,
                                 .vector = 0x51,
                                 .delivery_mode = VTDPI_DLM_LOWEST,
                                 .dest_mode = 1,
                                 .rh = 1,
                                 .wide = (uint8_t)eime};
        vtdpi_record_t r = record(&x, 0x22, 1, 1);
        assert_true(r.event.send);
        assert_memory_equal(&r.event.msg, &want, sizeof want);
        assert_int_equal(peek(&x, VTDPI_REG_FECTL), 0);
    }
}

/* VT-d, "Fault Event Control Register": a masked event is pending, goes once when unmasked, stays
 * pending while a status bit is left, and is dropped when software has cleared all.
 *
 * @shows vtd.event.mask, vtd.event.unmask, vtd.event.serviced
 */
static void test_iommu_regs__masked_fault_event__is_pending(void **state)
{
    (void)state;
    fixture_t x = recording(2);
    poke(&x, VTDPI_REG_FECTL, 0x80000000);
    assert_false(record(&x, 0x22, 1, 1).event.send);
    assert_true(peek(&x, VTDPI_REG_FECTL) == 0xC0000000);
    assert_true(poke(&x, VTDPI_REG_FECTL, 0).event.send);
    assert_false(poke(&x, VTDPI_REG_FECTL, 0).event.send);
    poke(&x, VTDPI_REG_FECTL, 0x80000000);
    clear_f(&x, 0);
    record(&x, 0x22, 1, 1);
    record(&x, 0x22, 1, 1);
    clear_f(&x, 0);
    assert_true(peek(&x, VTDPI_REG_FECTL) == 0xC0000000);
    clear_f(&x, 1);
    assert_true(peek(&x, VTDPI_REG_FECTL) == 0x80000000);
    assert_false(poke(&x, VTDPI_REG_FECTL, 0).event.send);
}

/* VT-d, "Register Descriptions": of an 8-byte write the low half comes first: an event that it lets
 * loose carries the data of before.
 *
 * @shows vtd.regs.halves
 */
static void test_iommu_regs__mask_and_data_in_one_write__message_has_the_old_data(void **state)
{
    (void)state;
    fixture_t x = recording(1);
    poke(&x, VTDPI_REG_FECTL, 0x80000000);
    record(&x, 0x22, 1, 1);
    vtdpi_iommu_write_t w =
        vtdpi_iommu_write(&x.unit, &x.cfg, 0x38, 8, UINT64_C(0x0000006100000000));
    assert_true(w.event.send);
    assert_int_equal(w.event.msg.vector, 0x51);
    assert_int_equal(peek(&x, VTDPI_REG_FEDATA), 0x61);
}

/* VT-d, "Fault Event Control Register": with another status bit set a fault is no new condition,
 * though it is recorded; and IP stays until that one is cleared too.
 *
 * @shows vtd.fault.condition, vtd.fault.hidden
 */
static void test_iommu_regs__fault_beside_another_status__is_no_new_condition(void **state)
{
    (void)state;
    fixture_t x = recording(2);
    poke(&x, VTDPI_REG_FECTL, 0x80000000);
    vtdpi_iommu_queue_error(&x.unit, &x.cfg, VTDPI_IQEI_TYPE);
    poke(&x, VTDPI_REG_FECTL, 0);
    vtdpi_record_t r = record(&x, 0x22, 1, 1);
    assert_true(r.recorded && !r.event.send);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x12);
    clear_f(&x, 0);
    assert_false(record(&x, 0x22, 1, 1).event.send);
    assert_int_equal(peek(&x, VTDPI_REG_FSTS), 0x112);
    clear_f(&x, 1);
    poke(&x, VTDPI_REG_FSTS, 0x10);
    assert_true(record(&x, 0x22, 1, 1).event.send);
}

/* VT-d, "Fault Status Register": fault state outlives a reset, everything else does not.
 *
 * @shows vtd.regs.sticky, vtd.fault.next
 */
static void test_iommu_regs__reset__keeps_the_sticky_fault_state(void **state)
{
    (void)state;
    fixture_t x = remapping(3, true);
    record(&x, 0x22, 1, 1);
    record(&x, 0x22, 1, 1);
    assert_int_equal(read32(&x, 0x34), 3);
    vtdpi_iommu_reset(&x.unit, &x.cfg);
    assert_int_equal(read32(&x, 0x34), 3);
    assert_true(read64(&x, 0x228) == UINT64_C(0x8000002200000001));
    assert_int_equal(read32(&x, 0x1C), 0);
    assert_true(read32(&x, 0x38) == 0x80000000);
    assert_int_equal(read64(&x, 0xB8), 0);
    assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
    vtdpi_iommu_init(&x.unit, &x.cfg);
    assert_int_equal(read32(&x, 0x34), 0);
}

/* The invariants notice each kind of damage. */
static void test_iommu_regs__damaged_state__fails_the_check(void **state)
{
    (void)state;
    const fixture_t good = remapping(3, true);
    assert_true(vtdpi_iommu_check(&good.unit, &good.cfg));
    for (unsigned i = 0; i < 20; i++) {
        fixture_t x = good;
        x.unit.arch.reg[VTDPI_REG_FSTS] |= i == 0 ? 2U : 0U;
        x.unit.arch.reg[VTDPI_REG_IQH] |= i == 2 ? 1U : 0U;
        x.unit.uarch.fault_next += i == 3 ? 1U : 0U;
        x.unit.uarch.iec_next += i == 4 ? x.cfg.iec_entries : 0U;
        x.unit.arch.irta_base += i == 5 ? 0x10U : 0U;
        x.unit.arch.irta_s = i == 6 ? 16 : 3;
        x.cfg.ir = i != 7;
        x.unit.arch.reg[VTDPI_REG_GCMD] = i == 8 ? 1U : 0U;
        x.cfg.eim = i != 9;
        x.unit.arch.reg[VTDPI_REG_IRTA] &= i == 9 ? ~UINT64_C(0x800) : UINT64_MAX;
        x.unit.arch.irta_base |= i == 10 ? UINT64_C(1) << x.cfg.haw : 0U;
        x.unit.arch.reg[VTDPI_REG_ICS] = i == 11 ? 2U : 0U;
        x.unit.arch.reg[VTDPI_REG_FSTS] |= i == 12 ? 0x100U : 0U;
        x.unit.arch.reg[VTDPI_REG_IECTL] |= i == 13 ? 0x40000000U : 0U;
        x.unit.arch.reg[VTDPI_REG_IECTL] |= i == 14 ? 1U : 0U;
        x.unit.arch.reg[VTDPI_REG_IQERCD] = i == 15 ? 8U : 0U;
        x.unit.arch.reg[VTDPI_REG_GSTS] |= i == 16 ? 1U : 0U;
        x.unit.arch.frcd[0][1] |= i == 17 ? UINT64_C(1) << 63 : 0U;
        x.unit.arch.reg[VTDPI_REG_FECTL] = i == 17  ? 0x40000000U
                                           : i == 1 ? 0xC0000000U
                                                    : 0x80000000U;
        x.cfg.register_only = i == 18;
        x.unit.arch.reg[VTDPI_REG_FSTS] |= i == 19 ? 4U : 0U;
        assert_false(vtdpi_iommu_check(&x.unit, &x.cfg));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_regs__each_register__has_its_reset_value_and_writable_bits),
        cmocka_unit_test(test_iommu_regs__capabilities__show_the_configuration),
        cmocka_unit_test(test_iommu_regs__configuration__is_bounded),
        cmocka_unit_test(test_iommu_regs__halves_and_holes__are_separate),
        cmocka_unit_test(test_iommu_regs__table_pointer__is_latched_by_sirtp),
        cmocka_unit_test(test_iommu_regs__eime_without_eim__stays_0),
        cmocka_unit_test(test_iommu_regs__each_command__shows_in_the_status),
        cmocka_unit_test(test_iommu_regs__several_commands_at_once__are_misuse),
        cmocka_unit_test(test_iommu_regs__without_ir__commands_of_remapping_do_nothing),
        cmocka_unit_test(test_iommu_regs__without_ir__the_table_register_is_reserved),
        cmocka_unit_test(test_iommu_regs__without_qi__the_queue_is_reserved),
        cmocka_unit_test(test_iommu_regs__record__has_the_worked_value),
        cmocka_unit_test(test_iommu_regs__full_ring__overflows),
        cmocka_unit_test(test_iommu_regs__fault_record_index__names_the_first_pending),
        cmocka_unit_test(test_iommu_regs__fault_with_fpd__is_not_recorded),
        cmocka_unit_test(test_iommu_regs__second_fault_of_a_requester__collapses_by_a_switch),
        cmocka_unit_test(test_iommu_regs__fault_event__is_built_from_its_registers),
        cmocka_unit_test(test_iommu_regs__masked_fault_event__is_pending),
        cmocka_unit_test(test_iommu_regs__mask_and_data_in_one_write__message_has_the_old_data),
        cmocka_unit_test(test_iommu_regs__fault_beside_another_status__is_no_new_condition),
        cmocka_unit_test(test_iommu_regs__reset__keeps_the_sticky_fault_state),
        cmocka_unit_test(test_iommu_regs__damaged_state__fails_the_check),
    };
    return cmocka_run_group_tests_name("iommu_regs", tests, NULL, NULL);
}
