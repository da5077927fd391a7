#include "vtdpi/boundary.h"

enum { BOUNDARY_STI_SS = VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS };

static bool boundary_has(const vtdpi_boundary_t *facts, uint32_t what)
{
    return (facts->pending & what) != 0;
}

/* @rule sdm.boundary.wakes | SDM 3C | Event Blocking | Interrupts, interrupt windows and exit 43
 * end HLT and MWAIT; shutdown and wait-for-SIPI hold them. */
static bool boundary_wakes(const vtdpi_boundary_t *facts)
{
    return facts->activity == VTDPI_ACTIVITY_ACTIVE || facts->activity == VTDPI_ACTIVITY_HLT ||
           facts->activity == VTDPI_ACTIVITY_MWAIT;
}

/* @rule sdm.boundary.window | SDM 3C | Interrupt-Window Exiting and Virtual-Interrupt Delivery |
 * The window, and delivery of a virtual interrupt, need RFLAGS.IF and neither blocking by STI nor
 * by MOV SS. */
bool vtdpi_boundary_window_open(const vtdpi_boundary_t *facts)
{
    return boundary_wakes(facts) && facts->rflags_if != 0 &&
           (facts->interruptibility & BOUNDARY_STI_SS) == 0;
}

/* @rule sdm.boundary.sipi | SDM 3C | Other Causes of VM Exits | A start-up IPI exits from
 * wait-for-SIPI alone; in every other activity state it is discarded. */
static vtdpi_next_t boundary_sipi(const vtdpi_boundary_t *facts)
{
    return facts->activity == VTDPI_ACTIVITY_WAIT_FOR_SIPI ? VTDPI_NEXT_EXIT_SIPI
                                                           : VTDPI_NEXT_DISCARD_SIPI;
}

/* From APIC-write emulation down to the monitor trap flag.
 *
 * @rule sdm.boundary.apic-write | SDM 3C | APIC-Write Emulation | APIC-write emulation and its
 * exits go before SMI, INIT and all that follows; IF, STI and MOV SS do not hold them.
 * @rule sdm.boundary.tpr-exit | SDM 3C | VM Exits Induced by the TPR Threshold | Exit 43 after
 * entry goes before SMI and INIT, is held by neither IF nor interruptibility, and is deferred while
 * the guest is in shutdown or wait-for-SIPI.
 * @rule sdm.boundary.smi | SDM 3A | Priority Among Concurrent Events | SMI goes before INIT, INIT
 * before the monitor trap flag; blocking by SMI holds an SMI.
 * @rule sdm.boundary.init | SDM 3C | Other Causes of VM Exits | INIT exits from every activity
 * state but wait-for-SIPI. */
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

/* @rule sdm.boundary.virtual-nmis | SDM 3C | Pin-Based VM-Execution Controls | With "virtual NMIs",
 * blocking by NMI is of the virtual ones: an NMI exits regardless.
 * @rule sdm.boundary.nmi-blocking | SDM 3C | Event Blocking | Choice: blocking by MOV SS holds
 * NMIs, blocking by STI does not. */
static bool boundary_nmi_open(const vtdpi_boundary_t *facts)
{
    uint32_t holds = VTDPI_BLOCK_MOV_SS;
    if (!vtdpi_ctl_virtual_nmis(facts->set)) {
        holds |= VTDPI_BLOCK_NMI;
    }
    return (facts->interruptibility & holds) == 0;
}

/* Debug traps, preemption timer, NMI window, NMI.
 *
 * @rule sdm.boundary.preemption | SDM 3C | VMX-Preemption Timer | The
 * timer's exit goes after debug traps and before the NMI window, is not held by IF or
 * interruptibility, and wakes HLT and shutdown.
 * @rule sdm.boundary.nmi-window | SDM 3C | NMI-Window Exiting | The NMI window goes before NMIs,
 * needs neither blocking by NMI nor by MOV SS, and wakes HLT and shutdown.
 * @rule sdm.boundary.nmi | SDM 3C | Pin-Based VM-Execution Controls | An NMI exits with "NMI
 * exiting", else goes through the guest's IDT. */
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

