/*
 * APIC virtualization: accesses to the APIC-access page, to MSRs and to CR8.
 */
#include "vapic_test.h"

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

/* SDM 3C, "Virtualizing Reads from the APIC-Access Page", "Virtualizing Writes to the APIC-Access
 * Page": each slot of the page under each set of controls.
 * @shows sdm.read.tpr, sdm.read.delivery, sdm.read.registers, sdm.write.tpr, sdm.write.delivery,
 * sdm.write.ipi, sdm.write.registers */
static void test_vapic_access__each_offset__is_virtualised_by_the_lists(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 8; on++) {
        bool registers = (on & 1) != 0, delivery = (on & 2) != 0, ipi = (on & 4) != 0;
        vtdpi_ctls_t set = controls("AT") | controls(registers ? "R" : "") |
                           controls(delivery ? "V" : "") | controls(ipi ? "I" : "");
        for (uint16_t offset = 0; offset < 0x1000; offset += 16) {
            bool old_readable =
                listed(reads_tpr, offset) || (registers && listed(reads_all, offset));
            bool readable = old_readable || (delivery && listed(reads_vid, offset));
            bool writable =
                listed(reads_tpr, offset) || (registers && listed(writes_all, offset)) ||
                (delivery && listed(writes_vid, offset)) || (ipi && listed(writes_ipi, offset));
            vtdpi_vapic_access_t read = vtdpi_vapic_mmio(set, 0, offset, 4, true);
            vtdpi_vapic_access_t old = vtdpi_vapic_mmio(set, 0, offset, 4, false);
            vtdpi_vapic_access_t write = vtdpi_vapic_mmio(set, 1, offset, 4, true);
            assert_int_equal(read.action, readable ? VTDPI_VAPIC_READ : VTDPI_VAPIC_EXIT_ACCESS);
            assert_int_equal(old.action, old_readable ? VTDPI_VAPIC_READ : VTDPI_VAPIC_EXIT_ACCESS);
            assert_int_equal(write.action, writable ? VTDPI_VAPIC_STORE : VTDPI_VAPIC_EXIT_ACCESS);
            assert_int_equal(read.qualification, readable ? 0 : offset);
            assert_int_equal(write.qualification, writable ? 0 : offset | 0x1000);
        }
    }
}

/* SDM 3C, "Virtualizing Memory-Mapped APIC Accesses": what makes even 080h exit, with offset and
 * type in the qualification.
 * @shows sdm.access.page, sdm.access.no-shadow, sdm.access.fetch, sdm.access.shape */
static void test_vapic_access__other_accesses__exit_44(void **state)
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
        {"TXRVI", 0x080, 4, 1, VTDPI_VAPIC_PHYSICAL, 0},
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
 * others.
 * @shows sdm.emulate.tpr, sdm.emulate.eoi, sdm.emulate.icr, sdm.emulate.icr-high,
 * sdm.emulate.others, sdm.self-ipi.form */
static void test_vapic_access__write_emulation__acts_by_offset(void **state)
{
    (void)state;

    static const struct {
        const char *controls;
        uint32_t offset;
        uint32_t value;
        uint8_t action;
    } rows[] = {
        {"ATR", 0x080, 0x30, VTDPI_VAPIC_TPR},
        {"ATR", 0x082, 0x30, VTDPI_VAPIC_TPR},
        {"ATRV", 0x0B0, 0, VTDPI_VAPIC_EOI},
        {"ATR", 0x0B0, 0, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00040041, VTDPI_VAPIC_SELF_IPI},
        {"ATRV", 0x300, 0x00044841, VTDPI_VAPIC_SELF_IPI},
        {"ATR", 0x300, 0x00040041, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x0004000F, VTDPI_VAPIC_EXIT_WRITE},
        {"ATRV", 0x300, 0x00040010, VTDPI_VAPIC_SELF_IPI},
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
        assert_int_equal(got.offset, rows[i].offset & 0xFF0);
        bool exits = got.action == VTDPI_VAPIC_EXIT_WRITE || got.action == VTDPI_VAPIC_IPI;
        assert_int_equal(got.qualification, exits ? rows[i].offset & 0xFF0 : 0);
        bool ipi = got.action == VTDPI_VAPIC_IPI || got.action == VTDPI_VAPIC_SELF_IPI;
        assert_int_equal(got.vector, ipi ? rows[i].value & 0xFF : 0);
    }
}

