/*
 * Random operations on a virtual APIC whose software keeps the rules: what holds after each of
 * them.
 *
 *   I1  RVI is the highest bit of VIRR, or 0; SVI that of VISR, or 0.
 *   I2  VPPR is what PPR virtualization makes of VTPR and SVI.
 *   I3  A virtual interrupt is recognised exactly if RVI's class is above VPPR's and the window
 * control is off: no wake-up is missed, none is spurious. I4  At most one vector of each class is
 * in service, none of class 0. I5  Every bit of VIRR or VISR was requested; what was requested and
 * not yet delivered is in PIR or VIRR.
 *
 * Rules: SDM 3C, "APIC Virtualization and Virtual Interrupts".
 */
#include "vtdpi/boundary.h"
#include "vtdpi/pid.h"
#include "vtdpi/vapic.h"
#include "vtdpi/vmx.h"

#include "cmocka_all.h"

#include <string.h>

enum { SEEDS = 4000, OPERATIONS = 400, NV = 0xF2 };

/* A guest's virtual APIC, what is around it, and what was asked of it. */
typedef struct {
    uint64_t pid[VTDPI_LINE_WORDS];
    uint64_t virr[VTDPI_VECTOR_WORDS];
    uint64_t visr[VTDPI_VECTOR_WORDS];
    uint64_t eoi_exit[VTDPI_VECTOR_WORDS];
    uint64_t wanted[VTDPI_VECTOR_WORDS]; /* requested, delivery still due */
    uint64_t ever[VTDPI_VECTOR_WORDS];   /* requested at all */
    vtdpi_vapic_t vapic;
    uint8_t vtpr;
    uint8_t vppr;
    bool window;    /* interrupt-window exiting */
    bool guest_if;  /* RFLAGS.IF */
    bool notified;  /* a notification is under way */
    unsigned taken; /* deliveries */
} guest_t;

static uint64_t lcg;

static uint32_t below(uint32_t n)
{
    lcg = (lcg * UINT64_C(6364136223846793005)) + UINT64_C(1442695040888963407);
    return (uint32_t)(lcg >> 33) % n;
}

static void evaluate(guest_t *g)
{
    g->vapic.recognised = vtdpi_vapic_evaluate(g->vapic.rvi, g->vppr, g->window);
}

static vtdpi_ctls_t controls(const guest_t *g)
{
    return vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY) |
           (g->window ? vtdpi_ctl_one(VTDPI_CTL_INTERRUPT_WINDOW_EXITING) : 0);
}

static void write_tpr(guest_t *g, uint8_t vtpr)
{
    vtdpi_vapic_step_t step = vtdpi_vapic_tpr(&g->vapic, controls(g), vtpr, 0);
    g->vtpr = vtpr;
    g->vppr = step.vppr;
    assert_int_equal(step.exit, 0);
}

/* VM exit and VM entry: RVI and SVI go through the VMCS, recognition is found anew. */
static void leave_and_enter(guest_t *g)
{
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, true);
    vtdpi_exit_info_t info = {.rvi = g->vapic.rvi, .svi = g->vapic.svi};
    vtdpi_vmx_exit(&vmcs, VTDPI_EXIT_VMCALL, &info);
    vtdpi_vapic_leave(&g->vapic);
    memset(&g->vapic, 0, sizeof g->vapic);
    g->vppr = vtdpi_vapic_enter(&g->vapic, controls(g), vmcs.intr_status, g->vtpr).vppr;
}

static void want(guest_t *g, uint8_t vector)
{
    vtdpi_set_add(g->wanted, vector);
    vtdpi_set_add(g->ever, vector);
}

static void post(guest_t *g, uint8_t vector)
{
    want(g, vector);
    vtdpi_vapic_ipi_request(g->pid, vector);
    g->notified |= vtdpi_vapic_ipi_notify(&g->pid[VTDPI_PID_CTL_WORD]).send != 0;
}

/* Posted-interrupt processing, with the words of PIR in a random order. */
static void process(guest_t *g)
{
    uint64_t taken[VTDPI_VECTOR_WORDS];
    unsigned first = below(VTDPI_VECTOR_WORDS), step = 1 + 2 * below(2);
    g->notified = false;
    g->pid[VTDPI_PID_CTL_WORD] = vtdpi_vapic_posted_control(g->pid[VTDPI_PID_CTL_WORD]);
    for (unsigned n = 0; n < VTDPI_VECTOR_WORDS; n++) {
        unsigned w = (first + n * step) % VTDPI_VECTOR_WORDS;
        taken[w] = vtdpi_vapic_posted_take(&g->pid[w], &g->virr[w]);
    }
    vtdpi_vapic_raise(&g->vapic, taken);
    evaluate(g);
}

static void deliver(guest_t *g)
{
    vtdpi_boundary_t facts = {.rflags_if = g->guest_if};
    if (g->vapic.recognised == 0 || !vtdpi_boundary_window_open(&facts)) {
        return;
    }
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&g->vapic, g->visr, g->virr);
    assert_true(vtdpi_set_has(g->wanted, step.vector));
    if (!vtdpi_set_has(g->pid, step.vector)) { /* else it was posted once more */
        vtdpi_set_remove(g->wanted, step.vector);
    }
    g->vppr = step.vppr;
    g->guest_if = false;
    g->taken++;
}

