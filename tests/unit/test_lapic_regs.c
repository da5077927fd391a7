/*
 * Local APIC: registers in the page and as MSRs, modes, error status, local vector table.
 */
#include "apic_test.h"

/* The access that a register allows, from its row. */
enum { NO, RO, WO, RW };

/* SDM 3A, "x2APIC Register Address Space", "The Local APIC Block Diagram": each row and each offset
 * between, in both forms.
 * @shows sdm.lapic.msr.block, sdm.lapic.mmio.illegal, sdm.lapic.mmio.write-only,
 * sdm.lapic.mmio.read */
static void test_lapic_regs__each_register__has_the_access_of_its_row(void **state)
{
    (void)state;
    uint8_t mmio[256] = {0};
    uint8_t msr[256] = {0};
#define VTDPI_LAPIC_REG(NAME, offset, slots, in_page, in_msr, doc)                                 \
    for (unsigned s = 0; s < (slots); s++) {                                                       \
        assert_int_equal(mmio[(offset) / 16 + s] | msr[(offset) / 16 + s], 0);                     \
        mmio[(offset) / 16 + s] = (in_page);                                                       \
        msr[(offset) / 16 + s] = (in_msr);                                                         \
    }
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_REG
    for (unsigned slot = 0; slot < 256; slot++) {
        uint8_t no_such = mmio[slot] == NO ? VTDPI_LAPIC_ESR_REGISTER : 0;
        vtdpi_lapic_t apic = enabled_lapic(0);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, slot * 16).ok, 1);
        assert_int_equal(apic.esr_pending, no_such);
        if (slot != 0x28) {
            apic = enabled_lapic(0);
            (void)vtdpi_lapic_mmio_write(&apic, slot * 16, 0x40);
            assert_int_equal(apic.esr_pending, no_such);
        }
        apic = enabled_x2apic(0);
        bool reads = msr[slot] == RO || msr[slot] == RW;
        bool writes = msr[slot] == WO || msr[slot] == RW;
        vtdpi_lapic_access_t got = vtdpi_lapic_rdmsr(&apic, 0x800 + slot);
        assert_int_equal(got.ok, reads);
        assert_int_equal(got.gp, !reads);
        uint64_t legal = slot == 0x3F ? 0x40 : 0;
        got = vtdpi_lapic_wrmsr(&apic, 0x800 + slot, legal);
        assert_int_equal(got.ok, writes);
        assert_int_equal(got.gp, !writes);
        assert_int_equal(apic.esr_pending & VTDPI_LAPIC_ESR_REGISTER, 0);
        apic = enabled_lapic(0);
        assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x800 + slot).gp, 1);
        assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x800 + slot, legal).gp, 1);
    }
}

/* SDM 3A, "Reserved Bit Checking": in x2APIC mode each reserved bit of a writable register is #GP,
 * each other one is not.
 * @shows sdm.lapic.msr.reserved, sdm.lapic.msr.status */
static void test_lapic_regs__reserved_bits__fault_in_x2apic_mode(void **state)
{
    (void)state;

    static const struct {
        uint32_t msr;
        uint64_t known;
    } rows[] = {
        {0x808, 0xFF},       {0x80B, 0},          {0x80F, 0x13FF},
        {0x828, 0},          {0x82F, 0x000117FF}, {0x832, 0x000710FF},
        {0x833, 0x000117FF}, {0x834, 0x000117FF}, {0x835, 0x0001F7FF},
        {0x836, 0x0001F7FF}, {0x837, 0x000110FF}, {0x838, 0xFFFFFFFF},
        {0x83E, 0xB},        {0x83F, 0xFF},       {0x830, 0xFFFFFFFF000CDFFF},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            vtdpi_lapic_t apic = enabled_x2apic(0);
            bool known = (rows[i].known >> bit & 1U) != 0;
            assert_int_equal(vtdpi_lapic_wrmsr(&apic, rows[i].msr, UINT64_C(1) << bit).gp, !known);
        }
    }
}

