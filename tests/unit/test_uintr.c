/*
 * User interrupts, the rules: layouts, MSRs, UPID, UITT entry, notification, delivery, return, UIF,
 * VM entry and exit.
 */
#include "vtdpi/uintr.h"

#include "vtd_test.h"

/* User mode, 64 bits, everything on. */
static vtdpi_uintr_mode_t user_mode(void)
{
    return (vtdpi_uintr_mode_t){
        .cr4_uintr = 1, .efer_lma = 1, .cs_l = 1, .cpl = 3, .linear_width = 48};
}

/* A CPU with a table of 4 entries at 1000h and its thread's descriptor at 2000h. */
static vtdpi_uintr_t cpu(void)
{
    return (vtdpi_uintr_t){.handler = 0x401000,
                           .stackadjust = 128,
                           .upid_addr = 0x2000,
                           .tt = 0x1001,
                           .uittsz = 3,
                           .uinv = 0xEC,
                           .uif = 1};
}

/* SDM 3A, "User Posted-Interrupt Descriptor (UPID)", "User-Interrupt Target Table": every bit is a
 * field or reserved, and none is both. NDST8 divides NDST again. */
static void test_uintr__layout_tables__cover_each_bit_once(void **state)
{
    (void)state;
    uint64_t seen[VTDPI_UPID_WORDS] = {0};
#define VTDPI_FIELD(S, F, word, low, width, doc)                                                   \
    if (strcmp(#F, "NDST8") != 0) {                                                                \
        assert_int_equal(seen[word] & (vtdpi_mask(width) << (low)), 0);                            \
        seen[word] |= vtdpi_mask(width) << (low);                                                  \
    }
#include "vtdpi/layout/upid.def"
    assert_true(seen[0] == UINT64_MAX && seen[1] == UINT64_MAX);
    memset(seen, 0, sizeof(seen));
#include "vtdpi/layout/uitt.def"
#undef VTDPI_FIELD
    assert_true(seen[0] == UINT64_MAX && seen[1] == UINT64_MAX);
}

/* SDM 3A, "User-Interrupt MSRs": what is written is read, register by register, and lands in the
 * state. */
/* @shows sdm.uintr.msr.misc, sdm.uintr.msr.stackadjust */
static void test_uintr__each_msr__round_trips(void **state)
{
    (void)state;

    static const struct {
        uint32_t msr;
        uint64_t value;
    } rows[] = {
        {0x985, UINT64_C(0x8000000000000001)}, {0x986, UINT64_C(0xFFFF800000401001)},
        {0x987, UINT64_C(0x00007FFFFFFFFFF7)}, {0x988, UINT64_C(0x000000EC89ABCDEF)},
        {0x989, UINT64_C(0xFFFF888000002040)}, {0x98A, UINT64_C(0x0000000000001001)},
    };

    vtdpi_uintr_t self = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(vtdpi_uintr_wrmsr(&self, rows[i].msr, rows[i].value, 48),
                         VTDPI_UINTR_ACCESS_DONE);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = 0;
        assert_int_equal(vtdpi_uintr_rdmsr(&self, rows[i].msr, &value), VTDPI_UINTR_ACCESS_DONE);
        assert_true(value == rows[i].value);
    }
    assert_int_equal(self.uinv, 0xEC);
    assert_int_equal(self.uittsz, 0x89ABCDEF);
    assert_int_equal(self.uif, 0);
}

/* SDM 3A, "User-Interrupt MSRs": each reserved bit alone is #GP(0) and changes nothing; every other
 * bit is taken, where the address stays canonical. */
/* @shows sdm.uintr.msr.reserved */
static void test_uintr__each_reserved_bit_of_an_msr__is_gp(void **state)
{
    (void)state;

    static const struct {
        uint32_t msr;
        uint64_t reserved;
    } rows[] = {{0x985, 0},    {0x986, 0},  {0x987, 0}, {0x988, UINT64_C(0xFFFFFF0000000000)},
                {0x989, 0x3F}, {0x98A, 0xE}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool address = rows[i].msr != 0x985 && rows[i].msr != 0x988;
        for (unsigned bit = 0; bit < (address ? 47U : 64U); bit++) {
            vtdpi_uintr_t self = {0};
            vtdpi_uintr_t before = self;
            bool reserved = (rows[i].reserved >> bit & 1U) != 0;
            assert_int_equal(vtdpi_uintr_wrmsr(&self, rows[i].msr, UINT64_C(1) << bit, 48),
                             reserved ? VTDPI_UINTR_ACCESS_GP : VTDPI_UINTR_ACCESS_DONE);
            assert_int_equal(memcmp(&self, &before, sizeof self) == 0, reserved);
        }
    }
}

