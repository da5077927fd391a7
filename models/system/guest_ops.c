/*
 * What guest instructions do: with APIC virtualization, or by VM exit.
 *
 * An instruction that exits is emulated by the hypervisor and skipped: the model retires it at the
 * exit and leaves in exit_reg what it was about. Spec: SDM 3C, "Virtualizing MSR-Based APIC
 * Accesses", "Virtualizing Memory-Mapped APIC Accesses".
 */
#include "vtdpi/lapic_access.h"

#include "internal.h"

#include <string.h>

/* ICR: where the destination stands, and the self shorthand. */
enum { ICR_DEST_XAPIC_LOW = 56, ICR_DEST_X2APIC_LOW = 32, ICR_SELF = 1 << 18 };

/* The instruction exits with [reason]; its registers are [reg] and [value]. */
static void guest_exit(vtdpi_system_t *sys, uint32_t c, unsigned reason, uint64_t qualification,
                       uint64_t reg, uint64_t value)
{
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    guest->exit_reg[0] = reg;
    guest->exit_reg[1] = value;
    vtdpi_sys_advance(sys, c, vtdpi_sys_guest_stack(sys, sys->cpus[c].vcpu), vtdpi_sys_result(0));
    vtdpi_sys_microcode(sys, c, VTDPI_FN_uc_exit, reason, qualification, 0);
}

static void guest_eoi(vtdpi_system_t *sys, uint32_t c)
{
    uint32_t v = sys->cpus[c].vcpu;
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    uint64_t visr[VTDPI_VECTOR_WORDS];
    vtdpi_sys_get_set(sys, v, VTDPI_VL_VISR_LOW, visr);
    uint8_t vtpr = (uint8_t)vtdpi_sys_reg(sys, v, VTDPI_VAPIC_VTPR);
    vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&guest->vapic, visr, vtpr, guest->vmcs.eoi_exit);
    vtdpi_sys_put_set_word(sys, v, VTDPI_VL_VISR_LOW, step.vector >> 6, visr[step.vector >> 6]);
    vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VPPR, step.vppr);
    vtdpi_sys_see(sys, VTDPI_EV_virtual_eoi, c, v, step.vector, step.exit, 0);
    if (step.exit) {
        guest_exit(sys, c, VTDPI_EXIT_EOI_INDUCED, step.vector, 0, step.vector);
        return;
    }
    vtdpi_sys_evaluate(sys, c, v);
}

static void guest_self_ipi(vtdpi_system_t *sys, uint32_t c, uint8_t vector)
{
    uint32_t v = sys->cpus[c].vcpu;
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    uint64_t virr[VTDPI_VECTOR_WORDS];
    vtdpi_sys_get_set(sys, v, VTDPI_VL_VIRR_LOW, virr);
    vtdpi_vapic_self_ipi(&guest->vapic, virr, vector);
    vtdpi_sys_put_set_word(sys, v, VTDPI_VL_VIRR_LOW, vector >> 6, virr[vector >> 6]);
    vtdpi_sys_evaluate(sys, c, v);
}

/* Returns true if the instruction exited. */
static bool guest_tpr(vtdpi_system_t *sys, uint32_t c, uint8_t value)
{
    uint32_t v = sys->cpus[c].vcpu;
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VTPR, value);
    if (vtdpi_ctl_virtual_interrupt_delivery(guest->controls)) {
        vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VPPR, vtdpi_vapic_ppr(value, guest->vapic.svi));
        vtdpi_sys_evaluate(sys, c, v);
        return false;
    }
    if (vtdpi_vapic_tpr_below(value, guest->vmcs.tpr_threshold)) {
        guest_exit(sys, c, VTDPI_EXIT_TPR_BELOW_THRESHOLD, 0, VTDPI_VAPIC_VTPR, value);
        return true;
    }
    return false;
}

