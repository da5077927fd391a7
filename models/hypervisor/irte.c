/*
 * The remapping unit's driver: a complete entry from the host's record, exchanged as a whole,
 * flushed, invalidated, waited for.
 *
 * hypervisors.md 10, B12: the entry is never seen half old, half new, and the cache no longer holds
 * the old one when the update returns.
 */
#include "vtdpi/irte.h"

#include "internal.h"

/* Queue descriptors as the driver writes them: types, value of the status word, register offset of
 * IQT. */
enum {
    DRIVER_IQD_IEC = 4,
    DRIVER_IQD_WAIT = 5,
    DRIVER_DONE = 1,
    DRIVER_REG_IQT = 0x88,
    DRIVER_IQD_SHIFT = 4,
    DRIVER_PER_LINE = 4,
    DRIVER_ROUTE_ATTACHED = 40,
};

typedef struct {
    uint64_t w[VTDPI_IRTE_WORDS];
} driver_words_t;

static bool driver_posts(const vtdpi_ctx_t *x, uint64_t s)
{
    const vtdpi_source_t *now = &x->sources[s];
    return x->p->protocol->posting && now->attached && now->vcpu != VTDPI_NOBODY;
}

/* The whole entry of source [s], in one of the two formats, never a mixture. */
static driver_words_t driver_entry(const vtdpi_ctx_t *x, uint64_t s)
{
    const vtdpi_source_fixed_t *fixed = &x->p->sources[s];
    const vtdpi_source_t *now = &x->sources[s];
    driver_words_t e = {{0, 0}};
    if (driver_posts(x, s)) {
        vtdpi_irte_posted_t posted = {.pid_paddr = x->p->lines[hv_pid(x, now->vcpu)].paddr,
                                      .sid = fixed->requester,
                                      .vv = now->vector,
                                      .svt = VTDPI_SVT_SID,
                                      .p = true,
                                      .urg = fixed->urgent != 0};
        vtdpi_irte_posted_make(&posted, e.w);
        return e;
    }
    vtdpi_irte_remapped_t remapped = {.dst = now->host_cpu,
                                      .sid = fixed->requester,
                                      .v = now->host_vector,
                                      .svt = VTDPI_SVT_SID,
                                      .p = now->host_vector != 0,
                                      .rh = true};
    vtdpi_irte_remapped_make(&remapped, x->p->x2apic, e.w);
    return e;
}

/* Words of the driver of source [s]'s unit. */
static uint32_t driver_line(const vtdpi_ctx_t *x, uint64_t s)
{
    return x->p->driver_line + (uint32_t)x->p->sources[s].unit;
}

static uint32_t driver_irte_line(const vtdpi_ctx_t *x, uint64_t s)
{
    VTDPI_ASSERT(x->p->sources[s].irte < x->p->irte_count);
    return x->p->irte_line + (x->p->sources[s].unit * vtdpi_irte_lines(x->p)) +
           (x->p->sources[s].irte / DRIVER_PER_LINE);
}

static unsigned driver_irte_word(const vtdpi_ctx_t *x, uint64_t s)
{
    return (x->p->sources[s].irte % DRIVER_PER_LINE) * VTDPI_IRTE_WORDS;
}

static vtdpi_op_t driver_exchange(const vtdpi_ctx_t *x, uint64_t s, uint64_t low, uint64_t high)
{
    driver_words_t e = driver_entry(x, s);
    vtdpi_op_t op = hv_mem(VTDPI_OP_CAS128, VTDPI_STAGE_irte_update, driver_irte_line(x, s),
                           driver_irte_word(x, s), low, high);
    op.c = e.w[0];
    op.d = e.w[1];
    return op;
}

static vtdpi_op_t driver_flush(const vtdpi_ctx_t *x, uint64_t s)
{
    const vtdpi_source_t *now = &x->sources[s];
    vtdpi_op_t op =
        vtdpi_op_memory(VTDPI_OP_CLFLUSH, VTDPI_STAGE_irte_update, driver_irte_line(x, s), 0);
    op.b = driver_posts(x, s);
    return hv_seen(op, VTDPI_EV_kvm_pi_irte_update, (uint32_t)s, now->vcpu, now->vector);
}

