/*
 * The invalidation queue: descriptors are fetched, executed and, for a wait, answered, one
 * operation each.
 *
 * An executed invalidation marks every request and remapped message in flight as old; a wait
 * completes when no old one is left: posted ones have updated their descriptor and sent their
 * notification, remapped ones were accepted by a local APIC. Spec: VT-d, "Queued Invalidation
 * Interface", "Interrupt Draining".
 */
#include "vtdpi/iommu_unit.h"

#include "internal.h"

#include <string.h>

enum { QUEUE_FETCH, QUEUE_RUN, QUEUE_STATUS };

/* @rule vtd.drain.requests | VT-d | Interrupt Draining | A wait completes when every request
 * older than an executed invalidation is done: a posted one has updated its descriptor and sent
 * its notification.
 * @rule vtd.drain.accepted | VT-d | Interrupt Draining | A remapped request is done when a local
 * APIC has accepted its message. */
static bool queue_drained(const vtdpi_system_t *sys, uint32_t unit)
{
    for (uint32_t r = 0; r < sys->p->request_count; r++) {
        if (sys->requests[r].phase != VTDPI_RQ_FREE && sys->requests[r].old &&
            vtdpi_sys_unit_of(sys, r) == unit) {
            return false;
        }
    }
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        const vtdpi_message_t *message = &sys->messages[m];
        if (message->used && message->old && message->from_unit == unit + 1 &&
            message->vcpu == VTDPI_NOBODY) {
            return false;
        }
    }
    return true;
}

static vtdpi_iqd_t queue_decode(const vtdpi_system_t *sys, uint32_t unit)
{
    return vtdpi_iqd_decode(sys->queue[unit].desc, false, sys->p->iommu.mhmv);
}

/* @rule vtd.queue.message-room | VT-d | Queued Invalidation Interface | Choice: a step of the queue
 * waits while no further message can be in flight. */
bool vtdpi_sys_queue_enabled(const vtdpi_system_t *sys, uint32_t unit)
{
    if (vtdpi_sys_message_slot(sys) < 0) { /* it may have to send an event */
        return false;
    }
    if (sys->queue[unit].phase == QUEUE_FETCH) {
        return vtdpi_iommu_queue_next(&sys->iommu[unit], &sys->p->iommu).kind != VTDPI_QUEUE_IDLE;
    }
    if (sys->queue[unit].phase == QUEUE_RUN) {
        return queue_decode(sys, unit).kind != VTDPI_IQD_WAIT || queue_drained(sys, unit);
    }
    return true;
}

void vtdpi_sys_queue_op(const vtdpi_system_t *sys, uint32_t unit, vtdpi_op_t *op)
{
    *op = vtdpi_op_make(VTDPI_OP_QUEUE_FETCH, VTDPI_STAGE_irte_update, VTDPI_T_iec_invalidate);
    op->flags = VTDPI_OPF_IOMMU;
    op->line = VTDPI_NO_LINE;
    if (sys->queue[unit].phase == QUEUE_RUN) {
        op->kind = VTDPI_OP_QUEUE_RUN;
    } else if (sys->queue[unit].phase == QUEUE_STATUS) {
        op->kind = VTDPI_OP_QUEUE_STATUS;
        op->line = (uint16_t)vtdpi_line_at(sys->p, queue_decode(sys, unit).status_paddr);
    } else {
        vtdpi_queue_next_t next = vtdpi_iommu_queue_next(&sys->iommu[unit], &sys->p->iommu);
        op->line = (uint16_t)vtdpi_line_at(sys->p, next.paddr);
    }
}

static void queue_event(vtdpi_system_t *sys, uint32_t unit, vtdpi_iommu_event_t event)
{
    if (event.send) {
        int m = vtdpi_sys_send(sys, &event.msg, VTDPI_NOBODY, unit + 1);
        VTDPI_ASSERT(m >= 0);
        (void)m;
    }
}

static void queue_error(vtdpi_system_t *sys, uint32_t unit, uint8_t code)
{
    vtdpi_sys_see(sys, VTDPI_EV_queue_error, VTDPI_NOBODY, code, 0, 0, 0);
    queue_event(sys, unit, vtdpi_iommu_queue_error(&sys->iommu[unit], &sys->p->iommu, code));
    sys->queue[unit].phase = QUEUE_FETCH;
}

