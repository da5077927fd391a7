/*
 * The three verbs, for every kind of actor.
 */
#include "vtdpi/iommu_unit.h"

#include "internal.h"

#include <string.h>

/* Kinds of actor, in the order of their numbers. */
typedef enum {
    ACTOR_CPU,
    ACTOR_DRAIN,
    ACTOR_TIMER,
    ACTOR_REQUEST,
    ACTOR_MESSAGE,
    ACTOR_SOURCE,
    ACTOR_QUEUE,
    ACTOR_OUTSIDE,
    ACTOR_EVICT
} actor_kind_t;

static actor_kind_t actor_kind(const vtdpi_actors_t *a, uint32_t actor, uint32_t *index)
{
    if (actor < a->drain) { /* the most frequent by far */
        *index = actor - a->cpu;
        return ACTOR_CPU;
    }
    const uint32_t first[] = {a->cpu,    a->drain, a->timer,   a->request, a->message,
                              a->source, a->queue, a->outside, a->evict};
    unsigned k = ACTOR_EVICT;
    while (actor < first[k]) {
        k--;
    }
    *index = actor - first[k];
    return (actor_kind_t)k;
}

/* @rule sdm.memory.locked-drains | SDM 3A | Loads and Stores Are Not Reordered with Locked
 * Instructions | A locked access, MFENCE or an uncached access waits until the store buffer is
 * empty; x2APIC ICR writes do not. */
static bool op_ordered(unsigned kind)
{
    static const uint8_t ordered[] = {
#define VTDPI_OP(name, ord, part, doc) (ord),
#include "vtdpi/op.def"
#undef VTDPI_OP
    };
    return ordered[kind] != 0;
}

/* Needs a free entry of the store buffer. */
static bool op_buffered(unsigned kind)
{
    return kind == VTDPI_OP_STORE || kind == VTDPI_OP_UNLOCK;
}

/* Alternatives of the operation that the CPU is about to do. */
static uint32_t cpu_base(const vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    if (cpu->ucode.func == VTDPI_FN_none && cpu->mode == VTDPI_MODE_NONROOT &&
        sys->vcpus[cpu->vcpu].halted) {
        return 0;
    }
    if (op_ordered(op->kind) && cpu->store_count > 0) {
        return 0;
    }
    switch (op->kind) {
    case VTDPI_OP_HLT:
        return 0;
    case VTDPI_OP_CHOOSE:
        return (uint32_t)op->a;
    case VTDPI_OP_IPI:
    case VTDPI_OP_IPI_MMIO:
    case VTDPI_OP_MMIO_WRITE: /* it may let an event of the unit loose */
        return vtdpi_sys_message_slot(sys) >= 0;
    default:
        return vtdpi_sys_memory_enabled(sys, c, op);
    }
}

/* An event waits for microcode, and for the store buffer like any interrupt delivery.
 * @rule sdm.store-buffer.drained | SDM 3A | Store Buffer | An interrupt or exception is taken
 * only when the store buffer is empty. * @rule sdm.posted.uninterruptible | SDM 3C |
 * Posted-Interrupt Processing | No event is recognised between the first step and the last. */
static inline bool cpu_event(const vtdpi_system_t *sys, uint32_t c, sys_event_t *ev)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    if (cpu->ucode.func != VTDPI_FN_none || cpu->store_count != 0) {
        return false;
    }
    *ev = vtdpi_sys_event(sys, c);
    return ev->kind != SYS_EVENT_NONE;
}

/*
 * Alternatives of a CPU: its operation [op], and before it the event [ev], if there is one. An
 * interrupt on its way to the core may be recognised later; what the core itself has recognised, or
 * counted down to, comes before its next instruction.
 */
static uint32_t cpu_count(const vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, bool event,
                          const sys_event_t *ev)
{
    bool due = event && ev->kind == SYS_EVENT_NONROOT &&
               (ev->next == VTDPI_NEXT_VIRTUAL || ev->next == VTDPI_NEXT_EXIT_WINDOW ||
                ev->next == VTDPI_NEXT_EXIT_PREEMPTION);
    return due ? 1U : (event ? 1U : 0U) + cpu_base(sys, c, op);
}