/* SDM 3A, "User-Interrupt MSRs": HANDLER, STACKADJUST, PD and TT hold linear addresses, RR and MISC
 * do not; what is canonical depends on the width. */
/* @shows sdm.uintr.msr.canonical */
static void test_uintr__msr_address_not_canonical__is_gp(void **state)
{
    (void)state;
    for (uint32_t msr = 0x985; msr <= 0x98A; msr++) {
        vtdpi_uintr_t self = {0};
        bool address = msr != 0x985 && msr != 0x988;
        vtdpi_uintr_access_t bad = address ? VTDPI_UINTR_ACCESS_GP : VTDPI_UINTR_ACCESS_DONE;
        uint64_t split = msr == 0x988 ? 0 : UINT64_C(0x0000800000000000);
        assert_int_equal(vtdpi_uintr_wrmsr(&self, msr, split, 48), bad);
        assert_int_equal(vtdpi_uintr_wrmsr(&self, msr, split, 57), VTDPI_UINTR_ACCESS_DONE);
        uint64_t high = msr == 0x988 ? 0 : UINT64_C(0xFFFF800000000000);
        assert_int_equal(vtdpi_uintr_wrmsr(&self, msr, high, 48), VTDPI_UINTR_ACCESS_DONE);
        high = msr == 0x988 ? 0 : UINT64_C(0xFF00000000000000);
        assert_int_equal(vtdpi_uintr_wrmsr(&self, msr, high, 48), bad);
        assert_int_equal(vtdpi_uintr_wrmsr(&self, msr, high, 57), VTDPI_UINTR_ACCESS_DONE);
    }
}

/* SDM 3A, "User-Interrupt MSRs": there are six of them, 985h to 98Ah. */
static void test_uintr__other_msrs__are_not_taken(void **state)
{
    (void)state;
    vtdpi_uintr_t self = {0};
    uint64_t value = 0;
    assert_int_equal(vtdpi_uintr_rdmsr(&self, 0x984, &value), VTDPI_UINTR_ACCESS_OTHER);
    assert_int_equal(vtdpi_uintr_rdmsr(&self, 0x98B, &value), VTDPI_UINTR_ACCESS_OTHER);
    assert_int_equal(vtdpi_uintr_wrmsr(&self, 0x984, 0, 48), VTDPI_UINTR_ACCESS_OTHER);
    assert_int_equal(vtdpi_uintr_wrmsr(&self, 0x98B, 0, 48), VTDPI_UINTR_ACCESS_OTHER);
}

/* SDM 2, "SENDUIPI": "If tempUPID.SN = tempUPID.ON = 0" a notification is sent; the PIR bit is set
 * in every case, be it set already or not. */
/* @shows sdm.upid.post, sdm.upid.notify */
static void test_upid__post__notifies_if_on_and_sn_are_clear(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        unsigned uv = 63 - i;
        bool on = (i & 1U) != 0;
        bool sn = (i & 2U) != 0;
        bool set = (i & 4U) != 0;
        uint64_t low =
            UINT64_C(0x89ABCDEF00EC0000) | (on ? VTDPI_UPID_ON : 0) | (sn ? VTDPI_UPID_SN : 0);
        uint64_t upid[2] = {low, UINT64_C(1) | (set ? UINT64_C(1) << uv : 0)};
        vtdpi_upid_post_t post = vtdpi_upid_post(upid, uv);
        assert_int_equal(post.fault, VTDPI_UINTR_NO_FAULT);
        assert_int_equal(post.notify, !on && !sn);
        assert_int_equal(post.pir_was_set, set);
        assert_int_equal(post.nv, 0xEC);
        assert_true(post.ndst == 0x89ABCDEFU);
        assert_true(upid[0] == (low | (!on && !sn ? VTDPI_UPID_ON : 0)));
        assert_true(upid[1] == (UINT64_C(1) | UINT64_C(1) << uv));
    }
}

/* SDM 2, "SENDUIPI": a reserved bit of the UPID is #GP(0) and nothing is written; NDST has none,
 * whatever the APIC's mode. */
