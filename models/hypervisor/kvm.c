/*
 * KVM: the vCPU's thread, software posting, and waking. hypervisors.md section 5, "VM entry", "VM
 * exit", "Block", "Software delivery"; 7a for vCPUs without APIC virtualization.
 *
 * What happens to the descriptor at load and put is in kvm_pi.c.
 */
#include "internal.h"

/* Whether the look with interrupts off, just before VM entry, sends the thread back. x[3]:
 * requests, x[4]: mode. */
static bool kvm_must_not_enter(const vtdpi_ctx_t *x, const vtdpi_frame_t *f)
{
    return x->me->need_resched || f->x[3] != 0 || f->x[4] == VTDPI_VMODE_EXITING;
}

static vtdpi_op_t kvm_mode(const vtdpi_ctx_t *x, unsigned mode)
{
    return hv_store(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_MODE, mode, ~UINT64_C(0));
}

/* Pending requests, interrupts on. x[0]: the set. */
vtdpi_op_t vtdpi_fn_kvm_requests(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS));
    f->x[0] = r.v[0];
    if ((f->x[0] & VTDPI_REQUEST_UNBLOCK) != 0) {
        VTDPI_YIELD(
            f, hv_btr(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS, VTDPI_REQUEST_UNBLOCK));
    }
    if ((f->x[0] & VTDPI_REQUEST_EVENT) != 0) {
        VTDPI_YIELD(
            f, hv_btr(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS, VTDPI_REQUEST_EVENT));
        if (!x->p->protocol->apicv) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_soft_inject, x->vcpu, 0, 0));
        }
    }
    VTDPI_END(f, 0);
}

/* Where kvm_enter's result has the exit qualification; of those that matter, all are below 2^32. */
enum { KVM_QUALIFICATION_LOW = 32 };

static void kvm_keep_exit(vtdpi_frame_t *f, vtdpi_result_t r)
{
    f->x[0] = r.v[0];
    f->x[1] = r.v[1];
    f->x[2] = r.ok;
}

/*
 * One VM entry and exit. Returns with interrupts and preemption on: the reason and the
 * qualification. x[0]: reason, or VTDPI_NOBODY if the guest was not entered; x[1]: qualification;
 * x[2]: interruption information.
 */
vtdpi_op_t vtdpi_fn_kvm_enter(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_hv_entry, VTDPI_STAGE_hv));
    f->x[0] = VTDPI_NOBODY;
    x->self->preempt_off = 1;
    /* 1. IRQs off */
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0, 0));
    /* 2. mode = IN_GUEST_MODE with release semantics: a plain store */
    VTDPI_YIELD(f, kvm_mode(x, VTDPI_VMODE_IN_GUEST));
    /* 3. SRCU unlock + full barrier (B1) */
    VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_FENCE, VTDPI_STAGE_hv, VTDPI_T_fence));
    /* 4. sync */
    if (x->p->protocol->apicv) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_take_pir, x->vcpu, 0, 0));
    }
    /* 5. mode moved to EXITING, or requests or signals pending: undo and restart */
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_MODE));
    f->x[4] = r.v[0];
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS));
    f->x[3] = r.v[0];
    if (!kvm_must_not_enter(x, f)) {
        if (x->p->guest_timers) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_timer_entry, 0, 0, 0));
        }
        /* 6. VM entry, and, when root mode is back, VM exit */
        VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_VMENTER, VTDPI_STAGE_vmentry, VTDPI_T_vmentry_hw));
        kvm_keep_exit(f, r);
    }
    if (f->x[0] == VTDPI_EXIT_EXCEPTION_NMI) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_nmi, 0, 0, 0));
    }
    /* VM exit: mode = OUTSIDE_GUEST_MODE; write barrier (stores stay in order); IRQs on */
    VTDPI_YIELD(f, kvm_mode(x, VTDPI_VMODE_OUTSIDE));
    if (f->x[0] == VTDPI_EXIT_EXTERNAL_INTERRUPT) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irq_call, f->x[2] & 0xFFU, 0, 0));
    }
    VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_hv, 0, 0));
    x->self->preempt_off = 0;
    if (f->x[0] != VTDPI_NOBODY) {
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_hv_exit, VTDPI_STAGE_hv));
    }
    VTDPI_END(f, f->x[0] | (f->x[1] << KVM_QUALIFICATION_LOW));
}

