/*
 * User interrupts step by step: the accesses of SENDUIPI and of notification processing, in their
 * order.
 */
#include "vtdpi/uintr_steps.h"
#include "vtdpi/vapic.h"

#include "vtd_test.h"

enum { TABLE = 0x1000, UPID = 0x2040 };

/* A CPU whose table of 4 entries is in memory at 1000h; entry 1 posts user vector 9 to 2040h. */
typedef struct {
    vtdpi_uintr_t cpu;
    vtdpi_uintr_mode_t mode;
    uint64_t table[8];
    uint64_t upid[2];
    vtdpi_uintr_step_t steps[8];
    unsigned count;
    bool wrong; /* an access of an address where nothing is */
} bench_t;

static bench_t bench(void)
{
    return (bench_t){
        .cpu = {.tt = TABLE | 1U, .uittsz = 3, .uinv = 0xEC, .upid_addr = UPID},
        .mode = {.cr4_uintr = 1, .efer_lma = 1, .cs_l = 1, .cpl = 3, .linear_width = 48},
        .table = {0, 0, 0x901, UPID},
        .upid = {UINT64_C(0x12340B0000EC0000), 0},
    };
}

static vtdpi_result_t perform(bench_t *b, vtdpi_uintr_step_t step)
{
    vtdpi_result_t r = {{0, 0}, 0};
    switch (step.kind) {
    case VTDPI_UINTR_LOAD:
        b->wrong |= step.addr < TABLE || step.addr >= TABLE + sizeof b->table;
        r.v[0] = b->table[(step.addr - TABLE) / 8];
        break;
    case VTDPI_UINTR_POST:
        b->wrong |= step.addr != UPID;
        memcpy(r.v, b->upid, sizeof r.v);
        (void)vtdpi_upid_post(b->upid, (unsigned)step.a);
        break;
    case VTDPI_UINTR_AND:
        b->wrong |= step.addr != UPID;
        b->upid[0] &= ~step.a;
        break;
    case VTDPI_UINTR_XCHG:
        b->wrong |= step.addr != UPID + 8;
        r.v[0] = b->upid[1];
        b->upid[1] = step.a;
        break;
    default:
        break;
    }
    return r;
}

/* Runs SENDUIPI of [index] to its end; returns the fault. */
static unsigned send(bench_t *b, uint64_t index)
{
    vtdpi_senduipi_t self = {.index = index};
    vtdpi_result_t r = {{0, 0}, 0};
    do {
        assert_in_range(b->count, 0, 7);
        b->steps[b->count] = vtdpi_senduipi_next(&self, &b->cpu, &b->mode, r);
        r = perform(b, b->steps[b->count]);
        b->count++;
    } while (b->steps[b->count - 1].kind > VTDPI_UINTR_FAULT);
    assert_false(b->wrong);
    vtdpi_uintr_step_t end = b->steps[b->count - 1];
    return end.kind == VTDPI_UINTR_FAULT ? (unsigned)end.a : VTDPI_UINTR_NO_FAULT;
}

static void assert_kinds(const bench_t *b, const uint8_t *kinds, unsigned count)
{
    assert_int_equal(b->count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(b->steps[i].kind, kinds[i]);
    }
}

/* SDM 2, "SENDUIPI": entry, descriptor, IPI. */
/* @shows sdm.senduipi.order, sdm.senduipi.entry-read, sdm.senduipi.ipi, sdm.senduipi.virtual */
static void test_senduipi__notification_due__loads_posts_and_sends(void **state)
{
    (void)state;
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        bench_t b = bench();
        b.mode.x2apic = (uint8_t)x2apic;
        assert_int_equal(send(&b, 1), VTDPI_UINTR_NO_FAULT);
        const uint8_t kinds[] = {VTDPI_UINTR_LOAD, VTDPI_UINTR_LOAD, VTDPI_UINTR_POST,
                                 VTDPI_UINTR_ICR, VTDPI_UINTR_DONE};
        assert_kinds(&b, kinds, sizeof kinds);
        assert_int_equal(b.steps[0].addr, TABLE + 16);
        assert_int_equal(b.steps[1].addr, TABLE + 24);
        assert_int_equal(b.steps[2].addr, UPID);
        assert_int_equal(b.steps[2].a, 9);
        assert_true(b.steps[3].a ==
                    (x2apic != 0 ? UINT64_C(0x12340B00000000EC) : UINT64_C(0x0B000000000000EC)));
        assert_true(b.upid[0] == UINT64_C(0x12340B0000EC0001));
        assert_int_equal(b.upid[1], 1 << 9);
    }
}

