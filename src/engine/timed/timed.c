/* The engine itself: its block, its start, and what happens when an actor fires. */
#include "engine/timed/state.h"

#include <string.h>

enum { ALIGN = 64, DEPTH = 16 };

static size_t take(size_t *at, size_t bytes)
{
    size_t here = *at;
    *at = (here + bytes + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);
    return here;
}

/* Where each array begins in the block. */
typedef struct {
    size_t head, actors, lines, sources, cpus, vcpus, ledger, rests, deadlines, heap, size;
    uint32_t rest_count;
    uint32_t actor_count;
} layout_t;

static layout_t layout_of(const vtdpi_platform_t *p)
{
    layout_t l;
    size_t at = 0;
    memset(&l, 0, sizeof l);
    l.actor_count = (p->cpu_count * (2U + (uint32_t)VTDPI_SLOTS)) + p->request_count +
                    (uint32_t)VTDPI_MESSAGES_MAX + p->source_count + p->unit_count +
                    p->event_count + 1U;
    l.rest_count = ((2U * p->cpu_count) + p->thread_count + p->vcpu_count) * (uint32_t)DEPTH;
    l.head = take(&at, sizeof(timed_head_t));
    l.actors = take(&at, l.actor_count * sizeof(timed_actor_t));
    l.heap = take(&at, l.actor_count * sizeof(timed_due_t));
    l.lines = take(&at, p->line_count * sizeof(timed_line_t));
    l.sources = take(&at, p->source_count * sizeof(timed_source_t));
    l.cpus = take(&at, p->cpu_count * sizeof(timed_cpu_t));
    l.vcpus = take(&at, p->vcpu_count * sizeof(timed_vcpu_t));
    l.rests = take(&at, l.rest_count * sizeof(timed_rest_t));
    l.deadlines = take(&at, p->cpu_count * (size_t)VTDPI_SLOTS * sizeof(uint64_t));
    l.ledger = take(&at, (size_t)VTDPI_LIVE_MAX * sizeof(timed_entry_t));
    l.size = at;
    return l;
}

size_t vtdpi_timed_size(const vtdpi_platform_t *p)
{
    return layout_of(p).size;
}

void vtdpi_timed_bind(vtdpi_timed_t *t, vtdpi_system_t *sys, const vtdpi_timed_cfg_t *cfg,
                      void *block)
{
    layout_t l = layout_of(cfg->p);
    uint8_t *b = block;
    memset(t, 0, sizeof *t);
    VTDPI_ASSERT(l.actor_count == sys->actor.count);
    t->sys = sys;
    t->cfg = cfg;
    t->block = b;
    t->size = l.size;
    t->rest_count = l.rest_count;
    t->head = (timed_head_t *)(void *)(b + l.head);
    t->actors = (timed_actor_t *)(void *)(b + l.actors);
    t->heap = (timed_due_t *)(void *)(b + l.heap);
    t->lines = (timed_line_t *)(void *)(b + l.lines);
    t->sources = (timed_source_t *)(void *)(b + l.sources);
    t->cpus = (timed_cpu_t *)(void *)(b + l.cpus);
    t->vcpus = (timed_vcpu_t *)(void *)(b + l.vcpus);
    t->rests = (timed_rest_t *)(void *)(b + l.rests);
    t->deadlines = (uint64_t *)(void *)(b + l.deadlines);
    t->ledger = (timed_entry_t *)(void *)(b + l.ledger);
    t->obs.event = t->events;
    t->obs.capacity = VTDPI_OBS_MAX;
}

static timed_kind_t kind_of(const vtdpi_actors_t *n, uint32_t a)
{
    const uint32_t first[] = {n->cpu,     n->drain,  n->timer, n->request,
                              n->message, n->source, n->queue, n->outside};
    unsigned kind = TIMED_OUTSIDE;
    while (a < first[kind]) {
        kind--;
    }
    return (timed_kind_t)kind;
}

static void start_actor(vtdpi_timed_t *t, uint32_t a)
{
    timed_actor_t *act = &t->actors[a];
    act->kind = (uint8_t)kind_of(&t->sys->actor, a);
    act->place = TIMED_NOWHERE;
    act->line = VTDPI_NO_LINE;
    switch ((timed_kind_t)act->kind) {
    case TIMED_CPU:
    case TIMED_DRAIN:
    case TIMED_TIMER:
    case TIMED_OUTSIDE:
        act->domain = VTDPI_DOMAIN_CORE;
        break;
    case TIMED_REQUEST:
    case TIMED_MESSAGE:
    case TIMED_SOURCE:
    case TIMED_QUEUE:
    default:
        act->domain = VTDPI_DOMAIN_UNCORE;
        break;
    }
}

