#include "vtdpi/vmx.h"

/* Low address bits that alignment makes 0. */
enum {
    VMX_PAGE_LOW = 0xFFF,  /* 4 KiB pages */
    VMX_PID_LOW = 0x3F,    /* descriptors of 64 bytes */
    VMX_POINTER_LOW = 7,   /* PID-pointer table entries of 8 bytes */
    VMX_POINTER_BYTES = 8, /* the same */
    VMX_VECTOR_MAX = 0xFF, /* highest vector */
    VMX_CLASS_LOW = 4,     /* a vector's, or TPR's, priority class is its bits 7:4 */
    VMX_INTERRUPTIBILITY = VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS | VTDPI_BLOCK_SMI |
                           VTDPI_BLOCK_NMI | VTDPI_BLOCK_ENCLAVE
};

/* What the checks on controls look at. */
typedef struct {
    const vtdpi_vmcs_t *vmcs;
    vtdpi_ctls_t set;
    uint64_t beyond; /* address bits at or above the physical width */
    uint64_t vtpr;
} vmx_checked_t;

static bool vmx_address_ok(uint64_t addr, uint64_t low, uint64_t beyond)
{
    return (addr & (low | beyond)) == 0;
}

static uint32_t vmx_threshold(const vtdpi_vmcs_t *vmcs)
{
    uint64_t word = vmcs->tpr_threshold;
    return (uint32_t)VTDPI_GET(TPR_THRESHOLD, VALUE, &word);
}

/* @rule sdm.entry.needs-tpr-shadow | SDM 3C | VM-Execution Control Fields | Without "use TPR
 * shadow", "virtualize x2APIC mode", "APIC-register virtualization" and "virtual-interrupt
 * delivery" must be 0.
 * @rule sdm.entry.ipi-needs-tpr-shadow | SDM 3C | VM-Execution Control Fields | "IPI
 * virtualization" needs "use TPR shadow". */
static bool vmx_tpr_shadow_ok(vtdpi_ctls_t set)
{
    return vtdpi_ctl_tpr_shadow(set) ||
           (!vtdpi_ctl_virtualize_x2apic_mode(set) &&
            !vtdpi_ctl_apic_register_virtualization(set) &&
            !vtdpi_ctl_virtual_interrupt_delivery(set) && !vtdpi_ctl_ipi_virtualization(set));
}

/* @rule sdm.entry.threshold-above-vtpr | SDM 3C | VM-Execution Control Fields | With "use TPR
 * shadow", without "virtualize APIC accesses" and "virtual-interrupt delivery", TPR threshold[3:0]
 * is at most VTPR[7:4]. */
static bool vmx_threshold_ok(const vmx_checked_t *c)
{
    bool applies = vtdpi_ctl_tpr_shadow(c->set) && !vtdpi_ctl_virtualize_apic_accesses(c->set) &&
                   !vtdpi_ctl_virtual_interrupt_delivery(c->set);
    return !applies || vmx_threshold(c->vmcs) <= c->vtpr >> VMX_CLASS_LOW;
}

/* @rule sdm.entry.threshold-reserved | SDM 3C | VM-Execution Control Fields | With "use TPR shadow"
 * and without "virtual-interrupt delivery", TPR threshold[31:4] is 0. */
static bool vmx_threshold_reserved_ok(const vmx_checked_t *c)
{
    return !vtdpi_ctl_tpr_shadow(c->set) || vtdpi_ctl_virtual_interrupt_delivery(c->set) ||
           vmx_threshold(c->vmcs) == c->vmcs->tpr_threshold;
}

/* @rule sdm.entry.pid-table | SDM 3C | VM-Execution Control Fields | With "IPI virtualization" the
 * PID-pointer table is 8-byte aligned, and its base and last entry lie within the physical width.
 */
static bool vmx_pid_table_ok(const vmx_checked_t *c)
{
    uint64_t last = c->vmcs->pid_table_addr + VMX_POINTER_BYTES * (uint64_t)c->vmcs->last_pid_index;
    return !vtdpi_ctl_ipi_virtualization(c->set) ||
           (vmx_address_ok(c->vmcs->pid_table_addr, VMX_POINTER_LOW, c->beyond) &&
            (last & c->beyond) == 0);
}