/* Word [half] of the invalidation of one index. */
static uint64_t driver_iec(const vtdpi_ctx_t *x, uint64_t s, unsigned half)
{
    uint64_t w[2] = {0, 0};
    VTDPI_PUT(IQD, TYPE, w, DRIVER_IQD_IEC);
    VTDPI_PUT(IQD_IEC, G, w, 1);
    VTDPI_PUT(IQD_IEC, IIDX, w, x->p->sources[s].irte);
    return w[half];
}

/* Word [half] of the wait that writes this CPU's status word. */
static uint64_t driver_wait(const vtdpi_ctx_t *x, unsigned half)
{
    uint64_t status = x->p->lines[hv_cpu_line(x, x->cpu)].paddr + (VTDPI_CW_STATUS * 8U);
    uint64_t w[2] = {0, 0};
    VTDPI_PUT(IQD, TYPE, w, DRIVER_IQD_WAIT);
    VTDPI_PUT(IQD_WAIT, SW, w, 1);
    VTDPI_PUT(IQD_WAIT, DATA, w, DRIVER_DONE);
    VTDPI_PUT(IQD_WAIT, ADDR, w, status >> VTDPI_IQD_WAIT_ADDR_LOW);
    return w[half];
}

/* Stores word [half] of descriptor [slot] of the queue for source [s]. */
static vtdpi_op_t driver_queue(const vtdpi_ctx_t *x, uint64_t s, uint64_t slot, unsigned half,
                               uint64_t value)
{
    uint32_t line = x->p->queue_line + (x->p->sources[s].unit * vtdpi_queue_lines(x->p)) +
                    (uint32_t)(slot / DRIVER_PER_LINE);
    return hv_store(VTDPI_STAGE_irte_update, line, (unsigned)(slot % DRIVER_PER_LINE) * 2 + half,
                    value, ~UINT64_C(0));
}

/* IQT := descriptor [slot]. */
static vtdpi_op_t driver_tail(const vtdpi_ctx_t *x, uint64_t s, uint64_t slot)
{
    vtdpi_op_t op =
        vtdpi_op_make(VTDPI_OP_MMIO_WRITE, VTDPI_STAGE_irte_update, VTDPI_T_mmio_access);
    op.a = DRIVER_REG_IQT;
    op.b = slot << DRIVER_IQD_SHIFT;
    op.c = x->p->sources[s].unit;
    return op;
}

static uint64_t driver_next(const vtdpi_ctx_t *x, uint64_t slot)
{
    return (slot + 1) % x->p->queue_count;
}

/* Invalidates the entry of source x[0] and waits; the driver's lock is held. x[1]: slot of the
 * ring. */
vtdpi_op_t vtdpi_fn_irte_flush(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    uint32_t mine = hv_cpu_line(x, x->cpu);
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, driver_line(x, f->x[0]), VTDPI_RW_TAIL));
    f->x[1] = r.v[0];
    VTDPI_YIELD(f, hv_store(VTDPI_STAGE_irte_update, mine, VTDPI_CW_STATUS, 0, ~UINT64_C(0)));
    VTDPI_YIELD(f, driver_queue(x, f->x[0], f->x[1], 0, driver_iec(x, f->x[0], 0)));
    VTDPI_YIELD(f, driver_queue(x, f->x[0], f->x[1], 1, driver_iec(x, f->x[0], 1)));
    f->x[1] = driver_next(x, f->x[1]);
    VTDPI_YIELD(f, driver_queue(x, f->x[0], f->x[1], 0, driver_wait(x, 0)));
    VTDPI_YIELD(f, driver_queue(x, f->x[0], f->x[1], 1, driver_wait(x, 1)));
    f->x[1] = driver_next(x, f->x[1]);
    VTDPI_YIELD(f, hv_store(VTDPI_STAGE_irte_update, driver_line(x, f->x[0]), VTDPI_RW_TAIL,
                            f->x[1], ~UINT64_C(0)));
    VTDPI_YIELD(f, driver_tail(x, f->x[0], f->x[1]));
    VTDPI_YIELD(f, hv_mem(VTDPI_OP_AWAIT, VTDPI_STAGE_irte_update, mine, VTDPI_CW_STATUS,
                          DRIVER_DONE, UINT32_MAX));
    VTDPI_END(f, 0);
}