/* SDM 3A, "Spurious Interrupt": SVR keeps bits 12 and 9:0, focus processor checking in either mode;
 * that one has no effect.
 * @shows sdm.lapic.svr.focus, sdm.lapic.msr.reserved */
static void test_lapic_regs__svr__keeps_focus_checking_in_either_mode(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x0F0, UINT32_MAX);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x0F0).value, 0x13FF);
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        apic = x2apic != 0 ? enabled_x2apic(0) : enabled_lapic(0);
        vtdpi_lapic_t with = apic;
        if (x2apic != 0) {
            assert_int_equal(vtdpi_lapic_wrmsr(&with, 0x80F, 0x3FF).ok, 1);
            assert_int_equal(vtdpi_lapic_rdmsr(&with, 0x80F).value, 0x3FF);
            assert_int_equal(vtdpi_lapic_wrmsr(&with, 0x80F, 0x7FF).gp, 1);
        } else {
            (void)vtdpi_lapic_mmio_write(&with, 0x0F0, 0x7FF);
            assert_int_equal(vtdpi_lapic_mmio_read(&with, 0x0F0).value, 0x3FF);
        }
        with.svr = apic.svr;
        assert_memory_equal(&with, &apic, sizeof with);
    }
}

/* SDM 3A, "Local Vector Table": what is written, less what is not writable, is read back.
 * @shows sdm.lapic.lvt.write */
static void test_lapic_regs__each_lvt_entry__keeps_its_writable_bits(void **state)
{
    (void)state;
#define VTDPI_LAPIC_LVT(NAME, offset, writable, known, doc)                                        \
    {                                                                                              \
        vtdpi_lapic_t apic = enabled_lapic(0);                                                     \
        (void)vtdpi_lapic_mmio_write(&apic, (offset), UINT32_MAX);                                 \
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, (offset)).value, (writable));                \
        (void)vtdpi_lapic_mmio_write(&apic, (offset), 0);                                          \
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, (offset)).value, 0);                         \
        assert_int_equal(apic.lvt[VTDPI_LAPIC_LVT_##NAME], 0);                                     \
        assert_int_equal((writable) & ~(known), 0);                                                \
    }
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_LVT
}

/* SDM 3A, "Local Vector Table": delivery status and remote IRR stay as they are, whatever a write
 * has in their place.
 * @shows sdm.lapic.lvt.write */
