/*
 * An operation's time: when it takes effect, and which stage each part of the time until then
 * belongs to.
 *
 * A plan grows from the moment at which the operation is asked for; act->due and act->edge are its
 * end so far. Work ends on an edge of the actor's clock; what is lost until the first edge belongs
 * to the work.
 */
#include "engine/timed/state.h"

uint64_t timed_edge_now(vtdpi_timed_t *t, vtdpi_domain_t domain)
{
    timed_head_t *head = t->head;
    if (head->memo_ps[domain] != head->now) {
        head->memo_ps[domain] = head->now;
        head->memo_edge[domain] = vtdpi_clock_at_or_after(&t->cfg->clock[domain], head->now);
    }
    return head->memo_edge[domain];
}

static inline void plan_segment(timed_actor_t *act, uint64_t end, unsigned stage, unsigned guess)
{
    VTDPI_ASSERT(act->segments < TIMED_SEGMENTS);
    timed_segment_t *s = &act->segment[act->segments++];
    s->end = end;
    s->stage = (uint8_t)stage;
    s->guess = (uint8_t)guess;
}

void timed_plan_work(vtdpi_timed_t *t, timed_actor_t *act, uint64_t cycles, unsigned stage,
                     unsigned guess)
{
    act->edge += cycles == 0 ? 1 : cycles;
    act->due = vtdpi_clock_edge(&t->cfg->clock[act->domain], act->edge);
    plan_segment(act, act->due, stage, guess);
}

void timed_plan_param(vtdpi_timed_t *t, timed_actor_t *act, vtdpi_timing_param_t param,
                      unsigned stage)
{
    timed_plan_work(t, act, t->cfg->cyc[act->domain][param], stage, t->cfg->guess[param]);
}

void timed_plan_wait(vtdpi_timed_t *t, timed_actor_t *act, uint64_t until, unsigned stage)
{
    if (until <= act->due) {
        return;
    }
    act->due = until;
    act->edge = vtdpi_clock_at_or_after(&t->cfg->clock[act->domain], until);
    plan_segment(act, until, stage, 0);
}

/* First moment from [arrive] on at which the unit takes another request; it takes one every
 * iommu_issue. */
static uint64_t plan_enter(const vtdpi_timed_t *t, uint32_t request, uint64_t arrive)
{
    const vtdpi_timed_cfg_t *cfg = t->cfg;
    uint64_t gap = vtdpi_clock_edge(&cfg->clock[VTDPI_DOMAIN_UNCORE],
                                    cfg->cyc[VTDPI_DOMAIN_UNCORE][VTDPI_T_iommu_issue]);
    uint64_t enter = arrive;
    for (uint32_t r = 0; r < cfg->p->request_count; r++) {
        uint64_t other = t->head->enter[r];
        if (r != request && t->head->door[r] == t->head->door[request] && other != 0 &&
            other < enter + gap && enter < other + gap) {
            enter = other + gap;
            r = UINT32_MAX; /* look again from the first */
        }
    }
    return enter;
}

/* The way of a write into the unit, the door, and the entry cache. */
static void plan_admit(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, const vtdpi_op_t *op)
{
    uint32_t r = a - t->sys->actor.request;
    bool integrated = t->cfg->p->sources[op->arg].integrated != 0;
    timed_plan_param(t, act,
                     integrated ? VTDPI_T_pcie_msi_oneway_rciep : VTDPI_T_pcie_msi_oneway_ext,
                     VTDPI_STAGE_msi);
    t->head->door[r] = t->cfg->p->sources[op->arg].unit;
    uint64_t enter = plan_enter(t, r, act->due);
    t->head->enter[r] = enter;
    timed_plan_wait(t, act, enter, VTDPI_STAGE_wait_iommu);
    timed_plan_param(t, act, VTDPI_T_irte_cache_hit, op->stage);
}