/* @shows sdm.upid.reserved, sdm.upid.ndst-reserved */
static void test_upid__each_reserved_bit__is_gp_and_keeps_the_upid(void **state)
{
    (void)state;
    const uint64_t reserved = UINT64_C(0xFF00FFFC);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t upid[2] = {UINT64_C(1) << bit, 0};
        vtdpi_upid_post_t post = vtdpi_upid_post(upid, 5);
        bool gp = (reserved >> bit & 1U) != 0;
        assert_int_equal(post.fault, gp ? VTDPI_UINTR_GP : VTDPI_UINTR_NO_FAULT);
        assert_int_equal(upid[1], gp ? 0 : 1 << 5);
        assert_int_equal(post.notify, !gp && bit > 1);
    }
}

/* SDM 3A, "User-Interrupt Target Table": valid, every other bit than user vector and address 0. */
/* @shows sdm.uitt.valid, sdm.uitt.reserved */
static void test_uitt__entry__is_checked_bit_by_bit(void **state)
{
    (void)state;
    const uint64_t words[2] = {0x2A01, UINT64_C(0xFFFF888000002040)};
    vtdpi_uitte_t entry = vtdpi_uitte_decode(words);
    assert_int_equal(entry.fault, VTDPI_UINTR_NO_FAULT);
    assert_int_equal(entry.uv, 42);
    assert_true(entry.upid_addr == words[1]);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t w[2] = {words[0], words[1]};
        w[bit >> 6] ^= UINT64_C(1) << (bit & 63U);
        bool ok = (bit >= 8 && bit <= 13) || bit >= 70;
        assert_int_equal(vtdpi_uitte_decode(w).fault, ok ? VTDPI_UINTR_NO_FAULT : VTDPI_UINTR_GP);
    }
}

/* SDM 2, "SENDUIPI": to NDST in x2APIC mode, to NDST[15:8] else; physical, fixed, edge. */
/* @shows sdm.senduipi.ipi */
static void test_uintr__icr__has_the_form_of_the_mode(void **state)
{
    (void)state;
    assert_true(vtdpi_uintr_icr(0x9E, 0x0300, false) == UINT64_C(0x030000000000009E));
    assert_true(vtdpi_uintr_icr(0x9E, 0x89ABCDEF, false) == UINT64_C(0xCD0000000000009E));
    assert_true(vtdpi_uintr_icr(0xFF, 0x89ABCDEF, true) == UINT64_C(0x89ABCDEF000000FF));
}

/* SDM 2, "SENDUIPI": #UD before #GP(0), and what makes each. */
/* @shows sdm.senduipi.ud, sdm.senduipi.index, sdm.senduipi.uitt-canonical, sdm.senduipi.any-cpl */
static void test_uintr__send_check__finds_ud_before_gp(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    for (uint8_t cpl = 0; cpl <= 3; cpl++) {
        mode.cpl = cpl;
        assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 3), VTDPI_UINTR_NO_FAULT);
    }
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 4), VTDPI_UINTR_GP);
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, UINT64_C(1) << 32), VTDPI_UINTR_GP);
    mode.cr4_uintr = 0;
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 4), VTDPI_UINTR_UD);
    mode = user_mode();
    mode.cs_l = 0;
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 4), VTDPI_UINTR_UD);
    mode.cs_l = 1;
    mode.efer_lma = 0;
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 0), VTDPI_UINTR_UD);
    mode.efer_lma = 1;
    self.tt = 0x1000;
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 0), VTDPI_UINTR_UD);
    self.tt = UINT64_C(0x00007FFFFFFFFFE1);
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 1), VTDPI_UINTR_NO_FAULT);
    assert_int_equal(vtdpi_uintr_send_check(&self, &mode, 2), VTDPI_UINTR_GP);
}

/* SDM 3A, "User-Interrupt Notification Identification": CR4.UINTR and IA32_EFER.LMA, not CS.L, not
 * CPL, not UIF. */
/* @shows sdm.uintr.identify */
static void test_uintr__match__needs_uintr_lma_and_uinv(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    self.uif = 0;
    for (unsigned i = 0; i < 16; i++) {
        vtdpi_uintr_mode_t mode = user_mode();
        mode.cr4_uintr = i & 1U;
        mode.efer_lma = (i >> 1) & 1U;
        mode.cs_l = (i >> 2) & 1U;
        mode.cpl = (i >> 3) != 0 ? 3 : 0;
        assert_int_equal(vtdpi_uintr_match(&self, &mode, 0xEC), (i & 3U) == 3);
        assert_false(vtdpi_uintr_match(&self, &mode, 0xEB));
    }
}