static void test_lapic_regs__each_lvt_entry__keeps_its_read_only_bits(void **state)
{
    (void)state;

    enum { BEFORE = 0x18041, AFTER = 0x0A041 };

#define VTDPI_LAPIC_LVT(NAME, offset, writable, known, doc)                                        \
    for (unsigned ones = 0; ones < 2; ones++) {                                                    \
        vtdpi_lapic_t apic = enabled_lapic(0);                                                     \
        uint32_t read_only = (known) & ~(writable);                                                \
        uint32_t written = ones != 0 ? AFTER | read_only : AFTER;                                  \
        assert_true((read_only & 0x1000) != 0);                                                    \
        apic.lvt[VTDPI_LAPIC_LVT_##NAME] = (BEFORE & (writable)) | read_only;                      \
        (void)vtdpi_lapic_mmio_write(&apic, (offset), written);                                    \
        assert_int_equal(apic.lvt[VTDPI_LAPIC_LVT_##NAME], (AFTER & (writable)) | read_only);      \
        apic.lvt[VTDPI_LAPIC_LVT_##NAME] = BEFORE & (writable);                                    \
        (void)vtdpi_lapic_mmio_write(&apic, (offset), written);                                    \
        assert_int_equal(apic.lvt[VTDPI_LAPIC_LVT_##NAME], AFTER &(writable));                     \
    }
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_LVT
}

/* SDM 3A, "Interrupt Acceptance for Fixed Interrupts": vector v is bit v mod 32 of slot v / 32, in
 * the page and in the MSRs.
 * @shows sdm.lapic.mmio.read */
static void test_lapic_regs__vector_sets__are_read_by_slot(void **state)
{
    (void)state;
    for (unsigned v = 16; v < 256; v++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        uint32_t slot = v / 32;
        uint32_t bit = UINT32_C(1) << v % 32;
        (void)fixed(&apic, (uint8_t)v, true);
        assert_true(vtdpi_lapic_mmio_read(&apic, 0x200 + slot * 16).value == bit);
        assert_true(vtdpi_lapic_mmio_read(&apic, 0x180 + slot * 16).value == bit);
        (void)vtdpi_lapic_acknowledge(&apic);
        assert_true(vtdpi_lapic_mmio_read(&apic, 0x100 + slot * 16).value == bit);
        (void)vtdpi_lapic_wrmsr(&apic, 0x1B, 0xFEE00C00);
        assert_true(vtdpi_lapic_rdmsr(&apic, 0x810 + slot).value == bit);
        assert_true(vtdpi_lapic_rdmsr(&apic, 0x820 + slot).value == 0);
        assert_true(vtdpi_lapic_rdmsr(&apic, 0x818 + slot).value == bit);
    }
}

/* SDM 3A, "x2APIC State Transitions": the table of the nine legal and illegal changes.
 * @shows sdm.lapic.mode.transitions, sdm.lapic.base */
static void test_lapic_regs__mode_changes__follow_the_table(void **state)
{
    (void)state;
    static const uint64_t values[4] = {0xFEE00000, 0xFEE00800, 0xFEE00C00, 0xFEE00400};
    static const uint8_t gp[3][4] = {{0, 0, 1, 1}, {0, 0, 0, 1}, {0, 1, 0, 1}};
    for (unsigned from = 0; from < 3; from++) {
        for (unsigned to = 0; to < 4; to++) {
            vtdpi_lapic_t apic = enabled_lapic(7);
            (void)vtdpi_lapic_wrmsr(&apic, 0x1B, values[from]);
            assert_int_equal(apic.mode, from);
            vtdpi_lapic_access_t got = vtdpi_lapic_wrmsr(&apic, 0x1B, values[to]);
            assert_int_equal(got.gp, gp[from][to]);
            assert_int_equal(apic.mode, gp[from][to] != 0 ? from : to);
            assert_true(vtdpi_lapic_rdmsr(&apic, 0x1B).value == values[apic.mode]);
            bool changes = gp[from][to] == 0 && from != to;
            assert_int_equal(got.effect, changes ? VTDPI_LAPIC_DO_MODE : VTDPI_LAPIC_DO_NONE);
        }
    }
}

/* SDM 3A, "x2APIC State Transitions": xAPIC to x2APIC keeps IRR, ISR and TPR; LDR follows from the
 * ID.
 * @shows sdm.lapic.mode.to-x2apic, sdm.lapic.mmio.mode, sdm.lapic.id, sdm.lapic.ldr-x2apic */
static void test_lapic_regs__to_x2apic__keeps_interrupts_and_derives_ldr(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0x25);
    (void)vtdpi_lapic_mmio_write(&apic, 0x0D0, 0x04000000);
    (void)vtdpi_lapic_mmio_write(&apic, 0x310, 0x07000000);
    (void)vtdpi_lapic_mmio_write(&apic, 0x080, 0x33);
    (void)fixed(&apic, 0x91, false);
    (void)vtdpi_lapic_wrmsr(&apic, 0x1B, 0xFEE00C00);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x80D).value, 0x00020020);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x802).value, 0x25);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x808).value, 0x33);
    assert_true(vtdpi_lapic_rdmsr(&apic, 0x830).value == 0);
    assert_int_equal(vtdpi_lapic_offer(&apic), 0x91);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x080).ok, 0);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x080, 0).ok, 0);
}

/* SDM 3A, "Local APIC Status and Location": reserved bits of IA32_APIC_BASE are #GP; the page
 * moves.
 * @shows sdm.lapic.base */
