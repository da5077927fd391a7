/*
 * The remapping unit's rules alone: table and descriptor are the caller's own memory, and the
 * caller says when each step happens. A device at 00:03.0 writes twice; the unit notifies once.
 *
 *     cc iommu_alone.c $(pkg-config --cflags --libs vtdpi)
 */
#include <stdio.h>
#include <vtdpi/iommu_unit.h>

enum { TABLE = 0x100000, DESCRIPTOR = 0x200000, NIC = 0x18, HANDLE = 1, APIC_ID = 5 };

static uint64_t table[4][VTDPI_IRTE_WORDS];
static uint64_t descriptor[VTDPI_LINE_WORDS];

/* One write of the device. Returns 1 if a notification was sent, 0 if not, -1 if it was blocked. */
static int post(const vtdpi_iommu_t *unit, const vtdpi_iommu_cfg_t *cfg)
{
    vtdpi_msi_t msi = {.addr = vtdpi_msi_address(HANDLE, false)};
    uint64_t paddr = 0;
    vtdpi_admit_t admit = vtdpi_iommu_admit(unit, cfg, msi, NIC);
    if (admit.kind != VTDPI_ADMIT_LOOKUP ||
        !vtdpi_iommu_irte_address(unit, cfg, admit.index, &paddr)) {
        return -1;
    }
    const uint64_t *irte = table[(paddr - TABLE) / VTDPI_IRTE_BYTES];
    vtdpi_irte_outcome_t entry = vtdpi_iommu_check_irte(unit, cfg, irte, admit.index, NIC);
    if (entry.kind != VTDPI_IRTE_POSTED || entry.pid_paddr != DESCRIPTOR ||
        !vtdpi_iommu_check_pid(unit, cfg, descriptor)) {
        return -1;
    }
    vtdpi_pid_post_t posted = vtdpi_pid_post(descriptor, entry.vv, entry.urg);
    printf("index %u: vector %02xh posted, PIR bit %s\n", (unsigned)admit.index, (unsigned)entry.vv,
           posted.pir_was_set ? "was set" : "set");
    if (posted.notify) {
        vtdpi_intr_msg_t msg = vtdpi_iommu_notification(unit, &posted);
        printf("notification: vector %02xh to APIC %u\n", (unsigned)msg.vector, (unsigned)msg.dest);
    }
    return posted.notify ? 1 : 0;
}

int main(void)
{
    const vtdpi_irte_posted_t f = {
        .pid_paddr = DESCRIPTOR, .sid = NIC, .vv = 0x41, .svt = VTDPI_SVT_SID, .p = true};
    const vtdpi_pid_ctl_t ctl = {.nv = 0xF2, .ndst = vtdpi_pid_ndst_encode(APIC_ID, true)};
    vtdpi_irte_posted_make(&f, table[HANDLE]);
    descriptor[VTDPI_PID_CTL_WORD] = vtdpi_pid_ctl_make(ctl);
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    vtdpi_iommu_t unit;
    vtdpi_iommu_init(&unit, &cfg);
    uint64_t irta = TABLE | 1U << 11 | 1U; /* EIME, 4 entries */
    vtdpi_iommu_write(&unit, &cfg, vtdpi_reg_offset(VTDPI_REG_IRTA), 8, irta);
    vtdpi_iommu_write(&unit, &cfg, vtdpi_reg_offset(VTDPI_REG_GCMD), 4, 1U << 24); /* SIRTP */
    vtdpi_iommu_write(&unit, &cfg, vtdpi_reg_offset(VTDPI_REG_GCMD), 4, 1U << 25); /* IRE */
    bool ok = post(&unit, &cfg) == 1 && post(&unit, &cfg) == 0; /* second: ON was set */
    return ok ? 0 : 1;
}
