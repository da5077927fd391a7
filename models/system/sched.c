/*
 * The host's scheduler: run queues, sleep and wake-up, migration. Its own locking is abstracted:
 * each operation here is one indivisible step of the scheduler; check-then-sleep is several.
 *
 * *Choice:* a woken thread runs before the one that it finds on its CPU; threads of a queue take
 * turns.
 */
#include "internal.h"

static bool sched_allowed(const vtdpi_system_t *sys, uint32_t t, uint32_t cpu)
{
    return vtdpi_set_has(sys->threads[t].affinity, cpu);
}

uint32_t vtdpi_sys_queued(const vtdpi_system_t *sys, uint32_t c)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < sys->p->thread_count; t++) {
        const vtdpi_thread_t *th = &sys->threads[t];
        n += th->state == VTDPI_TS_RUNNABLE && th->cpu == c;
    }
    return n;
}

void vtdpi_sys_enqueue(vtdpi_system_t *sys, uint32_t t, uint32_t cpu)
{
    vtdpi_thread_t *th = &sys->threads[t];
    VTDPI_ASSERT(th->state != VTDPI_TS_RUNNABLE);
    uint32_t rank = vtdpi_sys_queued(sys, cpu);
    th->rank = rank;
    th->cpu = cpu;
    th->state = VTDPI_TS_RUNNABLE;
}

static void sched_dequeue(vtdpi_system_t *sys, uint32_t t)
{
    vtdpi_thread_t *th = &sys->threads[t];
    for (uint32_t i = 0; i < sys->p->thread_count; i++) {
        vtdpi_thread_t *other = &sys->threads[i];
        if (other->state == VTDPI_TS_RUNNABLE && other->cpu == th->cpu && other->rank > th->rank) {
            other->rank--;
        }
    }
    th->rank = 0;
}

/* First thread of the queue of [c] whose stack is free, or VTDPI_NOBODY; [self] counts as free. */
static uint32_t sched_first(const vtdpi_system_t *sys, uint32_t c, uint32_t self)
{
    uint32_t best = VTDPI_NOBODY;
    for (uint32_t t = 0; t < sys->p->thread_count; t++) {
        const vtdpi_thread_t *th = &sys->threads[t];
        bool here = th->state == VTDPI_TS_RUNNABLE && th->cpu == c;
        if (here && (th->on_cpu == 0 || t == self) &&
            (best == VTDPI_NOBODY || th->rank < sys->threads[best].rank)) {
            best = t;
        }
    }
    return best;
}

static uint32_t sched_choose_cpu(const vtdpi_system_t *sys, uint32_t t)
{
    const vtdpi_thread_t *th = &sys->threads[t];
    if (sched_allowed(sys, t, th->cpu)) {
        return th->cpu;
    }
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        if (sched_allowed(sys, t, c)) {
            return c;
        }
    }
    return th->cpu;
}

static bool sched_idle(const vtdpi_system_t *sys, uint32_t t)
{
    return sys->p->threads[t].kind == VTDPI_THREAD_IDLE;
}

/* Whether the running thread [t] has to leave CPU [c] now. */
static bool sched_must_leave(const vtdpi_system_t *sys, uint32_t c, uint32_t t)
{
    const vtdpi_thread_t *th = &sys->threads[t];
    return th->yield != 0 || !sched_allowed(sys, t, c) || sched_first(sys, c, t) != VTDPI_NOBODY;
}

/* The current thread gives way: to sleep, or to the end of a queue. */
static void sched_put_back(vtdpi_system_t *sys, uint32_t c, uint32_t t, bool involuntary)
{
    vtdpi_thread_t *th = &sys->threads[t];
    if (th->state == VTDPI_TS_SLEEPING && !involuntary) {
        th->state = VTDPI_TS_BLOCKED;
        return;
    }
    if (!sched_idle(sys, t) && sched_must_leave(sys, c, t)) {
        uint32_t to = sched_choose_cpu(sys, t);
        th->declared = th->state == VTDPI_TS_SLEEPING;
        vtdpi_sys_enqueue(sys, t, to);
        if (to != c) {
            vtdpi_sys_see(sys, VTDPI_EV_sched_migrate, c, t, c, to, 0);
        }
        th->preempted = 1;
    }
}

/* The thread has its CPU back, in the state in which it lost it. */
static void sched_resume(vtdpi_thread_t *th)
{
    th->state = th->declared ? VTDPI_TS_SLEEPING : VTDPI_TS_RUNNING;
    th->declared = 0;
}