/* @rule sdm.entry.posted-needs-delivery | SDM 3C | VM-Execution Control Fields | "Process posted
 * interrupts" needs "virtual-interrupt delivery".
 * @rule sdm.entry.posted-needs-acknowledge | SDM 3C | VM-Execution Control Fields | "Process posted
 * interrupts" needs "acknowledge interrupt on exit".
 * @rule sdm.entry.pinv | SDM 3C | VM-Execution Control Fields | Bits 15:8 of the notification
 * vector are 0; vectors 0 to 15 pass.
 * @rule sdm.entry.pid-addr | SDM 3C | VM-Execution Control Fields | The descriptor's address is
 * 64-byte aligned and within the physical width. */
static bool vmx_posted_holds(const vmx_checked_t *c, vtdpi_check_t check)
{
    if (!vtdpi_ctl_process_posted_interrupts(c->set)) {
        return true;
    }
    if (check == VTDPI_CHECK_POSTED_NEEDS_DELIVERY) {
        return vtdpi_ctl_virtual_interrupt_delivery(c->set);
    }
    if (check == VTDPI_CHECK_POSTED_NEEDS_ACKNOWLEDGE) {
        return vtdpi_ctl_acknowledge_interrupt_on_exit(c->set);
    }
    if (check == VTDPI_CHECK_PINV_RANGE) {
        return c->vmcs->pinv <= VMX_VECTOR_MAX;
    }
    VTDPI_ASSERT(check == VTDPI_CHECK_PID_ADDR);
    return vmx_address_ok(c->vmcs->pid_addr, VMX_PID_LOW, c->beyond);
}

/* @rule sdm.entry.error-code | SDM 3C | VM-Entry Control Fields | An injected error code has 0 in
 * bits 31:16. */
static bool vmx_entry_error_code_ok(const vtdpi_vmcs_t *vmcs)
{
    uint64_t info = vmcs->entry_intr_info;
    return VTDPI_GET(INTR_INFO, VALID, &info) == 0 ||
           VTDPI_GET(INTR_INFO, ERROR_VALID, &info) == 0 || vmcs->entry_error_code <= UINT16_MAX;
}

/* @rule sdm.entry.length | SDM 3C | VM-Entry Control Fields | The instruction length that goes with
 * a software interrupt, a software exception or a privileged one is at most 15. */
static bool vmx_entry_length_ok(const vtdpi_vmcs_t *vmcs)
{
    enum { LENGTH_MAX = 15 };

    uint64_t info = vmcs->entry_intr_info;
    uint64_t type = VTDPI_GET(INTR_INFO, TYPE, &info);
    bool software = VTDPI_GET(INTR_INFO, VALID, &info) != 0 && type >= VTDPI_INTR_SOFT_INT &&
                    type <= VTDPI_INTR_SOFT_EXCEPTION;
    return !software || vmcs->entry_length <= LENGTH_MAX;
}

/* @rule sdm.entry.virtual-nmis | SDM 3C | VM-Execution Control Fields | "Virtual NMIs" needs "NMI
 * exiting".
 * @rule sdm.entry.nmi-window | SDM 3C | VM-Execution Control Fields | "NMI-window exiting" needs
 * "virtual NMIs".
 * @rule sdm.entry.virtual-apic-addr | SDM 3C | VM-Execution Control Fields | With "use TPR shadow"
 * the virtual-APIC address is 4 KiB aligned and within the physical width.
 * @rule sdm.entry.apic-access-addr | SDM 3C | VM-Execution Control Fields | With "virtualize APIC
 * accesses" the APIC-access address is 4 KiB aligned and within the physical width.
 * @rule sdm.entry.x2apic-or-accesses | SDM 3C | VM-Execution Control Fields | "Virtualize x2APIC
 * mode" excludes "virtualize APIC accesses".
 * @rule sdm.entry.delivery-needs-exiting | SDM 3C | VM-Execution Control Fields |
 * "Virtual-interrupt delivery" needs "external-interrupt exiting".
 * @rule sdm.entry.save-timer | SDM 3C | VM-Exit Control Fields | "Save VMX-preemption timer value"
 * needs "activate VMX-preemption timer". */
