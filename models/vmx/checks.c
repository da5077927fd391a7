#include "vtdpi/vmx.h"

/* What the checks on controls look at. */
typedef struct {
    const vtdpi_vmcs_t *vmcs;
    vtdpi_ctls_t set;
    uint64_t beyond; /* address bits at or above the physical width */
    uint8_t vtpr;
    uint8_t pad_[7];
} vmx_checked_t;

static bool vmx_address_ok(uint64_t addr, uint64_t low, uint64_t beyond)
{
    return (addr & (low | beyond)) == 0;
}

/* "Without use TPR shadow, these must be 0." */
static bool vmx_tpr_shadow_ok(vtdpi_ctls_t set)
{
    return vtdpi_ctl_tpr_shadow(set) ||
           (!vtdpi_ctl_virtualize_x2apic_mode(set) &&
            !vtdpi_ctl_apic_register_virtualization(set) &&
            !vtdpi_ctl_virtual_interrupt_delivery(set) && !vtdpi_ctl_ipi_virtualization(set));
}

/* "Threshold[3:0] is at most VTPR[7:4]" unless APIC accesses or delivery are virtualised. */
static bool vmx_threshold_ok(const vmx_checked_t *c)
{
    bool applies = vtdpi_ctl_tpr_shadow(c->set) && !vtdpi_ctl_virtualize_apic_accesses(c->set) &&
                   !vtdpi_ctl_virtual_interrupt_delivery(c->set);
    return !applies || (c->vmcs->tpr_threshold & 0xFU) <= (uint32_t)(c->vtpr >> 4);
}

/* "The table's base and its last entry lie within the physical width." */
static bool vmx_pid_table_ok(const vmx_checked_t *c)
{
    uint64_t last = c->vmcs->pid_table_addr + 8U * (uint64_t)c->vmcs->last_pid_index;
    return !vtdpi_ctl_ipi_virtualization(c->set) ||
           (vmx_address_ok(c->vmcs->pid_table_addr, 7, c->beyond) && (last & c->beyond) == 0);
}

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
        return c->vmcs->pinv <= 0xFF;
    }
    return vmx_address_ok(c->vmcs->pid_addr, 0x3F, c->beyond);
}

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
               vmx_address_ok(c->vmcs->virtual_apic_addr, 0xFFF, c->beyond);
    case VTDPI_CHECK_TPR_THRESHOLD_RESERVED:
        return !vtdpi_ctl_tpr_shadow(set) || vtdpi_ctl_virtual_interrupt_delivery(set) ||
               c->vmcs->tpr_threshold <= 0xF;
    case VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR:
        return vmx_threshold_ok(c);
    case VTDPI_CHECK_NEEDS_TPR_SHADOW:
        return vmx_tpr_shadow_ok(set);
    case VTDPI_CHECK_APIC_ACCESS_ADDR:
        return !vtdpi_ctl_virtualize_apic_accesses(set) ||
               vmx_address_ok(c->vmcs->apic_access_addr, 0xFFF, c->beyond);
    case VTDPI_CHECK_X2APIC_AND_APIC_ACCESSES:
        return !vtdpi_ctl_virtualize_x2apic_mode(set) || !vtdpi_ctl_virtualize_apic_accesses(set);
    case VTDPI_CHECK_DELIVERY_NEEDS_EXITING:
        return !vtdpi_ctl_virtual_interrupt_delivery(set) ||
               vtdpi_ctl_external_interrupt_exiting(set);
    case VTDPI_CHECK_PID_TABLE_ADDR:
        return vmx_pid_table_ok(c);
    case VTDPI_CHECK_ENTRY_INTR_INFO:
        return vtdpi_intr_info_legal(c->vmcs->entry_intr_info);
    default:
        return vmx_posted_holds(c, (vtdpi_check_t)check);
    }
}

vtdpi_check_t vtdpi_vmx_check_controls(const vtdpi_vmcs_t *vmcs, unsigned width, uint8_t vtpr)
{
    vmx_checked_t c = {
        .vmcs = vmcs, .set = vtdpi_vmcs_controls(vmcs), .beyond = ~vtdpi_mask(width), .vtpr = vtpr};
    for (unsigned check = VTDPI_CHECK_NONE + 1; check < VTDPI_CHECK_ACTIVITY_RANGE; check++) {
        if (!vmx_control_holds(&c, check)) {
            return (vtdpi_check_t)check;
        }
    }
    return VTDPI_CHECK_NONE;
}

/* "Active: any; HLT: external interrupt, NMI, #DB, #MC, pending MTF; shutdown: NMI and #MC;
 * wait-for-SIPI: none." */
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
    return type < 0 ||
           vmx_injection_fits(vmcs->activity, (unsigned)type, vmcs->entry_intr_info & 0xFFU);
}

static bool vmx_if(const vtdpi_vmcs_t *vmcs)
{
    return VTDPI_GET(RFLAGS, IF, &vmcs->rflags) != 0;
}

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

static bool vmx_guest_holds(const vtdpi_vmcs_t *vmcs, unsigned check)
{
    uint32_t blocking = vmcs->interruptibility;
    uint32_t sti_ss = blocking & (VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS);
    switch (check) {
    case VTDPI_CHECK_ACTIVITY_RANGE:
        return vmcs->activity <= VTDPI_ACTIVITY_WAIT_FOR_SIPI;
    case VTDPI_CHECK_HLT_NEEDS_DPL0:
        return vmcs->activity != VTDPI_ACTIVITY_HLT || (vmcs->ss_access_rights >> 5 & 3U) == 0;
    case VTDPI_CHECK_BLOCKING_NEEDS_ACTIVE:
        return sti_ss == 0 || vmcs->activity == VTDPI_ACTIVITY_ACTIVE;
    case VTDPI_CHECK_INJECTION_BY_ACTIVITY:
        return vmx_injection_ok(vmcs);
    case VTDPI_CHECK_INTERRUPTIBILITY_RESERVED:
        return blocking >> 5 == 0;
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
    for (unsigned check = VTDPI_CHECK_ACTIVITY_RANGE; check < VTDPI_CHECKS; check++) {
        if (!vmx_guest_holds(vmcs, check)) {
            return (vtdpi_check_t)check;
        }
    }
    return VTDPI_CHECK_NONE;
}

vtdpi_activity_t vtdpi_vmx_entry_activity(const vtdpi_vmcs_t *vmcs)
{
    int type = vmx_injected_type(vmcs);
    bool event = type >= 0 && type != VTDPI_INTR_OTHER;
    return event ? VTDPI_ACTIVITY_ACTIVE : (vtdpi_activity_t)vmcs->activity;
}

bool vtdpi_vmx_entry_tpr_exit(const vtdpi_vmcs_t *vmcs, uint8_t vtpr)
{
    vtdpi_ctls_t set = vtdpi_vmcs_controls(vmcs);
    return vtdpi_ctl_tpr_shadow(set) && vtdpi_ctl_virtualize_apic_accesses(set) &&
           !vtdpi_ctl_virtual_interrupt_delivery(set) &&
           (vmcs->tpr_threshold & 0xFU) > (uint32_t)(vtpr >> 4);
}
