/*
 * APIC virtualization: priority, evaluation, delivery, EOI, accesses by page and by MSR, IPI
 * virtualization.
 */
#include "vtdpi/vapic.h"

#include "vtd_test.h"

/* The set of the controls that [words] names, by the letters of the rows below. */
static vtdpi_ctls_t controls(const char *letters)
{
    vtdpi_ctls_t set = 0;
    for (; *letters != 0; letters++) {
        vtdpi_ctl_t ctl = *letters == 'T'   ? VTDPI_CTL_TPR_SHADOW
                          : *letters == 'A' ? VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES
                          : *letters == 'X' ? VTDPI_CTL_VIRTUALIZE_X2APIC_MODE
                          : *letters == 'R' ? VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION
                          : *letters == 'V' ? VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY
                                            : VTDPI_CTL_IPI_VIRTUALIZATION;
        set |= vtdpi_ctl_one(ctl);
    }
    return set;
}

/* SDM 3C, "Virtualized APIC Registers": bit x lies at 100h or 200h | (x & E0h) >> 1, bit x & 1Fh.
 */
static void test_vapic__offsets__have_the_worked_values(void **state)
{
    (void)state;
    assert_int_equal(vtdpi_vapic_virr_offset(0x10), 0x200);
    assert_int_equal(vtdpi_vapic_virr_offset(0x41), 0x220);
    assert_int_equal(vtdpi_vapic_virr_offset(0xEF), 0x270);
    assert_int_equal(vtdpi_vapic_visr_offset(0x41), 0x120);
    assert_int_equal(vtdpi_vapic_visr_offset(0xFF), 0x170);
}

/* SDM 3C, "PPR Virtualization": VTPR if its class is at least SVI's, else SVI & F0h. All classes.
 */
static void test_vapic__ppr__takes_vtpr_at_equality(void **state)
{
    (void)state;
    for (unsigned vtpr = 0; vtpr < 256; vtpr++) {
        for (unsigned svi = 0; svi < 256; svi++) {
            uint8_t want = vtpr / 16 >= svi / 16 ? (uint8_t)vtpr : (uint8_t)(svi - svi % 16);
            assert_int_equal(vtdpi_vapic_ppr((uint8_t)vtpr, (uint8_t)svi), want);
        }
    }
}

/* SDM 3C, "Evaluation of Pending Virtual Interrupts": RVI's class above VPPR's, and no
 * interrupt-window exiting. */
static void test_vapic__evaluation__compares_classes(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_evaluate(0x41, 0x3F, false));
    assert_false(vtdpi_vapic_evaluate(0x41, 0x40, false));
    assert_false(vtdpi_vapic_evaluate(0x4F, 0x40, false));
    assert_false(vtdpi_vapic_evaluate(0, 0, false));
    assert_true(vtdpi_vapic_evaluate(0x10, 0x0F, false));
    assert_false(vtdpi_vapic_evaluate(0xFF, 0x00, true));
}

/* SDM 3C, "Virtual-Interrupt Delivery": the whole assignment list, with a second vector left in
 * VIRR. */
static void test_vapic__delivery__moves_rvi_to_svi(void **state)
{
    (void)state;
    uint64_t visr[4] = {0};
    uint64_t virr[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0x61, .svi = 0x41, .recognised = 1};
    vtdpi_set_add(visr, 0x41);
    vtdpi_set_add(virr, 0x61);
    vtdpi_set_add(virr, 0x5F);
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&vapic, visr, virr);
    assert_int_equal(step.vector, 0x61);
    assert_int_equal(step.vppr, 0x60);
    assert_int_equal(vapic.svi, 0x61);
    assert_int_equal(vapic.rvi, 0x5F);
    assert_int_equal(vapic.recognised, 0);
    assert_true(vtdpi_set_has(visr, 0x61) && vtdpi_set_has(visr, 0x41));
    assert_false(vtdpi_set_has(virr, 0x61));
    assert_false(vtdpi_vapic_evaluate(vapic.rvi, step.vppr, false));
}