static bool vmx_control_holds(const vmx_checked_t *c, unsigned check)
{
    vtdpi_ctls_t set = c->set;
    switch (check) {
    case VTDPI_CHECK_VIRTUAL_NMIS_NEED_NMI_EXITING:
        return vtdpi_ctl_nmi_exiting(set) || !vtdpi_ctl_virtual_nmis(set);
    case VTDPI_CHECK_NMI_WINDOW_NEEDS_VIRTUAL_NMIS:
        return vtdpi_ctl_virtual_nmis(set) || !vtdpi_ctl_nmi_window_exiting(set);
    case VTDPI_CHECK_VIRTUAL_APIC_ADDR:
        return !vtdpi_ctl_tpr_shadow(set) ||
               vmx_address_ok(c->vmcs->virtual_apic_addr, VMX_PAGE_LOW, c->beyond);
    case VTDPI_CHECK_TPR_THRESHOLD_RESERVED:
        return vmx_threshold_reserved_ok(c);
    case VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR:
        return vmx_threshold_ok(c);
    case VTDPI_CHECK_NEEDS_TPR_SHADOW:
        return vmx_tpr_shadow_ok(set);
    case VTDPI_CHECK_APIC_ACCESS_ADDR:
        return !vtdpi_ctl_virtualize_apic_accesses(set) ||
               vmx_address_ok(c->vmcs->apic_access_addr, VMX_PAGE_LOW, c->beyond);
    case VTDPI_CHECK_X2APIC_AND_APIC_ACCESSES:
        return !vtdpi_ctl_virtualize_x2apic_mode(set) || !vtdpi_ctl_virtualize_apic_accesses(set);
    case VTDPI_CHECK_DELIVERY_NEEDS_EXITING:
        return !vtdpi_ctl_virtual_interrupt_delivery(set) ||
               vtdpi_ctl_external_interrupt_exiting(set);
    case VTDPI_CHECK_PID_TABLE_ADDR:
        return vmx_pid_table_ok(c);
    case VTDPI_CHECK_SAVE_NEEDS_PREEMPTION_TIMER:
        return !vtdpi_ctl_save_preemption_timer(set) || vtdpi_ctl_preemption_timer(set);
    case VTDPI_CHECK_ENTRY_INTR_INFO:
        return vtdpi_intr_info_legal(c->vmcs->entry_intr_info);
    case VTDPI_CHECK_ENTRY_ERROR_CODE:
        return vmx_entry_error_code_ok(c->vmcs);
    case VTDPI_CHECK_ENTRY_LENGTH:
        return vmx_entry_length_ok(c->vmcs);
    default:
        return vmx_posted_holds(c, (vtdpi_check_t)check);
    }
}

vtdpi_check_t vtdpi_vmx_check_controls(const vtdpi_vmcs_t *vmcs, unsigned width, uint8_t vtpr)
{
    vmx_checked_t c = {
        .vmcs = vmcs, .set = vtdpi_vmcs_controls(vmcs), .beyond = ~vtdpi_mask(width), .vtpr = vtpr};
    for (unsigned check = VTDPI_CHECK_NONE + 1; check < VTDPI_CHECK_GUEST_UINV; check++) {
        if (!vmx_control_holds(&c, check)) {
            return (vtdpi_check_t)check;
        }
    }
    return VTDPI_CHECK_NONE;
}

/* @rule sdm.entry.inject-by-activity | SDM 3C | Checks on Guest Non-Register State | Injected into
 * the active state: any event; into HLT: external interrupt, NMI, #DB, #MC, pending MTF; into
 * shutdown: NMI and #MC; into wait-for-SIPI: none. */
static bool vmx_injection_fits(uint32_t activity, unsigned type, unsigned vector)
{
    enum { DB = 1, MC = 18, MTF = 0 };

    bool exception = type == VTDPI_INTR_EXCEPTION;
    bool nmi_or_mc = type == VTDPI_INTR_NMI || (exception && vector == MC);
    if (activity == VTDPI_ACTIVITY_ACTIVE) {
        return true;
    }
    if (activity == VTDPI_ACTIVITY_HLT) {
        return nmi_or_mc || type == VTDPI_INTR_EXTERNAL || (exception && vector == DB) ||
               (type == VTDPI_INTR_OTHER && vector == MTF);
    }
    return activity == VTDPI_ACTIVITY_SHUTDOWN && nmi_or_mc;
}