/* SDM 3C, "Virtualizing MSR-Based APIC Accesses": RDMSR of the whole block with register
 * virtualization, of 808h without.
 * @shows sdm.rdmsr.registers, sdm.rdmsr.tpr */
static void test_vapic_access__rdmsr__reads_the_page_by_control(void **state)
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

/* SDM 3C, "Virtualizing MSR-Based APIC Accesses": WRMSR, with what is #GP.
 * @shows sdm.wrmsr.tpr, sdm.wrmsr.eoi, sdm.wrmsr.self, sdm.wrmsr.icr, sdm.wrmsr.others */
static void test_vapic_access__wrmsr__acts_by_register(void **state)
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
        {"TXV", 0x80B, UINT64_C(1) << 63, VTDPI_VAPIC_GP, 0},
        {"TXV", 0x83F, UINT64_C(0x100000041), VTDPI_VAPIC_GP, 0},
        {"TXV", 0x83F, 0x41, VTDPI_VAPIC_SELF_IPI, 0},
        {"TXV", 0x83F, 0x0F, VTDPI_VAPIC_EXIT_WRITE, 0x3F0},
        {"TXV", 0x83F, 0x10, VTDPI_VAPIC_SELF_IPI, 0},
        {"TXV", 0x83F, 0xFF, VTDPI_VAPIC_SELF_IPI, 0},
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

/* SDM 3C, "Virtualizing Memory-Mapped APIC Accesses": after a virtualised write of one operation,
 * only a write of the same bytes is virtualised. A read does not matter to what follows.
 * @shows sdm.access.after-write */
static void test_vapic_access__second_access_of_an_operation__exits_unless_the_same(void **state)
{
    (void)state;

    static const struct {
        uint8_t type[2];
        uint16_t offset[2];
        uint8_t bytes[2];
        uint8_t second;
    } rows[] = {
        {{0, 1}, {0x080, 0x080}, {4, 4}, VTDPI_VAPIC_STORE},
        {{0, 0}, {0x080, 0x0F0}, {4, 4}, VTDPI_VAPIC_READ},
        {{1, 1}, {0x080, 0x080}, {4, 4}, VTDPI_VAPIC_STORE},
        {{1, 1}, {0x080, 0x080}, {4, 1}, VTDPI_VAPIC_EXIT_ACCESS},
        {{1, 1}, {0x080, 0x0F0}, {4, 4}, VTDPI_VAPIC_EXIT_ACCESS},
        {{1, 0}, {0x080, 0x080}, {4, 4}, VTDPI_VAPIC_EXIT_ACCESS},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vapic_earlier_t earlier = {0};
        vtdpi_vapic_access_t got = {0};
        for (unsigned n = 0; n < 2; n++) {
            got = vtdpi_vapic_mmio_next(controls("ATR"), &earlier,
                                        (vtdpi_vapic_type_t)rows[i].type[n], rows[i].offset[n],
                                        rows[i].bytes[n], true);
            assert_int_not_equal(n == 0 ? got.action : VTDPI_VAPIC_STORE, VTDPI_VAPIC_EXIT_ACCESS);
        }
        assert_int_equal(got.action, rows[i].second);
        uint32_t shown = (uint32_t)rows[i].type[1] << 12 | rows[i].offset[1];
        bool exits = rows[i].second == VTDPI_VAPIC_EXIT_ACCESS;
        assert_int_equal(got.qualification, exits ? shown : 0);
    }
    vtdpi_vapic_earlier_t plain = {.offset = 0x080, .bytes = 4, .wrote = 1};
    assert_int_equal(vtdpi_vapic_mmio_next(0, &plain, 0, 0x080, 4, true).action,
                     VTDPI_VAPIC_PHYSICAL);
}