/* SDM 3A, "User-Interrupt Delivery": each condition alone keeps it off; STI does not. */
/* @shows sdm.uintr.deliverable, sdm.uintr.recognise */
static void test_uintr__deliverable__needs_every_condition(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    assert_false(vtdpi_uintr_recognised(&self, &mode));
    assert_false(vtdpi_uintr_deliverable(&self, &mode, 0));
    self.uirr = 1;
    assert_true(vtdpi_uintr_recognised(&self, &mode));
    assert_true(vtdpi_uintr_deliverable(&self, &mode, 0));
    assert_true(vtdpi_uintr_deliverable(&self, &mode, VTDPI_BLOCK_STI));
    assert_false(vtdpi_uintr_deliverable(&self, &mode, VTDPI_BLOCK_MOV_SS));
    self.uif = 0;
    assert_true(vtdpi_uintr_recognised(&self, &mode));
    assert_false(vtdpi_uintr_deliverable(&self, &mode, 0));
    self.uif = 1;
    for (uint8_t cpl = 0; cpl < 3; cpl++) {
        mode.cpl = cpl;
        assert_false(vtdpi_uintr_deliverable(&self, &mode, 0));
        assert_true(vtdpi_uintr_recognised(&self, &mode));
    }
    mode = user_mode();
    mode.cs_l = 0;
    assert_false(vtdpi_uintr_deliverable(&self, &mode, 0));
    mode = user_mode();
    mode.cr4_uintr = 0;
    assert_false(vtdpi_uintr_deliverable(&self, &mode, 0));
    mode = user_mode();
    self.uif = 0;
    assert_false(vtdpi_uintr_deliverable(&self, &mode, 0));
}

/* SDM 3A, "User-Interrupt Delivery": the highest vector, its bit alone, the flags, the frame; the
 * stack is lowered by UISTACKADJUST, aligned, and takes four words. */
/* @shows sdm.uintr.deliver, sdm.uintr.frame, sdm.uintr.stack */
static void test_uintr__delivery__pushes_the_frame_of_the_highest_vector(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    self.uirr = UINT64_C(0x8000000000000021);
    vtdpi_uintr_regs_t regs = {.rip = 0x1234, .rsp = 0x7FFF1009, .rflags = 0x10F02};
    vtdpi_uintr_delivery_t delivery = vtdpi_uintr_deliver(&self, &mode, &regs);
    assert_int_equal(delivery.fault, VTDPI_UINTR_NO_FAULT);
    assert_int_equal(delivery.uv, 63);
    const uint64_t frame[4] = {63, 0x1234, 0x10F02, 0x7FFF1009};
    assert_memory_equal(delivery.frame, frame, sizeof frame);
    assert_true(regs.rsp == ((UINT64_C(0x7FFF1009) - 128) & ~UINT64_C(15)) - 32);
    assert_int_equal(regs.rip, 0x401000);
    assert_int_equal(regs.rflags, 0xE02); /* TF and RF are gone, the rest stays */
    assert_int_equal(self.uif, 0);
    assert_int_equal(self.uirr, 0x21);

    self.uif = 1;
    self.stackadjust = 0x600FF7; /* bit 0: RSP is loaded */
    delivery = vtdpi_uintr_deliver(&self, &mode, &regs);
    assert_int_equal(delivery.uv, 5);
    assert_true(regs.rsp == 0x600FF0 - 32);
    assert_int_equal(self.uirr, 1);
}

/* SDM 3A, "User-Interrupt Delivery": #GP(0) for a handler that is not canonical in the paging mode;
 * MSR and paging mode can differ in width. */
/* @shows sdm.uintr.handler-canonical */
static void test_uintr__handler_not_canonical__is_gp_and_changes_nothing(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    self.uirr = 2;
    self.handler = UINT64_C(1) << 50;
    vtdpi_uintr_t before = self;
    vtdpi_uintr_regs_t regs = {.rip = 1, .rsp = 2, .rflags = 3};
    assert_int_equal(vtdpi_uintr_deliver(&self, &mode, &regs).fault, VTDPI_UINTR_GP);
    assert_memory_equal(&self, &before, sizeof self);
    assert_true(regs.rip == 1 && regs.rsp == 2 && regs.rflags == 3);
    mode.linear_width = 57;
    assert_int_equal(vtdpi_uintr_deliver(&self, &mode, &regs).fault, VTDPI_UINTR_NO_FAULT);
}

