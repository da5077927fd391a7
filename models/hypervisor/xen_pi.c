/*
 * Xen 4.9 and later: descriptor and wake lists across scheduling, blocking and device assignment
 * (hypervisors.md section 3).
 *
 * Nothing here looks at PIR when SN is cleared: a request posted while SN = 1 leaves ON = 0, and
 * the sync before VM entry stops at ON = 0. Such a request waits until something else sets ON. The
 * reference has it so, and the model keeps it.
 */
#include "internal.h"

/* Xen's pause count of a vCPU, as one bit in the word that KVM keeps requests in. */
enum { XEN_PAUSED = 1 };

static vtdpi_op_t xen_hooks(const vtdpi_ctx_t *x, uint64_t v)
{
    return hv_load(VTDPI_STAGE_schedule, hv_vm_line(x, v), VTDPI_VW_BYPASS);
}

static bool xen_hook_from(uint64_t hooks)
{
    return (hooks & HV_BYPASS_COUNT) != 0;
}

static bool xen_hook_to(uint64_t hooks)
{
    return xen_hook_from(hooks) || (hooks & HV_BYPASS_KEPT) != 0;
}

static bool xen_hook_block(uint64_t hooks)
{
    return xen_hook_from(hooks) && (hooks & HV_BYPASS_EARLY) == 0;
}

static vtdpi_op_t xen_store_nv(uint32_t pid, unsigned nv)
{
    return hv_store(VTDPI_STAGE_hv, pid, VTDPI_PID_CTL_WORD, hv_with_nv(0, nv), HV_NV);
}

/* Schedule in, same or other CPU alike, IRQs off. NV and the wake list are left to VM entry. */
vtdpi_op_t vtdpi_hv_xen_load(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    f->x[0] = (uint64_t)x->cpu + 1;
    x->self->last_cpu = x->cpu;
    VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, x->fixed->state, VTDPI_VW_RUNNING,
                            f->x[0] | (f->x[0] << HV_PROCESSOR_LOW), ~UINT64_C(0)));
    VTDPI_YIELD(f, xen_hooks(x, x->vcpu));
    if (xen_hook_to(r.v[0])) {
        /* 1. 32-bit st NDST; 2. clr SN */
        VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD,
                                hv_ndst(x, x->cpu), HV_NDST));
        VTDPI_YIELD(f,
                    hv_btr(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD, VTDPI_PID_SN));
    }
    VTDPI_END(f, 0);
}

/* Schedule out. */
vtdpi_op_t vtdpi_hv_xen_put(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, xen_hooks(x, x->vcpu));
    if (xen_hook_from(r.v[0])) {
        /* 1. flagged blocked: nothing; 2. otherwise set SN */
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, x->fixed->state, VTDPI_VW_BLOCKED));
        if (r.v[0] == 0) {
            VTDPI_YIELD(
                f, hv_bts(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD, VTDPI_PID_SN));
        }
    }
    VTDPI_YIELD(
        f, hv_store(VTDPI_STAGE_schedule, x->fixed->state, VTDPI_VW_RUNNING, 0, HV_RUNNING_CPU));
    VTDPI_END(f, 0);
}

/* Block 2 to 6: onto the list, then NV = WNV (B5). */
vtdpi_op_t vtdpi_fn_xen_enlist(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    if (hv_variant(x, VTDPI_VARIANT_xen_nv_before_list)) {
        VTDPI_YIELD(f, xen_store_nv(x->fixed->pid, VTDPI_HV_WNV));
    }
    /* 2. list lock of this CPU with IRQs off */
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0, 0));
    VTDPI_YIELD(f, hv_lock(VTDPI_STAGE_hv, hv_cpu_line(x, x->cpu), VTDPI_CW_LOCK));
    /* 3. lock pointer NULL -> this lock */
    VTDPI_YIELD(
        f, hv_cas(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_LISTLOCK, 0, (uint64_t)x->cpu + 1));
    /* 4. append; release */
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_list_add, x->vcpu, x->cpu, 0));
    VTDPI_YIELD(f, hv_unlock(VTDPI_STAGE_hv, hv_cpu_line(x, x->cpu), VTDPI_CW_LOCK));
    VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_hv, 0, 0));
    /* 5. asserts only; 6. one-byte st NV */
    if (!hv_variant(x, VTDPI_VARIANT_xen_nv_before_list)) {
        VTDPI_YIELD(f, xen_store_nv(x->fixed->pid, VTDPI_HV_WNV));
    }
    VTDPI_END(f, 0);
}

/* HLT. The thread's own "about to sleep" is the scheduler's view of the blocked flag; it comes
 * first, so that no unblock misses it. */