static uint32_t cpu_enabled(const vtdpi_system_t *sys, uint32_t c)
{
    sys_event_t ev = {SYS_EVENT_NONE, VTDPI_NEXT_NOTHING};
    bool event = cpu_event(sys, c, &ev);
    return cpu_count(sys, c, &vtdpi_sys_top(sys, c)->op, event, &ev);
}

/* Names what remains of a spend: the stack and the depth of its frame. */
static uint32_t cpu_slot(const vtdpi_system_t *sys, uint32_t c)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    const vtdpi_platform_t *p = sys->p;
    VTDPI_ASSERT(cpu->ucode.func == VTDPI_FN_none); /* microcode spends no time of its own */
    if (cpu->mode == VTDPI_MODE_NONROOT) {
        uint32_t stack = (2 * p->cpu_count) + p->thread_count + cpu->vcpu;
        return (stack * 16) + sys->vcpus[cpu->vcpu].depth;
    }
    if (cpu->irq_depth > 0) {
        return ((p->cpu_count + c) * 16) + cpu->irq_depth;
    }
    return (((2 * p->cpu_count) + cpu->thread) * 16) + sys->threads[cpu->thread].depth;
}

/* Describes the event [ev], or, if it is NULL, the operation [op] that the CPU is about to do.
 * Returns the operation: that of the event is in [out]. */
static inline const vtdpi_op_t *cpu_describe(const vtdpi_system_t *sys, uint32_t c,
                                             const vtdpi_op_t *op, const sys_event_t *ev,
                                             vtdpi_alt_t *out)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    out->cpu = (uint16_t)c;
    out->nonroot = cpu->mode == VTDPI_MODE_NONROOT;
    out->halted = 0;
    memset(out->pad_, 0, sizeof(out->pad_));
    out->slot = 0;
    out->tag = (uint64_t)sys->serial[c] << 8;
    if (ev != NULL) {
        vtdpi_sys_event_op(sys, c, *ev, &out->op);
        out->tag |= ev->next + 1;
        out->halted = out->nonroot ? sys->vcpus[cpu->vcpu].halted : op->kind == VTDPI_OP_HLT;
        out->wait = out->halted ? VTDPI_STAGE_wait_idle : VTDPI_STAGE_wait_drain;
        return &out->op;
    }
    if (op->kind == VTDPI_OP_SPEND) {
        out->slot = cpu_slot(sys, c);
    }
    bool polls = op->kind == VTDPI_OP_LOCK || op->kind == VTDPI_OP_AWAIT;
    bool drains = op_ordered(op->kind) || op_buffered(op->kind);
    uint32_t other = drains ? VTDPI_STAGE_wait_drain : VTDPI_STAGE_wait_other;
    out->wait = polls ? VTDPI_STAGE_wait_lock : other;
    return op;
}

static void cpu_pending(const vtdpi_system_t *sys, uint32_t c, uint32_t alt, vtdpi_alt_t *out)
{
    sys_event_t ev = {SYS_EVENT_NONE, VTDPI_NEXT_NOTHING};
    bool event = cpu_event(sys, c, &ev) && alt == 0;
    out->op = *cpu_describe(sys, c, &vtdpi_sys_top(sys, c)->op, event ? &ev : NULL, out);
}

/* A note's arguments are arg, c, d, b: fields that the operations with notes leave free. */
static void op_note(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    if (op->note != VTDPI_NO_NOTE) {
        vtdpi_sys_see(sys, op->note, c, op->arg, op->c, op->d, op->b);
    }
}

/* Bookkeeping of what is derived from the CPU's state. */
static void cpu_refresh(vtdpi_system_t *sys, uint32_t c)
{
    unsigned kind = vtdpi_sys_top(sys, c)->op.kind;
    uint64_t bit = UINT64_C(1) << c;
    bool polls = kind == VTDPI_OP_LOCK || kind == VTDPI_OP_AWAIT;
    *sys->polling = polls ? *sys->polling | bit : *sys->polling & ~bit;
    vtdpi_sys_touch_cpu(sys, c);
}