/* SDM 3C, "Virtual-Interrupt Delivery": RVI is 0 when VIRR is empty. */
static void test_vapic__delivery_of_the_last__leaves_rvi_0(void **state)
{
    (void)state;
    uint64_t visr[4] = {0};
    uint64_t virr[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0xEF, .recognised = 1};
    vtdpi_set_add(virr, 0xEF);
    (void)vtdpi_vapic_deliver(&vapic, visr, virr);
    assert_int_equal(vapic.rvi, 0);
    assert_int_equal(vtdpi_set_highest(virr), -1);
}

/* SDM 3C, "EOI Virtualization": SVI's bit goes, SVI becomes the highest left, VPPR follows; the
 * bitmap decides about exit 45. */
static void test_vapic__eoi__retires_svi(void **state)
{
    (void)state;
    for (unsigned exits = 0; exits < 2; exits++) {
        uint64_t visr[4] = {0};
        uint64_t bitmap[4] = {0};
        vtdpi_vapic_t vapic = {.rvi = 0x5F, .svi = 0x61};
        vtdpi_set_add(visr, 0x61);
        vtdpi_set_add(visr, 0x41);
        vtdpi_set_add(bitmap, exits != 0 ? 0x61 : 0x41);
        vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&vapic, visr, 0x22, bitmap);
        assert_int_equal(step.vector, 0x61);
        assert_int_equal(step.exit, exits);
        assert_int_equal(vapic.svi, 0x41);
        assert_int_equal(step.vppr, 0x40);
        step = vtdpi_vapic_eoi(&vapic, visr, 0x22, bitmap);
        assert_int_equal(step.vector, 0x41);
        assert_int_equal(step.exit, exits == 0);
        assert_int_equal(vapic.svi, 0);
        assert_int_equal(step.vppr, 0x22);
        assert_int_equal(vapic.rvi, 0x5F);
    }
}

/* SDM 3C, "EOI Virtualization": with SVI = 0 bit 0 is cleared and tested all the same. */
static void test_vapic__eoi_with_svi_0__tests_bit_0(void **state)
{
    (void)state;
    uint64_t visr[4] = {1, 0, 0, 0};
    uint64_t bitmap[4] = {1, 0, 0, 0};
    vtdpi_vapic_t vapic = {.rvi = 0};
    vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&vapic, visr, 0, bitmap);
    assert_int_equal(step.exit, 1);
    assert_int_equal(step.vector, 0);
    assert_int_equal(vtdpi_set_highest(visr), -1);
}

/* SDM 3C, "Virtual-Interrupt Delivery": the user-interrupt branch retires as an EOI does, without
 * exit. */
static void test_vapic__retire__never_exits(void **state)
{
    (void)state;
    uint64_t visr[4] = {0};
    vtdpi_vapic_t vapic = {.svi = 0xEC};
    vtdpi_set_add(visr, 0xEC);
    vtdpi_set_add(visr, 0x35);
    vtdpi_vapic_step_t step = vtdpi_vapic_retire(&vapic, visr, 0x31);
    assert_int_equal(step.exit, 0);
    assert_int_equal(step.vppr, 0x31);
    assert_int_equal(vapic.svi, 0x35);
}

/* SDM 3C, "Self-IPI Virtualization": VIRR[v] := 1, RVI := max(RVI, v). */
static void test_vapic__self_ipi__raises_rvi_to_the_maximum(void **state)
{
    (void)state;
    uint64_t virr[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0x41};
    vtdpi_vapic_self_ipi(&vapic, virr, 0x31);
    assert_int_equal(vapic.rvi, 0x41);
    vtdpi_vapic_self_ipi(&vapic, virr, 0xC1);
    assert_int_equal(vapic.rvi, 0xC1);
    assert_true(vtdpi_set_has(virr, 0x31) && vtdpi_set_has(virr, 0xC1));
}

