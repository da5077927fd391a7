/*
 * The remapping unit's requests in flight, the devices that make them, and the messages that
 * result.
 *
 * A request passes ADMIT (decode, entry cache), FETCH (16-byte read of its entry), then POST (the
 * locked update of the descriptor) or SEND. Requests of one requester keep their order: what has an
 * effect outside waits for the older ones. Spec: VT-d, "Interrupt Remapping Hardware Operation",
 * "Interrupt-Posting Hardware Operation", "Ordering Requirements".
 */
#include "vtdpi/iommu_unit.h"
#include "vtdpi/lapic_access.h"

#include "internal.h"

#include <string.h>

/* A free slot for a request to [unit], which has its share of them, or -1. */
static int unit_free_request(const vtdpi_system_t *sys, uint32_t unit)
{
    uint32_t share = sys->p->request_count / sys->p->unit_count;
    int slot = -1;
    for (uint32_t r = sys->p->request_count; r-- > 0;) {
        if (sys->requests[r].phase == VTDPI_RQ_FREE) {
            slot = (int)r;
        } else if (vtdpi_sys_unit_of(sys, r) == unit && --share == 0) {
            return -1;
        }
    }
    return slot;
}

/* The unit that request [r] goes to. */
static vtdpi_iommu_t *request_unit(const vtdpi_system_t *sys, uint32_t r)
{
    return &sys->iommu[vtdpi_sys_unit_of(sys, r)];
}

int vtdpi_sys_message_slot(const vtdpi_system_t *sys)
{
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        if (!sys->messages[m].used) {
            return (int)m;
        }
    }
    return -1;
}

/* The last message slot was taken, or became free: whoever sends looks again. */
void vtdpi_sys_touch_senders(vtdpi_system_t *sys)
{
    for (uint32_t r = 0; r < sys->p->request_count; r++) {
        vtdpi_sys_touch(sys, sys->actor.request + r);
    }
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        vtdpi_sys_touch_cpu(sys, c);
    }
    for (uint32_t u = 0; u < sys->p->unit_count; u++) {
        vtdpi_sys_touch(sys, sys->actor.queue + u);
    }
}

/* The last request slot was taken, or became free: devices look again. */
static void touch_devices(vtdpi_system_t *sys)
{
    for (uint32_t s = 0; s < sys->p->source_count; s++) {
        vtdpi_sys_touch(sys, sys->actor.source + s);
    }
}

int vtdpi_sys_send(vtdpi_system_t *sys, const vtdpi_intr_msg_t *msg, uint32_t vcpu,
                   uint32_t from_unit)
{
    int m = vtdpi_sys_message_slot(sys);
    if (m < 0) {
        return -1;
    }
    vtdpi_message_t *message = &sys->messages[m];
    memset(message, 0, sizeof(*message));
    message->msg = *msg;
    message->vcpu = vcpu;
    message->from_unit = (uint8_t)from_unit;
    message->used = 1;
    vtdpi_sys_touch(sys, sys->actor.message + (uint32_t)m);
    if (vtdpi_sys_message_slot(sys) < 0) {
        vtdpi_sys_touch_senders(sys);
    }
    return m;
}

/*
 * CPU [cpu] is told from outside to call its scheduler. *Choice:* if no more messages can be in
 * flight, this one arrives at once: nobody would send it again.
 */
void vtdpi_sys_kick(vtdpi_system_t *sys, uint32_t cpu)
{
    vtdpi_intr_msg_t msg = {0};
    msg.dest = sys->cpus[cpu].apic.id;
    msg.vector = VTDPI_HV_RESCHED;
    msg.level = 1;
    msg.wide = sys->p->x2apic;
    if (vtdpi_sys_send(sys, &msg, VTDPI_NOBODY, 0) < 0) {
        vtdpi_lapic_accept(&sys->cpus[cpu].apic, &msg);
        vtdpi_sys_touch_cpu(sys, cpu);
    }
}

bool vtdpi_sys_source_enabled(const vtdpi_system_t *sys, uint32_t s)
{
    const vtdpi_source_t *source = &sys->sources[s];
    if (!source->enabled || source->budget == 0) {
        return false;
    }
    return sys->p->sources[s].vmm_thread != VTDPI_NOBODY ||
           unit_free_request(sys, sys->p->sources[s].unit) >= 0;
}