static void eoi(guest_t *g)
{
    vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&g->vapic, g->visr, g->vtpr, g->eoi_exit);
    g->vppr = step.vppr;
    if (step.exit != 0) {
        leave_and_enter(g);
    } else {
        evaluate(g);
    }
}

static void self_ipi(guest_t *g, uint8_t vector)
{
    want(g, vector);
    vtdpi_vapic_self_ipi(&g->vapic, g->virr, vector);
    evaluate(g);
}

static void operate(guest_t *g)
{
    uint8_t byte = (uint8_t)below(VTDPI_VECTORS);
    switch (below(9)) {
    case 0:
    case 1:
        post(g, byte);
        break;
    case 2:
        if (g->notified) {
            process(g);
        }
        break;
    case 3:
        self_ipi(g, (uint8_t)(byte | 0x10));
        break;
    case 4:
        write_tpr(g, byte);
        break;
    case 5:
        eoi(g);
        break;
    case 6:
        g->guest_if = (byte & 1) != 0;
        break;
    case 7:
        g->window = byte < 64;
        leave_and_enter(g);
        break;
    default:
        deliver(g);
        break;
    }
}

static unsigned highest(const uint64_t *set)
{
    int v = vtdpi_set_highest(set);
    return v < 0 ? 0 : (unsigned)v;
}

/* The number of the invariant that does not hold, or 0. */
static unsigned violated(const guest_t *g)
{
    if (g->vapic.rvi != highest(g->virr) || g->vapic.svi != highest(g->visr)) {
        return 1;
    }
    unsigned task = g->vtpr / 16U, service = g->vapic.svi / 16U;
    if (g->vppr != (task >= service ? g->vtpr : service * 16)) {
        return 2;
    }
    if ((g->vapic.recognised != 0) != (!g->window && g->vapic.rvi / 16U > g->vppr / 16U)) {
        return 3;
    }
    for (unsigned class = 0; class < 16; class ++) {
        uint64_t bits = g->visr[class / 4] >> (class % 4 * 16) & 0xFFFF;
        if ((bits & (bits - 1)) != 0 || (class == 0 && bits != 0)) {
            return 4;
        }
    }
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        if (((g->virr[w] | g->visr[w]) & ~g->ever[w]) != 0 ||
            (g->wanted[w] & ~(g->pid[w] | g->virr[w])) != 0) {
            return 5;
        }
    }
    return 0;
}

static void check(const guest_t *g, unsigned seed, unsigned operation)
{
    unsigned broken = violated(g);
    if (broken != 0) {
        print_error("seed %u, operation %u: I%u does not hold\n", seed, operation, broken);
    }
    assert_int_equal(broken, 0);
}

/* What is left is delivered and retired, the highest first; then only class 0 waits. */
static void drain(guest_t *g, unsigned seed)
{
    g->window = false;
    write_tpr(g, 0);
    while (g->vapic.svi != 0) {
        eoi(g);
    }
    process(g);
    leave_and_enter(g);
    unsigned before = VTDPI_VECTORS;
    while (g->vapic.recognised != 0) {
        g->guest_if = true;
        deliver(g);
        assert_true(g->vapic.svi < before);
        before = g->vapic.svi;
        eoi(g);
        check(g, seed, OPERATIONS);
    }
    assert_true(highest(g->virr) < 16);
    assert_true((g->wanted[0] >> 16 | g->wanted[1] | g->wanted[2] | g->wanted[3]) == 0);
}

/* SDM 3C, "APIC Virtualization and Virtual Interrupts": I1 to I5 hold after every operation, and
 * nothing that was requested is lost.
 * @shows sdm.deliver, sdm.eoi.dismiss, sdm.evaluate, sdm.ppr, sdm.self-ipi, sdm.posted.rvi,
 * sdm.posted.pir-order, sdm.exit.saves-rvi-svi,
 * sdm.entry.evaluate, sdm.tpr.evaluate, sdm.posted.take, sdm.posted.clear-on */
static void test_vapic_random__any_operations__keep_the_invariants(void **state)
{
    (void)state;
    unsigned taken = 0;
    print_message("seeds 1 to %u, %u operations each\n", (unsigned)SEEDS, (unsigned)OPERATIONS);
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        guest_t g;
        memset(&g, 0, sizeof g);
        lcg = seed;
        g.pid[VTDPI_PID_CTL_WORD] = (uint64_t)NV << VTDPI_PID_NV_LOW;
        for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
            g.eoi_exit[w] = (uint64_t)below(UINT32_MAX) << (w * 8);
        }
        for (unsigned operation = 0; operation < OPERATIONS; operation++) {
            operate(&g);
            check(&g, seed, operation);
        }
        drain(&g, seed);
        taken += g.taken;
    }
    print_message("%u interrupts delivered\n", taken);
    assert_true(taken > SEEDS * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vapic_random__any_operations__keep_the_invariants),
    };
    return cmocka_run_group_tests_name("vapic_random", tests, NULL, NULL);
}
