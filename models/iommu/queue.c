/*
 * Invalidation queue: what to fetch, what a descriptor says, how it ends.
 */
#include "iommu_event.h"

/** Geometry of the queue and descriptor types. */
enum {
    QUEUE_PAGE_BYTES = 4096,
    QUEUE_NARROW_BYTES = 16,
    QUEUE_WIDE_BYTES = 32,
    IQD_TYPE_DMA_FIRST = 1,
    IQD_TYPE_DMA_LAST = 3,
    IQD_TYPE_IEC = 4,
    IQD_TYPE_WAIT = 5,
};

static uint32_t queue_descriptor_bytes(const vtdpi_iommu_t *u)
{
    bool wide = (u->arch.reg[VTDPI_REG_IQA] & IOMMU_BIT(IQA, DW)) != 0;
    return wide ? QUEUE_WIDE_BYTES : QUEUE_NARROW_BYTES;
}

static uint32_t queue_bytes(const vtdpi_iommu_t *u)
{
    return (uint32_t)QUEUE_PAGE_BYTES << VTDPI_GET(IQA, QS, &u->arch.reg[VTDPI_REG_IQA]);
}

static bool queue_runs(const vtdpi_iommu_t *u)
{
    uint64_t stop = IOMMU_BIT(FSTS, IQE) | IOMMU_BIT(FSTS, ITE);
    return (u->arch.reg[VTDPI_REG_GSTS] & IOMMU_BIT(GSTS, QIES)) != 0 &&
           (u->arch.reg[VTDPI_REG_FSTS] & stop) == 0;
}

/** "A tail outside the ring or misaligned gives IQE." */
static uint8_t queue_tail_error(const vtdpi_iommu_t *u)
{
    uint64_t tail = u->arch.reg[VTDPI_REG_IQT];
    if ((tail & (queue_descriptor_bytes(u) - 1U)) != 0) {
        return VTDPI_IQEI_TAIL_MISALIGNED;
    }
    return tail >= queue_bytes(u) ? VTDPI_IQEI_TAIL_INVALID : VTDPI_IQEI_NONE;
}

vtdpi_queue_next_t vtdpi_iommu_queue_next(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    vtdpi_queue_next_t next = {.kind = VTDPI_QUEUE_IDLE};
    if (!queue_runs(u)) {
        return next;
    }
    next.error = queue_tail_error(u);
    if (next.error == VTDPI_IQEI_NONE && u->arch.reg[VTDPI_REG_IQH] == u->arch.reg[VTDPI_REG_IQT]) {
        return next;
    }
    next.paddr = (VTDPI_GET(IQA, IQA, &u->arch.reg[VTDPI_REG_IQA]) << VTDPI_IQA_IQA_LOW) +
                 u->arch.reg[VTDPI_REG_IQH];
    if (next.error == VTDPI_IQEI_NONE && (next.paddr & ~vtdpi_mask(cfg->haw)) != 0) {
        next.error = VTDPI_IQEI_FETCH;
    }
    next.kind = next.error == VTDPI_IQEI_NONE ? VTDPI_QUEUE_FETCH : VTDPI_QUEUE_ERROR;
    next.bytes = queue_descriptor_bytes(u);
    return next;
}

void vtdpi_iommu_queue_advance(vtdpi_iommu_t *u)
{
    VTDPI_ASSERT(queue_runs(u));
    uint64_t head = u->arch.reg[VTDPI_REG_IQH] + queue_descriptor_bytes(u);
    u->arch.reg[VTDPI_REG_IQH] = head & (queue_bytes(u) - 1U);
}

vtdpi_iommu_event_t vtdpi_iommu_queue_error(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                            uint8_t error)
{
    VTDPI_ASSERT(error <= VTDPI_IQEI_TABLE_MODE);
    bool is_condition = !vtdpi_iommu_status_any(u, cfg);
    u->arch.reg[VTDPI_REG_FSTS] |= IOMMU_BIT(FSTS, IQE);
    VTDPI_PUT(IQERCD, IQEI, &u->arch.reg[VTDPI_REG_IQERCD], error);
    if (!is_condition) {
        return (vtdpi_iommu_event_t){.send = false};
    }
    return vtdpi_iommu_event_raise(u, IOMMU_EVENT_FAULT);
}