/* An emulated device asks its VMM thread, which is woken as by any event of its process. */
static void source_signal(vtdpi_system_t *sys, uint32_t s)
{
    sys->sources[s].raised++;
    uint32_t t = sys->p->sources[s].vmm_thread;
    uint32_t cpu = vtdpi_sys_wake(sys, t, VTDPI_NOBODY);
    if (cpu != VTDPI_NOBODY) {
        vtdpi_sys_kick(sys, cpu);
    }
}

void vtdpi_sys_source(vtdpi_system_t *sys, uint32_t s)
{
    vtdpi_source_t *source = &sys->sources[s];
    if (source->budget != UINT32_MAX) {
        source->budget--;
    }
    if (sys->p->sources[s].vmm_thread != VTDPI_NOBODY) {
        source_signal(sys, s);
        return;
    }
    uint32_t unit = sys->p->sources[s].unit;
    int r = unit_free_request(sys, unit);
    VTDPI_ASSERT(r >= 0);
    vtdpi_request_t *q = &sys->requests[r];
    memset(q, 0, sizeof(*q));
    q->msi = source->msi;
    q->source = s;
    q->requester = sys->p->sources[s].requester;
    for (uint32_t i = 0; i < sys->p->request_count; i++) {
        const vtdpi_request_t *other = &sys->requests[i];
        if (other->phase != VTDPI_RQ_FREE && other->requester == q->requester) {
            q->order++;
        }
    }
    q->phase = VTDPI_RQ_ADMIT;
    /* an interrupt that no guest owns is the host's business, and is not followed */
    uint32_t slot = source->attached ? vtdpi_sys_born(sys, s, VTDPI_AT_REQUEST, (uint32_t)r) : 0;
    if (sys->p->ghost) {
        sys->ghost_request[r] = slot;
    }
    vtdpi_sys_see(sys, VTDPI_EV_msi_written, VTDPI_NOBODY, s, q->msi.addr, q->msi.data, 0);
    vtdpi_sys_touch(sys, sys->actor.request + (uint32_t)r);
    if (unit_free_request(sys, unit) < 0) {
        touch_devices(sys);
    }
}

/* Request [r] is done: the younger ones of its requester move up, held-back devices may write, a
 * wait may complete. */
static void request_free(vtdpi_system_t *sys, uint32_t r)
{
    vtdpi_request_t *q = &sys->requests[r];
    bool was_full = unit_free_request(sys, vtdpi_sys_unit_of(sys, r)) < 0;
    for (uint32_t i = 0; i < sys->p->request_count; i++) {
        vtdpi_request_t *other = &sys->requests[i];
        if (other->phase != VTDPI_RQ_FREE && other->requester == q->requester &&
            other->order > q->order) {
            other->order--;
            vtdpi_sys_touch(sys, sys->actor.request + i);
        }
    }
    memset(q, 0, sizeof(*q));
    if (sys->p->ghost) {
        sys->ghost_request[r] = 0;
    }
    if (was_full) {
        touch_devices(sys);
    }
    vtdpi_sys_touch_queues(sys);
}

/* Fault events are messages of the unit's own. */
static void request_event(vtdpi_system_t *sys, uint32_t unit, const vtdpi_iommu_event_t *event)
{
    if (event->send) {
        int m = vtdpi_sys_send(sys, &event->msg, VTDPI_NOBODY, unit + 1);
        VTDPI_ASSERT(m >= 0);
        (void)m;
    }
}

/* @rule vtd.remap.blocked | VT-d | Interrupt Remapping Hardware Operation | A blocked request
 * has no effect but its record and the fault event. */
static void request_blocked(vtdpi_system_t *sys, uint32_t r, vtdpi_fault_t fault)
{
    vtdpi_record_t rec = vtdpi_iommu_record(request_unit(sys, r), &sys->p->iommu, fault);
    vtdpi_sys_see(sys, VTDPI_EV_blocked, VTDPI_NOBODY, fault.code, fault.index, fault.sid,
                  rec.recorded);
    request_event(sys, vtdpi_sys_unit_of(sys, r), &rec.event);
    if (sys->p->ghost) {
        vtdpi_sys_seal(sys, sys->ghost_request[r], VTDPI_FATE_BLOCKED, 0, fault.code);
    }
    request_free(sys, r);
}