/* @rule sdm.boundary.external | SDM 3C | Event Blocking | With "external-interrupt exiting"
 * RFLAGS.IF does not hold an external interrupt; without, it goes as on a CPU outside VMX
 * operation.
 * @rule sdm.boundary.external-blocking | SDM 3C | Event Blocking | Choice: blocking by STI and by
 * MOV SS do not hold an external interrupt that exits or is processed (switch hold_external).
 * @rule sdm.boundary.acknowledge | SDM 3C | VM-Exit Controls | Without "acknowledge interrupt on
 * exit" exit 1 leaves the interrupt in the IRR. */
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

/* Interrupt window or virtual interrupt, external interrupt, user interrupt.
 *
 * @rule sdm.boundary.window-or-virtual | SDM 3C | Interrupt-Window Exiting and Virtual-Interrupt
 * Delivery | Virtual interrupts and the interrupt window have one place, below NMIs and above
 * external interrupts; which of the two it is, the control decides.
 * @rule sdm.boundary.user-interrupt | SDM 3A | User-Interrupt Delivery | A user interrupt goes
 * after external interrupts, and is held by MOV SS, not by STI. */
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

/* @rule sdm.boundary.wait-for-sipi | SDM 3C | Event Blocking | Wait-for-SIPI holds everything but
 * the start-up IPI. */
