/*
 * The end of a run. After the duration no new interrupt is meant to arrive; the run goes on until
 * everything that was written has met its fate and nothing that could matter is in flight, or until
 * drain_limit.
 *
 * At the cut an interrupt is *lost* if nothing is under way that could deliver it: it lies in a
 * descriptor or an IRR of a vCPU that sleeps, or in the descriptor of one that runs with no
 * notification in flight; else it is *pending*.
 */
#include "engine/timed/state.h"

static bool quiet_flight(const vtdpi_system_t *sys)
{
    for (uint32_t r = 0; r < sys->p->request_count; r++) {
        if (sys->requests[r].phase != VTDPI_RQ_FREE) {
            return false;
        }
    }
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        if (sys->messages[m].used != 0) {
            return false;
        }
    }
    return true;
}

/* VMM threads and the toolstack have nothing to do. */
static bool quiet_threads(const vtdpi_system_t *sys)
{
    for (uint32_t i = 0; i < sys->p->thread_count; i++) {
        if (sys->p->threads[i].kind == VTDPI_THREAD_VMM &&
            sys->threads[i].state != VTDPI_TS_BLOCKED) {
            return false;
        }
    }
    for (uint32_t s = 0; s < sys->p->source_count; s++) {
        if (sys->sources[s].raised != 0) {
            return false;
        }
    }
    return true;
}

/* No guest is in an interrupt handler: its last EOI belongs to the run. */
static bool quiet_guests(const vtdpi_system_t *sys)
{
    for (uint32_t v = 0; v < sys->p->vcpu_count; v++) {
        if (sys->vcpus[v].depth > 1) {
            return false;
        }
    }
    return true;
}

/* Whether nothing that a run is about is under way any more. */
bool timed_quiet(const vtdpi_timed_t *t)
{
    const timed_head_t *head = t->head;
    return head->live == 0 && head->sources_due == 0 && head->outside_due == 0 &&
           quiet_flight(t->sys) && quiet_threads(t->sys) && quiet_guests(t->sys);
}

/* Whether a notification can still reach vCPU [v]. */
static bool end_notified(const vtdpi_system_t *sys, uint32_t v)
{
    const vtdpi_thread_t *thread = &sys->threads[sys->p->vcpus[v].thread];
    const uint64_t *irr = sys->cpus[thread->cpu].apic.irr;
    return !quiet_flight(sys) || vtdpi_set_has(irr, VTDPI_HV_ANV) ||
           vtdpi_set_has(irr, VTDPI_HV_WNV);
}

static bool end_in_pir(const vtdpi_system_t *sys, uint32_t slot, uint32_t v)
{
    for (uint32_t vector = 0; vector < VTDPI_VECTORS; vector++) {
        if (sys->ghost_vcpu[v].pir[vector] == slot + 1) {
            return true;
        }
    }
    return false;
}

static bool end_lost(const vtdpi_timed_t *t, uint32_t slot)
{
    const vtdpi_system_t *sys = t->sys;
    const vtdpi_live_t *live = &sys->live[slot];
    uint32_t v = t->ledger[slot].record.vcpu;
    if (live->place == VTDPI_AT_VCPU) {
        v = live->where;
    } else if (live->place != VTDPI_AT_CPU || !end_in_pir(sys, slot, v)) {
        return false;
    }
    const vtdpi_thread_t *thread = &sys->threads[sys->p->vcpus[v].thread];
    bool sleeps = thread->state == VTDPI_TS_BLOCKED;
    bool runs = thread->on_cpu != 0 && sys->cpus[thread->cpu].mode == VTDPI_MODE_NONROOT;
    return !end_notified(sys, v) && (sleeps || (runs && end_in_pir(sys, slot, v)));
}

static void end_entry(vtdpi_timed_t *t, uint32_t slot)
{
    timed_entry_t *e = &t->ledger[slot];
    vtdpi_sealed_t sealed = {.id = e->record.id, .fate = VTDPI_FATE_PENDING};
    if (end_lost(t, slot)) {
        sealed.fate = VTDPI_FATE_LOST;
        const uint64_t lost[4] = {e->record.interrupt, e->record.vector, 0, 0};
        timed_observe_alone(t, VTDPI_EV_lost, e->record.id, lost);
        const uint64_t fired[4] = {VTDPI_MONITOR_lost, e->record.vcpu, 0, 0};
        timed_observe_alone(t, VTDPI_EV_monitor_fired, e->record.id, fired);
        t->sys->monitors |= UINT64_C(1) << VTDPI_MONITOR_lost;
    }
    timed_ledger_end(t, e, &sealed);
}

/* At rest the invariants that the protocol claims hold, and those that the scenario asserts. */
static void end_monitors(vtdpi_timed_t *t)
{
    uint64_t wanted = t->cfg->p->protocol->monitors | t->cfg->scenario->asserts;
    uint64_t fired = vtdpi_system_violated(t->sys) & wanted;
    for (uint64_t left = fired; left != 0; left &= left - 1) {
        const uint64_t arg[4] = {vtdpi_lowest_bit(left), VTDPI_NOBODY, 0, 0};
        timed_observe_alone(t, VTDPI_EV_monitor_fired, 0, arg);
    }
    t->sys->monitors |= fired;
}

void vtdpi_timed_finish(vtdpi_timed_t *t, vtdpi_totals_t *totals)
{
    timed_head_t *head = t->head;
    head->totals.limit = head->live > 0 && head->heap_count > 0;
    head->totals.drained = head->live == 0;
    if (head->totals.limit) { /* pending ones waited until the cut */
        head->now = head->limit;
    }
    if (vtdpi_system_at_rest(t->sys)) {
        end_monitors(t);
    }
    for (uint32_t i = 0; i < head->live_high; i++) {
        if (t->ledger[i].record.id != 0) {
            end_entry(t, i);
        }
    }
    for (uint32_t c = 0; c < t->cfg->p->cpu_count; c++) {
        timed_occupancy_end(t, c);
    }
    head->totals.end_ps = head->now;
    head->totals.cycles =
        vtdpi_clock_at_or_after(&t->cfg->clock[VTDPI_DOMAIN_CORE], head->now + 1) - 1;
    head->totals.locked_ops_pid = t->sys->pid_locked;
    head->totals.fired_monitors = t->sys->monitors;
    *totals = head->totals;
}