/* The interrupt that CPU [c] works for, as far as that can be said: one that waits here, or at the
 * vCPU that runs here. */
static uint32_t cpu_serves(const vtdpi_system_t *sys, uint32_t c)
{
    if (!sys->p->ghost) {
        return 0;
    }
    uint32_t v = vtdpi_sys_vcpu_of(sys, sys->cpus[c].thread);
    for (uint32_t i = 0; i < *sys->live_high; i++) {
        const vtdpi_live_t *live = &sys->live[i];
        if ((live->place == VTDPI_AT_CPU && live->where == c) ||
            (live->place == VTDPI_AT_VCPU && live->where == v)) {
            return live->id;
        }
    }
    return 0;
}

/* Blocking by STI lasts until the guest's next instruction is done.
 * @rule sdm.sti.one-instruction | SDM 2 | STI | Blocking by STI begins only if RFLAGS.IF was 0,
 * and ends with the next instruction. */
static void cpu_end_shadow(vtdpi_system_t *sys, uint32_t c)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    if (cpu->mode == VTDPI_MODE_NONROOT && cpu->ucode.func == VTDPI_FN_none) {
        sys->vcpus[cpu->vcpu].sti_shadow = 0;
    }
}

/* Parts of the system that do operations, as op.def names them. */
typedef enum { NONE, CPU, MEMORY, ROOT, TIMER, NONROOT, GUEST, SCHED } op_part_t;

static op_part_t op_part(unsigned kind)
{
    static const uint8_t parts[] = {
#define VTDPI_OP(name, ord, part, doc) (part),
#include "vtdpi/op.def"
#undef VTDPI_OP
    };
    return (op_part_t)parts[kind];
}

/* The operation [op], to which [choice] is the answer if it asks for one. Returns whether the
 * frame goes on by result [r]. */
static inline bool cpu_do(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, uint32_t choice,
                          vtdpi_result_t *r)
{
    bool known = true;
    bool advance = true;
    switch (op_part(op->kind)) {
    case MEMORY:
        known = vtdpi_sys_memory(sys, c, op, r);
        break;
    case ROOT:
        known = vtdpi_sys_root(sys, c, op, r);
        break;
    case TIMER:
        known = vtdpi_sys_timer(sys, c, op, r);
        break;
    case NONROOT:
        known = vtdpi_sys_nonroot(sys, c, op, r, &advance);
        break;
    case GUEST:
        known = vtdpi_sys_guest(sys, c, op, &advance);
        break;
    case SCHED:
        sys->moved = 1;
        known = vtdpi_sys_sched(sys, c, op, r);
        break;
    case CPU:
        if (op->kind == VTDPI_OP_CHOOSE) {
            r->v[0] = choice;
            break;
        }
        sys->moved = 1;
        vtdpi_sys_switch(sys, c);
        advance = false;
        break;
    case NONE:
    default:
        known = false;
        break;
    }
    VTDPI_ASSERT(known);
    return advance;
}

static void cpu_fire(vtdpi_system_t *sys, uint32_t c, uint32_t alt)
{
    sys_event_t ev = {SYS_EVENT_NONE, VTDPI_NEXT_NOTHING};
    bool event = cpu_event(sys, c, &ev);
    VTDPI_ASSERT(alt < cpu_count(sys, c, &vtdpi_sys_top(sys, c)->op, event, &ev));
    sys->firing_id = sys->obs != NULL && sys->obs->follow ? cpu_serves(sys, c) : 0;
    if (event && alt == 0 && ev.next != VTDPI_NEXT_VIRTUAL) {
        vtdpi_sys_recognise(sys, c, ev);
        cpu_refresh(sys, c);
        return;
    }
    sys_stack_t stack = vtdpi_sys_stack(sys, c);
    vtdpi_op_t op = vtdpi_sys_stack_top(stack)->op;
    if (event && alt == 0) {
        vtdpi_sys_event_op(sys, c, ev, &op);
    } else {
        cpu_end_shadow(sys, c);
    }
    vtdpi_result_t r = {{0, 0}, 0};
    op_note(sys, c, &op);
    if (cpu_do(sys, c, &op, alt - (event ? 1U : 0U), &r)) {
        vtdpi_sys_resume(sys, c, stack, &r);
    }
    cpu_refresh(sys, c);
}

