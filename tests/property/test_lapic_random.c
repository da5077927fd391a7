/*
 * Random messages, register accesses, local events and acknowledgements of a local APIC: what holds
 * after each of them.
 *
 *   I1  vtdpi_lapic_check: no vector below 16, masks while software-disabled, timer, reserved bits.
 *   I2  What was accepted by vector is in IRR until it is acknowledged, and nothing else is, but
 * LVT error's vector. I3  At most one vector of each class is in service. I4  An access that is
 * refused (#GP, or no answer) changes nothing; a read changes ESR's accumulation and what LVT error
 * raises, nothing else. I5  PPR's class is the larger of TPR's and the highest vector in service;
 * what is offered is the highest of IRR and above it. I6  What is in service leaves by EOI alone,
 * the highest first, and is broadcast exactly if its TMR bit is 1 and SVR does not suppress it.
 *
 * Rules: SDM 3A, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "vtdpi/lapic_access.h"

#include "cmocka_all.h"

#include <string.h>

enum { SEEDS = 3000, OPERATIONS = 400, SUPPRESS = 0x1000 };

/* A local APIC, and what was asked of it. */
typedef struct {
    vtdpi_lapic_t apic;
    uint64_t wanted[VTDPI_VECTOR_WORDS];  /* accepted, not acknowledged */
    uint64_t service[VTDPI_VECTOR_WORDS]; /* acknowledged, no EOI yet */
    uint64_t error[VTDPI_VECTOR_WORDS];   /* vectors that LVT error had */
    unsigned taken;
    unsigned refused;
    unsigned broken; /* number of the invariant, 0: none */
} bench_t;

static uint64_t lcg;

static uint32_t below(uint32_t n)
{
    lcg = (lcg * UINT64_C(6364136223846793005)) + UINT64_C(1442695040888963407);
    return (uint32_t)(lcg >> 33) % n;
}

static void require(bench_t *b, bool holds, unsigned invariant)
{
    if (!holds && b->broken == 0) {
        b->broken = invariant;
    }
}

static void forget(bench_t *b)
{
    memset(b->wanted, 0, sizeof b->wanted);
    memset(b->service, 0, sizeof b->service);
    memset(b->error, 0, sizeof b->error);
}

static void want(bench_t *b, vtdpi_lapic_accept_t accepted, unsigned vector)
{
    if (accepted == VTDPI_LAPIC_SET || accepted == VTDPI_LAPIC_MERGED) {
        vtdpi_set_add(b->wanted, vector);
    }
}

static void message(bench_t *b)
{
    static const uint8_t often[] = {0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7};
    vtdpi_intr_msg_t msg = {.vector = (uint8_t)below(VTDPI_VECTORS),
                            .delivery_mode = often[below(sizeof often)],
                            .trigger_mode = (uint8_t)below(2),
                            .level = 1};
    want(b, vtdpi_lapic_accept(&b->apic, &msg), msg.vector);
}

static void acknowledge(bench_t *b)
{
    int offered = vtdpi_lapic_offer(&b->apic);
    vtdpi_lapic_ack_t ack = vtdpi_lapic_acknowledge(&b->apic);
    require(b, (ack.spurious != 0) == (offered < 0), 5);
    require(b, ack.spurious == 0 || ack.vector == (b->apic.svr & 0xFFU), 5);
    if (ack.spurious == 0) {
        require(b, vtdpi_set_has(b->wanted, ack.vector) || vtdpi_set_has(b->error, ack.vector), 2);
        vtdpi_set_remove(b->wanted, ack.vector);
        vtdpi_set_add(b->service, ack.vector);
        b->taken++;
    }
}

static void ended(bench_t *b, vtdpi_lapic_eoi_t eoi, const vtdpi_lapic_t *before)
{
    int highest = vtdpi_set_highest(b->service);
    require(b, eoi.vector == highest, 6);
    if (highest >= 0) {
        bool level = vtdpi_set_has(before->tmr, (unsigned)highest);
        require(b, (eoi.broadcast != 0) == (level && (before->svr & SUPPRESS) == 0), 6);
        vtdpi_set_remove(b->service, (unsigned)highest);
    }
}