/* SDM 2, "SENDUIPI": with ON or SN the request is posted and that is all. */
/* @shows sdm.senduipi.order, sdm.upid.notify */
static void test_senduipi__on_or_sn__ends_with_the_post(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits < 4; bits++) {
        bench_t b = bench();
        b.upid[0] |= bits;
        assert_int_equal(send(&b, 1), VTDPI_UINTR_NO_FAULT);
        const uint8_t kinds[] = {VTDPI_UINTR_LOAD, VTDPI_UINTR_LOAD, VTDPI_UINTR_POST,
                                 VTDPI_UINTR_DONE};
        assert_kinds(&b, kinds, sizeof kinds);
        assert_int_equal(b.upid[1], 1 << 9);
    }
}

/* SDM 2, "SENDUIPI": no access follows the check that fails. */
/* @shows sdm.senduipi.order, sdm.senduipi.index, sdm.uitt.valid, sdm.uitt.reserved,
 * sdm.upid.reserved, sdm.senduipi.upid-canonical */
static void test_senduipi__faults__stop_at_their_check(void **state)
{
    (void)state;
    bench_t b = bench();
    assert_int_equal(send(&b, 4), VTDPI_UINTR_GP);
    assert_int_equal(b.count, 1);
    b = bench();
    b.mode.cr4_uintr = 0;
    assert_int_equal(send(&b, 4), VTDPI_UINTR_UD);
    assert_int_equal(b.count, 1);

    const uint8_t entry[] = {VTDPI_UINTR_LOAD, VTDPI_UINTR_LOAD, VTDPI_UINTR_FAULT};
    b = bench();
    assert_int_equal(send(&b, 0), VTDPI_UINTR_GP); /* V = 0 */
    assert_kinds(&b, entry, sizeof entry);
    b = bench();
    b.table[3] |= 0x20;
    assert_int_equal(send(&b, 1), VTDPI_UINTR_GP);
    assert_kinds(&b, entry, sizeof entry);
    b = bench();
    b.table[3] |= UINT64_C(1) << 50;
    assert_int_equal(send(&b, 1), VTDPI_UINTR_GP);
    assert_kinds(&b, entry, sizeof entry);

    b = bench();
    b.upid[0] |= 0x8000;
    uint64_t before[2] = {b.upid[0], b.upid[1]};
    assert_int_equal(send(&b, 1), VTDPI_UINTR_GP);
    const uint8_t post[] = {VTDPI_UINTR_LOAD, VTDPI_UINTR_LOAD, VTDPI_UINTR_POST,
                            VTDPI_UINTR_FAULT};
    assert_kinds(&b, post, sizeof post);
    assert_memory_equal(b.upid, before, sizeof before);
}

/* SDM 3C, "IPI Virtualization": with a TPR shadow the notification is the virtual APIC's, whatever
 * the other controls and the physical APIC's mode; its rule has a form for each. */
/* @shows sdm.senduipi.virtual */
static void test_senduipi__tpr_shadow__leaves_the_notification_to_the_virtual_apic(void **state)
{
    (void)state;

    static const vtdpi_ctl_t others[] = {
        VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, VTDPI_CTL_VIRTUALIZE_X2APIC_MODE,
        VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, VTDPI_CTL_IPI_VIRTUALIZATION};

    for (unsigned i = 0; i < 32; i++) {
        bench_t b = bench();
        for (unsigned bit = 0; bit < 4; bit++) {
            b.mode.set |= (i >> bit & 1U) != 0 ? vtdpi_ctl_one(others[bit]) : 0;
        }
        b.mode.set |= (i & 16U) != 0 ? vtdpi_ctl_one(VTDPI_CTL_TPR_SHADOW) : 0;
        assert_int_equal(send(&b, 1), VTDPI_UINTR_NO_FAULT);
        vtdpi_uintr_step_t step = b.steps[b.count - 2];
        vtdpi_vapic_senduipi_t virtual = vtdpi_vapic_senduipi(b.mode.set, 0xEC, 0x12340B00);
        assert_int_equal(b.count, 5);
        assert_int_equal(step.kind, (i & 16U) != 0 ? VTDPI_UINTR_VIRTUAL : VTDPI_UINTR_ICR);
        assert_int_equal(virtual.access.action != VTDPI_VAPIC_PHYSICAL, (i & 16U) != 0);
        if (step.kind == VTDPI_UINTR_VIRTUAL) {
            assert_int_equal(step.a, 0xEC);
            assert_int_equal(step.b, 0x12340B00);
            assert_true(virtual.icr == vtdpi_uintr_icr(0xEC, 0x12340B00, virtual.wide != 0));
        }
    }
}

