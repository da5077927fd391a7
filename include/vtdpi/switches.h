/*
 * Model switches: points on which manuals are silent or implementations disagree.
 */
#ifndef VTDPI_SWITCHES_H
#define VTDPI_SWITCHES_H

#include "vtdpi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

/**
 * Points on which manuals are silent or implementations disagree; platform.switches has what each
 * means. Enumerations count in the order of the names there.
 */
typedef struct {
    uint8_t pid_ndst_check, index_wrap16, svt3_code, dlm_check;
    uint8_t irte_check_order, fault_collapse, pir_order, vid_reads;
    uint8_t ppr_equal, lowest_policy, init_deassert, ipi_illegal_vector;
    uint8_t lvt_illegal_at_write, rirr_on_accept;
} vtdpi_switches_t;

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif
