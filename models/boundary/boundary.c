#include "vtdpi/boundary.h"

enum { BOUNDARY_STI_SS = VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS };

static bool boundary_has(const vtdpi_boundary_t *facts, uint32_t what)
{
    return (facts->pending & what) != 0;
}

/* Active, or halted in a way that interrupts and their windows end. */
static bool boundary_wakes(const vtdpi_boundary_t *facts)
{
    return facts->activity <= VTDPI_ACTIVITY_HLT;
}

bool vtdpi_boundary_window_open(const vtdpi_boundary_t *facts)
{
    return boundary_wakes(facts) && facts->rflags_if != 0 &&
           (facts->interruptibility & BOUNDARY_STI_SS) == 0;
}

/* "A start-up IPI counts in wait-for-SIPI alone; in every other state it is discarded." */
static vtdpi_next_t boundary_sipi(const vtdpi_boundary_t *facts)
{
    return facts->activity == VTDPI_ACTIVITY_WAIT_FOR_SIPI ? VTDPI_NEXT_EXIT_SIPI
                                                           : VTDPI_NEXT_DISCARD_SIPI;
}

/* From APIC-write emulation down to the monitor trap flag. */
static vtdpi_next_t boundary_urgent(const vtdpi_boundary_t *facts)
{
    if (boundary_has(facts, VTDPI_PENDING_APIC_WRITE)) {
        return VTDPI_NEXT_APIC_WRITE;
    }
    if (boundary_has(facts, VTDPI_PENDING_TPR_EXIT) && boundary_wakes(facts)) {
        return VTDPI_NEXT_EXIT_TPR;
    }
    if (boundary_has(facts, VTDPI_PENDING_SMI) &&
        (facts->interruptibility & VTDPI_BLOCK_SMI) == 0) {
        return VTDPI_NEXT_SMI;
    }
    if (boundary_has(facts, VTDPI_PENDING_INIT)) {
        return VTDPI_NEXT_EXIT_INIT;
    }
    return boundary_has(facts, VTDPI_PENDING_MTF) ? VTDPI_NEXT_EXIT_MTF : VTDPI_NEXT_NOTHING;
}

/* With virtual NMIs, blocking by NMI is of the virtual ones: real NMIs exit regardless. */
static bool boundary_nmi_open(const vtdpi_boundary_t *facts)
{
    uint32_t holds = VTDPI_BLOCK_MOV_SS;
    if (!vtdpi_ctl_virtual_nmis(facts->set)) {
        holds |= VTDPI_BLOCK_NMI;
    }
    return (facts->interruptibility & holds) == 0;
}

/* Debug traps, preemption timer, NMI window, NMI. */
static vtdpi_next_t boundary_middle(const vtdpi_boundary_t *facts)
{
    uint32_t nmi_window_holds = VTDPI_BLOCK_MOV_SS | VTDPI_BLOCK_NMI;
    if (boundary_has(facts, VTDPI_PENDING_DEBUG)) {
        return VTDPI_NEXT_DEBUG;
    }
    if (boundary_has(facts, VTDPI_PENDING_PREEMPTION) && vtdpi_ctl_preemption_timer(facts->set)) {
        return VTDPI_NEXT_EXIT_PREEMPTION;
    }
    if (vtdpi_ctl_nmi_window_exiting(facts->set) &&
        (facts->interruptibility & nmi_window_holds) == 0) {
        return VTDPI_NEXT_EXIT_NMI_WINDOW;
    }
    if (boundary_has(facts, VTDPI_PENDING_NMI) && boundary_nmi_open(facts)) {
        return vtdpi_ctl_nmi_exiting(facts->set) ? VTDPI_NEXT_EXIT_NMI : VTDPI_NEXT_NMI;
    }
    return VTDPI_NEXT_NOTHING;
}

/* "External-interrupt exiting: irrespective of RFLAGS.IF; else as on a CPU outside VMX operation."
 */
static vtdpi_next_t boundary_external(const vtdpi_boundary_t *facts)
{
    if (!vtdpi_ctl_external_interrupt_exiting(facts->set)) {
        return vtdpi_boundary_window_open(facts) ? VTDPI_NEXT_EXTERNAL : VTDPI_NEXT_NOTHING;
    }
    bool held = facts->hold_external != 0 && (facts->interruptibility & BOUNDARY_STI_SS) != 0;
    if (!boundary_wakes(facts) || held) {
        return VTDPI_NEXT_NOTHING;
    }
    return vtdpi_ctl_acknowledge_interrupt_on_exit(facts->set) ? VTDPI_NEXT_EXTERNAL
                                                               : VTDPI_NEXT_EXIT_EXTERNAL;
}

/* Interrupt window or virtual interrupt, external interrupt, user interrupt. */
static vtdpi_next_t boundary_interrupts(const vtdpi_boundary_t *facts)
{
    if (vtdpi_boundary_window_open(facts)) {
        if (vtdpi_ctl_interrupt_window_exiting(facts->set)) {
            return VTDPI_NEXT_EXIT_WINDOW;
        }
        if (boundary_has(facts, VTDPI_PENDING_VIRTUAL)) {
            return VTDPI_NEXT_VIRTUAL;
        }
    }
    if (boundary_has(facts, VTDPI_PENDING_EXTERNAL)) {
        vtdpi_next_t next = boundary_external(facts);
        if (next != VTDPI_NEXT_NOTHING) {
            return next;
        }
    }
    bool user = boundary_has(facts, VTDPI_PENDING_USER_INTERRUPT) &&
                facts->activity == VTDPI_ACTIVITY_ACTIVE &&
                (facts->interruptibility & VTDPI_BLOCK_MOV_SS) == 0;
    return user ? VTDPI_NEXT_USER_INTERRUPT : VTDPI_NEXT_NOTHING;
}

vtdpi_next_t vtdpi_boundary_next(const vtdpi_boundary_t *facts)
{
    VTDPI_ASSERT(facts->activity <= VTDPI_ACTIVITY_WAIT_FOR_SIPI);
    if (boundary_has(facts, VTDPI_PENDING_SIPI)) {
        return boundary_sipi(facts);
    }
    if (facts->activity == VTDPI_ACTIVITY_WAIT_FOR_SIPI) {
        return VTDPI_NEXT_NOTHING;
    }
    vtdpi_next_t next = boundary_urgent(facts);
    if (next == VTDPI_NEXT_NOTHING) {
        next = boundary_middle(facts);
    }
    return next != VTDPI_NEXT_NOTHING ? next : boundary_interrupts(facts);
}

vtdpi_external_t vtdpi_boundary_external(vtdpi_ctls_t set, uint8_t vector, uint16_t pinv,
                                         bool uinv_match)
{
    if (vtdpi_ctl_external_interrupt_exiting(set)) {
        bool posted = vtdpi_ctl_process_posted_interrupts(set) && vector == pinv;
        return posted ? VTDPI_EXTERNAL_PROCESS : VTDPI_EXTERNAL_EXIT;
    }
    return uinv_match ? VTDPI_EXTERNAL_UINV : VTDPI_EXTERNAL_IDT;
}