/* The CPU posts the IPI itself. The instruction is done whatever comes of it: an exit is a trap. */
static void guest_ipi(vtdpi_system_t *sys, uint32_t c, uint8_t vector, uint64_t reg, uint64_t icr)
{
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    guest->exit_reg[0] = reg;
    guest->exit_reg[1] = icr;
    vtdpi_sys_put_icr(sys, sys->cpus[c].vcpu, icr);
    vtdpi_sys_advance(sys, c, vtdpi_sys_guest_stack(sys, sys->cpus[c].vcpu), vtdpi_sys_result(0));
    vtdpi_sys_microcode(sys, c, VTDPI_FN_uc_ipi, vector,
                        vtdpi_vapic_ipi_target(icr, sys->p->x2apic), 0);
}

/* Performs what a rule says; returns true if the instruction exited. */
static bool guest_access(vtdpi_system_t *sys, uint32_t c, vtdpi_vapic_access_t a, uint64_t reg,
                         uint64_t value)
{
    unsigned msr_exit = sys->p->x2apic ? VTDPI_EXIT_MSR_WRITE : VTDPI_EXIT_APIC_ACCESS;
    switch ((vtdpi_vapic_action_t)a.action) {
    case VTDPI_VAPIC_TPR:
        return guest_tpr(sys, c, (uint8_t)value);
    case VTDPI_VAPIC_EOI:
        guest_eoi(sys, c);
        return sys->cpus[c].ucode.func != VTDPI_FN_none;
    case VTDPI_VAPIC_SELF_IPI:
        guest_self_ipi(sys, c, a.vector);
        return false;
    case VTDPI_VAPIC_IPI:
        guest_ipi(sys, c, a.vector, reg, value);
        return true;
    case VTDPI_VAPIC_EXIT_ACCESS:
        guest_exit(sys, c, VTDPI_EXIT_APIC_ACCESS, a.qualification, reg, value);
        return true;
    case VTDPI_VAPIC_EXIT_WRITE:
        guest_exit(sys, c, VTDPI_EXIT_APIC_WRITE, a.qualification, reg, value);
        return true;
    case VTDPI_VAPIC_CLEAR_HI:
    case VTDPI_VAPIC_STORE:
        return false;
    case VTDPI_VAPIC_PHYSICAL:
    case VTDPI_VAPIC_READ:
    case VTDPI_VAPIC_GP:
    default:
        guest_exit(sys, c, msr_exit, sys->p->x2apic ? 0 : a.offset, reg, value);
        return true;
    }
}

/* A write of the local APIC's register at [offset]; an intercepted MSR exits before all else. */
static bool guest_apic_write(vtdpi_system_t *sys, uint32_t c, unsigned offset, uint64_t value)
{
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    vtdpi_ctls_t set = guest->controls;
    if (sys->p->x2apic) {
        uint32_t msr = VTDPI_LAPIC_MSR_FIRST + (offset >> 4);
        bool intercepted = offset == VTDPI_VAPIC_VICR_LO && !vtdpi_ctl_ipi_virtualization(set);
        if (intercepted || !vtdpi_ctl_virtualize_x2apic_mode(set)) {
            guest_exit(sys, c, VTDPI_EXIT_MSR_WRITE, 0, msr, value);
            return true;
        }
        return guest_access(sys, c, vtdpi_vapic_wrmsr(set, msr, value), msr, value);
    }
    vtdpi_vapic_access_t a = vtdpi_vapic_mmio(set, VTDPI_VAPIC_LINEAR_WRITE, (uint16_t)offset, 4,
                                              sys->p->switches.vid_reads != 0);
    if (a.action == VTDPI_VAPIC_STORE) {
        a = vtdpi_vapic_write_emulation(set, (uint16_t)offset, (uint32_t)value);
    } else if (!vtdpi_ctl_virtualize_apic_accesses(set)) {
        a.action = VTDPI_VAPIC_EXIT_ACCESS;
        a.qualification = offset | 0x1000U;
    }
    return guest_access(sys, c, a, offset, value);
}

static bool guest_icr(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    uint32_t v = sys->cpus[c].vcpu;
    uint64_t dest = op->b << (sys->p->x2apic ? ICR_DEST_X2APIC_LOW : ICR_DEST_XAPIC_LOW);
    vtdpi_sys_see(sys, VTDPI_EV_guest_ipi, c, v, op->arg, op->a, 0);
    return guest_apic_write(sys, c, VTDPI_VAPIC_VICR_LO, op->a | dest);
}