/* The switches have the same bits in every protocol that posts. */
#define DRIVER_VARIANT(name) (VTDPI_VARIANT_kvm_##name)
VTDPI_STATIC_ASSERT(
    (int)VTDPI_VARIANT_kvm_irte_in_halves == (int)VTDPI_VARIANT_xen_irte_in_halves &&
        (int)VTDPI_VARIANT_kvm_irte_in_halves == (int)VTDPI_VARIANT_kvm_5_17_irte_in_halves &&
        (int)VTDPI_VARIANT_kvm_no_iec_invalidation == (int)VTDPI_VARIANT_xen_no_iec_invalidation &&
        (int)VTDPI_VARIANT_kvm_no_iec_invalidation ==
            (int)VTDPI_VARIANT_kvm_5_17_no_iec_invalidation,
    "one driver for all");

static bool driver_variant(const vtdpi_ctx_t *x, int bit)
{
    return x->p->protocol->posting && hv_variant(x, bit);
}

/* Half [half] of the entry, alone. */
static vtdpi_op_t driver_half(const vtdpi_ctx_t *x, uint64_t s, unsigned half)
{
    return hv_store(VTDPI_STAGE_irte_update, driver_irte_line(x, s), driver_irte_word(x, s) + half,
                    driver_entry(x, s).w[half], ~UINT64_C(0));
}

