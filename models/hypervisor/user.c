/*
 * Threads of user space: an emulating process, and the toolstack.
 */
#include "internal.h"

/* Emulation work before the interrupt of a device. */
static vtdpi_op_t user_work(const vtdpi_ctx_t *x)
{
    const vtdpi_span_t *work = &x->p->threads[x->thread].work;
    vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_SPEND, VTDPI_STAGE_vmm, 0);
    op.flags |= VTDPI_OPF_INTERRUPTIBLE;
    return vtdpi_op_ab(op, work->ps, work->cyc);
}

static bool user_has_work(const vtdpi_ctx_t *x)
{
    return x->p->threads[x->thread].work.ps != 0 || x->p->threads[x->thread].work.cyc != 0;
}

/* One raised interrupt after another: leave the guest's side, emulate, hand it to the hypervisor.
 * x[0]: its source. */
vtdpi_op_t vtdpi_fn_vmm(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_PREPARE, VTDPI_STAGE_vmm, 0, 0));
        VTDPI_YIELD(f, hv_op(VTDPI_OP_TAKE, VTDPI_STAGE_vmm, 0, 0));
        f->x[0] = r.v[0];
        if (f->x[0] == VTDPI_NOBODY) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 0, 0, 0));
            continue;
        }
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CANCEL, VTDPI_STAGE_vmm, 0, 0));
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_user, VTDPI_STAGE_vmm));
        if (user_has_work(x)) {
            VTDPI_YIELD(f, user_work(x));
        }
        VTDPI_YIELD(f, hv_op(VTDPI_OP_RAISE, VTDPI_STAGE_vmm, f->x[0], 0));
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_deliver, x->sources[f->x[0]].vcpu,
                                     x->sources[f->x[0]].vector, f->x[0] + 1));
        if (x->me->need_resched) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 1, 0, 0));
        }
    }
    VTDPI_END(f, 0);
}

/* What request [e] of a user asks for. */
static vtdpi_op_t user_request(const vtdpi_event_cfg_t *e)
{
    if (e->kind == VTDPI_EVENT_WRITE_MSI) {
        return vtdpi_op_call(VTDPI_FN_msi_write, e->interrupt, e->vcpu, e->vector);
    }
    return vtdpi_op_call(VTDPI_FN_bind, e->interrupt, e->kind == VTDPI_EVENT_ATTACH, 0);
}

/* Requests of users, one by one. x[0]: outside event. */
vtdpi_op_t vtdpi_fn_tools(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_PREPARE, VTDPI_STAGE_vmm, 0, 0));
        VTDPI_YIELD(f, hv_op(VTDPI_OP_TAKE_TOOL, VTDPI_STAGE_vmm, 0, 0));
        f->x[0] = r.v[0];
        if (f->x[0] == VTDPI_NOBODY) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 0, 0, 0));
            continue;
        }
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CANCEL, VTDPI_STAGE_vmm, 0, 0));
        VTDPI_YIELD(f, hv_lump(VTDPI_LUMP_user, VTDPI_STAGE_vmm));
        VTDPI_YIELD(f, user_request(&x->p->events[f->x[0]]));
        if (x->me->need_resched) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_schedule, 1, 0, 0));
        }
    }
    VTDPI_END(f, 0);
}