/* What is left of an interruptible SPEND of [cycles] that began earlier, or all of it. */
static uint64_t plan_rest(vtdpi_timed_t *t, timed_actor_t *act, const vtdpi_op_t *op, uint32_t slot,
                          uint64_t cycles)
{
    timed_rest_t *rest = &t->rests[slot];
    act->slot = slot;
    act->cuttable = 1;
    act->rule = (((uint32_t)op->stage << 16) | ((uint32_t)op->lump << 8) | op->cost) ^
                (uint32_t)(op->a * 31U) ^ (uint32_t)(op->b * 37U);
    if (rest->cycles != 0 && rest->rule == act->rule) {
        cycles = rest->cycles;
    }
    rest->cycles = 0;
    return cycles;
}

static void plan_spend(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, const vtdpi_alt_t *alt,
                       const vtdpi_op_t *op)
{
    VTDPI_ASSERT(alt->slot < t->rest_count && t->actors[a].kind == TIMED_CPU);
    uint64_t cycles = op->b;
    unsigned guess = 0;
    if (op->lump != 0) {
        cycles = t->cfg->lump[op->lump];
        guess = t->cfg->lump_guess[op->lump];
    } else if (op->cost != 0) {
        cycles = t->cfg->cyc[act->domain][op->cost];
        guess = t->cfg->guess[op->cost];
    } else if (op->a != 0) {
        cycles = vtdpi_clock_at_or_after(&t->cfg->clock[act->domain], op->a);
    }
    if ((op->flags & VTDPI_OPF_INTERRUPTIBLE) != 0) {
        cycles = plan_rest(t, act, op, alt->slot, cycles);
    }
    timed_plan_work(t, act, cycles, op->stage, guess);
}

/* A CPU out of its C-state; a halted guest is not in one. */
static void plan_recognise(vtdpi_timed_t *t, timed_actor_t *act, const vtdpi_alt_t *alt,
                           const vtdpi_op_t *op)
{
    if (alt->halted != 0 && alt->nonroot == 0) {
        timed_plan_param(t, act, VTDPI_T_hlt_exit_c1, VTDPI_STAGE_idle_exit);
    }
    timed_plan_param(t, act, (vtdpi_timing_param_t)op->cost, op->stage);
}

static void plan_plain(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, const vtdpi_alt_t *alt,
                       const vtdpi_op_t *op)
{
    if (op->lump != 0) {
        timed_plan_work(t, act, t->cfg->lump[op->lump], op->stage, t->cfg->lump_guess[op->lump]);
    } else if (op->cost == VTDPI_COST_LINE) {
        timed_plan_memory(t, a, op, alt->cpu);
    } else if (op->cost != 0) {
        timed_plan_param(t, act, (vtdpi_timing_param_t)op->cost, op->stage);
    } else {
        timed_plan_work(t, act, 1, op->stage, 0);
    }
}

/* Plans [alt] of actor [a], the operation [op], asked for now. */
void timed_plan(vtdpi_timed_t *t, uint32_t a, const vtdpi_alt_t *alt, const vtdpi_op_t *op)
{
    timed_actor_t *act = &t->actors[a];
    act->due = t->head->now;
    act->edge = timed_edge_now(t, (vtdpi_domain_t)act->domain);
    act->segments = 0;
    act->waited = 0;
    act->cuttable = 0;
    act->locks = 0;
    act->line = VTDPI_NO_LINE;
    switch (op->kind) {
    case VTDPI_OP_ADMIT:
        plan_admit(t, a, act, op);
        break;
    case VTDPI_OP_FETCH:
    case VTDPI_OP_POST:
    case VTDPI_OP_DRAIN:
        timed_plan_memory(t, a, op, alt->cpu);
        break;
    case VTDPI_OP_ACCEPT:
        timed_plan_param(t, act, VTDPI_T_notify_msg, VTDPI_STAGE_message);
        timed_plan_param(t, act, VTDPI_T_lapic_accept, VTDPI_STAGE_lapic_accept);
        break;
    case VTDPI_OP_RECOGNISE:
        plan_recognise(t, act, alt, op);
        break;
    case VTDPI_OP_SPEND:
        plan_spend(t, a, act, alt, op);
        break;
    default:
        plan_plain(t, a, act, alt, op);
        break;
    }
}