/* SDM 2, "UIRET": delivery and return are inverse; UIF is 1 again, whatever bit 1 of the popped
 * word is, unless the CPU has UIRET_UIF. */
/* @shows sdm.uiret.restore, sdm.uiret.uif */
static void test_uintr__uiret__takes_back_what_delivery_pushed(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    self.uirr = 1;
    vtdpi_uintr_regs_t before = {.rip = 0x1234, .rsp = 0x7FFF1009, .rflags = 0x10F02};
    vtdpi_uintr_regs_t regs = before;
    vtdpi_uintr_delivery_t delivery = vtdpi_uintr_deliver(&self, &mode, &regs);
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, &delivery.frame[1], &regs),
                     VTDPI_UINTR_NO_FAULT);
    assert_memory_equal(&regs, &before, sizeof regs);
    assert_int_equal(self.uif, 1);
    for (unsigned i = 0; i < 8; i++) { /* UIF before, bit 1 of the popped word, UIRET_UIF */
        uint64_t bit = i >> 1 & 1U;
        for (unsigned others = 0; others < 2; others++) {
            uint64_t popped[3] = {0x1234, (others != 0 ? ~UINT64_C(2) : 0) | bit << 1, 0x7000};
            self.uif = i & 1U;
            mode.uiret_uif = (uint8_t)(i >> 2);
            assert_int_equal(vtdpi_uintr_uiret(&self, &mode, popped, &regs), VTDPI_UINTR_NO_FAULT);
            assert_int_equal(self.uif, i >> 2 != 0 ? bit : 1);
        }
    }
}

/* SDM 2, "UIRET": the mask 254DD5h; IF, IOPL, VM, VIF, VIP and the fixed bits stay. */
/* @shows sdm.uiret.restore */
static void test_uintr__uiret__loads_twelve_flags(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    const uint64_t ones[3] = {0x1234, UINT64_MAX, 0};
    const uint64_t zeros[3] = {0x1234, 0, 0};
    vtdpi_uintr_regs_t regs = {.rflags = 0x202};
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, ones, &regs), VTDPI_UINTR_NO_FAULT);
    assert_int_equal(regs.rflags, 0x202 | 0x254DD5);
    regs.rflags = 0x3FFFFF;
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, zeros, &regs), VTDPI_UINTR_NO_FAULT);
    assert_int_equal(regs.rflags, 0x3FFFFF & ~0x254DD5);
}

/* SDM 2, "UIRET": faults leave everything as it is; any CPL will do. */
/* @shows sdm.uiret.fault */
static void test_uintr__uiret__faults(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    self.uif = 0;
    vtdpi_uintr_mode_t mode = user_mode();
    vtdpi_uintr_regs_t regs = {.rip = 1, .rsp = 2, .rflags = 3};
    const uint64_t bad[3] = {UINT64_C(1) << 47, 0, 0};
    const uint64_t good[3] = {0x1234, 0, 0};
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, bad, &regs), VTDPI_UINTR_GP);
    mode.cr4_uintr = 0;
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, bad, &regs), VTDPI_UINTR_UD);
    mode.cr4_uintr = 1;
    mode.cs_l = 0;
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, good, &regs), VTDPI_UINTR_UD);
    assert_true(regs.rip == 1 && regs.rsp == 2 && regs.rflags == 3 && self.uif == 0);
    mode = user_mode();
    mode.cpl = 0;
    assert_int_equal(vtdpi_uintr_uiret(&self, &mode, good, &regs), VTDPI_UINTR_NO_FAULT);
}