static void timer_fire(vtdpi_system_t *sys, uint32_t index)
{
    uint32_t c = index / VTDPI_SLOTS;
    uint32_t slot = index % VTDPI_SLOTS;
    vtdpi_sys_expire(sys, c, slot);
}

/* Replacement may drop any entry of the cache at any time: alternatives of an exploration; timed,
 * it has a fixed policy. */
static uint32_t evict_count(const vtdpi_system_t *sys)
{
    uint32_t n = 0;
    for (uint32_t i = 0; sys->p->explore && i < sys->p->iommu.iec_entries * sys->p->unit_count;
         i++) {
        n += sys->iec[i].valid;
    }
    return n;
}

static void evict_fire(vtdpi_system_t *sys, uint32_t alt)
{
    uint32_t entries = sys->p->iommu.iec_entries;
    for (uint32_t i = 0; i < entries * sys->p->unit_count; i++) {
        if (sys->iec[i].valid && alt-- == 0) {
            vtdpi_iec_evict(&sys->iec[i - (i % entries)], &sys->p->iommu, i % entries);
            return;
        }
    }
}

static uint32_t other_enabled(const vtdpi_system_t *sys, actor_kind_t kind, uint32_t i)
{
    switch (kind) {
    case ACTOR_DRAIN:
        return sys->cpus[i].store_count > 0;
    case ACTOR_TIMER:
        return (sys->cpus[i / VTDPI_SLOTS].armed >> (i % VTDPI_SLOTS)) & 1U;
    case ACTOR_REQUEST:
        return vtdpi_sys_request_enabled(sys, i);
    case ACTOR_MESSAGE:
        return sys->messages[i].used;
    case ACTOR_SOURCE:
        return vtdpi_sys_source_enabled(sys, i);
    case ACTOR_QUEUE:
        return vtdpi_sys_queue_enabled(sys, i);
    case ACTOR_OUTSIDE:
        return vtdpi_sys_outside_enabled(sys, i);
    case ACTOR_EVICT:
        return evict_count(sys);
    case ACTOR_CPU:
    default:
        return 0;
    }
}

uint32_t vtdpi_enabled(const vtdpi_system_t *sys, uint32_t actor)
{
    uint32_t i = 0;
    actor_kind_t kind = actor_kind(&sys->actor, actor, &i);
    return kind == ACTOR_CPU ? cpu_enabled(sys, i) : other_enabled(sys, kind, i);
}

static void alt_clear(vtdpi_alt_t *out)
{
    memset(out, 0, sizeof(*out));
    out->cpu = UINT16_MAX;
    out->wait = VTDPI_STAGE_wait_other;
}

/* Actors other than CPUs have one alternative. */
static void other_pending(const vtdpi_system_t *sys, actor_kind_t kind, uint32_t i,
                          vtdpi_alt_t *out)
{
    switch (kind) {
    case ACTOR_DRAIN:
        out->op = vtdpi_op_memory(VTDPI_OP_DRAIN, VTDPI_STAGE_wait_drain,
                                  sys->cpus[i].store[0].line, sys->cpus[i].store[0].word);
        out->cpu = (uint16_t)i;
        break;
    case ACTOR_TIMER:
        out->op = vtdpi_op_make(VTDPI_OP_EXPIRE, VTDPI_STAGE_wait_other, 0);
        break;
    case ACTOR_REQUEST:
        vtdpi_sys_request_op(sys, i, &out->op);
        out->wait = VTDPI_STAGE_wait_iommu;
        out->tag = sys->requests[i].phase;
        break;
    case ACTOR_MESSAGE:
        out->op = vtdpi_op_make(VTDPI_OP_ACCEPT, VTDPI_STAGE_message, 0);
        break;
    case ACTOR_SOURCE:
        out->op = vtdpi_op_make(sys->p->sources[i].vmm_thread == VTDPI_NOBODY ? VTDPI_OP_MSI_WRITE
                                                                              : VTDPI_OP_SIGNAL,
                                VTDPI_STAGE_msi, 0);
        break;
    case ACTOR_QUEUE:
        vtdpi_sys_queue_op(sys, i, &out->op);
        out->tag = sys->queue[i].phase;
        break;
    case ACTOR_OUTSIDE:
        out->op = vtdpi_op_make(VTDPI_OP_OUTSIDE, VTDPI_STAGE_wait_other, 0);
        break;
    case ACTOR_EVICT:
        out->op = vtdpi_op_make(VTDPI_OP_EVICT, VTDPI_STAGE_wait_other, 0);
        break;
    case ACTOR_CPU:
    default:
        break;
    }
}

