/*
 * Host interrupts: entry, dispatch, EOI, exit; the handlers that every protocol shares; waking a
 * thread.
 *
 * Linux and Xen acknowledge edge interrupts and their own vectors before the handler runs: EOI
 * comes first here too.
 */
#include "internal.h"

static bool host_is_device(uint64_t vector)
{
    return vector < VTDPI_HV_TIMER;
}

/* The handler of vector x[0]. */
static vtdpi_op_t host_dispatch(const vtdpi_ctx_t *x, const vtdpi_frame_t *f)
{
    if (f->x[0] == VTDPI_HV_ANV) {
        return vtdpi_op_call(VTDPI_FN_hook_notify, 0, 0, 0);
    }
    if (f->x[0] == VTDPI_HV_WNV) {
        return vtdpi_op_call(VTDPI_FN_hook_wakeup, 0, 0, 0);
    }
    if (f->x[0] == VTDPI_HV_TIMER && x->p->guest_timers) {
        return vtdpi_op_call(VTDPI_FN_timer_irq, 0, 0, 0);
    }
    if (f->x[0] == VTDPI_HV_RESCHED || f->x[0] == VTDPI_HV_TIMER) {
        return hv_resched(x);
    }
    if (host_is_device(f->x[0]) && f->x[1] != VTDPI_NOBODY) {
        return vtdpi_op_call(VTDPI_FN_device_irq, f->x[1], 0, 0);
    }
    return hv_op(VTDPI_OP_SPEND, VTDPI_STAGE_host_irq, 0, 0); /* KICK: arriving was its purpose */
}

/* An interrupt that found dom0 in its guest: softirqs are done on the way back (Xen), the
 * scheduler's apart. */
static bool host_softirqs(const vtdpi_ctx_t *x, const vtdpi_frame_t *f)
{
    return x->p->protocol->softirqs && f->func == VTDPI_FN_irq && hv_is_vmm(x);
}

static vtdpi_op_t host_irq(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    if (f->func == VTDPI_FN_irq_call) { /* the exit's information names the vector alone */
        f->x[1] = VTDPI_NOBODY;
        if (host_is_device(f->x[0])) {
            VTDPI_YIELD(f, hv_op(VTDPI_OP_ROUTE_OF, VTDPI_STAGE_host_irq, f->x[0], 0));
            f->x[1] = r.v[0];
        }
    }
    VTDPI_YIELD(f, hv_seen(vtdpi_op_lump(VTDPI_LUMP_host_irq_entry, VTDPI_STAGE_host_irq),
                           VTDPI_EV_host_irq, (uint32_t)f->x[0], f->x[1], 0));
    if (f->x[2] == 0) { /* a spurious interrupt has no handler and takes no EOI */
        VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_EOI, VTDPI_STAGE_host_irq, VTDPI_T_eoi_phys));
        VTDPI_YIELD(f, host_dispatch(x, f));
    }
    if (host_softirqs(x, f)) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_softirq, 1, 0, 0));
    }
    VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_host_irq_exit, VTDPI_STAGE_host_irq));
    if (f->func == VTDPI_FN_irq) {
        VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_IRET, VTDPI_STAGE_host_irq, VTDPI_T_iret_same_cpl));
    }
    VTDPI_END(f, 0);
}

vtdpi_op_t vtdpi_fn_irq(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    return host_irq(x, f, r);
}

vtdpi_op_t vtdpi_fn_irq_call(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    return host_irq(x, f, r);
}

/* Whether Xen leaves the delivery of source [s] to a softirq. Choice: sources beyond the set
 * deliver at once. */
static bool host_deferred(const vtdpi_ctx_t *x, uint64_t s)
{
    return x->p->protocol->softirqs && s < HV_PIRQ_SOURCES;
}

/* An assigned device's interrupt in remapped format (hypervisors, section 7). */
vtdpi_op_t vtdpi_fn_device_irq(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    const vtdpi_source_t *s = &x->sources[f->x[0]];
    (void)r;
    VTDPI_BEGIN(f);
    if (!s->attached || s->vcpu == VTDPI_NOBODY) { /* the host's own device */
        VTDPI_YIELD(f, hv_drop(VTDPI_STAGE_host_irq, (uint32_t)f->x[0]));
        return vtdpi_op_return(0);
    }
    if (host_deferred(x, f->x[0])) { /* Xen: guest IRQ hook raises the per-pIRQ softirq */
        VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_inject, hv_cpu_line(x, x->cpu),
                              HV_CW_PIRQ + hv_word(f->x[0]), hv_bit(f->x[0])));
        VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_inject, hv_cpu_line(x, x->cpu), VTDPI_CW_SOFTIRQ,
                              VTDPI_SOFTIRQ_PIRQ));
        return vtdpi_op_return(0);
    }
    /* KVM 4, 5: eventfd, irqfd wake callback, cached route, delivery: all in this interrupt */
    VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_irqfd, VTDPI_STAGE_inject));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_deliver, s->vcpu, s->vector, f->x[0] + 1));
    VTDPI_END(f, 0);
}

/*
 * Wakes thread x[0], interrupts off as under the scheduler's lock. x[1]: they were on; x[2]: CPU to
 * be told. The measured whole covers the way to the woken thread; it is spent only if there was
 * somebody to wake.
 */
vtdpi_op_t vtdpi_fn_wake(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    f->x[1] = x->me->host_if;
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_wakeup, 0, 0));
    }
    f->x[3] = x->me->need_resched;
    VTDPI_YIELD(f, hv_op(VTDPI_OP_WAKE, VTDPI_STAGE_wakeup, f->x[0], 0));
    f->x[2] = r.v[0];
    if (f->x[2] != VTDPI_NOBODY || x->me->need_resched != f->x[3]) {
        VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_wakeup, VTDPI_STAGE_wakeup));
    }
    if (f->x[2] != VTDPI_NOBODY) {
        VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_wakeup, VTDPI_HV_RESCHED, f->x[2]));
    }
    if (x->me->need_resched && x->p->protocol->softirqs && !hv_is_vmm(x)) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_RESCHED, VTDPI_STAGE_wakeup, 0, 0));
        VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_wakeup, hv_cpu_line(x, x->cpu), VTDPI_CW_SOFTIRQ,
                              VTDPI_SOFTIRQ_SCHEDULE));
    }
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_wakeup, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* A hook that has nothing to do. */
vtdpi_op_t vtdpi_hv_nothing(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)f;
    (void)r;
    return vtdpi_op_return(0);
}
