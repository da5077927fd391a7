/*
 * Handling of VM exits: what is left of the exiting instruction once the model has retired it.
 *
 * Interrupts are on. HLT goes to the protocol's block path instead. Reasons that need nothing in a
 * model of interrupts return at once.
 */
#include "internal.h"

/* Registers of the local APIC by offset; an x2APIC MSR is 800h + offset / 16. */
enum {
    EXIT_TPR = 0x080,
    EXIT_EOI = 0x0B0,
    EXIT_ICR = 0x300,
    EXIT_INITIAL_COUNT = 0x380,
    EXIT_SELF_IPI = 0x3F0,
    EXIT_MSR_DEADLINE = 0x6E0,
    EXIT_MSR_FIRST = 0x800,
    EXIT_CALL_WRITE_MSI = 1,
    EXIT_MSI_VCPU_LOW = 16,
    EXIT_MSI_VCPU_WIDTH = 24,
    EXIT_MSI_VECTOR_LOW = 40,
    EXIT_SHORTHAND_LOW = 18,
    EXIT_XAPIC_DEST_LOW = 56,
    EXIT_X2APIC_DEST_LOW = 32
};

/* Offset of the register that the guest wrote, or 0 if it was none. */
static uint64_t exit_register(const vtdpi_ctx_t *x, uint64_t reason)
{
    uint64_t reg = x->guest->exit_reg[0];
    switch (reason) {
    case VTDPI_EXIT_MSR_WRITE:
        return (reg - EXIT_MSR_FIRST) << 4;
    case VTDPI_EXIT_APIC_ACCESS:
    case VTDPI_EXIT_APIC_WRITE:
        return reg >= EXIT_MSR_FIRST ? (reg - EXIT_MSR_FIRST) << 4 : reg;
    default:
        return 0;
    }
}

/* The guest armed its APIC timer: TSC deadline, or initial count. */
static bool exit_is_timer(const vtdpi_ctx_t *x, uint64_t reason)
{
    bool deadline = reason == VTDPI_EXIT_MSR_WRITE && x->guest->exit_reg[0] == EXIT_MSR_DEADLINE;
    return deadline || exit_register(x, reason) == EXIT_INITIAL_COUNT;
}

static vtdpi_op_t exit_request_event(const vtdpi_ctx_t *x)
{
    return hv_bts(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS, VTDPI_REQUEST_EVENT);
}

/* A write of the local APIC that the guest did not get to make itself. */
static vtdpi_op_t exit_apic_write(const vtdpi_ctx_t *x, uint64_t offset)
{
    switch (offset) {
    case EXIT_TPR:
        x->guest->soft_tpr = (uint8_t)x->guest->exit_reg[1];
        return exit_request_event(x);
    case EXIT_EOI:
        return vtdpi_op_call(VTDPI_FN_soft_eoi, x->vcpu, 0, 0);
    case EXIT_ICR:
        return vtdpi_op_call(VTDPI_FN_guest_sends_ipi, x->guest->exit_reg[1], 0, 0);
    case EXIT_SELF_IPI:
        return vtdpi_op_call(VTDPI_FN_hook_deliver, x->vcpu, x->guest->exit_reg[1] & 0xFFU, 0);
    default:
        return hv_op(VTDPI_OP_SPEND, VTDPI_STAGE_hv, 0, 0);
    }
}

static bool exit_is_apic_write(uint64_t reason)
{
    return reason == VTDPI_EXIT_MSR_WRITE || reason == VTDPI_EXIT_APIC_ACCESS ||
           reason == VTDPI_EXIT_APIC_WRITE;
}

/* A write to the device's MSI registers faults into the hypervisor; a guest may ask by hypercall
 * too. */
static bool exit_is_msi_write(const vtdpi_ctx_t *x, uint64_t reason)
{
    return (reason == VTDPI_EXIT_EPT_MISCONFIG || reason == VTDPI_EXIT_VMCALL) &&
           x->guest->exit_reg[0] == EXIT_CALL_WRITE_MSI;
}

