/*
 * KVM 5.17 and later: what load, put, block and attach do to the descriptor and to the wake lists
 * (hypervisors.md section 5).
 *
 * Interrupts are off in load and put: they run inside the context switch. "Is on a list" means NV =
 * WNV, and the list is that of the CPU loaded on last.
 */
#include "internal.h"

/* The switches have the same bits in both versions. */
#define KVM_VARIANT(name) (VTDPI_VARIANT_kvm_##name)
VTDPI_STATIC_ASSERT(
    (int)VTDPI_VARIANT_kvm_no_pir_scan_on_load == (int)VTDPI_VARIANT_kvm_5_17_no_pir_scan_on_load &&
        (int)VTDPI_VARIANT_kvm_scan_before_sn_clear ==
            (int)VTDPI_VARIANT_kvm_5_17_scan_before_sn_clear &&
        (int)VTDPI_VARIANT_kvm_no_self_ipi_on_block ==
            (int)VTDPI_VARIANT_kvm_5_17_no_self_ipi_on_block &&
        (int)VTDPI_VARIANT_kvm_nv_before_list == (int)VTDPI_VARIANT_kvm_5_17_nv_before_list &&
        (int)VTDPI_VARIANT_kvm_double_fetch == (int)VTDPI_VARIANT_kvm_5_17_double_fetch,
    "one code for both versions");

static vtdpi_op_t pi_load_control(const vtdpi_ctx_t *x)
{
    return hv_load(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD);
}

/* The whole control word from x[from] to x[to]: the snapshots are the same load unless they are
 * fetched twice. */
static vtdpi_op_t pi_swap(const vtdpi_ctx_t *x, uint64_t old, uint64_t value)
{
    return hv_cas(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD, old, value);
}

/* 4 of load: NDST = this CPU, SN = 0, NV = ANV. */
static uint64_t pi_loaded(const vtdpi_ctx_t *x, uint64_t control)
{
    control = (control & ~(HV_NDST | VTDPI_PID_SN)) | hv_ndst(x, x->cpu);
    return hv_with_nv(control, VTDPI_HV_ANV);
}

/* d of put: NV = WNV; NDST already names this CPU. */
static uint64_t pi_waiting(const vtdpi_ctx_t *x, uint64_t control)
{
    (void)x;
    return hv_with_nv(control, VTDPI_HV_WNV);
}

/*
 * One cas64 loop from a single snapshot. x[0]: 1 loads, 0 enables wake-up; x[1]: the value that is
 * compared; x[2]: the value that the new one is made from. Returns the value written.
 */
vtdpi_op_t vtdpi_fn_kvm_swap_control(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, pi_load_control(x));
    f->x[2] = r.v[0];
    f->x[1] = r.v[0];
    for (;;) {
        if (hv_variant(x,
                       KVM_VARIANT(double_fetch))) { /* RC-10: the compiler made two loads of one */
            VTDPI_YIELD(f, pi_load_control(x));
            f->x[1] = r.v[0];
        }
        f->x[2] = f->x[0] != 0 ? pi_loaded(x, f->x[2]) : pi_waiting(x, f->x[2]);
        VTDPI_YIELD(f, pi_swap(x, f->x[1], f->x[2]));
        if (r.ok) {
            return vtdpi_op_return(f->x[2]);
        }
        f->x[1] = r.v[0];
        f->x[2] = r.v[0];
    }
    VTDPI_END(f, 0);
}

/* 5 of load: scan PIR; if not empty set ON. The locked operation before it is the full barrier
 * (B2). */
vtdpi_op_t vtdpi_fn_kvm_scan(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (f->x[1] = 0; f->x[1] < VTDPI_VECTOR_WORDS; f->x[1]++) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, x->fixed->pid, (unsigned)f->x[1]));
        if (r.v[0] != 0) {
            VTDPI_YIELD(
                f, hv_bts(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD, VTDPI_PID_ON));
            return vtdpi_op_return(1);
        }
    }
    VTDPI_END(f, 0);
}

