/*
 * Xen: the vCPU's thread, softirqs, software posting and unblocking (hypervisors.md section 3, "VM
 * entry", "ANV handler", "Software delivery", "Wake by other means").
 *
 * The sync of the way to VM entry runs between a block and its schedule softirq too. It clears ON
 * while the wake-up notification may be on its way; the handler then finds ON = 0 and wakes nobody,
 * and the vCPU sleeps with a request in its virtual IRR. The reference has these steps, and the
 * model keeps them.
 *
 * The hypervisor is not preempted: its scheduler runs in a softirq, on the way to a VM entry and in
 * the idle loop.
 */
#include "internal.h"

static uint32_t xen_cpu(const vtdpi_ctx_t *x)
{
    return hv_cpu_line(x, x->cpu);
}

/* x[0]: reason; x[1]: qualification; x[2]: interruption information. */
vtdpi_op_t vtdpi_hv_xen_thread(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        /* 1. IRQs on: the injection code, which always performs the sync */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_take_pir, x->vcpu, 0, 0));
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_hv_entry, VTDPI_STAGE_hv));
        /* 2. IRQs off; if any softirq is pending run it and go back to 1 */
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0, 0));
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, xen_cpu(x), VTDPI_CW_SOFTIRQ));
        if (r.v[0] != 0) {
            VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_hv, 0, 0));
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_softirq, 0, 0, 0));
            continue;
        }
        /* 3. entry helper */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_resume, 0, 0, 0));
        /* 4. VMRESUME; VM exit: nothing is done to the descriptor */
        VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, VTDPI_T_vmentry_hw));
        f->x[0] = r.v[0];
        f->x[1] = r.v[1];
        f->x[2] = r.ok;
        if (f->x[0] == VTDPI_EXIT_EXTERNAL_INTERRUPT) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irq_call, f->x[2] & 0xFFU, 0, 0));
        } else if (f->x[0] == VTDPI_EXIT_EXCEPTION_NMI) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_nmi, 0, 0, 0));
        }
        VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_hv, 0, 0));
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_hv_exit, VTDPI_STAGE_hv));
        VTDPI_YIELD(
            f, vtdpi_op_call(f->x[0] == VTDPI_EXIT_HLT ? VTDPI_FN_xen_block : VTDPI_FN_exit_handler,
                             f->x[0], f->x[1], 0));
        for (unsigned i = 0; i < VTDPI_FRAME_LOCALS; i++) {
            f->x[i] = 0; /* what is over leaves no trace in the state */
        }
    }
    VTDPI_END(f, 0);
}

static vtdpi_op_t xen_clear_softirq(const vtdpi_ctx_t *x, uint64_t bit)
{
    return hv_btr(VTDPI_STAGE_hv, xen_cpu(x), VTDPI_CW_SOFTIRQ, bit);
}

/* Softirqs of this CPU, highest priority first, until none is left. x[0]: 1 leaves the scheduler's
 * alone; x[1]: the set. */
vtdpi_op_t vtdpi_fn_xen_softirq(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, xen_cpu(x), VTDPI_CW_SOFTIRQ));
        f->x[1] = f->x[0] != 0 ? r.v[0] & ~(uint64_t)VTDPI_SOFTIRQ_SCHEDULE : r.v[0];
        if (f->x[1] == 0) {
            return vtdpi_op_return(0);
        }
        if ((f->x[1] & VTDPI_SOFTIRQ_SCHEDULE) != 0) {
            VTDPI_YIELD(f, xen_clear_softirq(x, VTDPI_SOFTIRQ_SCHEDULE));
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_schedule, 0, 0, 0));
        } else if ((f->x[1] & VTDPI_SOFTIRQ_PIRQ) != 0) {
            VTDPI_YIELD(f, xen_clear_softirq(x, VTDPI_SOFTIRQ_PIRQ));
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_pirq, 0, 0, 0));
        } else { /* KICK: passing through here was its purpose */
            VTDPI_YIELD(f, xen_clear_softirq(x, VTDPI_SOFTIRQ_KICK));
        }
    }
    VTDPI_END(f, 0);
}

/* The set of waiting sources is taken word by word. x[0]: next word; x[1]: bits of the last one;
 * x[2]: source. */
vtdpi_op_t vtdpi_fn_xen_pirq(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    while (f->x[1] != 0 || f->x[0] < VTDPI_VECTOR_WORDS) {
        if (f->x[1] == 0) {
            VTDPI_YIELD(f, hv_mem(VTDPI_OP_XCHG, VTDPI_STAGE_inject, xen_cpu(x),
                                  HV_CW_PIRQ + (unsigned)f->x[0], 0, 0));
            f->x[1] = r.v[0];
            f->x[0]++;
            continue;
        }
        f->x[2] = ((f->x[0] - 1) * 64) + vtdpi_lowest_bit(f->x[1]);
        f->x[1] &= f->x[1] - 1;
        if (!x->sources[f->x[2]].attached) { /* given back meanwhile */
            VTDPI_YIELD(f, hv_drop(VTDPI_STAGE_inject, (uint32_t)f->x[2]));
        } else {
            VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_irqfd, VTDPI_STAGE_inject));
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_deliver, x->sources[f->x[2]].vcpu,
                                         x->sources[f->x[2]].vector, f->x[2] + 1));
        }
    }
    VTDPI_END(f, 0);
}