/* op a: 1 if the thread loses its CPU involuntarily; a declared sleep does not begin then. */
static void sched_pick(vtdpi_system_t *sys, uint32_t c, bool involuntary, vtdpi_result_t *r)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    uint32_t t = cpu->thread;
    vtdpi_thread_t *th = &sys->threads[t];
    cpu->need_resched = 0;
    th->preempted = 0;
    sched_put_back(sys, c, t, involuntary);
    uint32_t next = c; /* the idle thread of CPU c is thread c */
    bool keeps = th->state == VTDPI_TS_RUNNING || th->state == VTDPI_TS_SLEEPING;
    if (keeps && !sched_idle(sys, t)) {
        next = t;
    } else {
        uint32_t first = sched_first(sys, c, th->yield != 0 ? VTDPI_NOBODY : t);
        if (first != VTDPI_NOBODY) {
            next = first;
            sched_dequeue(sys, next);
            sched_resume(&sys->threads[next]);
        }
    }
    th->yield = 0;
    if (sched_idle(sys, next)) {
        sys->threads[next].state = VTDPI_TS_RUNNING;
    }
    cpu->next = next;
    r->v[0] = next;
    r->v[1] = th->preempted;
}

void vtdpi_sys_switch(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    uint32_t prev = cpu->thread;
    uint32_t next = cpu->next;
    VTDPI_ASSERT(prev != next && sys->threads[next].on_cpu == 0);
    vtdpi_thread_t *old = &sys->threads[prev];
    vtdpi_thread_t *th = &sys->threads[next];
    old->on_cpu = 0;
    vtdpi_sys_posted_done(sys, c);
    vtdpi_sys_see(sys, VTDPI_EV_sched_switch, c, prev, next, old->preempted, 0);
    th->on_cpu = 1;
    th->cpu = c;
    cpu->thread = next;
    if (sched_idle(sys, next) && sched_first(sys, c, VTDPI_NOBODY) != VTDPI_NOBODY) {
        cpu->need_resched = 1;
    }
    bool tell = old->state == VTDPI_TS_RUNNABLE && old->cpu != c;
    vtdpi_result_t r = {{prev, tell ? old->cpu : VTDPI_NOBODY}, 0};
    vtdpi_sys_advance(sys, c, vtdpi_sys_thread_stack(sys, next), r);
}

uint32_t vtdpi_sys_wake(vtdpi_system_t *sys, uint32_t t, uint32_t from)
{
    vtdpi_thread_t *th = &sys->threads[t];
    if (th->state == VTDPI_TS_SLEEPING) {
        th->state = VTDPI_TS_RUNNING;
        return VTDPI_NOBODY;
    }
    th->declared = 0;
    if (th->state != VTDPI_TS_BLOCKED) {
        return VTDPI_NOBODY;
    }
    uint32_t cpu = sched_choose_cpu(sys, t);
    if (cpu != th->cpu) {
        vtdpi_sys_see(sys, VTDPI_EV_sched_migrate, from, t, th->cpu, cpu, 0);
    }
    vtdpi_sys_enqueue(sys, t, cpu);
    vtdpi_sys_see(sys, VTDPI_EV_sched_wakeup, from, t, cpu, 0, 0);
    if (cpu == from) {
        sys->cpus[from].need_resched = 1;
        return VTDPI_NOBODY;
    }
    return cpu;
}

/* Affinity of [t] becomes CPU [to] alone; a queued thread moves at once. */
void vtdpi_sys_move(vtdpi_system_t *sys, uint32_t t, uint32_t to)
{
    vtdpi_thread_t *th = &sys->threads[t];
    for (unsigned i = 0; i < 4; i++) {
        th->affinity[i] = 0;
    }
    vtdpi_set_add(th->affinity, to);
    if (th->state == VTDPI_TS_RUNNABLE && th->cpu != to) {
        vtdpi_sys_see(sys, VTDPI_EV_sched_migrate, VTDPI_NOBODY, t, th->cpu, to, 0);
        sched_dequeue(sys, t);
        th->state = VTDPI_TS_BLOCKED;
        vtdpi_sys_enqueue(sys, t, to);
    }
}

/* The tick runs only while another thread waits for this CPU. */
static void sched_tick(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    bool wanted = vtdpi_sys_queued(sys, c) > 0 && sys->p->timeslice_ps > 0;
    cpu->tick = wanted;
    cpu->tick_due = 0;
    cpu->armed =
        wanted ? cpu->armed | (1U << VTDPI_SLOT_TICK) : cpu->armed & ~(1U << VTDPI_SLOT_TICK);
    vtdpi_sys_touch(sys, sys->actor.timer + (c * VTDPI_SLOTS) + VTDPI_SLOT_TICK);
}

bool vtdpi_sys_sched(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    vtdpi_thread_t *th = &sys->threads[cpu->thread];
    switch (op->kind) {
    case VTDPI_OP_PREPARE:
        th->state = VTDPI_TS_SLEEPING;
        return true;
    case VTDPI_OP_CANCEL:
        th->state = VTDPI_TS_RUNNING;
        return true;
    case VTDPI_OP_PICK:
        sched_pick(sys, c, op->a != 0, r);
        return true;
    case VTDPI_OP_WAKE:
        VTDPI_ASSERT(op->a < sys->p->thread_count);
        r->v[0] = vtdpi_sys_wake(sys, (uint32_t)op->a, c);
        return true;
    case VTDPI_OP_RESCHED:
        cpu->need_resched = op->a != 0;
        return true;
    case VTDPI_OP_TICK:
        sched_tick(sys, c);
        return true;
    default:
        return false;
    }
}