static bool pi_scans(const vtdpi_ctx_t *x, bool before)
{
    return !hv_variant(x, KVM_VARIANT(no_pir_scan_on_load)) &&
           hv_variant(x, KVM_VARIANT(scan_before_sn_clear)) == before;
}

static bool pi_same_cpu(const vtdpi_ctx_t *x)
{
    return x->self->started && x->self->last_cpu == x->cpu;
}

/* vcpu->cpu = this CPU, after the descriptor is right. */
static vtdpi_op_t pi_set_cpu(const vtdpi_ctx_t *x)
{
    uint64_t cpu = (uint64_t)x->cpu + 1;
    x->self->last_cpu = x->cpu;
    return hv_store(VTDPI_STAGE_schedule, x->fixed->state, VTDPI_VW_RUNNING,
                    cpu | (cpu << HV_PROCESSOR_LOW), ~UINT64_C(0));
}

/* The descriptor's part of load. x[0]: control word; x[1]: SN was set. */
vtdpi_op_t vtdpi_fn_kvm_pi_load(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    if (pi_scans(x, true)) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_scan, 0, 0, 0));
    }
    VTDPI_YIELD(f, pi_load_control(x));
    f->x[0] = r.v[0];
    if (hv_nv(f->x[0]) != VTDPI_HV_WNV && pi_same_cpu(x)) {
        /* 2. fast path: btr SN; if it was 0 return; else go to 5 */
        VTDPI_YIELD(f,
                    hv_btr(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD, VTDPI_PID_SN));
        if ((r.v[0] & VTDPI_PID_SN) == 0) {
            return vtdpi_op_return(0);
        }
    } else {
        if (hv_nv(f->x[0]) == VTDPI_HV_WNV) {
            /* 3. list lock of the previous CPU, unlink, unlock (B7) */
            VTDPI_YIELD(
                f, hv_lock(VTDPI_STAGE_schedule, hv_cpu_line(x, x->self->last_cpu), VTDPI_CW_LOCK));
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_list_del, x->vcpu, x->self->last_cpu, 0));
            VTDPI_YIELD(f, hv_unlock(VTDPI_STAGE_schedule, hv_cpu_line(x, x->self->last_cpu),
                                     VTDPI_CW_LOCK));
        }
        /* 4. */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_swap_control, 1, 0, 0));
    }
    /* 5. */
    if (pi_scans(x, false)) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_scan, 0, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* vcpu load; 1. every vCPU of this protocol is APICv-capable, device or not. */
vtdpi_op_t vtdpi_hv_kvm_load(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_pi_load, 0, 0, 0));
    VTDPI_YIELD(f, pi_set_cpu(x));
    VTDPI_END(f, 0);
}

/* Load of a vCPU without a descriptor. */
vtdpi_op_t vtdpi_hv_soft_load(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, pi_set_cpu(x));
    VTDPI_END(f, 0);
}

/* Enable wake-up. x[0]: what control became. */
vtdpi_op_t vtdpi_fn_kvm_wakeup_on(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    /* a. IRQs are off; b. own list lock, append, unlock; B5: before NV */
    if (hv_variant(x, KVM_VARIANT(nv_before_list))) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_swap_control, 0, 0, 0));
        f->x[0] = r.v[0];
    }
    VTDPI_YIELD(f, hv_lock(VTDPI_STAGE_schedule, hv_cpu_line(x, x->cpu), VTDPI_CW_LOCK));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_list_add, x->vcpu, x->cpu, 0));
    VTDPI_YIELD(f, hv_unlock(VTDPI_STAGE_schedule, hv_cpu_line(x, x->cpu), VTDPI_CW_LOCK));
    /* c. SN is clear while loaded; d. cas64: NV = WNV */
    if (!hv_variant(x, KVM_VARIANT(nv_before_list))) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_swap_control, 0, 0, 0));
        f->x[0] = r.v[0];
    }
    /* e. the value just written has ON = 1: WNV to oneself, taken after the switch (B6) */
    if ((f->x[0] & VTDPI_PID_ON) != 0 && !hv_variant(x, KVM_VARIANT(no_self_ipi_on_block))) {
        VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_schedule, VTDPI_HV_WNV, x->cpu));
    }
    VTDPI_END(f, 0);
}

