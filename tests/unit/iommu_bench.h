/*
 * A remapping unit with memory and an owner: requests are taken to their end and the queue is run,
 * so that a test sees what leaves the unit and what it wrote.
 */
#ifndef IOMMU_BENCH_H
#define IOMMU_BENCH_H

#include "unit/iommu_fixture.h"

/** Memory begins at the table; the queue, descriptors and status words follow. Nothing else
 * answers. */
enum {
    BENCH_BYTES = 0x8000,
    BENCH_WORDS = BENCH_BYTES / 8,
    BENCH_QUEUE = 0x4000,
    BENCH_PIDS = 0x6000,
    BENCH_STATUS = 0x7000,
    BENCH_EVENTS = 8,
};

/** Ways in which a request can end. */
typedef enum { BENCH_ORDINARY, BENCH_SENT, BENCH_POSTED, BENCH_BLOCKED } bench_end_t;

/** The end of a request. */
typedef struct {
    bench_end_t end;
    bool notified;        /**< POSTED: msg is the notification */
    bool hit;             /**< the entry came from the cache */
    vtdpi_intr_msg_t msg; /**< SENT, or the notification */
    vtdpi_fault_t fault;  /**< BLOCKED */
    vtdpi_record_t record;
} bench_result_t;

/** The bench. */
typedef struct {
    fixture_t x;
    uint64_t ram[BENCH_WORDS];
    unsigned events; /**< the unit's own messages so far */
    vtdpi_intr_msg_t event[BENCH_EVENTS];
} bench_t;

/** Address of a place in memory. */
static inline uint64_t bench_at(uint32_t offset)
{
    return TABLE_BASE + offset;
}

/** The word at [paddr], or NULL where no memory answers. */
static inline uint64_t *bench_word(bench_t *b, uint64_t paddr)
{
    uint64_t offset = paddr - TABLE_BASE;
    return offset < BENCH_BYTES ? &b->ram[offset / 8] : NULL;
}

/** The word at [offset] of memory. */
static inline uint64_t *bench_place(bench_t *b, uint64_t offset)
{
    return &b->ram[offset / 8 % BENCH_WORDS];
}

static inline void bench_entry(bench_t *b, uint32_t index, uint64_t lo, uint64_t hi)
{
    b->ram[2 * index] = lo;
    b->ram[(2 * index) + 1] = hi;
}

/** The line of descriptor [n]. */
static inline uint64_t *bench_pid(bench_t *b, unsigned n)
{
    return bench_place(b, BENCH_PIDS + (n * VTDPI_LINE_BYTES));
}

static inline void bench_event(bench_t *b, vtdpi_iommu_event_t event)
{
    if (event.send) {
        b->event[b->events++ % BENCH_EVENTS] = event.msg;
    }
}

static inline bench_result_t bench_block(bench_t *b, vtdpi_fault_t fault)
{
    vtdpi_record_t record = vtdpi_iommu_record(&b->x.unit, &b->x.cfg, fault);
    bench_event(b, record.event);
    return (bench_result_t){.end = BENCH_BLOCKED, .fault = fault, .record = record};
}

/** Steps 2 to 8 of posting. */
static inline bench_result_t bench_post(bench_t *b, const vtdpi_irte_outcome_t *o)
{
    uint64_t *line = bench_word(b, o->pid_paddr);
    bool fpd = !o->fault.record;
    if (line == NULL) {
        return bench_block(b, vtdpi_iommu_fault(0x27, o->fault.sid, o->fault.index, fpd));
    }
    if (!vtdpi_iommu_check_pid(&b->x.unit, &b->x.cfg, line)) {
        return bench_block(b, vtdpi_iommu_fault(0x28, o->fault.sid, o->fault.index, fpd));
    }
    vtdpi_pid_post_t post = vtdpi_pid_post(line, o->vv, o->urg);
    bench_result_t result = {.end = BENCH_POSTED, .notified = post.notify};
    if (post.notify) {
        result.msg = vtdpi_iommu_notification(&b->x.unit, &post);
    }
    return result;
}

static inline bench_result_t bench_use(bench_t *b, const uint64_t irte[VTDPI_IRTE_WORDS],
                                       uint32_t index, uint16_t rid)
{
    vtdpi_irte_outcome_t o = vtdpi_iommu_check_irte(&b->x.unit, &b->x.cfg, irte, index, rid);
    if (vtdpi_iec_may_cache(&b->x.cfg, o.fault.code)) {
        vtdpi_iec_insert(&b->x.unit, b->x.iec, &b->x.cfg, index, irte);
    }
    if (o.kind == VTDPI_IRTE_BLOCKED) {
        return bench_block(b, o.fault);
    }
    return o.kind == VTDPI_IRTE_POSTED ? bench_post(b, &o)
                                       : (bench_result_t){.end = BENCH_SENT, .msg = o.msg};
}

