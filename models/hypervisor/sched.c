/*
 * Giving a CPU away, a thread's first steps, and the idle thread.
 *
 * The run queues are behind the operations PICK, SWITCH, WAKE and TICK; what is here is their
 * order, the interrupt flag, and when the protocol's put and load run: with interrupts off, put
 * before the change of stacks and load behind it.
 */
#include "internal.h"

static bool sched_is_vcpu(const vtdpi_ctx_t *x)
{
    return x->p->threads[x->thread].kind == VTDPI_THREAD_VCPU;
}

/* Whether host interrupts have to follow the vCPU, which was last loaded on another CPU. Posted
 * entries need not. */
static bool sched_irqs_follow(const vtdpi_ctx_t *x)
{
    bool moved = !x->self->started || x->self->last_cpu != x->cpu;
    return moved && x->p->irq_follows_vcpu && !x->p->protocol->posting;
}

/* x[0]: 1 if involuntarily; x[1]: interrupts were on; x[2]: the CPU changes hands; x[3]: preempted;
 * x[4]: CPU to be told; x[5]: host interrupts follow. */
vtdpi_op_t vtdpi_fn_schedule(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    f->x[1] = x->me->host_if;
    x->self->preempt_off++; /* the scheduler is not preempted */
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_schedule, 0, 0));
    VTDPI_YIELD(f, hv_op(VTDPI_OP_RESCHED, VTDPI_STAGE_schedule, 0, 0));
    VTDPI_YIELD(f, hv_op(VTDPI_OP_PICK, VTDPI_STAGE_schedule, f->x[0], 0));
    f->x[2] = r.v[0] != x->thread;
    f->x[3] = r.v[1];
    if (f->x[2] != 0 && sched_is_vcpu(x)) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_put, f->x[3], 0, 0));
    }
    if (f->x[2] != 0) {
        VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_switch_out, VTDPI_STAGE_schedule));
        VTDPI_YIELD(f, hv_op(VTDPI_OP_SWITCH, VTDPI_STAGE_schedule, 0, 0));
        /* this thread has a CPU again, perhaps another */
        f->x[4] = r.v[1];
        if (f->x[4] != VTDPI_NOBODY) {
            VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_schedule, VTDPI_HV_RESCHED, f->x[4]));
        }
        VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_switch_in, VTDPI_STAGE_schedule));
    }
    if (f->x[2] != 0 && sched_is_vcpu(x)) {
        f->x[5] = sched_irqs_follow(x);
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_load, 0, 0, 0));
    }
    if (f->x[5] != 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irqs_follow, x->vcpu, 0, 0));
    }
    VTDPI_YIELD(f, hv_op(VTDPI_OP_TICK, VTDPI_STAGE_schedule, 0, 0));
    x->self->preempt_off--;
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_schedule, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* What a thread does: the toolstack is the VMM thread that emulates nobody. */
static unsigned sched_main(const vtdpi_ctx_t *x)
{
    const vtdpi_thread_fixed_t *fixed = &x->p->threads[x->thread];
    switch ((vtdpi_thread_kind_t)fixed->kind) {
    case VTDPI_THREAD_IDLE:
        return VTDPI_FN_idle;
    case VTDPI_THREAD_VCPU:
        return VTDPI_FN_hook_thread;
    case VTDPI_THREAD_VMM:
    default:
        return fixed->who == VTDPI_NOBODY ? VTDPI_FN_tools : VTDPI_FN_vmm;
    }
}

/* A thread that was put in a queue of another CPU has to be announced there; an idle thread never
 * is. */
static uint64_t sched_announce(const vtdpi_ctx_t *x, vtdpi_result_t r)
{
    bool idle = x->p->threads[r.v[0]].kind == VTDPI_THREAD_IDLE;
    return idle ? VTDPI_NOBODY : r.v[1];
}

/* Bottom frame; its first resume has the result of the SWITCH that started it. x[0]: CPU to be
 * told; x[1]: host interrupts follow. */
vtdpi_op_t vtdpi_fn_start(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    f->x[0] = sched_announce(x, r);
    if (f->x[0] != VTDPI_NOBODY) {
        VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_schedule, VTDPI_HV_RESCHED, f->x[0]));
    }
    VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_switch_in, VTDPI_STAGE_schedule));
    if (sched_is_vcpu(x)) {
        f->x[1] = sched_irqs_follow(x);
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_load, 0, 0, 0));
        if (f->x[1] != 0) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irqs_follow, x->vcpu, 0, 0));
        }
    }
    x->self->started = 1;
    VTDPI_YIELD(f, hv_op(VTDPI_OP_TICK, VTDPI_STAGE_schedule, 0, 0));
    x->self->preempt_off = x->p->threads[x->thread].kind == VTDPI_THREAD_IDLE;
    VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_schedule, 0, 0));
    VTDPI_YIELD(f, vtdpi_op_call(sched_main(x), 0, 0, 0));
    VTDPI_END(f, 0);
}

/* Whether the idle thread has something better to do: x[0], Xen's pending softirqs. */
static bool sched_wanted(const vtdpi_ctx_t *x, const vtdpi_frame_t *f)
{
    return f->x[0] != 0 || x->me->need_resched;
}

/* The look for work and HLT are one step as far as interrupts go: they are off in between. */
vtdpi_op_t vtdpi_fn_idle(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_schedule, 0, 0));
        if (x->p->protocol->softirqs) {
            VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, hv_cpu_line(x, x->cpu), VTDPI_CW_SOFTIRQ));
            f->x[0] = r.v[0];
        }
        if (!sched_wanted(x, f)) {
            VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_HLT, VTDPI_STAGE_idle_exit, VTDPI_T_hlt_exit_c1));
            continue;
        }
        VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_schedule, 0, 0));
        if (f->x[0] != 0) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_softirq, 0, 0, 0));
        }
        if (x->me->need_resched) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 0, 0, 0));
        }
    }
    VTDPI_END(f, 0);
}
