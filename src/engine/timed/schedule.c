/*
 * What an actor does next, and when. Asked again whenever its alternatives may have changed: what
 * is under way and unchanged keeps its time; an event starts at once, unless an operation that it
 * cannot interrupt has to end first.
 */
#include "engine/timed/state.h"

static bool under_way(const timed_actor_t *act)
{
    return act->place != TIMED_NOWHERE;
}

/* The operation under way is not done after all. What is left of an interrupted SPEND is kept for
 * later. */
void timed_abandon(vtdpi_timed_t *t, uint32_t a)
{
    timed_actor_t *act = &t->actors[a];
    timed_ledger_charge(t, a, t->head->now);
    timed_occupancy(t, a, t->head->now);
    timed_memory_drop(t, act);
    if (act->cuttable != 0) {
        uint64_t left = act->edge - timed_edge_now(t, (vtdpi_domain_t)act->domain);
        t->rests[act->slot].cycles = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
        t->rests[act->slot].rule = act->rule;
    }
    timed_heap_remove(t, a);
}

/* Something that happens at a time of its own: at [ps], or at the next edge if that is past. */
static void schedule_at(vtdpi_timed_t *t, uint32_t a, uint64_t ps)
{
    timed_actor_t *act = &t->actors[a];
    const vtdpi_clock_t *clock = &t->cfg->clock[act->domain];
    if (under_way(act)) {
        return;
    }
    uint64_t now = t->head->now;
    act->edge = vtdpi_clock_at_or_after(clock, ps > now ? ps : now + 1);
    act->due = vtdpi_clock_edge(clock, act->edge);
    act->asked = now;
    act->alt = 0;
    timed_heap_put(t, a);
}

static void schedule_source(vtdpi_timed_t *t, uint32_t a)
{
    const timed_source_t *g = &t->sources[a - t->sys->actor.source];
    if (g->over == 0) {
        schedule_at(t, a, g->next);
    }
}

static void schedule_start(vtdpi_timed_t *t, uint32_t a, const vtdpi_alt_t *alt,
                           const vtdpi_op_t *op)
{
    timed_actor_t *act = &t->actors[a];
    act->asked = t->head->now;
    act->tag = alt->tag;
    act->a = op->a;
    act->b = op->b;
    act->alt = 0;
    act->op = op->kind;
    act->wait = (uint8_t)alt->wait;
    act->halted = alt->halted;
    bool crossing = op->kind == VTDPI_OP_VMEXIT || op->kind == VTDPI_OP_VMENTER;
    uint8_t use = alt->nonroot != 0 ? TIMED_GUEST : TIMED_ROOT;
    act->use = crossing ? (uint8_t)TIMED_EXIT : use;
    act->gap = alt->nonroot != 0 ? TIMED_HALT : TIMED_IDLE;
    timed_plan(t, a, alt, op);
    timed_heap_put(t, a);
}

/* Whether the operation under way is among the alternatives of [a] and goes on; [first] is
 * alternative 0. */
static bool schedule_goes_on(vtdpi_timed_t *t, uint32_t a, uint32_t count, const vtdpi_alt_t *first)
{
    timed_actor_t *act = &t->actors[a];
    if (act->tag == first->tag) {
        act->alt = 0;
        return true;
    }
    bool cut = act->cuttable != 0 && act->due > t->head->now;
    if (count < 2 || cut) {
        return false;
    }
    vtdpi_alt_t second;
    vtdpi_pending(t->sys, a, 1, &second);
    if (second.tag != act->tag) {
        return false;
    }
    act->alt = 1;
    return true;
}

static void schedule_operation(vtdpi_timed_t *t, uint32_t a, uint32_t count,
                               const vtdpi_alt_t *first, const vtdpi_op_t *op)
{
    if (under_way(&t->actors[a])) {
        if (schedule_goes_on(t, a, count, first)) {
            return;
        }
        timed_abandon(t, a);
    }
    schedule_start(t, a, first, op);
}

void timed_schedule(vtdpi_timed_t *t, uint32_t a)
{
    vtdpi_alt_t first;
    const vtdpi_op_t *op = NULL;
    uint32_t count = vtdpi_look(t->sys, a, &first, &op);
    timed_actor_t *act = &t->actors[a];
    if (count == 0) {
        if (under_way(act)) {
            timed_abandon(t, a);
        }
        return;
    }
    switch ((timed_kind_t)act->kind) {
    case TIMED_SOURCE:
        schedule_source(t, a);
        break;
    case TIMED_TIMER:
        schedule_at(t, a, t->deadlines[a - t->sys->actor.timer]);
        break;
    case TIMED_OUTSIDE:
        schedule_at(t, a, t->cfg->p->events[a - t->sys->actor.outside].at_ps);
        break;
    case TIMED_CPU:
    case TIMED_DRAIN:
    case TIMED_REQUEST:
    case TIMED_MESSAGE:
    case TIMED_QUEUE:
    default:
        schedule_operation(t, a, count, &first, op);
        break;
    }
}