/* x[1]: interrupts were on; x[2], x[3]: the entry as it was read. */
vtdpi_op_t vtdpi_fn_irte_write(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    f->x[1] = x->me->host_if;
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_CLI, VTDPI_STAGE_irte_update, 0, 0));
    }
    VTDPI_YIELD(f, vtdpi_op_lump(VTDPI_LUMP_irte_update, VTDPI_STAGE_irte_update));
    VTDPI_YIELD(f, hv_lock(VTDPI_STAGE_irte_update, driver_line(x, f->x[0]), VTDPI_RW_LOCK));
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, driver_irte_line(x, f->x[0]),
                           driver_irte_word(x, f->x[0])));
    f->x[2] = r.v[0];
    VTDPI_YIELD(f, hv_load(VTDPI_STAGE_irte_update, driver_irte_line(x, f->x[0]),
                           driver_irte_word(x, f->x[0]) + 1));
    f->x[3] = r.v[0];
    if (driver_variant(x, DRIVER_VARIANT(irte_in_halves))) {
        VTDPI_YIELD(f, driver_half(x, f->x[0], 0));
        VTDPI_YIELD(f, driver_half(x, f->x[0], 1));
    }
    while (!driver_variant(x, DRIVER_VARIANT(irte_in_halves))) { /* cas128 IRTE */
        VTDPI_YIELD(f, driver_exchange(x, f->x[0], f->x[2], f->x[3]));
        f->x[2] = r.v[0];
        f->x[3] = r.v[1];
        if (r.ok) {
            break;
        }
    }
    /* flush line; IEC; unlock */
    VTDPI_YIELD(f, driver_flush(x, f->x[0]));
    if (x->p->queue_count != 0 && !driver_variant(x, DRIVER_VARIANT(no_iec_invalidation))) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irte_flush, f->x[0], 0, 0));
    }
    VTDPI_YIELD(f, hv_unlock(VTDPI_STAGE_irte_update, driver_line(x, f->x[0]), VTDPI_RW_LOCK));
    if (f->x[1] != 0) {
        VTDPI_YIELD(f, hv_op(VTDPI_OP_STI, VTDPI_STAGE_irte_update, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* Operand b of ROUTE: vCPU, guest vector, bound or not. */
static uint64_t driver_route(uint64_t vcpu, uint64_t vector, bool attached)
{
    return (vcpu & UINT32_MAX) | ((vector & 0xFFU) << 32) |
           ((uint64_t)attached << DRIVER_ROUTE_ATTACHED);
}

static vtdpi_op_t driver_set_route(uint64_t s, uint64_t b, uint64_t cpu)
{
    vtdpi_op_t op = hv_op(VTDPI_OP_ROUTE, VTDPI_STAGE_irte_update, s, b);
    op.c = cpu;
    return op;
}

/*
 * The guest writes address and data of an MSI: the route changes; a posted entry follows it. In
 * remapped format the entry names the host's vector and stays (hypervisors, section 7). An
 * identical route is nothing to do.
 */
vtdpi_op_t vtdpi_fn_msi_write(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    const vtdpi_source_t *now = &x->sources[f->x[0]];
    (void)r;
    VTDPI_BEGIN(f);
    if (now->vcpu == f->x[1] && now->vector == f->x[2]) {
        return vtdpi_op_return(0);
    }
    VTDPI_YIELD(f, driver_set_route(f->x[0], driver_route(f->x[1], f->x[2], now->attached != 0),
                                    VTDPI_NOBODY));
    if (driver_posts(x, f->x[0])) {
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irte_write, f->x[0], 0, 0));
    }
    VTDPI_END(f, 0);
}

/* The source is bound to its vCPU, x[1] = 1, or goes back to the host, 0. */
vtdpi_op_t vtdpi_fn_bind(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    const vtdpi_source_t *now = &x->sources[f->x[0]];
    (void)r;
    VTDPI_BEGIN(f);
    if ((now->attached != 0) == (f->x[1] != 0) || now->vcpu == VTDPI_NOBODY) {
        return vtdpi_op_return(0);
    }
    if (f->x[1] != 0) { /* KVM 5, Xen 3: the VM's side first, then the entry */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_attach, now->vcpu, 0, 0));
    }
    VTDPI_YIELD(
        f, driver_set_route(f->x[0], driver_route(now->vcpu, now->vector, f->x[1] != 0),
                            now->host_vector == 0 && f->x[1] == 0 ? now->host_cpu : VTDPI_NOBODY));
    VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irte_write, f->x[0], 0, 0));
    if (f->x[1] == 0) { /* the producer is gone before the VM forgets it */
        VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_hook_detach, now->vcpu, 0, 0));
    }
    VTDPI_END(f, 0);
}

/* Next source after x[1] - 1 whose host vector is not on this CPU although its vCPU x[0] is. */
static uint64_t driver_straggler(const vtdpi_ctx_t *x, const vtdpi_frame_t *f)
{
    for (uint64_t s = f->x[1]; s < x->p->source_count; s++) {
        const vtdpi_source_t *now = &x->sources[s];
        bool device = x->p->sources[s].vmm_thread == VTDPI_NOBODY;
        if (device && now->attached && now->vcpu == f->x[0] && now->host_cpu != x->cpu) {
            return s;
        }
    }
    return VTDPI_NOBODY;
}

/* x[1]: where the search goes on; x[2]: the source found. Where no vector is left the interrupt
 * stays where it is. */
vtdpi_op_t vtdpi_fn_irqs_follow(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    for (;;) {
        f->x[2] = driver_straggler(x, f);
        if (f->x[2] == VTDPI_NOBODY) {
            return vtdpi_op_return(0);
        }
        f->x[1] = f->x[2] + 1;
        VTDPI_YIELD(f, driver_set_route(
                           f->x[2],
                           driver_route(x->sources[f->x[2]].vcpu, x->sources[f->x[2]].vector, true),
                           x->cpu));
        if (r.v[0] != 0) {
            VTDPI_YIELD(f, vtdpi_op_call(VTDPI_FN_irte_write, f->x[2], 0, 0));
        }
    }
    VTDPI_END(f, 0);
}