void vtdpi_pending(const vtdpi_system_t *sys, uint32_t actor, uint32_t alt, vtdpi_alt_t *out)
{
    uint32_t i = 0;
    actor_kind_t kind = actor_kind(&sys->actor, actor, &i);
    if (kind == ACTOR_CPU) {
        cpu_pending(sys, i, alt, out);
    } else {
        alt_clear(out);
        other_pending(sys, kind, i, out);
    }
}

uint32_t vtdpi_look(const vtdpi_system_t *sys, uint32_t actor, vtdpi_alt_t *first,
                    const vtdpi_op_t **op)
{
    uint32_t i = 0;
    actor_kind_t kind = actor_kind(&sys->actor, actor, &i);
    if (kind != ACTOR_CPU) {
        uint32_t count = other_enabled(sys, kind, i);
        if (count != 0) {
            alt_clear(first);
            other_pending(sys, kind, i, first);
            *op = &first->op;
        }
        return count;
    }
    sys_event_t ev = {SYS_EVENT_NONE, VTDPI_NEXT_NOTHING};
    bool event = cpu_event(sys, i, &ev);
    const vtdpi_op_t *base = &vtdpi_sys_top(sys, i)->op;
    uint32_t count = cpu_count(sys, i, base, event, &ev);
    if (count != 0) {
        *op = cpu_describe(sys, i, base, event ? &ev : NULL, first);
    }
    return count;
}

static void fire_begin(vtdpi_system_t *sys, uint32_t actor, vtdpi_obs_t *obs)
{
    sys->touched_count = 0;
    sys->sealed_count = 0;
    sys->moved_line = VTDPI_NO_LINE;
    sys->new_id = 0;
    sys->arm = VTDPI_NOBODY;
    sys->obs = obs;
    sys->firing = actor;
    sys->firing_id = 0;
}

void vtdpi_fire(vtdpi_system_t *sys, uint32_t actor, uint32_t alt, vtdpi_obs_t *obs)
{
    uint32_t i = 0;
    actor_kind_t kind = actor_kind(&sys->actor, actor, &i);
    VTDPI_ASSERT(kind == ACTOR_CPU || alt < other_enabled(sys, kind, i));
    fire_begin(sys, actor, obs);
    sys->moved = kind != ACTOR_CPU;
    switch (kind) {
    case ACTOR_CPU:
        cpu_fire(sys, i, alt); /* touches its own */
        sys->obs = NULL;
        return;
    case ACTOR_DRAIN:
        vtdpi_sys_drain(sys, i);
        break;
    case ACTOR_TIMER:
        timer_fire(sys, i);
        break;
    case ACTOR_REQUEST:
        vtdpi_sys_request(sys, i);
        break;
    case ACTOR_MESSAGE:
        vtdpi_sys_message(sys, i);
        break;
    case ACTOR_SOURCE:
        vtdpi_sys_source(sys, i);
        break;
    case ACTOR_QUEUE:
        vtdpi_sys_queue(sys, i);
        break;
    case ACTOR_OUTSIDE:
        vtdpi_sys_outside(sys, i);
        break;
    case ACTOR_EVICT:
    default:
        evict_fire(sys, alt);
        break;
    }
    vtdpi_sys_touch(sys, actor);
    sys->obs = NULL;
}
