/*
 * Instruction boundaries in non-root operation: priority, blocking, activity states, external
 * interrupts.
 */
#include "vtdpi/boundary.h"

#include "vtd_test.h"

enum { ACTIVE, HALTED, SHUTDOWN, WAIT, MWAIT };

/* Posted interrupts, NMIs with virtual NMIs, preemption timer. */
static vtdpi_ctls_t posted_controls(void)
{
    return vtdpi_ctl_one(VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING) |
           vtdpi_ctl_one(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT) |
           vtdpi_ctl_one(VTDPI_CTL_PROCESS_POSTED_INTERRUPTS) |
           vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY) |
           vtdpi_ctl_one(VTDPI_CTL_NMI_EXITING) | vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_NMIS) |
           vtdpi_ctl_one(VTDPI_CTL_PREEMPTION_TIMER);
}

static vtdpi_next_t next(vtdpi_ctls_t set, uint32_t pending, uint32_t blocking, unsigned activity,
                         uint8_t rflags_if)
{
    vtdpi_boundary_t facts = {.set = set,
                              .pending = pending,
                              .interruptibility = blocking,
                              .activity = (uint8_t)activity,
                              .rflags_if = rflags_if};
    return vtdpi_boundary_next(&facts);
}

/* SDM 3A, "Priority Among Concurrent Events"; SDM 3C, "Special Features of VM Entry": with
 * everything pending the most urgent is taken; take it away and the next one follows, down to
 * nothing.
 * @shows sdm.boundary.apic-write, sdm.boundary.tpr-exit, sdm.boundary.smi, sdm.boundary.init,
 * sdm.boundary.preemption, sdm.boundary.nmi, sdm.boundary.window-or-virtual,
 * sdm.boundary.external, sdm.boundary.user-interrupt */
static void test_boundary__everything_pending__is_taken_in_the_manuals_order(void **state)
{
    (void)state;

    static const struct {
        uint32_t pending;
        vtdpi_next_t next;
    } rows[] = {
        {VTDPI_PENDING_APIC_WRITE, VTDPI_NEXT_APIC_WRITE},
        {VTDPI_PENDING_TPR_EXIT, VTDPI_NEXT_EXIT_TPR},
        {VTDPI_PENDING_SMI, VTDPI_NEXT_SMI},
        {VTDPI_PENDING_INIT, VTDPI_NEXT_EXIT_INIT},
        {VTDPI_PENDING_MTF, VTDPI_NEXT_EXIT_MTF},
        {VTDPI_PENDING_DEBUG, VTDPI_NEXT_DEBUG},
        {VTDPI_PENDING_PREEMPTION, VTDPI_NEXT_EXIT_PREEMPTION},
        {VTDPI_PENDING_NMI, VTDPI_NEXT_EXIT_NMI},
        {VTDPI_PENDING_VIRTUAL, VTDPI_NEXT_VIRTUAL},
        {VTDPI_PENDING_EXTERNAL, VTDPI_NEXT_EXTERNAL},
        {VTDPI_PENDING_USER_INTERRUPT, VTDPI_NEXT_USER_INTERRUPT},
    };

    uint32_t pending = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pending |= rows[i].pending;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(next(posted_controls(), pending, 0, ACTIVE, 1), rows[i].next);
        pending &= ~rows[i].pending;
    }
    assert_int_equal(next(posted_controls(), pending, 0, ACTIVE, 1), VTDPI_NEXT_NOTHING);
}

/* SDM 3C, "Other Causes of VM Exits": the NMI window lies between preemption timer and NMI, the
 * interrupt window takes the place of virtual-interrupt delivery.
 * @shows sdm.boundary.nmi-window, sdm.boundary.window-or-virtual, sdm.boundary.window */
