/*
 * Shared memory: lines, store buffers, and the operations of CPUs on them.
 *
 * x86-TSO: a store enters the CPU's buffer, a load looks there first, locked operations and fences
 * wait until the buffer is empty, and the oldest entry becomes visible at any later moment. Spec:
 * SDM 3A, "Memory Ordering".
 */
#include "vtdpi/vapic.h"

#include "internal.h"

#include <string.h>

uint64_t vtdpi_sys_read(const vtdpi_system_t *sys, uint32_t line, unsigned word)
{
    VTDPI_ASSERT(line < sys->p->line_count && word < VTDPI_LINE_WORDS);
    return sys->lines[(line * VTDPI_LINE_WORDS) + word];
}

/* CPUs that poll memory look again. */
static void memory_wake_pollers(vtdpi_system_t *sys)
{
    for (uint64_t left = *sys->polling; left != 0; left &= left - 1) {
        vtdpi_sys_touch_cpu(sys, vtdpi_lowest_bit(left));
    }
}

void vtdpi_sys_write(vtdpi_system_t *sys, uint32_t line, unsigned word, uint64_t value)
{
    VTDPI_ASSERT(line < sys->p->line_count && word < VTDPI_LINE_WORDS);
    sys->lines[(line * VTDPI_LINE_WORDS) + word] = value;
    if (*sys->polling != 0) {
        memory_wake_pollers(sys);
    }
}

/* A CPU's change of a word; a descriptor's control word is observed. */
static inline void memory_change(vtdpi_system_t *sys, uint32_t c, uint32_t line, unsigned word,
                                 uint64_t value)
{
    const vtdpi_line_t *fixed = &sys->p->lines[line];
    uint64_t before = vtdpi_sys_read(sys, line, word);
    vtdpi_sys_write(sys, line, word, value);
    if (fixed->kind != VTDPI_LINE_PID || word != VTDPI_PID_CTL_WORD) {
        return;
    }
    if (sys->cpus[c].mode == VTDPI_MODE_NONROOT && (value & VTDPI_PID_ON) == 0) {
        vtdpi_sys_see(sys, VTDPI_EV_on_cleared, c, fixed->owner, value, 0, 0);
    } else if (sys->cpus[c].mode == VTDPI_MODE_NONROOT) {
        vtdpi_sys_see(sys, VTDPI_EV_ipi_on_set, c, fixed->owner, value, 0, 0);
    } else if (before != value) {
        vtdpi_sys_see(sys, VTDPI_EV_pid_changed, c, fixed->owner, before, value, 0);
    }
}

/* @rule sdm.memory.forwarding | SDM 3A | Intra-Processor Forwarding Is Allowed | A load sees its
 * own CPU's earlier store before others can.
 * @rule sdm.memory.store-load | SDM 3A | Loads May Be Reordered with Earlier Stores to Different
 * Locations | A load may take effect before an older store to another location. */
static uint64_t memory_load(const vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    uint64_t value = vtdpi_sys_read(sys, op->line, op->word);
    for (unsigned i = 0; i < cpu->store_count; i++) {
        const vtdpi_store_t *s = &cpu->store[i];
        if (s->line == op->line && s->word == op->word) {
            value = (value & ~s->mask) | (s->value & s->mask);
        }
    }
    return value;
}

static void memory_store(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    VTDPI_ASSERT(cpu->store_count < sys->p->store_buffer);
    vtdpi_store_t *s = &cpu->store[cpu->store_count++];
    memset(s, 0, sizeof(*s));
    s->line = op->line;
    s->word = op->word;
    s->mask = op->kind == VTDPI_OP_UNLOCK ? ~UINT64_C(0) : op->b;
    s->value = op->kind == VTDPI_OP_UNLOCK ? 0 : op->a;
    vtdpi_sys_touch(sys, sys->actor.drain + c);
}

/* @rule sdm.memory.stores-in-order | SDM 3A | Neither Loads Nor Stores Are Reordered with Like
 * Operations | Stores of one CPU become visible in program order. */