/* The MSI that the guest writes: source 15:0, vCPU 39:16, vector 47:40 of the second register. */
static vtdpi_op_t exit_write_msi(const vtdpi_ctx_t *x)
{
    uint64_t packed = x->guest->exit_reg[1];
    return vtdpi_op_call(VTDPI_FN_msi_write, vtdpi_bits(packed, 0, EXIT_MSI_VCPU_LOW),
                         vtdpi_bits(packed, EXIT_MSI_VCPU_LOW, EXIT_MSI_VCPU_WIDTH),
                         vtdpi_bits(packed, EXIT_MSI_VECTOR_LOW, 8));
}

/* The primary processor-based controls without interrupt-window exiting. */
static uint64_t exit_no_window(const vtdpi_ctx_t *x)
{
    return x->guest->vmcs.controls[VTDPI_VMCS_PROC] &
           ~(UINT64_C(1) << VTDPI_CTL_INTERRUPT_WINDOW_EXITING_BIT);
}

vtdpi_op_t vtdpi_fn_exit_handler(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    if (f->x[0] == VTDPI_EXIT_INTERRUPT_WINDOW) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_PROC, exit_no_window(x)));
        VTDPI_YIELD(f, exit_request_event(x));
    } else if (f->x[0] == VTDPI_EXIT_TPR_BELOW_THRESHOLD) {
        VTDPI_YIELD(f, exit_request_event(x));
    } else if (exit_is_msi_write(x, f->x[0])) { /* user space emulates the device's registers */
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_user, VTDPI_STAGE_vmm));
        VTDPI_YIELD(f, exit_write_msi(x));
    } else if (f->x[0] == VTDPI_EXIT_EOI_INDUCED) { /* nothing listens to an edge interrupt's EOI */
        VTDPI_YIELD(f, hv_seen(hv_op(VTDPI_OP_SPEND, VTDPI_STAGE_hv, 0, 0), VTDPI_EV_kvm_eoi,
                               x->vcpu, f->x[1], 0));
    } else if (f->x[0] == VTDPI_EXIT_PREEMPTION_TIMER) { /* its APIC timer expired */
        x->guest->timer_hv = 0;
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_deliver, x->vcpu, x->fixed->timer_vector, 0));
    } else if (exit_is_timer(x, f->x[0])) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_guest_timer, x->guest->exit_reg[1], 0, 0));
    } else if (exit_is_apic_write(f->x[0])) {
        VTDPI_YIELD(f, exit_apic_write(x, exit_register(x, f->x[0])));
    }
    VTDPI_END(f, 0);
}

/* vCPU of this VM with virtual APIC ID [id], or VTDPI_NOBODY. */
static uint32_t exit_target(const vtdpi_ctx_t *x, uint64_t id)
{
    for (uint32_t v = 0; v < x->p->vcpu_count; v++) {
        if (x->p->vcpus[v].vm == x->fixed->vm && x->p->vcpus[v].virtual_id == id) {
            return v;
        }
    }
    return VTDPI_NOBODY;
}

/* Fixed, physical, or to oneself by shorthand: what guest programs send. x[1]: target. */
vtdpi_op_t vtdpi_fn_guest_sends_ipi(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    unsigned low = x->p->x2apic ? EXIT_X2APIC_DEST_LOW : EXIT_XAPIC_DEST_LOW;
    (void)r;
    VTDPI_BEGIN(f);
    f->x[1] =
        vtdpi_bits(f->x[0], EXIT_SHORTHAND_LOW, 2) == 1 ? x->vcpu : exit_target(x, f->x[0] >> low);
    if (f->x[1] != VTDPI_NOBODY) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_deliver, f->x[1], f->x[0] & 0xFFU, 0));
    }
    VTDPI_END(f, 0);
}
