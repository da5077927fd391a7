/*
 * Software local APIC for guests without APIC virtualization (hypervisors.md 7a): IRR in words 0 to
 * 3 of its line, ISR in 4 to 7.
 */
#include "internal.h"

enum { SOFT_ISR = VTDPI_VECTOR_WORDS, SOFT_HIGHEST_LOW = 8, SOFT_TPR_LOW = 16 };

static bool soft_shadow(const vtdpi_ctx_t *x)
{
    return vtdpi_ctl_tpr_shadow(vtdpi_vmcs_controls(&x->guest->vmcs));
}

static vtdpi_op_t soft_load_word(const vtdpi_ctx_t *x, uint64_t v, uint64_t word)
{
    return hv_load(VTDPI_STAGE_hv, x->p->vcpus[v].soft, (unsigned)word);
}

/* Highest vector of the set whose first word is x[1], of vCPU x[0]; 0: empty. x[2]: words left. */
vtdpi_op_t vtdpi_fn_soft_highest(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (f->x[2] = VTDPI_VECTOR_WORDS; f->x[2] > 0; f->x[2]--) {
        VTDPI_YIELD(f, soft_load_word(x, f->x[0], f->x[1] + f->x[2] - 1));
        if (r.v[0] != 0) {
            return vtdpi_op_return(((f->x[2] - 1) * 64) + vtdpi_highest_bit(r.v[0]));
        }
    }
    VTDPI_END(f, 0);
}

/*
 * Vector of the own vCPU that gets past the software PPR, or 0, in bits 7:0; highest vector of IRR
 * in 15:8; TPR in 23:16. x[1]: highest of IRR; x[2]: TPR; x[3]: highest of ISR.
 */
vtdpi_op_t vtdpi_fn_soft_look(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_soft_highest, x->vcpu, 0, 0));
    f->x[1] = r.v[0];
    f->x[2] = x->guest->soft_tpr;
    if (soft_shadow(x)) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->vapic[VTDPI_VL_PRIORITY], 0));
        f->x[2] = r.v[0] & 0xFFU;
    }
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_soft_highest, x->vcpu, SOFT_ISR, 0));
        f->x[3] = r.v[0];
    }
    if (!hv_above((unsigned)f->x[1], vtdpi_vapic_ppr((uint8_t)f->x[2], (uint8_t)f->x[3]))) {
        return vtdpi_op_return((f->x[1] << SOFT_HIGHEST_LOW) | (f->x[2] << SOFT_TPR_LOW));
    }
    VTDPI_END(f, f->x[1] | (f->x[1] << SOFT_HIGHEST_LOW) | (f->x[2] << SOFT_TPR_LOW));
}

vtdpi_op_t vtdpi_hv_soft_pending(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_soft_look, x->vcpu, 0, 0));
    VTDPI_END(f, x->guest->guest_if && (r.v[0] & 0xFFU) != 0);
}

/* RFLAGS.IF = 1, nothing blocks, and no other event waits for this entry. */
static bool soft_can_inject(const vtdpi_ctx_t *x)
{
    return x->guest->guest_if && !x->guest->sti_shadow &&
           (x->guest->vmcs.entry_intr_info >> 31) == 0;
}

static vtdpi_op_t soft_window(const vtdpi_ctx_t *x)
{
    uint64_t proc = x->guest->vmcs.controls[VTDPI_VMCS_PROC] |
                    (UINT64_C(1) << VTDPI_CTL_INTERRUPT_WINDOW_EXITING_BIT);
    return hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_PROC, proc);
}

static vtdpi_op_t soft_event(const vtdpi_ctx_t *x, uint64_t vector)
{
    uint32_t info = vtdpi_intr_info(VTDPI_INTR_EXTERNAL, (uint8_t)vector, false);
    return hv_seen(hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_ENTRY_INTR_INFO, info),
                   VTDPI_EV_kvm_inj_virq, x->vcpu, vector, 0);
}

/* The class that TPR must fall below before the highest request counts; 0 if it counts already. */
static uint64_t soft_threshold(uint64_t look)
{
    uint64_t irr = vtdpi_bits(look, SOFT_HIGHEST_LOW + 4, 4);
    uint64_t tpr = vtdpi_bits(look, SOFT_TPR_LOW + 4, 4);
    return tpr < irr ? 0 : irr;
}

/* 2. VM entry: the highest vector above PPR moves from IRR to ISR and is injected, or the window is
 * asked for. x[1]: the look. */
vtdpi_op_t vtdpi_fn_soft_inject(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_soft_apic_entry, VTDPI_STAGE_hv));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_soft_look, f->x[0], 0, 0));
    f->x[1] = r.v[0];
    f->x[2] = f->x[1] & 0xFFU;
    if (f->x[2] != 0 && soft_can_inject(x)) {
        VTDPI_YIELD(f, hv_btr(VTDPI_STAGE_hv, x->fixed->soft, hv_word(f->x[2]), hv_bit(f->x[2])));
        VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_hv, x->fixed->soft, SOFT_ISR + hv_word(f->x[2]),
                              hv_bit(f->x[2])));
        VTDPI_YIELD(f, soft_event(x, f->x[2]));
    } else if (f->x[2] != 0) {
        VTDPI_YIELD(f, soft_window(x));
    }
    if (soft_shadow(x) && x->guest->vmcs.tpr_threshold != soft_threshold(f->x[1])) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_TPR_THRESHOLD,
                             soft_threshold(f->x[1])));
    }
    VTDPI_END(f, 0);
}

/* 3. Guest EOI: the highest ISR bit is retired, and step 2 is looked at again. x[1]: the vector. */
vtdpi_op_t vtdpi_fn_soft_eoi(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_soft_apic_eoi, VTDPI_STAGE_hv));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_soft_highest, f->x[0], SOFT_ISR, 0));
    f->x[1] = r.v[0];
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_seen(hv_btr(VTDPI_STAGE_hv, x->fixed->soft, SOFT_ISR + hv_word(f->x[1]),
                                      hv_bit(f->x[1])),
                               VTDPI_EV_kvm_eoi, (uint32_t)f->x[0], f->x[1], 0));
    }
    VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_hv, x->fixed->state, VTDPI_VW_REQUESTS, VTDPI_REQUEST_EVENT));
    VTDPI_END(f, 0);
}

/* 1. The interrupt ends in the software IRR; the vCPU is kicked if it runs elsewhere, woken if it
 * sleeps. */
vtdpi_op_t vtdpi_fn_soft_accept(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_soft_apic_accept, VTDPI_STAGE_inject));
    VTDPI_YIELD(f, hv_carry(hv_bts(VTDPI_STAGE_inject, x->p->vcpus[f->x[0]].soft, hv_word(f->x[1]),
                                   hv_bit(f->x[1])),
                            f->x[2]));
    VTDPI_YIELD(f, hv_bts(VTDPI_STAGE_inject, hv_state(x, f->x[0]), VTDPI_VW_REQUESTS,
                          VTDPI_REQUEST_EVENT));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_kvm_kick, f->x[0], 0, 0));
    VTDPI_END(f, 0);
}