/** The bits above a 128-bit descriptor, all reserved for the types that we know. */
static uint64_t iqd_upper(const uint64_t *w, bool wide)
{
    return wide ? w[2] | w[3] : 0;
}

static vtdpi_iqd_t iqd_iec(const uint64_t *w, uint64_t upper, uint8_t mhmv)
{
    vtdpi_iqd_t d = {
        .kind = VTDPI_IQD_IEC,
        .iidx = (uint32_t)VTDPI_GET(IQD_IEC, IIDX, w),
        .im = (uint8_t)VTDPI_GET(IQD_IEC, IM, w),
        .g = VTDPI_GET(IQD_IEC, G, w) != 0,
    };
    uint64_t reserved = VTDPI_GET(IQD_IEC, RSVD0, w) | VTDPI_GET(IQD_IEC, RSVD1, w) |
                        VTDPI_GET(IQD_IEC, RSVD2, w) | VTDPI_GET(IQD_IEC, RSVD3, w) | upper;
    if (reserved != 0 || (d.g && d.im > mhmv)) {
        return (vtdpi_iqd_t){.kind = VTDPI_IQD_INVALID, .error = VTDPI_IQEI_RESERVED};
    }
    return d;
}

static vtdpi_iqd_t iqd_wait(const uint64_t *w, uint64_t upper)
{
    uint64_t reserved = VTDPI_GET(IQD_WAIT, RSVD0, w) | VTDPI_GET(IQD_WAIT, RSVD1, w) |
                        VTDPI_GET(IQD_WAIT, RSVD2, w) | upper;
    if (reserved != 0) {
        return (vtdpi_iqd_t){.kind = VTDPI_IQD_INVALID, .error = VTDPI_IQEI_RESERVED};
    }
    return (vtdpi_iqd_t){
        .kind = VTDPI_IQD_WAIT,
        .status_paddr = VTDPI_GET(IQD_WAIT, ADDR, w) << VTDPI_IQD_WAIT_ADDR_LOW,
        .status_data = (uint32_t)VTDPI_GET(IQD_WAIT, DATA, w),
        .intr = VTDPI_GET(IQD_WAIT, IF, w) != 0,
        .sw = VTDPI_GET(IQD_WAIT, SW, w) != 0,
        .fn = VTDPI_GET(IQD_WAIT, FN, w) != 0,
    };
}

vtdpi_iqd_t vtdpi_iqd_decode(const uint64_t *w, bool wide, uint8_t mhmv)
{
    uint8_t type =
        (uint8_t)(VTDPI_GET(IQD, TYPE, w) | VTDPI_GET(IQD, TYPE_HIGH, w) << VTDPI_IQD_TYPE_WIDTH);
    vtdpi_iqd_t d = {.kind = VTDPI_IQD_INVALID, .error = VTDPI_IQEI_TYPE};
    if (type == IQD_TYPE_IEC) {
        d = iqd_iec(w, iqd_upper(w, wide), mhmv);
    } else if (type == IQD_TYPE_WAIT) {
        d = iqd_wait(w, iqd_upper(w, wide));
    } else if (type >= IQD_TYPE_DMA_FIRST && type <= IQD_TYPE_DMA_LAST) {
        d = (vtdpi_iqd_t){.kind = VTDPI_IQD_DMA};
    }
    d.type = type;
    return d;
}

void vtdpi_iommu_queue_iec(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg,
                           const vtdpi_iqd_t *d)
{
    VTDPI_ASSERT(d->kind == VTDPI_IQD_IEC);
    if (d->g) {
        vtdpi_iec_invalidate(iec, cfg, d->iidx, d->im);
    } else {
        vtdpi_iec_invalidate_all(iec, cfg);
    }
}

/* "If IWC was already 1 nothing new arises." */
vtdpi_iommu_event_t vtdpi_iommu_wait_complete(vtdpi_iommu_t *u, const vtdpi_iqd_t *d)
{
    VTDPI_ASSERT(d->kind == VTDPI_IQD_WAIT);
    if (!d->intr || (u->arch.reg[VTDPI_REG_ICS] & IOMMU_BIT(ICS, IWC)) != 0) {
        return (vtdpi_iommu_event_t){.send = false};
    }
    u->arch.reg[VTDPI_REG_ICS] |= IOMMU_BIT(ICS, IWC);
    return vtdpi_iommu_event_raise(u, IOMMU_EVENT_INVALIDATION);
}