static void test_lapic_regs__apic_base__checks_reserved_bits(void **state)
{
    (void)state;
    static const uint64_t wrong[] = {0xFEE00801, 0xFEE00880, 0xFEE00A00, UINT64_C(1) << 52 | 0x800};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        vtdpi_lapic_t apic = enabled_lapic(1);
        assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x1B, wrong[i]).gp, 1);
    }
    vtdpi_lapic_t apic = enabled_lapic(1);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x1B, UINT64_C(0x1234567000) | 0x800).ok, 1);
    assert_true(apic.base == UINT64_C(0x1234567000));
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x10).ok | vtdpi_lapic_rdmsr(&apic, 0x900).gp, 0);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x10, 0).ok | vtdpi_lapic_wrmsr(&apic, 0x900, 0).gp,
                     0);
}

/* SDM 3A, "Error Handling": a write shows what was noted and clears the note; LVT error is raised
 * by a new error, again only after a write.
 * @shows sdm.lapic.esr.write, sdm.lapic.esr.lvt, sdm.lapic.esr.kinds */
static void test_lapic_regs__esr__latches_on_write(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x370, 0xE1);
    (void)fixed(&apic, 3, false);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x280).value, 0);
    assert_int_equal(vtdpi_lapic_acknowledge(&apic).vector, 0xE1);
    (void)vtdpi_lapic_eoi(&apic);
    (void)fixed(&apic, 3, false);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
    (void)vtdpi_lapic_mmio_write(&apic, 0x280, 0x55);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x280).value, 0x40);
    (void)vtdpi_lapic_mmio_write(&apic, 0x280, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x280).value, 0);
    (void)fixed(&apic, 3, false);
    assert_int_equal(vtdpi_lapic_offer(&apic), 0xE1);
}

/* SDM 3A, "Error Handling": an LVT error entry with an illegal vector adds a receive error and sets
 * no bit below 16.
 * @shows sdm.lapic.esr.own-vector */
static void test_lapic_regs__esr__illegal_error_vector_is_noted(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x370, 0x05);
    (void)vtdpi_lapic_mmio_read(&apic, 0x000);
    assert_int_equal(apic.esr_pending, VTDPI_LAPIC_ESR_REGISTER | VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
}

/* SDM 3A, "Local Vector Table": LINT pins by delivery mode; a level-triggered fixed one has remote
 * IRR until its EOI.
 * @shows sdm.lapic.lvt.deliver, sdm.lapic.lvt.mask, sdm.lapic.lvt.level,
 * sdm.lapic.lvt.remote-irr, sdm.lapic.eoi.remote-irr, sdm.lapic.lvt.reserved-mode */
static void test_lapic_regs__lint__delivers_by_its_entry(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0), VTDPI_LAPIC_IGNORED);
    (void)vtdpi_lapic_mmio_write(&apic, 0x350, 0x8071);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT0), VTDPI_LAPIC_SET);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x350).value, 0xC071);
    (void)vtdpi_lapic_acknowledge(&apic);
    assert_int_equal(vtdpi_lapic_eoi(&apic).broadcast, 1);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x350).value, 0x8071);
    (void)vtdpi_lapic_mmio_write(&apic, 0x360, 0x8400);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT1), VTDPI_LAPIC_TO_CORE);
    assert_int_equal(apic.core, VTDPI_LAPIC_CORE_NMI);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x360).value, 0x8400);
    (void)vtdpi_lapic_mmio_write(&apic, 0x360, 0x0100 | 0x40);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_LINT1), VTDPI_LAPIC_IGNORED);
}

/* SDM 3A, "Local Vector Table": the performance-counter entry masks itself upon delivery; the
 * thermal one does not.
 * @shows sdm.lapic.lvt.perf-mask */
static void test_lapic_regs__performance_entry__masks_itself(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x340, 0xE5);
    (void)vtdpi_lapic_mmio_write(&apic, 0x330, 0xE4);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_PERF), VTDPI_LAPIC_SET);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_PERF), VTDPI_LAPIC_IGNORED);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_THERMAL), VTDPI_LAPIC_SET);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_THERMAL), VTDPI_LAPIC_MERGED);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x340).value, 0x100E5);
}