vtdpi_op_t vtdpi_fn_xen_block(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    x->self->blocking = 1;
    VTDPI_YIELD(f, hv_op(VTDPI_OP_PREPARE, VTDPI_STAGE_hv, 0, 0));
    /* 1. locked set of the blocked flag, a full barrier (B10) */
    VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_BLOCKED, 1));
    VTDPI_YIELD(f, xen_hooks(x, x->vcpu));
    if (xen_hook_block(r.v[0])) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_enlist, 0, 0, 0));
    }
    /* 7. deliverable events? then clear the flag and carry on; else the schedule softirq */
    if (!hv_variant(x, VTDPI_VARIANT_xen_no_check_after_block)) {
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_block_check, VTDPI_STAGE_hv));
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_pending, 0, 0, 0));
        if (r.v[0] != 0) {
            VTDPI_YIELD(f, hv_btr(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_BLOCKED, 1));
            VTDPI_YIELD(f, hv_op(VTDPI_OP_CANCEL, VTDPI_STAGE_hv, 0, 0));
            x->self->blocking = 0;
            return vtdpi_op_return(0);
        }
    }
    VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_hv, hv_cpu_line(x, x->cpu), VTDPI_CW_SOFTIRQ,
                          VTDPI_SOFTIRQ_SCHEDULE));
    VTDPI_END(f, 0);
}

static bool xen_is_vcpu(const vtdpi_ctx_t *x)
{
    return x->vcpu != VTDPI_NOBODY;
}

/* A blocked vCPU runs again. The flag is set still if nobody unblocked it: an outside wake-up
 * stands for a timer that does. */
vtdpi_op_t vtdpi_fn_xen_unblocked(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_BLOCKED));
    if (r.v[0] != 0) {
        VTDPI_YIELD(f, hv_btr(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_BLOCKED, 1));
    }
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
    f->x[1] = r.v[0] - f->x[0];
    x->self->blocking = 0;
    VTDPI_YIELD(f, hv_seen(hv_op(VTDPI_OP_SPEND, VTDPI_STAGE_hv, 0, 0), VTDPI_EV_kvm_vcpu_wakeup,
                           x->vcpu, f->x[1], 0));
    VTDPI_END(f, 0);
}

/* Sleeps, if the vCPU is still paused when the thread has said that it is about to. */
vtdpi_op_t vtdpi_fn_xen_sleep(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_op(VTDPI_OP_PREPARE, VTDPI_STAGE_schedule, 0, 0));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, x->fixed->state, VTDPI_VW_REQUESTS));
    VTDPI_YIELD(f, (r.v[0] & XEN_PAUSED) != 0 ? vtdpi_op_call(VTDPI_FN_schedule, 0, 0, 0)
                                              : hv_op(VTDPI_OP_CANCEL, VTDPI_STAGE_schedule, 0, 0));
    VTDPI_END(f, 0);
}

/*
 * The schedule softirq. A paused vCPU does not come back from it until it is unpaused.
 * x[0]: when a blocked vCPU came here.
 */
vtdpi_op_t vtdpi_fn_xen_schedule(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    if (x->self->blocking) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
        f->x[0] = r.v[0];
    }
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, !x->self->blocking, 0, 0));
    if (!xen_is_vcpu(x)) {
        return vtdpi_op_return(0);
    }
    if (x->self->blocking) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_unblocked, f->x[0], 0, 0));
    }
    for (;;) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, x->fixed->state, VTDPI_VW_REQUESTS));
        if ((r.v[0] & XEN_PAUSED) == 0) {
            return vtdpi_op_return(0);
        }
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_sleep, 0, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* VM entry 3, IRQs off: NV = ANV and off whatever list. Keyed on the block hook. x[0]: lock
 * pointer. */
vtdpi_op_t vtdpi_fn_xen_resume(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, xen_hooks(x, x->vcpu));
    if (xen_hook_block(r.v[0])) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_cleanup, x->vcpu, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* The entry helper's work on vCPU x[0]. x[1]: lock pointer. */
vtdpi_op_t vtdpi_fn_xen_cleanup(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, xen_store_nv(hv_pid(x, f->x[0]), VTDPI_HV_ANV));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, hv_state(x, f->x[0]), VTDPI_VW_LISTLOCK));
    f->x[1] = r.v[0];
    if (f->x[1] == 0) {
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f, hv_lock(VTDPI_STAGE_hv, hv_cpu_line(x, f->x[1] - 1), VTDPI_CW_LOCK));
    /* recheck under the lock: the WNV handler may have unlinked us */
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, hv_state(x, f->x[0]), VTDPI_VW_LISTLOCK));
    if (r.v[0] != 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_list_del, f->x[0], f->x[1] - 1, 0));
        VTDPI_YIELD(
            f, hv_store(VTDPI_STAGE_hv, hv_state(x, f->x[0]), VTDPI_VW_LISTLOCK, 0, ~UINT64_C(0)));
    }
    VTDPI_YIELD(f, hv_unlock(VTDPI_STAGE_hv, hv_cpu_line(x, f->x[1] - 1), VTDPI_CW_LOCK));
    VTDPI_END(f, 0);
}

/* WNV handler: unlink and unblock; ON, NV and PIR are not modified. */
vtdpi_op_t vtdpi_hv_xen_wakeup(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake_list, 1, 0, 0));
    VTDPI_END(f, 0);
}