/* Handles exit x[1]; HLT does not pass through the table of the others. */
static vtdpi_op_t kvm_handle(const vtdpi_frame_t *f)
{
    uint64_t reason = f->x[1] & UINT32_MAX;
    unsigned func = reason == VTDPI_EXIT_HLT ? VTDPI_FN_kvm_block : VTDPI_FN_exit_handler;
    return vtdpi_op_call(func, reason, f->x[1] >> KVM_QUALIFICATION_LOW, 0);
}

/* x[1]: what kvm_enter returned. */
vtdpi_op_t vtdpi_hv_kvm_thread(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        if (x->me->need_resched) { /* what came while preemption was off */
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 1, 0, 0));
        }
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_requests, 0, 0, 0));
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_enter, 0, 0, 0));
        f->x[1] = r.v[0];
        if ((f->x[1] & UINT32_MAX) != VTDPI_NOBODY) {
            VTDPI_YIELD(f, kvm_handle(f));
        }
        f->x[1] = 0; /* what is over leaves no trace in the state */
    }
    VTDPI_END(f, 0);
}

/* Whether the vCPU need not sleep. x[0]: UNBLOCK was requested; returns 2 then, 1 if an interrupt
 * can be taken. */
vtdpi_op_t vtdpi_fn_kvm_check_block(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_block_check, VTDPI_STAGE_hv));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_pending, 0, 0, 0));
    if (r.v[0] != 0) {
        return vtdpi_op_return(1);
    }
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS));
    if ((r.v[0] & VTDPI_REQUEST_UNBLOCK) == 0) {
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f,
                hv_btr(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS, VTDPI_REQUEST_UNBLOCK));
    VTDPI_END(f, 2);
}

/* Ends a wait that began at x[0]. */
static vtdpi_op_t kvm_woken(const vtdpi_ctx_t *x, uint64_t waited)
{
    return hv_seen(hv_op(VTDPI_OP_SPEND, VTDPI_STAGE_hv, 0, 0), VTDPI_EV_kvm_vcpu_wakeup, x->vcpu,
                   waited, 0);
}

/*
 * Block. x[0]: when it began; x[1]: what the check said; x[2]: the VMX-preemption timer ran.
 * That one does not count down outside the guest: a software timer takes over meanwhile.
 * UNBLOCK leaves the inner loop only: the vCPU is still halted and blocks again under the new
 * condition.
 */
vtdpi_op_t vtdpi_fn_kvm_block(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
    f->x[0] = r.v[0];
    f->x[3] = f->x[0];
    f->x[2] = x->guest->timer_hv;
    if (f->x[2] != 0) {
        x->guest->timer_hv = 0;
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_timer_soft, x->guest->timer_ps, 0, 0));
    }
    while (f->x[1] != 1 && f->x[3] - f->x[0] < x->p->halt_poll_ps) { /* halt-polling */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_check_block, 0, 0, 0));
        f->x[1] = r.v[0];
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
        if (r.v[0] == f->x[3]) {
            break; /* time stands still in an exploration: one look stands for all */
        }
        f->x[3] = r.v[0];
    }
    while (f->x[1] != 1) {
        x->self->blocking = 1;
        /* 1. task state := sleeping, a full barrier (B10) */
        VTDPI_YIELD(f, hv_op(VTDPI_OP_PREPARE, VTDPI_STAGE_hv, 0, 0));
        /* 2. wake conditions */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_check_block, 0, 0, 0));
        f->x[1] = r.v[0];
        if (f->x[1] == 0) {
            /* 3. schedule() -> put as above; 4. load as above; loop to 2 */
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 0, 0, 0));
        } else {
            VTDPI_YIELD(f, hv_op(VTDPI_OP_CANCEL, VTDPI_STAGE_hv, 0, 0));
        }
    }
    x->self->blocking = 0;
    if (f->x[2] != 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_timer_soft, 0, 0, 0));
        x->guest->timer_hv = r.v[0] != 0;
    }
    VTDPI_YIELD(f, hv_op(VTDPI_OP_CLOCK, VTDPI_STAGE_hv, 0, 0));
    VTDPI_YIELD(f, kvm_woken(x, r.v[0] - f->x[0]));
    VTDPI_END(f, 0);
}