/* SDM 3C, "Posted-Interrupt Processing": RVI rises to the highest bit taken, and stays if none was.
 */
static void test_vapic__raise__keeps_rvi_when_pir_is_empty(void **state)
{
    (void)state;
    uint64_t pir[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0};
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0);
    vapic.rvi = 0x51;
    vtdpi_set_add(pir, 0x41);
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0x51);
    vtdpi_set_add(pir, 0xEF);
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0xEF);
}

/* SDM 3C, "TPR Virtualization": exit 43 iff VTPR[7:4] is below the threshold's low four bits. */
static void test_vapic__tpr__is_compared_with_the_threshold(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_tpr_below(0x3F, 4));
    assert_false(vtdpi_vapic_tpr_below(0x40, 4));
    assert_false(vtdpi_vapic_tpr_below(0x00, 0));
    assert_false(vtdpi_vapic_tpr_below(0x00, 0xFFFFFFF0));
}

static bool listed(const uint16_t *list, uint16_t offset)
{
    for (; *list != 0; list++) {
        if (*list == offset) {
            return true;
        }
    }
    return false;
}

static const uint16_t reads_tpr[] = {0x080, 0};
static const uint16_t reads_vid[] = {0x080, 0x0B0, 0x300, 0};
static const uint16_t reads_all[] = {0x020, 0x030, 0x080, 0x0B0, 0x0D0, 0x0E0, 0x0F0, 0x100, 0x110,
                                     0x120, 0x130, 0x140, 0x150, 0x160, 0x170, 0x180, 0x190, 0x1A0,
                                     0x1B0, 0x1C0, 0x1D0, 0x1E0, 0x1F0, 0x200, 0x210, 0x220, 0x230,
                                     0x240, 0x250, 0x260, 0x270, 0x280, 0x300, 0x310, 0x320, 0x330,
                                     0x340, 0x350, 0x360, 0x370, 0x380, 0x3E0, 0};
static const uint16_t writes_vid[] = {0x080, 0x0B0, 0x300, 0};
static const uint16_t writes_ipi[] = {0x080, 0x300, 0x310, 0};
static const uint16_t writes_all[] = {0x020, 0x080, 0x0B0, 0x0D0, 0x0E0, 0x0F0, 0x280, 0x300, 0x310,
                                      0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3E0, 0};

/* SDM 3C, "Virtualizing Reads from the APIC-Access Page", "... Writes to the APIC-Access Page":
 * each slot of the page under each set of controls. */
static void test_vapic__each_offset__is_virtualised_by_the_lists(void **state)
{
    (void)state;

    static const struct {
        const char *controls;
        const uint16_t *reads;
        const uint16_t *reads_old; /* switch vid_reads off */
        const uint16_t *writes;
    } rows[] = {
        {"AT", reads_tpr, reads_tpr, reads_tpr},   {"ATV", reads_vid, reads_tpr, writes_vid},
        {"ATR", reads_all, reads_all, writes_all}, {"ATRV", reads_all, reads_all, writes_all},
        {"ATI", reads_tpr, reads_tpr, writes_ipi}, {"ATRVI", reads_all, reads_all, writes_all},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_ctls_t set = controls(rows[i].controls);
        for (uint16_t offset = 0; offset < 0x1000; offset += 16) {
            vtdpi_vapic_access_t read = vtdpi_vapic_mmio(set, 0, offset, 4, true);
            vtdpi_vapic_access_t old = vtdpi_vapic_mmio(set, 0, offset, 4, false);
            vtdpi_vapic_access_t write = vtdpi_vapic_mmio(set, 1, offset, 4, true);
            assert_int_equal(read.action, listed(rows[i].reads, offset) ? VTDPI_VAPIC_READ
                                                                        : VTDPI_VAPIC_EXIT_ACCESS);
            assert_int_equal(old.action == VTDPI_VAPIC_READ, listed(rows[i].reads_old, offset));
            assert_int_equal(write.action, listed(rows[i].writes, offset)
                                               ? VTDPI_VAPIC_STORE
                                               : VTDPI_VAPIC_EXIT_ACCESS);
        }
    }
}