vtdpi_next_t vtdpi_boundary_next(const vtdpi_boundary_t *facts)
{
    VTDPI_ASSERT(facts->activity <= VTDPI_ACTIVITY_MWAIT);
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

/* @rule sdm.posted.vector | SDM 3C | Posted-Interrupt Processing | An acknowledged vector that
 * equals the notification vector starts posted-interrupt processing; any other exits with reason 1.
 * @rule sdm.posted.not-exiting | SDM 3A | User-Interrupt Notification Identification | Without
 * "external-interrupt exiting" the vector is compared with UINV, else goes through the IDT. */
vtdpi_external_t vtdpi_boundary_external(vtdpi_ctls_t set, uint8_t vector, uint16_t pinv,
                                         bool uinv_match)
{
    if (vtdpi_ctl_external_interrupt_exiting(set)) {
        bool posted = vtdpi_ctl_process_posted_interrupts(set) && vector == pinv;
        return posted ? VTDPI_EXTERNAL_PROCESS : VTDPI_EXTERNAL_EXIT;
    }
    return uinv_match ? VTDPI_EXTERNAL_UINV : VTDPI_EXTERNAL_IDT;
}

/* What an exit saves: the state before, which ends only after the exit; MWAIT's is never saved. */
static vtdpi_activity_t boundary_saved(vtdpi_activity_t activity)
{
    return activity == VTDPI_ACTIVITY_MWAIT ? VTDPI_ACTIVITY_ACTIVE : activity;
}

/* @rule sdm.boundary.activity-exit | SDM 3C | Architectural State Before a VM Exit | An exit by an
 * event saves the activity state in which the event came; the state of MWAIT is saved as active.
 * @rule sdm.boundary.activity-delivered | SDM 3C | Virtual-Interrupt Delivery | Delivery of an
 * event, a virtual interrupt too, ends in the active state. */
vtdpi_activity_t vtdpi_boundary_activity(vtdpi_next_t next, vtdpi_activity_t activity)
{
    VTDPI_ASSERT(next != VTDPI_NEXT_EXTERNAL);
    switch (next) {
    case VTDPI_NEXT_DEBUG:
    case VTDPI_NEXT_NMI:
    case VTDPI_NEXT_VIRTUAL:
    case VTDPI_NEXT_USER_INTERRUPT:
        return VTDPI_ACTIVITY_ACTIVE;
    case VTDPI_NEXT_EXIT_TPR:
    case VTDPI_NEXT_EXIT_INIT:
    case VTDPI_NEXT_EXIT_SIPI:
    case VTDPI_NEXT_EXIT_MTF:
    case VTDPI_NEXT_EXIT_PREEMPTION:
    case VTDPI_NEXT_EXIT_NMI_WINDOW:
    case VTDPI_NEXT_EXIT_NMI:
    case VTDPI_NEXT_EXIT_WINDOW:
    case VTDPI_NEXT_EXIT_EXTERNAL:
        return boundary_saved(activity);
    case VTDPI_NEXT_NOTHING:
    case VTDPI_NEXT_APIC_WRITE:
    case VTDPI_NEXT_SMI:
    case VTDPI_NEXT_DISCARD_SIPI:
    case VTDPI_NEXT_EXTERNAL:
    default:
        return activity;
    }
}

/* @rule sdm.posted.hlt | SDM 3C | Posted-Interrupt Processing | After posted-interrupt processing
 * in HLT the CPU is back in HLT; it wakes at once if a virtual interrupt was recognised and is
 * deliverable.
 * @rule sdm.posted.mwait | SDM 3C | Posted-Interrupt Processing | After posted-interrupt processing
 * in the state of MWAIT the CPU is active. */
vtdpi_activity_t vtdpi_boundary_external_activity(vtdpi_external_t external,
                                                  vtdpi_activity_t activity, bool deliverable)
{
    if (external == VTDPI_EXTERNAL_EXIT) {
        return boundary_saved(activity);
    }
    bool back = external == VTDPI_EXTERNAL_PROCESS && !deliverable;
    return back ? boundary_saved(activity) : VTDPI_ACTIVITY_ACTIVE;
}

/* Basic exit reasons. */
enum {

#define VTDPI_VMEXIT(number, NAME, name, kind, doc) BOUNDARY_EXIT_##NAME = (number),
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
};

/* @rule sdm.boundary.reasons | SDM 3D | VMX Basic Exit Reasons | 0 NMI, 1 external interrupt, 3
 * INIT, 4 start-up IPI, 7 interrupt window, 8 NMI window, 37 monitor trap flag, 43 TPR below
 * threshold, 52 preemption timer. */
int vtdpi_boundary_exit(vtdpi_next_t next)
{
    switch (next) {
    case VTDPI_NEXT_EXIT_TPR:
        return BOUNDARY_EXIT_TPR_BELOW_THRESHOLD;
    case VTDPI_NEXT_EXIT_INIT:
        return BOUNDARY_EXIT_INIT_SIGNAL;
    case VTDPI_NEXT_EXIT_SIPI:
        return BOUNDARY_EXIT_SIPI_SIGNAL;
    case VTDPI_NEXT_EXIT_MTF:
        return BOUNDARY_EXIT_MONITOR_TRAP_FLAG;
    case VTDPI_NEXT_EXIT_PREEMPTION:
        return BOUNDARY_EXIT_PREEMPTION_TIMER;
    case VTDPI_NEXT_EXIT_NMI_WINDOW:
        return BOUNDARY_EXIT_NMI_WINDOW;
    case VTDPI_NEXT_EXIT_NMI:
        return BOUNDARY_EXIT_EXCEPTION_NMI;
    case VTDPI_NEXT_EXIT_WINDOW:
        return BOUNDARY_EXIT_INTERRUPT_WINDOW;
    case VTDPI_NEXT_EXIT_EXTERNAL:
        return BOUNDARY_EXIT_EXTERNAL_INTERRUPT;
    case VTDPI_NEXT_NOTHING:
    case VTDPI_NEXT_APIC_WRITE:
    case VTDPI_NEXT_SMI:
    case VTDPI_NEXT_DISCARD_SIPI:
    case VTDPI_NEXT_DEBUG:
    case VTDPI_NEXT_NMI:
    case VTDPI_NEXT_VIRTUAL:
    case VTDPI_NEXT_EXTERNAL:
    case VTDPI_NEXT_USER_INTERRUPT:
    default:
        return -1;
    }
}