/* Which host vectors were handed out before the start, and which interrupts got none. */
static void start_vectors(vtdpi_timed_t *t)
{
    const vtdpi_platform_t *p = t->cfg->p;
    t->head->totals.host_vectors_used = p->protocol->posting ? 2 : 0;
    for (uint32_t s = 0; s < p->source_count; s++) {
        const vtdpi_source_fixed_t *source = &p->sources[s];
        bool posted = p->protocol->posting && source->attached != 0;
        if (source->vmm_thread != VTDPI_NOBODY || posted) {
            continue;
        }
        const uint64_t arg[4] = {s, source->host_cpu, source->host_vector, 0};
        timed_observe_alone(t,
                            source->host_vector != 0 ? VTDPI_EV_host_vector_allocated
                                                     : VTDPI_EV_host_vectors_exhausted,
                            0, arg);
    }
}

void vtdpi_timed_start(vtdpi_timed_t *t)
{
    memset(t->block, 0, t->size);
    timed_head_t *head = t->head;
    const vtdpi_scenario_t *scenario = t->cfg->scenario;
    head->limit = scenario->duration_ps + scenario->drain_limit_ps;
    head->totals.arrivals_end_ps = scenario->duration_ps;
    head->totals.core_hz = t->cfg->clock[VTDPI_DOMAIN_CORE].hz;
    head->totals.cpus = t->cfg->p->cpu_count;
    for (uint32_t s = 0; s < t->cfg->p->source_count; s++) {
        timed_arrival_start(t, s);
    }
    for (uint32_t a = 0; a < t->sys->actor.count; a++) {
        start_actor(t, a);
    }
    start_vectors(t);
    t->sys->now_ps = 0;
    for (uint32_t a = 0; a < t->sys->actor.count; a++) {
        timed_schedule(t, a);
    }
}

void vtdpi_timed_copy(vtdpi_timed_t *to, const vtdpi_timed_t *from)
{
    VTDPI_ASSERT(to->size == from->size && to->sys->size == from->sys->size);
    memcpy(to->block, from->block, from->size);
    memcpy(to->sys->block, from->sys->block, from->sys->size);
    memcpy(to->sys->serial, from->sys->serial, sizeof to->sys->serial);
    to->sys->pid_locked = from->sys->pid_locked;
    to->sys->monitors = from->sys->monitors;
}

bool vtdpi_timed_due(const vtdpi_timed_t *t, uint32_t actor, uint64_t *ps)
{
    *ps = t->actors[actor].due;
    return t->actors[actor].place != TIMED_NOWHERE;
}

bool vtdpi_timed_next(const vtdpi_timed_t *t, uint32_t *actor, uint64_t *ps)
{
    const timed_head_t *head = t->head;
    if (head->heap_count == 0) {
        return false;
    }
    *actor = (uint32_t)t->heap[0].actor;
    *ps = t->heap[0].ps;
    if (*ps < head->totals.arrivals_end_ps) {
        return true;
    }
    return *ps <= head->limit && !timed_quiet(t);
}

/* A deadline is set anew. */
static void fire_arm(vtdpi_timed_t *t, uint32_t timer, uint64_t deadline)
{
    uint32_t a = t->sys->actor.timer + timer;
    if (t->actors[a].place != TIMED_NOWHERE) {
        timed_abandon(t, a);
    }
    t->deadlines[timer] = deadline;
    timed_schedule(t, a);
}

/* A tick that runs for the same thread already goes on. */
static void fire_tick(vtdpi_timed_t *t, uint32_t c)
{
    const vtdpi_cpu_t *cpu = &t->sys->cpus[c];
    uint32_t timer = (c * (uint32_t)VTDPI_SLOTS) + (uint32_t)VTDPI_SLOT_TICK;
    bool runs = t->actors[t->sys->actor.timer + timer].place != TIMED_NOWHERE;
    if (cpu->tick == 0 || (runs && t->cpus[c].tick_thread == cpu->thread)) {
        return;
    }
    t->cpus[c].tick_thread = cpu->thread;
    fire_arm(t, timer, t->head->now + t->cfg->p->timeslice_ps);
}