/* What an access was, and what became of it. */
static void accessed(bench_t *b, const vtdpi_lapic_t *before, vtdpi_lapic_access_t got)
{
    if (got.ok == 0) {
        require(b, memcmp(before, &b->apic, sizeof *before) == 0, 4);
        b->refused++;
    }
    if (got.effect == VTDPI_LAPIC_DO_EOI) {
        ended(b, got.eoi, before);
    }
    if (got.effect == VTDPI_LAPIC_DO_SELF_IPI && (b->apic.svr & 0x100) != 0) {
        vtdpi_set_add(b->wanted, got.msg.vector);
    }
    if (got.effect == VTDPI_LAPIC_DO_SEND_IPI && got.shorthand == VTDPI_SHORTHAND_SELF) {
        want(b, vtdpi_lapic_accept(&b->apic, &got.msg), got.msg.vector);
    }
    if (got.effect == VTDPI_LAPIC_DO_MODE && b->apic.mode == VTDPI_LAPIC_DISABLED) {
        forget(b);
    }
}

static void read_register(bench_t *b, uint32_t slot)
{
    vtdpi_lapic_t before = b->apic;
    if (below(2) != 0) {
        accessed(b, &before, vtdpi_lapic_rdmsr(&b->apic, VTDPI_LAPIC_MSR_FIRST + slot));
        require(b, memcmp(&before, &b->apic, sizeof before) == 0, 4);
        return;
    }
    accessed(b, &before, vtdpi_lapic_mmio_read(&b->apic, slot * 16 + (below(8) == 0 ? 4 : 0)));
    vtdpi_lapic_t after = b->apic;
    after.esr_pending = before.esr_pending;
    memcpy(after.irr, before.irr, sizeof after.irr);
    memcpy(after.tmr, before.tmr, sizeof after.tmr);
    require(b, memcmp(&before, &after, sizeof before) == 0, 4);
}

/* A value that is legal often enough. */
static uint32_t value_for(uint32_t slot)
{
    uint32_t value = below(1U << 20);
    if (slot == VTDPI_LAPIC_REG_SVR >> 4) {
        return (value & 0x11FF) | (below(4) == 0 ? 0 : 0x100);
    }
    if (slot == VTDPI_LAPIC_REG_EOI >> 4 || slot == VTDPI_LAPIC_REG_ESR >> 4) {
        return below(8) == 0 ? value : 0;
    }
    if (slot == VTDPI_LAPIC_REG_TPR >> 4) {
        return value & 0x3F;
    }
    return below(2) == 0 ? value & 0xFF : value;
}

static void write_register(bench_t *b, uint32_t slot)
{
    vtdpi_lapic_t before = b->apic;
    uint32_t value = value_for(slot);
    if (before.mode == VTDPI_LAPIC_X2APIC || below(8) == 0) {
        uint64_t high = slot == VTDPI_LAPIC_REG_ICR_LO >> 4 ? (uint64_t)below(16) << 32 : 0;
        accessed(b, &before,
                 vtdpi_lapic_wrmsr(&b->apic, VTDPI_LAPIC_MSR_FIRST + slot, high | value));
    } else {
        accessed(b, &before, vtdpi_lapic_mmio_write(&b->apic, slot * 16, value));
    }
}

static void change_mode(bench_t *b)
{
    static const uint32_t values[] = {0xFEE00000, 0xFEE00800, 0xFEE00C00, 0xFEE00400, 0xFEE00801};
    vtdpi_lapic_t before = b->apic;
    accessed(b, &before,
             vtdpi_lapic_wrmsr(&b->apic, VTDPI_LAPIC_MSR_APIC_BASE,
                               values[below(sizeof values / sizeof values[0])]));
}

static void local_event(bench_t *b)
{
    unsigned which = below(VTDPI_LAPIC_LVTS);
    unsigned vector = b->apic.lvt[which] & 0xFFU;
    want(b, vtdpi_lapic_lvt_event(&b->apic, (vtdpi_lapic_lvt_t)which), vector);
}

static void timer(bench_t *b)
{
    vtdpi_lapic_t before = b->apic;
    if (below(2) == 0) {
        accessed(b, &before, vtdpi_lapic_wrmsr(&b->apic, VTDPI_LAPIC_MSR_DEADLINE, below(2)));
    } else if (before.timer_armed != 0 || before.deadline_armed != 0) {
        want(b, vtdpi_lapic_timer_expire(&b->apic), b->apic.lvt[VTDPI_LAPIC_LVT_TIMER] & 0xFFU);
    }
}