/* The entry [irte] decides what comes next. */
static void request_entry(vtdpi_system_t *sys, uint32_t r, const uint64_t irte[2], bool hit)
{
    vtdpi_request_t *q = &sys->requests[r];
    vtdpi_irte_outcome_t o =
        vtdpi_iommu_check_irte(request_unit(sys, r), &sys->p->iommu, irte, q->index, q->requester);
    vtdpi_sys_see(sys, VTDPI_EV_irte_fetched, VTDPI_NOBODY, q->index, hit, irte[0], irte[1]);
    uint8_t code = o.kind == VTDPI_IRTE_BLOCKED ? o.fault.code : (uint8_t)VTDPI_FAULT_NONE;
    if (!hit && vtdpi_iec_may_cache(&sys->p->iommu, code)) {
        vtdpi_iec_insert(request_unit(sys, r), vtdpi_sys_iec(sys, vtdpi_sys_unit_of(sys, r)),
                         &sys->p->iommu, q->index, irte);
    }
    if (o.kind == VTDPI_IRTE_BLOCKED) {
        request_blocked(sys, r, o.fault);
    } else if (o.kind == VTDPI_IRTE_POSTED) {
        q->phase = VTDPI_RQ_POST;
        q->pid_paddr = o.pid_paddr;
        q->vv = o.vv;
        q->urg = o.urg;
        q->record = o.fault.record;
    } else {
        q->phase = VTDPI_RQ_SEND;
        q->msg = o.msg;
    }
}

static void request_admit(vtdpi_system_t *sys, uint32_t r)
{
    vtdpi_request_t *q = &sys->requests[r];
    vtdpi_admit_t a = vtdpi_iommu_admit(request_unit(sys, r), &sys->p->iommu, q->msi, q->requester);
    uint64_t irte[2];
    switch ((vtdpi_admit_kind_t)a.kind) {
    case VTDPI_ADMIT_FORWARD:
        q->msg = a.msg;
        q->plain = 1;
        q->phase = VTDPI_RQ_SEND;
        break;
    case VTDPI_ADMIT_LOOKUP:
        q->index = a.index;
        if (vtdpi_iec_lookup(vtdpi_sys_iec(sys, vtdpi_sys_unit_of(sys, r)), &sys->p->iommu, a.index,
                             irte)) {
            request_entry(sys, r, irte, true);
        } else {
            q->phase = VTDPI_RQ_FETCH;
        }
        break;
    case VTDPI_ADMIT_BLOCKED:
        request_blocked(sys, r, a.fault);
        break;
    case VTDPI_ADMIT_NOT_INTERRUPT:
    default:
        if (sys->p->ghost) {
            vtdpi_sys_seal(sys, sys->ghost_request[r], VTDPI_FATE_BLOCKED, 0, VTDPI_FAULT_NONE);
        }
        request_free(sys, r);
        break;
    }
}

/* All 128 bits in one access; without snooping, what was flushed.
 * @rule vtd.irte.snoop | VT-d | Extended Capability Register | With C = 0 the unit does not
 * snoop: it reads what software has flushed. */
static void request_fetch(vtdpi_system_t *sys, uint32_t r)
{
    vtdpi_request_t *q = &sys->requests[r];
    uint64_t paddr = 0;
    if (!vtdpi_iommu_irte_address(request_unit(sys, r), &sys->p->iommu, q->index, &paddr)) {
        request_blocked(
            sys, r,
            vtdpi_iommu_fault(VTDPI_FAULT_INDEX_BEYOND_TABLE, q->requester, q->index, false));
        return;
    }
    uint32_t line = vtdpi_line_at(sys->p, paddr);
    if (line == VTDPI_NO_LINE) {
        request_blocked(sys, r,
                        vtdpi_iommu_fault(VTDPI_FAULT_IRTE_ACCESS, q->requester, q->index, false));
        return;
    }
    unsigned word = (unsigned)(paddr >> 3) & 7U;
    const uint64_t *from = &sys->lines[line * VTDPI_LINE_WORDS];
    if (!sys->p->iommu.coherent && sys->p->lines[line].kind == VTDPI_LINE_IRTE) {
        from = &sys->flushed[(line - sys->p->irte_line) * VTDPI_LINE_WORDS];
    }
    uint64_t irte[2] = {from[word], from[word + 1]};
    sys->moved_line = line;
    request_entry(sys, r, irte, false);
}

