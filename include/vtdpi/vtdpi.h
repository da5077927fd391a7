/*
 * Everything at once: vtdpi, the cycle-accurate simulator of Intel VT-d posted interrupts.
 *
 * To run a scenario: scenario_io.h (read or write one), run.h (run it), stats.h and log.h (what
 * came out). To drive the models: build.h (a platform), system.h (its transition system), timed.h
 * (the engine). To use a rule alone: pid.h, msi.h, irte.h, iommu.h, ioapic.h, lapic.h, vapic.h,
 * vmx.h, boundary.h, uintr.h.
 */
#ifndef VTDPI_VTDPI_H
#define VTDPI_VTDPI_H

#include "vtdpi/boundary.h"
#include "vtdpi/build.h"
#include "vtdpi/conform.h"
#include "vtdpi/decode.h"
#include "vtdpi/ioapic.h"
#include "vtdpi/iommu_unit.h"
#include "vtdpi/lapic_access.h"
#include "vtdpi/log.h"
#include "vtdpi/plot.h"
#include "vtdpi/protocol.h"
#include "vtdpi/run.h"
#include "vtdpi/scenario_io.h"
#include "vtdpi/stats.h"
#include "vtdpi/system.h"
#include "vtdpi/timed.h"
#include "vtdpi/uintr_steps.h"

#endif
