#include "uintr_rule.h"

/* A row of the table of MSRs. */
typedef struct {
    uint64_t reserved;
    uint32_t number;
    uint32_t canonical;
} uintr_msr_row_t;

static const uintr_msr_row_t UINTR_MSRS[] = {
#define VTDPI_UINTR_MSR(NAME, number, reserved, canonical, doc)                                    \
    {UINT64_C(reserved), (number), (canonical)},
#include "vtdpi/layout/uintr.def"
#undef VTDPI_UINTR_MSR
};

static const uintr_msr_row_t *uintr_msr_find(uint32_t msr)
{
    for (size_t i = 0; i < sizeof(UINTR_MSRS) / sizeof(UINTR_MSRS[0]); i++) {
        if (UINTR_MSRS[i].number == msr) {
            return &UINTR_MSRS[i];
        }
    }
    return NULL;
}

/* @rule sdm.uintr.msr.misc | SDM 3A | User-Interrupt MSRs | IA32_UINTR_MISC holds UITTSZ in bits
 * 31:0 and UINV in bits 39:32. */
static uint64_t uintr_misc(const vtdpi_uintr_t *self)
{
    uint64_t value = 0;
    VTDPI_PUT(UINTR_MISC, UITTSZ, &value, self->uittsz);
    VTDPI_PUT(UINTR_MISC, UINV, &value, self->uinv);
    return value;
}

vtdpi_uintr_access_t vtdpi_uintr_rdmsr(const vtdpi_uintr_t *self, uint32_t msr, uint64_t *value)
{
    switch (msr) {
    case VTDPI_UINTR_MSR_RR:
        *value = self->uirr;
        return VTDPI_UINTR_ACCESS_DONE;
    case VTDPI_UINTR_MSR_HANDLER:
        *value = self->handler;
        return VTDPI_UINTR_ACCESS_DONE;
    case VTDPI_UINTR_MSR_STACKADJUST:
        *value = self->stackadjust;
        return VTDPI_UINTR_ACCESS_DONE;
    case VTDPI_UINTR_MSR_MISC:
        *value = uintr_misc(self);
        return VTDPI_UINTR_ACCESS_DONE;
    case VTDPI_UINTR_MSR_PD:
        *value = self->upid_addr;
        return VTDPI_UINTR_ACCESS_DONE;
    case VTDPI_UINTR_MSR_TT:
        *value = self->tt;
        return VTDPI_UINTR_ACCESS_DONE;
    default:
        return VTDPI_UINTR_ACCESS_OTHER;
    }
}

/* A value without reserved bits goes where it belongs. */
static void uintr_msr_store(vtdpi_uintr_t *self, uint32_t msr, uint64_t value)
{
    switch (msr) {
    case VTDPI_UINTR_MSR_RR:
        self->uirr = value;
        return;
    case VTDPI_UINTR_MSR_HANDLER:
        self->handler = value;
        return;
    case VTDPI_UINTR_MSR_STACKADJUST:
        self->stackadjust = value;
        return;
    case VTDPI_UINTR_MSR_MISC:
        self->uittsz = (uint32_t)VTDPI_GET(UINTR_MISC, UITTSZ, &value);
        self->uinv = (uint8_t)VTDPI_GET(UINTR_MISC, UINV, &value);
        return;
    case VTDPI_UINTR_MSR_PD:
        self->upid_addr = value;
        return;
    default:
        self->tt = value;
        return;
    }
}

/* @rule sdm.uintr.msr.reserved | SDM 3A | User-Interrupt MSRs | WRMSR of a reserved bit is #GP(0):
 * MISC[63:40], PD[5:0], TT[3:1].
 * @rule sdm.uintr.msr.canonical | SDM 3A | User-Interrupt MSRs | WRMSR of HANDLER, STACKADJUST, PD
 * or TT with an address that is not canonical is #GP(0).
 * @rule sdm.uintr.msr.stackadjust | SDM 3A | User-Interrupt MSRs | Choice: bits 2:1 of STACKADJUST
 * may be set; delivery aligns RSP in any case. */
vtdpi_uintr_access_t vtdpi_uintr_wrmsr(vtdpi_uintr_t *self, uint32_t msr, uint64_t value,
                                       unsigned linear_width)
{
    const uintr_msr_row_t *row = uintr_msr_find(msr);
    if (row == NULL) {
        return VTDPI_UINTR_ACCESS_OTHER;
    }
    if ((value & row->reserved) != 0 ||
        (row->canonical != 0 && !uintr_canonical(value, linear_width))) {
        return VTDPI_UINTR_ACCESS_GP;
    }
    uintr_msr_store(self, msr, value);
    return VTDPI_UINTR_ACCESS_DONE;
}