/* Runs a notification to its end; returns its accesses. */
static unsigned notify(bench_t *b, bool is_virtual)
{
    vtdpi_uintr_notify_t self = {.is_virtual = is_virtual};
    vtdpi_result_t r = {{0, 0}, 0};
    do {
        assert_in_range(b->count, 0, 7);
        b->steps[b->count] = vtdpi_uintr_notify_next(&self, &b->cpu, r);
        r = perform(b, b->steps[b->count]);
        b->count++;
    } while (b->steps[b->count - 1].kind != VTDPI_UINTR_DONE);
    assert_false(b->wrong);
    return b->count;
}

/* SDM 3A, "User-Interrupt Notification Processing": EOI, ON, PIR; the rest of the descriptor stays,
 * SN does not matter, and UIRR keeps what it had. */
/* @shows sdm.uintr.notify.eoi, sdm.uintr.notify.on, sdm.uintr.notify.pir,
 * sdm.uintr.notify.two-steps */
static void test_notification__moves_pir_to_uirr(void **state)
{
    (void)state;
    for (unsigned is_virtual = 0; is_virtual < 2; is_virtual++) {
        bench_t b = bench();
        b.upid[0] |= 3;
        b.upid[1] = UINT64_C(0x8000000000000200);
        b.cpu.uirr = 0x10;
        const uint8_t kinds[] = {VTDPI_UINTR_EOI, VTDPI_UINTR_AND, VTDPI_UINTR_XCHG,
                                 VTDPI_UINTR_DONE};
        (void)notify(&b, is_virtual != 0);
        assert_kinds(&b, kinds + is_virtual, sizeof kinds - is_virtual);
        assert_true(b.upid[0] == UINT64_C(0x12340B0000EC0002));
        assert_int_equal(b.upid[1], 0);
        assert_true(b.cpu.uirr == UINT64_C(0x8000000000000210));
    }
}

/* SDM 3A, "User-Interrupt Notification Processing": a notification that finds nothing recognises
 * nothing. */
/* @shows sdm.uintr.notify.pir, sdm.uintr.recognise */
static void test_notification__empty_pir__recognises_nothing(void **state)
{
    (void)state;
    bench_t b = bench();
    b.upid[0] |= 1;
    assert_int_equal(notify(&b, false), 4);
    assert_int_equal(b.cpu.uirr, 0);
    assert_false(vtdpi_uintr_recognised(&b.cpu, &b.mode));
    assert_int_equal(b.upid[0] & 1, 0);
}

/* SDM 3C, "Virtual-Interrupt Delivery": the guest's UINV passes through VISR and leaves no trace
 * but in UIRR; its bit of the EOI-exit bitmap does not matter, and what is left in VIRR waits for
 * the next evaluation. */
/* @shows sdm.uintr.notify.virtual, sdm.uintr.notify.eoi, sdm.uintr.identify */
static void test_notification__virtual_interrupt_of_uinv__is_retired_first(void **state)
{
    (void)state;
    bench_t b = bench();
    b.upid[1] = 0x200;
    vtdpi_vapic_t vapic = {.rvi = 0xEC, .svi = 0x31, .recognised = 1};
    uint64_t virr[4] = {0, UINT64_C(1) << 0x11, 0, UINT64_C(1) << 0x2C};
    uint64_t visr[4] = {UINT64_C(1) << 0x31, 0, 0, 0};
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&vapic, visr, virr);
    assert_true(vtdpi_uintr_match(&b.cpu, &b.mode, step.vector));
    assert_int_equal(step.vppr, 0xE0);
    step = vtdpi_vapic_retire(&vapic, visr, 0x20);
    assert_int_equal(step.vector, 0xEC);
    assert_int_equal(step.exit, 0);
    assert_int_equal(step.vppr, 0x30);
    assert_int_equal(notify(&b, true), 3);
    assert_int_equal(b.cpu.uirr, 0x200);
    assert_int_equal(vapic.svi, 0x31);
    assert_true(visr[0] == UINT64_C(1) << 0x31 && visr[3] == 0);
    assert_int_equal(vapic.rvi, 0x51); /* its class is above VPPR's, and yet it waits */
    assert_int_equal(vapic.recognised, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_senduipi__notification_due__loads_posts_and_sends),
        cmocka_unit_test(test_senduipi__on_or_sn__ends_with_the_post),
        cmocka_unit_test(test_senduipi__faults__stop_at_their_check),
        cmocka_unit_test(test_senduipi__tpr_shadow__leaves_the_notification_to_the_virtual_apic),
        cmocka_unit_test(test_notification__moves_pir_to_uirr),
        cmocka_unit_test(test_notification__empty_pir__recognises_nothing),
        cmocka_unit_test(test_notification__virtual_interrupt_of_uinv__is_retired_first),
    };
    return cmocka_run_group_tests_name("uintr_steps", tests, NULL, NULL);
}