/* SELF IPI exists in x2APIC mode; in xAPIC mode the guest writes ICR with the self shorthand. */
static bool guest_self(vtdpi_system_t *sys, uint32_t c, uint64_t vector)
{
    if (sys->p->x2apic) {
        return guest_apic_write(sys, c, VTDPI_VAPIC_SELF, vector);
    }
    return guest_apic_write(sys, c, VTDPI_VAPIC_VICR_LO, vector | ICR_SELF);
}

/* Its APIC timer: TSC deadline or initial count. *Choice:* the operand carries the time that the
 * value written stands for. */
static bool guest_timer(vtdpi_system_t *sys, uint32_t c, uint64_t ps)
{
    const vtdpi_vcpu_fixed_t *fixed = &sys->p->vcpus[sys->cpus[c].vcpu];
    if (fixed->guest->timer_one_shot) {
        return guest_apic_write(sys, c, VTDPI_LAPIC_REG_TIMER_INITIAL, ps);
    }
    guest_exit(sys, c, VTDPI_EXIT_MSR_WRITE, 0, VTDPI_LAPIC_MSR_DEADLINE, ps);
    return true;
}

/* @rule sdm.hlt.exiting | SDM 3C | Instructions That Cause VM Exits Conditionally | HLT exits if
 * "HLT exiting" is 1, else the CPU halts in non-root operation. */
static bool guest_hlt(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    if (vtdpi_ctl_hlt_exiting(guest->controls)) {
        guest_exit(sys, c, VTDPI_EXIT_HLT, 0, 0, 0);
        return true;
    }
    guest->halted = 1;
    return false;
}

/* First instruction of the handler's body: the interrupt is delivered. */
static void guest_first(vtdpi_system_t *sys, uint32_t c, uint8_t vector)
{
    uint32_t v = sys->cpus[c].vcpu;
    uint32_t slot = 0;
    if (sys->p->ghost) {
        slot = sys->ghost_vcpu[v].handler[vector];
        sys->ghost_vcpu[v].handler[vector] = 0;
        sys->firing_id = vtdpi_sys_id(sys, slot);
    }
    vtdpi_sys_see(sys, VTDPI_EV_handler_entered, c, v, vector, 0, 0);
    vtdpi_sys_seal(sys, slot, VTDPI_FATE_DELIVERED, 0, 0);
}

static bool guest_flag(vtdpi_system_t *sys, uint32_t c, bool on)
{
    vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    guest->sti_shadow = on && !guest->guest_if;
    guest->guest_if = on;
    return false;
}

bool vtdpi_sys_guest(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, bool *advance)
{
    bool exited = false;
    switch (op->kind) {
    case VTDPI_OP_GUEST_HLT:
        exited = guest_hlt(sys, c);
        break;
    case VTDPI_OP_GUEST_IF:
        exited = guest_flag(sys, c, op->a != 0);
        break;
    case VTDPI_OP_GUEST_TPR:
        exited = guest_apic_write(sys, c, VTDPI_VAPIC_VTPR, op->a);
        break;
    case VTDPI_OP_GUEST_EOI:
        exited = guest_apic_write(sys, c, VTDPI_VAPIC_VEOI, 0);
        break;
    case VTDPI_OP_GUEST_ICR:
        exited = guest_icr(sys, c, op);
        break;
    case VTDPI_OP_GUEST_SELF_IPI:
        exited = guest_self(sys, c, op->a);
        break;
    case VTDPI_OP_GUEST_VMCALL:
        guest_exit(sys, c, op->arg, op->arg == VTDPI_EXIT_VMCALL ? 0 : 2, op->a, op->b);
        exited = true;
        break;
    case VTDPI_OP_GUEST_TIMER:
        exited = guest_timer(sys, c, op->a);
        break;
    case VTDPI_OP_GUEST_FIRST:
        guest_first(sys, c, (uint8_t)op->a);
        break;
    case VTDPI_OP_GUEST_IRET:
        vtdpi_sys_guest_of(sys, c)->guest_if = 1;
        break;
    default:
        return false;
    }
    *advance = !exited;
    return true;
}
