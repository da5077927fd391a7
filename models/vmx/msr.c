/*
 * MSRs in VMX operation: the bitmap that intercepts them, and the areas that entry and exit switch.
 */
#include "vtdpi/vmx.h"

enum {
    MSR_X2APIC_FIRST = 0x800,
    MSR_X2APIC_LAST = 0x8FF,
    MSR_HIGH_LOW = 13, /* the bitmap's two ranges have 2^13 MSRs each */
    MSR_HIGH_FIRST = 0xC0000000U >> MSR_HIGH_LOW,
    MSR_RANGE_BYTES = 1024,           /* bitmap of one range and direction */
    MSR_WRITES = 2 * MSR_RANGE_BYTES, /* where the bitmaps of writes begin */
    MSR_BYTE_LOW = 3,
    MSR_BIT = 7
};

/* @rule sdm.msr.area | SDM 3A | VM-Exit Controls for MSRs and VM-Entry Controls for MSRs | Choice:
 * the MSR areas may not name 800h to 8FFh; the mask that the manual gives would cover 800h to FFFh.
 */
bool vtdpi_vmx_msr_area_ok(uint32_t msr)
{
    return msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST;
}

/* @rule sdm.msr.bitmap | SDM 3C | MSR-Bitmap Address | Without "use MSR bitmaps" every RDMSR and
 * WRMSR exits; with it those of 0 to 1FFFh and C0000000h to C0001FFFh whose bit is 1, and all
 * others. */
bool vtdpi_vmx_msr_exits(vtdpi_ctls_t set, const uint8_t bitmap[VTDPI_MSR_BITMAP_BYTES],
                         uint32_t msr, bool write)
{
    uint32_t range = msr >> MSR_HIGH_LOW;
    if (!vtdpi_ctl_msr_bitmaps(set) || (range != 0 && range != MSR_HIGH_FIRST)) {
        return true;
    }
    uint32_t index = msr & (uint32_t)vtdpi_mask(MSR_HIGH_LOW);
    uint32_t base =
        (range != 0 ? (uint32_t)MSR_RANGE_BYTES : 0U) + (write ? (uint32_t)MSR_WRITES : 0U);
    uint32_t byte = bitmap[base + (index >> MSR_BYTE_LOW)];
    return (byte >> (index & MSR_BIT) & 1U) != 0;
}