/* ANV handler: 1. acknowledged; 2. raise the kick softirq, so that the check before VM entry sends
 * control back (RC-06). */
vtdpi_op_t vtdpi_hv_xen_notify(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_STATIC_ASSERT((int)VTDPI_VARIANT_xen_no_softirq_on_notification ==
                            (int)VTDPI_VARIANT_cpu_posted_xen_no_softirq_on_notification,
                        "one handler for both");
    (void)r;
    VTDPI_BEGIN(f);
    if (!hv_variant(x, VTDPI_VARIANT_xen_no_softirq_on_notification)) {
        VTDPI_YIELD(f,
                    hv_bts(VTDPI_STAGE_host_irq, xen_cpu(x), VTDPI_CW_SOFTIRQ, VTDPI_SOFTIRQ_KICK));
    }
    VTDPI_END(f, 0);
}

/* Wake by other means: test-and-clear the blocked flag; make runnable. Descriptor and list stay as
 * they are. */
vtdpi_op_t vtdpi_fn_xen_unblock(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_btr(VTDPI_STAGE_wakeup, hv_state(x, f->x[0]), VTDPI_VW_BLOCKED, 1));
    if (r.v[0] != 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake, x->p->vcpus[f->x[0]].thread, 0, 0));
    }
    VTDPI_END(f, 0);
}

static uint64_t xen_processor(uint64_t running)
{
    VTDPI_ASSERT((running >> HV_PROCESSOR_LOW) != 0);
    return ((running >> HV_PROCESSOR_LOW) & HV_RUNNING_CPU) - 1;
}

/*
 * Unblocks vCPU x[0] and, if it was running, tells its CPU: x[1] = 1 with ANV, 0 with the kick
 * softirq. x[2]: it was running; x[3]: its CPU.
 */
vtdpi_op_t vtdpi_fn_xen_tell(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_RUNNING));
    f->x[2] = r.v[0] & HV_RUNNING_CPU;
    /* vcpu_unblock, in line: an interrupt's stack of frames has no room for another */
    VTDPI_YIELD(f, hv_btr(VTDPI_STAGE_wakeup, hv_state(x, f->x[0]), VTDPI_VW_BLOCKED, 1));
    if (r.v[0] != 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake, x->p->vcpus[f->x[0]].thread, 0, 0));
    }
    if (f->x[2] == 0 || (f->x[0] == x->vcpu && x->me->host_if)) {
        return vtdpi_op_return(0); /* not running; or it is us, on the way to another sync */
    }
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_RUNNING));
    f->x[3] = xen_processor(r.v[0]);
    if (f->x[1] != 0 && f->x[3] != x->cpu) {
        VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_ipi, VTDPI_HV_ANV, f->x[3]));
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_inject, hv_cpu_line(x, f->x[3]), VTDPI_CW_SOFTIRQ,
                          VTDPI_SOFTIRQ_KICK));
    if ((r.v[0] & VTDPI_SOFTIRQ_KICK) == 0 && f->x[3] != x->cpu) {
        VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_ipi, VTDPI_HV_KICK, f->x[3]));
    }
    VTDPI_END(f, 0);
}

/* Software delivery of vector x[1] to vCPU x[0]; x[2]: source + 1, or 0; x[3]: snapshot of control.
 */
vtdpi_op_t vtdpi_hv_xen_deliver(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    /* 1. bts PIR[v]; if already set stop */
    VTDPI_YIELD(f, hv_carry(hv_bts(VTDPI_STAGE_inject, hv_pid(x, f->x[0]), hv_word(f->x[1]),
                                   hv_bit(f->x[1])),
                            f->x[2]));
    if ((r.v[0] & hv_bit(f->x[1])) != 0) {
        return vtdpi_op_return(0);
    }
    /* 2. the EOI-exit bitmap never changes: edge interrupts only; 3. snapshot control */
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_inject, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD));
    f->x[3] = r.v[0];
    while ((f->x[3] & (VTDPI_PID_ON | VTDPI_PID_SN)) == 0) {
        /* 4. cas64 that sets ON and requires SN = ON = 0; on failure back to 3 with the fresh value
         */
        VTDPI_YIELD(f, hv_cas(VTDPI_STAGE_inject, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD, f->x[3],
                              f->x[3] | VTDPI_PID_ON));
        if (r.ok) { /* 5. unblock; ANV if it runs elsewhere */
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_tell, f->x[0], 1, 0));
            return vtdpi_op_return(0);
        }
        f->x[3] = r.v[0];
    }
    /* SN or ON: generic kick, stop */
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_tell, f->x[0], 0, 0));
    VTDPI_END(f, 0);
}
