/* The table of interrupts as CSV. */
#include "vtdpi/log.h"

#include "log/names.h"
#include "log/out.h"
#include "log/put.h"
#include "log/rows.h"

#include <stdlib.h>

struct vtdpi_table {
    vtdpi_out_t out;
    vtdpi_names_t names;
};

enum { TABLE_VERSION = 1, LINE_MAX_BYTES = 4096 };

static void table_head(vtdpi_out_t *out)
{
    vtdpi_out_printf(out, "# vtdpi-interrupts csv %d\n", TABLE_VERSION);
    vtdpi_out_text(
        out,
        "id,irq,vcpu,vector,fate,carrier,reason,exits,intended_ns,written_ns,done_ns,latency_ns,"
        "latency_intended_ns,guess_ns,"
        "guest_cyc,root_cyc,exit_cyc");
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        vtdpi_out_printf(out, ",%s_ns", vtdpi_stage_rows[stage].name);
    }
    vtdpi_out_text(out, "\n");
}

vtdpi_err_t vtdpi_table_open(FILE *file, const vtdpi_scenario_t *scenario, vtdpi_table_t **out)
{
    *out = NULL;
    vtdpi_table_t *table = calloc(1, sizeof *table);
    if (table == NULL || vtdpi_out_open(&table->out, file) != VTDPI_OK) {
        free(table);
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_names_init(&table->names, scenario, NULL);
    table_head(&table->out);
    *out = table;
    return VTDPI_OK;
}

/** A comma and [value] thousandths. */
static char *put_ns(char *p, uint64_t ps)
{
    *p++ = ',';
    return vtdpi_put_milli(p, ps);
}

static char *put_number(char *p, uint64_t value)
{
    *p++ = ',';
    return vtdpi_put_u64(p, value);
}

static char *put_fate(char *p, const vtdpi_interrupt_record_t *record)
{
    const char *fate = vtdpi_fate_name(record->fate);
    *p++ = ',';
    p = fate != NULL ? vtdpi_put_text(p, fate) : vtdpi_put_u64(p, record->fate);
    *p++ = ',';
    if (record->fate == VTDPI_FATE_COALESCED) {
        p = vtdpi_put_u64(p, record->carrier);
    }
    *p++ = ',';
    if (record->fate == VTDPI_FATE_BLOCKED) {
        const char *reason = vtdpi_fault_name(record->reason);
        p = reason != NULL ? vtdpi_put_text(p, reason) : vtdpi_put_u64(p, record->reason);
    }
    return put_number(p, record->exits);
}

static char *put_times(char *p, const vtdpi_interrupt_record_t *record)
{
    p = put_ns(p, record->intended_ps);
    p = put_ns(p, record->written_ps);
    if (record->fate == VTDPI_FATE_PENDING) {
        return vtdpi_put_text(p, ",,,");
    }
    p = put_ns(p, record->done_ps);
    if (record->fate != VTDPI_FATE_DELIVERED) {
        return vtdpi_put_text(p, ",,");
    }
    p = put_ns(p, record->done_ps - record->written_ps);
    return put_ns(p, record->done_ps - record->intended_ps);
}

void vtdpi_table_add(void *table, const vtdpi_interrupt_record_t *record)
{
    vtdpi_table_t *self = table;
    char *p = vtdpi_out_reserve(&self->out, LINE_MAX_BYTES);
    p = vtdpi_put_u64(p, record->id);
    *p++ = ',';
    vtdpi_name_t irq = vtdpi_names_get(&self->names, VTDPI_NAME_IRQ, record->interrupt);
    p = vtdpi_put_bytes(p, irq.text, irq.length);
    *p++ = ',';
    if (record->vcpu != VTDPI_NOBODY) {
        vtdpi_name_t vcpu = vtdpi_names_get(&self->names, VTDPI_NAME_VCPU, record->vcpu);
        p = vtdpi_put_bytes(p, vcpu.text, vcpu.length);
    }
    *p++ = ',';
    p = vtdpi_put_hex(p, record->vector, 2);
    p = put_fate(p, record);
    p = put_times(p, record);
    p = put_ns(p, record->guess_ps);
    for (int i = 0; i < 3; i++) {
        p = put_number(p, record->core_cyc[i]);
    }
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        p = put_ns(p, record->stage_ps[stage]);
    }
    *p++ = '\n';
    vtdpi_out_advance(&self->out, p);
}

vtdpi_err_t vtdpi_table_close(vtdpi_table_t *table)
{
    if (table == NULL) {
        return VTDPI_OK;
    }
    vtdpi_err_t err = vtdpi_out_close(&table->out);
    vtdpi_names_free(&table->names);
    free(table);
    return err;
}