static void test_boundary__windows__lie_where_the_manual_says(void **state)
{
    (void)state;
    vtdpi_ctls_t nmi = posted_controls() | vtdpi_ctl_one(VTDPI_CTL_NMI_WINDOW_EXITING);
    uint32_t both = VTDPI_PENDING_PREEMPTION | VTDPI_PENDING_NMI;
    assert_int_equal(next(nmi, both, 0, ACTIVE, 0), VTDPI_NEXT_EXIT_PREEMPTION);
    assert_int_equal(next(nmi, VTDPI_PENDING_NMI, 0, ACTIVE, 0), VTDPI_NEXT_EXIT_NMI_WINDOW);
    assert_int_equal(next(nmi, 0, VTDPI_BLOCK_NMI, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(nmi, 0, VTDPI_BLOCK_MOV_SS, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(nmi, 0, VTDPI_BLOCK_STI, ACTIVE, 0), VTDPI_NEXT_EXIT_NMI_WINDOW);
    vtdpi_ctls_t window = posted_controls() | vtdpi_ctl_one(VTDPI_CTL_INTERRUPT_WINDOW_EXITING);
    uint32_t interrupts = VTDPI_PENDING_VIRTUAL | VTDPI_PENDING_EXTERNAL;
    assert_int_equal(next(window, interrupts, 0, ACTIVE, 1), VTDPI_NEXT_EXIT_WINDOW);
    assert_int_equal(next(window, interrupts, 0, ACTIVE, 0), VTDPI_NEXT_EXTERNAL);
    assert_int_equal(next(window, 0, VTDPI_BLOCK_STI, ACTIVE, 1), VTDPI_NEXT_NOTHING);
}

/* SDM 3C, "Virtual-Interrupt Delivery": needs IF, no STI and no MOV SS blocking; the external
 * interrupt below it needs neither.
 * @shows sdm.boundary.window, sdm.boundary.external-blocking */
static void test_boundary__virtual_interrupt__is_held_by_if_sti_and_mov_ss(void **state)
{
    (void)state;
    vtdpi_ctls_t set = posted_controls();
    uint32_t virtual_only = VTDPI_PENDING_VIRTUAL;
    assert_int_equal(next(set, virtual_only, 0, ACTIVE, 1), VTDPI_NEXT_VIRTUAL);
    assert_int_equal(next(set, virtual_only, 0, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(set, virtual_only, VTDPI_BLOCK_STI, ACTIVE, 1), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(set, virtual_only, VTDPI_BLOCK_MOV_SS, ACTIVE, 1), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(set, virtual_only, VTDPI_BLOCK_NMI, ACTIVE, 1), VTDPI_NEXT_VIRTUAL);
    uint32_t external = VTDPI_PENDING_EXTERNAL;
    assert_int_equal(next(set, external, VTDPI_BLOCK_STI, ACTIVE, 0), VTDPI_NEXT_EXTERNAL);
}

/* SDM 3C, "Event Blocking": whether STI and MOV SS hold an exiting external interrupt is the
 * implementation's; both ways.
 * @shows sdm.boundary.external-blocking */
static void test_boundary__hold_external__is_a_choice(void **state)
{
    (void)state;
    for (uint8_t hold = 0; hold < 2; hold++) {
        vtdpi_boundary_t facts = {.set = posted_controls(),
                                  .pending = VTDPI_PENDING_EXTERNAL,
                                  .interruptibility = VTDPI_BLOCK_STI,
                                  .rflags_if = 1,
                                  .hold_external = hold};
        assert_int_equal(vtdpi_boundary_next(&facts),
                         hold != 0 ? VTDPI_NEXT_NOTHING : VTDPI_NEXT_EXTERNAL);
        facts.interruptibility = 0;
        assert_int_equal(vtdpi_boundary_next(&facts), VTDPI_NEXT_EXTERNAL);
    }
}

/* SDM 3C, "Event Blocking", "VM Entry into an Inactive State": what each activity state lets
 * through, one event at a time.
 * @shows sdm.boundary.wakes, sdm.boundary.wait-for-sipi, sdm.boundary.init,
 * sdm.boundary.tpr-exit, sdm.boundary.preemption, sdm.boundary.nmi-window */
static void test_boundary__activity_states__let_through_by_the_manual(void **state)
{
    (void)state;

    static const struct {
        uint32_t pending;
        const char *through; /* active, HLT, shutdown, wait-for-SIPI, MWAIT */
    } rows[] = {
        {VTDPI_PENDING_TPR_EXIT, "11001"},   {VTDPI_PENDING_SMI, "11101"},
        {VTDPI_PENDING_INIT, "11101"},       {VTDPI_PENDING_SIPI, "11111"},
        {VTDPI_PENDING_PREEMPTION, "11101"}, {VTDPI_PENDING_NMI, "11101"},
        {VTDPI_PENDING_VIRTUAL, "11001"},    {VTDPI_PENDING_EXTERNAL, "11001"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned activity = ACTIVE; activity <= MWAIT; activity++) {
            vtdpi_next_t got = next(posted_controls(), rows[i].pending, 0, activity, 1);
            assert_int_equal(got != VTDPI_NEXT_NOTHING, rows[i].through[activity] == '1');
        }
    }
    vtdpi_ctls_t window = posted_controls() | vtdpi_ctl_one(VTDPI_CTL_INTERRUPT_WINDOW_EXITING);
    vtdpi_ctls_t nmi = posted_controls() | vtdpi_ctl_one(VTDPI_CTL_NMI_WINDOW_EXITING);
    for (unsigned activity = ACTIVE; activity <= MWAIT; activity++) {
        bool ends = activity != SHUTDOWN && activity != WAIT;
        assert_int_equal(next(window, 0, 0, activity, 1),
                         ends ? VTDPI_NEXT_EXIT_WINDOW : VTDPI_NEXT_NOTHING);
        assert_int_equal(next(nmi, 0, 0, activity, 1),
                         activity != WAIT ? VTDPI_NEXT_EXIT_NMI_WINDOW : VTDPI_NEXT_NOTHING);
    }
}

/* SDM 3C, "Other Causes of VM Exits": a start-up IPI exits from wait-for-SIPI and is dropped
 * elsewhere.
 * @shows sdm.boundary.sipi */
static void test_boundary__sipi__exits_from_wait_for_sipi_alone(void **state)
{
    (void)state;
    for (unsigned activity = ACTIVE; activity <= WAIT; activity++) {
        assert_int_equal(next(posted_controls(), VTDPI_PENDING_SIPI, 0, activity, 1),
                         activity == WAIT ? VTDPI_NEXT_EXIT_SIPI : VTDPI_NEXT_DISCARD_SIPI);
    }
}

/* SDM 3C, "Changes to Instruction Behavior in VMX Non-Root Operation", "NMI exiting", "virtual
 * NMIs": who holds an NMI.
 * @shows sdm.boundary.nmi, sdm.boundary.virtual-nmis, sdm.boundary.nmi-blocking,
 * sdm.boundary.smi */
static void test_boundary__nmi__is_held_by_the_blocking_that_is_its_own(void **state)
{
    (void)state;
    vtdpi_ctls_t exiting = vtdpi_ctl_one(VTDPI_CTL_NMI_EXITING);
    uint32_t nmi = VTDPI_PENDING_NMI;
    assert_int_equal(next(0, nmi, 0, ACTIVE, 0), VTDPI_NEXT_NMI);
    assert_int_equal(next(0, nmi, VTDPI_BLOCK_NMI, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(0, nmi, VTDPI_BLOCK_STI, ACTIVE, 1), VTDPI_NEXT_NMI);
    assert_int_equal(next(exiting, nmi, 0, HALTED, 0), VTDPI_NEXT_EXIT_NMI);
    assert_int_equal(next(exiting, nmi, VTDPI_BLOCK_NMI, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(posted_controls(), nmi, VTDPI_BLOCK_NMI, ACTIVE, 0), VTDPI_NEXT_EXIT_NMI);
    assert_int_equal(next(posted_controls(), nmi, VTDPI_BLOCK_MOV_SS, ACTIVE, 0),
                     VTDPI_NEXT_NOTHING);
    assert_int_equal(next(0, VTDPI_PENDING_SMI, VTDPI_BLOCK_SMI, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(0, VTDPI_PENDING_PREEMPTION, 0, ACTIVE, 0), VTDPI_NEXT_NOTHING);
}

/* SDM 3C, "External Interrupts": without exiting they go by IF and wake HLT by IF; with exiting,
 * acknowledged or not by control.
 * @shows sdm.boundary.external, sdm.boundary.acknowledge */
static void test_boundary__external__goes_by_its_controls(void **state)
{
    (void)state;
    vtdpi_ctls_t exiting = vtdpi_ctl_one(VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING);
    vtdpi_ctls_t acknowledged = exiting | vtdpi_ctl_one(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    uint32_t external = VTDPI_PENDING_EXTERNAL;
    for (unsigned activity = ACTIVE; activity <= HALTED; activity++) {
        assert_int_equal(next(0, external, 0, activity, 0), VTDPI_NEXT_NOTHING);
        assert_int_equal(next(0, external, 0, activity, 1), VTDPI_NEXT_EXTERNAL);
        assert_int_equal(next(exiting, external, 0, activity, 0), VTDPI_NEXT_EXIT_EXTERNAL);
        assert_int_equal(next(acknowledged, external, 0, activity, 0), VTDPI_NEXT_EXTERNAL);
    }
    assert_int_equal(next(0, external, VTDPI_BLOCK_STI, ACTIVE, 1), VTDPI_NEXT_NOTHING);
}

/* SDM 3C, "Posted-Interrupt Processing": PINV, and nothing else, starts it, and only under the
 * control.
 * @shows sdm.posted.vector, sdm.posted.not-exiting */
static void test_boundary__acknowledged_vector__is_compared_with_pinv(void **state)
{
    (void)state;
    vtdpi_ctls_t posted = posted_controls();
    vtdpi_ctls_t plain = posted & ~vtdpi_ctl_one(VTDPI_CTL_PROCESS_POSTED_INTERRUPTS);
    for (unsigned v = 0; v < 256; v++) {
        uint8_t vector = (uint8_t)v;
        assert_int_equal(vtdpi_boundary_external(posted, vector, 0xF2, true),
                         v == 0xF2 ? VTDPI_EXTERNAL_PROCESS : VTDPI_EXTERNAL_EXIT);
        assert_int_equal(vtdpi_boundary_external(posted, vector, 0x1F2, true), VTDPI_EXTERNAL_EXIT);
        assert_int_equal(vtdpi_boundary_external(plain, vector, 0xF2, true), VTDPI_EXTERNAL_EXIT);
        assert_int_equal(vtdpi_boundary_external(0, vector, 0xF2, false), VTDPI_EXTERNAL_IDT);
        assert_int_equal(vtdpi_boundary_external(0, vector, 0xF2, true), VTDPI_EXTERNAL_UINV);
    }
}

/* SDM 3A, "User-Interrupt Delivery": not held by STI, held by MOV SS, and only in the active state.
 * @shows sdm.boundary.user-interrupt */
static void test_boundary__user_interrupt__is_held_by_mov_ss_alone(void **state)
{
    (void)state;
    uint32_t user = VTDPI_PENDING_USER_INTERRUPT;
    assert_int_equal(next(0, user, VTDPI_BLOCK_STI, ACTIVE, 0), VTDPI_NEXT_USER_INTERRUPT);
    assert_int_equal(next(0, user, VTDPI_BLOCK_MOV_SS, ACTIVE, 0), VTDPI_NEXT_NOTHING);
    assert_int_equal(next(0, user, 0, HALTED, 0), VTDPI_NEXT_NOTHING);
}

/* SDM 3C, "Posted-Interrupt Processing": the notification vector in each state of a guest, with
 * RFLAGS.IF both ways: processed in active, HLT and MWAIT, held in shutdown and wait-for-SIPI; then
 * back in HLT unless a virtual interrupt is deliverable.
 * @shows sdm.posted.vector, sdm.posted.hlt, sdm.posted.mwait, sdm.boundary.wakes,
 * sdm.boundary.external */
static void test_boundary__notification__is_processed_by_state(void **state)
{
    (void)state;

    static const struct {
        vtdpi_activity_t before;
        bool processed;
        vtdpi_activity_t after;
        vtdpi_activity_t deliverable;
    } rows[] = {
        {VTDPI_ACTIVITY_ACTIVE, true, VTDPI_ACTIVITY_ACTIVE, VTDPI_ACTIVITY_ACTIVE},
        {VTDPI_ACTIVITY_HLT, true, VTDPI_ACTIVITY_HLT, VTDPI_ACTIVITY_ACTIVE},
        {VTDPI_ACTIVITY_MWAIT, true, VTDPI_ACTIVITY_ACTIVE, VTDPI_ACTIVITY_ACTIVE},
        {VTDPI_ACTIVITY_SHUTDOWN, false, 0, 0},
        {VTDPI_ACTIVITY_WAIT_FOR_SIPI, false, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint8_t rflags_if = 0; rflags_if < 2; rflags_if++) {
            vtdpi_next_t got =
                next(posted_controls(), VTDPI_PENDING_EXTERNAL, 0, rows[i].before, rflags_if);
            assert_int_equal(got, rows[i].processed ? VTDPI_NEXT_EXTERNAL : VTDPI_NEXT_NOTHING);
        }
        if (rows[i].processed) {
            vtdpi_external_t what = vtdpi_boundary_external(posted_controls(), 0xF2, 0xF2, false);
            assert_int_equal(vtdpi_boundary_external_activity(what, rows[i].before, false),
                             rows[i].after);
            assert_int_equal(vtdpi_boundary_external_activity(what, rows[i].before, true),
                             rows[i].deliverable);
        }
    }
}

/* SDM 3C, "Architectural State Before a VM Exit": an external interrupt that exits leaves HLT
 * saved, that of MWAIT is not; one that goes through the IDT, or to user interrupts, ends the halt.
 * @shows sdm.boundary.activity-exit, sdm.boundary.activity-delivered */
static void test_boundary__external__saves_or_ends_the_halt(void **state)
{
    (void)state;
    assert_int_equal(
        vtdpi_boundary_external_activity(VTDPI_EXTERNAL_EXIT, VTDPI_ACTIVITY_HLT, false),
        VTDPI_ACTIVITY_HLT);
    assert_int_equal(
        vtdpi_boundary_external_activity(VTDPI_EXTERNAL_EXIT, VTDPI_ACTIVITY_MWAIT, false),
        VTDPI_ACTIVITY_ACTIVE);
    assert_int_equal(
        vtdpi_boundary_external_activity(VTDPI_EXTERNAL_IDT, VTDPI_ACTIVITY_HLT, false),
        VTDPI_ACTIVITY_ACTIVE);
    assert_int_equal(
        vtdpi_boundary_external_activity(VTDPI_EXTERNAL_UINV, VTDPI_ACTIVITY_MWAIT, false),
        VTDPI_ACTIVITY_ACTIVE);
}

/* SDM 3D, "VMX Basic Exit Reasons"; SDM 3C, "Architectural State Before a VM Exit": each outcome,
 * its exit reason, and the activity state after it in HLT; exits save the state of MWAIT as active.
 * @shows sdm.boundary.reasons, sdm.boundary.activity-exit, sdm.boundary.activity-delivered */
static void test_boundary__each_outcome__has_a_reason_and_an_activity(void **state)
{
    (void)state;

    static const struct {
        vtdpi_next_t next;
        int reason;
        bool halted; /* HLT goes on, or is saved */
    } rows[] = {
        {VTDPI_NEXT_NOTHING, -1, true},
        {VTDPI_NEXT_APIC_WRITE, -1, true},
        {VTDPI_NEXT_EXIT_TPR, 43, true},
        {VTDPI_NEXT_SMI, -1, true},
        {VTDPI_NEXT_EXIT_INIT, 3, true},
        {VTDPI_NEXT_EXIT_SIPI, 4, true},
        {VTDPI_NEXT_DISCARD_SIPI, -1, true},
        {VTDPI_NEXT_EXIT_MTF, 37, true},
        {VTDPI_NEXT_DEBUG, -1, false},
        {VTDPI_NEXT_EXIT_PREEMPTION, 52, true},
        {VTDPI_NEXT_EXIT_NMI_WINDOW, 8, true},
        {VTDPI_NEXT_EXIT_NMI, 0, true},
        {VTDPI_NEXT_NMI, -1, false},
        {VTDPI_NEXT_EXIT_WINDOW, 7, true},
        {VTDPI_NEXT_VIRTUAL, -1, false},
        {VTDPI_NEXT_EXIT_EXTERNAL, 1, true},
        {VTDPI_NEXT_USER_INTERRUPT, -1, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(vtdpi_boundary_exit(rows[i].next), rows[i].reason);
        assert_int_equal(vtdpi_boundary_activity(rows[i].next, VTDPI_ACTIVITY_HLT),
                         rows[i].halted ? VTDPI_ACTIVITY_HLT : VTDPI_ACTIVITY_ACTIVE);
        bool waits = rows[i].halted && rows[i].reason < 0;
        assert_int_equal(vtdpi_boundary_activity(rows[i].next, VTDPI_ACTIVITY_MWAIT),
                         waits ? VTDPI_ACTIVITY_MWAIT : VTDPI_ACTIVITY_ACTIVE);
        assert_int_equal(vtdpi_boundary_activity(rows[i].next, VTDPI_ACTIVITY_ACTIVE),
                         VTDPI_ACTIVITY_ACTIVE);
    }
    assert_int_equal(vtdpi_boundary_exit(VTDPI_NEXT_EXTERNAL), -1);
}

/* SDM 3C, "APIC-Write Emulation", "VM Exits Induced by the TPR Threshold": neither IF nor blocking
 * holds them, nor the preemption timer's exit.
 * @shows sdm.boundary.apic-write, sdm.boundary.tpr-exit, sdm.boundary.preemption */
static void test_boundary__urgent_events__are_not_held_by_blocking(void **state)
{
    (void)state;
    uint32_t blocking = VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS | VTDPI_BLOCK_SMI | VTDPI_BLOCK_NMI;
    uint32_t smi_init = VTDPI_PENDING_SMI | VTDPI_PENDING_INIT;
    vtdpi_ctls_t set = posted_controls();
    assert_int_equal(next(set, VTDPI_PENDING_APIC_WRITE | smi_init, blocking, ACTIVE, 0),
                     VTDPI_NEXT_APIC_WRITE);
    assert_int_equal(next(set, VTDPI_PENDING_TPR_EXIT | smi_init, blocking, ACTIVE, 0),
                     VTDPI_NEXT_EXIT_TPR);
    assert_int_equal(next(set, VTDPI_PENDING_PREEMPTION, blocking, ACTIVE, 0),
                     VTDPI_NEXT_EXIT_PREEMPTION);
    assert_int_equal(next(set, VTDPI_PENDING_TPR_EXIT | smi_init, 0, SHUTDOWN, 0), VTDPI_NEXT_SMI);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundary__everything_pending__is_taken_in_the_manuals_order),
        cmocka_unit_test(test_boundary__windows__lie_where_the_manual_says),
        cmocka_unit_test(test_boundary__virtual_interrupt__is_held_by_if_sti_and_mov_ss),
        cmocka_unit_test(test_boundary__hold_external__is_a_choice),
        cmocka_unit_test(test_boundary__activity_states__let_through_by_the_manual),
        cmocka_unit_test(test_boundary__sipi__exits_from_wait_for_sipi_alone),
        cmocka_unit_test(test_boundary__nmi__is_held_by_the_blocking_that_is_its_own),
        cmocka_unit_test(test_boundary__external__goes_by_its_controls),
        cmocka_unit_test(test_boundary__acknowledged_vector__is_compared_with_pinv),
        cmocka_unit_test(test_boundary__user_interrupt__is_held_by_mov_ss_alone),
        cmocka_unit_test(test_boundary__notification__is_processed_by_state),
        cmocka_unit_test(test_boundary__external__saves_or_ends_the_halt),
        cmocka_unit_test(test_boundary__each_outcome__has_a_reason_and_an_activity),
        cmocka_unit_test(test_boundary__urgent_events__are_not_held_by_blocking),
    };
    return cmocka_run_group_tests_name("boundary", tests, NULL, NULL);
}