void vtdpi_sys_drain(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    VTDPI_ASSERT(cpu->store_count > 0);
    vtdpi_store_t s = cpu->store[0];
    uint64_t value = vtdpi_sys_read(sys, s.line, s.word);
    cpu->store_count--;
    memmove(&cpu->store[0], &cpu->store[1], cpu->store_count * sizeof(vtdpi_store_t));
    memset(&cpu->store[cpu->store_count], 0, sizeof(vtdpi_store_t));
    sys->moved_line = s.line;
    memory_change(sys, c, s.line, s.word, (value & ~s.mask) | (s.value & s.mask));
    vtdpi_sys_touch(sys, sys->actor.drain + c);
    vtdpi_sys_touch_cpu(sys, c);
}

bool vtdpi_sys_memory_enabled(const vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    switch (op->kind) {
    case VTDPI_OP_STORE:
    case VTDPI_OP_UNLOCK:
        return sys->cpus[c].store_count < sys->p->store_buffer;
    case VTDPI_OP_LOCK:
        return vtdpi_sys_read(sys, op->line, op->word) == 0;
    case VTDPI_OP_AWAIT:
        return (memory_load(sys, c, op) & op->b) == op->a;
    default:
        return true;
    }
}

/* A vector is posted by software, perhaps on behalf of a source's interrupt. */
static void memory_posted(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, uint64_t old)
{
    const vtdpi_line_t *fixed = &sys->p->lines[op->line];
    bool pir = fixed->kind == VTDPI_LINE_PID && op->word < VTDPI_VECTOR_WORDS;
    bool soft = fixed->kind == VTDPI_LINE_SOFT && op->word < VTDPI_VECTOR_WORDS;
    if ((!pir && !soft) || op->kind != VTDPI_OP_BTS || op->a == 0) {
        return;
    }
    uint32_t v = fixed->owner;
    uint8_t vector = (uint8_t)((op->word * 64U) + vtdpi_lowest_bit(op->a));
    bool was_set = (old & op->a) != 0;
    uint32_t slot = 0;
    sys->firing_id = 0; /* an IPI of a guest is nobody's interrupt */
    if (sys->p->ghost && (op->flags & VTDPI_OPF_CARRY) != 0) {
        vtdpi_sys_posted_done(sys, c);
        slot = sys->ghost_source[op->arg];
        sys->ghost_source[op->arg] = 0;
        sys->firing_id = vtdpi_sys_id(sys, slot);
    }
    unsigned event = !pir                                      ? VTDPI_EV_kvm_apic_accept_irq
                     : sys->cpus[c].mode == VTDPI_MODE_NONROOT ? VTDPI_EV_ipi_posted
                                                               : VTDPI_EV_kvm_apicv_accept_irq;
    vtdpi_sys_see(sys, event, c, v, vector, was_set, 0);
    if (sys->p->ghost) {
        vtdpi_ghost_vcpu_t *g = &sys->ghost_vcpu[v];
        vtdpi_sys_merge(sys, slot, pir ? &g->pir[vector] : &g->soft[vector], VTDPI_AT_CPU, c,
                        was_set, vector);
        sys->ghost_cpu[c].posted = was_set ? 0 : slot;
        sys->ghost_cpu[c].posted_id = was_set ? 0 : vtdpi_sys_id(sys, slot);
    }
}

/* A word of PIR was taken: what it stands for is on its way to the virtual IRR. */
static void memory_taken(vtdpi_system_t *sys, const vtdpi_op_t *op, uint64_t old)
{
    const vtdpi_line_t *fixed = &sys->p->lines[op->line];
    if (!sys->p->ghost || fixed->kind != VTDPI_LINE_PID || op->word >= VTDPI_VECTOR_WORDS) {
        return;
    }
    vtdpi_ghost_vcpu_t *g = &sys->ghost_vcpu[fixed->owner];
    uint64_t virr = vtdpi_sys_set_word(sys, fixed->owner, VTDPI_VL_VIRR_LOW, op->word);
    for (uint64_t left = old; left != 0; left &= left - 1) {
        unsigned bit = vtdpi_lowest_bit(left);
        unsigned vector = (op->word * 64U) + bit;
        uint32_t slot = g->pir[vector];
        g->pir[vector] = 0;
        vtdpi_sys_merge(sys, slot, &g->virr[vector], VTDPI_AT_VCPU, fixed->owner,
                        ((virr >> bit) & 1U) != 0, (uint8_t)vector);
    }
}