static void queue_fetch(vtdpi_system_t *sys, uint32_t unit)
{
    vtdpi_queue_next_t next = vtdpi_iommu_queue_next(&sys->iommu[unit], &sys->p->iommu);
    if (next.kind == VTDPI_QUEUE_ERROR) {
        queue_error(sys, unit, next.error);
        return;
    }
    uint32_t line = vtdpi_line_at(sys->p, next.paddr);
    if (line == VTDPI_NO_LINE) {
        queue_error(sys, unit, VTDPI_IQEI_FETCH);
        return;
    }
    unsigned word = (unsigned)(next.paddr >> 3) & 7U;
    sys->queue[unit].desc[0] = vtdpi_sys_read(sys, line, word);
    sys->queue[unit].desc[1] = vtdpi_sys_read(sys, line, word + 1);
    sys->moved_line = line;
    vtdpi_iqd_t d = queue_decode(sys, unit);
    if (d.kind == VTDPI_IQD_INVALID) {
        queue_error(sys, unit, d.error);
        return;
    }
    vtdpi_iommu_queue_advance(&sys->iommu[unit]);
    sys->queue[unit].phase = QUEUE_RUN;
}

static void queue_mark_old(vtdpi_system_t *sys, uint32_t unit)
{
    for (uint32_t r = 0; r < sys->p->request_count; r++) {
        if (sys->requests[r].phase != VTDPI_RQ_FREE && vtdpi_sys_unit_of(sys, r) == unit) {
            sys->requests[r].old = 1;
        }
    }
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        if (sys->messages[m].used && sys->messages[m].from_unit == unit + 1) {
            sys->messages[m].old = 1;
        }
    }
}

static uint32_t queue_cached(const vtdpi_system_t *sys, uint32_t unit)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sys->p->iommu.iec_entries; i++) {
        n += vtdpi_sys_iec(sys, unit)[i].valid;
    }
    return n;
}

static void queue_done(vtdpi_system_t *sys, uint32_t unit)
{
    memset(&sys->queue[unit], 0, sizeof(sys->queue[unit]));
}

static void queue_complete(vtdpi_system_t *sys, uint32_t unit, const vtdpi_iqd_t *d)
{
    vtdpi_sys_see(sys, VTDPI_EV_wait_completed, VTDPI_NOBODY, d->status_data, 0, 0, 0);
    queue_event(sys, unit, vtdpi_iommu_wait_complete(&sys->iommu[unit], d));
    queue_done(sys, unit);
}

/* @rule vtd.drain.no-stale | VT-d | Interrupt Draining | After a completed wait no request is
 * processed with an entry that an earlier invalidation dropped. */
static void queue_run(vtdpi_system_t *sys, uint32_t unit)
{
    vtdpi_iqd_t d = queue_decode(sys, unit);
    if (d.kind == VTDPI_IQD_IEC) {
        uint32_t before = queue_cached(sys, unit);
        vtdpi_iommu_queue_iec(vtdpi_sys_iec(sys, unit), &sys->p->iommu, &d);
        queue_mark_old(sys, unit);
        vtdpi_sys_see(sys, VTDPI_EV_iec_invalidated, VTDPI_NOBODY, !d.g, d.iidx, d.im,
                      before - queue_cached(sys, unit));
        queue_done(sys, unit);
    } else if (d.kind == VTDPI_IQD_WAIT && d.sw) {
        sys->queue[unit].phase = QUEUE_STATUS;
    } else if (d.kind == VTDPI_IQD_WAIT) {
        queue_complete(sys, unit, &d);
    } else {
        queue_done(sys, unit);
    }
}

/* @rule vtd.queue.status-nowhere | VT-d | Invalidation Wait Descriptor | Choice: a status address
 * in no memory is not written, and the wait completes. */
static void queue_status(vtdpi_system_t *sys, uint32_t unit)
{
    vtdpi_iqd_t d = queue_decode(sys, unit);
    uint32_t line = vtdpi_line_at(sys->p, d.status_paddr);
    if (line != VTDPI_NO_LINE) {
        unsigned word = (unsigned)(d.status_paddr >> 3) & 7U;
        unsigned low = (d.status_paddr & 4U) != 0 ? 32 : 0;
        sys->moved_line = line;
        vtdpi_sys_write(sys, line, word,
                        vtdpi_with_bits(vtdpi_sys_read(sys, line, word), low, 32, d.status_data));
    }
    queue_complete(sys, unit, &d);
}

void vtdpi_sys_queue(vtdpi_system_t *sys, uint32_t unit)
{
    if (sys->queue[unit].phase == QUEUE_FETCH) {
        queue_fetch(sys, unit);
    } else if (sys->queue[unit].phase == QUEUE_RUN) {
        queue_run(sys, unit);
    } else {
        queue_status(sys, unit);
    }
    vtdpi_sys_touch(sys, sys->actor.queue + unit);
}

/* A message or request is gone, or a slot is free: a wait may complete, an event may be sent. */
void vtdpi_sys_touch_queues(vtdpi_system_t *sys)
{
    for (uint32_t u = 0; u < sys->p->unit_count; u++) {
        if (sys->queue[u].phase != QUEUE_FETCH) {
            vtdpi_sys_touch(sys, sys->actor.queue + u);
        }
    }
}