static inline bench_result_t bench_lookup(bench_t *b, uint32_t index, uint16_t rid)
{
    uint64_t irte[VTDPI_IRTE_WORDS];
    uint64_t paddr = 0;
    bool hit = vtdpi_iec_lookup(b->x.iec, &b->x.cfg, index, irte);
    if (!hit) {
        if (!vtdpi_iommu_irte_address(&b->x.unit, &b->x.cfg, index, &paddr)) {
            return bench_block(b, vtdpi_iommu_fault(0x21, rid, index, false));
        }
        const uint64_t *word = bench_word(b, paddr);
        if (word == NULL) {
            return bench_block(b, vtdpi_iommu_fault(0x23, rid, index, false));
        }
        irte[0] = word[0];
        irte[1] = word[1];
    }
    bench_result_t result = bench_use(b, irte, index, rid);
    result.hit = hit;
    return result;
}

/** Takes a request to its end. */
static inline bench_result_t bench_request(bench_t *b, uint64_t addr, uint32_t data, uint16_t rid)
{
    vtdpi_admit_t a = admit(&b->x, addr, data, rid);
    switch ((vtdpi_admit_kind_t)a.kind) {
    case VTDPI_ADMIT_FORWARD:
        return (bench_result_t){.end = BENCH_SENT, .msg = a.msg};
    case VTDPI_ADMIT_LOOKUP:
        return bench_lookup(b, a.index, rid);
    case VTDPI_ADMIT_BLOCKED:
        return bench_block(b, a.fault);
    case VTDPI_ADMIT_NOT_INTERRUPT:
    default:
        return (bench_result_t){.end = BENCH_ORDINARY};
    }
}

static inline void bench_queue_error(bench_t *b, uint8_t error)
{
    bench_event(b, vtdpi_iommu_queue_error(&b->x.unit, &b->x.cfg, error));
}

static inline void bench_execute(bench_t *b, const vtdpi_iqd_t *d)
{
    if (d->kind == VTDPI_IQD_IEC) {
        vtdpi_iommu_queue_iec(b->x.iec, &b->x.cfg, d);
    } else if (d->kind == VTDPI_IQD_WAIT) {
        uint64_t *word = bench_word(b, d->status_paddr);
        if (d->sw && word != NULL) {
            *word = vtdpi_with_bits(*word, (d->status_paddr & 4U) * 8U, 32, d->status_data);
        }
        bench_event(b, vtdpi_iommu_wait_complete(&b->x.unit, d));
    }
}

/** Takes one step of the queue; false if it has nothing to do. */
static inline bool bench_queue_step(bench_t *b)
{
    vtdpi_queue_next_t n = vtdpi_iommu_queue_next(&b->x.unit, &b->x.cfg);
    if (n.kind == VTDPI_QUEUE_IDLE) {
        return false;
    }
    const uint64_t *from = bench_word(b, n.paddr);
    if (n.kind == VTDPI_QUEUE_ERROR || from == NULL) {
        bench_queue_error(b, n.kind == VTDPI_QUEUE_ERROR ? n.error : (uint8_t)VTDPI_IQEI_FETCH);
        return true;
    }
    uint64_t w[4] = {0};
    memcpy(w, from, n.bytes);
    vtdpi_iqd_t d = vtdpi_iqd_decode(w, n.bytes == sizeof w, b->x.cfg.mhmv);
    if (d.kind == VTDPI_IQD_INVALID) {
        bench_queue_error(b, d.error);
        return true;
    }
    vtdpi_iommu_queue_advance(&b->x.unit);
    bench_execute(b, &d);
    return true;
}

/** Writes a register and does what follows from it: the flush, the queue. */
static inline vtdpi_iommu_write_t bench_write(bench_t *b, uint32_t offset, uint32_t bytes,
                                              uint64_t value)
{
    vtdpi_iommu_write_t w = vtdpi_iommu_write(&b->x.unit, &b->x.cfg, offset, bytes, value);
    bench_event(b, w.event);
    if ((w.effects & VTDPI_EFFECT_IEC_FLUSH) != 0) {
        vtdpi_iec_invalidate_all(b->x.iec, &b->x.cfg);
    }
    while ((w.effects & VTDPI_EFFECT_QUEUE) != 0 && bench_queue_step(b)) {
    }
    return w;
}

/** Appends a 128-bit descriptor and moves the tail. */
static inline void bench_submit(bench_t *b, uint64_t lo, uint64_t hi)
{
    uint64_t tail = peek(&b->x, VTDPI_REG_IQT);
    uint64_t *word = bench_place(b, BENCH_QUEUE + tail);
    word[0] = lo;
    word[1] = hi;
    (void)bench_write(b, vtdpi_reg_offset(VTDPI_REG_IQT), 8, (tail + 16) % 4096);
}

/** A unit that remaps through a table of 2^(s+1) entries, with a queue of one page. */
static inline void bench_open(bench_t *b, vtdpi_iommu_cfg_t cfg, unsigned s, bool eime)
{
    memset(b, 0, sizeof *b);
    b->x = remapping_with(cfg, s, eime);
    poke(&b->x, VTDPI_REG_IQA, bench_at(BENCH_QUEUE));
    command(&b->x, (uint32_t)GCMD_QIE, 0);
}

#endif