static void post_observe(vtdpi_system_t *sys, uint32_t r, uint32_t v, const vtdpi_pid_post_t *post,
                         uint64_t control)
{
    const vtdpi_request_t *q = &sys->requests[r];
    vtdpi_sys_see(sys, VTDPI_EV_posted, VTDPI_NOBODY, v, q->vv, post->pir_was_set, control);
    if (post->notify) {
        vtdpi_sys_see(sys, VTDPI_EV_notification_sent, VTDPI_NOBODY, v, post->nv,
                      vtdpi_pid_ndst_decode(post->ndst, request_unit(sys, r)->arch.eime),
                      q->urg && post->sn_was);
    } else {
        vtdpi_sys_see(sys,
                      post->on_was ? VTDPI_EV_notification_suppressed_on
                                   : VTDPI_EV_notification_suppressed_sn,
                      VTDPI_NOBODY, v, q->vv, 0, 0);
    }
}

/* The posted interrupt moves to the descriptor; a carried notification takes it along until it is
 * accepted. */
static void post_identity(vtdpi_system_t *sys, uint32_t r, uint32_t v, bool was_set, bool notify)
{
    if (!sys->p->ghost) {
        return;
    }
    uint8_t vv = sys->requests[r].vv;
    uint32_t slot = sys->ghost_request[r];
    vtdpi_sys_merge(sys, slot, &sys->ghost_vcpu[v].pir[vv],
                    notify ? VTDPI_AT_REQUEST : VTDPI_AT_VCPU, notify ? r : v, was_set, vv);
    sys->ghost_request[r] = was_set || !notify ? 0 : slot;
}

/* Steps 2 to 7 of posting: one atomic, coherent read-modify-write.
 * @rule vtd.post.visible-first | VT-d | Ordering Requirements for Interrupt Posting | The update
 * of the descriptor is visible before its notification is sent. */
static void request_post(vtdpi_system_t *sys, uint32_t r)
{
    vtdpi_request_t *q = &sys->requests[r];
    uint32_t line = vtdpi_line_at(sys->p, q->pid_paddr);
    bool fpd = q->record == 0;
    if (line == VTDPI_NO_LINE) {
        request_blocked(sys, r,
                        vtdpi_iommu_fault(VTDPI_FAULT_PID_ACCESS, q->requester, q->index, fpd));
        return;
    }
    uint64_t *words = &sys->lines[line * VTDPI_LINE_WORDS];
    sys->moved_line = line;
    if (!vtdpi_iommu_check_pid(request_unit(sys, r), &sys->p->iommu, words)) {
        request_blocked(sys, r,
                        vtdpi_iommu_fault(VTDPI_FAULT_PID_RESERVED, q->requester, q->index, fpd));
        return;
    }
    vtdpi_pid_post_t post = vtdpi_pid_post(words, q->vv, q->urg != 0);
    sys->pid_locked++;
    vtdpi_sys_write(sys, line, VTDPI_PID_CTL_WORD, words[VTDPI_PID_CTL_WORD]);
    bool pid = sys->p->lines[line].kind == VTDPI_LINE_PID;
    uint32_t v = pid ? sys->p->lines[line].owner : VTDPI_NOBODY;
    if (pid) {
        post_observe(sys, r, v, &post, words[VTDPI_PID_CTL_WORD]);
        post_identity(sys, r, v, post.pir_was_set, post.notify);
    } else { /* a write into foreign memory: nobody will ever deliver it */
        vtdpi_sys_monitor(sys, VTDPI_MONITOR_s6, VTDPI_NOBODY, VTDPI_NOBODY);
        if (sys->p->ghost) {
            vtdpi_sys_seal(sys, sys->ghost_request[r], VTDPI_FATE_LOST, 0, 0);
            sys->ghost_request[r] = 0;
        }
    }
    if (!post.notify) {
        request_free(sys, r);
        return;
    }
    q->msg = vtdpi_iommu_notification(request_unit(sys, r), &post);
    q->wake = 1;
    q->index = v;
    q->phase = VTDPI_RQ_SEND;
}

