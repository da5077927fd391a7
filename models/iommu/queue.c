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

/*
 * @rule vtd.queue.width | VT-d | Invalidation Queue Address Register | DW = 0: descriptors of 128
 * bits, DW = 1: of 256 bits.
 */
static uint32_t queue_descriptor_bytes(const vtdpi_iommu_t *u)
{
    bool wide = (u->arch.reg[VTDPI_REG_IQA] & IOMMU_BIT(IQA, DW)) != 0;
    return wide ? QUEUE_WIDE_BYTES : QUEUE_NARROW_BYTES;
}

/* @rule vtd.queue.size | VT-d | Invalidation Queue Address Register | The queue takes 2^QS pages.
 */
static uint32_t queue_bytes(const vtdpi_iommu_t *u)
{
    return (uint32_t)QUEUE_PAGE_BYTES << VTDPI_GET(IQA, QS, &u->arch.reg[VTDPI_REG_IQA]);
}

/*
 * @rule vtd.queue.runs | VT-d | Queued Invalidation Interface | Descriptors are fetched while QIES
 * = 1, IQE = 0, ITE = 0 and the head is not the tail.
 */
static bool queue_runs(const vtdpi_iommu_t *u)
{
    return (u->arch.reg[VTDPI_REG_GSTS] & IOMMU_BIT(GSTS, QIES)) != 0 &&
           (u->arch.reg[VTDPI_REG_FSTS] & IOMMU_FSTS_STOPS_QUEUE) == 0;
}

/** "A tail outside the ring or misaligned gives IQE"; so does a width that the unit has not.
 *
 * @rule vtd.queue.tail-error | VT-d | Invalidation Queue Tail Register | A tail beyond the queue
 * is IQE with IQEI 1, one in the middle of a 256-bit descriptor IQEI 6.
 * @rule vtd.queue.width-error | VT-d | Invalidation Queue Error Record Register | Choice: DW = 1
 * on a unit without 256-bit descriptors is IQEI 5 as soon as the queue runs.
 */
static uint8_t queue_setting_error(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t tail = u->arch.reg[VTDPI_REG_IQT];
    uint32_t bytes = queue_descriptor_bytes(u);
    if (bytes == QUEUE_WIDE_BYTES && !cfg->wide_queue) {
        return VTDPI_IQEI_WIDTH;
    }
    if ((tail & (bytes - 1U)) != 0) {
        return VTDPI_IQEI_TAIL_MISALIGNED;
    }
    return tail >= queue_bytes(u) ? VTDPI_IQEI_TAIL_INVALID : VTDPI_IQEI_NONE;
}

/** Puts the address of the descriptor at the head in [paddr]; false if it lies at or above the host
 * address width.
 *
 * @rule vtd.queue.fetch-error | VT-d | Invalidation Queue Error Record Register | A descriptor
 * that cannot be fetched is IQE with IQEI 2; at or above the host address width none can.
 */
static bool queue_head_address(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, uint64_t head,
                               uint64_t *paddr)
{
    uint64_t base = VTDPI_GET(IQA, IQA, &u->arch.reg[VTDPI_REG_IQA]) << VTDPI_IQA_IQA_LOW;
    *paddr = base + head;
    return *paddr >= base && (*paddr & ~vtdpi_mask(cfg->haw)) == 0;
}

vtdpi_queue_next_t vtdpi_iommu_queue_next(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    vtdpi_queue_next_t next = {.kind = VTDPI_QUEUE_IDLE};
    if (!queue_runs(u)) {
        return next;
    }
    uint64_t head = vtdpi_iommu_peek(u, cfg, VTDPI_REG_IQH);
    next.error = queue_setting_error(u, cfg);
    if (next.error == VTDPI_IQEI_NONE && head == u->arch.reg[VTDPI_REG_IQT]) {
        return next;
    }
    next.bytes = queue_descriptor_bytes(u);
    if (!queue_head_address(u, cfg, head, &next.paddr) && next.error == VTDPI_IQEI_NONE) {
        next.error = VTDPI_IQEI_FETCH;
    }
    next.kind = next.error == VTDPI_IQEI_NONE ? VTDPI_QUEUE_FETCH : VTDPI_QUEUE_ERROR;
    return next;
}

