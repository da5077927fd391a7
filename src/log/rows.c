#include "log/rows.h"

#include "vtdpi/log.h"

enum { WORK = 0, WAIT = 1 };

#define ARG(name, type)                                                                            \
    {                                                                                              \
#name, VTDPI_ARG_##type                                                                    \
    }
#define NOARG                                                                                      \
    {                                                                                              \
        NULL, VTDPI_ARG_NONE                                                                       \
    }
const vtdpi_event_row_t vtdpi_event_rows[] = {
#define VTDPI_EVENT(name, source, a0, a1, a2, a3, doc) {#name, #source, {a0, a1, a2, a3}, doc},
#include "vtdpi/events.def"
#undef VTDPI_EVENT
};
#undef ARG
#undef NOARG

const vtdpi_stage_row_t vtdpi_stage_rows[] = {
#define VTDPI_STAGE(name, kind, doc) {#name, (kind) == WAIT, doc},
#include "vtdpi/stages.def"
#undef VTDPI_STAGE
};

/** A number with the name that it stands for. */
typedef struct {
    unsigned number;
    const char *name;
    const char *doc;
} numbered_t;

static const numbered_t exit_rows[] = {
#define VTDPI_VMEXIT(number, NAME, name, kind, doc) {number, #NAME, doc},
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
};

static const numbered_t fault_rows[] = {
#define VTDPI_FAULT_ROW(CODE, NAME, name, qualified, index_logged, doc) {CODE, #name, doc},
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
};

static const numbered_t monitor_rows[] = {
#define VTDPI_MONITOR(name, doc) {VTDPI_MONITOR_##name, #name, doc},
#include "vtdpi/monitor.def"
#undef VTDPI_MONITOR
};

static const numbered_t outside_rows[] = {
    {VTDPI_EVENT_MIGRATE, "migrate", NULL},
    {VTDPI_EVENT_PREEMPT, "preempt", NULL},
    {VTDPI_EVENT_WRITE_MSI, "write_msi", NULL},
    {VTDPI_EVENT_ATTACH, "attach", NULL},
    {VTDPI_EVENT_DETACH, "detach", NULL},
    {VTDPI_EVENT_WAKE, "wake", NULL},
    {VTDPI_EVENT_NMI, "nmi", NULL},
};
VTDPI_STATIC_ASSERT(sizeof outside_rows / sizeof outside_rows[0] == VTDPI_EVENT_COUNT,
                    "each outside event has a name");

static const numbered_t fate_rows[] = {
    {VTDPI_FATE_PENDING, "pending", NULL},     {VTDPI_FATE_DELIVERED, "delivered", NULL},
    {VTDPI_FATE_COALESCED, "coalesced", NULL}, {VTDPI_FATE_BLOCKED, "blocked", NULL},
    {VTDPI_FATE_LOST, "lost", NULL},
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static const numbered_t *row_find(const numbered_t *rows, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].number == number) {
            return &rows[i];
        }
    }
    return NULL;
}

static const char *row_name(const numbered_t *rows, size_t count, unsigned number)
{
    const numbered_t *row = row_find(rows, count, number);
    return row != NULL ? row->name : NULL;
}

const char *vtdpi_event_name(unsigned event)
{
    return event < VTDPI_EV_COUNT ? vtdpi_event_rows[event].name : NULL;
}

const char *vtdpi_event_source(unsigned event)
{
    return event < VTDPI_EV_COUNT ? vtdpi_event_rows[event].source : NULL;
}

const char *vtdpi_event_doc(unsigned event)
{
    return event < VTDPI_EV_COUNT ? vtdpi_event_rows[event].doc : NULL;
}

const char *vtdpi_stage_name(unsigned stage)
{
    return stage < VTDPI_STAGE_COUNT ? vtdpi_stage_rows[stage].name : NULL;
}

const char *vtdpi_log_exit_name(unsigned reason)
{
    return row_name(exit_rows, COUNT(exit_rows), reason);
}

const char *vtdpi_fault_name(unsigned reason)
{
    return row_name(fault_rows, COUNT(fault_rows), reason);
}

const char *vtdpi_monitor_name(unsigned monitor)
{
    return row_name(monitor_rows, COUNT(monitor_rows), monitor);
}

const char *vtdpi_monitor_doc(unsigned monitor)
{
    const numbered_t *row = row_find(monitor_rows, COUNT(monitor_rows), monitor);
    return row != NULL ? row->doc : NULL;
}

const char *vtdpi_fate_name(unsigned fate)
{
    return row_name(fate_rows, COUNT(fate_rows), fate);
}

const char *vtdpi_outside_name(unsigned kind)
{
    return row_name(outside_rows, COUNT(outside_rows), kind);
}

const char *vtdpi_arg_suffix(vtdpi_arg_type_t type)
{
    return type == VTDPI_ARG_PS ? "_ns" : type == VTDPI_ARG_CYC ? "_cyc" : "";
}

const char *vtdpi_arg_type_doc(vtdpi_arg_type_t type)
{
    static const char *const docs[VTDPI_ARG_COUNT] = {
        [VTDPI_ARG_NONE] = "",
        [VTDPI_ARG_DEC] = "number",
        [VTDPI_ARG_HEX] = "hexadecimal",
        [VTDPI_ARG_VECTOR] = "vector, hexadecimal",
        [VTDPI_ARG_CPU] = "host CPU",
        [VTDPI_ARG_VCPU] = "vCPU, as vm/number",
        [VTDPI_ARG_THREAD] = "thread, by name",
        [VTDPI_ARG_IRQ] = "interrupt, as device/number",
        [VTDPI_ARG_EXIT] = "exit reason",
        [VTDPI_ARG_FAULT] = "fault reason",
        [VTDPI_ARG_BOOL] = "true or false",
        [VTDPI_ARG_CONTROL] = "control word of a descriptor: ON, SN, NV, NDST",
        [VTDPI_ARG_PS] = "ns",
        [VTDPI_ARG_LINE] = "memory line, by name",
        [VTDPI_ARG_OUTSIDE] = "kind of outside event",
        [VTDPI_ARG_MONITOR] = "monitor",
        [VTDPI_ARG_CYC] = "cycles",
    };
    return (unsigned)type < VTDPI_ARG_COUNT ? docs[type] : "";
}
