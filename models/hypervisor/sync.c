/*
 * What a hypervisor does in software with a descriptor and the virtual APIC: harvest PIR, and look
 * for an interrupt that the guest could take.
 */
#include "internal.h"

/* RVI and SVI as the guest interrupt status has them, with RVI at least [found] - 1. */
static uint64_t sync_status(const vtdpi_ctx_t *x, uint64_t found)
{
    uint64_t rvi = x->guest->vapic.rvi;
    rvi = found != 0 && found - 1 > rvi ? found - 1 : rvi;
    return rvi | ((uint64_t)x->guest->vapic.svi << 8);
}

/* ON is clear: nothing was notified, and PIR is not looked at. KVM tests before it clears, as Xen
 * does. */
static vtdpi_op_t sync_merge(uint64_t v, uint64_t word, uint64_t bits)
{
    vtdpi_op_t op = hv_op(VTDPI_OP_VIRR_OR, VTDPI_STAGE_hv, bits, word);
    op.arg = (uint32_t)v;
    op.word = (uint8_t)word;
    return op;
}

static bool sync_xen(const vtdpi_ctx_t *x)
{
    return x->p->protocol->softirqs;
}

/*
 * KVM 5, VM entry 4; Xen 3, VM entry 1. x[1]: word of PIR; x[2]: its bits; x[3]: highest vector
 * found + 1. ON goes before PIR is read: B3.
 */
vtdpi_op_t vtdpi_fn_take_pir(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD));
    if ((r.v[0] & VTDPI_PID_ON) == 0) {
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f, hv_btr(VTDPI_STAGE_hv, hv_pid(x, f->x[0]), VTDPI_PID_CTL_WORD, VTDPI_PID_ON));
    VTDPI_ASSERT((r.v[0] & VTDPI_PID_ON) != 0);
    for (f->x[1] = 0; f->x[1] < VTDPI_VECTOR_WORDS; f->x[1]++) {
        f->x[2] = 1;
        if (!sync_xen(x)) { /* KVM exchanges only the words that it read as non-zero */
            VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, hv_pid(x, f->x[0]), (unsigned)f->x[1]));
            f->x[2] = r.v[0];
        }
        if (f->x[2] == 0) {
            continue;
        }
        VTDPI_YIELD(
            f, hv_mem(VTDPI_OP_XCHG, VTDPI_STAGE_hv, hv_pid(x, f->x[0]), (unsigned)f->x[1], 0, 0));
        f->x[2] = r.v[0];
        if (f->x[2] != 0) {
            f->x[3] = (f->x[1] * 64) + vtdpi_highest_bit(f->x[2]) + 1;
            VTDPI_YIELD(f, sync_merge(f->x[0], f->x[1], f->x[2]));
        }
    }
    if (f->x[3] > (uint64_t)x->guest->vapic.rvi + 1) { /* RVI = highest virtual IRR */
        VTDPI_YIELD(f, hv_op(VTDPI_OP_VMWRITE, VTDPI_STAGE_hv, HV_VMCS_INTR_STATUS,
                             sync_status(x, f->x[3])));
    }
    VTDPI_END(f, f->x[3] != 0);
}

/* Synchronise, then "an interrupt above PPR, and the guest takes interrupts". */
vtdpi_op_t vtdpi_hv_apicv_pending(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_take_pir, x->vcpu, 0, 0));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_hv, x->fixed->vapic[VTDPI_VL_PRIORITY], 0));
    f->x[0] = vtdpi_vapic_ppr((uint8_t)r.v[0], x->guest->vapic.svi);
    VTDPI_END(f, x->guest->guest_if && hv_above(x->guest->vapic.rvi, (unsigned)f->x[0]));
}
