/*
 * Inside the remapping unit: its two events (fault, invalidation completion), the status that arms
 * the first, and the check of its registers.
 */
#ifndef VTDPI_IOMMU_EVENT_H
#define VTDPI_IOMMU_EVENT_H

#include "vtdpi/iommu_unit.h"

/** Field F of register S as a mask of that register. */
#define IOMMU_BIT(S, F) (UINT64_C(1) << VTDPI_##S##_##F##_LOW)

/** The sticky status bits of FSTS that are stored; PPF is derived. */
#define IOMMU_FSTS_STORED                                                                          \
    (IOMMU_BIT(FSTS, PFO) | IOMMU_BIT(FSTS, IQE) | IOMMU_BIT(FSTS, ICE) | IOMMU_BIT(FSTS, ITE))

/** Those that stop the invalidation queue while they are set. */
#define IOMMU_FSTS_STOPS_QUEUE (IOMMU_BIT(FSTS, IQE) | IOMMU_BIT(FSTS, ITE))

/** Events, each named by its control register; data, address and upper address follow it in the
 * table. */
typedef enum {
    IOMMU_EVENT_FAULT = VTDPI_REG_FECTL,
    IOMMU_EVENT_INVALIDATION = VTDPI_REG_IECTL,
} iommu_event_t;

VTDPI_STATIC_ASSERT((int)VTDPI_REG_FEUADDR == (int)VTDPI_REG_FECTL + 3, "row order");
VTDPI_STATIC_ASSERT((int)VTDPI_REG_IEUADDR == (int)VTDPI_REG_IECTL + 3, "row order");
VTDPI_STATIC_ASSERT((int)VTDPI_IECTL_IM_LOW == (int)VTDPI_FECTL_IM_LOW, "one layout for both");
VTDPI_STATIC_ASSERT((int)VTDPI_IECTL_IP_LOW == (int)VTDPI_FECTL_IP_LOW, "one layout for both");

/** Whether no register has a bit set that can never be 1 on this unit. FSTS is not looked at. */
bool vtdpi_iommu_regs_check(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg);

/** FSTS.PPF: the OR of all F bits. */
bool vtdpi_iommu_ppf(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg);

/** Whether any condition of the fault event is pending: PPF, PFO, IQE, ICE, ITE. */
bool vtdpi_iommu_status_any(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg);

/** A new condition of [event]: IP := 1, and the message goes unless it is masked. */
vtdpi_iommu_event_t vtdpi_iommu_event_raise(vtdpi_iommu_t *u, iommu_event_t event);

/** Sends what is pending for [event] unless it is masked; IP := 0 with it. */
vtdpi_iommu_event_t vtdpi_iommu_event_flush(vtdpi_iommu_t *u, iommu_event_t event);

/** IP := 0 of [event] without sending. */
void vtdpi_iommu_event_drop(vtdpi_iommu_t *u, iommu_event_t event);

#endif