static void operate(bench_t *b)
{
    uint32_t slot = below(8) == 0 ? below(256) : below(64);
    switch (below(40)) {
    case 0:
        if (b->apic.mode == VTDPI_LAPIC_DISABLED || below(4) == 0) {
            change_mode(b);
        }
        break;
    case 1:
        vtdpi_lapic_write_cr8(&b->apic, (uint8_t)below(4));
        break;
    case 2:
    case 3:
        timer(b);
        break;
    case 4:
    case 5:
    case 6:
        local_event(b);
        break;
    case 7:
        if (below(20) == 0) {
            vtdpi_lapic_reset(&b->apic,
                              below(2) == 0 ? VTDPI_LAPIC_RESET_INIT : VTDPI_LAPIC_RESET_POWER_UP);
            forget(b);
        }
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        read_register(b, slot);
        break;
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
        write_register(b, slot);
        break;
    case 17:
    case 18:
    case 19:
        write_register(b, VTDPI_LAPIC_REG_EOI >> 4);
        break;
    case 20:
        write_register(b, below(2) == 0 ? VTDPI_LAPIC_REG_SVR >> 4 : VTDPI_LAPIC_REG_TPR >> 4);
        break;
    case 21:
    case 22:
    case 23:
    case 24:
    case 25:
    case 26:
        acknowledge(b);
        break;
    default:
        message(b);
        break;
    }
}

static void check_sets(bench_t *b)
{
    const vtdpi_lapic_t *a = &b->apic;
    vtdpi_set_add(b->error, a->lvt[VTDPI_LAPIC_LVT_ERROR] & 0xFFU);
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        require(b, (b->wanted[w] & ~a->irr[w]) == 0, 2);
        require(b, (a->irr[w] & ~(b->wanted[w] | b->error[w])) == 0, 2);
        require(b, a->isr[w] == b->service[w], 6);
    }
    for (unsigned c = 0; c < 16; c++) {
        uint64_t bits = a->isr[c / 4] >> (c % 4 * 16) & 0xFFFF;
        require(b, (bits & (bits - 1)) == 0, 3);
    }
}

static void check_priority(bench_t *b)
{
    int irrv = vtdpi_set_highest(b->apic.irr), isrv = vtdpi_set_highest(b->apic.isr);
    int isr_class = isrv < 0 ? 0 : isrv / 16, tpr_class = b->apic.tpr / 16;
    int ppr_class = vtdpi_lapic_ppr(&b->apic) / 16;
    require(b, ppr_class == (isr_class > tpr_class ? isr_class : tpr_class), 5);
    int offer = irrv >= 0 && irrv / 16 > ppr_class ? irrv : -1;
    require(b, vtdpi_lapic_offer(&b->apic) == offer, 5);
}

static void check(bench_t *b, unsigned seed, unsigned operation)
{
    require(b, vtdpi_lapic_check(&b->apic), 1);
    check_sets(b);
    check_priority(b);
    if (b->broken != 0) {
        print_error("seed %u, operation %u: I%u does not hold\n", seed, operation, b->broken);
    }
    assert_int_equal(b->broken, 0);
}

/* SDM 3A, "Advanced Programmable Interrupt Controller (APIC)": I1 to I6 after every operation.
 * @shows sdm.lapic.accept.irr, sdm.lapic.accept.illegal, sdm.lapic.accept.disabled,
 * sdm.lapic.accept.core, sdm.lapic.ppr, sdm.lapic.offer, sdm.lapic.acknowledge, sdm.lapic.spurious,
 * sdm.lapic.eoi.dismiss, sdm.lapic.eoi.broadcast, sdm.lapic.eoi.suppress, sdm.lapic.svr.mask,
 * sdm.lapic.mmio.read, sdm.lapic.msr.block, sdm.lapic.self-ipi */
static void test_lapic_random__any_operations__keep_the_invariants(void **state)
{
    (void)state;
    unsigned taken = 0, refused = 0;
    print_message("seeds 1 to %u, %u operations each\n", (unsigned)SEEDS, (unsigned)OPERATIONS);
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        bench_t b;
        memset(&b, 0, sizeof b);
        lcg = seed;
        vtdpi_lapic_init(&b.apic, below(1000), below(2) != 0, (uint8_t)below(16));
        (void)vtdpi_lapic_mmio_write(&b.apic, VTDPI_LAPIC_REG_SVR, 0x1FF);
        for (unsigned operation = 0; operation < OPERATIONS; operation++) {
            operate(&b);
            check(&b, seed, operation);
        }
        taken += b.taken;
        refused += b.refused;
    }
    print_message("%u interrupts taken, %u accesses refused\n", taken, refused);
    assert_true(taken > SEEDS * 10);
    assert_true(refused > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_random__any_operations__keep_the_invariants),
    };
    return cmocka_run_group_tests_name("lapic_random", tests, NULL, NULL);
}