/* SDM 3A, "Valid Interrupt Vectors": an illegal LVT vector is an error when its event fires, or
 * with the switch at the write.
 * @shows sdm.lapic.lvt.illegal-vector */
static void test_lapic_regs__illegal_lvt_vector__is_an_error_when_it_fires(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x330, 0x05);
    assert_int_equal(apic.esr_pending, 0);
    assert_int_equal(vtdpi_lapic_lvt_event(&apic, VTDPI_LAPIC_LVT_THERMAL), VTDPI_LAPIC_ILLEGAL);
    assert_int_equal(apic.esr_pending, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
    apic = enabled_lapic(0);
    apic.switches = VTDPI_LAPIC_LVT_EAGER;
    (void)vtdpi_lapic_mmio_write(&apic, 0x330, 0x10005);
    assert_int_equal(apic.esr_pending, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
}

/* SDM 3A, "Task and Processor Priorities": APR, both branches of its formula; TPR's class equal to
 * IRRV's and to ISRV's, and 0 where nothing is requested or in service.
 * @shows sdm.lapic.apr */
static void test_lapic_regs__apr__follows_its_formula(void **state)
{
    (void)state;

    static const struct {
        uint8_t tpr;
        uint8_t irrv; /* 0: none */
        uint8_t isrv; /* 0: none */
        uint8_t apr;
    } rows[] = {
        {0x45, 0x31, 0x21, 0x45}, {0x25, 0x51, 0x21, 0x50}, {0x35, 0x11, 0x71, 0x30},
        {0x35, 0x21, 0x31, 0x30}, {0x55, 0x51, 0x21, 0x55}, {0x55, 0x51, 0x51, 0x50},
        {0x65, 0x11, 0xC1, 0x40}, {0x05, 0x00, 0x00, 0x00}, {0x15, 0x00, 0x00, 0x15},
        {0x25, 0x21, 0x00, 0x25}, {0x05, 0x31, 0x00, 0x30},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        apic.tpr = rows[i].tpr;
        if (rows[i].irrv != 0) {
            vtdpi_set_add(apic.irr, rows[i].irrv);
        }
        if (rows[i].isrv != 0) {
            vtdpi_set_add(apic.isr, rows[i].isrv);
        }
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x090).value, rows[i].apr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_regs__each_register__has_the_access_of_its_row),
        cmocka_unit_test(test_lapic_regs__reserved_bits__fault_in_x2apic_mode),
        cmocka_unit_test(test_lapic_regs__svr__keeps_focus_checking_in_either_mode),
        cmocka_unit_test(test_lapic_regs__each_lvt_entry__keeps_its_writable_bits),
        cmocka_unit_test(test_lapic_regs__each_lvt_entry__keeps_its_read_only_bits),
        cmocka_unit_test(test_lapic_regs__vector_sets__are_read_by_slot),
        cmocka_unit_test(test_lapic_regs__mode_changes__follow_the_table),
        cmocka_unit_test(test_lapic_regs__to_x2apic__keeps_interrupts_and_derives_ldr),
        cmocka_unit_test(test_lapic_regs__apic_base__checks_reserved_bits),
        cmocka_unit_test(test_lapic_regs__esr__latches_on_write),
        cmocka_unit_test(test_lapic_regs__esr__illegal_error_vector_is_noted),
        cmocka_unit_test(test_lapic_regs__lint__delivers_by_its_entry),
        cmocka_unit_test(test_lapic_regs__performance_entry__masks_itself),
        cmocka_unit_test(test_lapic_regs__illegal_lvt_vector__is_an_error_when_it_fires),
        cmocka_unit_test(test_lapic_regs__apr__follows_its_formula),
    };
    return cmocka_run_group_tests_name("lapic_regs", tests, NULL, NULL);
}