/* SDM 3C, "Virtualizing Memory-Mapped APIC Accesses": every size at every byte of a slot; what does
 * not lie in the low 4 bytes exits.
 * @shows sdm.access.shape */
static void test_vapic_access__shapes__stay_in_the_low_4_bytes(void **state)
{
    (void)state;
    for (uint16_t byte = 0; byte < 16; byte++) {
        for (unsigned bytes = 1; bytes <= 16; bytes *= 2) {
            bool inside = byte + bytes <= 4;
            uint16_t offset = (uint16_t)(0x080 + byte);
            assert_int_equal(vtdpi_vapic_mmio(controls("AT"), 0, offset, bytes, true).action,
                             inside ? VTDPI_VAPIC_READ : VTDPI_VAPIC_EXIT_ACCESS);
            assert_int_equal(vtdpi_vapic_mmio(controls("AT"), 1, offset, bytes, true).action,
                             inside ? VTDPI_VAPIC_STORE : VTDPI_VAPIC_EXIT_ACCESS);
        }
    }
}

/* SDM 3C, "Virtualizing CR8-Based TPR Accesses": exiting goes first, then reserved bits, then the
 * shadow.
 * @shows sdm.cr8.write, sdm.cr8.read, sdm.cr8.exits */
static void test_vapic_access__cr8__is_the_class_of_vtpr(void **state)
{
    (void)state;
    for (unsigned cr8 = 0; cr8 < 16; cr8++) {
        vtdpi_vapic_cr8_t write = vtdpi_vapic_cr8_write(controls("TS"), cr8, 2);
        assert_int_equal(write.action, VTDPI_VAPIC_CR8_SHADOW);
        assert_int_equal(write.value, cr8 << 4);
        vtdpi_vapic_cr8_t read = vtdpi_vapic_cr8_read(controls("TL"), (uint8_t)(cr8 << 4 | 9), 2);
        assert_int_equal(read.action, VTDPI_VAPIC_CR8_SHADOW);
        assert_int_equal(read.value, cr8);
    }
    assert_int_equal(vtdpi_vapic_cr8_write(controls("T"), 16, 0).action, VTDPI_VAPIC_CR8_GP);
    assert_int_equal(vtdpi_vapic_cr8_write(0, UINT64_C(1) << 63, 0).action, VTDPI_VAPIC_CR8_GP);
    vtdpi_vapic_cr8_t physical = vtdpi_vapic_cr8_write(0, 5, 0);
    assert_int_equal(physical.action, VTDPI_VAPIC_CR8_PHYSICAL);
    assert_int_equal(physical.value, 0x50);
    assert_int_equal(vtdpi_vapic_cr8_read(0, 0x90, 0).action, VTDPI_VAPIC_CR8_PHYSICAL);
    vtdpi_vapic_cr8_t to = vtdpi_vapic_cr8_write(controls("TL"), 16, 3);
    assert_int_equal(to.action, VTDPI_VAPIC_CR8_EXIT);
    assert_int_equal(to.qualification, 0x308);
    vtdpi_vapic_cr8_t from = vtdpi_vapic_cr8_read(controls("TS"), 0x90, 15);
    assert_int_equal(from.action, VTDPI_VAPIC_CR8_EXIT);
    assert_int_equal(from.qualification, 0xF18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vapic_access__each_offset__is_virtualised_by_the_lists),
        cmocka_unit_test(test_vapic_access__other_accesses__exit_44),
        cmocka_unit_test(test_vapic_access__second_access_of_an_operation__exits_unless_the_same),
        cmocka_unit_test(test_vapic_access__shapes__stay_in_the_low_4_bytes),
        cmocka_unit_test(test_vapic_access__write_emulation__acts_by_offset),
        cmocka_unit_test(test_vapic_access__rdmsr__reads_the_page_by_control),
        cmocka_unit_test(test_vapic_access__wrmsr__acts_by_register),
        cmocka_unit_test(test_vapic_access__cr8__is_the_class_of_vtpr),
    };
    return cmocka_run_group_tests_name("vapic_access", tests, NULL, NULL);
}