/* Before a source or a VMM thread writes: which arrival it is. Returns the source. */
static uint32_t fire_arrival(vtdpi_timed_t *t, uint32_t a, const timed_actor_t *act)
{
    if (act->kind == TIMED_CPU && act->op == VTDPI_OP_RAISE) {
        timed_source_t *g = &t->sources[act->a];
        t->head->written = g->signals > 0 ? g->signal[0] : t->head->now;
        if (g->signals > 0) {
            g->signals--;
            memmove(&g->signal[0], &g->signal[1], g->signals * sizeof g->signal[0]);
        }
        return (uint32_t)act->a;
    }
    if (act->kind != TIMED_SOURCE) {
        return VTDPI_NOBODY;
    }
    uint32_t s = a - t->sys->actor.source;
    timed_source_t *g = &t->sources[s];
    t->head->written = g->next;
    if (t->cfg->p->sources[s].vmm_thread != VTDPI_NOBODY && g->signals < TIMED_SIGNALS) {
        g->signal[g->signals++] = g->next;
    }
    timed_arrival_next(t, s);
    return s;
}

static void fire_exit(vtdpi_timed_t *t, uint32_t a)
{
    for (uint32_t i = 0; i < t->head->live_high; i++) {
        timed_entry_t *e = &t->ledger[i];
        if (e->record.id != 0 && e->agent == a) {
            e->record.exits++;
        }
    }
}

/* What a CPU's operation means for the engine. */
static void fire_effects(vtdpi_timed_t *t, uint32_t a, const timed_actor_t *act)
{
    uint32_t c = timed_cpu_of(t, a);
    if (t->sys->arm != VTDPI_NOBODY) {
        fire_arm(t, t->sys->arm, t->head->now + t->sys->arm_ps);
    } else if (act->op == VTDPI_OP_TICK) {
        fire_tick(t, c);
    }
}

/* Looks at an actor whose alternatives may have changed, once. */
static void fire_look(vtdpi_timed_t *t, uint32_t a)
{
    timed_actor_t *act = &t->actors[a];
    if (act->looked != t->head->totals.operations) {
        act->looked = t->head->totals.operations;
        timed_schedule(t, a);
    }
}

/* Now and then: whoever watches, and whoever drives, may look up. */
static void fire_progress(vtdpi_timed_t *t)
{
    if ((t->head->totals.operations & 0xFFFFU) != 0) {
        return;
    }
    t->told++;
    if (t->listener != NULL && t->listener->progress != NULL) {
        t->listener->progress(t->listener->user, t->head->now, t->head->totals.arrivals_end_ps);
    }
}

static void fire(vtdpi_timed_t *t, uint32_t actor)
{
    timed_actor_t *act = &t->actors[actor];
    timed_head_t *head = t->head;
    VTDPI_ASSERT(act->place != TIMED_NOWHERE && act->due >= head->now);
    head->now = act->due;
    head->memo_ps[act->domain] = act->due;
    head->memo_edge[act->domain] = act->edge;
    timed_ledger_charge(t, actor, act->due);
    timed_occupancy(t, actor, act->due);
    if (act->place == 0) {
        timed_heap_open(t, actor);
    } else { /* another of those due now, which a test picks */
        timed_heap_remove(t, actor);
    }
    uint32_t source = fire_arrival(t, actor, act);
    if (act->kind == TIMED_CPU && act->op == VTDPI_OP_VMEXIT) {
        fire_exit(t, actor);
    }
    t->sys->now_ps = head->now;
    t->obs.follow = t->listener != NULL && t->listener->event != NULL;
    vtdpi_fire(t->sys, actor, act->alt, &t->obs);
    head->totals.operations++;
    timed_observe(t, actor);
    timed_ledger_settle(t, source);
    if (act->kind == TIMED_CPU) {
        fire_effects(t, actor, act);
    }
    for (uint32_t i = 0; i < t->sys->touched_count; i++) {
        fire_look(t, t->sys->touched[i]);
    }
    timed_heap_close(t);
    fire_progress(t);
}

void vtdpi_timed_fire(vtdpi_timed_t *t, uint32_t actor)
{
    fire(t, actor);
}

uint64_t vtdpi_timed_run(vtdpi_timed_t *t, uint64_t horizon)
{
    uint32_t told = t->told;
    uint32_t actor = 0;
    uint64_t ps = 0;
    while (t->told == told && vtdpi_timed_next(t, &actor, &ps) && ps <= horizon) {
        fire(t, actor);
    }
    return t->head->now;
}