/* SDM 2, "CLUI", "STUI", "TESTUI". */
/* @shows sdm.uif.set, sdm.uif.test */
static void test_uintr__uif__is_cleared_set_and_tested(void **state)
{
    (void)state;
    vtdpi_uintr_t self = cpu();
    vtdpi_uintr_mode_t mode = user_mode();
    for (unsigned uif = 0; uif < 2; uif++) {
        uint64_t rflags = 0x3FFFFF ^ uif;
        assert_int_equal(vtdpi_uintr_set_uif(&self, &mode, uif != 0), VTDPI_UINTR_NO_FAULT);
        assert_int_equal(self.uif, uif);
        assert_int_equal(vtdpi_uintr_testui(&self, &mode, &rflags), VTDPI_UINTR_NO_FAULT);
        assert_int_equal(rflags, (0x3FFFFF & ~0x8D5U) | uif);
    }
    for (unsigned i = 0; i < 3; i++) {
        uint64_t rflags = 0x8D4;
        mode = user_mode();
        mode.cr4_uintr = i != 0;
        mode.cs_l = i != 1;
        mode.efer_lma = i != 2;
        assert_int_equal(vtdpi_uintr_set_uif(&self, &mode, false), VTDPI_UINTR_UD);
        assert_int_equal(vtdpi_uintr_testui(&self, &mode, &rflags), VTDPI_UINTR_UD);
        assert_int_equal(self.uif, 1);
        assert_int_equal(rflags, 0x8D4);
    }
}

/* SDM 3C, "Checks on Guest Control Registers, Debug Registers, and MSRs", "Loading Guest State",
 * "Saving Guest State", "Loading Host State". */
/* @shows sdm.uinv.check, sdm.uinv.load, sdm.uinv.save, sdm.uinv.clear */
static void test_uintr__uinv__is_loaded_saved_and_cleared_by_control(void **state)
{
    (void)state;
    vtdpi_ctls_t load = vtdpi_ctl_one(VTDPI_CTL_LOAD_UINV);
    vtdpi_ctls_t clear = vtdpi_ctl_one(VTDPI_CTL_CLEAR_UINV);
    assert_true(vtdpi_uintr_guest_uinv_ok(load, 0xFF));
    assert_false(vtdpi_uintr_guest_uinv_ok(load, 0x100));
    assert_false(vtdpi_uintr_guest_uinv_ok(load, 0x8000));
    assert_true(vtdpi_uintr_guest_uinv_ok(clear, 0x8000));

    vtdpi_uintr_t self = cpu();
    self.uirr = 4;
    vtdpi_uintr_vmentry(&self, 0, 0x22);
    assert_int_equal(self.uinv, 0xEC);
    vtdpi_uintr_vmentry(&self, load, 0x22);
    assert_int_equal(self.uinv, 0x22);
    assert_int_equal(vtdpi_uintr_vmexit(&self, load), 0x22);
    assert_int_equal(self.uinv, 0x22);
    assert_int_equal(vtdpi_uintr_vmexit(&self, load | clear), 0x22);
    assert_int_equal(self.uinv, 0);
    assert_int_equal(self.uirr, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uintr__layout_tables__cover_each_bit_once),
        cmocka_unit_test(test_uintr__each_msr__round_trips),
        cmocka_unit_test(test_uintr__each_reserved_bit_of_an_msr__is_gp),
        cmocka_unit_test(test_uintr__msr_address_not_canonical__is_gp),
        cmocka_unit_test(test_uintr__other_msrs__are_not_taken),
        cmocka_unit_test(test_upid__post__notifies_if_on_and_sn_are_clear),
        cmocka_unit_test(test_upid__each_reserved_bit__is_gp_and_keeps_the_upid),
        cmocka_unit_test(test_uitt__entry__is_checked_bit_by_bit),
        cmocka_unit_test(test_uintr__icr__has_the_form_of_the_mode),
        cmocka_unit_test(test_uintr__send_check__finds_ud_before_gp),
        cmocka_unit_test(test_uintr__match__needs_uintr_lma_and_uinv),
        cmocka_unit_test(test_uintr__deliverable__needs_every_condition),
        cmocka_unit_test(test_uintr__delivery__pushes_the_frame_of_the_highest_vector),
        cmocka_unit_test(test_uintr__handler_not_canonical__is_gp_and_changes_nothing),
        cmocka_unit_test(test_uintr__uiret__takes_back_what_delivery_pushed),
        cmocka_unit_test(test_uintr__uiret__loads_twelve_flags),
        cmocka_unit_test(test_uintr__uiret__faults),
        cmocka_unit_test(test_uintr__uif__is_cleared_set_and_tested),
        cmocka_unit_test(test_uintr__uinv__is_loaded_saved_and_cleared_by_control),
    };
    return cmocka_run_group_tests_name("uintr", tests, NULL, NULL);
}
