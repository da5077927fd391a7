/*
 * Xen: first device attached, last device detached (hypervisors.md section 3).
 */
#include "internal.h"

enum { ASSIGN_PAUSED = 1 };

static vtdpi_op_t assign_store_hooks(const vtdpi_ctx_t *x, uint64_t v, uint64_t hooks)
{
    return hv_store(VTDPI_STAGE_irte_update, hv_vm_line(x, v), VTDPI_VW_BYPASS, hooks,
                    ~UINT64_C(0));
}

static bool assign_never_ran(uint64_t control)
{
    return (control >> VTDPI_PID_NDST_LOW) == HV_NDST_MARKER;
}

/* v->processor, from the word that the scheduler keeps; a vCPU that never ran is where its thread
 * starts. */
static uint32_t assign_processor(const vtdpi_ctx_t *x, uint64_t v, uint64_t running)
{
    uint64_t cpu = (running >> HV_PROCESSOR_LOW) & HV_RUNNING_CPU;
    return cpu != 0 ? (uint32_t)cpu - 1 : x->p->threads[x->p->vcpus[v].thread].start_cpu;
}

/* 2. NDST of vCPU x[0]: marker -> its processor, by compare-and-swap: a switch-to that came first
 * is fresher. x[1]: processor. */
vtdpi_op_t vtdpi_fn_xen_fill_ndst(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, hv_state(x, f->x[0]), VTDPI_VW_RUNNING));
    f->x[1] = assign_processor(x, f->x[0], r.v[0]);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD));
    f->x[2] = r.v[0];
    /* the hardware swaps 32 bits; the other half may change meanwhile, which is no failure */
    while (assign_never_ran(f->x[2])) {
        VTDPI_YIELD(f, hv_cas(VTDPI_STAGE_irte_update, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD,
                              f->x[2], (f->x[2] & ~HV_NDST) | hv_ndst(x, (uint32_t)f->x[1])));
        f->x[2] = r.ok ? 0 : r.v[0];
    }
    VTDPI_END(f, 0);
}

/* x[1]: hooks, then the vCPU. */
vtdpi_op_t vtdpi_hv_xen_attach(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, hv_vm_line(x, f->x[0]), VTDPI_VW_BYPASS));
    f->x[1] = r.v[0];
    if ((f->x[1] & HV_BYPASS_COUNT) != 0) {
        VTDPI_YIELD(f, assign_store_hooks(x, f->x[0], f->x[1] + 1));
        return vtdpi_op_return(0);
    }
    /* 1. enable the context-switch hooks */
    VTDPI_YIELD(f, assign_store_hooks(x, f->x[0], 1 | HV_BYPASS_EARLY));
    /* 2. for every vCPU */
    for (f->x[1] = hv_next_vcpu(x, f->x[0], 0); f->x[1] != VTDPI_NOBODY;
         f->x[1] = hv_next_vcpu(x, f->x[0], f->x[1] + 1)) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_fill_ndst, f->x[1], 0, 0));
    }
    /* 3. only then publish the block hook */
    VTDPI_YIELD(f, assign_store_hooks(x, f->x[0], 1));
    VTDPI_END(f, 0);
}

/* Pauses vCPU x[0] and waits until it does not run. x[1]: VTDPI_VW_RUNNING. */
vtdpi_op_t vtdpi_fn_xen_pause(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(
        f, hv_bts(VTDPI_STAGE_irte_update, hv_state(x, f->x[0]), VTDPI_VW_REQUESTS, ASSIGN_PAUSED));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, hv_state(x, f->x[0]), VTDPI_VW_RUNNING));
    f->x[1] = r.v[0] & HV_RUNNING_CPU;
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_ipi, VTDPI_HV_RESCHED, f->x[1] - 1));
    }
    VTDPI_YIELD(f, hv_mem(VTDPI_OP_AWAIT, VTDPI_STAGE_irte_update, hv_state(x, f->x[0]),
                          VTDPI_VW_RUNNING, 0, HV_RUNNING_CPU));
    VTDPI_END(f, 0);
}

/* Unpauses vCPU x[0]: runnable again unless it is blocked. */
vtdpi_op_t vtdpi_fn_xen_unpause(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(
        f, hv_btr(VTDPI_STAGE_irte_update, hv_state(x, f->x[0]), VTDPI_VW_REQUESTS, ASSIGN_PAUSED));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, hv_state(x, f->x[0]), VTDPI_VW_BLOCKED));
    if (r.v[0] == 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake, x->p->vcpus[f->x[0]].thread, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* Calls frame x[1] for every vCPU of the VM of vCPU x[0]. x[2]: the vCPU. */
vtdpi_op_t vtdpi_fn_xen_each(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    for (f->x[2] = hv_next_vcpu(x, f->x[0], 0); f->x[2] != VTDPI_NOBODY;
         f->x[2] = hv_next_vcpu(x, f->x[0], f->x[2] + 1)) {
        VTDPI_YIELD(f, vtdpi_op_call((unsigned)f->x[1], f->x[2], 0, 0));
    }
    VTDPI_END(f, 0);
}

/* IRQs off around the clean-up of one vCPU: list locks are shared with a hard-IRQ handler (B7). */
vtdpi_op_t vtdpi_fn_xen_forget(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_irte_update, 0, 0));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_cleanup, f->x[0], 0, 0));
    VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_irte_update, 0, 0));
    VTDPI_END(f, 0);
}

/* x[1]: hooks. */
vtdpi_op_t vtdpi_hv_xen_detach(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, hv_vm_line(x, f->x[0]), VTDPI_VW_BYPASS));
    f->x[1] = r.v[0];
    if ((f->x[1] & HV_BYPASS_COUNT) != 1) {
        VTDPI_YIELD(f, assign_store_hooks(x, f->x[0], f->x[1] - 1));
        return vtdpi_op_return(0);
    }
    /* 1. domain_pause */
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_each, f->x[0], VTDPI_FN_xen_pause, 0));
    /* 2. block hook = NULL; flags = TO only */
    VTDPI_YIELD(f, assign_store_hooks(x, f->x[0], HV_BYPASS_KEPT));
    /* 3. the VM-entry cleanup for each vCPU */
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_each, f->x[0], VTDPI_FN_xen_forget, 0));
    /* 4. unpause */
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_each, f->x[0], VTDPI_FN_xen_unpause, 0));
    VTDPI_END(f, 0);
}