static vtdpi_op_t pi_set_sn(const vtdpi_ctx_t *x)
{
    return hv_bts(VTDPI_STAGE_schedule, x->fixed->pid, VTDPI_PID_CTL_WORD, VTDPI_PID_SN);
}

static vtdpi_op_t pi_load_bypass(const vtdpi_ctx_t *x)
{
    return hv_load(VTDPI_STAGE_schedule, hv_vm_line(x, x->vcpu), VTDPI_VW_BYPASS);
}

/* A device, or another vCPU's CPU, may post to the vCPU. */
static bool pi_possible(const vtdpi_ctx_t *x, uint64_t bypass)
{
    return bypass != 0 || x->p->ipiv;
}

/* The vCPU is in the block path and its guest would accept an interrupt. */
static bool pi_would_wait(const vtdpi_ctx_t *x)
{
    return x->self->blocking && x->guest->guest_if;
}

/* vcpu put, 2025 rework. x[0]: preempted. */
vtdpi_op_t vtdpi_hv_kvm_put(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    /* 1. not a possible posting target: return */
    VTDPI_YIELD(f, pi_load_bypass(x));
    if (!pi_possible(x, r.v[0])) {
        return vtdpi_op_return(0);
    }
    if (pi_would_wait(x) && f->x[0] == 0) { /* 2. */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_wakeup_on, 0, 0, 0));
    } else { /* 3. SN in every other case */
        VTDPI_YIELD(f, pi_set_sn(x));
    }
    VTDPI_END(f, 0);
}

/* vcpu put, 5.17 to 6.16. x[0]: preempted. */
vtdpi_op_t vtdpi_hv_kvm_5_17_put(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    /* 1. not a possible posting target: return */
    VTDPI_YIELD(f, pi_load_bypass(x));
    if (!pi_possible(x, r.v[0])) {
        return vtdpi_op_return(0);
    }
    if (pi_would_wait(x)) { /* 2., preempted or not */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_wakeup_on, 0, 0, 0));
    }
    if (f->x[0] != 0) { /* 3. if preempted, set SN */
        VTDPI_YIELD(f, pi_set_sn(x));
    }
    VTDPI_END(f, 0);
}

/* WNV handler: entries are unlinked only by the vCPU's own load. */
vtdpi_op_t vtdpi_hv_kvm_wakeup(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake_list, 0, 0, 0));
    VTDPI_END(f, 0);
}

/*
 * Device attached, 1: raise the count of possible bypass interrupts; on the first one every vCPU is
 * asked to leave the block loop, so that it goes through put again and picks WNV this time (RC-03).
 * x[1]: next vCPU.
 */
vtdpi_op_t vtdpi_hv_kvm_attach(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_mem(VTDPI_OP_ADD, VTDPI_STAGE_irte_update, hv_vm_line(x, f->x[0]),
                          VTDPI_VW_BYPASS, 1, 0));
    if (r.v[0] != 0) {
        return vtdpi_op_return(0);
    }
    for (f->x[1] = hv_next_vcpu(x, f->x[0], 0); f->x[1] != VTDPI_NOBODY;
         f->x[1] = hv_next_vcpu(x, f->x[0], f->x[1] + 1)) {
        VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_irte_update, hv_state(x, f->x[1]), VTDPI_VW_REQUESTS,
                              VTDPI_REQUEST_UNBLOCK));
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_kick, f->x[1], 0, 0));
    }
    VTDPI_END(f, 0);
}

/* The producer is gone: the count goes down. */
vtdpi_op_t vtdpi_hv_kvm_detach(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_mem(VTDPI_OP_ADD, VTDPI_STAGE_irte_update, hv_vm_line(x, f->x[0]),
                          VTDPI_VW_BYPASS, ~UINT64_C(0), 0));
    VTDPI_END(f, 0);
}