/* What is injected: a type, or -1. */
static int vmx_injected_type(const vtdpi_vmcs_t *vmcs)
{
    uint64_t info = vmcs->entry_intr_info;
    return VTDPI_GET(INTR_INFO, VALID, &info) != 0 ? (int)VTDPI_GET(INTR_INFO, TYPE, &info) : -1;
}

static bool vmx_injection_ok(const vtdpi_vmcs_t *vmcs)
{
    int type = vmx_injected_type(vmcs);
    uint64_t info = vmcs->entry_intr_info;
    return type < 0 || vmx_injection_fits(vmcs->activity, (unsigned)type,
                                          (unsigned)VTDPI_GET(INTR_INFO, VECTOR, &info));
}

static bool vmx_if(const vtdpi_vmcs_t *vmcs)
{
    return VTDPI_GET(RFLAGS, IF, &vmcs->rflags) != 0;
}

/* @rule sdm.entry.inject-needs-if | SDM 3C | Checks on Guest Non-Register State | An injected
 * external interrupt needs RFLAGS.IF.
 * @rule sdm.entry.inject-unblocked | SDM 3C | Checks on Guest Non-Register State | An injected
 * external interrupt excludes blocking by STI and by MOV SS.
 * @rule sdm.entry.inject-nmi | SDM 3C | Checks on Guest Non-Register State | An injected NMI
 * excludes blocking by MOV SS.
 * @rule sdm.entry.inject-virtual-nmi | SDM 3C | Checks on Guest Non-Register State | With "virtual
 * NMIs" an injected NMI excludes blocking by NMI. */
static bool vmx_injected_holds(const vtdpi_vmcs_t *vmcs, unsigned check)
{
    uint32_t blocking = vmcs->interruptibility;
    int type = vmx_injected_type(vmcs);
    switch (check) {
    case VTDPI_CHECK_INJECTED_INTERRUPT_NEEDS_IF:
        return type != VTDPI_INTR_EXTERNAL || vmx_if(vmcs);
    case VTDPI_CHECK_INJECTED_INTERRUPT_BLOCKED:
        return type != VTDPI_INTR_EXTERNAL ||
               (blocking & (VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS)) == 0;
    case VTDPI_CHECK_INJECTED_NMI_BLOCKED:
        return type != VTDPI_INTR_NMI || (blocking & VTDPI_BLOCK_MOV_SS) == 0;
    default:
        return type != VTDPI_INTR_NMI || !vtdpi_ctl_virtual_nmis(vtdpi_vmcs_controls(vmcs)) ||
               (blocking & VTDPI_BLOCK_NMI) == 0;
    }
}

static bool vmx_hlt_ok(const vtdpi_vmcs_t *vmcs)
{
    uint64_t rights = vmcs->ss_access_rights;
    return vmcs->activity != VTDPI_ACTIVITY_HLT || VTDPI_GET(SS_RIGHTS, DPL, &rights) == 0;
}

/* @rule sdm.entry.uinv | SDM 3C | Checks on Guest Control Registers, Debug Registers, and MSRs |
 * With "load UINV" bits 15:8 of the guest UINV field are 0. */
static bool vmx_uinv_ok(const vtdpi_vmcs_t *vmcs)
{
    return !vtdpi_ctl_load_uinv(vtdpi_vmcs_controls(vmcs)) || vmcs->guest_uinv <= VMX_VECTOR_MAX;
}