/* SDM 3C, "Virtualizing Memory-Mapped APIC Accesses": what makes even 080h exit, with offset and
 * type in the qualification. */
static void test_vapic__other_accesses__exit_44(void **state)
{
    (void)state;

    static const struct {
        const char *controls;
        uint16_t offset;
        uint8_t bytes;
        uint8_t type;
        uint8_t action;
        uint32_t qualification;
    } rows[] = {
        {"TRV", 0x080, 4, 0, VTDPI_VAPIC_PHYSICAL, 0},
        {"AT", 0x080, 1, 0, VTDPI_VAPIC_READ, 0},
        {"AT", 0x083, 1, 1, VTDPI_VAPIC_STORE, 0},
        {"AT", 0x082, 2, 1, VTDPI_VAPIC_STORE, 0},
        {"AT", 0x083, 2, 1, VTDPI_VAPIC_EXIT_ACCESS, 0x1083},
        {"AT", 0x084, 1, 0, VTDPI_VAPIC_EXIT_ACCESS, 0x0084},
        {"AT", 0x080, 8, 0, VTDPI_VAPIC_EXIT_ACCESS, 0x0080},
        {"A", 0x080, 4, 0, VTDPI_VAPIC_EXIT_ACCESS, 0x0080},
        {"AT", 0x080, 4, 2, VTDPI_VAPIC_EXIT_ACCESS, 0x2080},
        {"AT", 0x080, 4, 3, VTDPI_VAPIC_EXIT_ACCESS, 0x3080},
        {"AT", 0x080, 4, 10, VTDPI_VAPIC_EXIT_ACCESS, 0xA000},
        {"AT", 0x080, 4, 15, VTDPI_VAPIC_EXIT_ACCESS, 0xF000},
        {"ATR", 0x480, 4, 0, VTDPI_VAPIC_EXIT_ACCESS, 0x0480},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vapic_access_t got =
            vtdpi_vapic_mmio(controls(rows[i].controls), (vtdpi_vapic_type_t)rows[i].type,
                             rows[i].offset, rows[i].bytes, true);
        assert_int_equal(got.action, rows[i].action);
        assert_int_equal(got.qualification, rows[i].qualification);
    }
}

/* SDM 3C, "APIC-Write Emulation": the action of each offset, and exit 56 with the offset for all
 * others. */
