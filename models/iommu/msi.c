/*
 * Interrupt requests: decoding and building both formats, and what an IOAPIC makes of a redirection
 * entry.
 */
#include "vtdpi/msi.h"

/** Address bits 31:20 of every interrupt request. */
enum { MSI_BASE = 0xFEE, MSI_FORMAT_REMAPPABLE = 1 };

/* handle = address[19:5] | address[2] << 15; index = SHV ? handle + data[15:0] : handle.
 *
 * @rule vtd.request.range | VT-d | Interrupt Requests | An interrupt request is a write to
 * FEEx_xxxxh with address bits 63:32 0; any other write is none.
 * @rule vtd.request.handle | VT-d | Interrupt Requests in Remappable Format | Address bits 19:5
 * are handle[14:0], bit 2 is handle[15]; bit 4 says that the format is remappable; bits 1:0 are
 * ignored.
 * @rule vtd.request.index | VT-d | Interrupt Requests in Remappable Format | With SHV = 1 the
 * index is handle + data[15:0], else the handle: one index has four encodings.
 * @rule vtd.request.data | VT-d | Interrupt Requests in Remappable Format | With SHV = 1 data bits
 * 31:16 are reserved, with SHV = 0 all data is ignored.
 */
vtdpi_msi_request_t vtdpi_msi_decode(vtdpi_msi_t msi)
{
    const uint64_t w[2] = {msi.addr, msi.data};
    bool shv = VTDPI_GET(MSI_R, SHV, w) != 0;
    uint64_t handle = VTDPI_GET(MSI_R, HANDLE14_0, w) | VTDPI_GET(MSI_R, HANDLE15, w)
                                                            << VTDPI_MSI_R_HANDLE14_0_WIDTH;
    uint64_t subhandle = shv ? VTDPI_GET(MSI_R, SUBHANDLE, w) : 0;
    return (vtdpi_msi_request_t){
        .index = (uint32_t)(handle + subhandle),
        .handle = (uint16_t)handle,
        .subhandle = (uint16_t)subhandle,
        .is_interrupt = VTDPI_GET(MSI, HIGH, w) == 0 && VTDPI_GET(MSI, BASE, w) == MSI_BASE,
        .remappable = VTDPI_GET(MSI, FORMAT, w) == MSI_FORMAT_REMAPPABLE,
        .shv = shv,
        .reserved_ok = !shv || VTDPI_GET(MSI_R, RSVD, w) == 0,
    };
}

uint64_t vtdpi_msi_address(uint16_t index, bool shv)
{
    uint64_t w[2] = {0, 0};
    VTDPI_PUT(MSI, BASE, w, MSI_BASE);
    VTDPI_PUT(MSI, FORMAT, w, MSI_FORMAT_REMAPPABLE);
    VTDPI_PUT(MSI_R, HANDLE14_0, w, index);
    VTDPI_PUT(MSI_R, HANDLE15, w, index >> VTDPI_MSI_R_HANDLE14_0_WIDTH);
    VTDPI_PUT(MSI_R, SHV, w, shv);
    return w[0];
}

/*
 * @rule vtd.request.compat-fields | VT-d | Interrupt Requests in Intel 64 Compatibility Format |
 * Destination ID in address bits 19:12, RH in 3, DM in 2; TM in data bit 15, level in 14, DLM in
 * 10:8, vector in 7:0.
 * @rule vtd.request.compat-ignored | VT-d | Interrupt Requests in Intel 64 Compatibility Format |
 * Choice: address bits 11:5 and 1:0 and data bits 31:16 and 13:11 are ignored, not checked.
 * @rule vtd.request.compat-level | VT-d | Interrupt Requests in Intel 64 Compatibility Format |
 * Choice: for an edge the level is taken as it stands in data bit 14.
 */
