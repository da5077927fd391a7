/*
 * Messages in flight: who of several CPUs takes one, and what becomes of one that nobody takes.
 *
 * Rules: SDM 3A, "Determining IPI Destination", "Lowest Priority Delivery Mode", "Interrupt
 * Acceptance for Fixed Interrupts".
 */
#include "vtdpi/lapic_access.h"

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { VECTOR = 0x41, MESSAGE = 0x91, CPUS = 3, ALL = 0xFF, NO_APIC = 77 };

/* Spurious-interrupt vector register of x2APIC mode; without bit 8 the APIC is off by software. */
enum { MSR_SVR = 0x80F, SVR_OFF = 0xFF };

static hand_t h;

static void open_cpus(void)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", CPUS);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    hand_build(&h, true);
    hand_start(&h);
}

/* Message [m] is in flight with [msg]; it comes from software unless [unit] is not 0. */
static void put_message(uint32_t m, vtdpi_intr_msg_t msg, uint8_t unit)
{
    h.sys.messages[m].used = 1;
    h.sys.messages[m].vcpu = VTDPI_NOBODY;
    h.sys.messages[m].from_unit = unit;
    h.sys.messages[m].msg = msg;
}

/* Lowest priority to all of them, in 8-bit addressing. */
static vtdpi_intr_msg_t lowest(void)
{
    return (vtdpi_intr_msg_t){.dest = ALL,
                              .vector = MESSAGE,
                              .delivery_mode = VTDPI_DLM_LOWEST,
                              .dest_mode = 1,
                              .level = 1};
}

static void fire(uint32_t m)
{
    hand_fire(&h, h.sys.actor.message + m, 0);
}

/* Set of CPUs whose IRR has MESSAGE. */
static unsigned takers(void)
{
    unsigned set = 0;
    for (uint32_t c = 0; c < CPUS; c++) {
        set |= (unsigned)vtdpi_set_has(h.sys.cpus[c].apic.irr, MESSAGE) << c;
    }
    return set;
}

/* One CPU takes it: the one whose task priority is lowest, of equal ones the lowest ID.
 *
 * @shows sdm.lapic.lowest, sdm.lapic.lowest-policy, sdm.message.one-cpu
 */
static void test_system_message__lowest_priority__one_cpu_by_tpr(void **state)
{
    (void)state;
    open_cpus();
    h.sys.cpus[0].apic.tpr = 0x50;
    h.sys.cpus[1].apic.tpr = 0x20;
    h.sys.cpus[2].apic.tpr = 0x30;
    put_message(0, lowest(), 0);
    fire(0);
    assert_int_equal(takers(), 1U << 1);
    assert_int_equal(hand_saw(&h, VTDPI_EV_irr_set)->cpu, 1);
    hand_close(&h);
    open_cpus();
    put_message(0, lowest(), 0);
    fire(0);
    assert_int_equal(takers(), 1U << 0);
    hand_close(&h);
}

/* Switch lowest_policy: by vector, modulo the number of candidates.
 *
 * @shows sdm.lapic.lowest-policy
 */
static void test_system_message__lowest_priority_by_vector__modulo_candidates(void **state)
{
    (void)state;
    open_cpus();
    h.p.switches.lowest_policy = VTDPI_LOWEST_VECTOR;
    h.sys.cpus[MESSAGE % CPUS].apic.tpr = 0xF0;
    put_message(0, lowest(), 0);
    fire(0);
    assert_int_equal(takers(), 1U << (MESSAGE % CPUS));
    hand_close(&h);
}

static void switch_off(uint32_t c)
{
    assert_int_equal(vtdpi_lapic_wrmsr(&h.sys.cpus[c].apic, MSR_SVR, SVR_OFF).ok, 1);
}

/* A CPU whose local APIC is off by software is no candidate; without one the message is gone.
 *
 * @shows sdm.message.absent
 */