static void request_send(vtdpi_system_t *sys, uint32_t r)
{
    vtdpi_request_t *q = &sys->requests[r];
    bool notification = q->wake != 0;
    if (q->plain != 0) {
        vtdpi_sys_see(sys, VTDPI_EV_forwarded, VTDPI_NOBODY, q->msg.vector, q->msg.dest, 0, 0);
    } else if (!notification) {
        vtdpi_sys_see(sys, VTDPI_EV_remapped, VTDPI_NOBODY, q->index, q->msg.vector, q->msg.dest,
                      0);
    }
    int m = vtdpi_sys_send(sys, &q->msg, notification ? q->index : VTDPI_NOBODY,
                           vtdpi_sys_unit_of(sys, r) + 1);
    VTDPI_ASSERT(m >= 0);
    sys->messages[m].old = q->old;
    if (sys->p->ghost) {
        uint32_t slot = sys->ghost_request[r];
        sys->ghost_message[m] = slot;
        vtdpi_sys_follow(sys, slot, VTDPI_AT_REQUEST, r, VTDPI_AT_MESSAGE, (uint32_t)m);
    }
    request_free(sys, r);
}

/* @rule vtd.order.requester | VT-d | Ordering Requirements for Interrupt Posting | Requests of
 * one requester take effect in the order in which they were made; those of others may pass.
 * @rule vtd.order.notification | VT-d | Ordering Requirements for Interrupt Posting | A request
 * has taken effect when its notification, if one is due, was sent. */
bool vtdpi_sys_request_enabled(const vtdpi_system_t *sys, uint32_t r)
{
    const vtdpi_request_t *q = &sys->requests[r];
    switch ((vtdpi_request_phase_t)q->phase) {
    case VTDPI_RQ_ADMIT: /* each of these may end in a message: a notification, a fault event */
    case VTDPI_RQ_FETCH:
        return vtdpi_sys_message_slot(sys) >= 0;
    case VTDPI_RQ_POST:
    case VTDPI_RQ_SEND:
        return q->order == 0 && vtdpi_sys_message_slot(sys) >= 0;
    case VTDPI_RQ_FREE:
    default:
        return false;
    }
}

void vtdpi_sys_request_op(const vtdpi_system_t *sys, uint32_t r, vtdpi_op_t *op)
{
    const vtdpi_request_t *q = &sys->requests[r];
    uint64_t paddr = 0;
    *op = vtdpi_op_make(VTDPI_OP_ADMIT, VTDPI_STAGE_irte, VTDPI_T_irte_cache_hit);
    op->line = VTDPI_NO_LINE;
    op->flags = VTDPI_OPF_IOMMU;
    op->arg = q->source;
    switch ((vtdpi_request_phase_t)q->phase) {
    case VTDPI_RQ_FETCH:
        op->kind = VTDPI_OP_FETCH;
        if (vtdpi_iommu_irte_address(request_unit(sys, r), &sys->p->iommu, q->index, &paddr)) {
            op->line = (uint16_t)vtdpi_line_at(sys->p, paddr);
        }
        break;
    case VTDPI_RQ_POST:
        op->kind = VTDPI_OP_POST;
        op->stage = VTDPI_STAGE_pid_update;
        op->line = (uint16_t)vtdpi_line_at(sys->p, q->pid_paddr);
        break;
    case VTDPI_RQ_SEND:
        op->kind = VTDPI_OP_FORWARD;
        op->stage = VTDPI_STAGE_message;
        op->cost = 0;
        break;
    case VTDPI_RQ_FREE:
    case VTDPI_RQ_ADMIT:
    default:
        break;
    }
}

void vtdpi_sys_request(vtdpi_system_t *sys, uint32_t r)
{
    if (sys->p->ghost && vtdpi_sys_is_at(sys, sys->ghost_request[r], VTDPI_AT_REQUEST, r)) {
        sys->firing_id = vtdpi_sys_id(sys, sys->ghost_request[r]);
    }
    switch ((vtdpi_request_phase_t)sys->requests[r].phase) {
    case VTDPI_RQ_ADMIT:
        request_admit(sys, r);
        break;
    case VTDPI_RQ_FETCH:
        request_fetch(sys, r);
        break;
    case VTDPI_RQ_POST:
        request_post(sys, r);
        break;
    case VTDPI_RQ_SEND:
        request_send(sys, r);
        break;
    case VTDPI_RQ_FREE:
    default:
        VTDPI_UNREACHABLE("a free request cannot move");
        break;
    }
}
