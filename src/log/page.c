/* The reference page of all events. */
#include "vtdpi/log.h"

#include "log/out.h"
#include "log/rows.h"

static void page_arguments(vtdpi_out_t *out, const vtdpi_event_row_t *row)
{
    for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
        vtdpi_out_printf(out, "%s`%s%s` (%s)", i == 0 ? "" : ", ", row->arguments[i].name,
                         vtdpi_arg_suffix(row->arguments[i].type),
                         vtdpi_arg_type_doc(row->arguments[i].type));
    }
}

vtdpi_err_t vtdpi_events_page_write(FILE *file)
{
    vtdpi_out_t out;
    if (vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_out_text(
        &out,
        "# Events of the log\n\n"
        "Made by `vtdpi doc events` from `include/vtdpi/events.def`.\n\n"
        "Every record carries the time in ps, in ns and in cycles of the core clock, the event, "
        "the actor, the CPU that "
        "it happened on (none: `null` in JSON Lines,\nempty in CSV, `[---]` in text) and the id of "
        "the interrupt that it "
        "serves (0: none; text has `irq#ID` at the end). Then come its own\narguments.\n\n"
        "- JSON Lines: the first line names the format and its version; each other line is one "
        "object, the arguments by "
        "name.\n"
        "- CSV: a comment line with the version, a header line, one column an argument name.\n"
        "- Text: `<task>-<tid> [cpu] flags time: event: text`, as ftrace prints. Events that Linux "
        "has are printed in "
        "Linux's form; the others as\n  `source:event: name=value …`. The models have no "
        "instruction pointer (`rip 0x0`) "
        "and no flags (`.....`).\n\n"
        "| event | source | what happened | arguments |\n| --- | --- | --- | --- |\n");
    for (unsigned e = 0; e < VTDPI_EV_COUNT; e++) {
        const vtdpi_event_row_t *row = &vtdpi_event_rows[e];
        vtdpi_out_printf(&out, "| `%s` | %s | %s | ", row->name, row->source, row->doc);
        page_arguments(&out, row);
        vtdpi_out_text(&out, " |\n");
    }
    vtdpi_out_text(&out, "\n# Monitors\n\n| monitor | what it says |\n| --- | --- |\n");
    for (unsigned m = 0; m < VTDPI_MONITOR_COUNT; m++) {
        vtdpi_out_printf(&out, "| `%s` | %s |\n", vtdpi_monitor_name(m), vtdpi_monitor_doc(m));
    }
    return vtdpi_out_close(&out);
}
