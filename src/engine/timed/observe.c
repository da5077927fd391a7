/* Events of the log: their time, what only the engine knows about them, how often each happened. */
#include "engine/timed/state.h"

#include <string.h>

static uint64_t core_cycle(const vtdpi_timed_t *t, uint64_t ps)
{
    return vtdpi_clock_at_or_after(&t->cfg->clock[VTDPI_DOMAIN_CORE], ps + 1) - 1;
}

static void observe_exit(vtdpi_timed_t *t, const vtdpi_event_t *e)
{
    timed_vcpu_t *v = &t->vcpus[e->a[0]];
    v->exit_ps = t->head->now;
    v->exit_reason = (uint32_t)e->a[1] & 0xFFFFU;
    v->out = 1;
}

static void observe_entry(vtdpi_timed_t *t, vtdpi_event_t *e)
{
    timed_vcpu_t *v = &t->vcpus[e->a[0]];
    if (v->out == 0 || v->exit_reason >= VTDPI_EXIT_REASONS) {
        return;
    }
    v->out = 0;
    uint64_t spent = t->head->now - v->exit_ps;
    vtdpi_exit_stat_t *stat = &t->head->totals.exits[v->exit_reason];
    stat->min_ps = stat->samples == 0 || spent < stat->min_ps ? spent : stat->min_ps;
    stat->max_ps = spent > stat->max_ps ? spent : stat->max_ps;
    stat->samples++;
    stat->time_ps += spent;
    e->a[3] = spent;
}

static uint64_t host_vectors(const vtdpi_timed_t *t)
{
    uint64_t used = 0;
    for (uint32_t s = 0; s < t->cfg->p->source_count; s++) {
        used += t->sys->sources[s].host_vector != 0 ? 1U : 0U;
    }
    return used;
}

static void observe_vectors(vtdpi_timed_t *t)
{
    uint64_t own = t->cfg->p->protocol->posting ? 2 : 0;
    uint64_t used = host_vectors(t) + own;
    if (used > t->head->totals.host_vectors_used) {
        t->head->totals.host_vectors_used = used;
    }
}

static void observe_handler(const vtdpi_timed_t *t, vtdpi_event_t *e)
{
    const timed_entry_t *entry = e->id != 0 ? timed_ledger_find(t, e->id) : NULL;
    e->a[2] = entry != NULL ? t->head->now - entry->record.written_ps : 0;
}

/* What an event means for the totals, and what it still lacks. */
static void observe_one(vtdpi_timed_t *t, vtdpi_event_t *e)
{
    vtdpi_totals_t *totals = &t->head->totals;
    switch (e->event) {
    case VTDPI_EV_msi_written:
        e->a[3] = t->head->now - t->head->written;
        break;
    case VTDPI_EV_handler_entered:
        observe_handler(t, e);
        break;
    case VTDPI_EV_kvm_exit:
        observe_exit(t, e);
        break;
    case VTDPI_EV_kvm_entry:
        observe_entry(t, e);
        break;
    case VTDPI_EV_kvm_vcpu_wakeup:
        e->a[1] = t->head->now - t->vcpus[e->a[0]].exit_ps;
        break;
    case VTDPI_EV_notification_sent:
        totals->notifications_urgent += e->a[3] != 0 ? 1U : 0U;
        break;
    case VTDPI_EV_pi_processed:
        totals->notifications_misdirected += e->a[3] != 0 ? 1U : 0U;
        totals->notifications_spurious += e->a[1] == 0 && e->a[3] == 0 ? 1U : 0U;
        break;
    case VTDPI_EV_sched_switch:
        totals->preemptions += e->a[2] != 0 ? 1U : 0U;
        break;
    case VTDPI_EV_host_vector_allocated:
        observe_vectors(t);
        break;
    default:
        break;
    }
    totals->event_count[e->event]++;
}

static void observe_tell(vtdpi_timed_t *t)
{
    t->told++;
    uint64_t cyc = core_cycle(t, t->head->now);
    for (uint32_t i = 0; i < t->obs.count; i++) {
        t->obs.event[i].ps = t->head->now;
        t->obs.event[i].cyc = cyc;
        t->listener->event(t->listener->user, &t->obs.event[i]);
    }
}

static vtdpi_event_t *observe_add(vtdpi_timed_t *t, unsigned event)
{
    VTDPI_ASSERT(t->obs.count <= t->obs.capacity);
    vtdpi_event_t *e = &t->events[t->obs.count++];
    memset(e, 0, sizeof *e);
    e->event = (uint16_t)event;
    e->actor = UINT16_MAX;
    e->cpu = UINT16_MAX;
    return e;
}

static void observe_wait(vtdpi_timed_t *t, uint32_t a, const timed_actor_t *act)
{
    vtdpi_event_t *e = observe_add(t, VTDPI_EV_line_wait);
    e->id = t->sys->firing_id;
    e->actor = (uint16_t)a;
    e->cpu = act->kind == TIMED_CPU ? (uint16_t)timed_cpu_of(t, a) : UINT16_MAX;
    e->a[0] = act->line;
    e->a[1] = act->waited;
    e->a[2] = act->holder;
}

static inline void observe_all(vtdpi_timed_t *t)
{
    for (uint32_t i = 0; i < t->obs.count; i++) {
        observe_one(t, &t->obs.event[i]);
    }
    if (t->listener != NULL && t->listener->event != NULL && t->obs.count > 0) {
        observe_tell(t);
    }
    t->obs.count = 0;
}

/* After actor [a] fired. */
void timed_observe(vtdpi_timed_t *t, uint32_t a)
{
    timed_actor_t *act = &t->actors[a];
    if (act->waited != 0) {
        observe_wait(t, a, act);
        act->waited = 0;
    }
    if (t->obs.count > 0) {
        observe_all(t);
    }
}

/* One event of the engine's own. */
void timed_observe_alone(vtdpi_timed_t *t, unsigned event, uint32_t id, const uint64_t arg[4])
{
    vtdpi_event_t *e = observe_add(t, event);
    e->id = id;
    memcpy(e->a, arg, sizeof e->a);
    observe_all(t);
}
