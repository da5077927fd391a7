/*
 * Virtual APIC timers, the host's timer interrupt, and its NMIs.
 *
 * KVM: the timer of a vCPU that runs is the VMX-preemption timer, that of one that is blocked a
 * software timer of the host. Xen: always a software timer, on the CPU where it was armed. Choice:
 * the host's handler delivers the vector itself; KVM counts the expiry and Xen marks it, and the
 * vCPU injects it on its next way to the guest, which costs it a request or softirq more.
 */
#include "internal.h"

/* Of a vCPU whose timer does not run: the longest. */
#define TIMER_OFF UINT32_MAX

/* [ps] from now as a value of the VMX-preemption timer, rounded down. */
static uint64_t timer_value(const vtdpi_ctx_t *x, uint64_t ps)
{
    uint64_t value = vtdpi_tsc_cycles(x->p, ps) >> VTDPI_PREEMPTION_SHIFT;
    return value < TIMER_OFF ? value : TIMER_OFF - 1;
}

/* Before VM entry, interrupts off. A vCPU whose timer does not run has the longest value. */
vtdpi_op_t vtdpi_fn_timer_entry(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    if (x->guest->timer_hv == 0) {
        if (x->guest->vmcs.preemption_value != TIMER_OFF) {
            VTDPI_YIELD(
                f, hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_PREEMPTION_VALUE, TIMER_OFF));
        }
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
    f->x[0] = x->guest->timer_ps > r.v[0] ? x->guest->timer_ps - r.v[0] : 0;
    VTDPI_YIELD(f, hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_PREEMPTION_VALUE,
                         timer_value(x, f->x[0])));
    VTDPI_END(f, 0);
}

static vtdpi_op_t timer_register(uint64_t operand)
{
    return vtdpi_op_ab(vtdpi_op_make(VTDPI_OP_APIC_TIMER, VTDPI_STAGE_hv, VTDPI_T_msr_access),
                       operand, 0);
}

/* x[1]: interrupts were on; x[2]: what goes into the APIC timer; x[3]: one was queued. */
vtdpi_op_t vtdpi_fn_timer_soft(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    f->x[1] = x->me->host_if;
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0, 0));
    }
    VTDPI_YIELD(f, hv_op(VTDPI_OP_TIMER_SET, VTDPI_STAGE_hv, x->vcpu, f->x[0]));
    f->x[2] = r.v[0];
    f->x[3] = r.v[1];
    if (f->x[2] != UINT64_MAX) {
        VTDPI_YIELD(f, timer_register(f->x[2]));
    }
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_hv, 0, 0));
    }
    VTDPI_END(f, f->x[3]);
}

/* The guest's write of its timer, x[0] ps ahead, exited. */
vtdpi_op_t vtdpi_fn_guest_timer(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
    f->x[1] = r.v[0] + f->x[0];
    if (x->p->protocol->preemption_timer) {
        x->guest->timer_ps = f->x[1];
        x->guest->timer_hv = 1;
    } else {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_timer_soft, f->x[1], 0, 0));
    }
    VTDPI_END(f, 0);
}

/* x[0]: vCPU whose timer is due; x[1]: what goes into the APIC timer; x[2]: the tick is due. */
vtdpi_op_t vtdpi_fn_timer_irq(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_TIMER_TAKE, VTDPI_STAGE_host_irq, 0, 0));
        f->x[0] = r.v[0];
        f->x[1] = r.v[1];
        f->x[2] |= r.ok;
        if (f->x[0] == VTDPI_NOBODY) {
            break;
        }
        VTDPI_YIELD(
            f, vtdpi_op_call(VTDPI_FN_hook_deliver, f->x[0], x->p->vcpus[f->x[0]].timer_vector, 0));
    }
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, timer_register(f->x[1]));
    }
    if (f->x[2] != 0) {
        VTDPI_YIELD(f, hv_resched(x));
    }
    VTDPI_END(f, 0);
}

/* NMIs are blocked until its IRET; after a VM exit too, where it is called. */
vtdpi_op_t vtdpi_fn_nmi(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_seen(vtdpi_op_lump(VTDPI_LUMP_host_irq_entry, VTDPI_STAGE_host_irq),
                           VTDPI_EV_host_irq, VTDPI_HV_NMI, VTDPI_NOBODY, 0));
    VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_host_irq_exit, VTDPI_STAGE_host_irq));
    VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_IRET, VTDPI_STAGE_host_irq, VTDPI_T_iret_same_cpl));
    VTDPI_END(f, 0);
}