/* A bit of the software IRR moves on to service. */
static void memory_soft_taken(vtdpi_system_t *sys, const vtdpi_op_t *op, uint64_t old)
{
    const vtdpi_line_t *fixed = &sys->p->lines[op->line];
    if (!sys->p->ghost || fixed->kind != VTDPI_LINE_SOFT || op->word >= VTDPI_VECTOR_WORDS) {
        return;
    }
    vtdpi_ghost_vcpu_t *g = &sys->ghost_vcpu[fixed->owner];
    for (uint64_t left = old & op->a; left != 0; left &= left - 1) {
        unsigned vector = (op->word * 64U) + vtdpi_lowest_bit(left);
        g->handler[vector] = g->soft[vector];
        g->soft[vector] = 0;
        vtdpi_sys_place(sys, g->handler[vector], VTDPI_AT_VCPU, fixed->owner);
    }
}

/* @rule sdm.memory.locked | SDM 3A | Bus Locking | A locked read-modify-write is one step:
 * nobody accesses the word in between. */
static inline void memory_locked(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op,
                                 vtdpi_result_t *r)
{
    uint64_t old = vtdpi_sys_read(sys, op->line, op->word);
    uint64_t value;
    r->v[0] = old;
    r->ok = 1;
    if (sys->p->lines[op->line].kind == VTDPI_LINE_PID) {
        sys->pid_locked++;
    }
    switch (op->kind) {
    case VTDPI_OP_BTS:
        value = old | op->a;
        break;
    case VTDPI_OP_BTR:
        value = old & ~op->a;
        break;
    case VTDPI_OP_XCHG:
        value = op->a;
        break;
    case VTDPI_OP_ADD:
        value = old + op->a;
        break;
    case VTDPI_OP_NOTIFY:
        value = old;
        r->ok = vtdpi_vapic_ipi_notify(&value).send;
        break;
    case VTDPI_OP_LOCK:
        value = 1;
        break;
    default:
        VTDPI_ASSERT(op->kind == VTDPI_OP_CAS64);
        r->ok = old == op->a;
        value = r->ok ? op->b : old;
        break;
    }
    if (op->kind != VTDPI_OP_NOTIFY || r->ok != 0) {
        memory_change(sys, c, op->line, op->word, value);
    }
    memory_posted(sys, c, op, old);
    if (op->kind == VTDPI_OP_XCHG) {
        memory_taken(sys, op, old);
    } else if (op->kind == VTDPI_OP_BTR) {
        memory_soft_taken(sys, op, old);
    }
}

static void memory_cas128(vtdpi_system_t *sys, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    VTDPI_ASSERT((op->word & 1U) == 0);
    r->v[0] = vtdpi_sys_read(sys, op->line, op->word);
    r->v[1] = vtdpi_sys_read(sys, op->line, op->word + 1U);
    r->ok = r->v[0] == op->a && r->v[1] == op->b;
    if (r->ok) {
        vtdpi_sys_write(sys, op->line, op->word, op->c);
        vtdpi_sys_write(sys, op->line, op->word + 1U, op->d);
    }
}

/* With ECAP.C = 0 the unit reads what was flushed. */
static void memory_flush(vtdpi_system_t *sys, uint32_t line)
{
    if (sys->p->lines[line].kind == VTDPI_LINE_IRTE) {
        uint32_t i = line - sys->p->irte_line;
        memcpy(&sys->flushed[i * VTDPI_LINE_WORDS], &sys->lines[line * VTDPI_LINE_WORDS],
               VTDPI_LINE_BYTES);
    }
}

bool vtdpi_sys_memory(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    switch (op->kind) {
    case VTDPI_OP_LOAD:
    case VTDPI_OP_AWAIT:
        r->v[0] = memory_load(sys, c, op);
        break;
    case VTDPI_OP_STORE:
    case VTDPI_OP_UNLOCK:
        memory_store(sys, c, op);
        break;
    case VTDPI_OP_BTS:
    case VTDPI_OP_BTR:
    case VTDPI_OP_XCHG:
    case VTDPI_OP_ADD:
    case VTDPI_OP_CAS64:
    case VTDPI_OP_NOTIFY:
    case VTDPI_OP_LOCK:
        memory_locked(sys, c, op, r);
        break;
    case VTDPI_OP_CAS128:
        memory_cas128(sys, op, r);
        break;
    case VTDPI_OP_CLFLUSH:
        memory_flush(sys, op->line);
        break;
    case VTDPI_OP_FENCE:
        break;
    default:
        return false;
    }
    sys->moved_line = op->kind == VTDPI_OP_FENCE ? VTDPI_NO_LINE : op->line;
    return true;
}
