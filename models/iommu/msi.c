/*
 * Interrupt requests: decoding and building both formats, and what an IOAPIC makes of a redirection
 * entry.
 */
#include "vtdpi/msi.h"

/** Address bits 31:20 of every interrupt request. */
enum { MSI_BASE = 0xFEE, MSI_FORMAT_REMAPPABLE = 1 };

/* handle = address[19:5] | address[2] << 15; index = SHV ? handle + data[15:0] : handle. */
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
 * in bit 2 in both. */
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