/* Software delivery of vector x[1] to vCPU x[0]; x[2]: source + 1, or 0. */
vtdpi_op_t vtdpi_hv_kvm_deliver(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    /* 1. bts PIR[v]; if set stop (B4: PIR before ON) */
    VTDPI_YIELD(f, hv_carry(hv_bts(VTDPI_STAGE_inject, hv_pid(x, f->x[0]), hv_word(f->x[1]),
                                   hv_bit(f->x[1])),
                            f->x[2]));
    if ((r.v[0] & hv_bit(f->x[1])) != 0) {
        return vtdpi_op_return(0);
    }
    /* 2. bts ON; if set stop */
    VTDPI_YIELD(f,
                hv_bts(VTDPI_STAGE_inject, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD, VTDPI_PID_ON));
    if ((r.v[0] & VTDPI_PID_ON) != 0) {
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_notify_target, f->x[0], 0, 0));
    VTDPI_END(f, 0);
}

/* CPU that the word VTDPI_VW_RUNNING names as the one loaded on last, or VTDPI_NOBODY. */
static uint64_t kvm_cpu_of(uint64_t running)
{
    uint64_t cpu = (running >> HV_PROCESSOR_LOW) & HV_RUNNING_CPU;
    return cpu == 0 ? VTDPI_NOBODY : cpu - 1;
}

/* 3. ld mode: IN_GUEST -> ANV to vcpu->cpu unless it is loaded here right now; else wake the task
 * if it sleeps. */
vtdpi_op_t vtdpi_fn_kvm_notify_target(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    x->self->preempt_off++;
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_MODE));
    f->x[1] = r.v[0];
    if (f->x[1] != VTDPI_VMODE_IN_GUEST) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake, x->p->vcpus[f->x[0]].thread, 0, 0));
    } else if (f->x[0] != x->vcpu) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_RUNNING));
        f->x[2] = kvm_cpu_of(r.v[0]);
        if (f->x[2] != VTDPI_NOBODY) {
            VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_ipi, VTDPI_HV_ANV, f->x[2]));
        }
    }
    x->self->preempt_off--;
    VTDPI_END(f, 0);
}

/* Wakes vCPU x[0] if it sleeps; gets it out of the guest if it is there (mode IN_GUEST -> EXITING,
 * one IPI). */
vtdpi_op_t vtdpi_fn_kvm_kick(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    x->self->preempt_off++;
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake, x->p->vcpus[f->x[0]].thread, 0, 0));
    if (f->x[0] != x->vcpu) {
        VTDPI_YIELD(f, hv_cas(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_MODE,
                              VTDPI_VMODE_IN_GUEST, VTDPI_VMODE_EXITING));
        f->x[1] = r.ok;
    }
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_RUNNING));
        f->x[2] = kvm_cpu_of(r.v[0]);
        if (f->x[2] != VTDPI_NOBODY && f->x[2] != x->cpu) {
            VTDPI_YIELD(f, hv_ipi(x, VTDPI_STAGE_ipi, VTDPI_HV_KICK, f->x[2]));
        }
    }
    x->self->preempt_off--;
    VTDPI_END(f, 0);
}
