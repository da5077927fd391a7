/*
 * The ledger: where the time of each live interrupt goes. At any moment one agent has an interrupt:
 * a request, a message, a CPU, the CPU that runs its vCPU, or nobody while the vCPU waits for one.
 * What that agent does is the interrupt's stage, what it waits for is the interrupt's waiting.
 * Every picosecond from write to fate is entered exactly once.
 */
#include "engine/timed/state.h"

#include <string.h>

static const uint8_t stage_works[VTDPI_STAGE_COUNT] = {
#define WORK                         1
#define WAIT                         0
#define VTDPI_STAGE(name, kind, doc) kind,
#include "vtdpi/stages.def"
#undef VTDPI_STAGE
#undef WORK
#undef WAIT
};

/* Whom the interrupt of a vCPU without a CPU waits for: a CPU that is idle has nothing else to do
 * than to take it up. */
static uint32_t ledger_waiting(const vtdpi_timed_t *t, const vtdpi_thread_t *thread)
{
    if (thread->state == VTDPI_TS_BLOCKED) {
        return TIMED_BLOCKED;
    }
    bool idle = t->sys->cpus[thread->cpu].thread == thread->cpu;
    return idle ? t->sys->actor.cpu + thread->cpu : TIMED_PREEMPTED;
}

/* Who has live interrupt [i] now. */
static uint32_t ledger_agent(const vtdpi_timed_t *t, uint32_t i)
{
    const vtdpi_system_t *sys = t->sys;
    const vtdpi_live_t *live = &sys->live[i];
    switch ((vtdpi_place_t)live->place) {
    case VTDPI_AT_REQUEST:
        return sys->actor.request + live->where;
    case VTDPI_AT_MESSAGE:
        return sys->actor.message + live->where;
    case VTDPI_AT_CPU:
        return sys->actor.cpu + live->where;
    case VTDPI_AT_VCPU: {
        uint32_t number = sys->p->vcpus[live->where].thread;
        const vtdpi_thread_t *thread = &sys->threads[number];
        if (thread->on_cpu != 0 && sys->cpus[thread->cpu].thread == number) {
            return sys->actor.cpu + thread->cpu;
        }
        return ledger_waiting(t, thread);
    }
    case VTDPI_AT_NOWHERE:
    default:
        return TIMED_NOBODY;
    }
}

static inline void entry_add(timed_entry_t *e, uint64_t until, unsigned stage)
{
    if (until > e->cursor) {
        e->record.stage_ps[stage] += until - e->cursor;
        e->cursor = until;
    }
}

/* The part of a segment that lies behind the cursor, up to [until]. */
static inline void entry_segment(timed_entry_t *e, const timed_actor_t *act,
                                 const timed_segment_t *s, uint64_t until)
{
    uint64_t end = s->end < until ? s->end : until;
    if (end <= e->cursor) {
        return;
    }
    uint64_t length = end - e->cursor;
    if (s->guess != 0) {
        e->record.guess_ps += length;
    }
    if (act->kind == TIMED_CPU && stage_works[s->stage] != 0) {
        e->core_ps[act->use] += length;
    }
    entry_add(e, end, s->stage);
}

static unsigned idle_stage(const vtdpi_timed_t *t, uint32_t agent)
{
    switch (agent) {
    case TIMED_BLOCKED:
        return VTDPI_STAGE_wait_blocked;
    case TIMED_PREEMPTED:
        return VTDPI_STAGE_wait_preempted;
    case TIMED_NOBODY:
        return VTDPI_STAGE_wait_other;
    default:
        break;
    }
    switch (t->actors[agent].kind) {
    case TIMED_CPU:
        return VTDPI_STAGE_wait_idle;
    case TIMED_REQUEST:
        return VTDPI_STAGE_wait_iommu;
    default:
        return VTDPI_STAGE_wait_other;
    }
}

/* Enters the time of [e] up to [until] under what its agent did. */
static inline void entry_charge(vtdpi_timed_t *t, timed_entry_t *e, uint64_t until)
{
    if (e->cursor >= until) {
        return;
    }
    if (e->agent >= TIMED_NOBODY || t->actors[e->agent].place == TIMED_NOWHERE) {
        entry_add(e, until, idle_stage(t, e->agent));
        return;
    }
    const timed_actor_t *act = &t->actors[e->agent];
    entry_add(e, act->asked < until ? act->asked : until, act->wait);
    for (unsigned s = 0; s < act->segments; s++) {
        entry_segment(e, act, &act->segment[s], until);
    }
    VTDPI_ASSERT(e->cursor >= until);
}

