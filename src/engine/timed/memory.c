/*
 * Memory lines: where they are, what it costs to get them, and who waits for whom.
 *
 * A line has one owner: memory, the last-level cache, the remapping unit, or a CPU. *Choice:*
 * whoever touches a line last owns it, a reader too; the unit's plain reads leave it in the
 * last-level cache, CLFLUSH in memory. Ownership passes when the operation is asked for, so that
 * agents get a contended line in the order of asking. A locked operation holds it until it is done.
 */
#include "engine/timed/state.h"

static vtdpi_timing_param_t memory_core(const timed_line_t *line, uint32_t me)
{
    if (line->owner == me) {
        return VTDPI_T_mem_own;
    }
    switch (line->owner) {
    case TIMED_OWNER_DRAM:
        return VTDPI_T_mem_dram;
    case TIMED_OWNER_LLC:
        return VTDPI_T_mem_llc;
    case TIMED_OWNER_UNIT:
        return VTDPI_T_pid_pull_to_core;
    default:
        return VTDPI_T_mem_core;
    }
}

static vtdpi_timing_param_t memory_unit_locked(const timed_line_t *line)
{
    switch (line->owner) {
    case TIMED_OWNER_DRAM:
        return VTDPI_T_pid_rmw_dram;
    case TIMED_OWNER_LLC:
        return VTDPI_T_pid_rmw_llc;
    case TIMED_OWNER_UNIT:
        return VTDPI_T_pid_rmw_own;
    default:
        return VTDPI_T_pid_rmw_core_modified;
    }
}

static bool memory_locked(unsigned kind)
{
    switch (kind) {
    case VTDPI_OP_BTS:
    case VTDPI_OP_BTR:
    case VTDPI_OP_XCHG:
    case VTDPI_OP_ADD:
    case VTDPI_OP_CAS64:
    case VTDPI_OP_CAS128:
    case VTDPI_OP_NOTIFY:
    case VTDPI_OP_LOCK:
    case VTDPI_OP_POST:
        return true;
    default:
        return false;
    }
}

/* Waits while another agent's locked operation holds the line. */
static void memory_wait(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, uint32_t line)
{
    const timed_line_t *l = &t->lines[line];
    if (l->busy > act->due && l->holder != a) {
        act->waited = l->busy - act->due;
        act->holder = l->holder;
        act->line = (uint16_t)line;
        timed_plan_wait(t, act, l->busy, VTDPI_STAGE_wait_line);
    }
}

static void memory_hold(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, uint32_t line)
{
    act->line = (uint16_t)line;
    act->locks = 1;
    t->lines[line].busy = act->due;
    t->lines[line].holder = a;
}

static void plan_unit(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, const vtdpi_op_t *op)
{
    bool post = op->kind == VTDPI_OP_POST;
    if (op->line >= t->cfg->p->line_count) {
        timed_plan_param(t, act, post ? VTDPI_T_pid_rmw_dram : VTDPI_T_irte_fetch_dram, op->stage);
        return;
    }
    timed_line_t *l = &t->lines[op->line];
    memory_wait(t, a, act, op->line);
    if (post) {
        timed_plan_param(t, act, memory_unit_locked(l), op->stage);
        memory_hold(t, a, act, op->line);
        l->owner = TIMED_OWNER_UNIT;
        return;
    }
    timed_plan_param(
        t, act, l->owner == TIMED_OWNER_DRAM ? VTDPI_T_irte_fetch_dram : VTDPI_T_irte_fetch_llc,
        op->stage);
    l->owner = TIMED_OWNER_LLC;
}

static void plan_core(vtdpi_timed_t *t, uint32_t a, timed_actor_t *act, const vtdpi_op_t *op,
                      uint32_t cpu)
{
    timed_line_t *l = &t->lines[op->line];
    uint32_t me = TIMED_OWNER_CPU + cpu;
    memory_wait(t, a, act, op->line);
    vtdpi_timing_param_t param = memory_core(l, me);
    if (op->kind == VTDPI_OP_DRAIN && param == VTDPI_T_mem_own) {
        param = VTDPI_T_store_drain;
    }
    uint64_t cycles = t->cfg->cyc[act->domain][param];
    unsigned guess = t->cfg->guess[param];
    bool locked = memory_locked(op->kind);
    if (locked) {
        cycles += t->cfg->cyc[act->domain][VTDPI_T_locked_rmw];
    }
    timed_plan_work(t, act, cycles, op->stage, guess);
    l->owner = op->kind == VTDPI_OP_CLFLUSH ? (uint32_t)TIMED_OWNER_DRAM : me;
    if (locked) {
        memory_hold(t, a, act, op->line);
    }
}

void timed_plan_memory(vtdpi_timed_t *t, uint32_t a, const vtdpi_op_t *op, uint32_t cpu)
{
    timed_actor_t *act = &t->actors[a];
    if (act->kind == TIMED_REQUEST || act->kind == TIMED_QUEUE) {
        plan_unit(t, a, act, op);
    } else if (op->kind == VTDPI_OP_STORE || op->kind == VTDPI_OP_UNLOCK) {
        timed_plan_param(t, act, VTDPI_T_mem_own, op->stage); /* into the store buffer */
    } else if (op->kind == VTDPI_OP_FENCE) {
        timed_plan_param(t, act, VTDPI_T_fence, op->stage);
    } else {
        VTDPI_ASSERT(op->line < t->cfg->p->line_count);
        plan_core(t, a, act, op, cpu);
    }
}

void timed_memory_drop(vtdpi_timed_t *t, const timed_actor_t *act)
{
    if (act->locks != 0 && t->lines[act->line].busy == act->due) {
        t->lines[act->line].busy = t->head->now;
    }
}