/*
 * @rule vtd.queue.head | VT-d | Queued Invalidation Interface | The head moves past a descriptor
 * once it was fetched and found valid, and wraps at the size of the queue.
 */
void vtdpi_iommu_queue_advance(vtdpi_iommu_t *u)
{
    VTDPI_ASSERT(queue_runs(u));
    uint32_t bytes = queue_descriptor_bytes(u);
    uint64_t head = (u->arch.reg[VTDPI_REG_IQH] & ~(uint64_t)(bytes - 1U)) + bytes;
    u->arch.reg[VTDPI_REG_IQH] = head & (queue_bytes(u) - 1U);
}

/*
 * @rule vtd.queue.error | VT-d | Queued Invalidation Interface | An error sets IQE and IQERCD.IQEI
 * and stops the queue with its head at the descriptor.
 * @rule vtd.queue.error-event | VT-d | Fault Event Control Register | IQE is a condition of the
 * fault event if no status bit was set before.
 */
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

/** The bits above a 128-bit descriptor, all reserved for the types that we know.
 *
 * @rule vtd.queue.wide-reserved | VT-d | Queued Invalidation Interface | The upper 128 bits of a
 * 256-bit invalidation or wait descriptor are reserved.
 */
static uint64_t iqd_upper(const uint64_t *w, bool wide)
{
    return wide ? w[2] | w[3] : 0;
}

/*
 * @rule vtd.queue.iec-layout | VT-d | Interrupt Entry Cache Invalidate Descriptor | Type 4: G in
 * bit 4, IM in 31:27, IIDX in 47:32; all other bits are reserved, IQEI 4.
 * @rule vtd.queue.mhmv | VT-d | Interrupt Entry Cache Invalidate Descriptor | Choice: an index
 * mask above ECAP.MHMV is a reserved field if G = 1.
 */
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

/*
 * @rule vtd.queue.wait-layout | VT-d | Invalidation Wait Descriptor | Type 5: IF 4, SW 5, FN 6, PD
 * 7, status data 63:32, status address 127:66; all other bits are reserved, IQEI 4.
 * @rule vtd.queue.fence | VT-d | Invalidation Wait Descriptor | A wait with neither IF nor SW is
 * legal: a fence. Descriptors are executed one after the other, so FN asks for nothing more.
 * @rule vtd.queue.page-drain | VT-d | Invalidation Wait Descriptor | Choice: PD asks for nothing,
 * as there are no page requests.
 */
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

/*
 * @rule vtd.queue.types | VT-d | Queued Invalidation Interface | The type is bits 3:0 with bits
 * 11:9 above them; one that does not exist is IQEI 3.
 * @rule vtd.queue.dma-types | VT-d | Queued Invalidation Interface | Choice: the types that
 * concern DMA only, 1 to 3, are taken and do nothing; those that need a PASID do not exist.
 */
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

/* "If IWC was already 1 nothing new arises."
 *
 * @rule vtd.queue.wait-event | VT-d | Invalidation Wait Descriptor | A wait with IF sets ICS.IWC
 * and raises the invalidation event, after its status write; IF and SW may be set together.
 * @rule vtd.queue.wait-event-once | VT-d | Invalidation Event Control Register | While IWC is 1 a
 * further wait raises nothing.
 */
vtdpi_iommu_event_t vtdpi_iommu_wait_complete(vtdpi_iommu_t *u, const vtdpi_iqd_t *d)
{
    VTDPI_ASSERT(d->kind == VTDPI_IQD_WAIT);
    if (!d->intr || (u->arch.reg[VTDPI_REG_ICS] & IOMMU_BIT(ICS, IWC)) != 0) {
        return (vtdpi_iommu_event_t){.send = false};
    }
    u->arch.reg[VTDPI_REG_ICS] |= IOMMU_BIT(ICS, IWC);
    return vtdpi_iommu_event_raise(u, IOMMU_EVENT_INVALIDATION);
}