static void test_vapic__write_emulation__acts_by_offset(void **state)
{
    (void)state;

    static const struct {
        const char *controls;
        uint32_t offset;
        uint32_t value;
        uint8_t action;
    } rows[] = {
        {"ATR", 0x080, 0x30, VTDPI_VAPIC_TPR},
        {"ATRV", 0x0B0, 0, VTDPI_VAPIC_EOI},
        {"ATR", 0x0B0, 0, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00040041, VTDPI_VAPIC_SELF_IPI},
        {"ATRV", 0x300, 0x00044841, VTDPI_VAPIC_SELF_IPI},
        {"ATR", 0x300, 0x00040041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x0004000F, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00041041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00042041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00048041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00040441, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00050041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00140041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00080041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x000C0041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00000041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRVI", 0x300, 0x00000041, VTDPI_VAPIC_IPI},
        {"ATRVI", 0x300, 0x00040041, VTDPI_VAPIC_SELF_IPI},
        {"ATRVI", 0x300, 0x00000841, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRI", 0x310, 0xFF123456, VTDPI_VAPIC_CLEAR_HI},
        {"ATR", 0x020, 0, VTDPI_VAPIC_EXIT_WRITE},
        {"ATR", 0x3E0, 0, VTDPI_VAPIC_EXIT_WRITE},
        {"ATR", 0x383, 0, VTDPI_VAPIC_EXIT_WRITE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vapic_access_t got = vtdpi_vapic_write_emulation(
            controls(rows[i].controls), (uint16_t)rows[i].offset, rows[i].value);
        assert_int_equal(got.action, rows[i].action);
        bool exits = got.action == VTDPI_VAPIC_EXIT_WRITE || got.action == VTDPI_VAPIC_IPI;
        assert_int_equal(got.qualification, exits ? rows[i].offset & 0xFF0 : 0);
        bool ipi = got.action == VTDPI_VAPIC_IPI || got.action == VTDPI_VAPIC_SELF_IPI;
        assert_int_equal(got.vector, ipi ? rows[i].value & 0xFF : 0);
    }
}

/* SDM 3C, "Virtualizing MSR-Based APIC Accesses": RDMSR of the whole block with register
 * virtualization, of 808h without. */
static void test_vapic__rdmsr__reads_the_page_by_control(void **state)
{
    (void)state;
    for (uint32_t msr = 0x7FF; msr <= 0x900; msr++) {
        bool block = msr >= 0x800 && msr <= 0x8FF;
        assert_int_equal(vtdpi_vapic_rdmsr(controls("TXR"), msr).action,
                         block ? VTDPI_VAPIC_READ : VTDPI_VAPIC_PHYSICAL);
        assert_int_equal(vtdpi_vapic_rdmsr(controls("TX"), msr).action,
                         msr == 0x808 ? VTDPI_VAPIC_READ : VTDPI_VAPIC_PHYSICAL);
        assert_int_equal(vtdpi_vapic_rdmsr(controls("TR"), msr).action, VTDPI_VAPIC_PHYSICAL);
        if (block) {
            assert_int_equal(vtdpi_vapic_rdmsr(controls("TXR"), msr).offset, (msr - 0x800) * 16);
        }
    }
}

/* SDM 3C, "Virtualizing MSR-Based APIC Accesses": WRMSR, with what is #GP. */
static void test_vapic__wrmsr__acts_by_register(void **state)
{
    (void)state;

    static const struct {
        const char *controls;
        uint32_t msr;
        uint64_t value;
        uint8_t action;
        uint32_t qualification;
    } rows[] = {
        {"TX", 0x808, 0xFF, VTDPI_VAPIC_TPR, 0},
        {"TX", 0x808, 0x100, VTDPI_VAPIC_GP, 0},
        {"TX", 0x808, UINT64_C(1) << 32, VTDPI_VAPIC_GP, 0},
        {"T", 0x808, 0x20, VTDPI_VAPIC_PHYSICAL, 0},
        {"TX", 0x80B, 0, VTDPI_VAPIC_PHYSICAL, 0},
        {"TXV", 0x80B, 0, VTDPI_VAPIC_EOI, 0},
        {"TXV", 0x80B, 1, VTDPI_VAPIC_GP, 0},
        {"TXV", 0x83F, 0x41, VTDPI_VAPIC_SELF_IPI, 0},
        {"TXV", 0x83F, 0x0F, VTDPI_VAPIC_EXIT_WRITE, 0x3F0},
        {"TXV", 0x83F, 0x10, VTDPI_VAPIC_SELF_IPI, 0},
        {"TXV", 0x83F, 0x141, VTDPI_VAPIC_GP, 0},
        {"TX", 0x83F, 0x41, VTDPI_VAPIC_PHYSICAL, 0},
        {"TXV", 0x830, 0x41, VTDPI_VAPIC_PHYSICAL, 0},
        {"TXVI", 0x830, UINT64_C(0x500000041), VTDPI_VAPIC_IPI, 0x300},
        {"TXVI", 0x830, 0x4041, VTDPI_VAPIC_IPI, 0x300},
        {"TXVI", 0x830, 0x2041, VTDPI_VAPIC_GP, 0},
        {"TXVI", 0x830, 0x10041, VTDPI_VAPIC_GP, 0},
        {"TXVI", 0x830, 0x100041, VTDPI_VAPIC_GP, 0},
        {"TXVI", 0x830, 0x1041, VTDPI_VAPIC_EXIT_WRITE, 0x300},
        {"TXVI", 0x830, 0x40041, VTDPI_VAPIC_EXIT_WRITE, 0x300},
        {"TXVI", 0x830, 0x441, VTDPI_VAPIC_EXIT_WRITE, 0x300},
        {"TXVI", 0x830, 0x841, VTDPI_VAPIC_EXIT_WRITE, 0x300},
        {"TXVI", 0x830, 0x8041, VTDPI_VAPIC_EXIT_WRITE, 0x300},
        {"TXRVI", 0x838, 1, VTDPI_VAPIC_PHYSICAL, 0},
        {"TXRVI", 0x908, 1, VTDPI_VAPIC_PHYSICAL, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vapic_access_t got =
            vtdpi_vapic_wrmsr(controls(rows[i].controls), rows[i].msr, rows[i].value);
        assert_int_equal(got.action, rows[i].action);
        assert_int_equal(got.qualification, rows[i].qualification);
        bool ipi = got.action == VTDPI_VAPIC_IPI || got.action == VTDPI_VAPIC_SELF_IPI;
        assert_int_equal(got.vector, ipi ? rows[i].value & 0xFF : 0);
    }
}

/* SDM 3C, "IPI Virtualization": vector from 16 on, ID up to the last index, entry valid with
 * nothing reserved. */
static void test_vapic__ipi_virtualization__checks_target_and_entry(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_ipi_allowed(16, 3, 3));
    assert_false(vtdpi_vapic_ipi_allowed(15, 3, 3));
    assert_false(vtdpi_vapic_ipi_allowed(16, 4, 3));
    vtdpi_vapic_pointer_t entry = vtdpi_vapic_ipi_entry(UINT64_C(0x1234567841), 46);
    assert_int_equal(entry.valid, 1);
    assert_true(entry.pid_addr == UINT64_C(0x1234567840));
    assert_int_equal(vtdpi_vapic_ipi_entry(UINT64_C(0x1234567840), 46).valid, 0);
    assert_int_equal(vtdpi_vapic_ipi_entry(UINT64_C(0x1234567843), 46).valid, 0);
    assert_int_equal(vtdpi_vapic_ipi_entry(UINT64_C(0x1234567861), 46).valid, 0);
    assert_int_equal(vtdpi_vapic_ipi_entry(UINT64_C(1) << 46 | 1, 46).valid, 0);
    assert_int_equal(vtdpi_vapic_ipi_entry(UINT64_C(1) << 45 | 1, 46).valid, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vapic__offsets__have_the_worked_values),
        cmocka_unit_test(test_vapic__ppr__takes_vtpr_at_equality),
        cmocka_unit_test(test_vapic__evaluation__compares_classes),
        cmocka_unit_test(test_vapic__delivery__moves_rvi_to_svi),
        cmocka_unit_test(test_vapic__delivery_of_the_last__leaves_rvi_0),
        cmocka_unit_test(test_vapic__eoi__retires_svi),
        cmocka_unit_test(test_vapic__eoi_with_svi_0__tests_bit_0),
        cmocka_unit_test(test_vapic__retire__never_exits),
        cmocka_unit_test(test_vapic__self_ipi__raises_rvi_to_the_maximum),
        cmocka_unit_test(test_vapic__raise__keeps_rvi_when_pir_is_empty),
        cmocka_unit_test(test_vapic__tpr__is_compared_with_the_threshold),
        cmocka_unit_test(test_vapic__each_offset__is_virtualised_by_the_lists),
        cmocka_unit_test(test_vapic__other_accesses__exit_44),
        cmocka_unit_test(test_vapic__write_emulation__acts_by_offset),
        cmocka_unit_test(test_vapic__rdmsr__reads_the_page_by_control),
        cmocka_unit_test(test_vapic__wrmsr__acts_by_register),
        cmocka_unit_test(test_vapic__ipi_virtualization__checks_target_and_entry),
    };
    return cmocka_run_group_tests_name("vapic", tests, NULL, NULL);
}
