/*
 * The vocabulary of observations: events, stages, monitors, fates. One table each; every writer,
 * page and check derives from it.
 */
#ifndef VTDPI_EVENT_H
#define VTDPI_EVENT_H

#include "vtdpi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Events of the log, one row each in events.def. */
typedef enum {

#define VTDPI_EVENT(name, source, a0, a1, a2, a3, doc) VTDPI_EV_##name,
#include "vtdpi/events.def"
#undef VTDPI_EVENT
    VTDPI_EV_COUNT
} vtdpi_event_kind_id_t;

/** Stages, one row each in stages.def. */
typedef enum {

#define VTDPI_STAGE(name, kind, doc) VTDPI_STAGE_##name,
#include "vtdpi/stages.def"
#undef VTDPI_STAGE
    VTDPI_STAGE_COUNT
} vtdpi_stage_t;

/** Monitors, one row each in monitor.def. */
typedef enum {

#define VTDPI_MONITOR(name, doc) VTDPI_MONITOR_##name,
#include "vtdpi/monitor.def"
#undef VTDPI_MONITOR
    VTDPI_MONITOR_COUNT
} vtdpi_monitor_t;

/** What an argument that names nobody holds (vCPU, CPU, thread, interrupt). */
#define VTDPI_NOBODY UINT32_MAX

/** One record of the log: fixed size, binary. */
typedef struct {
    uint64_t ps;    /**< time, picoseconds */
    uint64_t cyc;   /**< time, cycles of the core domain (last edge at or before ps) */
    uint64_t a[4];  /**< arguments, in the order of events.def */
    uint32_t id;    /**< interrupt that it serves, counted from 1; 0: none */
    uint16_t event; /**< vtdpi_event_kind_id_t */
    uint16_t actor; /**< number of the actor */
    uint16_t cpu;   /**< CPU that it happened on; UINT16_MAX: none */
    uint8_t pad_[6];
} vtdpi_event_t;

/** What became of an interrupt. */
typedef enum {
    VTDPI_FATE_PENDING,   /**< the run ended before its fate was known */
    VTDPI_FATE_DELIVERED, /**< the guest handler's first instruction ran for it */
    VTDPI_FATE_COALESCED, /**< merged into a pending one */
    VTDPI_FATE_BLOCKED,   /**< the remapping unit blocked it */
    VTDPI_FATE_LOST,      /**< nothing can deliver it any more */
} vtdpi_fate_t;

#ifdef __cplusplus
}
#endif

#endif