/* @rule sdm.entry.activity-range | SDM 3C | Checks on Guest Non-Register State | The activity state
 * is active, HLT, shutdown or wait-for-SIPI.
 * @rule sdm.entry.hlt-dpl | SDM 3C | Checks on Guest Non-Register State | HLT needs SS.DPL 0.
 * @rule sdm.entry.blocking-needs-active | SDM 3C | Checks on Guest Non-Register State | Blocking by
 * STI or by MOV SS needs the active state.
 * @rule sdm.entry.interruptibility-reserved | SDM 3C | Checks on Guest Non-Register State |
 * Reserved bits of the interruptibility state are 0.
 * @rule sdm.entry.sti-or-mov-ss | SDM 3C | Checks on Guest Non-Register State | Blocking by STI and
 * blocking by MOV SS exclude each other.
 * @rule sdm.entry.sti-needs-if | SDM 3C | Checks on Guest Non-Register State | Blocking by STI
 * needs RFLAGS.IF. */
static bool vmx_guest_holds(const vtdpi_vmcs_t *vmcs, unsigned check)
{
    uint32_t blocking = vmcs->interruptibility;
    uint32_t sti_ss = blocking & (VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS);
    switch (check) {
    case VTDPI_CHECK_GUEST_UINV:
        return vmx_uinv_ok(vmcs);
    case VTDPI_CHECK_ACTIVITY_RANGE:
        return vmcs->activity <= VTDPI_ACTIVITY_WAIT_FOR_SIPI;
    case VTDPI_CHECK_HLT_NEEDS_DPL0:
        return vmx_hlt_ok(vmcs);
    case VTDPI_CHECK_BLOCKING_NEEDS_ACTIVE:
        return sti_ss == 0 || vmcs->activity == VTDPI_ACTIVITY_ACTIVE;
    case VTDPI_CHECK_INJECTION_BY_ACTIVITY:
        return vmx_injection_ok(vmcs);
    case VTDPI_CHECK_INTERRUPTIBILITY_RESERVED:
        return (blocking & ~(uint32_t)VMX_INTERRUPTIBILITY) == 0;
    case VTDPI_CHECK_STI_AND_MOV_SS:
        return sti_ss != (VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS);
    case VTDPI_CHECK_STI_NEEDS_IF:
        return (blocking & VTDPI_BLOCK_STI) == 0 || vmx_if(vmcs);
    default:
        return vmx_injected_holds(vmcs, check);
    }
}

vtdpi_check_t vtdpi_vmx_check_guest(const vtdpi_vmcs_t *vmcs)
{
    for (unsigned check = VTDPI_CHECK_GUEST_UINV; check < VTDPI_CHECKS; check++) {
        if (!vmx_guest_holds(vmcs, check)) {
            return (vtdpi_check_t)check;
        }
    }
    return VTDPI_CHECK_NONE;
}

/* @rule sdm.entry.activity-after | SDM 3C | Activity State | An entry that injects an event of
 * types 0 to 6 ends in the active state, whatever the activity field says. */
vtdpi_activity_t vtdpi_vmx_entry_activity(const vtdpi_vmcs_t *vmcs)
{
    int type = vmx_injected_type(vmcs);
    bool event = type >= 0 && type != VTDPI_INTR_OTHER;
    return event ? VTDPI_ACTIVITY_ACTIVE : (vtdpi_activity_t)vmcs->activity;
}

/* @rule sdm.entry.pending-mtf | SDM 3C | Injection of Pending MTF VM Exits | An injected event of
 * type 7 makes a monitor trap flag exit pending. */
bool vtdpi_vmx_entry_mtf(const vtdpi_vmcs_t *vmcs)
{
    return vmx_injected_type(vmcs) == VTDPI_INTR_OTHER;
}

/* @rule sdm.entry.tpr-exit | SDM 3C | VM Exits Induced by the TPR Threshold | With "virtualize APIC
 * accesses" and without "virtual-interrupt delivery", exit 43 follows an entry with TPR
 * threshold[3:0] above VTPR[7:4]. */
bool vtdpi_vmx_entry_tpr_exit(const vtdpi_vmcs_t *vmcs, uint8_t vtpr)
{
    vtdpi_ctls_t set = vtdpi_vmcs_controls(vmcs);
    return vtdpi_ctl_tpr_shadow(set) && vtdpi_ctl_virtualize_apic_accesses(set) &&
           !vtdpi_ctl_virtual_interrupt_delivery(set) &&
           vmx_threshold(vmcs) > (uint32_t)(vtpr >> VMX_CLASS_LOW);
}
