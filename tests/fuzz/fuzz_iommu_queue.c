/*
 * Any descriptors in an invalidation queue of any width and size: the queue ends at its tail or
 * stops at a descriptor with a code, after no more steps than it has places, and touches nothing
 * but status words.
 */
#include "unit/iommu_bench.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 4, STEPS_MAX = 1024 };

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/** The part of memory that waits may write: all status words lie in RAM or nowhere. */
static bool is_wait(const uint64_t *w)
{
    return (w[0] & 0xE0F) == 5 && (w[0] & 0x20) != 0;
}

/** One step, and what it may have changed. */
static bool step_once(bench_t *b)
{
    bench_t was = *b;
    vtdpi_queue_next_t n = vtdpi_iommu_queue_next(&b->x.unit, &b->x.cfg);
    uint64_t head = peek(&b->x, VTDPI_REG_IQH);
    const uint64_t *w = bench_word(&was, n.paddr);
    bool more = bench_queue_step(b);
    bool stopped = (peek(&b->x, VTDPI_REG_FSTS) & 0x10) != 0;
    uint64_t error = peek(&b->x, VTDPI_REG_IQERCD);
    require(vtdpi_iommu_check(&b->x.unit, &b->x.cfg));
    require(more == (n.kind != VTDPI_QUEUE_IDLE));
    if (stopped) {
        require(peek(&b->x, VTDPI_REG_IQH) == head && error >= 1 && error <= 6);
        require(memcmp(b->ram, was.ram, sizeof was.ram) == 0);
    } else if (more) {
        require(w != NULL && peek(&b->x, VTDPI_REG_IQH) != head);
        require(is_wait(w) || memcmp(b->ram, was.ram, sizeof was.ram) == 0);
    }
    return more && !stopped;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bench_t b;
    if (size < HEADER) {
        return 0;
    }
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.mhmv = data[0] & 15U;
    cfg.wide_queue = (data[0] & 16) != 0;
    cfg.iec_entries = 4;
    bench_open(&b, cfg, 7, true);
    size_t bytes = size - HEADER < 0x2000 ? size - HEADER : 0x2000;
    memcpy(bench_place(&b, BENCH_QUEUE), data + HEADER, bytes);
    for (uint32_t i = 0; i < 8; i++) {
        vtdpi_iec_insert(&b.x.unit, b.x.iec, &b.x.cfg, i << data[0] % 12U, b.ram);
    }
    poke(&b.x, VTDPI_REG_IQA,
         bench_at(BENCH_QUEUE) | (data[1] & 1U) | ((data[1] & 2U) != 0 ? 0x800U : 0U));
    poke(&b.x, VTDPI_REG_FECTL, 0);
    poke(&b.x, VTDPI_REG_IECTL, 0);
    poke(&b.x, VTDPI_REG_IQT, (uint64_t)(data[2] | data[3] << 8U) << 4U);
    unsigned steps = 0;
    while (step_once(&b)) {
        require(++steps <= STEPS_MAX);
    }
    return 0;
}