static void test_system_message__lowest_priority__disabled_apics_are_no_candidates(void **state)
{
    (void)state;
    open_cpus();
    switch_off(0);
    switch_off(2);
    put_message(0, lowest(), 0);
    fire(0);
    assert_int_equal(takers(), 1U << 1);
    switch_off(1);
    put_message(0, lowest(), 0);
    fire(0);
    assert_non_null(hand_saw(&h, VTDPI_EV_message_dropped));
    assert_null(hand_saw(&h, VTDPI_EV_irr_set));
    hand_close(&h);
}

/* A redirection hint picks one CPU in logical mode; in physical mode it says nothing. */
static void test_system_message__redirection_hint__one_cpu_in_logical_mode(void **state)
{
    (void)state;
    for (uint8_t logical = 0; logical < 2; logical++) {
        open_cpus();
        vtdpi_intr_msg_t msg = lowest();
        msg.delivery_mode = VTDPI_DLM_FIXED;
        msg.rh = 1;
        msg.dest_mode = logical;
        put_message(0, msg, 0);
        fire(0);
        assert_int_equal(takers(), logical != 0 ? 1U : (1U << CPUS) - 1);
        hand_close(&h);
    }
}

/* Fixed to a broadcast address: all take it, the one that had it too, and nothing is dropped.
 *
 * @shows sdm.lapic.match.broadcast-narrow, sdm.message.one-cpu
 */
static void test_system_message__broadcast__everybody_takes_it(void **state)
{
    (void)state;
    open_cpus();
    vtdpi_intr_msg_t msg = lowest();
    msg.delivery_mode = VTDPI_DLM_FIXED;
    vtdpi_set_add(h.sys.cpus[1].apic.irr, MESSAGE);
    put_message(0, msg, 1);
    fire(0);
    assert_int_equal(takers(), (1U << CPUS) - 1);
    assert_null(hand_saw(&h, VTDPI_EV_message_dropped));
    hand_close(&h);
}

/* An NMI goes past the IRR to the core: taken, not dropped.
 *
 * @shows sdm.lapic.accept.core
 */
static void test_system_message__nmi__to_the_core(void **state)
{
    (void)state;
    open_cpus();
    vtdpi_intr_msg_t msg = {.dest = 1, .delivery_mode = VTDPI_DLM_NMI, .level = 1, .wide = 1};
    put_message(0, msg, 0);
    fire(0);
    assert_int_equal(h.sys.cpus[1].apic.core & VTDPI_LAPIC_CORE_NMI, VTDPI_LAPIC_CORE_NMI);
    assert_int_equal(vtdpi_set_highest(h.sys.cpus[1].apic.irr), -1);
    assert_null(hand_saw(&h, VTDPI_EV_message_dropped));
    assert_null(hand_saw(&h, VTDPI_EV_irr_set));
    hand_close(&h);
}

/* A fixed message with a vector below 16: refused with an error, and gone.
 *
 * @shows sdm.lapic.accept.illegal
 */
static void test_system_message__illegal_vector__refused_and_dropped(void **state)
{
    (void)state;
    open_cpus();
    vtdpi_intr_msg_t msg = {.dest = 1, .vector = 8, .level = 1, .wide = 1};
    put_message(0, msg, 0);
    fire(0);
    assert_int_equal(h.sys.cpus[1].apic.esr_pending, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
    assert_non_null(hand_saw(&h, VTDPI_EV_message_dropped));
    hand_close(&h);
}

/* A posted interrupt whose notification was still under way when somebody else harvested it: that
 * the notification gets lost changes nothing. Without identities nothing is said about any.
 *
 * @shows sdm.message.absent
 */
static void test_system_message__dropped_after_harvest__nothing_is_lost(void **state)
{
    (void)state;
    for (unsigned ghost = 0; ghost < 2; ghost++) {
        open_cpus();
        h.p.ghost = ghost != 0;
        hand_start(&h);
        hand_word(&h, h.p.vcpus[0].pid, 0)[VTDPI_PID_CTL_WORD] =
            vtdpi_pid_ctl_make((vtdpi_pid_ctl_t){.nv = VTDPI_HV_ANV, .ndst = NO_APIC});
        hand_fire(&h, h.sys.actor.source, 0);
        while (h.sys.requests[0].phase != VTDPI_RQ_FREE) {
            hand_fire(&h, h.sys.actor.request, 0);
        }
        assert_int_equal(hand_in_flight(&h), 1);
        if (ghost != 0) {
            h.sys.live[0].place = VTDPI_AT_CPU;
        }
        fire(0);
        assert_non_null(hand_saw(&h, VTDPI_EV_message_dropped));
        assert_int_equal(h.sys.sealed_count, 0);
        assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), VECTOR));
        assert_true(ghost == 0 || h.sys.live[0].place == VTDPI_AT_CPU);
        hand_close(&h);
    }
}

