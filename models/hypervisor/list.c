/*
 * Wake lists: doubly linked lists of vCPUs, one a CPU, as ordinary stores under the CPU's lock.
 *
 * A node's "member" bit and CPU are there so that a monitor can tell a double insertion; the list
 * code, like the real one, never looks at them.
 */
#include "internal.h"

/* Append. x[2]: last member + 1. */
vtdpi_op_t vtdpi_fn_list_add(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    uint32_t head = hv_cpu_line(x, f->x[1]);
    uint64_t self = f->x[0] + 1;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, head, VTDPI_CW_LIST));
    f->x[2] = (r.v[0] & HV_NODE_PREV) >> 16;
    /* new->next = head, new->prev = last */
    VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, hv_state(x, f->x[0]), VTDPI_VW_NODE,
                            (f->x[2] << 16) | HV_NODE_ON_LIST | (f->x[1] << HV_NODE_CPU_LOW),
                            ~UINT64_C(0)));
    if (f->x[2] != 0) { /* last->next = new */
        VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, hv_state(x, f->x[2] - 1), VTDPI_VW_NODE, self,
                                HV_NODE_NEXT));
    } else { /* head->next = new */
        VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, head, VTDPI_CW_LIST, self, HV_NODE_NEXT));
    }
    /* head->prev = new */
    VTDPI_YIELD(
        f, hv_seen(hv_store(VTDPI_STAGE_schedule, head, VTDPI_CW_LIST, self << 16, HV_NODE_PREV),
                   VTDPI_EV_list_added, (uint32_t)f->x[0], f->x[1], 0));
    VTDPI_END(f, 0);
}

/* Unlink. x[2]: the node. */
vtdpi_op_t vtdpi_fn_list_del(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    uint32_t head = hv_cpu_line(x, f->x[1]);
    uint64_t next = f->x[2] & HV_NODE_NEXT;
    uint64_t prev = (f->x[2] & HV_NODE_PREV) >> 16;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_schedule, hv_state(x, f->x[0]), VTDPI_VW_NODE));
    f->x[2] = r.v[0];
    next = f->x[2] & HV_NODE_NEXT;
    prev = (f->x[2] & HV_NODE_PREV) >> 16;
    if (next != 0) { /* next->prev = prev */
        VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, hv_state(x, next - 1), VTDPI_VW_NODE,
                                prev << 16, HV_NODE_PREV));
    } else {
        VTDPI_YIELD(f,
                    hv_store(VTDPI_STAGE_schedule, head, VTDPI_CW_LIST, prev << 16, HV_NODE_PREV));
    }
    if (prev != 0) { /* prev->next = next */
        VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, hv_state(x, prev - 1), VTDPI_VW_NODE, next,
                                HV_NODE_NEXT));
    } else {
        VTDPI_YIELD(f, hv_store(VTDPI_STAGE_schedule, head, VTDPI_CW_LIST, next, HV_NODE_NEXT));
    }
    VTDPI_YIELD(f, hv_seen(hv_store(VTDPI_STAGE_schedule, hv_state(x, f->x[0]), VTDPI_VW_NODE, 0,
                                    ~UINT64_C(0)),
                           VTDPI_EV_list_removed, (uint32_t)f->x[0], f->x[1], 0));
    VTDPI_END(f, 0);
}

/* Handler of the wake-up vector, interrupts off. x[1]: member + 1 that is looked at, x[2]: its
 * node. */
vtdpi_op_t vtdpi_fn_wake_list(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    uint32_t head = hv_cpu_line(x, x->cpu);
    VTDPI_BEGIN(f);
    /* KVM 5 / Xen 3, WNV handler: own list lock */
    VTDPI_YIELD(f, hv_lock(VTDPI_STAGE_wakeup, head, VTDPI_CW_LOCK));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_wakeup, head, VTDPI_CW_LIST));
    f->x[1] = r.v[0] & HV_NODE_NEXT;
    while (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_wakeup, hv_state(x, f->x[1] - 1), VTDPI_VW_NODE));
        f->x[2] = r.v[0];
        VTDPI_YIELD(f, hv_load(VTDPI_STAGE_wakeup, hv_pid(x, f->x[1] - 1), VTDPI_PID_CTL_WORD));
        f->x[3] = (r.v[0] & VTDPI_PID_ON) != 0;
        if (f->x[3] != 0) { /* the entry has ON = 1 */
            VTDPI_YIELD(f, hv_seen(hv_op(VTDPI_OP_SPEND, VTDPI_STAGE_wakeup, 0, 0),
                                   VTDPI_EV_pi_wakeup, (uint32_t)f->x[1] - 1, x->cpu, 0));
        }
        if (f->x[3] != 0 && f->x[0] != 0) { /* Xen: unlink, lock pointer = NULL, unblock */
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_list_del, f->x[1] - 1, x->cpu, 0));
            VTDPI_YIELD(f, hv_store(VTDPI_STAGE_wakeup, hv_state(x, f->x[1] - 1), VTDPI_VW_LISTLOCK,
                                    0, ~UINT64_C(0)));
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_xen_unblock, f->x[1] - 1, 0, 0));
        } else if (f->x[3] != 0) { /* KVM: wake the task */
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_wake, x->p->vcpus[f->x[1] - 1].thread, 0, 0));
        }
        f->x[1] = f->x[2] & HV_NODE_NEXT;
    }
    VTDPI_YIELD(f, hv_unlock(VTDPI_STAGE_wakeup, head, VTDPI_CW_LOCK));
    VTDPI_END(f, 0);
}
