/*
 * A small scenario with its records and totals, made by hand, for tests of what comes after a run;
 * and text captured from functions that write to a file.
 */
#ifndef VTDPI_TEST_SPECIMEN_H
#define VTDPI_TEST_SPECIMEN_H

#include "vtdpi/log.h"
#include "vtdpi/profile.h"
#include "vtdpi/run.h"
#include "vtdpi/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h wants the others first */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* clang-format on */

/** Two VMs (a: 2 vCPUs, b: 1), one device with two interrupts and one VMM thread with one. */
typedef struct {
    vtdpi_vm_cfg_t vms[2];
    vtdpi_vcpu_cfg_t vcpus[3];
    vtdpi_device_cfg_t devices[1];
    vtdpi_vmm_cfg_t vmms[1];
    vtdpi_interrupt_cfg_t interrupts[3];
    vtdpi_expect_t expects[8];
    vtdpi_profile_t profile;
    vtdpi_scenario_t scenario;
} vtdpi_specimen_t;

/** Fills [specimen]; no expectation, every figure of the profile measured, 2 GHz. */
void vtdpi_specimen_make(vtdpi_specimen_t *specimen);

/** Adds an expectation; its line is 10 and up. */
void vtdpi_specimen_expect(vtdpi_specimen_t *specimen, const char *name, vtdpi_cmp_t cmp,
                           double value);

/** A delivered interrupt: [latency_ps], all of it in stage msi, written 5 ns after it was intended.
 */
vtdpi_interrupt_record_t vtdpi_specimen_record(uint32_t id, uint64_t latency_ps);

/** A file in memory. */
typedef struct {
    FILE *file;
    char *text;
    size_t length;
} vtdpi_capture_t;

/** Starts a capture. */
void vtdpi_capture_start(vtdpi_capture_t *capture);

/** Ends it; the text is capture->text. */
void vtdpi_capture_end(vtdpi_capture_t *capture);

/** Frees the text. */
void vtdpi_capture_free(vtdpi_capture_t *capture);

#endif