void timed_ledger_charge(vtdpi_timed_t *t, uint32_t a, uint64_t until)
{
    uint32_t high = t->head->live_high;
    for (uint32_t i = 0; i < high; i++) {
        timed_entry_t *e = &t->ledger[i];
        if (e->record.id != 0 && e->agent == a) {
            entry_charge(t, e, until);
        }
    }
}

timed_entry_t *timed_ledger_find(const vtdpi_timed_t *t, uint32_t id)
{
    for (uint32_t i = 0; i < t->head->live_high; i++) {
        if (t->ledger[i].record.id == id) {
            return &t->ledger[i];
        }
    }
    return NULL;
}

static uint64_t core_cycles(const vtdpi_timed_t *t, uint64_t ps)
{
    return vtdpi_clock_at_or_after(&t->cfg->clock[VTDPI_DOMAIN_CORE], ps);
}

static void entry_check(const timed_entry_t *e)
{
    uint64_t sum = 0;
    for (unsigned s = 0; s < VTDPI_STAGE_COUNT; s++) {
        sum += e->record.stage_ps[s];
    }
    VTDPI_ASSERT(sum == e->record.done_ps - e->record.written_ps);
}

/* The fate of [e] is known: its record goes out. */
void timed_ledger_end(vtdpi_timed_t *t, timed_entry_t *e, const vtdpi_sealed_t *sealed)
{
    uint64_t now = t->head->now;
    entry_charge(t, e, now);
    e->record.done_ps = now;
    e->record.fate = sealed->fate;
    e->record.carrier = sealed->carrier;
    e->record.reason = sealed->reason;
    for (unsigned i = 0; i < 3; i++) {
        e->record.core_cyc[i] = core_cycles(t, e->core_ps[i]);
    }
    entry_check(e);
    if (t->listener != NULL && t->listener->interrupt != NULL) {
        t->told++;
        t->listener->interrupt(t->listener->user, &e->record);
    }
    memset(e, 0, sizeof *e);
    t->head->live--;
}

/* The interrupt that was just written, of [source]. */
static void ledger_begin(vtdpi_timed_t *t, uint32_t i, uint32_t source)
{
    timed_entry_t *e = &t->ledger[i]; /* zero: since the start, or since its last interrupt ended */
    e->cursor = t->head->now;
    e->agent = TIMED_NOBODY;
    e->record.id = t->sys->new_id;
    e->record.interrupt = source;
    e->record.vcpu = t->sys->sources[source].vcpu;
    e->record.vector = t->sys->sources[source].vector;
    e->record.intended_ps = t->head->written;
    e->record.written_ps = t->head->now;
    t->head->live++;
}

static void ledger_born(vtdpi_timed_t *t, uint32_t source)
{
    const vtdpi_system_t *sys = t->sys;
    uint32_t i = 0;
    while (sys->live[i].id != sys->new_id) {
        i++;
        VTDPI_ASSERT(i < *sys->live_high); /* an interrupt is live when it is written */
    }
    if (i >= t->head->live_high) {
        t->head->live_high = i + 1;
    }
    ledger_begin(t, i, source);
}

/* Whether every live interrupt is where it was. */
static bool ledger_still(const vtdpi_timed_t *t)
{
    bool still = true;
    for (uint32_t i = 0; i < t->head->live_high; i++) {
        const timed_entry_t *e = &t->ledger[i];
        still = still && (e->record.id == 0 || e->agent == ledger_agent(t, i));
    }
    return still;
}

static void ledger_move(vtdpi_timed_t *t)
{
    for (uint32_t i = 0; i < t->head->live_high; i++) {
        timed_entry_t *e = &t->ledger[i];
        if (e->record.id == 0) {
            continue;
        }
        uint32_t agent = ledger_agent(t, i);
        if (agent != e->agent) {
            entry_charge(t, e, t->head->now);
            e->agent = agent;
        }
    }
}

/* After a fire: what was sealed, what was written (of [source]), and who has what now. */
void timed_ledger_settle(vtdpi_timed_t *t, uint32_t source)
{
    const vtdpi_system_t *sys = t->sys;
    if (!sys->moved) {
        VTDPI_ASSERT(ledger_still(t));
        return;
    }
    for (uint32_t i = 0; i < sys->sealed_count; i++) {
        timed_entry_t *e = timed_ledger_find(t, sys->sealed[i].id);
        VTDPI_ASSERT(e != NULL);
        timed_ledger_end(t, e, &sys->sealed[i]);
    }
    while (t->head->live_high > 0 && t->ledger[t->head->live_high - 1].record.id == 0) {
        t->head->live_high--;
    }
    if (sys->new_id != 0) {
        ledger_born(t, source);
    }
    ledger_move(t);
}