vtdpi_intr_msg_t vtdpi_msi_compat_decode(vtdpi_msi_t msi)
{
    const uint64_t w[2] = {msi.addr, msi.data};
    return (vtdpi_intr_msg_t){
        .dest = (uint32_t)VTDPI_GET(MSI_C, DEST, w),
        .vector = (uint8_t)VTDPI_GET(MSI_C, VECTOR, w),
        .delivery_mode = (uint8_t)VTDPI_GET(MSI_C, DLM, w),
        .dest_mode = (uint8_t)VTDPI_GET(MSI_C, DM, w),
        .trigger_mode = (uint8_t)VTDPI_GET(MSI_C, TM, w),
        .level = (uint8_t)VTDPI_GET(MSI_C, LEVEL, w),
        .rh = (uint8_t)VTDPI_GET(MSI_C, RH, w),
    };
}

vtdpi_msi_t vtdpi_msi_compat_make(vtdpi_intr_msg_t msg)
{
    VTDPI_ASSERT(!msg.wide && msg.dest <= UINT8_MAX);
    uint64_t w[2] = {0, 0};
    VTDPI_PUT(MSI, BASE, w, MSI_BASE);
    VTDPI_PUT(MSI_C, DEST, w, msg.dest);
    VTDPI_PUT(MSI_C, RH, w, msg.rh);
    VTDPI_PUT(MSI_C, DM, w, msg.dest_mode);
    VTDPI_PUT(MSI_C, TM, w, msg.trigger_mode);
    VTDPI_PUT(MSI_C, LEVEL, w, msg.level);
    VTDPI_PUT(MSI_C, DLM, w, msg.delivery_mode);
    VTDPI_PUT(MSI_C, VECTOR, w, msg.vector);
    return (vtdpi_msi_t){.addr = w[0], .data = (uint32_t)w[1]};
}

/*
 * @rule vtd.ioapic.remappable | VT-d | Programming of Interrupt Remapping in IOxAPICs | A
 * redirection entry in remappable form holds index[14:0] in bits 63:49, 1 in bit 48, index[15] in
 * bit 11, 0 in 10:8.
 */
uint64_t vtdpi_msi_rte_make(uint16_t index, bool level, uint8_t vector)
{
    uint64_t w[1] = {0};
    VTDPI_PUT(RTE_R, FORMAT, w, MSI_FORMAT_REMAPPABLE);
    VTDPI_PUT(RTE_R, INDEX14_0, w, index);
    VTDPI_PUT(RTE_R, INDEX15, w, index >> VTDPI_RTE_R_INDEX14_0_WIDTH);
    VTDPI_PUT(RTE, TM, w, level);
    VTDPI_PUT(RTE, VECTOR, w, vector);
    return w[0];
}

/* The IOAPIC does not know the remappable format: RTE[63:48] lands in address bits 19:4 and RTE[11]
 * in bit 2 in both.
 *
 * @rule vtd.ioapic.request | VT-d | Programming of Interrupt Remapping in IOxAPICs | RTE[63:48]
 * lands in address bits 19:4, RTE[11] in bit 2, RTE[10:8] = 001b in bit 3, in either form.
 * @rule vtd.ioapic.level | VT-d | Programming of Interrupt Remapping in IOxAPICs | Choice: an
 * IOAPIC sends assertions only: data bit 14 is 1.
 */
vtdpi_msi_t vtdpi_msi_rte_request(uint64_t rte)
{
    const uint64_t r[1] = {rte};
    uint64_t w[2] = {VTDPI_GET(RTE, ADDR19_4, r) << VTDPI_MSI_FORMAT_LOW, 0};
    VTDPI_PUT(MSI, BASE, w, MSI_BASE);
    VTDPI_PUT(MSI_C, RH, w, VTDPI_GET(RTE, DLM, r) == VTDPI_DLM_LOWEST);
    VTDPI_PUT(MSI_C, DM, w, VTDPI_GET(RTE, DM, r));
    VTDPI_PUT(MSI_C, TM, w, VTDPI_GET(RTE, TM, r));
    VTDPI_PUT(MSI_C, LEVEL, w, 1);
    VTDPI_PUT(MSI_C, DLM, w, VTDPI_GET(RTE, DLM, r));
    VTDPI_PUT(MSI_C, VECTOR, w, VTDPI_GET(RTE, VECTOR, r));
    return (vtdpi_msi_t){.addr = w[0], .data = (uint32_t)w[1]};
}