/* An IPI that carries what software posted, to a CPU that does not exist: the interrupt waits at
 * its vCPU.
 *
 * @shows sdm.message.absent
 */
static void test_system_message__ipi_to_nobody__posted_interrupt_waits(void **state)
{
    (void)state;
    open_cpus();
    hand_fire(&h, h.sys.actor.source, 0); /* an interrupt that lives */
    h.sys.live[0].place = VTDPI_AT_MESSAGE;
    h.sys.live[0].where = 0;
    h.sys.ghost_message[0] = 1;
    h.sys.ghost_request[0] = 0;
    put_message(0, (vtdpi_intr_msg_t){.dest = NO_APIC, .vector = VTDPI_HV_ANV, .wide = 1}, 0);
    fire(0);
    assert_int_equal(h.sys.sealed_count, 0);
    assert_int_equal(h.sys.live[0].place, VTDPI_AT_VCPU);
    assert_int_equal(h.sys.live[0].where, 0);
    hand_close(&h);
}

/* An entry whose delivery mode is NMI: the core has it, and no guest will get the interrupt. Its
 * identity does not stay with the slot, where the next message would inherit it. */
static void test_system_message__nmi_of_a_source__identity_ends_there(void **state)
{
    (void)state;
    open_cpus();
    hand_fire(&h, h.sys.actor.source, 0);
    hand_fire(&h, h.sys.actor.request, 0);
    h.sys.requests[0].phase = VTDPI_RQ_SEND;
    h.sys.requests[0].msg =
        (vtdpi_intr_msg_t){.dest = 1, .delivery_mode = VTDPI_DLM_NMI, .level = 1};
    hand_fire(&h, h.sys.actor.request, 0);
    assert_int_equal(hand_in_flight(&h), 1);
    hand_messages(&h);
    assert_int_equal(h.sys.cpus[1].apic.core, VTDPI_LAPIC_CORE_NMI);
    assert_int_equal(h.sys.sealed_count, 1);
    assert_int_equal(h.sys.sealed[0].fate, VTDPI_FATE_LOST);
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        assert_int_equal(h.sys.ghost_message[m], 0);
    }
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_message__nmi_of_a_source__identity_ends_there),
        cmocka_unit_test(test_system_message__lowest_priority__one_cpu_by_tpr),
        cmocka_unit_test(test_system_message__lowest_priority_by_vector__modulo_candidates),
        cmocka_unit_test(test_system_message__lowest_priority__disabled_apics_are_no_candidates),
        cmocka_unit_test(test_system_message__redirection_hint__one_cpu_in_logical_mode),
        cmocka_unit_test(test_system_message__broadcast__everybody_takes_it),
        cmocka_unit_test(test_system_message__nmi__to_the_core),
        cmocka_unit_test(test_system_message__illegal_vector__refused_and_dropped),
        cmocka_unit_test(test_system_message__dropped_after_harvest__nothing_is_lost),
        cmocka_unit_test(test_system_message__ipi_to_nobody__posted_interrupt_waits),
    };
    return cmocka_run_group_tests_name("system_message", tests, NULL, NULL);
}
